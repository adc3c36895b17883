from __future__ import annotations

import ast
import io
from itertools import chain
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from agent import locale
from agent.core.outage.measurements import Layer, Reading
from agent.core.outage.procedure_records import By
from agent.core.outage.whose import Whose
from agent.core.paper import attendance_list, notice, slip_writing, wording
from agent.core.paper.attendance_list import How, Mark
from agent.core.paper.keypad_codes import SAID
from agent.core.paper.slips import Ended
from agent.locale import LANGUAGES, texts

KEYS_BY_VALUE = {
    "list.by.": {by.value for by in By},
    "list.mark.": {mark.value for mark in Mark if mark is not Mark.OPEN},
    "list.reference.": {how.name.lower() for how in How},
    "list.total.": {mark.value for mark in Mark},
    "slip.ended.": {why.value for why in Ended},
    "slip.judged.": {whose.value.replace(" ", "-") for whose in Whose},
    "slip.key.": set(SAID.values()),
    "slip.layer.": {layer.value for layer in Layer},
    "slip.name.": {layer.value for layer in Layer},
    "slip.reading.": {reading.value for reading in Reading},
    "slip.whose.": {whose.value.replace(" ", "-") for whose in Whose},
}
"""Beginnings of keys that go on with a value, and the values."""


def source(language: str) -> Path:
    return Path(locale.__file__).parent / language / "LC_MESSAGES" / "paper.po"


def messages(language: str) -> dict[str, str]:
    with source(language).open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def keys_in(module: ModuleType, start: str) -> set[str]:
    """The keys that the module's source names, without those that go on with a value."""
    tree = ast.parse(Path(module.__file__ or "").read_text("utf-8"))
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(start)
    }
    return named - KEYS_BY_VALUE.keys()


def keys_used() -> set[str]:
    plain: set[str] = set()
    for module in (attendance_list, notice, slip_writing, wording):
        plain |= keys_in(module, "list.") | keys_in(module, "slip.")
        plain |= keys_in(module, "notice.")
    return plain | set(chain(*({k + v for v in vs} for k, vs in KEYS_BY_VALUE.items())))


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_texts_are_those_of_their_source(language: str) -> None:
    compiled = read_mo(io.BytesIO(source(language).with_suffix(".mo").read_bytes()))
    assert {m.id: m.string for m in compiled if m.id} == messages(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_text_and_no_other(language: str) -> None:
    assert messages(language).keys() == keys_used()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_the_same_places_in_each_language(language: str) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    english = messages("en")
    for key, text in messages(language).items():
        assert places(text) == places(english[key]), key


def test_a_text_that_is_missing_is_an_error_and_not_its_key() -> None:
    with pytest.raises(KeyError):
        texts("nl")["list.nonsense"]


def test_a_language_that_nobody_translated_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'es'"):
        texts("es")
