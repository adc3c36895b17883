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

from agent.core.inquiries import Ability
from agent.core.inquiry_records import InquiryBegan, InquiryClosed
from agent.core.moment import Moment
from agent.core.obligations import Ledger, Obligation
from agent.core.records import AttemptEnded, AttemptStarted, DayBegan, Entry
from agent.core.rules import Line, Rules


@dataclass(frozen=True, slots=True)
class Way:
    """How a line stands: its attempt and inquiry in flight (0: none), failed bursts in a row, rest
    until.

    `refuses`: what it may not be asked. `closed_ms`: when it last answered an inquiry of a kind,
    well or not (monotonic).
    """

    attempt: int = 0
    inquiry: int = 0
    failures: int = 0
    rests_until_ms: int = 0
    refuses: frozenset[Ability] = frozenset()
    closed_ms: Mapping[Ability, int] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """True while it carries a call."""
        return bool(self.attempt or self.inquiry)


@dataclass(frozen=True, slots=True)
class Asked:
    """An inquiry in flight, and the entry that began it."""

    seq: int
    began: InquiryBegan


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Every line by name, and how many attempts and inquiries were ever numbered."""

    ways: Mapping[str, Way] = field(default_factory=dict)
    attempts: int = 0
    seqs: Mapping[int, int] = field(default_factory=dict)
    """By attempt in flight: the entry that started it."""
    inquiries: int = 0
    asked: Mapping[int, Asked] = field(default_factory=dict)
    """By inquiry in flight."""

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
        if way.busy:
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
            return replace(
                dispatch,
                ways={**dispatch.ways, channel: way},
                attempts=max(dispatch.attempts, attempt),
                seqs={**dispatch.seqs, attempt: entry.seq},
            )
        case AttemptEnded() as ended:
            before = dispatch.way(ended.channel)
            failures = before.failures + 1 if ended.failure else 0
            rests = entry.at.mono_ms + ended.pause_ms if ended.pause_ms else 0
            return replace(
                dispatch,
                ways={
                    **dispatch.ways,
                    ended.channel: replace(
                        before, attempt=0, failures=failures, rests_until_ms=rests
                    ),
                },
                seqs={n: seq for n, seq in dispatch.seqs.items() if n != ended.attempt},
            )
        case InquiryBegan() as began:
            way = replace(dispatch.way(began.channel), inquiry=began.inquiry)
            return replace(
                dispatch,
                ways={**dispatch.ways, began.channel: way},
                inquiries=max(dispatch.inquiries, began.inquiry),
                asked={**dispatch.asked, began.inquiry: Asked(entry.seq, began)},
            )
        case InquiryClosed() as closed:
            return _closed(dispatch, entry, closed)
        case DayBegan() as day:
            return replace(
                dispatch,
                ways=_fresh(dispatch),
                attempts=max(dispatch.attempts, day.attempts),
                inquiries=max(dispatch.inquiries, day.inquiries),
            )
    return dispatch


def _closed(dispatch: Dispatch, entry: Entry, closed: InquiryClosed) -> Dispatch:
    """A line that may not be asked such a thing is not the worse for it."""
    before = dispatch.way(closed.channel)
    failed = closed.failure and not closed.hopeless
    way = replace(
        before,
        inquiry=0,
        failures=before.failures + 1 if failed else before.failures if closed.failure else 0,
        rests_until_ms=entry.at.mono_ms + closed.pause_ms if closed.pause_ms else 0,
        refuses=before.refuses | ({closed.asks} if closed.hopeless else set()),
        closed_ms={**before.closed_ms, closed.asks: entry.at.mono_ms},
    )
    return replace(
        dispatch,
        ways={**dispatch.ways, closed.channel: way},
        asked={n: asked for n, asked in dispatch.asked.items() if n != closed.inquiry},
    )


def rested(dispatch: Dispatch) -> Dispatch:
    """The lines after a start: nothing rests, since monotonic time began anew."""
    return replace(dispatch, ways=_fresh(dispatch))


def _fresh(dispatch: Dispatch) -> dict[str, Way]:
    return {n: Way(way.attempt, way.inquiry) for n, way in dispatch.ways.items() if way.busy}
