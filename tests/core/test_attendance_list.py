from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agent.core.paper.attendance_list import (
    AttendanceList,
    How,
    Mark,
    Person,
    Reference,
    Stranger,
    attendance_document,
)
from agent.core.paper.wording import TRAINING
from agent.locale import LANGUAGES, texts
from drivers.paper import Banner, Blank, Cell, Columns, Document, Qr, Text

CET = dt.timezone(dt.timedelta(hours=1))
CHECKPOINT = "werfpoort:1:4711:" + "ab12" * 16


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 24, hour, minute, 7, tzinfo=CET)


JAN = Person("Peeters", "Jan", "0123456749", "Bouw & Zonen BV", "85011512355", tapped=at(6, 41))
ONE = AttendanceList(
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
    people=(JAN,),
    reference=Reference("2026-123456", How.CENTRE, at(7, 10), "M. Janssens"),
    blank_lines=0,
)


def written(document: Document) -> list[str]:
    """Every text of the document, a page after the other, a cell after the other."""
    said: list[str] = []
    for part in document.parts:
        for block in part:
            match block:
                case Text(text) | Banner(text) | Blank(text) | Qr(text):
                    said.append(text)
                case Columns(cells):
                    said.extend(cell.text for cell in cells)
                case _:
                    pass
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in said]


def made(attendance: AttendanceList, *languages: str) -> Document:
    return attendance_document(attendance, [texts(language) for language in languages])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_bears_all_that_proves_it(language: str) -> None:
    page = "\n".join(written(made(ONE, language)))
    for fact in (
        "2026-123456",
        "02 511 51 51",
        "24/11/2026 07:10:07 +01:00",
        "1Y1000000AAB0",
        "24/11/2026",
        "Kaai 12, 9000 Gent",
        "gate-1",
        "Bouw & Zonen BV, 0123.456.749",
        "M. Janssens",
        "24/11/2026 07:12:07 +01:00",
        "G1-20261124-1",
        "Peeters, Jan",
        "85.01.15-123.55",
        "06:41",
        CHECKPOINT,
    ):
        assert fact in page


def test_the_number_bears_its_official_label() -> None:
    page = "\n".join(written(made(ONE, "nl", "fr")))
    assert "Rijksregisternummer (of BIS)" in page
    assert "Numéro de registre national (ou BIS)" in page


def test_every_page_says_which_of_how_many_it_is_and_which_list_it_belongs_to() -> None:
    document = made(replace(ONE, people=(JAN,) * 17, blank_lines=2), "nl")
    assert len(document.parts) == 3
    for n, part in enumerate(document.parts, 1):
        page = written(Document((part,), ""))
        assert f"Pagina {n} van 3 - G1-20261124-1" in page
        assert "Aangifte van Werken: 1Y1000000AAB0" in page
        assert any("2026-123456" in text for text in page)


def test_the_checkpoint_stands_once_as_code_and_once_as_text_on_the_last_page() -> None:
    document = made(replace(ONE, people=(JAN,) * 9), "en")
    assert written(document).count(CHECKPOINT) == 2
    assert Qr(CHECKPOINT) in document.parts[-1]


def test_without_a_number_the_list_says_provisional_and_leaves_its_box_empty() -> None:
    document = made(replace(ONE, reference=None, people=(JAN,) * 9), "nl", "fr")
    for part in document.parts:
        assert part.count(Banner("VOORLOPIG / PROVISOIRE")) == 2
    label = document.parts[0].index(Text("Referentienummer / Numéro de référence", bold=True))
    assert document.parts[0][label + 1] == Blank()


def test_a_training_list_says_so_at_the_head_and_the_foot_of_every_page() -> None:
    document = made(replace(ONE, training=True, people=(JAN,) * 9), "de")
    for part in document.parts:
        assert part[0] == Banner(TRAINING)
        assert part.count(Banner(TRAINING)) == 2


def test_a_list_in_earnest_bears_no_banner() -> None:
    assert not [block for block in made(ONE, "en").parts[0] if isinstance(block, Banner)]


def test_marks_say_why_a_person_is_on_the_list() -> None:
    people = (
        JAN,
        replace(JAN, mark=Mark.REGISTERED, receipt="300000123456"),
        replace(JAN, mark=Mark.EXPECTED, tapped=None),
        replace(JAN, mark=Mark.LATE),
    )
    said = written(made(replace(ONE, people=people), "en"))
    assert "registered, receipt 300000123456" in said
    assert said.count("expected") == 1
    assert said.count("came later") == 1
    assert "People: 4" in said
    assert "on this list only: 1" in said


