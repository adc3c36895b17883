"""A list and slips of one morning, as they are printed, and how an emulated printer sees them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from agent.core.outage.measurements import Layer, Reading
from agent.core.outage.whose import Whose
from agent.core.paper.attendance_list import (
    AttendanceList,
    How,
    Mark,
    Person,
    Reference,
    Stranger,
    attendance_document,
)
from agent.core.paper.slip_writing import slip_document
from agent.core.paper.slips import (
    AfterList,
    ClaimEnded,
    Completion,
    Ended,
    Evidence,
    Heading,
    Instruction,
    KeypadHelp,
    Keys,
    Measured,
    Restart,
    Slip,
    Supplier,
)
from agent.locale import texts
from drivers.emulators.escpos_commands import Interpreter
from drivers.emulators.escpos_strip import Strip
from drivers.escpos_rendering import Renderer
from drivers.paper import Document, Paper, PrinterSettings

CET = dt.timezone(dt.timedelta(hours=1))
CHECKPOINT = "werfpoort:1:4711:" + "ab12" * 16
BOUW = ("0123456749", "Bouw & Zonen BV")
NAMED = {Paper.MM80: "TM-T20II", Paper.MM58: ""}
"""The profile of each width: one printer with code pages, one of unknown make."""


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 24, hour, minute, 7, tzinfo=CET)


LIST = AttendanceList(
    list_number="G1-20261124-1",
    declaration="1Y1000000AAB0",
    day=dt.date(2026, 11, 24),
    site="Kaai 12, 9000 Gent",
    gate="noord-1",
    firm="Bouw & Zonen BV",
    firm_number="0123456749",
    made_by="keypad",
    printed=at(7, 12),
    checkpoint=CHECKPOINT,
    people=(
        Person("Peeters", "Jan", *BOUW, "85011512355", tapped=at(6, 41)),
        Person("Țîrlea", "Ștefan", *BOUW, "85011512355", tapped=at(6, 43), receipt="300000123456"),
        Person("Παπαδόπουλος", "Γιώργος", "", "Ergo SA", limosa="L10000001", tapped=at(6, 48)),
        Person("Жуков", "Сергей", *BOUW, "85011512355", latin="Zhukov, Sergei"),
        Person("Łukaszewski-Vanden Broucke", "Zoë", *BOUW, "85011512355", tapped=at(7, 2)),
        Person("Mbeki", "Amélie", *BOUW, "85011512355", tapped=at(7, 3)),
    ),
    reference=Reference("2026-123456", How.CENTRE, at(7, 10), "keypad"),
    strangers=(Stranger("#1", at(6, 55)),),
    blank_lines=2,
)
MARKS = (Mark.OPEN, Mark.REGISTERED, Mark.OPEN, Mark.EXPECTED, Mark.LATE, Mark.OPEN)
LIST = replace(
    LIST,
    people=tuple(replace(p, mark=m) for p, m in zip(LIST.people, MARKS, strict=True)),
)
HEADING = Heading(
    site="Voorbeeldwerf Noord",
    gate="noord-1",
    firm="Bouw & Zonen BV",
    firm_number="0123456749",
    declaration="1Y1000000AAB0",
    printed=at(7, 5),
    address="Kaai 12, 9000 Gent",
)
KEYS = Keys(
    provisional="2 #",
    cause="7 #",
    phone_opens="21 #",
    phone_fails="20 #",
    addendum="3 #",
    filled_in="5 #",
)
OWN = Instruction(
    incident="I-20261124-1",
    since=at(6, 47),
    whose=Whose.OWN,
    layer=Layer.LINK,
    waiting=14,
    supplier=Supplier("Badgesoft", "09 123 45 67", "08:00-17:00"),
    agreed="app Checkinatwork, An Aerts 0470 12 34 56",
    hours="07:00-20:00",
    keys=KEYS,
)
SLIPS: dict[str, Slip] = {
    "instruction": OWN,
    "instruction-exempt": replace(OWN, whose=Whose.INFRASTRUCTURE, layer=Layer.INTERNET),
    "evidence": Evidence(
        incident="I-20261124-1",
        since=at(6, 47),
        until=at(9, 30),
        whose=Whose.INFRASTRUCTURE,
        measured=(
            Measured(Layer.CLOCK, Reading.WELL, at(6, 46)),
            Measured(Layer.POWER, Reading.WELL, at(6, 46)),
            Measured(Layer.LOCAL, Reading.WELL, at(6, 46), "fibre"),
            Measured(Layer.INTERNET, Reading.FAILING, at(6, 47), "fibre"),
            Measured(Layer.CHANNEL, Reading.UNKNOWN, at(6, 47), "rsz"),
        ),
        checkpoint=CHECKPOINT,
        layer=Layer.INTERNET,
        delivered=at(6, 41),
        people=14,
        party="Proximus",
        reference="T-998877",
    ),
    "completion": Completion(
        ("G1-20261124-1",),
        dt.date(2026, 11, 24),
        Reference("2026-123456", How.FORM, at(8, 10), "page"),
        CHECKPOINT,
    ),
    "after-list": AfterList(
        ("G1-20261124-1", "G1-20261124-2"),
        pages=2,
        lines=(("G1-20261124-1", 3), ("G1-20261124-2", 1)),
        provisional=True,
        keys=KEYS,
    ),
    "restart": Restart(at(5, 10), at(7, 4), "G1-20261124-1", KEYS),
    "keypad": KeypadHelp(
        ((BOUW[1], BOUW[0]), ("Meunier & Fils SRL", "0448181966"), ("", "0200065765"))
    ),
    "claim-ended": ClaimEnded("I-20261124-1", at(9, 30), Ended.PATH_BACK, waiting=14),
}


@dataclass(frozen=True)
class Samples:
    """What is printed in the tests."""

    the_list: AttendanceList = LIST
    heading: Heading = HEADING
    checkpoint: str = CHECKPOINT

    def slip(self, name: str, languages: Sequence[str]) -> Document:
        """A slip or a list by its name."""
        spoken = [texts(language) for language in languages]
        match name:
            case "list":
                return attendance_document(LIST, spoken)
            case "list-short":
                three = replace(LIST, people=LIST.people[:4], strangers=(), blank_lines=0)
                return attendance_document(three, spoken)
            case "list-provisional":
                provisional = replace(LIST, reference=None, people=LIST.people[:1], training=True)
                return attendance_document(provisional, spoken)
            case "list-addendum":
                nameless = replace(LIST.people[0], surname="", given_name="", mark=Mark.LATE)
                addendum = replace(
                    LIST,
                    people=(LIST.people[4], nameless),
                    list_number="G1-20261124-2",
                    addendum_to=LIST.list_number,
                    strangers=(Stranger("#2", at(7, 58)),),
                    blank_lines=0,
                )
                return attendance_document(addendum, spoken)
        return slip_document(SLIPS[name], HEADING, spoken)

    def named(self, surname: str, given_name: str, latin: str) -> Document:
        """A list of one person."""
        person = Person(surname, given_name, *BOUW, "85011512355", latin=latin)
        return attendance_document(replace(LIST, people=(person,)), [texts("en")])

    def strip(self, name: str, languages: Sequence[str], paper: Paper) -> Strip:
        """What an emulated printer makes of the bytes of a slip, without a wire."""
        strip = Strip(paper.dots)
        interpreter = Interpreter(strip, lambda _: None, lambda: 0)
        renderer = Renderer(PrinterSettings(paper=paper, profile=NAMED[paper]))
        for part in self.slip(name, languages).parts:
            interpreter.buffer += renderer.part(part).data
            while interpreter.step():
                pass
        assert not interpreter.faults
        assert not interpreter.buffer
        return strip


@pytest.fixture(scope="session")
def samples() -> Samples:
    return Samples()
