"""No number of a person leaves through a text of somebody else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.channels.veil import MOST_CHARACTERS, veiled


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("INSS 85011512355 is bad", "INSS 850115•••55 is bad"),
        ("85.01.15-123.55", "850115•••55"),
        ("Limosa 24910158641968060", "Limosa 249101•••••••••60"),
        ("company 0448181966, code 5", "company 0448181966, code 5"),
        ("two\nlines\t here", "two lines here"),
        ("2026-11-24T05:58:00Z", "2026-11-24T05:58:00Z"),
    ],
)
def test_numbers_of_persons_are_masked_and_others_stay(text: str, told: str) -> None:
    assert veiled(text) == told


@given(st.from_regex(r"\d{11}", fullmatch=True), st.text(), st.text())
def test_no_text_around_a_number_saves_it(number: str, before: str, after: str) -> None:
    ascii_number = "".join(str(int(digit)) for digit in number)

    told = veiled(f"{before} {ascii_number} {after}")

    assert ascii_number not in re.sub(r"\D", "x", told)


@given(st.text(max_size=2000))
def test_no_text_is_endless(text: str) -> None:
    assert len(veiled(text)) <= MOST_CHARACTERS
