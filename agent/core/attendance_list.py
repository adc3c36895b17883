"""What stands on the attendance list: data → blocks, for any paper width and one or two languages.

The list with its reference number is the proof of declaration (DOMAIN.md, section 3, step 4):
reference number, declaration-of-works number, date, and for everyone who works or will work there
surname, given name, and INSS or Limosa number. Without a number yet it says PROVISIONAL and leaves
the room to write it. What else stands here says who made the list, of what, and where it ends, so
that a torn roll and an edited journal show.

Texts are given by the caller: one mapping a language, message key → text with {named} places.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from drivers.paper import (
    Align,
    Banner,
    Blank,
    Block,
    Cell,
    Columns,
    Document,
    Gap,
    Part,
    Qr,
    Rule,
    Text,
)

PEOPLE_A_PAGE = 8  # with room to sign some 25 cm of paper: a sheet that lies on a table
TRAINING = "OEFENING / EXERCICE / ÜBUNG / TRAINING"  # in all four, whatever the languages
_NUMBER, _TIME = 4, 6  # characters: three digits and a space; a space and 06:47


class Texts(Protocol):
    """Message key → text with {named} places, in one language; raises KeyError."""

    def __getitem__(self, key: str, /) -> str: ...


class Mark(StrEnum):
    """How a person came to be on the list."""

    OPEN = "open"
    """Tapped, and no receipt came: the list is the proof."""
    REGISTERED = "registered"
    EXPECTED = "expected"
    """Planned, or named by the operator, for later today."""
    LATE = "late"
    """Came after the list had been made: on an addendum."""


@dataclass(frozen=True, slots=True)
class Person:
    """One row. `inss` or `limosa` in full; `latin`: the official Latin spelling of a name in
    another script; `tapped` in the site's zone, None: not yet; `receipt` of a registered day."""

    surname: str
    given_name: str
    employer: str
    employer_name: str = ""
    inss: str = ""
    limosa: str = ""
    latin: str = ""
    tapped: dt.datetime | None = None
    mark: Mark = Mark.OPEN
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference number of the contact centre or its form: how, when and by whom it was got."""

    number: str
    how: str
    got: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class AttendanceList:
    """One list of one declaration of works; all times in the site's zone.

    `reference` None: provisional. `checkpoint`: the journal's, as printable text. `blank_lines`:
    for unknown badges and those who come later. `addendum`: to a list made before.
    """

    list_number: str
    declaration: str
    day: dt.date
    site: str
    gate: str
    firm: str
    firm_number: str
    made_by: str
    printed: dt.datetime
    checkpoint: str
    people: tuple[Person, ...] = ()
    reference: Reference | None = None
    blank_lines: int = 8
    addendum: bool = False
    training: bool = False


def attendance_document(attendance: AttendanceList, languages: Sequence[Texts]) -> Document:
    """The list as a document, in the one or two `languages` one after the other.

    Raises KeyError when a language lacks a text.
    """
    return _Writer(attendance, languages).document()


class _Writer:
    """Puts one list on pages."""

    def __init__(self, attendance: AttendanceList, languages: Sequence[Texts]) -> None:
        self._list = attendance
        self._languages = languages

    def document(self) -> Document:
        people, blanks = self._list.people, self._list.blank_lines
        entries: list[Part] = [self._person(i, p) for i, p in enumerate(people, 1)]
        entries += [self._blank(i) for i in range(len(people) + 1, len(people) + blanks + 1)]
        starts = range(0, max(1, len(entries)), PEOPLE_A_PAGE)
        pages = tuple(
            self._page(n, len(starts), entries[start : start + PEOPLE_A_PAGE])
            for n, start in enumerate(starts, 1)
        )
        return Document(pages, self._say("list.duplicate"))

    def _page(self, page: int, pages: int, entries: Sequence[Part]) -> Part:
        blocks: list[Block] = [*self._banners()]
        blocks += self._head() if page == 1 else self._short_head()
        blocks.append(Rule(heavy=True))
        for entry in entries:
            blocks += [*entry, Rule()]
        if page == pages:
            blocks += self._end()
        number = self._list.list_number
        blocks.append(Text(f"{self._say('list.page', page=page, pages=pages)} - {number}"))
        blocks += self._banners()
        blocks.append(Gap())
        return tuple(blocks)

    def _banners(self) -> Iterator[Block]:
        if self._list.training:
            yield Banner(TRAINING)
        if self._list.reference is None:
            yield Banner(self._say("list.provisional"))

    def _head(self) -> Iterator[Block]:
        yield from self._title()
        yield from self._reference()
        yield from self._subject()
        yield self._field("list.site", self._list.site)
        yield self._field("list.gate", self._list.gate)
        firm = f"{self._list.firm}, {_company(self._list.firm_number)}"
        yield self._field("list.firm", firm)
        yield self._field("list.made_by", self._list.made_by)
        yield self._field("list.printed", _instant(self._list.printed))
        yield Gap()
        for texts in self._languages:
            yield Text(texts["list.legend"])

    def _short_head(self) -> Iterator[Block]:
        yield from self._title()
        if self._list.reference:
            yield self._field("list.reference", self._list.reference.number)
        yield from self._subject()

    def _title(self) -> Iterator[Block]:
        key = "list.addendum" if self._list.addendum else "list.title"
        for texts in self._languages:
            yield Text(texts[key], bold=True, large=True)

    def _subject(self) -> Iterator[Block]:
        yield self._field("list.number", self._list.list_number)
        yield self._field("list.declaration", self._list.declaration)
        yield self._field("list.date", f"{self._list.day:%d/%m/%Y}")

    def _reference(self) -> Iterator[Block]:
        label = self._say("list.reference")
        reference = self._list.reference
        if reference is None:
            yield Gap()
            yield Text(label, bold=True)
            yield Blank()
            for texts in self._languages:
                yield Text(texts["list.provisional.why"])
            return
        yield Text(label, bold=True)
        yield Text(reference.number, bold=True, large=True)
        got = {"how": reference.how, "when": _instant(reference.got), "by": reference.by}
        for texts in self._languages:
            yield Text(texts["list.reference.got"].format(**got))

    def _person(self, number: int, person: Person) -> Part:
        name = f"{person.surname}, {person.given_name}"
        if person.latin and person.latin != name:
            name = f"{name} ({person.latin})"
        time = f"{person.tapped:%H:%M}" if person.tapped else ""
        limosa = f"{self._say('list.limosa')}: {person.limosa}" if person.limosa else ""
        under = [
            _national(person.inss) if person.inss else limosa,
            ", ".join(filter(None, (person.employer_name, _company(person.employer)))),
        ]
        if person.mark is not Mark.OPEN:
            under.append(self._say(f"list.mark.{person.mark.value}", receipt=person.receipt))
        return (
            Columns(
                (
                    Cell(str(number), _NUMBER),
                    Cell(name, bold=True),
                    Cell(time, _TIME, align=Align.RIGHT),
                )
            ),
            *(Columns((Cell("", _NUMBER), Cell(text))) for text in under if text),
            Blank(self._say("list.signature"), _NUMBER),
        )

    def _blank(self, number: int) -> Part:
        return (
            Columns((Cell(str(number), _NUMBER), Cell(self._say("list.name")))),
            Blank("", _NUMBER),
            Columns((Cell("", _NUMBER), Cell(self._say("list.person")))),
            Blank("", _NUMBER),
            Blank(self._say("list.employer"), _NUMBER),
            Blank(self._say("list.signature"), _NUMBER),
        )

    def _end(self) -> Iterator[Block]:
        counts = Counter(person.mark for person in self._list.people)
        yield Text(self._say("list.total.people", count=len(self._list.people)), bold=True)
        for mark in Mark:
            if counts[mark]:
                yield Text("  " + self._say(f"list.total.{mark.value}", count=counts[mark]))
        if self._list.blank_lines:
            yield Text(self._say("list.total.blank", count=self._list.blank_lines))
        yield Blank(self._say("list.filled_in"))
        yield Blank(self._say("list.signed_by"))
        yield Gap()
        yield Text(self._say("list.checkpoint"))
        yield Qr(self._list.checkpoint)
        yield Text(self._list.checkpoint)

    def _field(self, key: str, value: str) -> Text:
        return Text(f"{self._say(key)}: {value}")

    def _say(self, key: str, **places: object) -> str:
        """The text in each language, one after the other; said once where they agree."""
        said = dict.fromkeys(texts[key].format(**places) for texts in self._languages)
        return " / ".join(said)


def _national(inss: str) -> str:
    """As on the card: 85.01.15-123.55."""
    return f"{inss[:2]}.{inss[2:4]}.{inss[4:6]}-{inss[6:9]}.{inss[9:]}"


def _company(number: str) -> str:
    """As the register of enterprises writes it: 0123.456.789."""
    return f"{number[:4]}.{number[4:7]}.{number[7:]}" if number else ""


def _instant(moment: dt.datetime) -> str:
    offset = f"{moment:%z}"
    return f"{moment:%d/%m/%Y %H:%M:%S} {offset[:3]}:{offset[3:5]}"
