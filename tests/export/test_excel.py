"""Cells that no spreadsheet may mistake for something else."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.export.excel import cell, csv_head, csv_lines

AS_TEXT = (
    *("0448181966", "100000000000001", "24910158641968060", "05.01.15-123.53", "2-6", "1/2"),
    *("12345678-12", "1E5", "12e45678", "06:50", "5 %", "€ 5", "1 000", "(5)", "TRUE", "waar"),
    *("2 JUN", "juin-26", "jan 26", "1.000,50", "٣"),
)
FORMULAS = ("=2+5", "@SUM(A1)", "-cmd|' /C calc'!A0", "+a", "=HYPERLINK(1)")


@pytest.mark.parametrize("text", AS_TEXT)
def test_what_excel_would_turn_into_something_else_stays_the_text_it_is(text: str) -> None:
    assert cell(text) == f'="{text}"'


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_never_computed(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell(f"\t{text}") == f"'{text}"


@pytest.mark.parametrize("text", ["Jan", "D'Hondt", "BE 0448.181.966", "850115•••55", "", "Nguyễn"])
def test_plain_words_are_left_alone(text: str) -> None:
    assert cell(text) == text


def test_days_times_and_counts_are_values() -> None:
    assert cell(dt.date(2026, 11, 24)) == "2026-11-24"
    assert cell(dt.time(6, 55, 3)) == "06:55:03"
    assert cell(12) == "12"


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_any_text_comes_back_from_the_file_in_one_cell_of_one_line(rows: list[list[str]]) -> None:
    raw = csv_head(("a", "b")) + csv_lines(rows)
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert len(lines) == len(rows) + 1
    for line, row in zip(lines[1:], rows, strict=True):
        assert len(line) == 2
        for found, value in zip(line, row, strict=True):
            assert " ".join(value.split()) in found
            assert found[:1] not in "+-@\t\r" or not found
            assert not found.startswith("=") or found.startswith('="')
