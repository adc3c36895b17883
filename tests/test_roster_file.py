"""The roster file, as people and their spreadsheets write it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.roster import Worker
from agent.findings import Finding
from agent.roster.file import COLUMNS, RosterReading, read_roster

EXAMPLE = Path(__file__).parents[1] / "config" / "roster.example.csv"
SITE = "1Y1000NF9KCQZ"
HEADER = "badge_uid;surname;given_name;inss;limosa;employer;declaration;language;valid_until"

JAN = "04A1B2C3;Janssens;Jan;85011512355;;0448181966;;nl;"
AYSE = "04A1B2C4;Özdemir;Ayşe;05011512353;;0448181966;;fr;"
LIMOSA = "04A1B2C5;Kowalski;Łukasz;;24910158641968060;;;;"


def read(folder: Path, text: str | bytes) -> RosterReading:
    file = folder / "roster.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(file, SITE)


def rows(*lines: str) -> str:
    return "\n".join((HEADER, *lines)) + "\n"


def only(reading: RosterReading) -> Finding:
    (finding,) = reading.findings
    return finding


# --- what a good file gives -------------------------------------------------------------------


def test_the_example_is_a_roster_of_three_firms_without_a_finding() -> None:
    reading = read_roster(EXAMPLE, SITE)
    workers = reading.roster.workers
    assert reading.findings == ()
    assert reading.rows == len(workers) == 12
    assert len({worker.employer for worker in workers}) == 3
    assert sum(worker.inss[2:3] >= "2" for worker in workers) == 1  # a BIS number
    assert sum(bool(worker.limosa) for worker in workers) == 1
    assert len(reading.roster.unbadged) == 1


def test_the_example_shows_every_column() -> None:
    header = EXAMPLE.read_text(encoding="utf-8").splitlines()[0]
    assert header == ",".join(COLUMNS)


def test_a_row_becomes_a_worker_with_its_numbers_in_one_form(tmp_path: Path) -> None:
    row = "04:a1:b2:c3;Janssens;Jan;85.01.15-123.55;;BE 0448.181.966;1y1003sq5vssz;NL;23/11/2026"
    assert read(tmp_path, rows(row)).roster.badges == {
        "04A1B2C3": Worker(
            "Janssens",
            "Jan",
            "0448181966",
            "1Y1003SQ5VSSZ",
            inss="85011512355",
            language="nl",
            valid_until=dt.date(2026, 11, 23),
        )
    }


def test_a_row_without_a_declaration_stands_under_that_of_the_site(tmp_path: Path) -> None:
    assert read(tmp_path, rows(JAN)).roster.badges["04A1B2C3"].declaration == SITE


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_separators_line_ends_and_byte_order_marks_do_not_matter(
    tmp_path: Path, separator: str, end: str, mark: bytes
) -> None:
    text = rows(JAN, AYSE).replace(";", separator).replace("\n", end)
    reading = read(tmp_path, mark + text.encode())
    assert reading.findings == ()
    assert list(reading.roster.badges) == ["04A1B2C3", "04A1B2C4"]


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        "Employer,INSS,Given name,SURNAME,Badge-UID\n"
        "0448181966,85011512355,Jan,Janssens,04A1B2C3\n",
    )
    assert reading.findings == ()
    assert reading.roster.badges["04A1B2C3"].surname == "Janssens"


def test_the_latin_spelling_of_a_name_is_read_beside_it(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{HEADER};latin name\n{JAN};Janssens,  Jean\n")
    assert reading.findings == ()
    assert reading.roster.badges["04A1B2C3"].latin == "Janssens, Jean"


def test_a_latin_spelling_in_other_letters_is_found(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{HEADER};latin name\n{JAN};Жуков, Сергей\n")
    assert only(reading).where == "line 2, latin_name"
    assert "U+0416" in str(only(reading))


def test_a_column_that_is_not_read_is_a_warning(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{HEADER};shoe size\n{JAN};45\n")
    assert only(reading).warning
    assert only(reading).where == "line 1, shoe_size"
    assert len(reading.roster.badges) == 1


def test_empty_lines_and_cells_after_the_last_column_do_not_matter(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{HEADER};;\n\n{JAN};;\n;;;;;;;;;;\n")
    assert reading.findings == ()
    assert reading.rows == 1


def test_a_worker_without_a_badge_is_known(tmp_path: Path) -> None:
    reading = read(tmp_path, rows(JAN.replace("04A1B2C3", "")))
    assert [worker.surname for worker in reading.roster.unbadged] == ["Janssens"]
    assert reading.roster.badges == {}


def test_a_worker_may_hold_two_badges(tmp_path: Path) -> None:
    reading = read(tmp_path, rows(JAN, JAN.replace("04A1B2C3", "04A1B2C9")))
    assert reading.findings == ()
    assert set(reading.roster.badges) == {"04A1B2C3", "04A1B2C9"}
    assert len(reading.roster.workers) == 1


def test_the_same_row_twice_does_not_matter(tmp_path: Path) -> None:
    reading = read(tmp_path, rows(JAN, JAN))
    assert reading.findings == ()
    assert len(reading.roster.badges) == 1


def test_one_person_may_work_for_two_firms(tmp_path: Path) -> None:
    second = JAN.replace("04A1B2C3", "04A1B2C9").replace("0448181966", "0701234576")
    reading = read(tmp_path, rows(JAN, second))
    assert reading.findings == ()
    assert len(reading.roster.workers) == 2


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Țepeș", "Țepeș"),
        ("Παπαδόπουλος", "Παπαδόπουλος"),
        ("Шевченко", "Шевченко"),
        ("Le\u0300vesque", "Lèvesque"),
        ("  Van\u00a0den   Broeck ", "Van den Broeck"),
        ('"D\'Hondt; Peeters"', "D'Hondt; Peeters"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_names_of_any_script_are_kept_in_composed_form(
    tmp_path: Path, written: str, kept: str
) -> None:
    reading = read(tmp_path, rows(JAN.replace("Janssens", written)))
    assert reading.findings == ()
    assert reading.roster.badges["04A1B2C3"].surname == kept


# --- a bad row is left out, the good ones work ------------------------------------------------

BAD_ROWS = [
    ("04A1B2C3", "4A1B2C3", "badge_uid", "has 7 digits"),
    ("04A1B2C3", "4,00E+12", "badge_uid", "scientific notation"),
    ("04A1B2C3", "08A1B2C3", "badge_uid", "makes up anew at each tap"),
    ("Janssens", "", "surname", "is empty"),
    ("Janssens", "Jans\x07sens", "surname", "U+0007"),
    ("Janssens", "Jans\u202esens", "surname", "U+202E"),
    ("Janssens", "Janss\ufffdns", "surname", "lost a letter"),
    ("85011512355", "8,50115E+10", "inss", "scientific notation"),
    ("85011512355", "5011512353", "inss", "dropped 1 zero at its front"),
    ("85011512355", "85011512356", "inss", "850115•••56 is not a national number"),
    ("85011512355", "", "inss", "is empty, and so is limosa"),
    ("85011512355;", "85011512355;24910158641968060", "limosa", "stands beside an INSS"),
    (";0448181966", ";", "employer", "is empty"),
    ("0448181966", "448181966", "employer", "the 0 at its front is missing"),
    ("0448181966", "85011512355", "employer", "has 11 digits"),
    (";;nl", ";1Y1OOO;nl", "declaration", "holds ‘O’"),
    ("nl;", "nl;31/11/2026", "valid_until", "no calendar has"),
    ("nl;", "nl;11/23/2026", "valid_until", "no calendar has"),
    ("nl;", "nl;23/11/26", "valid_until", "is not a date"),
    ("Jan;", '"Jan;', "", "stray quotation mark"),
    (";nl;", "", "", "has 7 cells where the header has 9"),
    ("nl;", "nl;;x", "", "has 10 cells where the header has 9"),
]


@pytest.mark.parametrize(("good", "bad", "column", "problem"), BAD_ROWS)
def test_a_bad_row_is_told_by_line_and_column_and_left_out(
    tmp_path: Path, good: str, bad: str, column: str, problem: str
) -> None:
    reading = read(tmp_path, rows(AYSE, JAN.replace(good, bad, 1), LIMOSA))
    finding = only(reading)
    assert finding.where == ("line 3, " + column if column else "line 3")
    assert problem in finding.problem
    assert "left out" in finding.problem
    assert finding.mend and not finding.warning
    assert [worker.surname for worker in reading.roster.workers] == ["Özdemir", "Kowalski"]
    assert reading.rows == 3


def test_all_that_is_wrong_with_a_row_is_told_at_once(tmp_path: Path) -> None:
    reading = read(tmp_path, rows("04A1B2G3;;Jan;85011512356;;0448181967;;nl;morgen"))
    assert [finding.where.split(", ")[1] for finding in reading.findings] == [
        "badge_uid",
        "surname",
        "inss",
        "employer",
        "valid_until",
    ]


def test_a_language_that_the_gate_does_not_speak_does_not_bar_the_worker(tmp_path: Path) -> None:
    reading = read(tmp_path, rows(JAN.replace("nl", "pl")))
    assert only(reading).warning
    assert reading.roster.badges["04A1B2C3"].language == ""


def test_a_validity_that_ends_before_it_begins_is_told(tmp_path: Path) -> None:
    text = f"{HEADER};valid_from\n{JAN}2026-01-31;2026-02-01\n"
    assert only(read(tmp_path, text)).problem.startswith("is before valid_from")


# --- a badge never leads to the wrong worker --------------------------------------------------


def test_one_badge_of_two_workers_leads_to_neither_and_both_rows_are_named(
    tmp_path: Path,
) -> None:
    reading = read(tmp_path, rows(JAN, AYSE.replace("04A1B2C4", "04a1b2c3"), LIMOSA))
    assert [finding.where for finding in reading.findings] == [
        "line 2, badge_uid",
        "line 3, badge_uid",
    ]
    assert "…B2C3 is also the badge of another worker, on line 3" in reading.findings[0].problem
    assert list(reading.roster.badges) == ["04A1B2C5"]
    assert reading.roster.unbadged == ()


def test_one_national_number_under_two_names_counts_for_neither(tmp_path: Path) -> None:
    reading = read(tmp_path, rows(JAN, AYSE.replace("05011512353", "85.01.15-123.55"), LIMOSA))
    assert [finding.where for finding in reading.findings] == ["line 2, inss", "line 3, inss"]
    assert "850115•••55 stands under another name on line 3" in reading.findings[0].problem
    assert list(reading.roster.badges) == ["04A1B2C5"]


def test_accents_case_and_signs_do_not_make_another_name(tmp_path: Path) -> None:
    second = AYSE.replace("04A1B2C4", "04A1B2C9").replace("Özdemir;Ayşe", "OZDEMIR;Ayse")
    reading = read(tmp_path, rows(AYSE, second))
    assert "line 2, which counts" in only(reading).problem
    assert {worker.surname for worker in reading.roster.badges.values()} == {"Özdemir"}


# --- a file that is no roster -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "where", "problem"),
    [
        (b"", "", "is empty"),
        (b" \r\n\r\n", "", "is empty"),
        (rows(AYSE).encode("cp1252", "replace"), "line 2", "old encoding"),
        (rows(JAN).encode("utf-16"), "", "UTF-16"),
        (f'"{HEADER}\n'.encode(), "line 1", "stray quotation mark"),
        (HEADER.replace("surname", "inss").encode(), "line 1, surname", "is missing"),
        (HEADER.replace(";employer", "").encode(), "line 1, employer", "is missing"),
        (f"{HEADER};surname\n".encode(), "line 1, surname", "stands there twice"),
    ],
)
def test_a_file_that_is_no_roster_is_told(
    tmp_path: Path, raw: bytes, where: str, problem: str
) -> None:
    reading = read(tmp_path, raw)
    assert reading.findings[0].where == where
    assert problem in reading.findings[0].problem
    assert reading.roster.workers == ()


def test_old_encodings_are_told_how_to_save(tmp_path: Path) -> None:
    reading = read(tmp_path, rows("04A1B2C4;Müller;Jürgen;;;;;;").encode("cp1252"))
    assert "CSV UTF-8" in only(reading).mend


def test_a_misspelt_column_is_told_with_what_stands_there(tmp_path: Path) -> None:
    reading = read(tmp_path, rows(JAN).replace("badge_uid", "badgeuid"))
    assert "is it `badgeuid`?" in only(reading).mend


def test_a_file_without_a_header_shows_no_number_of_its_first_worker(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{JAN}\n{AYSE}\n")
    assert len(reading.findings) == 4
    assert not any("85011512355" in str(finding) for finding in reading.findings)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    missing = only(read_roster(tmp_path / "roster.csv", SITE))
    assert "No such file" in missing.problem
    assert "Is a directory" in only(read_roster(tmp_path, SITE)).problem


# --- in general -------------------------------------------------------------------------------

NUMBERS = st.sampled_from(
    ["85011512355", "8501151235", "85011512356", "05011512353", "5011512353", "24910158641968060"]
)
cells = st.one_of(NUMBERS, st.text(max_size=8), st.sampled_from(["04A1B2C3", "0448181966", ""]))


@given(st.lists(st.lists(cells, max_size=11), max_size=6), st.sampled_from(";,\t"))
def test_any_cells_are_read_without_an_exception_and_no_finding_shows_a_number(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], separator: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([COLUMNS, *table])
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    reading = read_roster(file, SITE)
    assert len(reading.roster.workers) <= reading.rows
    for finding in reading.findings:
        assert finding.mend
        assert not re.search(r"\d{8}", finding.where + finding.problem + finding.mend)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes.csv"
    file.write_bytes(raw)
    reading = read_roster(file, SITE)
    assert reading.findings and reading.roster.workers == ()
