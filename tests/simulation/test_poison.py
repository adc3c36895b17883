"""One registration makes a service refuse the whole call: the others get through, on each line."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery.inquiries import Ability
from agent.core.obligations import Outcome
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.simulation import Simulation
from drivers.base import Direction

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
PEOPLE = crew(40, random.Random(6))
POISON = PEOPLE[17].worker.inss
LINES = (
    Line("ciaw", "checkinatwork", abilities=frozenset({Ability.LOOK_UP})),
    Line("cio", "checkinout", oldest_ms=600_000),
    Line("supplier", "checkinatwork", abilities=frozenset({Ability.ASK_AFTER})),
)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_one_poisonous_registration_holds_up_no_other(line: Line) -> None:
    rules = Rules(BRUSSELS, DECLARATION, duty=line.duty, lines=(line,))
    with Simulation(PEOPLE, rules, MORNING, seed=1) as gate:
        service = gate.offices.service(line.name)
        service.faults = Faults(unreachable=True)
        for n, person in enumerate(PEOPLE):
            gate.later(2 + n, person.uid, Direction.IN)
        gate.run_until(60)
        service.faults = Faults(poison=frozenset({POISON}))
        gate.run_until(520)
        accepted = {entry.submitted.inss for entry in gate.offices.ledger.accepted}
        assert accepted == {p.worker.inss for p in PEOPLE} - {POISON}
        gate.run_until(1500)
        obligations = gate.daemon.keeper.state.ledger.obligations.values()
        (bad,) = (o for o in obligations if o.outcome is not Outcome.REGISTERED)
        assert bad.person.inss == POISON
        assert bad.outcome is (Outcome.EXPIRED if line.oldest_ms else Outcome.REJECTED)
        assert len(gate.offices.ledger.accepted) == len(PEOPLE) - 1
