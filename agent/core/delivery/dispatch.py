"""How the ways out stand: what each carries, how it failed, how it recovers. Only what happened.

A line is one configured channel. It carries one call at a time; what is tapped meanwhile goes
together in the next. Which line is used for what is decided in `lines.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core.clock_records import ClockChanged
from agent.core.delivery.credential_records import CredentialRenewed
from agent.core.delivery.delivery_records import LineGivenUp, LineTakenBack
from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryBegan, InquiryClosed
from agent.core.outage.incident_records import Ending, IncidentClosed, RowTurned
from agent.core.records import AttemptEnded, AttemptStarted, DayBegan, Entry

UNLIMITED = 0


@dataclass(frozen=True, slots=True)
class Way:
    """How a line stands. Times are monotonic, in ms.

    `failures` in a row, the first at `since_ms`; `rests_until_ms`: no call before. `down`: given up
    as far as others can carry its duty, well again since `well_ms` (0: not yet). `load`: how many
    registrations it may be given at once, which grows from one with every call that it carries.
    `served`: how many calls it ever carried.
    """

    attempt: int = 0
    inquiry: int = 0
    size: int = 0
    failures: int = 0
    since_ms: int = 0
    rests_until_ms: int = 0
    down: bool = False
    well_ms: int = 0
    load: int = UNLIMITED
    served: int = 0
    alone: int = 0
    """Different registrations that it refused alone, in a row."""
    refuses: frozenset[Ability] = frozenset()
    """What it may not be asked."""
    blind: int = 0
    """Searches in a row that failed or were cut short."""
    closed_ms: Mapping[Ability, int] = field(default_factory=dict)
    """When it last answered an inquiry of a kind, well or not."""

    @property
    def busy(self) -> bool:
        """True while it carries a call."""
        return bool(self.attempt or self.inquiry)

    def free(self, now_ms: int) -> bool:
        """True when it may be called now."""
        return not self.busy and self.rests_until_ms <= now_ms


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
    day: dt.date | None = None
    """That began last."""

    def of_a_day_over(self, inquiry: int) -> bool:
        """True where this inquiry in flight asks about a day before the present one."""
        asked = self.asked.get(inquiry)
        of = asked.began.day if asked is not None else None
        return of is not None and self.day is not None and of < self.day

    def way(self, name: str) -> Way:
        """How this line stands."""
        return self.ways.get(name, _NEW)

    def carrier(self, attempt: int) -> str:
        """The line that carries this attempt; empty: none does."""
        carrying = (name for name, way in self.ways.items() if way.attempt == attempt)
        return next(carrying, "") if attempt else ""

    def with_way(self, name: str, way: Way) -> Dispatch:
        """The lines with this one as `way`."""
        return replace(self, ways={**self.ways, name: way})


_NEW = Way()


def apply(dispatch: Dispatch, entry: Entry) -> Dispatch:
    """The lines after this entry."""
    match entry.record:
        case AttemptStarted(attempt, channel, references):
            way = replace(dispatch.way(channel), attempt=attempt, size=len(references))
            return replace(
                dispatch,
                ways={**dispatch.ways, channel: way},
                attempts=max(dispatch.attempts, attempt),
                seqs={**dispatch.seqs, attempt: entry.seq},
            )
        case AttemptEnded() as ended:
            seqs = {n: seq for n, seq in dispatch.seqs.items() if n != ended.attempt}
            way = _after_attempt(dispatch.way(ended.channel), entry, ended)
            return replace(dispatch.with_way(ended.channel, way), seqs=seqs)
        case InquiryBegan() as began:
            way = replace(dispatch.way(began.channel), inquiry=began.inquiry)
            return replace(
                dispatch,
                ways={**dispatch.ways, began.channel: way},
                inquiries=max(dispatch.inquiries, began.inquiry),
                asked={**dispatch.asked, began.inquiry: Asked(entry.seq, began)},
            )
        case InquiryClosed() as closed:
            open_ = {n: asked for n, asked in dispatch.asked.items() if n != closed.inquiry}
            before, over = dispatch.way(closed.channel), dispatch.of_a_day_over(closed.inquiry)
            way = _after_inquiry(before, entry, closed, over=over)
            return replace(dispatch.with_way(closed.channel, way), asked=open_)
        case LineGivenUp(channel):
            way = replace(dispatch.way(channel), down=True, well_ms=0, load=1)
            return dispatch.with_way(channel, way)
        case LineTakenBack(channel):
            way = replace(dispatch.way(channel), down=False, well_ms=0, rests_until_ms=0)
            return dispatch.with_way(channel, way)
        case CredentialRenewed(channel):
            # What was refused to the old one may be allowed to this one.
            way = replace(dispatch.way(channel), refuses=frozenset(), rests_until_ms=0)
            return dispatch.with_way(channel, way)
        case ClockChanged():
            # What was signed by the clock of before may have been refused for its time alone.
            ways = {
                name: replace(way, refuses=frozenset(), rests_until_ms=0)
                for name, way in dispatch.ways.items()
            }
            return replace(dispatch, ways=ways)
        case RowTurned(away=True) | IncidentClosed(ending=Ending.PATH_BACK):
            # Something has changed, perhaps for the better: what waits is tried at once.
            ways = {name: replace(way, rests_until_ms=0) for name, way in dispatch.ways.items()}
            return replace(dispatch, ways=ways)
        case DayBegan() as day:
            return replace(
                dispatch,
                ways=_fresh(dispatch),
                attempts=max(dispatch.attempts, day.attempts),
                inquiries=max(dispatch.inquiries, day.inquiries),
                day=day.day,
            )
    return dispatch


def _after_attempt(before: Way, entry: Entry, ended: AttemptEnded) -> Way:
    now, way = entry.at.mono_ms, replace(before, attempt=0, size=0)
    if not ended.failure:
        grown = UNLIMITED if before.size < before.load else before.load * 2
        return replace(_well(way, now, ended.pause_ms), blind=0, load=grown)
    if ended.known:
        return replace(way, rests_until_ms=now + ended.pause_ms)
    way = _failed(way, now, ended.pause_ms)
    if not ended.whole:
        return way
    # One registration may be what the service cannot take: fewer next time, one alone after that.
    load = max(1, before.size // 2) if not before.failures else 1
    return replace(way, load=load, alone=before.alone + (before.size == 1))


def _after_inquiry(before: Way, entry: Entry, closed: InquiryClosed, *, over: bool) -> Way:
    """A line that may not be asked such a thing is not the worse for it; nor is one that did not
    list all of a day that is `over`, for nothing of it is sent any more."""
    now = entry.at.mono_ms
    way = replace(before, inquiry=0, closed_ms={**before.closed_ms, closed.asks: now})
    if closed.hopeless:
        return replace(way, refuses=way.refuses | {closed.asks})
    searched = closed.asks is Ability.SEARCH
    if not closed.failure:
        blind = way.blind + (not over) if closed.cut_short else 0 if searched else way.blind
        return replace(_well(way, now, closed.pause_ms), blind=blind)
    return replace(_failed(way, now, closed.pause_ms), blind=way.blind + searched)


def _well(way: Way, now_ms: int, pause_ms: int) -> Way:
    return replace(
        way,
        failures=0,
        alone=0,
        since_ms=0,
        rests_until_ms=now_ms + pause_ms if pause_ms else 0,
        well_ms=(way.well_ms or now_ms) if way.down else 0,
        served=way.served + 1,
    )


def _failed(way: Way, now_ms: int, pause_ms: int) -> Way:
    return replace(
        way,
        failures=way.failures + 1,
        since_ms=way.since_ms if way.failures else now_ms,
        rests_until_ms=now_ms + pause_ms if pause_ms else 0,
        well_ms=0,
    )


def rested(dispatch: Dispatch) -> Dispatch:
    """The lines after a start: nothing rests, since monotonic time began anew."""
    return replace(dispatch, ways=_fresh(dispatch))


def _fresh(dispatch: Dispatch) -> dict[str, Way]:
    return {
        name: Way(way.attempt, way.inquiry, way.size)
        for name, way in dispatch.ways.items()
        if way.busy
    }
