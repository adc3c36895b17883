"""How often the agent fell of late: systemd starts it again each time, and a person should know."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.moment import Moment
from agent.core.outage.incident_records import GateWasDark, Stop
from agent.core.records import DayBegan, Entry

WITHIN_MS = 3_600_000
LOOP = 3
"""Falls within an hour that are no accident any more."""
MOST = 20
"""A loop that turns every three seconds needs no more to be told."""


@dataclass(frozen=True, slots=True)
class Fall:
    """The entry that tells of it, and when the agent ran again."""

    seq: int
    unix_ms: int


Falls = tuple[Fall, ...]


def apply(falls: Falls, entry: Entry) -> Falls:
    """The falls of the last hour after this entry."""
    match entry.record:
        case GateWasDark(why=Stop.CRASH):
            return (*_of_late(falls, entry.at), Fall(entry.seq, entry.at.unix_ms))[-MOST:]
        case DayBegan():
            return _of_late(falls, entry.at)
    return falls


def in_a_loop(falls: Falls, now: Moment) -> int:
    """How many within an hour; 0 as long as they are too few to be a loop."""
    count = len(_of_late(falls, now))
    return count if count >= LOOP else 0


def _of_late(falls: Falls, now: Moment) -> Falls:
    return tuple(fall for fall in falls if abs(now.unix_ms - fall.unix_ms) < WITHIN_MS)
