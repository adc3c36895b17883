"""An export on its way, and the last one of today: what the panel shows of a stick."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.core.journal_records import ExportBegun, ExportEnded
from agent.core.moment import Moment
from agent.core.records import AgentStarted, DayBegan, Entry
from agent.core.signals import Signal

LONGEST_MS = 30 * 60 * 1000
"""A slow stick takes ten years of a large site in that time."""
FAILED_SHOWN_MS = 5 * 60 * 1000
"""So long the panel tells of a stick that failed, unless another one comes."""


@dataclass(frozen=True, slots=True)
class Export:
    """The export that runs, or the last one of today; `over`: since when it does not run."""

    seq: int
    target: str
    stick: bool
    since: Moment
    over: Moment | None = None
    failure: str = ""

    @property
    def runs(self) -> bool:
        """True until its end was told."""
        return self.over is None


def apply(export: Export | None, entry: Entry) -> Export | None:
    """The export after this entry; a start forgets it, a day the one that is over."""
    match entry.record:
        case ExportBegun(target, stick):
            return Export(entry.seq, target, stick, entry.at)
        case ExportEnded(target, failure, stick) if export is None or not export.runs:
            return Export(entry.seq, target, stick, entry.at, entry.at, failure)
        case ExportEnded(_, failure) if export is not None:
            return replace(export, over=entry.at, failure=failure)
        case AgentStarted():
            return None
        case DayBegan() if export is not None and not export.runs:
            return None
    return export


def due_ms(export: Export | None) -> int | None:
    """Monotonic time in ms from which nobody waits for its end any longer."""
    return None if export is None or not export.runs else export.since.mono_ms + LONGEST_MS


def standing(export: Export | None, now: Moment) -> Signal | None:
    """What the panel says of a stick while nobody taps."""
    if export is None or not export.stick:
        return None
    if export.over is None:
        return Signal.STICK_WORKING
    young = now.mono_ms - export.over.mono_ms < FAILED_SHOWN_MS
    return Signal.STICK_FAILED if export.failure and young else None
