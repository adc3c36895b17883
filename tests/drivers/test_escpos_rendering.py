from __future__ import annotations

import datetime as dt
import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageChops

from agent.core.paper.attendance_list import (
    AttendanceList,
    How,
    Mark,
    Person,
    Reference,
    attendance_document,
)
from agent.locale import texts
from drivers.emulators.escpos import EscposEmulator
from drivers.emulators.escpos_commands import Interpreter
from drivers.emulators.escpos_strip import Strip
from drivers.escpos_rendering import Renderer
from drivers.lettering import can_shape, picture, spelled
from drivers.paper import (
    Cell,
    Columns,
    Document,
    Paper,
    PrinterSettings,
    PrintEvent,
    PrintRequest,
    Text,
    from_plain,
    to_json,
)
from drivers.paper_layout import Line, Run, clean

GOLDEN = Path(__file__).parent.parent / "golden"
CET = dt.timezone(dt.timedelta(hours=1))
CHECKPOINT = "werfpoort:1:4711:" + "ab12" * 16
NAMED = "TM-T20II"


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 24, hour, minute, 7, tzinfo=CET)


LIST = AttendanceList(
    list_number="G1-20261124-1",
    declaration="1Y1000000AAB0",
    day=dt.date(2026, 11, 24),
    site="Kaai 12, 9000 Gent",
    gate="gate-1",
    firm="Bouw & Zonen BV",
    firm_number="0123456749",
    made_by="M. Janssens",
    printed=at(7, 12),
    checkpoint=CHECKPOINT,
    people=(
        Person("Peeters", "Jan", "0123456749", "Bouw & Zonen BV", "85011512355", tapped=at(6, 41)),
        Person(
            *("Țîrlea", "Ștefan", "0123456749", "", "85011512355"),
            tapped=at(6, 47),
            mark=Mark.REGISTERED,
            receipt="300000123456",
        ),
        Person("Παπαδόπουλος", "Γιώργος", "", "Ergo SA", limosa="L10000001", tapped=at(6, 48)),
        Person(
            *("Жуков", "Сергей", "0123456749", "", "85011512355"),
            latin="Zhukov, Sergei",
            mark=Mark.EXPECTED,
        ),
        Person(
            *("Łukaszewski-Vanden Broucke", "Zoë", "0123456749", "", "85011512355"),
            tapped=at(7, 2),
            mark=Mark.LATE,
        ),
    ),
    reference=Reference("2026-123456", How.CENTRE, at(7, 10), "M. Janssens"),
    blank_lines=1,
)


def at_printer(emulator: EscposEmulator, **changes: object) -> PrinterSettings:
    """Settings of a network printer at the emulator's address."""
    return replace(PrinterSettings("network", emulator.address), **changes)  # type: ignore[arg-type]


def ignored(_: PrintEvent) -> None:
    """For who waits for the end alone."""


def strip_of(document: Document, settings_: PrinterSettings) -> Strip:
    """What an emulated printer makes of the document's bytes, without a wire."""
    strip = Strip(settings_.paper.dots)
    interpreter = Interpreter(strip, lambda _: None, lambda: 0)
    renderer = Renderer(settings_)
    for part in document.parts:
        interpreter.buffer += renderer.part(part).data
        while interpreter.step():
            pass
    assert not interpreter.faults
    assert not interpreter.buffer
    return strip


@pytest.mark.parametrize("paper", list(Paper))
def test_a_stranger_s_reader_reads_the_checkpoint_off_the_paper(paper: Paper) -> None:
    document = attendance_document(LIST, [texts("nl")])
    strip = strip_of(document, PrinterSettings(paper=paper))
    codes = zxingcpp.read_barcodes(strip.picture().convert("L"))
    assert [code.text for code in codes] == [CHECKPOINT]


# --- letters ------------------------------------------------------------------------------------

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Co", "Zl", "Zp"]), min_size=1
)


@given(name=NAMES, profile=st.sampled_from(["", NAMED, "TM-T88III"]))
@settings(deadline=None)
def test_no_name_ever_becomes_a_question_mark(name: str, profile: str) -> None:
    document = Document(((Columns((Cell("1", 4), Cell(name, bold=True))),),), "")
    strip = strip_of(document, PrinterSettings(profile=profile))
    assert "?" in clean(name) or "?" not in "".join(strip.lines)


