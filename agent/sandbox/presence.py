"""The emulated Checkinatwork service: requests in, answers out, a ledger between.

It refuses what the real one would refuse (signature, shape, numbers, dates, rights), in the order
in which a real one would notice: front end, envelope, signature, rights, schema, content. Pure but
for its clock; `serving.py` puts it on a socket or behind an in-process transport.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography import x509

from agent.channels.soap import UnreadableXml, read_xml
from agent.sandbox import presence_answers as answers
from agent.sandbox import presence_faults
from agent.sandbox.faults import Fault, Faults
from agent.sandbox.presence_answers import P, T
from agent.sandbox.presence_ledger import Entry, PresenceLedger, Submitted
from agent.sandbox.presence_rules import Rules, cancellation_errors, registration_errors
from agent.sandbox.presence_search import Search
from agent.sandbox.presence_security import Gatekeeper, NotSigned
from agent.sandbox.presence_shape import PROTOCOL, WrongShape, as_date, check_shape, short_name
from agent.sandbox.serving import HttpAnswer, HttpRequest

Element = Any

PATH = "/PresenceRegistration/v1"
BRUSSELS = ZoneInfo("Europe/Brussels")
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OPERATIONS = {
    "p:RegisterPresencesRequest": "registerPresences",
    "p:CancelPresencesRequest": "cancelPresences",
    "p:SearchPresencesRequest": "searchPresences",
    "p:GetPresenceRegistrationRequest": "getPresenceRegistration",
}


class Refusal(Exception):
    """The service answers with a SOAP fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the service saw it. `outcome`: `answered`, or the code of its fault, or the
    HTTP status that a front end gave. `references` are those of a registration, in order."""

    at: dt.datetime
    operation: str
    sender: str
    outcome: str
    references: tuple[str, ...] = ()


class PresenceService:
    """One environment of the service. Safe to use from several threads; one request at a time.

    `clock` gives aware UTC and is the service's own. `accounts`: a sender's common name → the
    operations that are its right; None: whoever the authority certified may do everything.
    """

    def __init__(
        self,
        clock: Callable[[], dt.datetime],
        authority: x509.Certificate,
        *,
        environment: str = "Simulation",
        ledger: PresenceLedger | None = None,
        rules: Rules | None = None,
        accounts: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.faults = Faults()
        self.ledger = ledger if ledger is not None else PresenceLedger()
        self.gatekeeper = Gatekeeper(authority)
        self._clock = clock
        self._environment = environment
        self.rules = rules if rules is not None else Rules()
        self._accounts = accounts
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request so far, oldest first."""
        return tuple(self._calls)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The answer to one HTTP request; never raises."""
        with self._lock:
            faults, now = self.faults, self._clock()
            call = Call(now, "", "", "")
            front = presence_faults.front_end(faults) or self._front_end(request)
            if front is not None:
                self._calls.append(replace(call, outcome=str(front.status)))
                return self._dated(front, now)
            visit = _Visit(self, request, faults, now)
            status = 200
            try:
                content = visit.carry_out()
                outcome = "answered"
            except Refusal as refusal:
                fault, status = refusal.fault, 500
                content = answers.soap_fault(fault, self._environment, self._ticket(now))
                outcome = fault.code
            self._calls.append(Call(now, visit.operation, visit.sender, outcome, visit.references))
            body = presence_faults.garble(answers.envelope(content), faults)
            kind = faults.content_type or "text/xml; charset=utf-8"
            return self._dated(HttpAnswer(status, {"Content-Type": kind}, body), now)

    def _ticket(self, now: dt.datetime) -> str:
        """The number of this call; the same run gives the same one."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{now.isoformat()}#{len(self._calls)}"))

    def _front_end(self, request: HttpRequest) -> HttpAnswer | None:
        """What is no matter of SOAP: the address and the method."""
        if request.path != PATH:
            return presence_faults.page(404)
        if request.method != "POST":
            return presence_faults.page(405)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "text/xml":
            return presence_faults.page(415)
        return None

    def _dated(self, answer: HttpAnswer, now: dt.datetime) -> HttpAnswer:
        date = format_datetime(now.astimezone(dt.UTC), usegmt=True)
        return replace(answer, headers={"Date": date, **answer.headers})

    def may(self, sender: str, operation: str) -> bool:
        """Whether `operation` is a right of `sender`."""
        return self._accounts is None or operation in self._accounts.get(sender, frozenset())

    def errors_of(self, submitted: Submitted, today: dt.date) -> list[answers.Error]:
        """The business errors of one registration."""
        return registration_errors(submitted, today, self.rules)


