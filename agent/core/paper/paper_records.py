"""What the journal holds of the paper procedure: reference numbers, lists, and their printing.

A list is `ListMade` with one `PersonListed` for each name on it, so that the details of one person
can be erased alone. It is proof from `ListStands` on: its reference number is known, and every
part of it is on paper for certain, or a person said that it is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment
from agent.core.paper.attendance_list import Mark
from agent.core.roster import Worker


class Paper(StrEnum):
    """What a print job puts on paper."""

    LIST = "list"
    COMPLETION = "completion"
    """The slip that gives a provisional list its reference number."""


@dataclass(frozen=True, slots=True)
class ReferenceGot:
    """The contact centre, or its form, gave `firm` a reference number for `day`.

    `how`: `centre` or `form`, empty when nobody said. `by`: the way it was entered (keypad,
    command, page); `who`: the person's name, where it was given. `declaration`: empty for every
    one of the site.
    """

    LOGGED: ClassVar = ("number", "firm", "declaration", "day", "how", "by")
    number: str
    firm: str
    day: dt.date
    how: str
    by: str
    declaration: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class ListMade:
    """An attendance list was made; the names on it follow as entries of their own.

    `reference` empty: it is provisional. `strangers`: the first tap of each unknown badge, for
    whom there is a line beside the `blank_lines`. `addendum_to`: the list that it adds to.
    `checkpoint`: one from before it, that lists of earlier versions bear; by now it is the one that
    is signed in the same commit, and follows as an entry of its own. `who`: the
    name of the person who made it, where it was given.
    """

    LOGGED: ClassVar = (
        *("number", "day", "declaration", "firm", "reference", "addendum_to"),
        *("blank_lines", "by"),
    )
    number: str
    day: dt.date
    declaration: str
    firm: str
    reference: str
    by: str
    blank_lines: int
    strangers: tuple[Moment, ...] = ()
    addendum_to: str = ""
    checkpoint: CheckpointSigned | None = None
    who: str = ""

    @property
    def lines_to_fill_in(self) -> int:
        """How many lines people write on themselves."""
        return len(self.strangers) + self.blank_lines


@dataclass(frozen=True, slots=True)
class PersonListed:
    """A name on a list. `obligation`: what it stands for, empty for who is only expected.

    `tapped`: None when there was no tap yet. `receipt`: of a day that was registered already.
    """

    LOGGED: ClassVar = ("number", "obligation", "mark")
    number: str
    obligation: str
    worker: int
    person: Worker
    tapped: Moment | None
    mark: Mark
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class ListCompleted:
    """A provisional list has its reference number now."""

    LOGGED: ClassVar = ("number", "reference")
    number: str
    reference: str


@dataclass(frozen=True, slots=True)
class PaperDue:
    """This is to be printed; the entry's number is the number of the job.

    `copy`: it may have been printed before, and says so on every part.
    """

    LOGGED: ClassVar = ("paper", "number", "copy", "by")
    paper: Paper
    number: str
    by: str
    copy: bool = False


@dataclass(frozen=True, slots=True)
class PartBegun:
    """The first bytes of part `part` (from 1) of `parts` go to the printer."""

    LOGGED: ClassVar = ("job", "part", "parts")
    job: int
    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class PartPrinted:
    """The printer took part `part` whole; `certain`: it said so after printing it."""

    LOGGED: ClassVar = ("job", "part", "certain")
    job: int
    part: int
    certain: bool


@dataclass(frozen=True, slots=True)
class PaperHeld:
    """The job stopped on its way. `unsure`: all was sent, and nobody but a person knows what
    came out; else it goes on by itself once the printer can."""

    LOGGED: ClassVar = ("job", "certain", "sent", "status", "unsure", "cause", "hint")
    job: int
    certain: int
    sent: int
    status: str
    cause: str
    hint: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class PaperDone:
    """The job ended with every part on paper. `by`: the printer said so, or a person."""

    LOGGED: ClassVar = ("job", "by")
    job: int
    by: str


@dataclass(frozen=True, slots=True)
class PaperDropped:
    """The job is given up."""

    LOGGED: ClassVar = ("job", "reason")
    job: int
    reason: str


@dataclass(frozen=True, slots=True)
class ListStands:
    """From here on the list proves the day of everybody on it."""

    LOGGED: ClassVar = ("number", "reference")
    number: str
    reference: str


@dataclass(frozen=True, slots=True)
class LinesFilled:
    """A person says that so many of the list's blank lines were filled in."""

    LOGGED: ClassVar = ("number", "count", "by")
    number: str
    count: int
    by: str


@dataclass(frozen=True, slots=True)
class ObligationOnPaper:
    """It ended its day without a receipt, and this list with its reference number proves it."""

    LOGGED: ClassVar = ("reference", "day", "number", "list_reference")
    reference: str
    day: dt.date
    number: str
    list_reference: str


PAGE = "page"
"""Where a code was typed that is no keypad's: no keypad may have this name."""


@dataclass(frozen=True, slots=True)
class OperatorAdmitted:
    """The operator code was right: somebody may enter numbers and print. `keypad`: where it was
    typed, its name or PAGE."""

    LOGGED: ClassVar = ("keypad",)
    keypad: str


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """The operator code was wrong. `keypad`: where it was typed, its name or PAGE."""

    LOGGED: ClassVar = ("keypad",)
    keypad: str


PaperRecord = (
    ReferenceGot
    | ListMade
    | PersonListed
    | ListCompleted
    | PaperDue
    | PartBegun
    | PartPrinted
    | PaperHeld
    | PaperDone
    | PaperDropped
    | ListStands
    | LinesFilled
    | ObligationOnPaper
    | OperatorAdmitted
    | CodeRefused
)
