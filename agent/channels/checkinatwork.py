"""Checkinatwork: SOAP 1.1 over HTTPS, signed with X.509 (WIRE.md, section 1).

One instance holds one open connection. Every call is one attempt: whether and when to try again is
decided by whoever calls. Faults become ChannelErrors by code *and* origin (`fault_error`); both
stay in the error's ticket, since judging whose outage it was is the core's affair.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.channels import checkinatwork_messages as messages
from agent.channels.base import (
    Ability,
    Answer,
    AnswerUnreadable,
    ChannelError,
    NotAuthenticated,
    NotAuthorised,
    NotReached,
    Refused,
    Registration,
    Reply,
    ServiceFault,
    Ticket,
    Unavailable,
    WrongEnvironment,
)
from agent.channels.checkinatwork_messages import Matched
from agent.channels.credentials import Credentials
from agent.channels.soap import (
    Element,
    Fault,
    Signed,
    UnreadableXml,
    payload,
    read_fault,
    read_xml,
    sign,
)
from agent.channels.veil import veiled
from agent.channels.wire import (
    HINT_CREDENTIAL,
    HINT_OTHER_PAGE,
    HINT_WAIT,
    Wire,
    WireAnswer,
    clock_hint,
    status_error,
)
from agent.core.delivery.inquiries import Cancellation, CancelReason, Found, Query, Results

__all__ = ["CancelReason", "Cancellation", "Checkinatwork", "Found", "Query", "fault_error"]

BRUSSELS = ZoneInfo("Europe/Brussels")
"""The service's day: it takes today and tomorrow there."""
MOST_PAGES = 100
"""Of one search: 50,000 registrations, far more than any site has in a month."""

_SECURITY_FAULTS = frozenset(
    {
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "MessageExpired",
        "SecurityTokenUnavailable",
        "UnsupportedAlgorithm",
        "UnsupportedSecurityToken",
    }
)
"""Fault codes of WS-Security 1.1, section 12, where a front end answers without a detail."""


