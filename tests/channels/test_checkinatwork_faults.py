"""What a channel makes of faults, odd answers and a bad wire, against the emulated service."""

from __future__ import annotations

import datetime as dt
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    ChannelError,
    NotAuthenticated,
    NotAuthorised,
    NotReached,
    Refused,
    Registration,
    ServiceFault,
    Unavailable,
    WrongEnvironment,
)
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


def registering(site: Any, item: Registration, timeout_s: float = TIMEOUT_S) -> ChannelError:
    channel = site.channel()
    return failure(lambda: channel.register([item], timeout_s))


# --- faults of the service -------------------------------------------------------------------

FAULTS: list[tuple[str, str, bool | None, type[ChannelError], bool, bool]] = [
    # code, origin, Retry element, error, retry, sent
    ("SOA-00001", "Provider", None, ServiceFault, True, True),
    ("SOA-00001", "Provider", False, ServiceFault, False, True),
    ("SOA-00001", "Consumer", None, Refused, False, False),
    ("SOA-01001", "Consumer", None, NotAuthenticated, False, False),
    ("SOA-01001", "Provider", True, NotAuthenticated, False, False),
    ("SOA-01002", "Consumer", None, NotAuthorised, False, False),
    ("SOA-02001", "Provider", None, Unavailable, False, False),
    ("SOA-02001", "Provider", True, Unavailable, False, False),
    ("SOA-02002", "Provider", None, Unavailable, True, False),
    ("SOA-02002", "Provider", False, Unavailable, False, False),
    ("SOA-02002", "Consumer", None, Refused, False, False),
    *((f"SOA-0300{n}", "Consumer", None, Refused, False, False) for n in range(1, 8)),
    ("SOA-03006", "Provider", None, Refused, False, False),
    ("SOA-09999", "Provider", None, ServiceFault, True, True),
    ("SOA-09999", "Consumer", None, Refused, False, False),
]


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_a_fault_is_told_by_code_and_origin_and_leaves_its_ticket(
    site: Any, registration: Make, row: tuple[str, str, bool | None, type[ChannelError], bool, bool]
) -> None:
    code, origin, again, kind, retry, sent = row
    site.service.faults = Faults(fault=Fault(code, origin, again))

    error = registering(site, registration())

    assert (type(error), error.retry, error.sent) == (kind, retry, sent)
    assert (error.ticket.code, error.ticket.origin) == (code, origin)
    assert error.ticket.http_status == 500
    assert error.ticket.ticket
    assert error.ticket.ticket in str(error)
    assert error.ticket.messages == ("The service reports an error.",)
    assert error.hint
    assert site.service.ledger.accepted == ()


def test_another_environment_is_our_own_fault_whatever_it_says(
    site: Any, registration: Make
) -> None:
    site.service.faults = Faults(fault=Fault("SOA-02002", environment="Production"))

    error = registering(site, registration())

    assert type(error) is WrongEnvironment
    assert "Production" in str(error)
    assert error.ticket.code == "SOA-02002"


def test_a_fault_without_an_expected_environment_is_taken_as_it_is(
    site: Any, registration: Make
) -> None:
    site.service.faults = Faults(fault=Fault("SOA-02002", environment="Test"))
    channel = site.channel(environment="")

    assert type(failure(lambda: channel.register([registration()], TIMEOUT_S))) is Unavailable


def test_an_unknown_certificate_is_not_authenticated(site: Any, registration: Make) -> None:
    from agent.sandbox.authority import Authority

    stranger = Authority("somebody else", now=site.clock.now).sender("gate 1")
    channel = site.channel(pair=stranger)

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert type(error) is NotAuthenticated
    assert "certificate" in error.hint


@pytest.mark.parametrize(("minutes", "way"), [(-6, "behind"), (6, "ahead of")])
def test_a_clock_that_is_off_is_named_as_the_cause(
    site: Any, registration: Make, minutes: int, way: str
) -> None:
    off = site.clock.now + dt.timedelta(minutes=minutes)
    channel = site.channel(clock=lambda: off)

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert type(error) is NotAuthenticated
    assert f"it is 360 s {way} the service's" in error.hint


def test_one_poisonous_item_fails_the_batch_and_goes_alone_only_for_itself(
    site: Any, registration: Make
) -> None:
    site.service.faults = Faults(poison=frozenset({BIS}))
    channel = site.channel()
    good, bad = registration("a"), registration("b", inss=BIS)

    for batch in ([good, bad], [bad]):
        error = failure(lambda batch=batch: channel.register(batch, TIMEOUT_S))
        assert (type(error), error.ticket.code) == (Unavailable, "SOA-02001")
    assert site.service.ledger.accepted == ()
    assert channel.register([good], TIMEOUT_S).answers[0].receipt is not None


