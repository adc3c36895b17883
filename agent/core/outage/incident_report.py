"""An incident as the journal knows it: what a report says, from the entries alone.

Pure, and names nobody: who was affected is counted, and named by whoever may (`who`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.core.delivery.registrations import Ticket
from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment
from agent.core.outage.incident_records import (
    CauseCorrected,
    EvidenceTaken,
    ExemptionsWithdrawn,
    IncidentBarred,
    IncidentClosed,
    IncidentOpened,
    IncidentReopened,
    LayerSeen,
    ObligationsExempted,
    RowTurned,
    Taken,
)
from agent.core.outage.procedure_records import StepTaken
from agent.core.outage.whose import EXEMPTING, Bar, Whose
from agent.core.records import (
    AttemptEnded,
    Entry,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
)

MARGIN_MS = 600_000
"""Of the timeline: what was before and after an incident shows what changed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """At `at` another row decided, or its own again."""

    at: Moment
    row: str
    whose: str


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt that failed while it lasted."""

    at: Moment
    channel: str
    failure: str
    message: str
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Span:
    """A layer measured the same from `from_ms` to `to_ms` (Unix time)."""

    from_ms: int
    to_ms: int
    readings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One layer over time; `of`: the uplink or channel."""

    layer: str
    of: str
    spans: tuple[Span, ...]


@dataclass(slots=True)
class Report:
    """What is said of one incident."""

    name: str
    duty: str
    since: Moment
    row: str
    whose: str
    until: Moment | None = None
    ending: str = ""
    bars: tuple[str, ...] = ()
    turns: list[Turn] = field(default_factory=list)
    corrections: list[tuple[Moment, CauseCorrected]] = field(default_factory=list)
    steps: list[tuple[Moment, StepTaken]] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)
    tracks: tuple[Track, ...] = ()
    affected: tuple[ObligationOpened, ...] = ()
    exempt: int = 0
    checkpoint: CheckpointSigned | None = None

    @property
    def confirmed(self) -> Whose | None:
        """What persons said whose it was, as far as it was taken; None: nothing."""
        taken = [c.whose for _, c in self.corrections if c.taken is Taken.TAKEN]
        return taken[-1] if taken else None

    @property
    def reference(self) -> str:
        """The third party's, that carries it: of the last correction that was taken."""
        taken = [c for _, c in self.corrections if c.taken is Taken.TAKEN]
        return taken[-1].reference if taken and taken[-1].whose in EXEMPTING else ""

    @property
    def barring(self) -> tuple[str, ...]:
        """The bars that stand: a third party's reference lifts the habit."""
        return tuple(bar for bar in self.bars if not (self.reference and bar == Bar.HABIT))

    @property
    def last_hop(self) -> str:
        """The farthest router that answered last while no anchor did; empty: none was asked."""
        last = ""
        for track in self.tracks:
            for span in track.spans:
                said = dict(span.readings)
                lasting = span.to_ms > self.since.unix_ms
                if lasting and "well" not in said.get("anchors", ""):
                    last = said.get("last_hop", "") or last
        return last


def reports(entries: Iterable[Entry], now_ms: int) -> dict[str, Report]:
    """Every incident of these entries, by its name, as seen at `now_ms` (Unix time)."""
    kept = _dated([entry for entry in entries if entry.record is not None])
    found: dict[str, Report] = {}
    for entry in kept:
        _incident(found, entry)
    for report in found.values():
        _around(report, kept, now_ms)
    return found


def _dated(entries: list[Entry]) -> list[Entry]:
    """These, with the times that no trusted clock had told as its boot's clock told them later."""
    known = {entry.at.boot_id: entry.at for entry in entries if entry.at.trusted}

    def told(at: Moment) -> Moment:
        by = known.get(at.boot_id)
        return at if by is None or at.trusted else at.seen_from(by)

    def with_times(entry: Entry) -> Entry:
        match entry.record:
            case IncidentOpened(since=since) as opened:
                return replace(entry, at=told(entry.at), record=replace(opened, since=told(since)))
            case IncidentClosed(until=until) as closed:
                return replace(entry, at=told(entry.at), record=replace(closed, until=told(until)))
        return replace(entry, at=told(entry.at))

    return [with_times(entry) for entry in entries]


