"""Checkinatwork says that it fails: whether it is unavailable, a different request tells.

The agent's own channel signs and sends both requests; the emulated service answers them.
"""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo

from agent.core.delivery.inquiries import Ability
from agent.core.outage.facts import Facts, Party, Way
from agent.core.outage.incident_log import Incident
from agent.core.outage.whose import Bar, Whose
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Fault, Faults
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
PEOPLE = crew(3, random.Random(4))
LINE = Line("ciaw", "checkinatwork", abilities=frozenset({Ability.LOOK_UP, Ability.SEARCH}))
RULES = Rules(
    BRUSSELS,
    DECLARATION,
    lines=(LINE,),
    facts=Facts(ways=(Way("ciaw", Party.CHECKINATWORK),), grid_fed=True),
)
DOWN = Faults(fault=Fault("SOA-02001"))
ONLY_REGISTERING = Faults(poison=frozenset(p.worker.inss for p in PEOPLE[1:]))


def incidents(before: int, faults: Faults, until_s: float) -> tuple[list[Incident], Simulation]:
    """The incidents when `before` of the people are registered before the service fails."""
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as gate:
        for n, person in enumerate(PEOPLE[:before]):
            gate.later(2 + n, person.uid)
        gate.run_until(60)
        gate.service.faults = faults
        for n, person in enumerate(PEOPLE[before:]):
            gate.later(62 + n, person.uid)
        gate.run_until(until_s)
        return list(gate.daemon.keeper.state.log.incidents.values()), gate


def test_a_service_that_answers_no_request_is_unavailable() -> None:
    (incident,), gate = incidents(1, DOWN, 300)
    assert (incident.row, incident.measured) == ("answer.service-fault", Whose.SERVICE)
    assert "getPresenceRegistration" in {call.operation for call in gate.service.calls}


def test_without_a_receipt_to_ask_about_the_day_is_searched() -> None:
    (incident,), gate = incidents(0, DOWN, 300)
    assert (incident.row, incident.bars) == ("answer.service-fault", (Bar.NO_PATH_BEFORE,))
    assert "searchPresences" in {call.operation for call in gate.service.calls}


def test_a_service_that_only_refuses_to_register_is_not_said_to_be_unavailable() -> None:
    (incident,), _ = incidents(1, ONLY_REGISTERING, 300)
    assert (incident.row, incident.measured) == ("answer.other", Whose.UNDETERMINED)


def test_what_is_answered_by_a_gateway_alone_for_longer_than_the_hysteresis_is_the_service() -> (
    None
):
    (incident,), _ = incidents(1, Faults(status=503), 300)
    assert (incident.row, incident.measured) == ("answer.service-silent", Whose.SERVICE)


REFUSED, SILENT = Faults(fault=Fault("SOA-01001", "Consumer")), Faults(status=503)


def turned(*faults: Faults, each_s: float = 1800) -> Incident:
    """The last incident where the service does this in turn, for that long each."""
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as gate:
        gate.later(2, PEOPLE[0].uid)
        gate.run_until(60)
        gate.later(61, PEOPLE[1].uid)
        for n, fault in enumerate(faults):
            gate.service.faults = fault
            gate.later(70 + n * each_s, PEOPLE[2].uid)
            gate.run_until(60 + (n + 1) * each_s)
        return list(gate.daemon.keeper.state.log.incidents.values())[-1]


def test_what_the_service_finds_at_fault_with_us_is_not_forgotten_over_its_own_fault() -> None:
    found = turned(REFUSED, SILENT)
    assert (found.row, found.whose) == ("answer.sender", Whose.OWN)


def test_what_the_service_finds_at_fault_with_us_outlives_a_start_of_the_machine() -> None:
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as gate:
        gate.later(2, PEOPLE[0].uid)
        gate.run_until(60)
        gate.service.faults = REFUSED
        gate.later(61, PEOPLE[1].uid)
        gate.run_until(1200)
        gate.service.faults = SILENT  # before the gate starts again, and sends at once
        gate.cut_power(60)
        gate.run_until(3600)
        found = list(gate.daemon.keeper.state.log.incidents.values())[-1]
    assert (found.row, found.whose) == ("answer.sender", Whose.OWN)


def test_what_was_at_fault_with_us_is_over_once_something_of_ours_is_taken() -> None:
    found = turned(REFUSED, Faults(), each_s=1800)
    assert not found.open
    with_others = turned(SILENT)
    assert (with_others.row, with_others.whose) == ("answer.service-silent", Whose.SERVICE)
