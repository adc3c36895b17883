"""The attendance lists that a firm made itself, as PDF: the same that was printed, and its proof.

A list names other firms' workers with their numbers, so that it is for the firm alone that made it
(DOMAIN.md, section 6). One of which a name was erased is told as erased and not made without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.core.paper.attendance_list import attendance_document
from agent.core.paper.paper_records import (
    LinesFilled,
    ListCompleted,
    ListMade,
    ListStands,
    PersonListed,
)
from agent.core.paper.papers import Papers, Sheet, apply
from agent.core.paper.wording import Texts
from agent.core.records import DayBegan, Entry, kind_of
from agent.export.audience import Reader
from agent.paper.listing import Place
from drivers.paper_pdf import as_pdf

FOLDER = "lists"


@dataclass(slots=True)
class Lists:
    """Gathers entries into lists. `first`: from which entry on they are new."""

    reader: Reader
    place: Place
    texts: Sequence[Texts]
    language: str
    first: int
    _papers: Papers = field(default_factory=Papers)
    _touched: set[str] = field(default_factory=set)
    _torn: set[str] = field(default_factory=set)
    _last: str = ""

    def take(self, entry: Entry) -> Iterator[tuple[str, bytes]]:
        """The next entry; the lists that are over with it, by file name."""
        match entry.record:
            case DayBegan(keep_from=keep_from):
                yield from self._over(keep_from)
            case ListMade(number) | PersonListed(number) | ListCompleted(number):
                self._touch(entry, number)
            case ListStands(number) | LinesFilled(number):
                self._touch(entry, number)
            case None if entry.kind == kind_of(PersonListed):
                self._torn.add(self._last)
        self._papers = apply(self._papers, entry)

    def rest(self) -> Iterator[tuple[str, bytes]]:
        """Those that are left when no entry comes any more."""
        yield from self._over(dt.date.max)

    def _touch(self, entry: Entry, number: str) -> None:
        if isinstance(entry.record, ListMade):
            self._last = number
        if entry.seq >= self.first:
            self._touched.add(number)

    def _over(self, before: dt.date) -> Iterator[tuple[str, bytes]]:
        for number, sheet in self._papers.sheets.items():
            if sheet.made.day < before and number in self._touched:
                self._touched.discard(number)
                if self._reads(sheet):
                    yield f"{FOLDER}/{number}.pdf", self._pdf(sheet)

    def _reads(self, sheet: Sheet) -> bool:
        """True when nothing is on it that this firm may not read in full."""
        mine = sheet.made.firm == self.reader.company and sheet.made.number not in self._torn
        foreign = any(row.person.employer != self.reader.company for row in sheet.rows)
        return mine and (self.reader.main or not foreign)

    def _pdf(self, sheet: Sheet) -> bytes:
        reference = self._papers.of_sheet(sheet)
        listed = self.place.listed(sheet, reference, self._papers, completed=True)
        return as_pdf(attendance_document(listed, self.texts), sheet.made.number, self.language)
