"""What people must do now, and what failed, can be said in every language."""

from __future__ import annotations

import io
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from agent import locale
from agent.core.outage import classification as outage
from agent.core.outage import darkness
from agent.core.outage.procedure import INSTRUCTIONS
from agent.locale import LANGUAGES, texts

KEYS = {*INSTRUCTIONS, *(f"row.{row}" for row in (*outage.KEYS, *darkness.ROWS))}
PLACES = set(
    "incident since firm declaration left phone menu hours form supplier supplier_phone "
    "supplier_hours online reference".split()
)


def source(language: str) -> Path:
    return Path(locale.__file__).parent / language / "LC_MESSAGES" / "procedure.po"


def messages(language: str) -> dict[str, str]:
    with source(language).open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_instruction_and_every_cause_has_its_words(language: str) -> None:
    assert messages(language).keys() == KEYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_words_are_those_of_their_source(language: str) -> None:
    compiled = read_mo(io.BytesIO(source(language).with_suffix(".mo").read_bytes()))
    assert {m.id: m.string for m in compiled if m.id} == messages(language)
    assert texts(language, "procedure")["now.exempt"] == messages(language)["now.exempt"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_have_only_places_that_are_filled(language: str) -> None:
    english = messages("en")
    for key, text in messages(language).items():
        named = {name for _, name, _, _ in Formatter().parse(text)} - {None}
        assert named <= PLACES, key
        assert named == {name for _, name, _, _ in Formatter().parse(english[key])} - {None}, key
