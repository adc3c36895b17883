"""The answers of the emulated service as elements, in the order of the schema."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree

from agent.sandbox.faults import Fault
from agent.sandbox.presence_ledger import Entry, PresenceLedger, Submitted, Validation
from agent.sandbox.presence_shape import PROTOCOL, TYPES

Element = Any
Error = tuple[str, str]
"""A business error: its code and its description."""

P = f"{{{PROTOCOL}}}"
T = f"{{{TYPES}}}"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_ERRORS = "http://socialsecurity.be/errors/v1"
_CONSTRUCTION = "1"
_CHANNEL = "WEBSERVICE"


def response(operation: str) -> Element:
    """The outer element of the answer to `operation`."""
    name = operation[0].upper() + operation[1:] + "Response"
    return etree.Element(f"{P}{name}", nsmap={"p": PROTOCOL, "t": TYPES})


def add(parent: Element, tag: str, text: str | None = None) -> Element:
    """A new last child of `parent`."""
    child = etree.SubElement(parent, tag)
    child.text = text
    return child


def as_type(element: Element, tag: str) -> Element:
    """A copy of a request's element under another name, to echo it."""
    echo = copy.deepcopy(element)
    echo.tag = tag
    echo.tail = None
    return echo


def put_registration(
    parent: Element,
    tag: str,
    entry: Entry,
    ledger: PresenceLedger,
    now: dt.datetime,
    *,
    consult: bool,
) -> Element:
    """A t:PresenceRegistrationType under `tag`; `consult`: as searches and lookups show it."""
    shown = add(parent, tag)
    kind = "PresenceRegistrationConsultSubmitted" if consult else "PresenceRegistrationSubmitted"
    _put_submitted(add(shown, T + kind), entry.submitted)
    add(shown, f"{T}Sector", _CONSTRUCTION)
    if entry.submitted.inss:
        add(shown, f"{T}INSS", entry.submitted.inss)
    add(shown, f"{T}PresenceRegistrationId", str(entry.number))
    add(shown, f"{T}CreationDate", _instant(entry.created))
    add(shown, f"{T}Channel", _CHANNEL)
    history = ledger.history(entry, now)
    _put_validation(add(shown, f"{T}LastValidation"), history[-1])
    if consult:
        past = add(shown, f"{T}ValidationHistory")
        for validation in history:
            _put_validation(add(past, f"{T}Validation"), validation)
    add(add(shown, f"{T}Sender"), f"{T}SenderId", entry.sender)
    return shown


def _put_submitted(parent: Element, submitted: Submitted) -> None:
    add(parent, f"{T}RegistrationDate", submitted.day.isoformat())
    if submitted.inss:
        add(parent, f"{T}INSS", submitted.inss)
        add(parent, f"{T}CompanyID", str(submitted.company))
    else:
        add(parent, f"{T}LimosaId", submitted.limosa)
    add(parent, f"{T}WorkPlaceId", submitted.declaration)
    if submitted.reference:
        add(parent, f"{T}ClientPresenceRegistrationReference", submitted.reference)


def _put_validation(parent: Element, validation: Validation) -> None:
    add(parent, f"{T}Status", validation.status.value)
    if validation.at is not None:
        add(parent, f"{T}ValidationDate", _instant(validation.at))
    if validation.remarks:
        remarks = add(parent, f"{T}RemarkList")
        for remark in validation.remarks:
            add(remarks, f"{T}Remark", remark)


def put_errors(parent: Element, echo: Element | None, errors: Iterable[Error]) -> None:
    """A t:PresenceRegistrationError with what was asked and what is wrong with it."""
    refused = add(parent, f"{T}PresenceRegistrationError")
    if echo is not None:
        refused.append(echo)
    listed = add(refused, f"{T}ErrorList")
    for code, description in errors:
        error = add(listed, f"{T}Error")
        add(error, f"{T}ErrorCode", code)
        add(error, f"{T}ErrorDescription", description)


def put_search(
    answer: Element,
    asked: Element,
    *,
    count: int,
    page: Sequence[Entry],
    ledger: PresenceLedger,
    now: dt.datetime,
) -> None:
    """What a search found: the number of all, and those of the page."""
    result = add(answer, f"{P}SearchPresencesResponseType")
    result.append(as_type(asked, f"{T}SearchPresencesRequest"))
    listed = add(result, f"{T}PresenceRegistrationList")
    add(listed, f"{T}PresenceRegistrationResultCount", str(count))
    for entry in page:
        put_registration(listed, f"{T}PresenceRegistration", entry, ledger, now, consult=True)


def put_search_errors(answer: Element, asked: Element, errors: Iterable[Error]) -> None:
    """What is wrong with a search."""
    result = add(answer, f"{P}SearchPresencesResponseType")
    result.append(as_type(asked, f"{T}SearchPresencesRequest"))
    put_errors(result, None, errors)


def envelope(content: Element) -> bytes:
    """A whole SOAP 1.1 message around `content`."""
    root = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soapenv": _SOAP})
    add(root, f"{{{_SOAP}}}Body").append(content)
    message: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return message


def soap_fault(fault: Fault, environment: str, ticket: str) -> Element:
    """soap:Fault with an e:SystemError in its detail, that bears the ticket's number."""
    ours = fault.origin.casefold() in {"consumer", "client"}
    element = etree.Element(f"{{{_SOAP}}}Fault", nsmap={"soapenv": _SOAP})
    add(element, "faultcode", "soapenv:Client" if ours else "soapenv:Server")
    add(element, "faultstring", fault.message)
    detail = add(element, "detail")
    error = etree.SubElement(detail, f"{{{_ERRORS}}}SystemError", nsmap={"e": _ERRORS})
    error.set("Id", ticket)
    add(error, f"{{{_ERRORS}}}Origin", fault.origin)
    add(error, f"{{{_ERRORS}}}Code", fault.code)
    message = add(error, f"{{{_ERRORS}}}Message", fault.message)
    message.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    if fault.retry is not None:
        add(error, f"{{{_ERRORS}}}Retry", "true" if fault.retry else "false")
    add(error, f"{{{_ERRORS}}}Environment", fault.environment or environment)
    return element


def _instant(instant: dt.datetime) -> str:
    return instant.isoformat(timespec="milliseconds")
