"""What a service may be asked besides registering, and what it finds: values.

An inquiry changes nothing at the service but for `Cancel`. It goes by one line, as a registration
does, and a line carries one call at a time.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from agent.core.delivery.registrations import Receipt


class Ability(StrEnum):
    """What a channel can do besides registering; each is a method of that name."""

    SEARCH = "search"
    """`search(query, timeout_s)`: what the service has, where the account may."""
    LOOK_UP = "look_up"
    """`look_up(receipt, timeout_s)`: a registration by the RSZ's number."""
    CANCEL = "cancel"
    ASK_AFTER = "ask_after"
    """`ask_after(reference, timeout_s)`: what became of what was handed over."""
    ROSTER = "fetch_roster"


class CancelReason(StrEnum):
    """Why a registration is cancelled, in the service's words. DISEASE is health data."""

    HOLIDAY = "HOLIDAY"
    DISEASE = "DISEASE"
    PLANNING = "PLANNING"
    C32A = "C32A"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A registration to cancel, by its receipt number."""

    number: str
    reason: CancelReason = field(repr=False)


@dataclass(frozen=True, slots=True)
class Query:
    """What to search: a site's declaration and the days `first` to `last`, at most 31 of them.

    Never by a worker's number: that serves the registration only (DOMAIN.md, section 6).
    """

    declaration: str
    first: dt.date
    last: dt.date
    employer: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A registration as the service keeps it. `employer` has its 10 digits again; `created` is
    the service's own instant, None where it makes no sense."""

    receipt: Receipt
    reference: str = ""
    day: dt.date | None = None
    declaration: str = ""
    employer: str = ""
    inss: str = field(default="", repr=False)
    limosa: str = field(default="", repr=False)
    created: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What a search brought. `cut_short`: the service has, or may have, more than it listed, so
    that nobody is absent for not standing in it."""

    found: tuple[Found, ...] = ()
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """All that the service has for `query`."""

    query: Query
    needs: ClassVar = Ability.SEARCH


@dataclass(frozen=True, slots=True)
class LookUp:
    """The registrations with these receipt numbers as they stand now: one call for each."""

    numbers: tuple[str, ...]
    needs: ClassVar = Ability.LOOK_UP


@dataclass(frozen=True, slots=True)
class AskAfter:
    """What became of these that were handed over, by our references: one call for each."""

    references: tuple[str, ...]
    needs: ClassVar = Ability.ASK_AFTER


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel these, at most 200, in one call."""

    cancellations: tuple[Cancellation, ...]
    needs: ClassVar = Ability.CANCEL


Question = Search | LookUp | AskAfter | Cancel