class Checkinatwork:
    """The channel for the duty of construction and meat.

    `clock` gives aware UTC; `environment` is the one that must answer, as in the faults
    (`Production`, `Simulation`, …); empty: any.
    """

    abilities = frozenset({Ability.SEARCH, Ability.LOOK_UP, Ability.CANCEL})

    def __init__(
        self,
        name: str,
        address: str,
        credentials: Credentials,
        wire: Wire,
        *,
        environment: str,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.name = name
        self._address = address
        self._credentials = credentials
        self._wire = wire
        self._environment = environment
        self._clock = clock
        self._unsent: Signed | None = None

    def prepare(self) -> None:
        """Loads libraries and credential ahead of the first call. Raises ChannelError."""
        import xmlsec  # noqa: F401

        self._wire.prepare()
        self._credentials.current()

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        """Registers 1 to 200 with references of their own; one call, one attempt.

        What is not fit to be sent is answered here (see `form_errors`) and spoils no other.
        """
        asked = {r.reference: r for r in registrations}
        _check_batch(list(asked), len(registrations))
        today = self._clock().astimezone(BRUSSELS).date()
        unfit = tuple(
            Answer(r.reference, errors=errors)
            for r in registrations
            if (errors := messages.form_errors(r, today))
        )
        for answer in unfit:
            del asked[answer.reference]
        if not asked:
            return Reply(unfit)
        request = messages.register_request(list(asked.values()))
        response, ticket = self._call("registerPresences", request, timeout_s)
        return _reply(messages.read_registered(response, asked), ticket, unfit)

    def cancel(self, cancellations: Sequence[Cancellation], timeout_s: float) -> Reply:
        """Cancels 1 to 200 registrations; answers bear the receipt number as reference."""
        asked = [c.number for c in cancellations]
        _check_batch(asked, len(set(asked)))
        for number in asked:
            _check_number(number)
        request = messages.cancel_request(cancellations)
        response, ticket = self._call("cancelPresences", request, timeout_s)
        return _reply(messages.read_cancelled(response, asked), ticket)

    def search(self, query: Query, timeout_s: float) -> Results:
        """What the service has for `query`, each receipt once, over as many pages as it gives.

        At most 500 come back (WIRE.md, section 1). Whether the service then counts them all or only
        what it gives is not published, so that 500 are never taken for all. `timeout_s` is for each
        page. Raises NotAuthorised where the account may not search.
        """
        if not 0 <= (query.last - query.first).days < messages.MOST_PERIOD_DAYS:
            raise ValueError(f"a search spans 1 to {messages.MOST_PERIOD_DAYS} days")
        found: dict[str, Found] = {}
        row = count = 0
        for _ in range(MOST_PAGES):
            request = messages.search_request(query, row)
            response, ticket = self._call("searchPresences", request, timeout_s)
            page = messages.read_page(response)
            if page is None:
                raise _unreadable("a search without its result", ticket)
            if page.errors:
                texts = ", ".join(f"{e.code} {e.text}" for e in page.errors)
                raise Refused(f"the service refuses the search: {texts}", ticket=ticket)
            found.update((entry.receipt.number, entry) for entry in page.found)
            row, count = row + page.rows, page.count
            if page.rows == 0 or row >= count:
                break
        cut_short = len(found) < count or len(found) == messages.MOST_FOUND
        return Results(tuple(found.values()), cut_short)

    def look_up(self, number: str, timeout_s: float) -> Found | None:
        """The registration with that receipt number as it stands now; None: there is none."""
        _check_number(number)
        response, ticket = self._call(
            "getPresenceRegistration", messages.get_request(number), timeout_s
        )
        found = messages.read_got(response)
        if found is not None and int(found.receipt.number) != int(number):
            raise _unreadable("another registration than was asked for", ticket)
        return found

    def close(self) -> None:
        """Lets connections go; never raises."""
        self._wire.close()

    def _call(self, operation: str, request: Element, timeout_s: float) -> tuple[Element, Ticket]:
        """The response element of one signed call. Raises ChannelError."""
        signed, self._unsent = self._signed(request), None
        try:
            answer = self._wire.call(
                "POST",
                self._address,
                content=signed.content,
                headers={
                    "Content-Type": "text/xml; charset=utf-8",
                    "SOAPAction": f'"{messages.PROTOCOL}/{operation}"',
                },
                timeout_s=timeout_s,
            )
        except NotReached:
            self._unsent = signed
            raise
        try:
            return self._read(operation, answer)
        except NotAuthenticated as error:
            error.hint = clock_hint(answer.server_date, self._clock()) or error.hint
            raise

    def _signed(self, request: Element) -> Signed:
        """The message as it goes out; that of the attempt before where nothing of it was sent."""
        credential, now, unsent = self._credentials.current(), self._clock(), self._unsent
        if unsent is not None and unsent.serves(request, credential, now):
            return unsent
        return sign(request, credential, now)

    def _read(self, operation: str, answer: WireAnswer) -> tuple[Element, Ticket]:
        """Body before status: SOAP 1.1 sends every fault with 500."""
        ticket = Ticket(http_status=answer.status, server_date=answer.server_date)
        try:
            element = payload(read_xml(answer.body))
        except UnreadableXml as error:
            if 200 <= answer.status < 300:
                raise _unreadable(str(error), ticket) from None
            raise status_error(answer, ticket) from None
        fault = read_fault(element)
        if fault is not None:
            ticket = replace(
                ticket,
                ticket=fault.ticket,
                code=fault.code,
                origin=fault.origin,
                environment=fault.environment,
                messages=tuple(veiled(text) for text in fault.messages),
            )
            raise fault_error(fault, ticket, self._environment, answer.retry_after_s)
        expected = operation[0].upper() + operation[1:] + "Response"
        if not 200 <= answer.status < 300:
            raise status_error(answer, ticket)
        if element.tag != f"{{{messages.PROTOCOL}}}{expected}":
            raise _unreadable(f"a SOAP answer that is no {expected}", ticket)
        return element, ticket


def fault_error(
    fault: Fault, ticket: Ticket, environment: str, retry_after_s: float | None = None
) -> ChannelError:
    """The ChannelError for a SOAP fault, by its code and its origin (WIRE.md, section 1).

    Where both disagree, the one that finds us at fault holds: it exempts nobody.
    """
    code = fault.code
    number = f" (ticket {fault.ticket})" if fault.ticket else ""
    said = f"{code or fault.fault_code or 'a fault'}{number}"
    ours = fault.origin.casefold() in {"consumer", "client"} or (
        not fault.origin and fault.fault_code in {"Client", "MustUnderstand", "VersionMismatch"}
    )
    if environment and fault.environment and fault.environment.casefold() != environment.casefold():
        return WrongEnvironment(
            f"{veiled(fault.environment)} answered where {environment} is configured: {said}",
            "check address and environment of this channel in the configuration",
            ticket=ticket,
        )
    if code == "SOA-01001" or (not code and fault.fault_code in _SECURITY_FAULTS):
        return NotAuthenticated(
            f"the service does not know us: {said}", HINT_CREDENTIAL, ticket=ticket
        )
    if code == "SOA-01002":
        return NotAuthorised(
            f"the account may not do this: {said}",
            "ask for the right to this operation in the portal's account management (Chaman)",
            ticket=ticket,
        )
    if ours or code.startswith(("SOA-01", "SOA-03")):
        return Refused(
            f"the service refuses the request: {said}",
            "call the contact centre with the ticket, and the supplier of this software",
            ticket=ticket,
        )
    again = fault.retry is not False
    if code.startswith("SOA-02"):
        return Unavailable(
            f"the service is not available: {said}",
            HINT_WAIT,
            ticket=ticket,
            retry_after_s=retry_after_s,
            retry=again and code != "SOA-02001",
        )
    # "Service error, no more known": it may have happened after the work was done.
    return ServiceFault(
        f"the service failed: {said}",
        HINT_WAIT,
        ticket=ticket,
        retry_after_s=retry_after_s,
        retry=again,
        sent=True,
    )


def _unreadable(what: str, ticket: Ticket) -> AnswerUnreadable:
    return AnswerUnreadable(
        f"the answer is not the service's: {what}", HINT_OTHER_PAGE, ticket=ticket
    )


def _check_batch(names: Sequence[str], count: int) -> None:
    """Raises ValueError for what only our own code can do wrong."""
    if not 1 <= count <= messages.MOST_ITEMS:
        raise ValueError(f"a call takes 1 to {messages.MOST_ITEMS} items, not {count}")
    if len(names) != count:
        raise ValueError("every item of a call needs a name of its own")
    if not all(0 < len(name) <= messages.REFERENCE_MOST_CHARACTERS for name in names):
        raise ValueError(f"a reference has 1 to {messages.REFERENCE_MOST_CHARACTERS} characters")


def _check_number(number: str) -> None:
    if not messages.is_receipt_number(number):
        raise ValueError("a receipt number has 1 to 15 digits")


def _reply(matched: Matched, ticket: Ticket, unfit: tuple[Answer, ...] = ()) -> Reply:
    return Reply(matched.answers + unfit, matched.missing, matched.stray, ticket)
