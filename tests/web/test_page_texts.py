from __future__ import annotations

import datetime as dt
import io
import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from agent import locale, web
from agent.channels.base import ChannelError
from agent.channels.credentials import CredentialError
from agent.core.concerns import BOTH, REAL_TIME, Concern, concerns, standing
from agent.core.delivery.receipt_records import CancellationRefused
from agent.core.delivery.registrations import ItemError
from agent.core.delivery.remarks import REMARKS, Who
from agent.core.moment import Moment
from agent.core.obligations import Hold, Obligation, Outcome
from agent.core.outage.correction import PARTIES, REASONS
from agent.core.outage.procedure import INSTRUCTIONS
from agent.core.paper.papers import Lack
from agent.core.presence import UNCOUNTED
from agent.core.refusals import Refused
from agent.core.signals import SIGNALS
from agent.desk.status import warnings
from agent.journal import fault
from agent.journal.fault import JournalUnwritable
from agent.locale import LANGUAGES
from agent.sandbox.people import crew
from agent.web.acting import ANSWERS, STEPS
from agent.web.parts import AILMENTS, FAILURES
from agent.web.rendering import key_of, language_wanted
from agent.web.shut import MENDS
from drivers.base import DeviceError

WEB = Path(web.__file__).parent
STANDINGS = {UNCOUNTED, "open", "being sent", "handed over", BOTH}


TODAY = dt.date(2026, 11, 24)
(AN,) = crew(1, random.Random(1))
OWED = Obligation(
    *(1, "j-1", 1, AN.worker, AN.uid, TODAY, "checkinatwork", "in", "entrance"),
    *(Moment(1, 1, "boot"), 1),
)


def asks() -> Iterator[Concern]:
    """Whatever an obligation can ask of a person."""
    refused = CancellationRefused("j-1", "1001", "too late", "register anew")
    yield from concerns(OWED, TODAY, refused)
    for outcome, unsure, ahead, duty, late in product(
        (Outcome.EXPIRED, Outcome.REJECTED),
        ("", "rsz"),
        (False, True),
        ("checkinatwork", REAL_TIME),
        (False, True),
    ):
        errors = (ItemError("500", "no such company"),)
        more = {"doubt": unsure, "ahead": ahead, "duty": duty, "errors": errors}
        owed = replace(OWED, outcome=outcome, **more)  # type: ignore[arg-type]
        yield from concerns(owed, TODAY + dt.timedelta(days=late))
    yield from concerns(replace(OWED, overdue=True, handed_to="badgeco"), TODAY)
    yield from concerns(replace(OWED, hold=Hold("rsz", 2, 2, 0, 0)), TODAY)
    remarks = (*REMARKS, "SOMETHING NEW")
    yield from concerns(replace(OWED, outcome=Outcome.REGISTERED, remarks=remarks), TODAY)


def kinds_of(error: type[ChannelError]) -> set[str]:
    """The names of what an error is split into."""
    return {name for kind in error.__subclasses__() for name in {kind.__name__} | kinds_of(kind)}


FAMILIES = {
    "fails.": {*FAILURES, "other"},
    "ails.": {*AILMENTS, "other"},
    "refused.": {*map(str, Refused), "other"},
    "mend.": set(MENDS.values()),
    "who.": {who.name.lower() for who in Who},
    "concern.": {concern.key for concern in asks()},
    "act.": {concern.act for concern in asks()},
    "lacks.": {lack.value for lack in Lack},
    "warns.": {
        *re.findall(r'Warned\("([a-z-]+)"', Path(warnings.__code__.co_filename).read_text("utf-8")),
        *(f"export-{how}" for how in ("runs", "failed", "done")),
    },
    "do.": set(STEPS),
    "party.": set(PARTIES),
    "standing.": {key_of(one) for one in STANDINGS | set(Outcome)},
    "signal.": {
        name
        for signal, row in SIGNALS.items()
        if row.pattern.repeat
        for name in (signal.value, f"{signal.value}.means")
    },
}
"""Beginnings of keys that go on with a value, and the values."""


