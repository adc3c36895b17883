"""The ways out: which is busy, which rests, and what to send by which.

A line is one configured channel. It carries one attempt at a time; what is tapped meanwhile
goes together in the next. A line that failed rests, and the next one of the same duty, in the
configured order, takes over while it does.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core.moment import Moment
from agent.core.obligations import Ledger, Obligation
from agent.core.records import AttemptEnded, AttemptStarted, DayBegan, Entry
from agent.core.rules import Line, Rules


@dataclass(frozen=True, slots=True)
class Way:
    """How a line stands: its attempt in flight (0: idle), failed bursts in a row, rest until."""

    attempt: int = 0
    failures: int = 0
    rests_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Every line by name, and how many attempts were ever numbered."""

    ways: Mapping[str, Way] = field(default_factory=dict)
    attempts: int = 0
    seqs: Mapping[int, int] = field(default_factory=dict)
    """By attempt in flight: the entry that started it."""

    def way(self, name: str) -> Way:
        """How this line stands."""
        return self.ways.get(name, Way())


def next_load(
    dispatch: Dispatch, ledger: Ledger, rules: Rules, now: Moment
) -> tuple[Line, tuple[Obligation, ...]] | None:
    """What to send now and by which line; None while there is nothing, or no way for it."""
    days = _sendable(now, rules)
    for duty in dict.fromkeys(line.duty for line in rules.lines):
        line = _free_line(dispatch, duty, rules, now)
        if line is None:
            continue
        owed = (o for o in ledger.waiting_on(days) if o.duty == duty)
        load = tuple(itertools.islice(owed, line.batch))
        if load:
            return line, load
    return None


def _sendable(now: Moment, rules: Rules) -> tuple[dt.date, dt.date]:
    """Today and tomorrow: nothing is ever sent for yesterday (DOMAIN.md, section 5.6)."""
    today = rules.day(now)
    return today, today + dt.timedelta(days=1)


def _free_line(dispatch: Dispatch, duty: str, rules: Rules, now: Moment) -> Line | None:
    for line in rules.lines:
        if line.duty != duty:
            continue
        way = dispatch.way(line.name)
        if way.attempt:
            return None
        if way.rests_until_ms <= now.mono_ms:
            return line
    return None


def due_ms(dispatch: Dispatch, ledger: Ledger, now: Moment) -> int | None:
    """Monotonic time in ms at which a resting line may be tried for what waits."""
    if not ledger.waiting:
        return None
    rests = [w.rests_until_ms for w in dispatch.ways.values() if w.rests_until_ms > now.mono_ms]
    return min(rests, default=None)


def apply(dispatch: Dispatch, entry: Entry) -> Dispatch:
    """The lines after this entry."""
    match entry.record:
        case AttemptStarted(attempt, channel):
            way = replace(dispatch.way(channel), attempt=attempt)
            return Dispatch(
                {**dispatch.ways, channel: way},
                max(dispatch.attempts, attempt),
                {**dispatch.seqs, attempt: entry.seq},
            )
        case AttemptEnded() as ended:
            before = dispatch.way(ended.channel)
            failures = before.failures + 1 if ended.failure else 0
            rests = entry.at.mono_ms + ended.pause_ms if ended.pause_ms else 0
            return replace(
                dispatch,
                ways={**dispatch.ways, ended.channel: Way(0, failures, rests)},
                seqs={n: seq for n, seq in dispatch.seqs.items() if n != ended.attempt},
            )
        case DayBegan() as began:
            return replace(
                dispatch,
                ways=_fresh(dispatch),
                attempts=max(dispatch.attempts, began.attempts),
            )
    return dispatch


def rested(dispatch: Dispatch) -> Dispatch:
    """The lines after a start: nothing rests, since monotonic time began anew."""
    return replace(dispatch, ways=_fresh(dispatch))


def _fresh(dispatch: Dispatch) -> dict[str, Way]:
    return {name: Way(way.attempt) for name, way in dispatch.ways.items() if way.attempt}
