"""What stands on the attendance list: data → blocks, for any paper width and one or two languages.

The list with its reference number is the proof of declaration (DOMAIN.md, section 3, step 4):
reference number, declaration-of-works number, date, and for everyone who works or will work there
surname, given name, and INSS or Limosa number. Without a number yet it says PROVISIONAL and leaves
the room to write it. What else stands here says who made the list, of what, and where it ends, so
that a torn roll and an edited journal show. Every page has what makes it readable alone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from agent.core.paper.wording import TRAINING, Texts, Wording, company, instant, national
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
_NUMBER, _TIME = 4, 6  # characters: up to 999 and a space; a space and 06:47


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
    """One row; without a name where only the number is known. `inss` or `limosa` in full; `latin`:
    the official Latin spelling of a name in another script; `tapped` in the site's zone, None: not
    yet; `receipt` of a registered day."""

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


class How(StrEnum):
    """Who gave a reference number."""

    CENTRE = "centre"
    FORM = "form"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference number: how it was got, and when and by whom it was entered.

    `by`: one of `By`, or the name of a person.
    """

    number: str
    how: How
    got: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """An unknown badge that tapped: a blank line which says when. `number`: as in `#1`."""

    number: str
    tapped: dt.datetime


@dataclass(frozen=True, slots=True)
class AttendanceList:
    """One list of one declaration of works; all times in the site's zone.

    `reference` None: provisional. `made_by`: one of `By`, or the name of a person.
    `checkpoint`: the journal's, as printable text; empty where nothing is signed. `strangers` get
    a blank line each, before the `blank_lines` for those who come later. `addendum_to`: the number
    of a list made before.
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
    strangers: tuple[Stranger, ...] = ()
    addendum_to: str = ""
    training: bool = False

    @property
    def lines_to_fill_in(self) -> int:
        """How many lines people write on themselves."""
        return len(self.strangers) + self.blank_lines


def attendance_document(attendance: AttendanceList, languages: Sequence[Texts]) -> Document:
    """The list as a document, in the one or two `languages` one after the other.

    Raises KeyError when a language lacks a text.
    """
    return _Writer(attendance, languages).document()


class _Pages(Sequence[Part]):
    """The pages of a list, each made when it is asked for: a long list never stands in memory."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer

    def __len__(self) -> int:
        return self._writer.pages()

    @overload
    def __getitem__(self, index: int) -> Part: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Part, ...]: ...

    def __getitem__(self, index: int | slice) -> Part | tuple[Part, ...]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return tuple(self._writer.page(place + 1) for place in places)
        return self._writer.page(places + 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


class _Writer:
    """Puts one list on pages."""

    def __init__(self, attendance: AttendanceList, languages: Sequence[Texts]) -> None:
        self._list = attendance
        self._words = Wording(languages)
        self._say = self._words.say
        lines = len(attendance.people) + attendance.lines_to_fill_in
        self._number = max(_NUMBER, len(str(lines)) + 1)

    def document(self) -> Document:
        return Document(_Pages(self), self._say("list.duplicate"))

    def pages(self) -> int:
        """How many there are."""
        return max(1, -(-self._entries() // PEOPLE_A_PAGE))

    def page(self, page: int) -> Part:
        """Page `page`, from 1."""
        pages, first = self.pages(), (page - 1) * PEOPLE_A_PAGE
        blocks: list[Block] = [*self._banners()]
        blocks += self._head() if page == 1 else self._short_head()
        blocks += [Gap(), *(Text(text) for text in self._words.each("list.legend"))]
        blocks.append(Rule(heavy=True))
        for place in range(first, min(first + PEOPLE_A_PAGE, self._entries())):
            blocks += [*self._entry(place), Rule()]
        if page == pages:
            blocks += self._end()
        number = self._list.list_number
        blocks.append(Text(f"{self._say('list.page', page=page, pages=pages)} - {number}"))
        blocks += [*self._banners(), Rule(heavy=True), Gap()]
        return tuple(blocks)

    def _entries(self) -> int:
        return len(self._list.people) + self._list.lines_to_fill_in

    def _entry(self, place: int) -> Part:
        """A person, then those whose badge nobody knows, then lines for whoever comes later."""
        people, strangers = self._list.people, self._list.strangers
        if place < len(people):
            return self._person(place + 1, people[place])
        unknown = place - len(people)
        return self._blank(place + 1, strangers[unknown] if unknown < len(strangers) else None)

    def _banners(self) -> Iterator[Block]:
        if self._list.training:
            yield Banner(TRAINING)
        if self._list.reference is None:
            yield Banner(self._say("list.provisional"))

    def _head(self) -> Iterator[Block]:
        yield from self._title()
        yield from self._reference()
        yield Gap()
        yield from self._subject()
        yield self._field("list.site", self._list.site)
        yield self._field("list.gate", self._list.gate)
        firm = ", ".join(filter(None, (self._list.firm, company(self._list.firm_number))))
        yield self._field("list.firm", firm)
        yield self._field("list.made_by", self._words.who(self._list.made_by))
        yield self._field("list.printed", instant(self._list.printed))

    def _short_head(self) -> Iterator[Block]:
        yield from self._title()
        if self._list.reference:
            yield Text(self._say("list.reference"), bold=True)
            yield Text(self._list.reference.number, large=True)
        else:
            yield Blank(self._say("list.reference"))
        yield from self._subject()

    def _title(self) -> Iterator[Block]:
        key = "list.addendum" if self._list.addendum_to else "list.title"
        for text in self._words.each(key):
            yield Text(text, bold=True, large=True)
        if self._list.addendum_to:
            yield self._field("list.addendum.to", self._list.addendum_to)
        yield Gap()

    def _subject(self) -> Iterator[Block]:
        yield self._field("list.declaration", self._list.declaration)
        yield self._field("list.date", f"{self._list.day:%d/%m/%Y}")
        yield self._field("list.number", self._list.list_number)

    def _reference(self) -> Iterator[Block]:
        label = self._say("list.reference")
        reference = self._list.reference
        if reference is None:
            yield Text(label, bold=True)
            yield Blank()
            for text in self._words.each("list.provisional.why"):
                yield Text(text)
            return
        yield Text(label, bold=True)
        yield Text(reference.number, large=True)
        key = f"list.reference.{reference.how.name.lower()}"
        for texts in self._words.languages:
            by = Wording([texts]).who(reference.by)
            yield Text(texts[key].format(when=instant(reference.got), by=by))

    def _person(self, number: int, person: Person) -> Part:
        name = f"{person.surname}, {person.given_name}" if person.surname else ""
        latin = f"({person.latin})" if person.latin and person.latin != name else ""
        time = f"{person.tapped:%H:%M}" if person.tapped else ""
        limosa = self._words.field("list.limosa", person.limosa) if person.limosa else ""
        under = [
            national(person.inss) if person.inss else limosa,
            ", ".join(filter(None, (person.employer_name, company(person.employer)))),
        ]
        mark = ""
        if person.mark is not Mark.OPEN:
            mark = self._say(f"list.mark.{person.mark.value}", receipt=person.receipt)
        return (
            *self._named(number, name, time),
            *self._under(latin, bold=True),
            *(block for text in under for block in self._under(text)),
            *self._under(mark, bold=person.mark is not Mark.REGISTERED),
            Blank(self._say("list.signature"), self._number),
        )

    def _named(self, number: int, name: str, time: str) -> Part:
        """Whose row it is; room for the name of somebody who was enrolled by number alone."""
        if name:
            return self._row(number, name, time, bold=True)
        return (*self._row(number, self._say("list.name"), time), Blank("", self._number))

    def _blank(self, number: int, stranger: Stranger | None) -> Part:
        name = self._say("list.name")
        head = self._row(number, name)
        if stranger:
            badge = self._say("list.stranger", number=stranger.number)
            head = (*self._row(number, badge, f"{stranger.tapped:%H:%M}"), *self._under(name))
        return (
            *head,
            Blank("", self._number),
            *self._under(self._say("list.person")),
            Blank("", self._number),
            Blank(self._say("list.employer"), self._number),
            Blank(self._say("list.signature"), self._number),
        )

    def _end(self) -> Iterator[Block]:
        counts = Counter(person.mark for person in self._list.people)
        yield Text(self._say("list.total.people", count=len(self._list.people)), bold=True)
        for mark in Mark:
            if counts[mark]:
                said = self._say(f"list.total.{mark.value}", count=counts[mark])
                yield Columns((Cell("", 2), Cell(said)))
        if self._list.lines_to_fill_in:
            yield Text(self._say("list.total.blank", count=self._list.lines_to_fill_in), bold=True)
            yield Blank(self._say("list.filled_in"))
        yield Blank(self._say("list.signed_by"))
        if self._list.checkpoint:
            yield Gap()
            yield Text(self._say("list.checkpoint"))
            yield Qr(self._list.checkpoint)
            yield Text(self._list.checkpoint)

    def _field(self, key: str, value: str) -> Text:
        """Never bold: a zero in small bold letters is read as a six or an eight."""
        return Text(self._words.field(key, value))

    def _row(self, number: int, text: str, time: str = "", *, bold: bool = False) -> Part:
        """The first line of an entry."""
        cells = (Cell(str(number), self._number), Cell(text, bold=bold))
        return (Columns((*cells, Cell(time, _TIME, align=Align.RIGHT)) if time else cells),)

    def _under(self, text: str, *, bold: bool = False) -> Part:
        """A further line of an entry; none for an empty text."""
        return (Columns((Cell("", self._number), Cell(text, bold=bold))),) if text else ()
