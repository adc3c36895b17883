"""Time as a value: what the clocks said, and how far they can be believed."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from enum import StrEnum


class Trust(StrEnum):
    """Where the wall clock's time comes from; only `UNKNOWN` is not to be believed."""

    NTP = "ntp"
    RTC = "rtc"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on both clocks: `unix_ms` (wall) and `mono_ms` (since this boot)."""

    unix_ms: int
    mono_ms: int
    boot_id: str
    trust: Trust = Trust.NTP

    @property
    def trusted(self) -> bool:
        """True when the wall clock may date a registration (WIRE.md, section 1)."""
        return self.trust is not Trust.UNKNOWN

    def local(self, zone: dt.tzinfo) -> dt.datetime:
        """The wall time in `zone`, with its offset."""
        return dt.datetime.fromtimestamp(self.unix_ms / 1000, zone)

    def day(self, zone: dt.tzinfo) -> dt.date:
        """The day on which this instant falls in `zone`."""
        return self.local(zone).date()

    def seen_from(self, now: Moment) -> Moment:
        """This instant of the same boot, dated by the clock as `now` knows it."""
        age_ms = now.mono_ms - self.mono_ms
        return Moment(now.unix_ms - age_ms, self.mono_ms, self.boot_id, now.trust)

    def precedes(self, other: Moment) -> bool:
        """True when this instant was before `other`: by the monotonic clock within a boot, else by
        the wall."""
        if self.boot_id == other.boot_id:
            return self.mono_ms < other.mono_ms
        return self.unix_ms < other.unix_ms


def midnight_after(moment: Moment, zone: dt.tzinfo) -> int:
    """Unix time in ms at which the day of `moment` ends in `zone`, also when clocks change."""
    return midnight_ending(moment.day(zone), zone)


@functools.lru_cache(maxsize=16)
def midnight_ending(day: dt.date, zone: dt.tzinfo) -> int:
    """Unix time in ms at which `day` ends in `zone`."""
    after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    return round(after.timestamp() * 1000)
