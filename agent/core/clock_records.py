"""What the journal holds of time itself, beside the clocks that every entry carries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """The wall clock was set by `shift_ms` against the monotonic one, or its trust changed."""

    LOGGED: ClassVar = ("shift_ms",)
    shift_ms: int


@dataclass(frozen=True, slots=True)
class EntriesDated:
    """The clock is trusted now: so the entries from `first` to `last` have a date too.

    Of these it means those of this boot whose trust is `unknown`. Each was written as long before
    this entry as its monotonic time says, whatever its own wall clock claims (Moment.seen_from).
    """

    LOGGED: ClassVar = ("first", "last")
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TapsDated:
    """A person named the day of these taps, which no clock of the gate could date.

    `by`: who said so. At what time of the day they were held nobody knows.
    """

    LOGGED: ClassVar = ("taps", "day")
    taps: tuple[int, ...]
    day: dt.date
    by: str


@dataclass(frozen=True, slots=True)
class ServerTimeCompared:
    """By its Date header `server` is `off_ms` behind our clock (ahead of it, where negative).

    Written when it is the first to say so, and when what it says begins to agree or to differ.
    """

    LOGGED: ClassVar = ("server", "off_ms", "agrees")
    server: str
    off_ms: int
    agrees: bool


ClockRecord = ClockChanged | EntriesDated | TapsDated | ServerTimeCompared
