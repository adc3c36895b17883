"""What a person must do now: the key of a text with all that stands in it (agent/locale).

    now(state, at)  →  Instruction("now.call-centre", "row.link.sim", {"phone": "02 511 51 51", …})

It may be asked at any moment, for any firm; with nothing to do there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.delivery import schedule
from agent.core.moment import Moment
from agent.core.outage import procedure
from agent.core.outage.incident_log import Incident
from agent.core.outage.procedure_records import Step
from agent.core.outage.table import UNREACHED
from agent.core.state import State


@dataclass(frozen=True, slots=True)
class Instruction:
    """`key`: one of procedure.INSTRUCTIONS. `cause`: the key of the row that decides."""

    key: str
    cause: str
    parameters: Mapping[str, str]


def now(state: State, at: Moment, firm: str = "") -> Instruction | None:
    """What this firm's people must do now, with what they need for it; None: nothing is amiss.

    `firm` empty: the one that reports.
    """
    running = _running(state)
    if running is None:
        return None
    contacts = state.rules.contacts
    firm = firm or state.rules.firm
    case_ = state.cases.of(state.log.followed(running), firm)
    key = procedure.next_key(case_, _standing(state, running, case_, firm, at))
    left_min = schedule.until_midnight_ms(at, state.rules) // 60_000
    got = state.papers.reference(firm, state.rules.day(at), state.rules.declaration)
    return Instruction(
        key,
        f"row.{running.row}",
        {
            "incident": running.name,
            "since": running.since.local(state.rules.zone).strftime("%d.%m. %H:%M"),
            "firm": firm,
            "declaration": state.rules.declaration,
            "left": f"{left_min // 60} h {left_min % 60:02}",
            "phone": contacts.centre_phone,
            "menu": contacts.centre_menu,
            "hours": contacts.hours,
            "form": contacts.centre_form,
            "supplier": contacts.supplier_name,
            "supplier_phone": contacts.supplier_phone,
            "supplier_hours": contacts.supplier_hours or "?",
            "online": contacts.online_service,
            "reference": got.got.number if got is not None else "",
        },
    )


def people_are_asked(state: State, at: Moment) -> bool:
    """True while people were called to do something that is not done yet."""
    running = _running(state)
    if running is None or procedure.CALL not in running.called:
        return False
    asked = now(state, at)
    return asked is not None and asked.key not in procedure.SETTLED


def _running(state: State) -> Incident | None:
    """The open incident of the site's own duty before that of another one."""
    for duty in (state.rules.duty, *state.log.open):
        running = state.log.running(duty)
        if running is not None:
            return running
    return None


def _phone_counts(state: State, running: Incident, case_: procedure.Case) -> bool:
    """False where no phone opened the online service in a trouble that was another one: where it
    would settle whose this one is, people are asked anew."""
    said = case_.last_of(*procedure.PHONE)
    if said is None or said.step is not Step.PHONE_NO or running.row not in UNREACHED:
        return True
    return state.log.in_vain_counts(running.duty, running.since, said.at)


def _standing(
    state: State, running: Incident, case_: procedure.Case, firm: str, at: Moment
) -> procedure.Standing:
    contacts, day = state.rules.contacts, state.rules.day(at)
    local = at.local(state.rules.zone)
    stands = any(s.stands and s.made.firm == firm for s in state.papers.of_day(day))
    return procedure.Standing(
        running.whose,
        running.duty,
        running.bars,
        reference=state.papers.reference(firm, day, state.rules.declaration) is not None,
        listed=stands,
        supplier=state.rules.facts.has_supplier and bool(contacts.supplier_phone),
        centre_open=contacts.open_at(local.hour * 60 + local.minute, local.weekday()),
        phone_counts=_phone_counts(state, running, case_),
    )
