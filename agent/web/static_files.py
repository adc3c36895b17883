"""What every page loads: style, script and sign, under addresses that change with them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.web.rendering import assets

KEPT = "public, max-age=31536000, immutable"


def routes() -> list[Route]:
    """Where they are found."""
    return [
        Route("/static/{digest}/{name}", _static, methods=["GET"]),
        Route("/favicon.ico", _mark, methods=["GET"]),
    ]


async def _static(request: Request) -> Response:
    asset = assets().get(request.path_params["name"])
    if asset is None or asset.digest != request.path_params["digest"]:
        return Response("no such file\n", 404, media_type="text/plain")
    return Response(asset.content, 200, {"Cache-Control": KEPT}, asset.type)


async def _mark(request: Request) -> Response:
    """What a browser asks for where a page, as a report, names no sign of its own."""
    return Response(assets()["mark.svg"].content, 200, None, assets()["mark.svg"].type)
