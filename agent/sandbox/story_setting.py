"""Where a story plays: the site as its file describes it, all of it well, and its past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from agent.core.delivery.inquiries import Ability
from agent.core.outage.contacts import Contacts
from agent.core.outage.facts import Facts, Medium, Party, Uplink, Way
from agent.core.outage.incident_records import DayWorked
from agent.core.outage.measurements import (
    UNKNOWN,
    WELL,
    Channel,
    Clock,
    Gate,
    Internet,
    Layer,
    Link,
    Local,
    Names,
    Power,
    Value,
)
from agent.core.outage.whose import Limits
from agent.core.rules import DUTIES, Line, Rules
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR

HOUR_MS = 3_600_000
LONGEST_RETRY_MS = 900_000
"""Three times the default: a day of outage is replayed in a third of the attempts."""
CONFIGURATION = "as before"
_ABILITIES = {Party.CHECKINATWORK: frozenset((Ability.SEARCH, Ability.LOOK_UP))}
_LINKS: Mapping[Medium, Link] = {
    Medium.WIRED: Link(carrier=WELL),
    Medium.WIFI: Link(association=WELL),
    Medium.MOBILE: Link(sim=WELL, registered=WELL, own_cells=WELL, other_cells=WELL),
}


def rules_of(story: Mapping[str, Any], zone: dt.tzinfo) -> Rules:
    """The configuration that [site] and [limits] describe."""
    site = story.get("site", {})
    facts = _facts(site)
    supplier = "02 000 00 00" if facts.has_supplier else ""
    return Rules(
        zone=zone,
        declaration=DECLARATION,
        firm=MAIN_CONTRACTOR,
        duty=facts.ways[0].duty,
        lines=tuple(
            Line(way.name, way.duty, abilities=_ABILITIES.get(way.party, frozenset()))
            for way in facts.ways
        ),
        longest_retry_ms=LONGEST_RETRY_MS,
        facts=facts,
        limits=Limits(**story.get("limits", {})),
        contacts=Contacts(supplier_name="Voorbeeldsoft", supplier_phone=supplier),
    )


def _facts(site: Mapping[str, Any]) -> Facts:
    plain = {k: v for k, v in site.items() if k not in ("uplinks", "channels")}
    uplinks = site.get("uplinks", [{"name": "fibre", "provider": "Alfa", "equipment": "fibre"}])
    channels = site.get("channels", [{"name": "rsz", "party": "checkinatwork"}])
    return Facts(
        uplinks=tuple(Uplink(**{**u, "medium": Medium(u.get("medium", "wired"))}) for u in uplinks),
        ways=tuple(_way(channel) for channel in channels),
        **{"grid_fed": True, "configuration": CONFIGURATION, **plain},
    )


def _way(channel: Mapping[str, Any]) -> Way:
    way = Way(**{**channel, "party": Party(channel["party"])})
    if way.duty not in DUTIES:
        raise ValueError(f"channel {way.name}: duty {way.duty!r} is none of {', '.join(DUTIES)}")
    return way


def past_of(story: Mapping[str, Any], day: dt.date, rules: Rules) -> Iterator[DayWorked]:
    """The worked days before the story, the earliest first; [past] says what they were like."""
    past = story.get("past", {})
    days, ago = int(past.get("days", 10)), int(past.get("ago", 0))
    down_ms = round(past.get("down_hours", 0) * HOUR_MS)
    for n in range(days, 0, -1):
        yield DayWorked(
            rules.duty,
            day - dt.timedelta(days=n + ago),
            round(past.get("well_hours", 8) * HOUR_MS),
            delivered=past.get("delivered", True),
            configuration=past.get("configuration", CONFIGURATION),
            down_ms={"earlier": down_ms} if down_ms else {},
            claims=("earlier",) if n <= int(past.get("exempt_days", 0)) else (),
        )


def well_scene(facts: Facts) -> Iterator[tuple[tuple[Layer, str], Value]]:
    """All that is measured, with nothing amiss."""
    yield (Layer.CLOCK, ""), Clock(WELL, WELL)
    yield (Layer.POWER, ""), Power(WELL if facts.battery else UNKNOWN, WELL)
    yield (Layer.NAMES, ""), Names(WELL, WELL)
    yield (Layer.GATE, ""), Gate(WELL, WELL, WELL, WELL)
    for uplink in facts.uplinks:
        yield (Layer.LINK, uplink.name), _LINKS[uplink.medium]
        yield (Layer.LOCAL, uplink.name), Local(WELL, WELL)
        net = Internet((WELL,) * 4, WELL, WELL, WELL, WELL, WELL)
        yield (Layer.INTERNET, uplink.name), net
    for way in facts.ways:
        yield (Layer.CHANNEL, way.name), Channel(WELL, WELL, WELL, WELL, WELL)
