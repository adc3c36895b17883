"""The contract of a channel, and what is Checkinatwork's own, against the emulated service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from agent.channels.base import (
    ChannelError,
    NotAuthorised,
    Registration,
    Reply,
)
from agent.channels.checkinatwork import Cancellation, CancelReason, Query
from agent.core.delivery.inquiries import Results
from agent.sandbox.faults import Faults

Make = Callable[..., Registration]

TIMEOUT_S = 20.0
"""Generous: nothing here is timed."""
TODAY = dt.date(2026, 11, 24)
JAN, NORA, BIS, LIMOSA = "85011512355", "05011512353", "90231512323", "24910158641968060"
DECLARATION, EMPLOYER, UNKNOWN_EMPLOYER = "1Y1000NF9KCQZ", "0448181966", "0101010157"


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


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

    found = site.channel().search(Query(DECLARATION, TODAY, TODAY), TIMEOUT_S).found

    assert [(f.reference, f.day, f.employer) for f in found] == [
        ("a", TODAY, EMPLOYER),
        ("b", TODAY, ""),
    ]
    assert found[0].created == site.clock.now
    assert JAN not in repr(found)
    assert LIMOSA not in repr(found)


@pytest.mark.parametrize(("there", "listed", "cut_short"), [(499, 499, False), (520, 500, True)])
def test_a_search_says_whether_it_lists_all_there_is(
    site: Any, registration: Make, there: int, listed: int, cut_short: bool
) -> None:
    channel = site.channel()
    items = [registration(f"b-{n}", inss=inss(n)) for n in range(there)]
    for first in range(0, there, 200):
        channel.register(items[first : first + 200], TIMEOUT_S)

    results = channel.search(Query(DECLARATION, TODAY, TODAY, employer=EMPLOYER), TIMEOUT_S)

    assert len({f.receipt.number for f in results.found}) == listed
    assert results.cut_short is cut_short


def test_a_search_sees_no_other_site_firm_or_day(site: Any, registration: Make) -> None:
    registered(site, registration())
    channel = site.channel()
    tomorrow = TODAY + dt.timedelta(days=1)

    assert channel.search(Query("1Y1000NF9KCQA", TODAY, TODAY), TIMEOUT_S) == Results()
    assert channel.search(Query(DECLARATION, tomorrow, tomorrow), TIMEOUT_S) == Results()
    other = Query(DECLARATION, TODAY, TODAY, employer=UNKNOWN_EMPLOYER)
    assert channel.search(other, TIMEOUT_S) == Results()


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


def inss(n: int) -> str:
    """The n-th made-up number."""
    nine = 850101000 + n
    return f"{nine}{97 - nine % 97:02d}"