def _incident(found: dict[str, Report], entry: Entry) -> None:
    """What names an incident itself."""
    match entry.record:
        case IncidentOpened() as opened:
            found[opened.incident] = Report(
                opened.incident,
                opened.duty,
                opened.since,
                opened.row,
                opened.whose.value,
                bars=opened.bars,
            )
            return
        case ObligationsExempted(_, incidents) as exempted:
            for name in incidents:
                if name in found:
                    found[name].exempt += exempted.size
            return
        case ExemptionsWithdrawn(_, incidents) as withdrawn:
            for name in incidents:
                if name in found:
                    found[name].exempt -= withdrawn.size
            return
    report = found.get(getattr(entry.record, "incident", ""))
    if report is None:
        return
    match entry.record:
        case IncidentReopened():
            report.until, report.ending = None, ""
        case RowTurned(_, row, whose):
            report.turns.append(Turn(entry.at, row, whose.value))
        case IncidentBarred(_, bars):
            report.bars = tuple(dict.fromkeys((*report.bars, *bars)))
        case IncidentClosed(_, until, ending):
            report.until, report.ending = until, ending.value
        case CauseCorrected() as corrected:
            report.corrections.append((entry.at, corrected))
        case StepTaken() as step:
            report.steps.append((entry.at, step))


def _around(report: Report, entries: list[Entry], now_ms: int) -> None:
    """What happened while it lasted: measurements, attempts, workers, the last checkpoint."""
    first = report.since.unix_ms
    last = report.until.unix_ms if report.until is not None else now_ms
    owed: dict[str, ObligationOpened] = {}
    for entry in entries:
        at_ms = entry.at.unix_ms
        match entry.record:
            case AttemptEnded() as ended if ended.failure and first <= at_ms <= last:
                report.tries.append(
                    Try(entry.at, ended.channel, ended.failure, ended.message, ended.ticket)
                )
            case ObligationOpened() as opened if opened.duty == report.duty and at_ms <= last:
                owed[opened.reference] = opened
            case ReceiptStored(ref) | ObligationExpired(ref) if at_ms < first:
                owed.pop(ref, None)
            case ObligationsExempted(references=settled) if at_ms < first:
                for ref in settled:
                    owed.pop(ref, None)
            case CheckpointSigned() as signed:
                report.checkpoint = signed
    days = {report.since.unix_ms // 86_400_000, last // 86_400_000}
    report.affected = tuple(
        o for o in owed.values() if min(days) <= o.at.unix_ms // 86_400_000 <= max(days)
    )
    report.tracks = tracks(entries, first - MARGIN_MS, last + MARGIN_MS)


def tracks(entries: Iterable[Entry], first: int, last: int) -> tuple[Track, ...]:
    """Every layer as it was measured, from `first` to `last` (Unix ms)."""
    seen: dict[tuple[str, str], list[tuple[int, LayerSeen]]] = {}
    for entry in entries:
        match entry.record:
            case EvidenceTaken(layers) if entry.at.unix_ms <= last:
                for one in layers:
                    at_ms = entry.at.unix_ms - entry.at.mono_ms + one.mono_ms
                    seen.setdefault((one.layer, one.of), []).append((at_ms, one))
    return tuple(
        Track(layer, of, spans)
        for (layer, of), taken in seen.items()
        if (spans := _spans(taken, first, last))
    )


def _spans(taken: list[tuple[int, LayerSeen]], first: int, last: int) -> tuple[Span, ...]:
    """The stretches of one layer that touch the window, cut to it."""
    taken = sorted(taken, key=lambda one: one[0])
    ends = [at for at, _ in taken[1:]] + [last]
    spans: list[Span] = []
    for (at, one), end in zip(taken, ends, strict=True):
        readings = tuple(one.readings.items())
        begin, until = max(at, first), min(end, last)
        if begin >= until:
            continue
        if spans and spans[-1].readings == readings and spans[-1].to_ms == begin:
            spans[-1] = Span(spans[-1].from_ms, until, readings)
        else:
            spans.append(Span(begin, until, readings))
    return tuple(spans)
