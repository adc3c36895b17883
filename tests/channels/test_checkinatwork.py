"""The contract of a channel, and what is Checkinatwork's own, against the emulated service."""

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
    ChannelError,
    NotAuthenticated,
    NotAuthorised,
    NotReached,
    Refused,
    Registration,
    Reply,
    ServiceFault,
    Unavailable,
    WrongEnvironment,
)
from agent.channels.checkinatwork import Cancellation, CancelReason, Query
from agent.sandbox.faults import Cut, Fault, Faults, Garbled

Make = Callable[..., Registration]

TIMEOUT_S = 20.0
"""Generous: nothing here is timed."""
SHORT_S = 0.6
"""For what never comes."""
TODAY = dt.date(2026, 11, 24)
JAN, NORA, BIS, LIMOSA = "85011512355", "05011512353", "90231512323", "24910158641968060"
DECLARATION, EMPLOYER, UNKNOWN_EMPLOYER = "1Y1000NF9KCQZ", "0448181966", "0101010157"


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def registering(site: Any, item: Registration, timeout_s: float = TIMEOUT_S) -> ChannelError:
    channel = site.channel()
    return failure(lambda: channel.register([item], timeout_s))


# --- what goes well --------------------------------------------------------------------------


def test_a_registration_gets_the_number_of_the_authority(site: Any, registration: Make) -> None:
    reply = site.channel().register([registration()], TIMEOUT_S)

    (answer,) = reply.answers
    (entry,) = site.service.ledger.accepted
    assert answer.reference == "tap-1"
    assert answer.receipt.number == str(entry.number)
    assert answer.receipt.status == "SUCCESSFULLY REGISTERED"
    assert (reply.missing, reply.stray, answer.errors) == ((), (), ())
    assert entry.submitted.inss == JAN


def test_a_limosa_number_stands_without_a_company(site: Any, registration: Make) -> None:
    item = registration(inss="", employer="", limosa=LIMOSA)

    assert site.channel().register([item], TIMEOUT_S).answers[0].receipt is not None
    assert site.service.ledger.accepted[0].submitted.limosa == LIMOSA


def test_two_hundred_go_in_one_call(site: Any, registration: Make) -> None:
    items = [registration(f"tap-{n}", inss=inss(n)) for n in range(200)]

    reply = site.channel().register(items, TIMEOUT_S)

    assert [a.reference for a in reply.answers] == [f"tap-{n}" for n in range(200)]
    assert len(site.service.ledger.accepted) == 200
    assert len(site.service.calls) == 1


def test_tomorrow_can_be_registered_today(site: Any, registration: Make) -> None:
    tomorrow = TODAY + dt.timedelta(days=1)

    reply = site.channel().register([registration(day=tomorrow)], TIMEOUT_S)

    assert reply.answers[0].receipt is not None
    assert site.service.ledger.accepted[0].submitted.day == tomorrow


def test_the_same_day_twice_is_one_registration_and_two_successes(
    site: Any, registration: Make
) -> None:
    channel = site.channel()
    first = channel.register([registration("a")], TIMEOUT_S).answers[0].receipt
    second = channel.register([registration("b")], TIMEOUT_S).answers[0].receipt

    assert not first.duplicate
    assert second.duplicate
    assert second.number != first.number
    assert len(site.service.ledger.accepted) == 1


def test_each_item_of_a_batch_is_settled_by_itself(site: Any, registration: Make) -> None:
    items = [
        registration("good"),
        registration("company", employer="0448181967"),
        registration("unknown", employer=UNKNOWN_EMPLOYER),
        registration("declaration", declaration="1Y1000NF9KCQ"),
        registration("inss", inss="85011512356"),
        registration("bis", inss=BIS),
    ]

    reply = site.channel().register(items, TIMEOUT_S)

    codes = {a.reference: [e.code for e in a.errors] for a in reply.answers}
    assert codes == {
        "good": [],
        "company": ["2"],
        "unknown": ["3"],
        "declaration": ["4"],
        "inss": ["5"],
        "bis": [],
    }
    assert len(site.service.ledger.accepted) == 2


def test_nothing_is_sent_for_yesterday(site: Any, registration: Make) -> None:
    yesterday = TODAY - dt.timedelta(days=1)

    reply = site.channel().register([registration(day=yesterday)], TIMEOUT_S)

    assert [e.code for e in reply.answers[0].errors] == ["6"]
    assert site.service.calls == ()


