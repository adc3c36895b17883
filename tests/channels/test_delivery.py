"""A burst: repeated only while nothing can have been carried out."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Sequence

import pytest

from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    ChannelError,
    NotAuthenticated,
    NotReached,
    Refused,
    Reply,
    Unavailable,
)
from agent.channels.delivery import Delivery, Post
from agent.core.commands import Send
from agent.core.delivery.registrations import Answer, Receipt, Registration, Ticket
from agent.core.events import BurstEnded
from agent.evidence.clock import SystemClock
from agent.sandbox.virtual import VirtualClock

ASKED = (Registration("j-1", dt.date(2026, 11, 24), "1Y1000NF9KCQZ"),)
BURST_MS = 60_000


class Scripted:
    """A channel that fails as it is told, then answers; a real one stands in test_site.py."""

    name = "ciaw"

    def __init__(self, clock: VirtualClock, *failures: Exception) -> None:
        self.calls = 0
        self.starts_ms: list[int] = []
        self._clock = clock
        self._failures = list(failures)

    def prepare(self) -> None:
        pass

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        self.calls += 1
        self.starts_ms.append(self._clock.now().mono_ms)
        assert 0 < timeout_s <= 20
        if self._failures:
            raise self._failures.pop(0)
        return Reply(tuple(Answer(r.reference, Receipt("1")) for r in registrations))

    def close(self) -> None:
        pass


def burst(*failures: Exception) -> tuple[Scripted, BurstEnded]:
    clock = VirtualClock(0)
    channel = Scripted(clock, *failures)
    delivery = Delivery({"ciaw": Post(channel, 20.0)}, clock, random.Random(1))
    ended: list[BurstEnded | None] = []
    clock.aside(lambda: ended.append(delivery.burst(Send(1, "ciaw", ASKED, BURST_MS))))
    assert ended[0] is not None
    return channel, ended[0]


def test_a_service_that_could_not_be_reached_is_tried_again_in_the_same_burst() -> None:
    channel, ended = burst(NotReached("no route"), Unavailable("later"))
    assert (channel.calls, ended.calls) == (3, 3)
    assert ended.failure is None
    assert [answer.reference for answer in ended.answers] == ["j-1"]


@pytest.mark.parametrize("error", [AnswerLost, AnswerUnreadable])
def test_an_answer_that_was_lost_ends_the_burst_and_leaves_it_unsure(
    error: type[ChannelError],
) -> None:
    channel, ended = burst(error("cut"))
    assert channel.calls == 1
    assert ended.failure is not None
    assert ended.failure.unsure


@pytest.mark.parametrize("error", [Refused, NotAuthenticated])
def test_what_retrying_cannot_mend_ends_the_burst_as_hopeless(error: type[ChannelError]) -> None:
    channel, ended = burst(error("no"))
    assert channel.calls == 1
    assert ended.failure is not None
    assert (ended.failure.hopeless, ended.failure.unsure) == (True, False)


def test_a_burst_is_over_in_its_time_however_often_it_fails() -> None:
    channel, ended = burst(*(NotReached("no route") for _ in range(1000)))
    assert ended.failure is not None
    assert channel.calls > 3
    assert channel.starts_ms[-1] < BURST_MS


def test_retry_after_is_waited_for_within_the_burst() -> None:
    channel, _ = burst(Unavailable("busy", retry_after_s=12))
    assert channel.starts_ms[1] >= 12_000


def test_a_retry_after_beyond_the_burst_is_left_to_the_plan() -> None:
    channel, ended = burst(Unavailable("busy", retry_after_s=600))
    assert channel.calls == 1
    assert ended.failure is not None
    assert ended.failure.retry_after_ms == 600_000


def test_a_defect_of_a_channel_does_not_stop_the_gate() -> None:
    _, ended = burst(ZeroDivisionError("x"))
    assert ended.failure is not None
    assert (ended.failure.kind, ended.failure.unsure) == ("Defect", True)


def test_once_the_agent_stops_no_attempt_is_made() -> None:
    class Stopping(VirtualClock):
        def sleep(self, seconds: float) -> bool:
            return True

    clock = Stopping(0)
    channel = Scripted(clock, NotReached("no route"))
    delivery = Delivery({"ciaw": Post(channel, 20.0)}, clock, random.Random(1))
    assert delivery.burst(Send(1, "ciaw", ASKED, BURST_MS)) is None
    assert channel.calls == 1


@pytest.mark.parametrize(
    ("error", "of_content"),
    [
        (Unavailable("the service asks to wait (503)", ticket=Ticket(503)), False),
        (Unavailable("SOA-02001", ticket=Ticket(500, code="SOA-02001")), True),
        (Refused("SOA-03006", ticket=Ticket(500, code="SOA-03006")), True),
        (NotReached("no route"), False),
    ],
)
def test_only_who_has_read_a_call_refuses_it_for_what_is_in_it(
    error: ChannelError, of_content: bool
) -> None:
    _, ended = burst(*[error] * 99)
    assert ended.failure is not None
    assert ended.failure.whole is of_content


def test_a_stop_ends_the_wait_between_two_attempts_within_a_second() -> None:
    clock = SystemClock(believed=True)
    channel = Refusing()
    delivery = Delivery({"ciaw": Post(channel, 20.0)}, clock, random.Random(1))
    until_ms = clock.now().mono_ms + BURST_MS
    burst = threading.Thread(target=lambda: delivery.burst(Send(1, "ciaw", ASKED, until_ms)))
    burst.start()
    channel.called.wait(5)
    clock.stop()
    burst.join(1.0)
    assert not burst.is_alive()
    assert channel.calls == 1


class Refusing(Scripted):
    """A channel that is never reached, and says when it was called."""

    def __init__(self) -> None:
        super().__init__(VirtualClock(0))
        self.called = threading.Event()

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        self.calls += 1
        self.called.set()
        raise NotReached("no route", retry_after_s=30)


def test_a_service_that_answers_not_now_three_times_is_left_to_the_plan() -> None:
    channel, ended = burst(*(Unavailable("busy") for _ in range(10)))
    assert channel.calls == 3
    assert ended.failure is not None
    assert not ended.failure.hopeless
