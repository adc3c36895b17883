"""What is asked of a service for one worker and day, and what it answers: values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

VALIDATED = "VALIDATED"
FAILED = "FAILED"
"""Registered, and validation left remarks: it counts all the same."""
CANCELLED = "SUCCESSFULLY CANCELLED"
"""The service's words for the state of a registration (WIRE.md, section 1)."""
ALREADY_REGISTERED = "SAME DECLARATION HAS ALREADY BEEN REGISTERED"
"""The service's remark on a duplicate (WIRE.md, section 1)."""


@dataclass(frozen=True, slots=True)
class Registration:
    """One worker, employer, declaration and day to register; `reference` is ours, at most 24
    characters, and never made from a national number.

    `unix_ms` is the instant of the tap and `direction` its way (`in`, `out`): what Check In and
    Out registers. 0 and empty where only the day counts.
    """

    reference: str
    day: dt.date
    declaration: str
    employer: str = ""
    inss: str = field(default="", repr=False)
    limosa: str = field(default="", repr=False)
    unix_ms: int = 0
    direction: str = ""


@dataclass(frozen=True, slots=True)
class ItemError:
    """One error code of the service with its text; `code` as in WIRE.md (2-6, …)."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The RSZ's number for a registration, with the state the service gave it at once."""

    number: str
    status: str = "SUCCESSFULLY REGISTERED"
    remarks: tuple[str, ...] = ()

    @property
    def duplicate(self) -> bool:
        """True when the service says that the day was registered before: success all the same."""
        return ALREADY_REGISTERED in self.remarks


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said of one registration: a receipt, errors, or `handed_over`; one of them.

    Errors are business errors: a person mends the roster; sending the same again cannot help.
    Handed over: a supplier has it, and the RSZ's number is not known yet. That is a state and no
    outcome (DOMAIN.md, section 4): ask after it.
    """

    reference: str
    receipt: Receipt | None = None
    errors: tuple[ItemError, ...] = ()
    handed_over: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """Evidence of one answer: who says whose fault it is, and the number to quote."""

    http_status: int | None = None
    ticket: str = ""
    code: str = ""
    origin: str = ""
    environment: str = ""
    messages: tuple[str, ...] = ()
    server_date: str = ""
    """The Date header as sent, to compare with our clock."""
