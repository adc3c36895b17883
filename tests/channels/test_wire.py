"""The one seam to httpx, over real sockets and real TLS."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from types import ModuleType

import httpx
import jwt
import pytest
import xmlsec
from lxml import etree

from agent.channels import soap, tokens
from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    CertificateRefused,
    ChannelError,
    NameNotResolved,
    NotAuthenticated,
    NotReached,
    Refused,
)
from agent.channels.wire import Wire, WireAnswer, mapped
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Faults
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer

TIMEOUT_S = 20.0
SHORT_S = 0.4


class Echo:
    """A service that says what it was sent."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.requests: list[HttpRequest] = []
        self.headers: dict[str, str] = {}

    def answer(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        return HttpAnswer(200, self.headers, request.body)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(echo: Echo, tls: Authority) -> Iterator[HttpsServer]:
    with HttpsServer(echo, tls.server_context()) as serving:
        yield serving


@pytest.fixture
def wire(tls: Authority) -> Iterator[Wire]:
    made = Wire(tls.client_context(), max_answer_bytes=1000)
    yield made
    made.close()


def failure(wire: Wire, url: str, timeout_s: float = TIMEOUT_S) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        wire.call("POST", url, content=b"x", timeout_s=timeout_s)
    wire.close()
    return caught.value


def test_what_is_sent_arrives_and_what_is_answered_comes_back(
    wire: Wire, echo: Echo, server: HttpsServer
) -> None:
    answer = wire.call(
        "POST", f"{server.address}/a", content=b"hello", headers={"X-Key": "7"}, timeout_s=TIMEOUT_S
    )

    (request,) = echo.requests
    assert (request.method, request.path, request.body) == ("POST", "/a", b"hello")
    assert request.headers["x-key"] == "7"
    assert request.headers["accept-encoding"] == "identity"
    assert (answer.status, answer.body) == (200, b"hello")


def test_the_connection_is_kept_for_the_next_call(wire: Wire, tls: Authority) -> None:
    accepted = []

    class Counting(Echo):
        def answer(self, request: HttpRequest) -> HttpAnswer:
            accepted.append(threading.get_ident())
            return super().answer(request)

    with HttpsServer(Counting(), tls.server_context()) as server:
        for _ in range(3):
            wire.call("POST", server.address, content=b"x", timeout_s=TIMEOUT_S)
        wire.close()

    # A thread of the server is one connection.
    assert len(accepted) == 3
    assert len(set(accepted)) == 1


def test_an_answer_of_the_allowed_size_passes_and_one_byte_more_does_not(
    wire: Wire, server: HttpsServer
) -> None:
    fits = wire.call("POST", server.address, content=b"x" * 1000, timeout_s=TIMEOUT_S)
    assert len(fits.body) == 1000

    with pytest.raises(AnswerUnreadable, match="larger than 1000 bytes"):
        wire.call("POST", server.address, content=b"x" * 1001, timeout_s=TIMEOUT_S)


def test_a_compressed_answer_is_never_unpacked(wire: Wire, echo: Echo, server: HttpsServer) -> None:
    echo.headers = {"Content-Encoding": "gzip"}

    error = failure(wire, server.address)

    assert type(error) is AnswerUnreadable
    assert error.ticket.http_status == 200


# --- TLS -------------------------------------------------------------------------------------


def serving(tls: Authority, *hosts: str, days: int = 30) -> HttpsServer:
    pair = tls.server(*hosts, expires_in=dt.timedelta(days=days))
    return HttpsServer(Echo(), tls.server_context(pair))


def test_an_expired_certificate_points_to_the_clock_first(wire: Wire, tls: Authority) -> None:
    with serving(tls, "127.0.0.1", days=-1) as server:
        error = failure(wire, server.address)

    assert type(error) is CertificateRefused
    assert "expired" in str(error)
    assert "clock" in error.hint
    assert not error.sent


def test_a_certificate_for_another_host_points_to_a_login_page(wire: Wire, tls: Authority) -> None:
    with serving(tls, "elsewhere.test") as server:
        error = failure(wire, server.address)

    assert type(error) is CertificateRefused
    assert "another host" in error.hint


def test_a_certificate_by_an_unknown_authority_points_to_a_proxy(wire: Wire) -> None:
    with serving(Authority("another"), "127.0.0.1") as server:
        error = failure(wire, server.address)

    assert type(error) is CertificateRefused
    assert "proxy that opens TLS" in error.hint


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_is_not_taken_is_our_own_fault(
    tls: Authority, version: ssl.TLSVersion
) -> None:
    demanding = tls.server_context()
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(cadata=tls.pem.decode())
    context = tls.client_context()
    context.minimum_version = context.maximum_version = version
    stranger = Authority("another").sender("gate 1")
    load(context, stranger.certificate_pem, stranger.key_pem)

    with HttpsServer(Echo(), demanding) as server:
        error = failure(Wire(context), server.address)

    assert type(error) is NotAuthenticated
    assert not error.sent


def test_a_missing_client_certificate_is_our_own_fault_under_tls_1_3(tls: Authority) -> None:
    demanding = tls.server_context()
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(cadata=tls.pem.decode())

    with HttpsServer(Echo(), demanding) as server:
        error = failure(Wire(tls.client_context()), server.address)

    assert type(error) is NotAuthenticated
    assert "certificate required" in str(error)


def load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "both.pem").write_bytes(certificate + key)
        context.load_cert_chain(Path(folder) / "both.pem")


# --- connections that do not stand -----------------------------------------------------------


