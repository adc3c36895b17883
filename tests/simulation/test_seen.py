"""What people get to see is read for numbers that must not stand there, and for those that must."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.core.commands import Print, PrintSlip, Reply
from agent.core.outage.contacts import Contacts
from agent.core.outage.procedure_records import By
from agent.core.paper.paper_events import ListAsked, SlipKind
from agent.core.paper.paper_records import Paper
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew
from agent.sandbox.simulation import Simulation
from agent.sandbox.tray import Sheet
from agent.sandbox.world.seen import Seen, numbers_in
from agent.sandbox.world.values import ZONE

MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=ZONE)
PEOPLE = crew(4, random.Random(4))
NUMBERS = tuple(person.worker.inss for person in PEOPLE)
SPOKEN = f"{NUMBERS[0][:2]}.{NUMBERS[0][2:4]}.{NUMBERS[0][4:6]}-{NUMBERS[0][6:9]}.{NUMBERS[0][9:]}"
CONTACTS = Contacts(
    agreed_channel=f"say that {SPOKEN} is here",
    online_service=f"https://online.test/{NUMBERS[2]}",
)
"""Of a technician who writes workers' numbers into the configuration."""
RULES = Rules(
    ZONE,
    DECLARATION,
    firm=MAIN_CONTRACTOR,
    lines=(Line("ciaw", "checkinatwork"),),
)


@pytest.fixture
def gate() -> Iterator[Simulation]:
    """Three people have tapped, and nothing can be delivered: people were called."""
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as simulation:
        simulation.service.faults = Faults(unreachable=True)
        for place, person in enumerate(PEOPLE[:3]):
            simulation.later(2 + place, person.uid)
        simulation.run_until(400)
        yield simulation


@pytest.fixture
def found() -> list[str]:
    """What was found wrong."""
    return []


@pytest.fixture
def seen(found: list[str]) -> Seen:
    return Seen(1, NUMBERS, lambda rule, text: found.append(f"{rule}: {text}"))


@pytest.mark.parametrize(
    "text",
    [
        NUMBERS[0],
        SPOKEN,
        SPOKEN.replace(".", " "),
        f"<td>{NUMBERS[0]}</td>",
        f"2026{NUMBERS[0]}",
        f"ref 12-{NUMBERS[0]}-1",
    ],
)
def test_a_number_is_found_however_its_digits_are_set_apart(text: str) -> None:
    assert list(numbers_in(text, NUMBERS)) == [NUMBERS[0]]


@pytest.mark.parametrize(
    "text", ["", NUMBERS[0][:10], f"{NUMBERS[0][:6]}•••{NUMBERS[0][9:]}", "02 511 51 51"]
)
def test_what_is_masked_or_shorter_is_no_number(text: str) -> None:
    assert list(numbers_in(text, NUMBERS)) == []


def test_nothing_that_a_gate_shows_in_an_outage_holds_a_number(
    gate: Simulation, seen: Seen, found: list[str]
) -> None:
    state, now = gate.daemon.keeper.state, gate.clock.now()
    seen.carried_out([PrintSlip(kind) for kind in SlipKind], state, now)
    seen.reported(gate.daemon.keeper.journal.entries_for_state(), now.unix_ms)
    assert found == []
    assert seen.counts == {"slips": 4, "lists": 0, "answers": 0, "looks": 1, "reports": 1}


def places(found: list[str]) -> list[str]:
    return [line.partition(" stands in ")[2] for line in found]


def test_a_number_on_a_slip_on_the_page_or_in_an_answer_is_found(
    gate: Simulation, seen: Seen, found: list[str]
) -> None:
    state = gate.daemon.keeper.state
    spoilt = replace(state, rules=replace(state.rules, contacts=CONTACTS))
    said = [PrintSlip(SlipKind.INSTRUCTION), Reply(1, False, NUMBERS[1])]
    seen.carried_out(said, spoilt, gate.clock.now())
    slip = "the instruction slip"
    assert places(found) == [slip, slip, "the page", "an answer"]


def test_a_number_among_those_who_are_here_is_found(
    gate: Simulation, seen: Seen, found: list[str]
) -> None:
    state = gate.daemon.keeper.state
    obligations = {
        number: replace(o, person=replace(o.person, surname=NUMBERS[3]))
        for number, o in state.ledger.obligations.items()
    }
    spoilt = replace(state, ledger=replace(state.ledger, obligations=obligations))
    seen.looked_at(spoilt, gate.clock.now())
    assert places(found) == ["the page of who is here"]


def test_a_list_must_bear_the_numbers_of_those_on_it_and_nobody_elses(
    gate: Simulation, seen: Seen, found: list[str]
) -> None:
    gate.inbox.put(ListAsked(gate.clock.now(), By.KEYPAD))
    gate.run_until(420)
    state, now = gate.daemon.keeper.state, gate.clock.now()
    (sheet,) = state.papers.sheets.values()
    order = Print(1, Paper.LIST, sheet, None, 0, 0)
    seen.carried_out([order], state, now)
    assert found == []
    bare = replace(sheet.rows[0], person=replace(sheet.rows[0].person, surname=NUMBERS[3]))
    other = replace(sheet, rows=(bare,), made=replace(sheet.made, number="another"))
    seen.carried_out([replace(order, sheet=other)], state, now)
    assert found == [f"5.7 no full number: {NUMBERS[3][:4]}… stands on a list of others"]


def test_a_list_that_comes_out_again_must_say_so(
    gate: Simulation, seen: Seen, found: list[str]
) -> None:
    gate.inbox.put(ListAsked(gate.clock.now(), By.KEYPAD))
    gate.run_until(420)
    (sheet,) = gate.daemon.keeper.state.papers.sheets.values()
    order = Print(1, Paper.LIST, sheet, None, 0, 0)
    seen.carried_out([order, replace(order, job=2)], gate.daemon.keeper.state, gate.clock.now())
    seen.came_out([Sheet(1, 1, False), Sheet(2, 1, True)])
    assert found == []
    seen.came_out([Sheet(1, 1, False), Sheet(2, 1, True), Sheet(2, 1, False)])
    assert found == [f"a copy says that it is one: {sheet.made.number}, part 1"]


def test_a_part_in_which_the_roll_ended_comes_out_again_and_says_so(gate: Simulation) -> None:
    gate.tray.roll, gate.tray.rest = 0, True
    gate.inbox.put(ListAsked(gate.clock.now(), By.KEYPAD))
    gate.run_until(420)
    gate.tray.roll = 200
    gate.run_until(600)
    (job,) = {sheet.job for sheet in gate.tray.sheets}
    assert gate.tray.sheets[:2] == [Sheet(job, 1, False), Sheet(job, 1, True)]
    assert not any(sheet.marked for sheet in gate.tray.sheets[2:])
