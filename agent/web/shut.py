"""What browsers see while the gate waits for a journal that cannot be written: that badges are
refused, why, and what to do. Nobody can log in and nothing can be asked, for there is no state yet.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent import __version__
from agent.config import Config
from agent.journal import fault
from agent.web import static_files
from agent.web.guard import Guard
from agent.web.rendering import Renderer, language_of

AGAIN_S = 10
"""After so long a browser asks again by itself."""

MENDS = {
    fault.SPACE: "space",
    fault.READ_ONLY: "read-only",
    fault.FAILING: "failing",
    fault.BLOCKED: "blocked",
    fault.BUSY: "busy",
    fault.WORN: "worn",
}
"""What to do, as the gate says it, and the text of the page for it."""
Why = Callable[[], tuple[str, str]]
"""What is wrong, and what to do."""


def shut_app(config: Config, why: Why) -> ASGIApp:
    """The same page under every address, and the health that says so."""
    renderer = Renderer(
        config.zone,
        site=config.site.name,
        gate=config.gate.name,
        version=__version__,
        training=config.gate.training,
        opens=False,
        operates=False,
    )

    async def page(request: Request) -> Response:
        language = language_of(request, config.gate.languages[0])
        cause, mend = why()
        known = MENDS.get(mend, "")
        standing = {"place": "", "token": "", "said": None, "kept": "", "tone": "acts"}
        html = renderer.render(
            "shut.html", language, cause=cause, mend=mend, known=known, **standing
        )
        again = f"{AGAIN_S}; url=/?lang={language}"
        return HTMLResponse(html, 503, {"Refresh": again, "Vary": "Cookie, Accept-Language"})

    async def stream(request: Request) -> Response:
        """Has a page that was open before ask anew, and so come here."""
        return Response("event: changed\ndata: {}\n\n", media_type="text/event-stream")

    async def health(request: Request) -> Response:
        body = {"well": False, "loop": "waits", "journal_written": False}
        return JSONResponse(body, 503)

    return Guard(
        Starlette(
            routes=[
                Route("/live", stream, methods=["GET"]),
                Route("/healthz", health, methods=["GET"]),
                *static_files.routes(),
                Route("/{path:path}", page, methods=["GET", "POST"]),
            ]
        ),
        config.page.names,
    )