# --- answers that do not add up --------------------------------------------------------------


def test_an_item_without_an_answer_is_listed(site: Any, registration: Make) -> None:
    site.service.faults = Faults(drop_first=True)

    reply = site.channel().register([registration("a"), registration("b", inss=BIS)], TIMEOUT_S)

    assert [a.reference for a in reply.answers] == ["b"]
    assert reply.missing == ("a",)
    assert reply.stray == ()


def test_the_first_of_two_answers_settles_and_the_second_is_listed(
    site: Any, registration: Make
) -> None:
    site.service.faults = Faults(repeat_first=True)

    reply = site.channel().register([registration("a")], TIMEOUT_S)

    assert [a.receipt.number for a in reply.answers] == [
        str(site.service.ledger.accepted[0].number)
    ]
    assert reply.stray == ("a second answer to a",)
    assert reply.missing == ()


def test_an_answer_to_what_was_never_asked_is_listed(site: Any, registration: Make) -> None:
    site.service.faults = Faults(add_stray=True)

    reply = site.channel().register([registration("a")], TIMEOUT_S)

    assert [a.reference for a in reply.answers] == ["a"]
    assert reply.stray == ("an answer to never-asked, which was never asked",)


def test_an_answer_about_another_worker_is_no_answer(site: Any, registration: Make) -> None:
    site.service.faults = Faults(swap_workers=True)

    reply = site.channel().register([registration("a")], TIMEOUT_S)

    assert reply.answers == ()
    assert reply.missing == ("a",)
    assert reply.stray == ("an answer to a that is about something else",)


@pytest.mark.parametrize("garbled", list(Garbled))
def test_an_answer_that_is_no_answer_may_have_been_carried_out(
    site: Any, registration: Make, garbled: Garbled
) -> None:
    site.service.faults = Faults(garbled=garbled)

    error = registering(site, registration())

    assert (type(error), error.sent, error.retry) == (AnswerUnreadable, True, False)
    assert len(site.service.ledger.accepted) == 1
    assert "root:" not in str(error)


def test_a_wrong_content_type_does_not_hide_a_good_answer(site: Any, registration: Make) -> None:
    site.service.faults = Faults(content_type="text/html")

    assert site.channel().register([registration()], TIMEOUT_S).answers[0].receipt is not None


# --- the wire --------------------------------------------------------------------------------

LOST = [Cut.BEFORE_COMMIT, Cut.BEFORE_HEADERS, Cut.MID_HEADERS, Cut.MID_BODY]


@pytest.mark.parametrize("cut", LOST)
def test_a_cut_connection_is_a_lost_answer_and_sending_again_finds_out(
    site: Any, registration: Make, cut: Cut
) -> None:
    site.service.faults = Faults(cut=cut)
    channel = site.channel()

    error = failure(lambda: channel.register([registration("a")], TIMEOUT_S))
    site.service.faults = Faults()
    again = channel.register([registration("b")], TIMEOUT_S).answers[0].receipt

    assert (type(error), error.sent, error.retry) == (AnswerLost, True, False)
    assert again.duplicate == (cut is not Cut.BEFORE_COMMIT)
    assert len(site.service.ledger.accepted) == 1


def test_a_cut_after_the_whole_answer_loses_nothing(site: Any, registration: Make) -> None:
    site.service.faults = Faults(cut=Cut.AFTER_BODY)
    channel = site.channel()

    assert channel.register([registration("a")], TIMEOUT_S).answers[0].receipt is not None
    another = [registration("b", inss=BIS)]
    try:
        reply = channel.register(another, TIMEOUT_S)
    except AnswerLost:  # it went by the connection of which nobody had heard yet that it was cut
        reply = channel.register(another, TIMEOUT_S)
    assert reply.answers[0].receipt is not None


def test_silence_ends_with_the_time_out(site: Any, registration: Make) -> None:
    site.service.faults = Faults(silent=True)

    error = registering(site, registration(), SHORT_S)

    assert (type(error), error.sent) == (AnswerLost, True)


def test_a_late_answer_was_carried_out(site: Any, registration: Make) -> None:
    site.service.faults = Faults(latency_s=2 * SHORT_S)

    error = registering(site, registration(), SHORT_S)

    assert (type(error), error.sent) == (AnswerLost, True)
    assert len(site.service.ledger.accepted) == 1


@pytest.mark.parametrize("drip", [{"drip_headers_s": 0.05}, {"drip_body_s": 0.05}])
def test_an_answer_that_drips_ends_with_the_time_out(
    site: Any, registration: Make, drip: dict[str, float]
) -> None:
    site.service.faults = Faults(**drip)

    error = registering(site, registration(), SHORT_S)

    assert (type(error), error.sent) == (AnswerLost, True)


