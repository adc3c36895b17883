"""When what is measured: little in peace, all of it in trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from agent.core.events import Event, Measured
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Link, Measurement, Reading
from agent.evidence_watch import EvidenceWatch
from agent.sandbox.virtual import VirtualClock, VirtualInbox, VirtualWork
from agent.seams import Round

MINUTE_MS = 60_000


@dataclass(slots=True)
class Noting:
    """Gauges that note when they were asked, and measure a cable."""

    clock: VirtualClock
    asked: list[tuple[int, Round, str]] = field(default_factory=list)
    mains: Reading = UNKNOWN

    def take(self, what: Round, of: str = "") -> Iterator[Measurement]:
        self.asked.append((self.clock.true_ms, what, of))
        yield Measurement(self.clock.now(), Link(carrier=WELL), "uplink")


class Gate:
    """The watch, and a loop that does nothing but look."""

    def __init__(self) -> None:
        self.clock = VirtualClock(1_795_500_000_000)
        self.inbox: VirtualInbox[Event] = VirtualInbox(self.clock)
        self.gauges = Noting(self.clock)
        work = VirtualWork(self.clock)
        self.watch = EvidenceWatch(self.gauges, ("rsz",), self.clock, self.inbox, work)
        self.heard: list[Event] = []

    def run_until(self, true_ms: int) -> None:
        self.inbox.horizon_ms = true_ms
        while self.clock.true_ms < true_ms:
            self.watch.look(self.clock.now())
            event = self.inbox.take(self.watch.due_ms(self.clock.now()) / 1000)
            if event is not None:
                self.heard.append(event)

    def asked(self) -> Counter[Round]:
        return Counter(what for _, what, _ in self.gauges.asked)


def test_an_hour_of_peace_measures_little_and_in_turn() -> None:
    gate = Gate()
    gate.run_until(60 * MINUTE_MS)
    assert gate.asked() == {Round.HERE: 60, Round.ANCHOR: 60, Round.NAMES: 12, Round.CHANNEL: 4}
    assert {of for _, what, of in gate.gauges.asked if what is Round.CHANNEL} == {"rsz"}


def test_a_failed_delivery_measures_all_at_once_and_each_minute_after() -> None:
    gate = Gate()
    gate.run_until(MINUTE_MS // 2)
    gate.watch.failed(gate.clock.now())
    gate.run_until(5 * MINUTE_MS)
    after = [(at, what) for at, what, _ in gate.gauges.asked if at >= MINUTE_MS // 2]
    minutes = (0.5, 1.5, 2.5, 3.5, 4.5)
    assert after == [(round(minute * MINUTE_MS), Round.ALL) for minute in minutes]


def test_a_delivery_brings_peace_back_and_spares_its_channel() -> None:
    gate = Gate()
    gate.watch.failed(gate.clock.now())
    gate.run_until(MINUTE_MS // 2)
    gate.watch.delivered("rsz", gate.clock.now())
    gate.run_until(15 * MINUTE_MS)
    assert gate.asked()[Round.ALL] == 1
    assert gate.asked()[Round.CHANNEL] == 0
    gate.run_until(16 * MINUTE_MS)
    assert gate.asked()[Round.CHANNEL] == 1


def test_trouble_that_nothing_is_heard_of_any_more_ends() -> None:
    gate = Gate()
    gate.watch.failed(gate.clock.now())
    gate.run_until(90 * MINUTE_MS)
    assert 18 <= gate.asked()[Round.ALL] <= 22
    assert gate.asked()[Round.HERE] > 60


def test_each_measurement_says_when_the_same_was_measured_before() -> None:
    gate = Gate()
    gate.run_until(3 * MINUTE_MS)
    told = [m for event in gate.heard if isinstance(event, Measured) for m in event.measurements]
    assert told[0].before is None
    assert all(m.before == earlier.at for earlier, m in pairwise(told))


def test_what_the_mains_sensor_says_is_measured_at_once() -> None:
    gate = Gate()
    gate.run_until(MINUTE_MS // 2)
    gate.watch.mains(False, gate.clock.now())
    gate.run_until(MINUTE_MS // 2 + 1000)
    assert gate.watch.mains_seen is FAILING
    assert gate.gauges.asked[-1] == (MINUTE_MS // 2, Round.HERE, "")
    gate.watch.mains(None, gate.clock.now())
    assert gate.watch.mains_seen is UNKNOWN
