"""One small Protocol for every way to fulfil a duty, and one tree for everything that fails.

    ChannelError                  `whose` it is and whether the request may have been carried out
    ├── NotReached                no connection, no TLS, no name: nothing was sent
    │   ├── CertificateRefused    the other side's certificate is not valid for us
    │   └── NameNotResolved
    ├── AnswerLost                sent, and the answer never came whole: find out first
    ├── AnswerUnreadable          something answered, but not the service (HTML, rubbish, too large)
    ├── Refused                   the sender is at fault, for good (SOA-01xxx, 03xxx, 4xx)
    │   ├── NotAuthenticated      certificate, key or token
    │   ├── NotAuthorised         rights of the account
    │   └── WrongEnvironment      another environment answered than the configured one
    ├── Unavailable               the service says it cannot now (SOA-02xxx, 502-504)
    └── ServiceFault              any other fault

Foreign errors (httpx, ssl, lxml, xmlsec) are mapped in the channel's own module, once; a test
holds the map complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from agent.core.registrations import Answer, ItemError, Receipt, Registration, Ticket

__all__ = [
    "Ability",
    "Answer",
    "AnswerLost",
    "AnswerUnreadable",
    "CertificateRefused",
    "Channel",
    "ChannelError",
    "ItemError",
    "NameNotResolved",
    "NotAuthenticated",
    "NotAuthorised",
    "NotReached",
    "Receipt",
    "Refused",
    "Registration",
    "Reply",
    "ServiceFault",
    "Ticket",
    "Unavailable",
    "WrongEnvironment",
]


class ChannelError(Exception):
    """A call failed as a whole; `hint` says what a person does about it.

    `sent`: the request may have been carried out, so find out before sending it again.
    `retry`: another attempt of the same burst may succeed. `retry_after_s`: not before that.
    Both stand for the whole class unless one error says otherwise.
    """

    sent: bool = False
    retry: bool = True

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        ticket: Ticket | None = None,
        retry_after_s: float | None = None,
        sent: bool | None = None,
        retry: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.sent = type(self).sent if sent is None else sent
        self.retry = type(self).retry if retry is None else retry
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


class WrongEnvironment(Refused):
    """Another environment answered than the configured one: production asked, simulation spoke."""


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


class Channel(Protocol):
    """A way to fulfil one duty."""

    name: str
    abilities: frozenset[Ability]

    def prepare(self) -> None:
        """Loads what the first call needs. Raises ChannelError for what cannot be used."""
        ...

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        """Registers 1 to 200; one call, one attempt. Raises ChannelError."""
        ...

    def close(self) -> None:
        """Lets connections go; never raises."""
        ...