def test_a_service_that_takes_no_connection_got_nothing(site: Any, registration: Make) -> None:
    site.service.faults = Faults(unreachable=True)

    error = registering(site, registration())

    assert isinstance(error, NotReached)
    assert (error.sent, error.retry) == (False, True)
    assert site.service.calls == ()


def signed_values(site: Any) -> list[str]:
    """The signature of each message that was to leave."""
    name = "{http://www.w3.org/2000/09/xmldsig#}SignatureValue"
    sent = [etree.fromstring(request.content) for request in site.recorder.requests]
    return [next(message.iter(name)).text for message in sent]


def test_what_was_not_sent_is_sent_again_as_it_was_signed(site: Any, registration: Make) -> None:
    channel = site.channel()
    site.service.faults = Faults(unreachable=True)
    failure(lambda: channel.register([registration()], TIMEOUT_S))
    site.clock.pass_(seconds=20)
    site.service.faults = Faults()

    reply = channel.register([registration()], TIMEOUT_S)

    first, second = signed_values(site)
    assert first == second
    assert [a.receipt is not None for a in reply.answers] == [True]


@pytest.mark.parametrize("seconds", [61, -1], ids=["a minute later", "the clock was set back"])
def test_what_was_signed_at_another_time_is_signed_anew(
    site: Any, registration: Make, seconds: int
) -> None:
    channel = site.channel()
    site.service.faults = Faults(unreachable=True)
    failure(lambda: channel.register([registration()], TIMEOUT_S))
    site.clock.pass_(seconds=seconds)

    failure(lambda: channel.register([registration()], TIMEOUT_S))

    first, second = signed_values(site)
    assert first != second


def test_another_message_is_signed_for_itself(site: Any, registration: Make) -> None:
    channel = site.channel()
    site.service.faults = Faults(unreachable=True)
    for reference in ("tap-1", "tap-2"):
        failure(lambda of=reference: channel.register([registration(reference=of)], TIMEOUT_S))

    first, second = signed_values(site)
    assert first != second


def test_what_a_service_answered_is_never_sent_again_as_it_was(
    site: Any, registration: Make
) -> None:
    channel = site.channel()
    site.service.faults = Faults(status=503)
    for _ in range(2):
        failure(lambda: channel.register([registration()], TIMEOUT_S))

    first, second = signed_values(site)
    assert first != second


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
    site: Any, registration: Make, row: tuple[int, type[ChannelError], bool, bool]
) -> None:
    status, kind, retry, sent = row
    site.service.faults = Faults(status=status)

    error = registering(site, registration())

    assert (type(error), error.retry, error.sent) == (kind, retry, sent)
    assert error.ticket.http_status == status
    assert error.hint


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Tue, 24 Nov 2026 05:59:00 GMT", 60.0),
        ("Tue, 24 Nov 2026 05:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_kept(
    site: Any, registration: Make, status: int, value: str, seconds: float | None
) -> None:
    site.service.faults = Faults(status=status, retry_after=value)

    assert registering(site, registration()).retry_after_s == seconds


def test_a_redirect_is_not_followed(site: Any, registration: Make) -> None:
    site.service.faults = Faults(status=307, redirect_to=f"{site.address}?again")

    error = registering(site, registration())

    assert type(error) is Refused
    assert len(site.service.calls) == 1


def test_a_closed_channel_sends_nothing(site: Any, registration: Make) -> None:
    channel = site.channel()
    channel.close()
    channel.close()

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert isinstance(error, NotReached)
    assert not error.retry
    assert site.service.calls == ()


# --- what nobody may read --------------------------------------------------------------------

TROUBLE = [
    Faults(fault=Fault("SOA-03007", "Consumer", message=f"INSS {JAN} / 85.01.15-123.55 is bad")),
    Faults(garbled=Garbled.MALFORMED),
    Faults(cut=Cut.MID_BODY),
    Faults(cut=Cut.BEFORE_HEADERS),
    Faults(status=500),
    Faults(unreachable=True),
]


@pytest.mark.parametrize("faults", TROUBLE)
def test_no_error_and_no_traceback_holds_a_national_number(
    site: Any, registration: Make, faults: Faults
) -> None:
    site.service.faults = faults

    error = registering(site, registration(f"x{JAN}"))

    told = f"{error!r} {error} {error.hint} {error.ticket!r} "
    told += "".join(traceback.format_exception(error))
    assert JAN not in re.sub(r"\W", "", told)


def test_strays_and_texts_of_errors_are_masked(site: Any, registration: Make) -> None:
    site.service.faults = Faults(repeat_first=True)

    reply = site.channel().register([registration(JAN)], TIMEOUT_S)

    assert reply.stray == ("a second answer to 850115•••55",)
