"""What carries out the core's orders, with its real child process and a printer that is a file."""

from __future__ import annotations

import datetime as dt
import queue
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import load_config
from agent.core.commands import Print
from agent.core.events import Event
from agent.core.moment import Moment, Trust
from agent.core.paper.paper_events import PaperMoved
from agent.core.paper.paper_records import ListMade, Paper, ReferenceGot
from agent.core.paper.papers import Reference, Sheet
from agent.core.rules import Rules
from agent.core.state import State
from agent.evidence.clock import SystemClock
from agent.paper.documents import Documents
from agent.paper.printing import ChildPrinting
from agent.seams import ThreadWork
from drivers.emulators.escpos import EscposEmulator
from drivers.paper import JobDone, PrinterSettings

CONFIG = load_config(Path(__file__).parents[2] / "config" / "werfpoort.example.toml")
DAY = dt.date(2026, 11, 24)
AT = Moment(1_764_000_000_000, 0, "b", Trust.NTP)
MADE = ListMade("j-1124-1", DAY, "1Y1000NF9KCQZ", "0448181966", "4711", "keypad", 8)
GOT = ReferenceGot("4711", MADE.firm, DAY, "centre", "keypad")
ORDER = Print(7, Paper.LIST, Sheet(1, AT, MADE, (), "4711"), Reference(2, AT, GOT), 0, 0)
PATIENCE_S = 30.0


class Gate:
    """Printing as the loop drives it."""

    def __init__(self, settings: PrinterSettings, *languages: str) -> None:
        self.heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.clock = SystemClock()
        rules = Rules(CONFIG.zone)
        seams = (self.clock, ThreadWork())
        spoken = replace(CONFIG.gate, languages=languages or CONFIG.gate.languages)
        documents = Documents(replace(CONFIG, gate=spoken))
        self.printing = ChildPrinting(
            settings, documents, lambda: State(rules), seams, self.heard.put
        )

    def ended(self, job: int) -> PaperMoved:
        """The end of this job, which begins now."""
        self.printing.look(self.clock.now())
        while True:
            event = self.heard.get(timeout=PATIENCE_S)
            match event:
                case PaperMoved(_, number, _, JobDone()) if number == job:
                    return event


@pytest.fixture
def target(tmp_path: Path) -> Path:
    file = tmp_path / "printer"
    file.touch()
    return file


@pytest.fixture
def gate(target: Path) -> Iterator[Gate]:
    gate = Gate(PrinterSettings(kind="file", address=str(target)))
    yield gate
    gate.printing.close()


def test_a_document_that_cannot_be_made_is_told_and_holds_up_nothing_else(
    gate: Gate, target: Path
) -> None:
    """As of a journal of before the way of a number was checked."""
    odd = replace(ORDER, job=6, reference=Reference(2, AT, replace(GOT, how="pigeon")))
    gate.printing.print(odd)
    gate.printing.print(ORDER)
    failed = gate.ended(6)
    assert isinstance(failed.event, JobDone)
    assert "pigeon" in failed.event.problem and failed.event.hint
    assert (failed.event.certain, failed.event.sent) == (0, 0)
    assert failed.parts > 1  # so that nothing counts as printed
    assert target.read_bytes() == b""
    assert gate.ended(ORDER.job).event.certain == 0  # a file never answers
    assert target.read_bytes()


def test_what_is_dropped_is_printed_no_more_whether_it_waits_or_has_begun(
    gate: Gate, target: Path
) -> None:
    gate.printing.print(replace(ORDER, job=5))
    gate.printing.print(replace(ORDER, job=6))
    gate.printing.look(gate.clock.now())  # 5 has begun: its process is getting warm
    gate.printing.drop(5)
    gate.printing.drop(6)
    assert gate.printing.due_ms(gate.clock.now()) is None
    gate.printing.print(ORDER)
    assert gate.ended(ORDER.job).event.certain == 0  # a file never answers
    first = target.read_bytes()
    target.write_bytes(b"")
    gate.printing.look(gate.clock.now())  # the process is let go
    gate.printing.print(replace(ORDER, job=8))
    gate.ended(8)
    assert len(target.read_bytes()) == len(first)  # one list each, and nothing of the others


def test_what_a_stopped_job_left_in_the_printer_does_not_make_the_next_one_certain() -> None:
    with EscposEmulator() as emulator:
        # In English all of it is letters, and waits in the printer's buffer.
        gate = Gate(PrinterSettings(kind="network", address=emulator.address), "en")
        emulator.hardware.paper_dots = 300
        gate.printing.print(ORDER)
        stopped = gate.ended(ORDER.job).event
        assert stopped.certain < stopped.sent
        assert emulator.cuts == 0
        emulator.hardware.line_s = 0.02  # what waits in the printer comes out slowly
        emulator.hardware.paper_dots = None
        gate.printing.print(replace(ORDER, job=8))
        done = gate.ended(8)
        assert (done.event.certain, done.event.problem) == (done.parts, "")
        assert emulator.cuts == 2  # what was left, and all of the next one
        gate.printing.close()
