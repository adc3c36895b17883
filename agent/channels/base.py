"""One small Protocol for every way to fulfil a duty, and one tree for everything that fails.

    ChannelError                  `whose` it is and whether the request may have been carried out
    ├── NotReached                no connection, no TLS, no name: nothing was sent
    │   ├── CertificateRefused    the other side's certificate is not valid for us
    │   └── NameNotResolved
    ├── AnswerLost                sent, and the answer never came whole: find out before resending
    ├── AnswerUnreadable          something answered, but not the service (HTML, rubbish, too large)
    ├── Refused                   the sender is at fault: retrying cannot mend it (SOA-01xxx, 03xxx, 4xx)
    │   ├── NotAuthenticated      certificate, key or token
    │   └── NotAuthorised         rights of the account
    ├── Unavailable               the service says it cannot now (SOA-02xxx, 502-504)
    └── ServiceFault              any other fault

Foreign errors (httpx, ssl, lxml, xmlsec) are mapped in the channel's own module, once; a test
holds the map complete.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Registration:
    """One worker, employer, declaration and day to register; `reference` is ours, at most 24
    characters, and never made from a national number."""

    reference: str
    day: dt.date
    declaration: str
    employer: str = ""
    inss: str = ""
    limosa: str = ""


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
        return "SAME DECLARATION HAS ALREADY BEEN REGISTERED" in self.remarks


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said of one registration: a receipt, or errors; never both.

    Errors are business errors: a person mends the roster; sending the same again cannot help.
    """

    reference: str
    receipt: Receipt | None = None
    errors: tuple[ItemError, ...] = ()


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


class ChannelError(Exception):
    """A call failed as a whole; `hint` says what a person does about it.

    `sent`: the request may have been carried out, so find out before sending it again.
    `retry`: another attempt of the same burst may succeed. `retry_after_s`: not before that.
    """

    sent = False
    retry = True

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        ticket: Ticket | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.ticket = ticket if ticket is not None else Ticket()
        self.retry_after_s = retry_after_s


class NotReached(ChannelError):
    """No connection, no TLS: nothing was sent."""


class CertificateRefused(NotReached):
    """The other side's certificate is expired, for another host or by an unknown CA."""


class NameNotResolved(NotReached):
    """The host's name has no address."""


class AnswerLost(ChannelError):
    """The request went out and no whole answer came back."""

    sent = True
    retry = False


class AnswerUnreadable(ChannelError):
    """Something answered, but not as the service does: a login page, rubbish, too much."""

    sent = True
    retry = False


class Refused(ChannelError):
    """The service finds the sender at fault: retrying cannot mend it."""

    retry = False


class NotAuthenticated(Refused):
    """Certificate, key or token is not accepted."""


class NotAuthorised(Refused):
    """The account lacks the right."""


class Unavailable(ChannelError):
    """The service says that it cannot serve now."""


class ServiceFault(ChannelError):
    """Any other fault of the service."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer to one call: an `Answer` per registration that the service named.

    `missing`: references that were asked and not answered; `stray`: answers to what was never
    asked, or asked once and answered twice, as text for the log (without national numbers).
    """

    answers: tuple[Answer, ...]
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    ticket: Ticket = field(default_factory=Ticket)


class Channel(Protocol):
    """A way to fulfil one duty."""

    name: str

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        """Registers 1 to 200; one call, one attempt. Raises ChannelError."""
        ...

    def close(self) -> None:
        """Lets connections go; never raises."""
        ...
