"""Documents from a state: what a list and each slip say of it."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.config import load_config
from agent.core.commands import Print, PrintSlip
from agent.core.moment import Trust
from agent.core.outage.procedure_records import By
from agent.core.paper.paper_events import CopyAsked, ListAsked, ReferenceEntered, SlipKind
from agent.core.paper.paper_records import Paper
from agent.core.rules import Line, Rules
from agent.core.state import State
from agent.journal.checkpoint import parse_checkpoint
from agent.paper.documents import Documents
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew
from agent.sandbox.simulation import Simulation
from drivers.paper import Banner, Columns, Document, Qr, Text

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
PEOPLE = crew(5, random.Random(4))
RULES = Rules(BRUSSELS, DECLARATION, firm=MAIN_CONTRACTOR, lines=(Line("ciaw", "checkinatwork"),))
EXAMPLE = Path(__file__).parents[1] / "config" / "werfpoort.example.toml"
CONFIG = load_config(EXAMPLE)
DOCUMENTS = Documents(CONFIG)
NUMBER = "2026112417"


@pytest.fixture
def gate() -> Iterator[Simulation]:
    """Three people have tapped, and nothing can be delivered: people were called."""
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as simulation:
        simulation.service.faults = Faults(unreachable=True)
        for place, person in enumerate(PEOPLE[:3]):
            simulation.later(2 + place, person.uid)
        simulation.run_until(400)
        yield simulation


def state(gate: Simulation) -> State:
    return gate.daemon.keeper.state


def said(document: Document | None) -> str:
    assert document is not None
    lines: list[str] = []
    for block in (block for part in document.parts for block in part):
        match block:
            case Text(text=text) | Banner(text=text):
                lines.append(text)
            case Columns(cells):
                lines.append(" ".join(cell.text for cell in cells))
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def slip(gate: Simulation, kind: SlipKind) -> str:
    return said(DOCUMENTS.slip(PrintSlip(kind), state(gate), gate.clock.now()))


def test_the_instruction_slip_says_since_when_whom_to_call_and_what_to_type(
    gate: Simulation,
) -> None:
    text = slip(gate, SlipKind.INSTRUCTION)
    assert "06:55" in text
    assert "02 511 51 51" in text
    assert DECLARATION in text


def test_the_evidence_slip_lists_what_was_measured(gate: Simulation) -> None:
    (incident,) = state(gate).log.incidents
    text = slip(gate, SlipKind.EVIDENCE)
    assert incident in text
    assert re.search(r"^Internet \(uplink\) 0\d:\d\d:\d\d goed$", text, re.MULTILINE)


@pytest.mark.parametrize("kind", [SlipKind.KEEP_LIST, SlipKind.CLAIM_ENDED])
def test_a_slip_that_has_nothing_to_say_is_not_printed(gate: Simulation, kind: SlipKind) -> None:
    assert DOCUMENTS.slip(PrintSlip(kind), state(gate), gate.clock.now()) is None


def test_no_slip_names_a_worker_or_a_national_number(gate: Simulation) -> None:
    text = "".join(
        slip(gate, kind) for kind in (SlipKind.INSTRUCTION, SlipKind.EVIDENCE, SlipKind.RESTART)
    )
    for person in PEOPLE:
        assert person.worker.surname not in text
        assert not person.worker.inss or person.worker.inss not in text


def test_a_list_printed_again_is_the_same_though_everything_else_went_on(
    gate: Simulation,
) -> None:
    gate.inbox.put(ReferenceEntered(gate.clock.now(), NUMBER, By.COMMAND))
    gate.run_until(430)
    (sheet,) = state(gate).papers.sheets.values()
    first = DOCUMENTS.list(sheet, state(gate).papers.of_sheet(sheet), state(gate))
    gate.service.faults = Faults()
    gate.run_until(2000)
    gate.inbox.put(CopyAsked(gate.clock.now(), By.COMMAND))
    gate.run_until(2100)
    (sheet,) = state(gate).papers.sheets.values()
    assert DOCUMENTS.list(sheet, state(gate).papers.of_sheet(sheet), state(gate)) == first
    text = said(first)
    assert all(person.worker.surname in text for person in PEOPLE[:3])
    assert NUMBER in text


def test_the_code_on_a_list_vouches_for_the_list_itself_also_where_it_was_ordered_before(
    gate: Simulation,
) -> None:
    gate.inbox.put(ReferenceEntered(gate.clock.now(), NUMBER, By.COMMAND))
    gate.run_until(430)
    (sheet,) = state(gate).papers.sheets.values()
    reference = state(gate).papers.of_sheet(sheet)
    ordered = Print(1, Paper.LIST, replace(sheet, checkpoint=None), reference, 0, 0)
    document = DOCUMENTS.ordered(ordered, state(gate), gate.clock.now())
    (code,) = (block.payload for part in document.parts for block in part if isinstance(block, Qr))
    assert parse_checkpoint(code).upto >= sheet.seq + len(sheet.rows)
    assert DOCUMENTS.list(sheet, reference, state(gate)) == document


def test_a_provisional_list_stays_so_on_paper_and_is_whole_as_pdf(gate: Simulation) -> None:
    gate.inbox.put(ListAsked(gate.clock.now(), By.COMMAND))
    gate.run_until(430)
    gate.inbox.put(ReferenceEntered(gate.clock.now(), NUMBER, By.COMMAND))
    gate.run_until(460)
    (sheet,) = state(gate).papers.sheets.values()
    reference = state(gate).papers.of_sheet(sheet)
    assert NUMBER not in said(DOCUMENTS.list(sheet, reference, state(gate)))
    assert NUMBER in said(DOCUMENTS.list(sheet, reference, state(gate), completed=True))


def test_the_slip_after_a_list_also_comes_where_no_clock_tells_the_day(gate: Simulation) -> None:
    gate.inbox.put(ListAsked(gate.clock.now(), By.COMMAND))
    gate.run_until(430)
    (number,) = state(gate).papers.sheets
    now = gate.clock.now()
    lost = replace(now, unix_ms=now.unix_ms - 3 * 86_400_000, trust=Trust.UNKNOWN)
    text = said(DOCUMENTS.slip(PrintSlip(SlipKind.KEEP_LIST), state(gate), lost))
    assert number in text
    assert "nummer" in text  # of a provisional list it says how to enter it


def test_the_overview_of_the_keypad_numbers_the_employers(gate: Simulation) -> None:
    rules = replace(state(gate).rules, employers=tuple(e.number for e in CONFIG.employers))
    text = said(
        DOCUMENTS.slip(
            PrintSlip(SlipKind.KEYPAD), replace(state(gate), rules=rules), gate.clock.now()
        )
    )
    for place, employer in enumerate(CONFIG.employers, 1):
        assert re.search(rf"^{place} # {re.escape(employer.name)}, ", text, re.MULTILINE)
