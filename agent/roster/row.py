"""One row of a roster: its cells, each read by its rule, so that all errors are told at once."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping

from agent.core.identifiers import (
    IdentifierError,
    is_random_uid,
    parse_company,
    parse_declaration,
    parse_inss,
    parse_limosa,
    parse_uid,
)
from agent.core.roster import Worker

LANGUAGES = ("nl", "fr", "de", "en")
"""DOMAIN.md, section 2."""
SAVE_AS_UTF8 = "save it in the spreadsheet as “CSV UTF-8 (comma delimited)”"

_JOINERS = "\u200c\u200d"
"""Invisible, and part of how some names are written."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LOST_LETTER = "\ufffd"
_DATE_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)", re.ASCII),
    re.compile(r"(?P<day>\d\d?)[/.-](?P<month>\d\d?)[/.-](?P<year>\d{4})", re.ASCII),
)
"""ISO 8601; and day first, as a Belgian spreadsheet saves it again."""


class RowReader:
    """One row: reads every cell, so that all that is wrong with it is told at once."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self.errors: list[tuple[str, IdentifierError, bool]] = []

    def read(self, declaration: str) -> tuple[str, Worker] | None:
        """The badge's UID ("" for none) and the worker; None when an error bars the row.

        `errors` then holds for each: the column, what is wrong, whether it is only a warning.
        """
        uid = self._read("badge_uid", _uid)
        worker = Worker(
            surname=self._read("surname", _name, required=True),
            given_name=self._read("given_name", _name),
            inss=self._read("inss", parse_inss),
            limosa=self._read("limosa", parse_limosa),
            employer=self._read("employer", parse_company),
            declaration=self._read("declaration", parse_declaration) or declaration,
            language=self._language(),
            valid_from=_date(self._read("valid_from", _iso_date)),
            valid_until=_date(self._read("valid_until", _iso_date)),
            latin=self._read("latin_name", _latin),
        )
        self._check_together(worker)
        barred = any(not warning for _, _, warning in self.errors)
        return None if barred else (uid, worker)

    def _read(self, column: str, parse: Callable[[str], str], *, required: bool = False) -> str:
        text = self._cells.get(column, "").strip()
        try:
            return parse(text) if text or required else ""
        except IdentifierError as error:
            self.errors.append((column, error, False))
            return ""

    def _language(self) -> str:
        language = self._cells.get("language", "").strip().lower()
        if language in LANGUAGES or not language:
            return language
        error = IdentifierError(
            "is a language that the gate does not speak, so it is read as empty",
            f"choose among {', '.join(LANGUAGES)}",
        )
        self.errors.append(("language", error, True))
        return ""

    def _check_together(self, worker: Worker) -> None:
        written = {
            name for name in ("inss", "limosa", "employer") if self._cells.get(name, "").strip()
        }
        if {"inss", "limosa"} <= written:
            self._wrong("limosa", "stands beside an INSS", "keep one of the two numbers")
        elif not written & {"inss", "limosa"}:
            self._wrong("inss", "is empty, and so is limosa", "write one of the two numbers")
        elif "inss" in written and "employer" not in written:
            self._wrong("employer", "is empty", "write the company number of the employer")
        if worker.valid_from and worker.valid_until and worker.valid_until < worker.valid_from:
            self._wrong("valid_until", "is before valid_from", "compare the two dates")

    def _wrong(self, column: str, problem: str, mend: str) -> None:
        self.errors.append((column, IdentifierError(problem, mend), False))


def _uid(text: str) -> str:
    uid = parse_uid(text)
    if is_random_uid(uid):
        raise IdentifierError(
            "is a number that a telephone makes up anew at each tap",
            "give the worker a badge or a tag",
        )
    return uid


def _name(text: str) -> str:
    """A name in any script, in Unicode's composed form (NFC), its spaces made single."""
    if not text:
        raise IdentifierError("is empty", "write the name as on the identity card")
    if _LOST_LETTER in text:
        raise IdentifierError("lost a letter when it was saved", f"write it again; {SAVE_AS_UTF8}")
    for character in () if text.isprintable() else text:
        if unicodedata.category(character) in _INVISIBLE and character not in _JOINERS:
            raise IdentifierError(
                f"holds an invisible character (U+{ord(character):04X})", "type the name again"
            )
    return " ".join(unicodedata.normalize("NFC", text).split())


def _latin(text: str) -> str:
    name = _name(text)
    strange = next((c for c in name if c.isalpha() and "LATIN" not in unicodedata.name(c, "")), "")
    if strange:
        raise IdentifierError(
            f"holds a letter that is not Latin (U+{ord(strange):04X})",
            "write the name as the passport spells it in Latin letters, or leave it empty",
        )
    return name


def _iso_date(text: str) -> str:
    for form in _DATE_FORMS:
        if found := form.fullmatch(text):
            parts = {name: int(part) for name, part in found.groupdict().items()}
            try:
                return dt.date(**parts).isoformat()
            except ValueError:
                raise IdentifierError("is a day that no calendar has", "compare the date") from None
    raise IdentifierError("is not a date", "write it as 2026-11-23 or 23/11/2026")


def _date(iso: str) -> dt.date | None:
    return dt.date.fromisoformat(iso) if iso else None
