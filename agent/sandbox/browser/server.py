"""Serves the page of the virtual site on loopback: what is seen goes out live, deeds come in.

    GET /            the page, and its files under /static
    GET /live        server-sent events: `view` when something changed, `pin` at each lamp change
    GET /view        what is to be seen now, as JSON
    GET /paper/N     the Nth piece of paper, as PNG; /paper/N/text its letters
    POST /do         a deed, as JSON: {"deed": "hold", "who": "0"}

Nobody logs in, since all of it is made up; so only this machine may ask (the Host must be
loopback), and only the page itself may do (the Origin must be its own).
"""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from agent.core.signals import SIGNALS
from agent.sandbox.browser.gate_config import ACCESS
from agent.sandbox.browser.lamp_reading import LAMP_OF_PIN
from agent.sandbox.browser.place import TrainingSite
from agent.sandbox.browser.stories import STORIES, Guide
from agent.sandbox.browser.view import Eyes, Seen
from agent.sandbox.browser.wires import Part
from agent.sandbox.site import CODE
from drivers.emulators.pin_board import PinChange

log = logging.getLogger(__name__)

LOOK_S = 0.25
"""How often the site is looked at while somebody watches."""
QUIET_S = 15.0
"""After so long without news a line is sent all the same, so that a dead peer is noticed."""
MOST_BEHIND = 500
"""Events that a browser may be behind before it is cut off; it connects again by itself."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Do(msgspec.Struct, forbid_unknown_fields=True):
    """A deed as the page sends it."""

    deed: str
    who: str = ""
    keys: str = ""
    part: str = ""
    out: bool = False
    to: str = ""
    name: str = ""


class SitePage:
    """The page of one site. `agent_page`: the address of the agent's own page, empty without."""

    def __init__(self, site: TrainingSite, agent_page: str = "") -> None:
        self._site = site
        self._agent_page = agent_page
        self._eyes = Eyes(site)
        self._guide = Guide()
        self._watchers: set[asyncio.Queue[str]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        self._closing = False
        self._last = ""
        self._pieces: dict[tuple[int, int], bytes] = {}
        site.lamps.listeners.append(self._pin)
        self.app = self._made()

    def _made(self) -> Starlette:
        static = resources.files("agent.sandbox.browser") / "static"
        self._index = str(static / "index.html")
        routes = [
            Route("/", self._page),
            Route("/live", self._live),
            Route("/view", self._view),
            Route("/paper/{piece:int}", self._paper),
            Route("/paper/{piece:int}/text", self._paper_text),
            Route("/do", self._do, methods=["POST"]),
            Mount("/static", StaticFiles(directory=str(static))),
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        return Starlette(routes=routes, middleware=[hosts])

    # --- what is asked --------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        return FileResponse(self._index, headers=HEADERS)

    async def _view(self, request: Request) -> Response:
        seen = await run_in_threadpool(self._looked)
        return Response(seen, media_type="application/json", headers=HEADERS)

    async def _paper(self, request: Request) -> Response:
        piece = await run_in_threadpool(self._picture, request.path_params["piece"])
        if piece is None:
            return JSONResponse({"text": "there is no such piece of paper"}, 404, headers=HEADERS)
        return Response(piece, media_type="image/png", headers=HEADERS)

    async def _paper_text(self, request: Request) -> Response:
        printer, piece = self._site.printer, request.path_params["piece"]
        pieces = printer.pieces if printer else []
        if printer is None or not 0 <= piece < len(pieces):
            return JSONResponse({"text": "there is no such piece of paper"}, 404, headers=HEADERS)
        return PlainTextResponse(printer.text_between(*pieces[piece]), headers=HEADERS)

    def _picture(self, piece: int) -> bytes | None:
        printer = self._site.printer
        pieces = printer.pieces if printer else []
        if printer is None or not 0 <= piece < len(pieces):
            return None
        top, end = pieces[piece]
        if (top, end) not in self._pieces:
            picture = printer.picture()
            out = io.BytesIO()
            picture.crop((0, top, picture.width, end)).save(out, "PNG")
            self._pieces[top, end] = out.getvalue()
        return self._pieces[top, end]

    async def _do(self, request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if origin != f"{request.url.scheme}://{request.headers.get('host', '')}":
            return JSONResponse({"text": "only the page itself may do"}, 403, headers=HEADERS)
        try:
            do = msgspec.json.decode(await request.body(), type=Do)
            await run_in_threadpool(self._done, do)
        except (msgspec.MsgspecError, ValueError, OSError) as error:
            return JSONResponse({"text": str(error)}, 400, headers=HEADERS)
        return Response(status_code=204, headers=HEADERS)

    def _done(self, do: Do) -> None:
        site = self._site
        match do.deed:
            case "hold":
                site.hold(do.who)
            case "next":
                site.hold_next()
            case "everybody":
                site.hold_next(len(site.people))
            case "unknown":
                site.hold(str(min(site.unbadged, default=len(site.people) - 1)))
            case "type":
                site.type(do.keys)
            case "pull":
                site.pull(Part(do.part), do.out)
            case "pass":
                site.pass_to(do.to)
            case "tomorrow":
                site.mend()
                site.pass_to("morning")
            case "link":
                site.link()
            case "stick":
                site.put_stick_in()
            case "cut":
                site.cut_gate()
            case "story":
                self._guide.begin(do.name)
                if self._guide.story is not None:
                    site.begin(without_past=self._guide.story.without_past)
            case unknown:
                raise ValueError(f"nothing here is done by {unknown}")

    # --- what goes out live ---------------------------------------------------------------------

    async def _live(self, request: Request) -> Response:
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=HEADERS)

    async def _events(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(MOST_BEHIND)
        self._loop = asyncio.get_running_loop()
        self._watchers.add(queue)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield _event("about", self._about())
            if self._last:
                yield _event("view", self._last)
            while queue in self._watchers and not self._closing:
                try:
                    yield await asyncio.wait_for(queue.get(), QUIET_S)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._watchers.discard(queue)

    async def _look(self) -> None:
        """Looks at the site while somebody watches, and tells what changed."""
        while self._watchers:
            try:
                seen = await run_in_threadpool(self._looked)
            except Exception:  # what cannot be seen now, as while the agent starts, can be later
                log.warning("the site could not be looked at", exc_info=True)
                seen = self._last
            if seen != self._last:
                self._last = seen
                self._tell(_event("view", seen))
            await asyncio.sleep(LOOK_S)

    def _pin(self, change: PinChange) -> None:
        """A lamp changed; told by the board's thread."""
        signal = self._eyes.see(change)
        loop, lamp = self._loop, LAMP_OF_PIN.get(change.pin)
        if loop is not None and lamp is not None and not loop.is_closed():
            said = msgspec.json.encode({"lamp": lamp, "on": change.level, "signal": signal})
            loop.call_soon_threadsafe(self._tell, _event("pin", said.decode()))

    def close(self) -> None:
        """Ends every stream, so that the server can end."""
        self._closing = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, ": over\n\n")

    def _tell(self, event: str) -> None:
        for queue in tuple(self._watchers):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                self._watchers.discard(queue)

    def _looked(self) -> str:
        seen = self._eyes.look()
        self._guide.follow(seen)
        story = self._guide.story
        value = {
            **_plain(seen),
            "story": story.name if story else "",
            "place": self._guide.place,
        }
        return msgspec.json.encode(value).decode()

    def _about(self) -> str:
        """What does not change: the stories, and what each signal means."""
        stories = [
            {
                "name": story.name,
                "title": story.title,
                "about": story.about,
                "steps": [
                    {"text": s.text, "see": s.see, "label": s.label, "deed": s.deed}
                    for s in story.steps
                ],
            }
            for story in STORIES.values()
        ]
        signals = {signal.value: row.meaning for signal, row in SIGNALS.items()}
        about = {
            "stories": stories,
            "signals": signals,
            "lit": self._eyes.lit,
            "agent_page": self._agent_page,
            "access": ACCESS,
            "code": CODE,
        }
        return msgspec.json.encode(about).decode()


def _plain(seen: Seen) -> Mapping[str, Any]:
    return asdict(seen)


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"


class PageServer:
    """Serves on `listening`, a bound socket, from a thread; use as a context manager."""

    def __init__(self, page: SitePage, listening: socket.socket) -> None:
        self._page = page
        config = uvicorn.Config(
            page.app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="page", daemon=True
        )

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._page.close()
        self._server.should_exit = True
        self._thread.join(5.0)
