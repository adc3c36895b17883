"""What the configuration says of the site, and what its past says of it.

Not stated is the site's own: what a firm on the site owns, runs or pays for is never a third
party's (DOMAIN.md, section 3).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Medium(StrEnum):
    """How an uplink leaves the gate."""

    WIRED = "wired"
    WIFI = "wifi"
    MOBILE = "mobile"


class Party(StrEnum):
    """Who stands at the other end of a channel."""

    SUPPLIER = "supplier"
    CHECKINATWORK = "checkinatwork"
    CHECKINOUT = "checkinout"


@dataclass(frozen=True, slots=True)
class Uplink:
    """One way out. `providers_box`: router or modem is the provider's. `box_on_mains`: it has no
    battery, so that it answers only with mains. `equipment`: what of the site it runs over; two
    uplinks are apart only where both are stated and differ."""

    name: str = "uplink"
    medium: Medium = Medium.WIRED
    provider: str = ""
    equipment: str = ""
    providers_box: bool = False
    box_on_mains: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One channel: whose it is, which duty it serves, and if its address is the service's own."""

    name: str
    party: Party
    duty: str = "checkinatwork"
    default_address: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """The site. `battery`: the gate outlives its mains, so that its running proves no mains.

    `other_gate_apart`: the site's other gate has a line of its own. `configuration`: a digest of
    what a path depends on; another one is another path.
    """

    uplinks: tuple[Uplink, ...] = (Uplink(),)
    ways: tuple[Way, ...] = (Way("checkinatwork", Party.CHECKINATWORK),)
    grid_fed: bool = False
    battery: bool = True
    no_infrastructure: bool = False
    other_gate_apart: bool = False
    configuration: str = ""

    @property
    def has_supplier(self) -> bool:
        """True where step 1 of the procedure has somebody to contact."""
        return any(way.party is Party.SUPPLIER for way in self.ways)


PATH_DAYS = 7
"""Worked days within which the path must have delivered, and coverage is judged
(DOMAIN.md, section 3)."""
HABIT_DAYS = 10
HABIT_CLAIMS = 3
"""After three exempt days in ten without a reference the gate claims no more (ibid.)."""


@dataclass(frozen=True, slots=True)
class WorkDay:
    """A past day on which the gate was on and somebody tapped.

    `well_ms`: working time with a path. `down_ms`: without one, by incident; "" for none.
    `claims`: incidents that exempted somebody that day.
    """

    day: dt.date
    well_ms: int = 0
    down_ms: tuple[tuple[str, int], ...] = ()
    delivered: bool = False
    configuration: str = ""
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What the past says, as far as it decides.

    `coverage`: False where the path always lacks. `path_before`: it delivered before the
    incident under the same configuration. `habit`: too many exempt days without a reference.
    """

    coverage: bool = True
    path_before: bool = False
    habit: bool = False


def past(
    days: tuple[WorkDay, ...],
    began: dt.date,
    today: dt.date,
    facts: Facts,
    *,
    running: str = "",
    referenced: frozenset[str] = frozenset(),
    delivered_today: str | None = None,
) -> Past:
    """What `days` say of an incident that began on `began`, seen on `today`.

    `running`: this incident. `referenced`: those confirmed with a third party's reference.
    `delivered_today`: the configuration that delivered on the day of the beginning, before it.
    """
    # What was delivered on the day of the beginning came before it: a delivery ends an incident.
    before = [d for d in days if d.day <= began][-PATH_DAYS:]
    path = delivered_today == facts.configuration or any(
        d.delivered and d.configuration == facts.configuration for d in before
    )
    earlier = [d for d in days if d.day < today]
    claimed = [d for d in earlier[-HABIT_DAYS:] if set(d.claims) - referenced]
    excused = referenced | ({running} if running else set())
    covered = _covered(earlier, excused) and not facts.no_infrastructure
    return Past(covered, path, len(claimed) >= HABIT_CLAIMS)


def _covered(earlier: list[WorkDay], excused: frozenset[str]) -> bool:
    """True unless the path was never well, or less than half of the counted working time."""
    if not earlier:
        return True  # no history says nothing; that no path delivered is a bar of its own
    if not any(d.well_ms or d.delivered for d in earlier):
        return False
    lately = earlier[-PATH_DAYS:]
    well = sum(d.well_ms for d in lately)
    down = sum(ms for d in lately for incident, ms in d.down_ms if incident not in excused)
    return well >= down