def test_a_closed_port_got_nothing(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    error = failure(wire, f"https://127.0.0.1:{port}")

    assert type(error) is NotReached
    assert (error.sent, error.retry) == (False, True)


def test_a_name_without_an_address_is_told_apart(wire: Wire) -> None:
    error = failure(wire, "https://nobody.invalid")

    assert type(error) is NameNotResolved
    assert "nobody.invalid" in str(error)


def test_a_port_that_says_nothing_ends_the_handshake_in_time(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        error = failure(wire, f"https://127.0.0.1:{listener.getsockname()[1]}", SHORT_S)

    assert type(error) is NotReached


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "no address", "https://[::1", "https://x:y"]
)
def test_an_address_that_is_none_is_our_own_fault(wire: Wire, url: str) -> None:
    error = failure(wire, url)

    assert isinstance(error, Refused)
    assert "configuration" in error.hint


def test_the_addresses_of_a_name_are_tried_until_one_takes_the_call(
    tls: Authority, server: HttpsServer
) -> None:
    from agent.channels.deadline import DeadlineBackend, deadline

    port = int(server.address.rpartition(":")[2])
    # localhost is ::1 first on most machines, where nothing listens here.
    with deadline(lambda: TIMEOUT_S):
        stream = DeadlineBackend().connect_tcp("localhost", port, TIMEOUT_S)
    stream.close()

    assert stream.get_extra_info("socket").fileno() == -1


# --- the map of foreign errors ---------------------------------------------------------------


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = kind.__subclasses__()
    return {kind} if not below else set().union(*(leaves(each) for each in below))


EXPECTED: dict[type[Exception], type[ChannelError]] = {
    httpx.ConnectTimeout: NotReached,
    httpx.PoolTimeout: NotReached,
    httpx.ConnectError: NotReached,
    httpx.ProxyError: NotReached,
    httpx.ReadTimeout: AnswerLost,
    httpx.WriteTimeout: AnswerLost,
    httpx.ReadError: AnswerLost,
    httpx.WriteError: AnswerLost,
    httpx.CloseError: AnswerLost,
    httpx.RemoteProtocolError: AnswerLost,
    httpx.UnsupportedProtocol: Refused,
    httpx.LocalProtocolError: Refused,
    httpx.InvalidURL: Refused,
    httpx.DecodingError: AnswerUnreadable,
    httpx.TooManyRedirects: AnswerUnreadable,
    httpx.HTTPStatusError: AnswerUnreadable,
}


def test_every_error_of_httpx_has_its_place() -> None:
    foreign = leaves(httpx.HTTPError) | leaves(httpx.InvalidURL)

    assert foreign == set(EXPECTED)
    for kind, wanted in EXPECTED.items():
        error = kind.__new__(kind)
        assert type(mapped(error, "presence.test")) is wanted, kind


TLS_EXPECTED: dict[type[Exception], type[ChannelError]] = {
    ssl.SSLCertVerificationError: CertificateRefused,
    ssl.SSLEOFError: NotReached,
    ssl.SSLSyscallError: NotReached,
    ssl.SSLWantReadError: NotReached,
    ssl.SSLWantWriteError: NotReached,
    ssl.SSLZeroReturnError: NotReached,
}
"""During the handshake; once the request is on its way, anything but a certificate is no answer."""


def test_every_error_of_tls_has_its_place() -> None:
    assert leaves(ssl.SSLError) == set(TLS_EXPECTED)
    for kind, wanted in TLS_EXPECTED.items():
        handshake, reading = httpx.ConnectError("x"), httpx.ReadError("x")
        raised = kind(1, "broken")
        handshake.__cause__ = reading.__cause__ = raised
        late = CertificateRefused if wanted is CertificateRefused else AnswerLost
        assert type(mapped(handshake, "presence.test")) is wanted, kind
        assert type(mapped(reading, "presence.test")) is late, kind
        assert type(mapped(raised, "presence.test")) is late, kind


def errors_in(module: ModuleType) -> set[type[Exception]]:
    """Every public error class of a library."""
    named = (value for name, value in vars(module).items() if not name.startswith("_"))
    return {v for v in named if isinstance(v, type) and issubclass(v, Exception)}


@pytest.mark.parametrize(
    ("module", "known", "at_least"),
    [
        (etree, soap.reading_errors(), {etree.XMLSyntaxError}),
        (etree, soap.signing_errors(), {etree.C14NError}),
        (xmlsec, soap.signing_errors(), {xmlsec.InternalError, xmlsec.VerificationError}),
        (jwt.exceptions, tokens.signing_errors(), {jwt.InvalidKeyError}),
    ],
    ids=["lxml, reading", "lxml, signing", "xmlsec", "PyJWT"],
)
def test_no_error_of_a_library_gets_past_the_channel(
    module: ModuleType, known: tuple[type[Exception], ...], at_least: set[type[Exception]]
) -> None:
    foreign = errors_in(module)
    assert at_least <= foreign
    assert {kind for kind in foreign if not issubclass(kind, known)} == set()


def test_what_nobody_foresaw_may_have_been_carried_out() -> None:
    error = mapped(httpx.StreamClosed(), "presence.test")

    assert type(error) is AnswerLost
    assert error.sent


def test_an_earlier_failure_that_is_being_handled_does_not_colour_the_next() -> None:
    try:
        try:
            raise ssl.SSLCertVerificationError("an earlier attempt")
        except ssl.SSLError:
            raise httpx.ReadTimeout("now") from None
    except httpx.ReadTimeout as error:
        assert type(mapped(error, "presence.test")) is AnswerLost


@pytest.mark.parametrize("header", ["", "1.5", "tomorrow", "١٢", "Tue, 99 Nov 2026 05:59:00 GMT"])
def test_a_retry_after_that_makes_no_sense_is_none(header: str) -> None:
    answer = WireAnswer(503, {"retry-after": header, "date": "Tue, 24 Nov 2026 05:58:00 GMT"})

    assert answer.retry_after_s is None
