"""Lists of 500 people at an emulated printer and as PDF, and what that costs who asks for them.

Run as a program it is the one who asks: it prints lists and makes PDFs as the agent does, and
tells how its resident memory grew.
"""

from __future__ import annotations

import datetime as dt
import os
import queue
import random
import subprocess
import sys
import time
from pathlib import Path

from agent.core.attendance_list import (
    AttendanceList,
    How,
    Mark,
    Person,
    Reference,
    attendance_document,
)
from agent.locale import texts
from drivers.paper import (
    Document,
    JobDone,
    PrinterReady,
    PrinterSettings,
    PrintEvent,
    PrintRequest,
)
from drivers.paper_pdf import as_pdf
from drivers.print_job import PrintJob

PEOPLE = 500
WAIT_S = 60.0
CET = dt.timezone(dt.timedelta(hours=1))
NOW = dt.datetime(2026, 11, 24, 7, 12, 7, tzinfo=CET)
NAMES = (
    *(("Peeters", "Jan"), ("Lefèvre", "Amélie"), ("Țîrlea", "Ștefan"), ("Łukasz", "Żółć")),
    *(("Παπαδόπουλος", "Γιώργος"), ("Жуков", "Сергей"), ("Vandenbroucke-De Smet", "Zoë")),
)


def a_list(people: int = PEOPLE) -> Document:
    """A list in two languages, names in three scripts; every second one a picture on the roll."""
    chance = random.Random(people)
    persons = tuple(
        Person(
            *NAMES[n % len(NAMES)],
            employer="0123456749",
            employer_name="Bouw & Zonen BV",
            inss=f"85011{chance.randrange(10**6):06}",
            tapped=NOW - dt.timedelta(seconds=people - n),
            mark=Mark.REGISTERED if n % 5 == 0 else Mark.OPEN,
            receipt=str(300_000_000_000 + n),
        )
        for n in range(people)
    )
    attendance = AttendanceList(
        list_number="G1-20261124-1",
        declaration="1Y1000000AAB0",
        day=NOW.date(),
        site="Kaai 12, 9000 Gent",
        gate="gate-1",
        firm="Bouw & Zonen BV",
        firm_number="0123456749",
        made_by="keypad",
        printed=NOW,
        checkpoint="werfpoort:1:4711:" + "ab12" * 16,
        people=persons,
        reference=Reference("2026-123456", How.CENTRE, NOW, "keypad"),
    )
    return attendance_document(attendance, [texts("nl"), texts("fr")])


class Ready:
    """A printing process that has everything loaded, as when the dialogue is open."""

    def __init__(self, settings: PrinterSettings) -> None:
        self.events: queue.Queue[PrintEvent] = queue.Queue()
        self.job = PrintJob(settings, self.events.put)
        assert self.events.get(timeout=WAIT_S) == PrinterReady()

    def done(self) -> JobDone:
        """How the job ended."""
        while not isinstance(event := self.events.get(timeout=WAIT_S), JobDone):
            pass
        self.job.close()
        return event


def first_byte_ms() -> float:
    """From the second `#`, before the list is made, to the list's first byte at the printer."""
    from drivers.emulators.escpos import EscposEmulator

    with EscposEmulator() as printer:
        ready = Ready(PrinterSettings("network", printer.address))
        begun = time.perf_counter()
        ready.job.start(PrintRequest(a_list()))
        while b"\x1b@" not in printer.received:
            time.sleep(0.001)
            assert time.perf_counter() - begun < WAIT_S
        taken = 1000 * (time.perf_counter() - begun)
        ready.job.close()
        return taken


def rendered_s() -> float:
    """The whole list as bytes for a printer of unknown make, which gets the most pictures."""
    from drivers.escpos_rendering import Renderer

    renderer = Renderer(PrinterSettings())
    document = a_list()
    begun = time.perf_counter()
    for part in document.parts:
        renderer.part(part)
    return time.perf_counter() - begun


def pdf_s() -> float:
    """The whole list as a PDF, the start of its process included."""
    begun = time.perf_counter()
    as_pdf(a_list(), "G1-20261124-1", "nl")
    return time.perf_counter() - begun


def grown_mib(lists: int) -> tuple[float, float]:
    """How much who asks grew by its first list on paper and as PDF, and by the others after it."""
    command = [sys.executable, __file__, str(lists)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    before, first, last = map(float, done.stdout.split())
    return first - before, last - first


def _asking(lists: int) -> list[float]:
    """Prints into a file: a printer that never answers takes a job as fast as it is rendered."""
    resident = [resident_mib(os.getpid())]
    for _ in range(lists):
        ready = Ready(PrinterSettings("file", os.devnull))
        ready.job.start(PrintRequest(a_list()))
        ready.done()
        as_pdf(a_list(), "G1-20261124-1", "nl")
        resident.append(resident_mib(os.getpid()))
    return [resident[0], resident[1], resident[-1]]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from measures import resident_mib

    print(*_asking(int(sys.argv[1])))