def source(language: str) -> Path:
    return Path(locale.__file__).parent / language / "LC_MESSAGES" / "page.po"


def messages(language: str) -> dict[str, str]:
    with source(language).open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def keys_used() -> set[str]:
    found: set[str] = set()
    for template in (WEB / "templates").rglob("*.html"):
        found |= set(re.findall(r"\bt\('([a-z.-]+)'[,)]", template.read_text("utf-8")))
    for module in WEB.glob("*.py"):
        text = module.read_text("utf-8")
        found |= set(re.findall(r'"((?:enter|told)\.(?!html)[a-z-]+)"', text))
    found |= {begin + value for begin, values in FAMILIES.items() for value in values}
    return {f"page.{key}" for key in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_compiled_texts_are_those_of_their_source(language: str) -> None:
    compiled = read_mo(io.BytesIO(source(language).with_suffix(".mo").read_bytes()))
    assert {m.id: m.string for m in compiled if m.id} == messages(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_every_text_in_each_language_and_no_other(language: str) -> None:
    assert messages(language).keys() == keys_used()
    assert all(messages(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_of_the_page_has_the_same_places_in_each_language(language: str) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    english = messages("en")
    assert [k for k, text in messages(language).items() if places(text) != places(english[k])] == []


def test_every_way_an_obligation_can_stand_has_a_text() -> None:
    """The words are those that concerns.py gives; a new one would be shown as an error."""
    source_text = Path(standing.__code__.co_filename).read_text("utf-8")
    body = source_text[source_text.index("def standing") : source_text.index("def concerns")]
    told = set(re.findall(r'(?:return|else) "([a-z, ]+)"', body)) | set(
        re.findall(r'"([a-z ]+)" if', body)
    )
    assert told | {BOTH} == STANDINGS - {UNCOUNTED}


def test_every_way_a_channel_fails_has_a_text() -> None:
    """Those of the engine's own: what a restart cut off, and what no channel foresaw."""
    assert CredentialError.__name__ in kinds_of(ChannelError)  # so all of them are loaded
    assert kinds_of(ChannelError) | {"Interrupted", "Defect"} == FAILURES


def test_every_mend_of_a_journal_that_cannot_be_written_has_a_text() -> None:
    """Whatever the disk says; SQLite's own errors by name, those of files by number."""
    told = {
        error.hint
        for name in fault._MENDS
        if isinstance(error := fault.explained(_sqlite(name), "journal"), JournalUnwritable)
    }
    assert told | set(fault._OF_FILES.values()) == MENDS.keys()


def _sqlite(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorname = name
    return error


def test_every_way_a_device_fails_has_a_text() -> None:
    """Those that no device has: a journal that was lost, and another key that signs it."""
    kinds = {kind.__name__ for kind in DeviceError.__subclasses__()}
    assert kinds <= AILMENTS
    assert AILMENTS - kinds == {"JournalLost", "OtherKey"}


def test_every_reason_not_to_take_a_confirmed_cause_has_a_text() -> None:
    """But for the one that is no refusal: it is kept as claimed until its reference is given."""
    reasons = {key.removeprefix("correct.") for key in REASONS} - {"reference-missing"}
    assert reasons <= set(Refused)


def test_every_answer_belongs_to_an_instruction_that_there_is() -> None:
    assert ANSWERS.keys() <= set(INSTRUCTIONS)
    assert {step for steps in ANSWERS.values() for step in steps} <= set(STEPS)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-BE,fr;q=0.9,en;q=0.8", "fr"),
        ("es,de;q=0.3,nl;q=0.5", "nl"),
        ("de", "de"),
        ("es,*;q=0.5", "nl"),
        ("fr;q=0,en", "en"),
        ("fr;q=nonsense,en", "en"),
        ("", "nl"),
    ],
)
def test_a_browser_gets_the_language_that_it_likes_best_of_those_there_are(
    header: str, language: str
) -> None:
    assert language_wanted(header, "nl") == language
