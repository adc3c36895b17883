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
from typing import Protocol

from agent.core.delivery.inquiries import Ability, Cancellation, Found, Query, Results
from agent.core.delivery.registrations import Answer, ItemError, Receipt, Registration, Ticket

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


class Searches(Protocol):
    """A channel with the ability to search."""

    def search(self, query: Query, timeout_s: float) -> Results:
        """What the service has for `query`, and whether that is all. Raises ChannelError."""
        ...


class LooksUp(Protocol):
    """A channel that knows a registration by its receipt number."""

    def look_up(self, number: str, timeout_s: float) -> Found | None:
        """The registration as it stands now; None: there is none. Raises ChannelError."""
        ...


class Cancels(Protocol):
    """A channel that takes back what was registered."""

    def cancel(self, cancellations: Sequence[Cancellation], timeout_s: float) -> Reply:
        """Cancels 1 to 200; answers bear the receipt number as reference. Raises ChannelError."""
        ...


class AsksAfter(Protocol):
    """A channel that says later what became of what it took."""

    def ask_after(self, reference: str, timeout_s: float) -> Answer | None:
        """What became of it; None: it has none such. Raises ChannelError."""
        ...
