"""How every channel fails: the wire, HTTP statuses, TLS, and what nobody may read of it."""

from __future__ import annotations

import datetime as dt
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    CertificateRefused,
    ChannelError,
    NotAuthenticated,
    NotAuthorised,
    NotReached,
    Refused,
    Registration,
    ServiceFault,
    Unavailable,
)
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Cut, Fault, Faults, Garbled

Make = Callable[..., Registration]

TIMEOUT_S = 20.0
"""Generous: nothing here is timed."""
SHORT_S = 0.6
"""For what never comes."""
JAN, BIS = "85011512355", "90231512323"


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def registering(party: Any, item: Registration, timeout_s: float = TIMEOUT_S) -> ChannelError:
    channel = party.channel()
    return failure(lambda: channel.register([item], timeout_s))


# --- the wire --------------------------------------------------------------------------------

LOST = [Cut.BEFORE_COMMIT, Cut.BEFORE_HEADERS, Cut.MID_HEADERS, Cut.MID_BODY]


@pytest.mark.parametrize("cut", LOST)
def test_a_cut_connection_is_a_lost_answer_and_sending_again_finds_out(
    party: Any, registration: Make, cut: Cut
) -> None:
    party.service.faults = Faults(cut=cut)
    channel = party.channel()

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))
    committed = len(party.ledger.accepted)
    party.service.faults = Faults()
    again = channel.register([registration()], TIMEOUT_S).answers[0].receipt

    assert (type(error), error.sent, error.retry) == (AnswerLost, True, False)
    assert committed == (cut is not Cut.BEFORE_COMMIT)
    assert again is not None
    assert len(party.ledger.accepted) == 1


def test_a_cut_after_the_whole_answer_loses_nothing(party: Any, registration: Make) -> None:
    party.service.faults = Faults(cut=Cut.AFTER_BODY)
    channel = party.channel()

    assert channel.register([registration("a")], TIMEOUT_S).answers[0].receipt is not None
    another = [registration("b", inss=BIS)]
    try:
        reply = channel.register(another, TIMEOUT_S)
    except AnswerLost:  # it went by the connection of which nobody had heard yet that it was cut
        reply = channel.register(another, TIMEOUT_S)
    assert reply.answers[0].receipt is not None


@pytest.mark.parametrize(
    ("faults", "committed"),
    [
        (Faults(silent=True), 0),
        (Faults(latency_s=2 * SHORT_S), 1),
        (Faults(drip_headers_s=0.05), 1),
        (Faults(drip_body_s=0.05), 1),
    ],
    ids=["silent", "late", "headers drip", "body drips"],
)
def test_an_answer_that_does_not_come_in_time_is_lost(
    party: Any, registration: Make, faults: Faults, committed: int
) -> None:
    party.service.faults = faults

    error = registering(party, registration(), SHORT_S)

    assert (type(error), error.sent) == (AnswerLost, True)
    assert len(party.ledger.accepted) == committed


def test_a_service_that_takes_no_connection_got_nothing(party: Any, registration: Make) -> None:
    channel = party.channel()
    party.service.faults = Faults(unreachable=True)

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    # A connection that was open already closes under the request: then nobody knows.
    assert isinstance(error, NotReached | AnswerLost)
    assert error.sent == isinstance(error, AnswerLost)
    again = failure(lambda: channel.register([registration()], TIMEOUT_S))
    assert isinstance(again, NotReached)
    assert (again.sent, again.retry) == (False, True)
    assert party.ledger.accepted == ()


STATUSES: list[tuple[int, type[ChannelError], bool, bool]] = [
    # status, error, retry, sent
    (200, AnswerUnreadable, False, True),
    (204, AnswerUnreadable, False, True),
    (302, Refused, False, False),
    (304, Refused, False, False),
    (400, Refused, False, False),
    (401, NotAuthenticated, False, False),
    (403, NotAuthorised, False, False),
    (404, Refused, False, False),
    (407, Refused, False, False),
    (413, Refused, False, False),
    (422, Refused, False, False),
    (429, Unavailable, True, False),
    (500, ServiceFault, True, True),
    (501, ServiceFault, True, True),
    (502, Unavailable, True, True),
    (503, Unavailable, True, False),
    (504, Unavailable, True, True),
    (599, ServiceFault, True, True),
]


