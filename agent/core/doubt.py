"""Which entries of this boot no clock could date when they were written."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.clock_records import EntriesDated
from agent.core.records import DayBegan, Entry


@dataclass(frozen=True, slots=True)
class Doubt:
    """Those of `boot_id` from entry `first` to entry `last` that say their clock is unknown."""

    boot_id: str
    first: int
    last: int


def apply(doubt: Doubt | None, entry: Entry) -> Doubt | None:
    """What is in doubt after this entry. A day begins only where nothing is."""
    if isinstance(entry.record, EntriesDated | DayBegan):
        return None
    if doubt is not None and doubt.boot_id != entry.at.boot_id:
        doubt = None  # of an earlier boot: only a person can date what is there
    if entry.at.trusted:
        return doubt
    return Doubt(entry.at.boot_id, entry.seq if doubt is None else doubt.first, entry.seq)
