"""The way to an endpoint, up to its HTTP, against real servers on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Channel
from agent.evidence.endpoint import Endpoint, Reached, reach
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Faults
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer

DATE = "Tue, 24 Nov 2026 06:00:00 GMT"


class Page:
    faults = Faults()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(204, {"Date": DATE})


def reached(authority: Authority, port: int, folder: Path, *, dated: bool = True) -> Reached:
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(authority.pem)
    return reach(Endpoint("rsz", "127.0.0.1", port, ca_file), (), dated=dated)


def test_a_server_that_speaks_http_is_well_on_every_layer(tmp_path: Path) -> None:
    authority = Authority()
    context = authority.server_context(authority.server("127.0.0.1"))
    with HttpsServer(Page(), context, "127.0.0.1", 0) as server:
        port = int(server.address.rpartition(":")[2])
        found = reached(authority, port, tmp_path)
        asked_less = reached(authority, port, tmp_path, dated=False)
    assert found.channel == Channel(WELL, WELL, WELL, WELL, WELL, WELL)
    assert found.server_date == DATE
    assert asked_less.channel.http is UNKNOWN


def test_tls_with_something_else_than_http_behind_it_fails_on_that_layer(tmp_path: Path) -> None:
    authority = Authority()
    with _smtp(authority) as port:
        found = reached(authority, port, tmp_path)
    assert found.channel == Channel(WELL, WELL, WELL, WELL, WELL, FAILING)


@contextmanager
def _smtp(authority: Authority) -> Iterator[int]:
    """Greets over TLS as a mail server does."""
    context = authority.server_context(authority.server("127.0.0.1"))
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            with context.wrap_socket(plain, server_side=True) as secured:
                secured.sendall(b"220 mail.example ESMTP\r\n\r\n")
                secured.recv(4096)

        serving = threading.Thread(target=serve)
        serving.start()
        yield listening.getsockname()[1]
        serving.join()
