"""A host is found by whichever resolver answers: real sockets, real TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.channels.base import CertificateRefused, NameNotResolved
from agent.channels.names import Names
from agent.channels.wire import Wire
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Faults
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer
from agent.sandbox.small_internet import Resolver

HOST = "checkinatwork.test"
"""Of a domain that no resolver of any machine knows (RFC 6761)."""
LOOPBACK, ALSO_LOOPBACK, NOBODY_THERE = "127.0.0.1", "127.0.0.2", "127.0.0.3"
TIMEOUT_S = 20.0


class Hello:
    faults = Faults()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(200, {}, request.headers["host"].encode())


def wire(tls: Authority, names: Names) -> Wire:
    return Wire(tls.client_context(), names=names)


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(LOOPBACK, 0, {HOST: LOOPBACK})


@pytest.fixture
def port(tls: Authority) -> Iterator[str]:
    """Of a server whose certificate is for the host's name and no address."""
    with HttpsServer(Hello(), tls.server_context(tls.server(HOST))) as server:
        yield server.address.rpartition(":")[2]


def test_a_host_that_the_machine_does_not_find_is_found_by_another_resolver(
    tls: Authority, resolver: Resolver, port: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = Names([LOOPBACK], resolver.port)
    for _ in range(2):
        calling = wire(tls, names)
        answer = calling.call("POST", f"https://{HOST}:{port}/", timeout_s=TIMEOUT_S)
        calling.close()
        assert (answer.status, answer.body) == (200, f"{HOST}:{port}".encode())

    assert len([r for r in caplog.records if "look at the DNS" in r.getMessage()]) == 1


def test_resolvers_that_are_dead_or_know_nothing_hold_up_no_other(
    tls: Authority, resolver: Resolver, port: str
) -> None:
    silent = Resolver(ALSO_LOOPBACK, resolver.port, {})
    silent.down = True
    calling = wire(tls, Names([NOBODY_THERE, ALSO_LOOPBACK, LOOPBACK], resolver.port))

    assert calling.call("GET", f"https://{HOST}:{port}/", timeout_s=TIMEOUT_S).status == 200
    calling.close()


def test_a_resolver_that_sends_the_gate_elsewhere_gets_nothing_from_it(
    tls: Authority, resolver: Resolver
) -> None:
    calling = wire(tls, Names([LOOPBACK], resolver.port))
    with HttpsServer(Hello(), tls.server_context(tls.server("login.test"))) as elsewhere:
        url = f"https://{HOST}:{elsewhere.address.rpartition(':')[2]}/"
        with pytest.raises(CertificateRefused, match=HOST):
            calling.call("POST", url, content=b"x", timeout_s=TIMEOUT_S)
        calling.close()


@pytest.mark.parametrize("down", [True, False])
def test_where_no_resolver_knows_a_host_it_is_said_in_time_and_nothing_was_sent(
    tls: Authority, resolver: Resolver, down: bool
) -> None:
    resolver.down = down
    calling = wire(tls, Names([LOOPBACK], resolver.port))

    with pytest.raises(NameNotResolved) as caught:
        calling.call("POST", "https://nobody.test/", content=b"x", timeout_s=4.0)

    assert not caught.value.sent
    calling.close()


def test_while_the_machine_answers_no_other_is_asked(resolver: Resolver) -> None:
    wrong = Resolver(ALSO_LOOPBACK, 0, {"localhost": "192.0.2.1"})
    names = Names([ALSO_LOOPBACK], wrong.port)

    assert set(names.addresses("localhost", TIMEOUT_S)) <= {"127.0.0.1", "::1"}
    assert names.addresses("192.0.2.7", TIMEOUT_S) == ["192.0.2.7"]
    assert wrong.asked == 0


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..b"])
@pytest.mark.parametrize("others", [[], [LOOPBACK]])
def test_what_cannot_be_a_host_is_not_asked_for(
    resolver: Resolver, host: str, others: list[str]
) -> None:
    with pytest.raises(OSError, match="no valid name"):
        Names(others, resolver.port).addresses(host, TIMEOUT_S)
    assert resolver.asked == 0
