"""Listens for browsers on a thread of its own, and holds no more of them than the gate can bear.

Whatever happens here, taps go on: the loop is only asked, as by a command, and the number of
connections is bounded before any of them is heard, so that nobody takes the agent's last file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 96
"""Thirty browsers, of which each holds a stream and a few connections more; the agent's other
files are some fifty, of 1,024."""
HEAD_S = 20.0
"""So long a browser may take until a request is there, its first or another one."""
KEEP_ALIVE_S = 20
GONE_S = 60.0
"""So long a browser may take for the rest of an answer, once its time is over."""
STOP_S = 1
SERVER_BACKLOG = 32

log = logging.getLogger(__name__)


class PageUnserved(Exception):
    """The page cannot be shown; the message says why, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class PageServer:
    """Serves `app` from `start` to `stop`."""

    def __init__(
        self,
        app: ASGIApp,
        place: tuple[str, int],
        certificate: tuple[Path, Path] | None,
        proxy: str,
        closing: Callable[[], None],
    ) -> None:
        """`proxy`: whose word on the browser's address and scheme is taken; empty: nobody's.

        `closing` ends what would never end by itself; it is called in the loop of the server.
        """
        self._place = place
        self._closing = closing
        files: dict[str, Any] = {}
        if certificate is not None:
            files = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]}
        self._config = uvicorn.Config(
            app,
            loop="asyncio",
            http=_Patient,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=bool(proxy),
            forwarded_allow_ips=proxy or None,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S,
            **files,
        )
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        host, port = self._place
        scheme = "http" if self._config.ssl_certfile is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"

    def start(self) -> None:
        """Begins to listen. Raises PageUnserved."""
        try:
            self._config.load()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            mend = "see that [page].certificate and key belong together, and may be read"
            raise PageUnserved(f"the page's certificate cannot be used: {error}", mend) from error
        door = _listening(self._place)
        self._server = _Server(self._config, self._closing)
        self._thread = threading.Thread(target=self._run, args=(door,), name="page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection and stops listening; never raises."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join(2 * STOP_S)

    def _run(self, door: socket.socket) -> None:
        assert self._server is not None
        try:
            self._server.run(sockets=[door])
        except Exception:
            log.exception("the page has ended; taps go on")


class _Server(uvicorn.Server):
    """uvicorn looks ten times a second whether it is to stop; a gate that idles need not."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None

    async def main_loop(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        if not self.should_exit:
            await self._ended.wait()
        self._closing()

    def end(self) -> None:
        """Lets it end, at once; from another thread."""
        self.should_exit = True
        if self._loop is not None and self._ended is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._ended.set)


class _Patient(H11Protocol):
    """Lets nobody hold a connection who asks for nothing, at its beginning or after an answer."""

    patience_s = HEAD_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(self.patience_s, self._look, None)

    def on_response_complete(self) -> None:
        answered = self.cycle  # a request that waits already begins below
        super().on_response_complete()
        # The server's own patience ends with any byte that comes, also of a request never whole.
        asyncio.get_running_loop().call_later(self.patience_s, self._look, answered)

    def _look(self, before: object) -> None:
        if getattr(self, "cycle", None) is not before:
            return  # a request has come whole since
        self.transport.close()  # what is still being sent is sent, for a while
        asyncio.get_running_loop().call_later(GONE_S, self.transport.abort)


class _Door(socket.socket):
    """Closes at once whoever comes when enough are in, still in the handshake or further."""

    inside: weakref.WeakSet[socket.socket]

    def accept(self) -> tuple[socket.socket, Any]:
        came, address = super().accept()
        if sum(one.fileno() != -1 for one in self.inside) >= MOST_CONNECTIONS:
            came.close()
            raise ConnectionAbortedError("enough browsers are connected")
        self.inside.add(came)
        return came, address


def _listening(place: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    door = _Door(family, socket.SOCK_STREAM)
    door.inside = weakref.WeakSet()
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(place)
        door.listen(SERVER_BACKLOG)
        door.setblocking(False)
    except OSError as error:
        door.close()
        mend = "see who listens there (ss -ltnp), or choose another address in [page].listen"
        raise PageUnserved(f"the page cannot listen at {place[0]}:{place[1]}: {error}", mend) from (
            error
        )
    return door
