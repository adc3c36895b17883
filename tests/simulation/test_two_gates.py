"""Two gates at one site: a worker taps at both while one of them is cut off."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import ExitStack
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery.inquiries import Ability
from agent.core.delivery.registrations import ALREADY_REGISTERED
from agent.core.obligations import Obligation, Outcome
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Cut, Faults
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 50, tzinfo=BRUSSELS)
PEOPLE = crew(6, random.Random(2))
LINE = Line("ciaw", "checkinatwork", abilities=frozenset({Ability.SEARCH, Ability.LOOK_UP}))
RULES = Rules(BRUSSELS, DECLARATION, lines=(LINE,))
SLICE_S = 1


@pytest.fixture
def gates() -> Iterator[tuple[Simulation, Simulation]]:
    ledger = PresenceLedger()
    with ExitStack() as stack:
        north, south = (
            stack.enter_context(Simulation(PEOPLE, RULES, MORNING, seed, ledger)) for seed in (1, 2)
        )
        yield north, south


def run(gates: tuple[Simulation, Simulation], until_s: int) -> None:
    """Both, second by second, so that neither lives in the other's future."""
    begins = min(gate.clock.true_ms for gate in gates) // 1000
    for second in range(begins, until_s, SLICE_S):
        for gate in gates:
            gate.run_until(second + SLICE_S)


def owed(gate: Simulation) -> list[Obligation]:
    return list(gate.daemon.keeper.state.ledger.obligations.values())


def test_who_taps_at_both_gates_during_a_partition_is_registered_once(
    gates: tuple[Simulation, Simulation],
) -> None:
    north, south = gates
    north.service.faults = Faults(unreachable=True)
    for n, person in enumerate(PEOPLE):
        north.later(10 + 4 * n, person.uid)
        south.later(60 + 4 * n, person.uid)
    run(gates, 300)
    assert [o.outcome for o in owed(north)] == [None] * 6
    assert [o.outcome for o in owed(south)] == [Outcome.REGISTERED] * 6
    assert "registered" not in {name for _, name in north.panel.patterns}
    north.service.faults = Faults()
    run(gates, 900)
    assert [o.outcome for o in owed(north)] == [Outcome.REGISTERED] * 6
    accepted = north.offices.ledger.accepted
    assert sorted(e.submitted.inss for e in accepted) == sorted(p.worker.inss for p in PEOPLE)
    assert all(ALREADY_REGISTERED in o.remarks for o in owed(north))
    assert not any(o.remarks for o in owed(south))


def test_a_lost_answer_at_one_gate_and_a_tap_at_the_other_still_count_once(
    gates: tuple[Simulation, Simulation],
) -> None:
    north, south = gates
    north.service.faults = Faults(cut=Cut.MID_BODY)
    north.later(10, PEOPLE[0].uid)
    run(gates, 20)
    north.cut_power(dark_s=60)
    south.later(30, PEOPLE[0].uid)
    run(gates, 60)
    north.service.faults = Faults()
    run(gates, 600)
    assert [o.outcome for gate in gates for o in owed(gate)] == [Outcome.REGISTERED] * 2
    assert len(north.offices.ledger.accepted) == 1
