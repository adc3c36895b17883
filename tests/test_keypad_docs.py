"""What docs/keypad.md promises is what the dialogue takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.core.paper.keypad_codes import CAUSES, STEPS, Short
from agent.core.paper.slips import CENTRE_PHONE
from agent.locale import LANGUAGES, texts

FOLDER = Path(__file__).parents[1] / "docs"
DOCS = (FOLDER / "keypad.md").read_text(encoding="utf-8")


def site_manager(language: str) -> str:
    """The page for whoever stands there when it is red."""
    return (FOLDER / f"site-manager.{language}.md").read_text(encoding="utf-8")


def test_every_short_command_and_no_other_stands_in_the_docs() -> None:
    first = re.findall(r"^\| (.*?) \|", DOCS.partition("## Short commands")[2], re.MULTILINE)
    named = {keys for cell in first for keys in re.findall(r"`(\d+) #`", cell.partition(",")[0])}
    steps = {keys for cell in first for keys in re.findall(r"`(\d\d) #`", cell)}
    assert named | steps == {*Short, *STEPS}


def test_every_cause_stands_in_the_docs() -> None:
    rows = re.findall(r"^\| `7 #`, (.*?) \|", DOCS, re.MULTILINE)
    assert {keys for row in rows for keys in re.findall(r"`(\d) #`", row)} == set(CAUSES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_site_managers_page_tells_codes_that_the_keypad_takes_and_all_of_the_procedure(
    language: str,
) -> None:
    told = re.findall(r"`(\d+) #`", site_manager(language))
    assert set(told) <= {*Short, *STEPS}
    assert set(STEPS) <= set(told)
    assert told == re.findall(r"`(\d+) #`", site_manager("nl"))  # in the same order


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_site_managers_page_calls_things_as_the_paper_does(language: str) -> None:
    page, words = " ".join(site_manager(language).split()), texts(language)
    assert CENTRE_PHONE in page
    assert re.search(r"1 \(.*?\), 5 \(.*?\), 6 \(.*?\)", page)  # the menu of the contact centre
    for key in ("list.provisional", "list.duplicate", "slip.ended", "slip.quote"):
        assert words[key] in page, key