class _Visit:
    """One request on its way through the service."""

    def __init__(
        self, service: PresenceService, request: HttpRequest, faults: Faults, now: dt.datetime
    ) -> None:
        self._service = service
        self._request = request
        self._faults = faults
        self._now = now
        self._today = now.astimezone(BRUSSELS).date()
        self.operation = ""
        self.sender = ""
        self.references: tuple[str, ...] = ()

    def carry_out(self) -> Element:
        """The response element. Raises Refusal."""
        root, message = self._open()
        try:
            self.sender = self._service.gatekeeper.sender(root, self._now)
        except NotSigned as error:
            raise _consumer("SOA-01001", f"Not authenticated: {error}.") from None
        self.operation = self._operation(message)
        if self._faults.fault is not None:
            raise Refusal(self._faults.fault)
        if not self._service.may(self.sender, self.operation) or (
            self._faults.search_refused and self.operation == "searchPresences"
        ):
            raise _consumer("SOA-01002", "Not authorised.")
        try:
            check_shape(message)
        except WrongShape as error:
            raise _consumer("SOA-03006", f"XSD validation failed: {error}.") from None
        match self.operation:
            case "registerPresences":
                return self._register(message)
            case "cancelPresences":
                return self._cancel(message)
            case "searchPresences":
                return self._search(message)
            case _:
                return self._get(message)

    def _open(self) -> tuple[Element, Element]:
        """The envelope and its message: SOA-03001 to SOA-03004."""
        try:
            root = read_xml(self._request.body)
        except UnreadableXml:
            raise _consumer("SOA-03001", "The message is malformed.") from None
        if root.tag != f"{_SOAP}Envelope":
            raise _consumer("SOA-03002", "The message is not SOAP.")
        body = root.find(f"{_SOAP}Body")
        if body is None or not len(body):
            raise _consumer("SOA-03003", "The message has no body.")
        action = self._request.headers.get("soapaction", "")
        if len(body) > 1 or len(action) < 2 or action[0] != '"' or action[-1] != '"':
            raise _consumer("SOA-03004", "The message does not follow WS-I.")
        return root, body[0]

    def _operation(self, message: Element) -> str:
        operation = _OPERATIONS.get(short_name(message), "")
        if self._request.headers["soapaction"] != f'"{PROTOCOL}/{operation}"' or not operation:
            raise _consumer("SOA-03005", "The operation is not one of the WSDL.")
        return operation

    def _register(self, message: Element) -> Element:
        items = [(item, _submitted(item, self._today)) for item in message]
        self.references = tuple(submitted.reference for _, submitted in items)
        if any((s.inss or s.limosa) in self._faults.poison for _, s in items):
            raise Refusal(Fault("SOA-02001", message="The service is not available."))
        response = answers.response(self.operation)
        for item, submitted in items:
            answer = answers.add(response, f"{P}PresenceRegistrationResponse")
            errors = self._service.errors_of(submitted, self._today)
            if errors:
                echo = answers.as_type(item, f"{T}PresenceRegistrationSubmitted")
                answers.put_errors(answer, echo, errors)
            else:
                entry = self._service.ledger.register(submitted, self._now, self.sender)
                self._put(answer, f"{T}PresenceRegistration", entry, consult=False)
        presence_faults.tamper(response, self._faults)
        return response

    def _cancel(self, message: Element) -> Element:
        response = answers.response(self.operation)
        ledger = self._service.ledger
        for item in message:
            number = int(_text(item, "PresenceRegistrationId"))
            reason = _text(item, "CancellationReason")
            answer = answers.add(response, f"{P}CancelPresenceResponse")
            errors = cancellation_errors(ledger.get(number), reason, self.sender, self._today)
            if errors:
                answers.put_errors(
                    answer, answers.as_type(item, f"{T}CancelPresenceRequest"), errors
                )
            else:
                entry = ledger.cancel(number, self._now)
                self._put(answer, f"{T}PresenceRegistration", entry, consult=False)
        return response

    def _search(self, message: Element) -> Element:
        response = answers.response(self.operation)
        ledger = self._service.ledger
        search = Search(message[0])
        if search.error is not None:
            answers.put_search_errors(response, message[0], [search.error])
            return response
        found = search.run(ledger, self._now)
        page = search.page(found)
        answers.put_search(
            response, message[0], count=len(found), page=page, ledger=ledger, now=self._now
        )
        return response

    def _get(self, message: Element) -> Element:
        response = answers.response(self.operation)
        shown = answers.add(response, f"{P}GetPresenceRegistrationResponseType")
        shown.append(answers.as_type(message[0], f"{T}GetPresenceRegistrationRequest"))
        holder = answers.add(shown, f"{T}GetPresenceRegistrationType")
        entry = self._service.ledger.get(int(_text(message[0], "PresenceRegistrationId")))
        if entry is not None:
            self._put(holder, f"{T}PresenceRegistrationType", entry, consult=True)
        return response

    def _put(self, parent: Element, tag: str, entry: Entry, *, consult: bool) -> None:
        answers.put_registration(
            parent, tag, entry, self._service.ledger, self._now, consult=consult
        )


def _consumer(code: str, message: str) -> Refusal:
    """A fault that is the sender's."""
    return Refusal(Fault(code, "Consumer", message=message))


def _submitted(item: Element, today: dt.date) -> Submitted:
    """A registration request that passed the shape; without a day it is for today."""
    day, company = _text(item, "RegistrationDate"), _text(item, "CompanyID")
    return Submitted(
        day=as_date(day) if day else today,
        declaration=_text(item, "WorkPlaceId"),
        inss=_text(item, "INSS"),
        company=int(company) if company else None,
        limosa=_text(item, "LimosaId"),
        reference=_text(item, "ClientPresenceRegistrationReference"),
    )


def _text(parent: Element, name: str) -> str:
    return parent.findtext(T + name) or ""