def test_the_day_ends_at_midnight_in_brussels(site: Any, registration: Make) -> None:
    site.clock.now = dt.datetime(2026, 11, 24, 22, 59, 59, tzinfo=dt.UTC)
    channel = site.channel()
    assert channel.register([registration("a")], TIMEOUT_S).answers[0].receipt is not None

    site.clock.now = dt.datetime(2026, 11, 24, 23, 0, 0, tzinfo=dt.UTC)
    late = channel.register([registration("b", inss=BIS)], TIMEOUT_S).answers[0]
    assert [e.code for e in late.errors] == ["6"]


def test_the_service_itself_refuses_yesterday_when_our_clock_is_behind(
    site: Any, registration: Make
) -> None:
    site.clock.now = dt.datetime(2026, 11, 24, 23, 0, 10, tzinfo=dt.UTC)
    behind = site.clock.now - dt.timedelta(seconds=20)
    channel = site.channel(clock=lambda: behind)

    answer = channel.register([registration()], TIMEOUT_S).answers[0]

    assert [e.code for e in answer.errors] == ["6"]
    assert len(site.service.calls) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"inss": "8501151235"}, "5"),
        ({"inss": "", "limosa": ""}, "5"),
        ({"employer": ""}, "2"),
        ({"declaration": "1Y1000NF9KCQZZ"}, "4"),
        ({"declaration": ""}, "4"),
        ({"inss": "", "limosa": "L1-2491"}, "5"),
    ],
)
def test_an_item_that_breaks_the_schema_stays_here_and_spoils_no_other(
    site: Any, registration: Make, change: dict[str, str], code: str
) -> None:
    reply = site.channel().register([registration("bad", **change), registration("ok")], TIMEOUT_S)

    answers = {a.reference: a for a in reply.answers}
    assert code in [e.code for e in answers["bad"].errors]
    assert answers["ok"].receipt is not None
    assert site.service.calls[0].references == ("ok",)


@pytest.mark.parametrize("count", [0, 201])
def test_a_call_takes_one_to_two_hundred(site: Any, registration: Make, count: int) -> None:
    items = [registration(f"tap-{n}") for n in range(count)]

    with pytest.raises(ValueError, match="1 to 200"):
        site.channel().register(items, TIMEOUT_S)


def test_two_items_with_one_reference_are_a_mistake_of_ours(site: Any, registration: Make) -> None:
    with pytest.raises(ValueError, match="of its own"):
        site.channel().register([registration("a"), registration("a", inss=BIS)], TIMEOUT_S)


def test_the_servers_date_is_kept_with_every_answer(site: Any, registration: Make) -> None:
    reply = site.channel().register([registration()], TIMEOUT_S)

    assert reply.ticket.server_date == "Tue, 24 Nov 2026 05:58:00 GMT"
    assert reply.ticket.http_status == 200


# --- cancel, search, look up -----------------------------------------------------------------


def registered(site: Any, *items: Registration) -> list[str]:
    reply: Reply = site.channel().register(list(items), TIMEOUT_S)
    return [a.receipt.number for a in reply.answers if a.receipt is not None]


def test_a_cancelled_registration_stands_no_more_and_can_be_made_again(
    site: Any, registration: Make
) -> None:
    (number,) = registered(site, registration("a"))

    reply = site.channel().cancel([Cancellation(number, CancelReason.PLANNING)], TIMEOUT_S)

    assert reply.answers[0].receipt.status == "SUCCESSFULLY CANCELLED"
    assert site.service.ledger.accepted == ()
    assert registered(site, registration("b")) != []
    assert len(site.service.ledger.accepted) == 1


def test_each_cancellation_is_settled_by_itself(site: Any, registration: Make) -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    first, second = registered(site, registration("a"), registration("b", inss=BIS, day=tomorrow))
    (duplicate,) = registered(site, registration("c"))
    channel = site.channel()
    channel.cancel([Cancellation(second, CancelReason.HOLIDAY)], TIMEOUT_S)
    site.clock.pass_(days=1)

    numbers = [first, second, duplicate, "4711"]
    reply = channel.cancel([Cancellation(n, CancelReason.C32A) for n in numbers], TIMEOUT_S)

    codes = {a.reference: [e.code for e in a.errors] for a in reply.answers}
    assert codes == {first: ["9"], second: ["8"], duplicate: ["10"], "4711": ["7"]}