@pytest.mark.parametrize("row", STATUSES, ids=lambda row: str(row[0]))
def test_a_page_in_the_services_place_is_told_by_its_status(
    party: Any, registration: Make, row: tuple[int, type[ChannelError], bool, bool]
) -> None:
    status, kind, retry, sent = row
    party.service.faults = Faults(status=status)

    error = registering(party, registration())

    assert (type(error), error.retry, error.sent) == (kind, retry, sent)
    assert error.ticket.http_status == status
    assert error.hint


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("Tue, 24 Nov 2026 05:59:00 GMT", 60.0), ("soon", None), ("-5", None)],
)
def test_retry_after_is_kept(
    party: Any, registration: Make, status: int, value: str, seconds: float | None
) -> None:
    party.service.faults = Faults(status=status, retry_after=value)

    assert registering(party, registration()).retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(party: Any, registration: Make, status: int) -> None:
    channel = party.channel()
    elsewhere = party.serve()
    party.service.faults = Faults(status=status, redirect_to=f"{elsewhere.address}/")
    before = len(party.service.calls)

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert type(error) is Refused
    assert len(party.service.calls) == before + 1


def test_an_answer_of_a_hundred_megabytes_is_bounded(party: Any, registration: Make) -> None:
    party.service.faults = Faults(garbled=Garbled.OVERSIZED, oversized_bytes=100 * 2**20)

    error = registering(party, registration())

    assert type(error) is AnswerUnreadable
    assert "larger than" in str(error)


def test_a_closed_channel_sends_nothing(party: Any, registration: Make) -> None:
    channel = party.channel()
    channel.close()
    channel.close()

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert isinstance(error, NotReached)
    assert not error.retry
    assert party.registering == []


# --- TLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "days", "said"),
    [((), -1, "expired"), (("elsewhere.test",), 30, "IP address mismatch")],
    ids=["expired", "another host"],
)
def test_a_certificate_that_is_not_valid_stops_the_call(
    party: Any, registration: Make, hosts: tuple[str, ...], days: int, said: str
) -> None:
    pair = party.tls.server(*hosts, expires_in=dt.timedelta(days=days))
    channel = party.channel(party.serve(pair).address)

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert (type(error), error.sent) == (CertificateRefused, False)
    assert said in str(error)
    assert party.registering == []


def test_an_authority_that_we_do_not_know_stops_the_call(party: Any, registration: Make) -> None:
    party.client_context = Authority("another").client_context

    error = registering(party, registration())

    assert (type(error), error.sent) == (CertificateRefused, False)
    assert party.registering == []


# --- what nobody may read --------------------------------------------------------------------

TROUBLE = [
    Faults(fault=Fault("SOA-03007", "Consumer", message=f"INSS {JAN} / 85.01.15-123.55 is bad")),
    Faults(garbled=Garbled.MALFORMED),
    Faults(cut=Cut.MID_BODY),
    Faults(cut=Cut.BEFORE_HEADERS),
    Faults(status=500),
    Faults(unreachable=True),
    Faults(swap_workers=True, drop_first=True),
]


@pytest.mark.parametrize("faults", TROUBLE)
def test_no_error_and_no_traceback_holds_a_national_number(
    party: Any, registration: Make, faults: Faults
) -> None:
    party.service.faults = faults
    channel = party.channel()
    item = registration(f"x{JAN}")

    try:
        told = repr(channel.register([item], TIMEOUT_S).stray)
    except ChannelError as error:
        told = f"{error!r} {error} {error.hint} {error.ticket!r} "
        told += "".join(traceback.format_exception(error))

    assert JAN not in re.sub(r"\W", "", told)


def test_no_repr_of_a_channel_or_a_registration_holds_a_secret(
    party: Any, registration: Make
) -> None:
    channel = party.channel()
    channel.register([registration()], TIMEOUT_S)

    told = f"{channel!r} {registration()!r} {vars(channel)!r}"
    assert JAN not in told
    assert "made-up-token" not in told
    assert "PRIVATE KEY" not in told
