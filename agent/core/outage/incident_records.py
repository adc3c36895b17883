"""What the journal holds of outages: one frozen dataclass per kind of entry, as in records.py.

Nothing here is personal but `who`, the person who said something.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from agent.core.moment import Moment
from agent.core.outage.measurements import Layer
from agent.core.outage.procedure_records import By, StepTaken
from agent.core.outage.whose import Whose


class Ending(StrEnum):
    """Why a stretch without delivery is over."""

    DELIVERED = "delivered"
    ROW_CHANGED = "another row decides"
    PATH_BACK = "the path came back"


class Taken(StrEnum):
    """What became of a person's correction."""

    TAKEN = "taken"
    CLAIMED = "claimed"
    """Kept, and changes nothing: no third party's reference."""
    REFUSED = "refused"


class Stop(StrEnum):
    """Why the gate was dark, as told apart by boot id, shutdown marker and sensor."""

    STOPPED = "stopped"
    CRASH = "crash"
    REBOOT = "reboot"
    POWER_CUT = "power cut"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LayerSeen:
    """One layer as measured; `readings` leaves out what is unknown.

    Times are monotonic ms of the boot in which the entry was written: `mono_ms` when this was
    measured, `before_ms` until when the value before it had held, as far as anybody looked (0:
    nobody had).
    """

    layer: Layer
    of: str
    readings: dict[str, str]
    mono_ms: int
    before_ms: int = 0


@dataclass(frozen=True, slots=True)
class EvidenceTaken:
    """What was measured, as far as it is news: every change, and in trouble all of it again
    every few minutes, so that a claim can be verified. `whole_ms`: with this a round of all there
    is was over, that had begun then (monotonic; 0: none was)."""

    LOGGED: ClassVar = ("changes",)
    seen: tuple[LayerSeen, ...]
    whole_ms: int = 0

    @property
    def changes(self) -> tuple[str, ...]:
        """One text a layer: `link/fibre carrier:failing`; `all` where that was a whole round."""
        layers = (
            " ".join(
                (f"{s.layer}/{s.of}".rstrip("/"), *(f"{k}:{v}" for k, v in s.readings.items()))
            )
            for s in self.seen
        )
        return (*layers, *(("all",) if self.whole_ms else ()))


@dataclass(frozen=True, slots=True)
class PathConfigured:
    """What a path depends on is configured so from now on; another digest is another path."""

    LOGGED: ClassVar = ("digest",)
    digest: str


@dataclass(frozen=True, slots=True)
class GateWasDark:
    """The gate was off from its last sign of life `since` until it started again at `until`.

    `mains`: what the sensor said last before, empty where there is none.
    """

    LOGGED: ClassVar = ("why", "mains")
    since: Moment
    until: Moment
    why: Stop
    mains: str = ""


@dataclass(frozen=True, slots=True)
class DarknessDated:
    """The clock is trusted again: the darkness ended at `until`, and what it cost is judged."""

    LOGGED: ClassVar = ()
    until: Moment


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """Since `since` nothing could be delivered for `duty`, and this row says why.

    `after`: the incident that ended when this one began, if one row changed into another.
    """

    LOGGED: ClassVar = ("incident", "duty", "row", "whose", "bars", "after")
    incident: str
    duty: str
    since: Moment
    row: str
    whose: Whose
    bars: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class IncidentReopened:
    """The same row again, soon after it was over: the same incident, a new stretch."""

    LOGGED: ClassVar = ("incident",)
    incident: str
    since: Moment


@dataclass(frozen=True, slots=True)
class RowTurned:
    """Another row decides from now on, or the incident's own again."""

    LOGGED: ClassVar = ("incident", "row", "whose", "away")
    incident: str
    row: str
    whose: Whose
    away: bool


@dataclass(frozen=True, slots=True)
class IncidentBarred:
    """While the incident ran this stood against an exemption."""

    LOGGED: ClassVar = ("incident", "bars")
    incident: str
    bars: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    """The incident is over since `until`."""

    LOGGED: ClassVar = ("incident", "ending")
    incident: str
    until: Moment
    ending: Ending


@dataclass(frozen=True, slots=True)
class PeopleCalled:
    """People were told: `text` is the key of what."""

    LOGGED: ClassVar = ("incident", "text")
    incident: str
    text: str


@dataclass(frozen=True, slots=True)
class CauseCorrected:
    """A person said whose it was, and what became of that. Corrections append.

    `party`: in their words, as `grid` or `provider`. `reference`: the third party's ticket.
    """

    LOGGED: ClassVar = ("incident", "party", "whose", "by", "reference", "taken", "reason")
    incident: str
    party: str
    whose: Whose
    taken: Taken
    by: By
    who: str = ""
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ObligationsExempted:
    """From their first tap to midnight only these incidents stood in the way.

    `corrected`: they had expired, and what a person said afterwards turned them.
    """

    LOGGED: ClassVar = ("day", "incidents", "size", "corrected")
    day: dt.date
    incidents: tuple[str, ...]
    references: tuple[str, ...]
    corrected: bool = False

    @property
    def size(self) -> int:
        """How many obligations they are."""
        return len(self.references)


@dataclass(frozen=True, slots=True)
class ClaimsKept:
    """These expired; but the incidents alone stood in the way, and a correction may turn them."""

    LOGGED: ClassVar = ("day", "incidents", "size")
    day: dt.date
    incidents: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many obligations they are."""
        return len(self.references)


@dataclass(frozen=True, slots=True)
class ExemptionsWithdrawn:
    """These were exempt, and what a person said afterwards ended that: they expired."""

    LOGGED: ClassVar = ("day", "incidents", "size")
    day: dt.date
    incidents: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many obligations they are."""
        return len(self.references)


@dataclass(frozen=True, slots=True)
class DayWorked:
    """A day on which the gate was on and somebody tapped, as far as later days ask for it.

    `down_ms`: working time without a path, by incident. `claims`: the incidents that exempted.
    """

    LOGGED: ClassVar = ("duty", "day", "delivered", "claims")
    duty: str
    day: dt.date
    well_ms: int
    delivered: bool
    configuration: str
    down_ms: dict[str, int] = field(default_factory=dict)
    claims: tuple[str, ...] = ()


IncidentRecord = (
    EvidenceTaken
    | PathConfigured
    | GateWasDark
    | DarknessDated
    | IncidentOpened
    | IncidentReopened
    | RowTurned
    | IncidentBarred
    | IncidentClosed
    | PeopleCalled
    | CauseCorrected
    | ObligationsExempted
    | ClaimsKept
    | ExemptionsWithdrawn
    | DayWorked
    | StepTaken
)

LASTING = tuple(kind for kind in IncidentRecord.__args__ if kind not in (EvidenceTaken, StepTaken))
"""They count however old they are: a reference may come weeks later. Evidence holds for minutes,
and each day begins the procedure anew."""