def test_who_did_not_register_may_not_cancel(site: Any, registration: Make) -> None:
    (number,) = registered(site, registration())
    other = site.channel(pair=site.senders.sender("gate 2"))

    reply = other.cancel([Cancellation(number, CancelReason.DISEASE)], TIMEOUT_S)

    assert [e.code for e in reply.answers[0].errors] == ["1"]
    assert "DISEASE" not in repr(Cancellation(number, CancelReason.DISEASE))


def test_a_search_finds_what_was_registered_by_our_reference(site: Any, registration: Make) -> None:
    registered(site, registration("a"), registration("b", inss="", employer="", limosa=LIMOSA))

    found = site.channel().search(Query(DECLARATION, TODAY, TODAY), TIMEOUT_S)

    assert [(f.reference, f.day, f.employer) for f in found] == [
        ("a", TODAY, EMPLOYER),
        ("b", TODAY, ""),
    ]
    assert found[0].created == site.clock.now
    assert JAN not in repr(found)
    assert LIMOSA not in repr(found)


def test_a_search_pages_through_all_there_is(site: Any, registration: Make) -> None:
    channel = site.channel()
    for batch in range(3):
        items = [registration(f"{batch}-{n}", inss=inss(200 * batch + n)) for n in range(200)]
        channel.register(items, TIMEOUT_S)

    found = channel.search(Query(DECLARATION, TODAY, TODAY, employer=EMPLOYER), TIMEOUT_S)

    assert len({f.receipt.number for f in found}) == 600
    assert [c.operation for c in site.service.calls[3:]] == ["searchPresences"] * 2


def test_a_search_sees_no_other_site_firm_or_day(site: Any, registration: Make) -> None:
    registered(site, registration())
    channel = site.channel()
    tomorrow = TODAY + dt.timedelta(days=1)

    assert channel.search(Query("1Y1000NF9KCQA", TODAY, TODAY), TIMEOUT_S) == ()
    assert channel.search(Query(DECLARATION, tomorrow, tomorrow), TIMEOUT_S) == ()
    other = Query(DECLARATION, TODAY, TODAY, employer=UNKNOWN_EMPLOYER)
    assert channel.search(other, TIMEOUT_S) == ()


@pytest.mark.parametrize("days", [-1, 31])
def test_a_search_spans_one_to_thirty_one_days(site: Any, days: int) -> None:
    query = Query(DECLARATION, TODAY, TODAY + dt.timedelta(days=days))

    with pytest.raises(ValueError, match="1 to 31"):
        site.channel().search(query, TIMEOUT_S)


def test_an_account_that_may_not_search_is_told_so(site: Any, registration: Make) -> None:
    registered(site, registration())
    site.service.faults = Faults(search_refused=True)
    channel = site.channel()

    error = failure(lambda: channel.search(Query(DECLARATION, TODAY, TODAY), TIMEOUT_S))

    assert type(error) is NotAuthorised
    assert error.ticket.code == "SOA-01002"
    assert channel.register([registration("b", inss=BIS)], TIMEOUT_S).answers[0].receipt


def test_validation_is_read_back_hours_later(site: Any, registration: Make) -> None:
    good, bad = registered(site, registration("a"), registration("b", inss=NORA))
    channel = site.channel()
    assert channel.look_up(good, TIMEOUT_S).receipt.status == "SUCCESSFULLY REGISTERED"

    site.clock.pass_(hours=2)

    assert channel.look_up(good, TIMEOUT_S).receipt.status == "VALIDATED"
    failed = channel.look_up(bad, TIMEOUT_S)
    assert failed.receipt.status == "FAILED"
    assert failed.receipt.remarks == ("RELATED DIMONA NOT OK",)
    assert not failed.receipt.duplicate
    assert failed.reference == "b"


def test_a_number_that_nobody_got_leads_to_nothing(site: Any) -> None:
    assert site.channel().look_up("4711", TIMEOUT_S) is None


@pytest.mark.parametrize("number", ["", "0", "12a", "1234567890123456", "١٢"])
def test_what_is_no_receipt_number_is_not_asked(site: Any, number: str) -> None:
    with pytest.raises(ValueError, match="1 to 15 digits"):
        site.channel().look_up(number, TIMEOUT_S)


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
    assert channel.register([registration("b", inss=BIS)], TIMEOUT_S).answers[0].receipt is not None


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


def inss(n: int) -> str:
    """The n-th made-up number."""
    nine = 850101000 + n
    return f"{nine}{97 - nine % 97:02d}"
