"""What can happen at the keypad and on paper; every event carries its moment, as in events.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.moment import Moment
from agent.core.outage.procedure_records import By
from drivers.paper import JobDone, PartDone, PartStarted


class SlipKind(StrEnum):
    """What is printed on request and proves nothing: it may be printed as often as one likes."""

    INSTRUCTION = "instruction"
    """What happened, what to do now, whom to call, and the short commands of the keypad."""
    EVIDENCE = "evidence"
    """What the gate measured of the running incident."""
    KEEP_LIST = "keep-list"
    """After a list: copy it today, keep it dark and cool."""
    CLAIM_ENDED = "claim-ended"
    """"Nothing to do" is over."""
    RESTART = "restart"
    """The gate was dark: tap now, or be written on the list."""
    KEYPAD = "keypad"
    """Every short command of the keypad, and the employers by the number that is typed."""


@dataclass(frozen=True, slots=True)
class KeyTyped:
    """A key of a keypad went down: one of `0123456789*#ABCD`."""

    at: Moment
    keypad: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeChecked:
    """The operator code typed at `keypad`, or on the `page`, was compared."""

    at: Moment
    keypad: str
    right: bool
    asked: int = 0


@dataclass(frozen=True, slots=True)
class ReferenceEntered:
    """A person enters a reference number. `firm` empty: the one that reports for the site.

    `how`: `centre` or `form`. `expected`: workers to come later today, by number. `day`: which
    day it is by a person's word, for a gate whose clock is not trusted.
    """

    at: Moment
    number: str
    by: By
    firm: str = ""
    how: str = ""
    declaration: str = ""
    expected: tuple[int, ...] = ()
    day: dt.date | None = None
    asked: int = 0
    who: str = ""
    """The person's name, where it was given."""


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A person wants a list now, with what number there is, or with none.

    `addendum`: of those alone who stand on none yet. `day`: as of a reference number.
    """

    at: Moment
    by: By
    addendum: bool = False
    firm: str = ""
    expected: tuple[int, ...] = ()
    day: dt.date | None = None
    asked: int = 0
    who: str = ""


@dataclass(frozen=True, slots=True)
class CopyAsked:
    """A person wants a list again, marked as a duplicate. `number` empty: all lists of today."""

    at: Moment
    by: By
    number: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class PaperChecked:
    """A person looked at what the printer could not tell: every page is there, or not.

    `number`: of the list; empty: whatever is not certain.
    """

    at: Moment
    by: By
    whole: bool
    number: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class LinesCounted:
    """A person says how many blank lines of a list were filled in; `number` empty: of the last."""

    at: Moment
    by: By
    count: int
    number: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class SlipAsked:
    """A person wants a slip."""

    at: Moment
    slip: SlipKind
    by: By
    asked: int = 0


@dataclass(frozen=True, slots=True)
class EnrolmentAsked:
    """A person links an unknown badge to a worker, by national number and employer."""

    at: Moment
    uid: str
    inss: str = field(repr=False)
    employer: str
    by: By
    asked: int = 0


@dataclass(frozen=True, slots=True)
class PaperMoved:
    """The printing process tells how far job `job` of `parts` parts is."""

    at: Moment
    job: int
    parts: int
    event: PartStarted | PartDone | JobDone


PaperEvent = (
    KeyTyped
    | CodeChecked
    | ReferenceEntered
    | ListAsked
    | CopyAsked
    | PaperChecked
    | LinesCounted
    | SlipAsked
    | EnrolmentAsked
    | PaperMoved
)
