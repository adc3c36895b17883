"""A list of 500 people, rendered for a roll and made a PDF."""

from __future__ import annotations

import datetime as dt
import random
import time

from agent.core.paper.attendance_list import (
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
    PrinterSettings,
)
from drivers.paper_pdf import as_pdf

PEOPLE = 500
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
