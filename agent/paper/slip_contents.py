"""What a slip says, as things stand: the state's incidents and lists as the values of slips.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields

from agent.core.moment import Moment
from agent.core.outage.contacts import Contacts
from agent.core.outage.exemption import EXEMPTING_DUTY
from agent.core.outage.incident_log import Incident
from agent.core.outage.incident_records import Ending
from agent.core.outage.measurements import (
    ADVERSE,
    FAILING,
    UNKNOWN,
    WELL,
    Internet,
    Layer,
    Measurement,
    Reading,
)
from agent.core.outage.procedure import CLAIM_ENDS
from agent.core.outage.procedure_records import Step
from agent.core.outage.whose import Bar
from agent.core.paper import slips
from agent.core.paper.keypad_codes import STEPS, Short
from agent.core.state import State

MEASURED = (
    *(Layer.CLOCK, Layer.POWER, Layer.LINK, Layer.LOCAL, Layer.INTERNET, Layer.NAMES),
    *(Layer.CHANNEL, Layer.GATE),
)
"""The layers of the evidence slip, the lowest first; answers and other ways are told in words."""


def keys(*, keypad: bool, code: bool) -> slips.Keys:
    """What is pressed for each thing."""
    if not keypad:
        return slips.Keys(keypad=False, code=False)
    steps = {step: typed for typed, step in STEPS.items()}
    return slips.Keys(
        code=code,
        provisional=f"{Short.LIST} #",
        cause=f"{Short.CAUSE} #",
        phone_opens=f"{steps[Step.PHONE_YES]} #",
        phone_fails=f"{steps[Step.PHONE_NO]} #",
        addendum=f"{Short.ADDENDUM} #",
        filled_in=f"{Short.LINES} #",
    )


def instruction(state: State, now: Moment, pressed: slips.Keys) -> slips.Instruction | None:
    """What to do now; None while nothing is amiss."""
    running = state.log.running(state.rules.duty) or latest(state)
    if running is None or not running.open:
        return None
    contacts = state.rules.contacts
    supplier = None
    if contacts.supplier_phone and state.rules.facts.has_supplier:
        supplier = slips.Supplier(
            contacts.supplier_name, contacts.supplier_phone, contacts.supplier_hours
        )
    return slips.Instruction(
        incident=running.name,
        since=running.since.local(state.rules.zone),
        whose=running.whose,
        layer=_layer(running),
        waiting=_unregistered(state, now),
        supplier=supplier,
        phone=contacts.centre_phone,
        menu="" if contacts.centre_menu == Contacts().centre_menu else contacts.centre_menu,
        hours=contacts.hours,
        form=contacts.centre_form,
        agreed=contacts.agreed_channel,
        online=contacts.online_service,
        keys=pressed,
        exemptible=running.duty == EXEMPTING_DUTY,
        habit=Bar.HABIT in running.bars,
    )


def evidence(state: State, checkpoint: str) -> slips.Evidence | None:
    """What was measured of the incident that runs, or of the last one; None: there is none."""
    incident = latest(state)
    if incident is None:
        return None
    zone = state.rules.zone
    answered = state.log.answered.get(incident.duty)
    before = answered is not None and answered[0].unix_ms <= incident.since.unix_ms
    return slips.Evidence(
        incident=incident.name,
        since=incident.since.local(zone),
        until=incident.until.local(zone) if incident.until is not None else None,
        whose=incident.whose,
        measured=tuple(_measured(state, zone)),
        checkpoint=checkpoint,
        layer=_layer(incident),
        delivered=answered[0].local(zone) if answered is not None and before else None,
        people=_touched(state, incident),
        party=incident.corrected.value if incident.corrected is not None else "",
        reference=incident.reference,
    )


def claim_ended(state: State, now: Moment) -> slips.ClaimEnded | None:
    """Why "nothing to do" is over; None when nobody was told so."""
    told = [i for i in state.log.incidents.values() if CLAIM_ENDS in i.called]
    if not told:
        return None
    incident = told[-1]
    why = slips.Ended.OTHER_CAUSE
    if incident.stretches[-1].ending in (Ending.DELIVERED, Ending.PATH_BACK):
        why = slips.Ended.PATH_BACK
    elif any(Bar.OTHER_CHANNEL in i.bars for i in (incident, *_after(state, incident))):
        why = slips.Ended.OTHER_CHANNEL
    ended = incident.until or now
    return slips.ClaimEnded(
        incident.name, ended.local(state.rules.zone), why, _unregistered(state, now)
    )


def _after(state: State, incident: Incident) -> list[Incident]:
    """The incident that began as this one ended: what ended a claim stands against it."""
    return [i for i in state.log.incidents.values() if i.after == incident.name]


def restart(state: State, now: Moment, since: Moment | None, pressed: slips.Keys) -> slips.Restart:
    """Tap now, or be written on the list: the gate saw nobody."""
    sheets = state.papers.of_day(_today(state, now))
    zone = state.rules.zone
    return slips.Restart(
        since.local(zone) if since is not None and since.trusted else None,
        now.local(zone),
        sheets[-1].made.number if sheets else "",
        pressed,
    )


def after_list(state: State, now: Moment, pressed: slips.Keys) -> slips.AfterList | None:
    """What to do with the lists of today; None when none is on paper."""
    sheets = [sheet for sheet in state.papers.of_day(_today(state, now)) if sheet.printed]
    if not sheets:
        return None
    return slips.AfterList(
        tuple(sheet.made.number for sheet in sheets),
        sum(sheet.pages for sheet in sheets),
        tuple(
            (sheet.made.number, sheet.made.lines_to_fill_in)
            for sheet in sheets
            if sheet.made.lines_to_fill_in
        ),
        any(not sheet.reference for sheet in sheets),
        pressed,
    )


def _today(state: State, now: Moment) -> dt.date:
    """By a right clock; else the last day for which a person made a list."""
    if now.trusted:
        return state.rules.day(now)
    return max((s.made.day for s in state.papers.sheets.values()), default=state.rules.day(now))


def latest(state: State) -> Incident | None:
    """The incident that runs, else the last one that is remembered."""
    known = tuple(state.log.incidents.values())
    return next((i for i in reversed(known) if i.open), known[-1] if known else None)


def _layer(incident: Incident) -> Layer | None:
    name = incident.row.partition(".")[0]
    return Layer(name) if name in set(Layer) else None


def _unregistered(state: State, now: Moment) -> int:
    today = state.rules.day(now)
    return sum(
        o.day == today and o.outcome is None and not o.on_paper
        for o in state.ledger.obligations.values()
    )


def _touched(state: State, incident: Incident) -> int:
    """Whose registration waited while it ran."""
    end = incident.until.unix_ms if incident.until is not None else None
    return sum(
        o.duty == incident.duty and (end is None or o.at.unix_ms < end) and o.outcome is None
        for o in state.ledger.obligations.values()
    )


def _measured(state: State, zone: dt.tzinfo) -> list[slips.Measured]:
    held = state.observed.evidence.recent
    last = {key: kept[-1] for key, kept in held.items() if kept and key[0] in MEASURED}
    ordered = sorted(last.items(), key=lambda item: (MEASURED.index(item[0][0]), item[0][1]))
    return [
        slips.Measured(layer, _reading(found), found.at.local(zone), of)
        for (layer, of), found in ordered
    ]


def _reading(found: Measurement) -> Reading:
    """One word for a layer: failing when anything of it is, well when something is. Of the internet
    its anchors speak: the rest only says how it fails."""
    if isinstance(found.value, Internet) and found.value.anchors:
        return WELL if WELL in found.value.anchors else FAILING
    said: set[Reading] = set()
    for part in fields(found.value):
        value = getattr(found.value, part.name)
        adverse = ADVERSE.get(part.name, FAILING)
        if isinstance(value, Reading) and value is not UNKNOWN:
            said.add(FAILING if value is adverse else WELL)
    return FAILING if FAILING in said else WELL if WELL in said else UNKNOWN
