"""One stream of events a browser, all of them of one look at the gate.

The gate is looked at while somebody watches, once a second at most, and only when its state has
changed or time has passed. A browser has no queue: when it is ready it gets what differs from what
it has, so that a slow one costs no memory and misses nothing but what lay between.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from agent.core.state import State
from agent.web.door import Level, Session
from agent.web.parts import Look, Maker

MOST_LISTENERS = 40
LOOK_S = 1.0
"""What a person at the gate sees on the page a second later is live."""
AGAIN_S = 20.0
"""Without any change: counters run on, and what was measured grows old."""
FRESH_S, LEAST_S = 1.0, 0.25
"""A page that is asked for shows no older look than this; and no newer one is taken so soon after
another, however many ask."""
KEEP_ALIVE_S = 15.0
SEND_S = 10.0
"""A browser that takes nothing for so long is gone."""

Viewer = Callable[[], tuple[Level, Session | None]]
"""What this browser may see now."""

log = logging.getLogger(__name__)


class Live:
    """Who watches, and the last look; all of it in the loop of the page's server."""

    def __init__(self, maker: Maker, state: Callable[[], State]) -> None:
        self._maker, self._state = maker, state
        self._look: Look | None = None
        self._looked_s = 0.0
        self._seen: State | None = None
        self._number = 0
        self._listeners = 0
        self._turned = asyncio.Condition()
        self._watch: asyncio.Task[None] | None = None
        self._closed = False
        self._waking: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        """True when no browser more can listen."""
        return self._listeners >= MOST_LISTENERS

    async def look(self) -> Look:
        """A look that is fresh enough for a page."""
        look, old_s = self._look, time.monotonic() - self._looked_s
        changed = self._state() is not self._seen
        if look is None or old_s > (LEAST_S if changed else FRESH_S):
            look = await self._fresh()
        return look

    def renew(self) -> None:
        """Something was done: the next page shows it."""
        self._look = None

    def close(self) -> None:
        """Ends every stream: the server stops."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        self._waking = asyncio.ensure_future(self._wake())

    async def stream(self, language: str, viewer: Viewer, seen: str) -> AsyncIterator[bytes]:
        """Events until the browser goes. `seen`: the digest of the parts that its page has."""
        self._listeners += 1
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watching())
        try:
            yield b"retry: 3000\n\n"
            async for event in self._events(language, viewer, seen):
                yield event
        finally:
            self._listeners -= 1
            if not self._listeners and self._watch is not None:
                self._watch.cancel()

    async def _events(self, language: str, viewer: Viewer, seen: str) -> AsyncIterator[bytes]:
        begun, _ = viewer()
        sent: Mapping[str, str] = {}
        number = -1
        while not self._closed:
            level, session = viewer()
            if level is not begun:
                yield b"event: changed\ndata: {}\n\n"  # the page is asked for anew
                return
            if number == self._number:
                yield b": still here\n\n"
            else:
                number = self._number
                look = self._look or await self.look()
                parts = await asyncio.to_thread(look.parts, language, level)
                if parts.digest == seen:
                    sent, seen = parts.by_name, ""
                news = [name for name, html in parts.by_name.items() if sent.get(name) != html]
                sent = parts.by_name
                if news:
                    told = parts.for_browser(session.csrf if session is not None else "")
                    body = json.dumps({name: told[name] for name in news}, ensure_ascii=False)
                    yield f"data: {body}\n\n".encode()
            await self._until_turned(number)

    async def _until_turned(self, number: int) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE_S), self._turned:
                await self._turned.wait_for(lambda: self._number != number)
        except TimeoutError:
            pass

    async def _watching(self) -> None:
        while self._listeners:
            await asyncio.sleep(LOOK_S)
            changed = self._state() is not self._seen
            if changed or time.monotonic() - self._looked_s >= AGAIN_S:
                try:
                    await self._fresh()
                except Exception:  # the next look may be well again
                    log.exception("the page could not be renewed")

    async def _fresh(self) -> Look:
        self._seen, self._looked_s = self._state(), time.monotonic()
        self._look = look = await asyncio.to_thread(self._maker.look)
        await self._wake()
        return look

    async def _wake(self) -> None:
        async with self._turned:
            self._number += 1
            self._turned.notify_all()


class EventStream(StreamingResponse):
    """A stream that is given up when its browser takes nothing any more."""

    media_type = "text/event-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until one of the two ends it."""

        async def patient(message: Message) -> None:
            async with asyncio.timeout(SEND_S):
                await send(message)

        try:
            await super().__call__(scope, receive, patient)
        except* (TimeoutError, OSError):
            pass
