"""An inquiry: put through a channel like a registration, within its time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from agent.channels.base import NotAuthorised, NotReached, Reply, Unavailable
from agent.channels.delivery import Delivery, Post
from agent.core.commands import Inquire
from agent.core.delivery.inquiries import (
    AskAfter,
    Cancel,
    Cancellation,
    CancelReason,
    Found,
    LookUp,
    Query,
    Question,
    Results,
    Search,
)
from agent.core.delivery.registrations import Answer, Receipt, Registration
from agent.core.events import InquiryEnded
from agent.sandbox.virtual import VirtualClock

TODAY = dt.date(2026, 11, 24)
QUERY = Query("1Y1000NF9KCQZ", TODAY, TODAY)
UNTIL_MS = 60_000


class Knowing:
    """A channel that knows receipts 1 to 3, and fails first as it is told."""

    name = "ciaw"
    abilities = frozenset()

    def __init__(self, clock: VirtualClock, *failures: Exception, takes_s: float = 0) -> None:
        self.calls = 0
        self._clock = clock
        self._failures = list(failures)
        self._takes_s = takes_s

    def prepare(self) -> None:
        pass

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        raise AssertionError("nothing is registered here")

    def search(self, query: Query, timeout_s: float) -> Results:
        self._call(timeout_s)
        assert query == QUERY
        found = tuple(Found(Receipt(str(n)), f"j-{n}") for n in (1, 2, 3))
        return Results(found, cut_short=True)

    def look_up(self, number: str, timeout_s: float) -> Found | None:
        self._call(timeout_s)
        return Found(Receipt(number)) if int(number) <= 3 else None

    def ask_after(self, reference: str, timeout_s: float) -> Answer | None:
        self._call(timeout_s)
        return Answer(reference, handed_over=True) if reference == "j-1" else None

    def cancel(self, cancellations: Sequence[Cancellation], timeout_s: float) -> Reply:
        self._call(timeout_s)
        answers = tuple(Answer(c.number, Receipt(c.number)) for c in cancellations[:1])
        return Reply(answers, missing=tuple(c.number for c in cancellations[1:]))

    def close(self) -> None:
        pass

    def _call(self, timeout_s: float) -> None:
        self.calls += 1
        assert 0 < timeout_s <= 20
        self._clock.sleep(self._takes_s)
        if self._failures:
            raise self._failures.pop(0)


def asked(
    question: Question, *failures: Exception, takes_s: float = 0
) -> tuple[Knowing, InquiryEnded]:
    clock = VirtualClock(0)
    channel = Knowing(clock, *failures, takes_s=takes_s)
    delivery = Delivery({"ciaw": Post(channel, 20.0)}, clock, random.Random(1))
    ended: list[InquiryEnded | None] = []
    inquire = Inquire(7, "ciaw", question, UNTIL_MS)
    clock.aside(lambda: ended.append(delivery.inquire(inquire)))
    assert ended[0] is not None
    return channel, ended[0]


def test_a_search_brings_all_that_was_found() -> None:
    _, ended = asked(Search(QUERY))
    assert (ended.inquiry, ended.channel, ended.failure) == (7, "ciaw", None)
    assert [found.reference for found in ended.found] == ["j-1", "j-2", "j-3"]


def test_what_is_looked_up_and_not_there_is_missing() -> None:
    channel, ended = asked(LookUp(("1", "9", "3")))
    assert [found.receipt.number for found in ended.found] == ["1", "3"]
    assert (ended.missing, channel.calls, ended.calls) == (("9",), 3, 3)


def test_what_was_handed_over_is_answered_or_not_known_to_the_supplier() -> None:
    _, ended = asked(AskAfter(("j-1", "j-2")))
    assert [(a.reference, a.handed_over) for a in ended.answers] == [("j-1", True)]
    assert ended.missing == ("j-2",)


def test_a_cancellation_is_answered_by_receipt_number() -> None:
    wanted = tuple(Cancellation(n, CancelReason.PLANNING) for n in ("1", "2"))
    _, ended = asked(Cancel(wanted))
    assert [answer.reference for answer in ended.answers] == ["1"]
    assert ended.missing == ("2",)


def test_a_failure_in_the_middle_keeps_what_came_before_it() -> None:
    class Tiring(Knowing):
        def look_up(self, number: str, timeout_s: float) -> Found | None:
            if number == "2":
                raise NotAuthorised("not for you")
            return super().look_up(number, timeout_s)

    clock = VirtualClock(0)
    delivery = Delivery({"ciaw": Post(Tiring(clock), 20.0)}, clock, random.Random(1))
    ended = delivery.inquire(Inquire(1, "ciaw", LookUp(("1", "2", "3")), UNTIL_MS))
    assert ended is not None
    assert [found.receipt.number for found in ended.found] == ["1"]
    assert ended.failure is not None
    assert (ended.failure.kind, ended.failure.hopeless) == ("NotAuthorised", True)
    assert ended.missing == ()


def test_a_question_is_repeated_like_a_registration() -> None:
    channel, ended = asked(Search(QUERY), NotReached("no route"), Unavailable("later"))
    assert (channel.calls, ended.calls, ended.failure) == (3, 3, None)


def test_what_time_does_not_suffice_for_is_left_out() -> None:
    channel, ended = asked(LookUp(("1", "2", "3")), takes_s=30)
    assert channel.calls == 2
    assert [found.receipt.number for found in ended.found] == ["1", "2"]
    assert (ended.missing, ended.failure) == ((), None)


def test_once_the_agent_stops_no_further_question_is_put() -> None:
    class Stopping(VirtualClock):
        def sleep(self, seconds: float) -> bool:
            return True

    clock = Stopping(0)
    channel = Knowing(clock)
    delivery = Delivery({"ciaw": Post(channel, 20.0)}, clock, random.Random(1))
    assert delivery.inquire(Inquire(1, "ciaw", LookUp(("1", "2")), UNTIL_MS)) is None
    assert channel.calls == 1
