"""The official emergency procedure as steps, per firm, and what a person must do next.

Each firm has its own case: its steps with their time and who took them; the reference numbers and
lists are known from paper_records.py. `next_key` gives the key of a text; what stands in it and
the words are added in instructions.py and agent/locale. Source: the procedure; DOMAIN.md, 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.core.moment import Moment
from agent.core.outage.exemption import EXEMPTING_DUTY
from agent.core.outage.incident_log import Log
from agent.core.outage.incident_records import IncidentOpened, PeopleCalled
from agent.core.outage.procedure_records import By, Step, StepTaken
from agent.core.outage.whose import EXEMPTING, Bar, Whose
from agent.core.records import DayBegan, Entry

CALL, CLAIM_OPENS, CLAIM_ENDS, WAS_DARK = (
    "call.not-exempt",
    "call.exempt",
    "call.exemption-ended",
    "call.was-dark",
)
"""What people are called for (`PeopleCalled.text`)."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step with its time."""

    at: Moment
    step: Step
    by: By
    who: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What one firm did about one incident today."""

    steps: tuple[Done, ...] = ()

    def last_of(self, *steps: Step) -> Done | None:
        """The latest of these steps."""
        return next((done for done in reversed(self.steps) if done.step in steps), None)


@dataclass(frozen=True, slots=True)
class Cases:
    """Today's, by incident and firm. Steps that no firm took by itself count for all."""

    by_firm: Mapping[tuple[str, str], Case] = field(default_factory=dict)

    def of(self, incidents: Iterable[str], firm: str) -> Case:
        """The steps of this firm, with those that count for all, in the order of time. Of one
        outage, `incidents` are all that followed each other."""
        steps = [
            done
            for incident in incidents
            for whose in dict.fromkeys(("", firm))
            for done in self.by_firm.get((incident, whose), Case()).steps
        ]
        return Case(tuple(sorted(steps, key=lambda done: done.at.unix_ms)))


def apply(cases: Cases, entry: Entry) -> Cases:
    """The cases after this entry."""
    match entry.record:
        case StepTaken(incident, firm, step, by, who, detail):
            known = cases.by_firm.get((incident, firm), Case())
            case_ = Case((*known.steps, Done(entry.at, step, by, who, detail)))
            return Cases({**cases.by_firm, (incident, firm): case_})
        case DayBegan():
            return Cases()  # each day asks anew; the report reads the journal
    return cases


def by_agent(record: object, log: Log) -> Iterator[StepTaken]:
    """The steps that the agent takes by itself as an incident goes on. Of a phone it asks where
    the answer counts: nothing exempts from Check In and Out at Work."""
    match record:
        case IncidentOpened(incident=name):
            yield StepTaken(name, "", Step.CHANNELS_TRIED, By.AGENT)
        case PeopleCalled(name, text) if text in (CALL, CLAIM_OPENS):
            incident = log.incidents.get(name)
            if incident is not None and incident.duty == EXEMPTING_DUTY:
                yield StepTaken(name, "", Step.PHONE_ASKED, By.AGENT)
            if text == CLAIM_OPENS:
                yield StepTaken(name, "", Step.EXEMPT, By.AGENT)


PHONE = (Step.PHONE_YES, Step.PHONE_NO, Step.PHONE_SILENT)
FOR_ALL = (*PHONE, Step.GATE_DELIVERS, Step.GATE_FAILS)
"""Steps that count for every firm, whoever took them."""


def unanswered(cases: Cases, log: Log) -> Iterator[StepTaken]:
    """For each incident of the day that ends whose question of the phone nobody answered: that no
    answer came (DOMAIN.md, section 3). An answer counts for the whole outage."""
    asked, answered = [], set()
    for (name, _), case_ in cases.by_firm.items():
        incident = log.incidents.get(name)
        if incident is None:
            continue
        first = log.followed(incident)[-1]
        if case_.last_of(*PHONE):
            answered.add(first)
        if case_.last_of(Step.PHONE_ASKED):
            asked.append((name, first))
    for name, first in asked:
        if first not in answered:
            yield StepTaken(name, "", Step.PHONE_SILENT, By.AGENT)


_SUPPLIER = (Step.SUPPLIER_MENDS, Step.SUPPLIER_CANNOT)
_CENTRE = (Step.CENTRE_CALLED, Step.CENTRE_NOT_REACHED, Step.CENTRE_SOLVED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand for a firm. `reference`: it got a number today; `listed`: a list with it
    stands; `supplier`: there is one to contact; `centre_open`: the contact centre is worth a call.
    `phone_counts`: what was said of a phone says something of what fails now.
    """

    whose: Whose
    duty: str
    bars: tuple[str, ...] = ()
    reference: bool = False
    listed: bool = False
    supplier: bool = False
    centre_open: bool = False
    phone_counts: bool = True


def next_key(case_: Case, standing: Standing) -> str:
    """The key of what this firm's people must do next, one of INSTRUCTIONS."""
    phone = case_.last_of(*PHONE) if standing.phone_counts else None
    if standing.duty != EXEMPTING_DUTY:
        return "now.keep-times"
    if standing.reference:
        return "now.keep-list" if standing.listed else "now.print-list"
    if phone is not None and phone.step is Step.PHONE_YES:
        return "now.register-online"
    if standing.whose in EXEMPTING:
        return "now.exempt-ask-phone" if phone is None else "now.exempt"
    supplier, centre = case_.last_of(*_SUPPLIER), case_.last_of(*_CENTRE)
    if standing.supplier and supplier is None:
        return "now.contact-supplier"
    if supplier is not None and supplier.step is Step.SUPPLIER_MENDS and centre is None:
        return "now.supplier-mends"
    if phone is None:
        lacking = standing.whose is Whose.NO_INFRASTRUCTURE or Bar.HABIT in standing.bars
        return "now.other-arrangement" if lacking else "now.ask-phone"
    if centre is not None and centre.step is Step.CENTRE_SOLVED:
        return "now.solved"
    if centre is not None and centre.step is Step.CENTRE_CALLED:
        return "now.enter-reference"
    return "now.call-centre" if centre is None and standing.centre_open else "now.use-form"


INSTRUCTIONS = (
    "now.keep-times",
    "now.print-list",
    "now.keep-list",
    "now.register-online",
    "now.exempt-ask-phone",
    "now.exempt",
    "now.contact-supplier",
    "now.supplier-mends",
    "now.other-arrangement",
    "now.ask-phone",
    "now.solved",
    "now.enter-reference",
    "now.call-centre",
    "now.use-form",
)
"""Every key that `next_key` may give."""
SETTLED = frozenset(("now.keep-list", "now.exempt", "now.solved", "now.keep-times"))
"""Those after which nobody is asked for anything any more."""
