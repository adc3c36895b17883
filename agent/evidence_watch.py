"""When to measure what: little and in turn in peace, all of it when a delivery fails.

In peace what costs no traffic is measured every minute, one anchor a minute over the next uplink in
turn, the names every five and each channel every fifteen unless a delivery has just proved it:
under 100 kB an hour, and the last value is never old when something fails. In trouble all is
measured each minute, and nothing of peace, so that every layer is of the same minute.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from agent.core.events import Event, Measured
from agent.core.moment import Moment
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Layer, Measurement, Reading
from agent.seams import Clock, Gauges, Inbox, Round, Work

EVERY_MS = {
    Round.HERE: 60_000,
    Round.ANCHOR: 60_000,
    Round.NAMES: 300_000,
    Round.CHANNEL: 900_000,
}
"""In peace."""
IN_TROUBLE_MS = 60_000
"""Between the beginnings of two full rounds while something cannot be delivered."""
TROUBLE_LASTS_MS = 1_200_000
"""After the last failure that was heard of: four of the longest pauses between two attempts."""

_Due = tuple[Round, str]


class EvidenceWatch:
    """Starts the rounds of `gauges` as jobs; what they measure is put into the inbox."""

    def __init__(
        self,
        gauges: Gauges,
        channels: Sequence[str],
        clock: Clock,
        inbox: Inbox[Event],
        work: Work,
    ) -> None:
        self._gauges = gauges
        self._clock = clock
        self._inbox = inbox
        self._work = work
        rounds: list[_Due] = [(what, "") for what in EVERY_MS if what is not Round.CHANNEL]
        rounds += [(Round.CHANNEL, name) for name in channels]
        self._due_ms: dict[_Due, int] = dict.fromkeys(rounds, 0)
        self._trouble_until_ms = 0
        self._all_due_ms: int | None = None
        self._before: dict[tuple[Layer, str], Moment] = {}
        self._peaceful = threading.Lock()
        self._full = threading.Lock()

    def due_ms(self, now: Moment) -> int:
        """How many ms until the next look."""
        if self._all_due_ms is not None:
            due, busy = self._all_due_ms, self._full
        else:
            due, busy = min(self._due_ms.values()), self._peaceful
        # A round that ends wakes the loop by what it has measured.
        return IN_TROUBLE_MS if busy.locked() else max(0, due - now.mono_ms)

    def look(self, now: Moment) -> None:
        """Starts what is due, unless the round before is still at it."""
        if self._all_due_ms is None:
            self._in_peace(now)
        elif self._all_due_ms <= now.mono_ms and self._full.acquire(blocking=False):
            troubled = now.mono_ms < self._trouble_until_ms
            self._all_due_ms = now.mono_ms + IN_TROUBLE_MS if troubled else None
            self._begin(self._full, [(Round.ALL, "")])

    def _in_peace(self, now: Moment) -> None:
        due = [each for each, at in self._due_ms.items() if at <= now.mono_ms]
        if due and self._peaceful.acquire(blocking=False):
            for what, of in due:
                self._due_ms[what, of] = now.mono_ms + EVERY_MS[what]
            self._begin(self._peaceful, due)

    def failed(self, now: Moment) -> None:
        """A delivery failed: all of it is measured at once, and each minute from now on."""
        if now.mono_ms >= self._trouble_until_ms:
            self._all_due_ms = now.mono_ms
        self._trouble_until_ms = now.mono_ms + TROUBLE_LASTS_MS

    def delivered(self, channel: str, now: Moment) -> None:
        """A delivery went through: that channel need not be tried by itself for a while."""
        self._trouble_until_ms, self._all_due_ms = 0, None
        if (Round.CHANNEL, channel) in self._due_ms:
            self._due_ms[Round.CHANNEL, channel] = now.mono_ms + EVERY_MS[Round.CHANNEL]

    def measure(self, now: Moment) -> None:
        """Measures all there is, now; after the full round under way, if there is one."""
        self._all_due_ms = now.mono_ms

    def mains(self, present: bool | None, now: Moment) -> None:
        """The sensor says this; None: it does not work."""
        self._gauges.mains = UNKNOWN if present is None else WELL if present else FAILING
        self._due_ms[Round.HERE, ""] = now.mono_ms
        self._inbox.put(Measured(now, ()))  # wakes the loop

    @property
    def mains_seen(self) -> Reading:
        """What the sensor said last."""
        return self._gauges.mains

    def _begin(self, busy: threading.Lock, rounds: Sequence[_Due]) -> None:
        self._work.start("evidence", partial(self._measure, busy, rounds))

    def _measure(self, busy: threading.Lock, rounds: Sequence[_Due]) -> None:
        """In peace one event for all of it; in trouble each as soon as it is known."""
        last: list[Measurement] = []
        began, whole = self._clock.now(), None
        try:
            for what, of in rounds:
                for measurement in self._gauges.take(what, of):
                    last.append(self._dated(measurement))
                    if what is Round.ALL:
                        self._inbox.put(Measured(self._clock.now(), (last.pop(),)))
            whole = began if (Round.ALL, "") in rounds else None
        finally:
            busy.release()  # first: what is put now wakes the loop for the next round
            self._inbox.put(Measured(self._clock.now(), tuple(last), whole))

    def _dated(self, measurement: Measurement) -> Measurement:
        key = (measurement.layer, measurement.of)
        before = self._before.get(key)
        self._before[key] = measurement.at
        return replace(measurement, before=before)
