"""The texts of bundles are there in each language, compiled, with the same places."""

from __future__ import annotations

import io
import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from agent import locale
from agent.core.obligations import Outcome
from agent.core.records import KINDS
from agent.export import day_sheet, readme, tables
from agent.export.days import OPEN
from agent.locale import LANGUAGES, texts

ROOM = Path(readme.__file__).parent


def source(language: str) -> Path:
    return Path(locale.__file__).parent / language / "LC_MESSAGES" / "bundle.po"


def messages(language: str) -> dict[str, str]:
    with source(language).open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def keys_used() -> set[str]:
    named = "\n".join(path.read_text("utf-8") for path in ROOM.glob("*.py"))
    found = set(re.findall(r'["\'](?:column|outcome|sheet|readme)\.[\w.-]+["\']', named))
    used = {key.strip("\"'") for key in found}
    used |= {f"column.{name}" for name in (*tables.OBLIGATIONS, *tables.REGISTRATIONS)}
    used |= {f"column.{name}" for name in ("name", "number")}
    used |= {f"outcome.{o.replace(' ', '-')}" for o in (*Outcome, OPEN)}
    used |= {f"event.{kind}" for kind in day_sheet.EVENTS}
    used |= {
        f"bundle.inside.{n}"
        for n in "journal registrations obligations days lists personal".split()
    }
    return used


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_texts_of_bundles_are_those_of_their_source(language: str) -> None:
    compiled = read_mo(io.BytesIO(source(language).with_suffix(".mo").read_bytes()))
    assert {m.id: m.string for m in compiled if m.id} == messages(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bundle_finds_every_text_and_there_is_no_other(language: str) -> None:
    assert messages(language).keys() == keys_used()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_of_bundles_has_the_same_places_in_each_language(language: str) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    english = messages("en")
    for key, text in messages(language).items():
        assert places(text) == places(english[key]), key


def test_every_event_of_a_sheet_is_a_kind_of_entry_and_every_outcome_has_its_place() -> None:
    assert set(KINDS) >= day_sheet.EVENTS
    assert set(day_sheet._ORDER) == {*Outcome, OPEN}


def test_the_note_on_a_stick_speaks_four_languages_and_names_nobody() -> None:
    import datetime as dt

    taken = readme.Taken(
        "f.zip.age", "0a1b2c3d", dt.date(2026, 11, 1), dt.date(2026, 11, 24), 345, "ab" * 32
    )
    text = readme.beside("noord-1", [taken], training=False)
    for language in LANGUAGES:
        assert texts(language, "bundle")["readme.what"] in text
    assert text.count("01/11/2026 - 24/11/2026") == len(LANGUAGES)
    assert text.count("ab" * 32) == len(LANGUAGES)
    assert "noord-1" in text
    assert text.count("\n") == text.count("\r\n")