def test_a_limosa_number_stands_with_its_label_where_there_is_no_national_one() -> None:
    person = replace(JAN, inss="", limosa="L10000001", employer="", employer_name="")
    said = written(made(replace(ONE, people=(person,)), "fr"))
    assert "Numéro Limosa (L1) : L10000001" in said
    assert not any("85.01" in text for text in said)


def test_a_latin_spelling_stands_under_the_name() -> None:
    person = replace(JAN, surname="Жуков", given_name="Сергей", latin="Zhukov, Sergei")
    document = made(replace(ONE, people=(person,)), "nl")
    said = written(document)
    assert said[said.index("(Zhukov, Sergei)") - 3] == "Жуков, Сергей"


def test_blank_lines_have_room_for_name_number_employer_and_signature() -> None:
    document = made(replace(ONE, people=(), blank_lines=3), "nl")
    blanks = [block for block in document.parts[0] if isinstance(block, Blank) and block.indent]
    assert len(blanks) == 3 * 4
    assert "Lege lijnen: 3" in written(document)


def test_an_unknown_badge_has_a_blank_line_that_says_when_it_tapped() -> None:
    stranger = Stranger("#1", at(6, 44))
    said = written(made(replace(ONE, strangers=(stranger,), blank_lines=2), "nl"))
    place = said.index("Onbekende badge #1")
    assert said[place - 1] == "2"
    assert said[place + 1] == "06:44"
    assert said.count("Familienaam, voornaam") == 3
    assert "Lege lijnen: 3" in said


def test_an_addendum_says_on_every_page_to_which_list_it_belongs() -> None:
    addendum = replace(ONE, addendum_to="G1-20261124-1", list_number="G1-20261124-2")
    for part in made(replace(addendum, people=(JAN,) * 9), "en").parts:
        said = written(Document((part,), ""))
        assert "Addendum to the attendance list" in said
        assert "To list: G1-20261124-1" in said


@pytest.mark.parametrize(("how", "said"), [(How.FORM, "contactformulier"), (How.UNKNOWN, "Ing")])
def test_the_list_says_how_and_by_whom_its_number_was_got(how: How, said: str) -> None:
    reference = Reference("2026-123456", how, at(7, 10), "keypad")
    page = written(made(replace(ONE, reference=reference, made_by="keypad"), "nl", "fr"))
    assert any(said in text and text.endswith("door operator (klavier)") for text in page)
    assert "Opgesteld door / Établie par: operator (klavier) / opérateur (clavier)" in page


def test_every_page_leaves_room_for_the_number_that_is_not_known_yet() -> None:
    for part in made(replace(ONE, reference=None, people=(JAN,) * 9), "nl").parts:
        assert Blank("Referentienummer") in part or Text("Referentienummer", bold=True) in part


def test_every_page_says_what_stands_in_an_entry() -> None:
    for part in made(replace(ONE, people=(JAN,) * 9), "nl").parts:
        assert any("Rijksregisternummer (of BIS)" in b.text for b in part if isinstance(b, Text))


def test_without_a_signed_checkpoint_there_is_no_code() -> None:
    part = made(replace(ONE, checkpoint=""), "nl").parts[-1]
    assert not [block for block in part if isinstance(block, Qr)]


def test_a_firm_without_a_name_is_known_by_its_number() -> None:
    assert "Reporting firm: 0123.456.749" in written(made(replace(ONE, firm=""), "en"))


def test_rows_are_numbered_through_all_pages() -> None:
    document = made(replace(ONE, people=(JAN,) * 10, blank_lines=2), "nl")
    rows = [b.cells[0].text for p in document.parts for b in p if isinstance(b, Columns)]
    assert [row for row in rows if row] == [str(n) for n in range(1, 13)]


def test_the_number_of_the_thousandth_row_is_not_broken() -> None:
    document = made(replace(ONE, people=(JAN,) * 1000), "nl")
    rows = [b for b in document.parts[-1] if isinstance(b, Columns) and b.cells[0].text == "1000"]
    assert rows[0].cells[0].width == 5


def test_nothing_that_is_long_is_put_into_a_narrow_cell() -> None:
    for part in made(ONE, "nl").parts:
        for block in part:
            cells: tuple[Cell, ...] = block.cells if isinstance(block, Columns) else ()
            assert all(len(cell.text) <= cell.width for cell in cells if cell.width)
