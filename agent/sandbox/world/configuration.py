"""The configuration that a technician gave the gate of a drawn site."""

from __future__ import annotations

from dataclasses import replace

from agent.core.delivery.inquiries import Ability
from agent.core.outage.contacts import Contacts
from agent.core.outage.facts import Facts, Medium, Party, Uplink, Way
from agent.core.rules import Line, Rules
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR
from agent.sandbox.world.values import MINUTE_MS, ZONE, Site

ABILITIES = {
    "ciaw": frozenset({Ability.SEARCH, Ability.LOOK_UP, Ability.CANCEL}),
    "cio": frozenset[Ability](),
    "supplier": frozenset({Ability.ASK_AFTER}),
}
OLDEST_MS = {"cio": 10 * MINUTE_MS}
DUTY = {"ciaw": "checkinatwork", "supplier": "checkinatwork", "cio": "checkinout"}
PARTY = {
    "ciaw": Party.CHECKINATWORK,
    "supplier": Party.SUPPLIER,
    "cio": Party.CHECKINOUT,
}


def rules_of(site: Site) -> Rules:
    """The configuration that a technician gave a gate at this site."""
    lines = tuple(
        Line(
            name,
            DUTY[name],
            abilities=ABILITIES[name] - (frozenset() if site.searches else {Ability.SEARCH}),
            oldest_ms=OLDEST_MS.get(name, 0),
        )
        for name in site.lines
    )
    box, medium = site.providers_box, site.medium
    uplinks = [Uplink("uplink", medium, "Alfa", "fibre", box, medium is not Medium.MOBILE)]
    if site.second:
        uplinks.append(Uplink("second", Medium.MOBILE, "Beta", "radio"))
    rules = Rules(
        ZONE,
        DECLARATION,
        MAIN_CONTRACTOR,
        duties={site.cleaners: "checkinout"} if site.cleaners else {},
        lines=lines,
        facts=Facts(
            uplinks=tuple(uplinks),
            ways=tuple(Way(line.name, PARTY[line.name], line.duty) for line in lines),
            grid_fed=site.grid_fed,
            battery=site.battery,
            configuration="as built",
        ),
        keypad="keypad",
        ahead=site.ahead,
        contacts=Contacts(
            supplier_name="Voorbeeldsoft",
            supplier_phone="02 000 00 00" if "supplier" in site.lines else "",
        ),
    )
    return replace(rules, burst_ms=10_000) if site.patient else rules
