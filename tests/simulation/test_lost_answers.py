"""A service that carries out what it is asked and then cuts the line: each is registered once."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.obligations import Outcome
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Cut, Faults
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.simulation import Simulation
from drivers.base import Direction

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
LATE = dt.datetime(2026, 11, 24, 23, 57, tzinfo=BRUSSELS)
PEOPLE = crew(3, random.Random(4))

SEARCHING = Line("ciaw", "checkinatwork", abilities=frozenset({Ability.SEARCH, Ability.LOOK_UP}))
LINES = {
    "checkinatwork that may be searched": SEARCHING,
    "checkinatwork that may not": Line("ciaw", "checkinatwork"),
    "check in and out": Line("cio", "checkinout", oldest_ms=600_000),
    "supplier": Line("supplier", "checkinatwork", abilities=frozenset({Ability.ASK_AFTER})),
}


def site(line: Line, starts: dt.datetime = MORNING) -> Simulation:
    rules = Rules(BRUSSELS, DECLARATION, duty=line.duty, lines=(line,))
    return Simulation(PEOPLE, rules, starts, seed=1)


def outcomes(gate: Simulation) -> list[Outcome | None]:
    return [o.outcome for o in gate.daemon.keeper.state.ledger.obligations.values()]


def searches(gate: Simulation) -> int:
    entries = gate.daemon.keeper.journal.entries_for_state()
    began = [e.record for e in entries if isinstance(e.record, InquiryBegan)]
    return sum(record.asks is Ability.SEARCH for record in began)


@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_whatever_is_cut_off_each_is_registered_once(line: Line, cut: Cut) -> None:
    with site(line) as gate:
        gate.offices.service(line.name).faults = Faults(cut=cut)
        for n, person in enumerate(PEOPLE):
            gate.later(2 + n, person.uid, Direction.IN)
        gate.run_until(60)
        gate.offices.service(line.name).faults = Faults()
        gate.run_until(900)
        assert outcomes(gate) == [Outcome.REGISTERED] * 3
        assert len(gate.offices.ledger.accepted) == 3
        lost = cut is not Cut.AFTER_BODY
        assert (searches(gate) > 0) == (line is SEARCHING and lost)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_kill_while_the_call_is_under_way_registers_nobody_twice(line: Line) -> None:
    with site(line) as gate:
        gate.offices.service(line.name).faults = Faults(latency_s=5)
        gate.later(2, PEOPLE[0].uid, Direction.IN)
        gate.run_until(3)
        gate.cut_power(dark_s=5)
        gate.offices.service(line.name).faults = Faults()
        gate.run_until(900)
        assert outcomes(gate) == [Outcome.REGISTERED]
        assert len(gate.offices.ledger.accepted) == 1


@pytest.mark.parametrize("may_search", [True, False])
def test_after_midnight_a_search_tells_and_without_one_it_stays_expired(may_search: bool) -> None:
    line = SEARCHING if may_search else LINES["checkinatwork that may not"]
    with site(line, LATE) as gate:
        gate.service.faults = Faults(cut=Cut.MID_BODY)
        gate.later(2, PEOPLE[0].uid)
        gate.run_until(300)
        assert outcomes(gate) == [Outcome.EXPIRED]
        calls = len(gate.service.calls)
        gate.service.faults = Faults()
        gate.run_until(1800)
        assert outcomes(gate) == [Outcome.REGISTERED if may_search else Outcome.EXPIRED]
        asked = {call.operation for call in gate.service.calls[calls:]}
        assert "registerPresences" not in asked
        assert len(gate.offices.ledger.accepted) == 1
