"""Puts an emulated service behind httpx, in process or over HTTPS on loopback.

Both play the same `Faults` of the wire. In process, waiting is a call to the `sleep` it was given,
so that a simulation on virtual time never waits for real.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol

import httpx

from agent.sandbox.faults import Cut, Faults

MOST_REQUEST_BYTES = 4 * 2**20
"""A signed batch of 200 has 70 kB."""
IDLE_S = 60.0
"""How long a connection may wait for its next request, or for its handshake."""
FOREVER_S = 3600.0
"""As long as any client might wait for a service that says nothing."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Header names in lower case; `path` without a query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer; its length is added on the way out."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def head(self) -> bytes:
        """The status line and headers as they stand on the wire."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


class Service(Protocol):
    """What can be served."""

    faults: Faults

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The answer to one request; never raises."""
        ...


# --- in process ------------------------------------------------------------------------------


class InProcess(httpx.BaseTransport):
    """A `service` as an httpx transport; it fails as a real one does, by the same exceptions."""

    def __init__(self, service: Service, sleep: Callable[[float], None]) -> None:
        self._service = service
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, or what httpx raises when there is none."""
        faults = self._service.faults
        limit_s = float(request.extensions["timeout"]["read"])
        if faults.unreachable:
            raise httpx.ConnectError("connection refused")
        content = request.read()
        if faults.silent:
            self._wait(limit_s, limit_s)
        if faults.cut is Cut.BEFORE_COMMIT:
            raise httpx.RemoteProtocolError("closed before the answer")
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self._service.answer(
            HttpRequest(request.method, request.url.path, headers, content)
        )
        head = answer.head()
        self._wait(faults.latency_s + faults.drip_headers_s * len(head), limit_s)
        if faults.cut in (Cut.BEFORE_HEADERS, Cut.MID_HEADERS):
            raise httpx.RemoteProtocolError("closed before the answer")
        sent = {**answer.headers, "Content-Length": str(len(answer.body))}
        return httpx.Response(
            answer.status, headers=sent, stream=_Body(answer.body, faults, self._sleep)
        )

    def _wait(self, seconds: float, limit_s: float) -> None:
        if seconds >= limit_s:
            self._sleep(limit_s)
            raise httpx.ReadTimeout("no answer in time")
        if seconds > 0:
            self._sleep(seconds)


class _Body(httpx.SyncByteStream):
    def __init__(self, body: bytes, faults: Faults, sleep: Callable[[float], None]) -> None:
        self._body = body
        self._faults = faults
        self._sleep = sleep

    def __iter__(self) -> Iterator[bytes]:
        body = self._body
        if self._faults.cut is Cut.MID_BODY:
            yield body[: len(body) // 2]
            raise httpx.RemoteProtocolError("closed inside the body")
        if not self._faults.drip_body_s:
            yield body
            return
        for place in range(len(body)):
            self._sleep(self._faults.drip_body_s)
            yield body[place : place + 1]


# --- over loopback ---------------------------------------------------------------------------


class HttpsServer:
    """A `service` on a port of loopback, each connection on a thread of its own.

    `context` None: plain HTTP. Use as a context manager, or `start` and `stop`.
    """

    def __init__(
        self,
        service: Service,
        context: ssl.SSLContext | None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.stopping = threading.Event()
        self._scheme = "http" if context is None else "https"
        self._server = _Server((host, port), service, context, self.stopping)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="emulated-service", daemon=True
        )

    @property
    def address(self) -> str:
        """`https://127.0.0.1:PORT`, without a path."""
        host, port = self._server.server_address[:2]
        return f"{self._scheme}://{host!s}:{port}"

    def start(self) -> None:
        """Serves from now on; the port was open already."""
        self._thread.start()

    def stop(self) -> None:
        """Closes every connection and waits until its threads are gone."""
        self.stopping.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> HttpsServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(
        self,
        address: tuple[str, int],
        service: Service,
        context: ssl.SSLContext | None,
        stopping: threading.Event,
    ) -> None:
        self.service = service
        self.context = context
        self.stopping = stopping
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def opened(self, connection: socket.socket) -> None:
        """Remembers a connection, to hang up on it."""
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forgets and closes a connection."""
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def hang_up(self) -> None:
        """Ends every read and write that is going on."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    # Not SSLSocket.shutdown: that drops TLS under the thread that reads.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away or cannot agree on TLS is no affair of the service."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.server.opened(self.request)
        if self.server.service.faults.unreachable:
            self.server.closed(self.request)
            raise ConnectionAbortedError("unreachable")
        if self.server.context is not None:
            plain = self.request
            plain.settimeout(IDLE_S)
            try:
                self.request = self.server.context.wrap_socket(plain, server_side=True)
            finally:
                self.server.closed(plain)
            self.server.opened(self.request)
        super().setup()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.closed(self.request)

    def handle_one_request(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().handle_one_request()
            return
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Says nothing: the service keeps its own list of calls."""

    def _serve(self) -> None:
        faults = self.server.service.faults
        body = self._body()
        if body is None or faults.unreachable or faults.cut is Cut.BEFORE_COMMIT:
            self.close_connection = True
            return
        if faults.silent:
            self.server.stopping.wait(FOREVER_S)
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        answer = self.server.service.answer(HttpRequest(self.command, path, headers, body))
        self.server.stopping.wait(faults.latency_s)
        self._send(answer, faults)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    def _body(self) -> bytes | None:
        """The request's body; None where its length is not told or too large."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MOST_REQUEST_BYTES:
            return None
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else None

    def _send(self, answer: HttpAnswer, faults: Faults) -> None:
        head, body = answer.head(), answer.body
        match faults.cut:
            case Cut.BEFORE_HEADERS:
                head = body = b""
            case Cut.MID_HEADERS:
                head, body = head[: len(head) // 2], b""
            case Cut.MID_BODY:
                body = body[: len(body) // 2]
            case _:
                pass
        if faults.drip_headers_s or faults.drip_body_s:
            self._drip(head, faults.drip_headers_s)
            self._drip(body, faults.drip_body_s)
        else:
            self.wfile.write(head + body)
        if faults.cut is not None:
            self.close_connection = True

    def _drip(self, data: bytes, pause_s: float) -> None:
        if not pause_s:
            self.wfile.write(data)
            return
        for place in range(len(data)):
            self.wfile.write(data[place : place + 1])
            if self.server.stopping.wait(pause_s):
                return