@given(name=st.text(st.sampled_from("éèëïöüßçñœšžłąęńőűğşıÆØåČĐΑΩάώЖЇґя€ '-Aaz"), min_size=1))
@settings(deadline=None)
def test_a_name_in_letters_of_the_code_pages_is_printed_letter_for_letter(name: str) -> None:
    document = Document(((Text(name),),), "")
    strip = strip_of(document, PrinterSettings(profile=NAMED))
    wanted = unicodedata.normalize("NFC", name).split()
    assert " ".join(strip.lines).split() == wanted or len(name) > Paper.MM80.columns


@given(name=NAMES)
@settings(deadline=None)
def test_what_no_font_has_is_spelled_as_its_code_point(name: str) -> None:
    out = spelled(clean(name))
    for letter in set(clean(name)):
        assert letter in out or f"[U+{ord(letter):04X}]" in out


@pytest.mark.parametrize("name", ["Ștefan Țîrlea", "Łukasz Żółć", "Dvořák", "Đặng", "Ǎ", "Ẹ́kọ́"])
def test_latin_with_any_accent_has_its_letters_in_the_bundled_fonts(name: str) -> None:
    assert spelled(clean(name)) == clean(name)


@pytest.mark.parametrize("name", ["Ștefan", "Γιώργος", "Ґеорґій", "Շիրակ", "გიორგი", "ⴰⵣⵓⵍ"])
def test_letters_beyond_ascii_go_as_dots_to_a_printer_of_unknown_make(name: str) -> None:
    strip = strip_of(Document(((Text(name),),), ""), PrinterSettings())
    assert strip.lines == []
    assert strip.picture().convert("L").getextrema() == (0, 255)


def test_s_with_comma_goes_as_dots_also_where_code_pages_are_known() -> None:
    strip = strip_of(Document(((Text("Ștefan"), Text("Zoë")),), ""), PrinterSettings(profile=NAMED))
    assert strip.lines == ["Zoë"]


def test_a_line_of_dots_stands_in_the_columns_of_a_line_of_letters() -> None:
    block = Columns((Cell("1", 4), Cell("Zoe"), Cell("06:47", 6)))
    letters = strip_of(Document(((block,),), ""), PrinterSettings()).picture()
    runs = (Run("1", 0, 4), Run("Zoe", 4, 38), Run("06:47", 42, 6))
    dots = picture(Line(runs), Paper.MM80.columns)
    same = letters.crop((0, 0, *dots.size))
    assert ImageChops.logical_xor(same.convert("1"), dots.convert("1")).getbbox() is None


@pytest.mark.needs("libfribidi0", available=can_shape(), installable_in_ci=True)
def test_arabic_letters_are_joined() -> None:
    joined = picture(Line((Run("محمد", 0, 40),)), 48)
    apart = picture(Line((Run("\u200c".join("محمد"), 0, 40),)), 48)
    assert joined.tobytes() != apart.tobytes()


def test_what_would_steer_the_printer_prints_as_a_space() -> None:
    strip = strip_of(Document(((Text("A\x1b@\x10\x04\x01B"),),), ""), PrinterSettings())
    assert strip.lines[0].split() == ["A", "@", "B"]


def test_a_long_name_goes_on_below_and_nothing_is_cut_off() -> None:
    name = "Vandenbroucke de la Tour " * 4
    for paper in Paper:
        document = Document(((Columns((Cell("1", 4), Cell(name), Cell("06:47", 6))),),), "")
        lines = strip_of(document, PrinterSettings(paper=paper)).lines
        assert " ".join(lines).split() == ["1", *_woven(name, "06:47", lines)]


def _woven(name: str, time_: str, lines: list[str]) -> list[str]:
    """The words of `name` with `time_` where the first line ends."""
    words = name.split()
    on_first = len(lines[0].split()) - 2
    return [*words[:on_first], time_, *words[on_first:]]


def test_a_word_too_wide_for_large_letters_is_printed_smaller_and_whole() -> None:
    document = Document(((Text("Anwesenheitsliste", large=True),),), "")
    assert strip_of(document, PrinterSettings(paper=Paper.MM58)).lines == ["Anwesenheitsliste"]


def test_a_request_is_the_same_behind_the_pipe() -> None:
    document = attendance_document(LIST, [texts("nl"), texts("de")])
    request, printer = PrintRequest(document, 1, 2, True), PrinterSettings("network", "p:9100")
    assert from_plain(json.loads("".join(to_json(request, printer)))) == (request, printer)
