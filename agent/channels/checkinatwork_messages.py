"""The messages of Checkinatwork (WIRE.md, section 1): values to elements, and elements to values.

Strict in what is written (order, lengths, forms of the schema), lenient in what is read: an item
that makes no sense is named as a stray and spoils no other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.channels.base import Answer, ItemError, Receipt, Registration
from agent.channels.soap import Element
from agent.channels.veil import veiled
from agent.core.delivery.inquiries import Cancellation, Found, Query

PROTOCOL = "http://socialsecurity.be/presenceregistration/v1"
TYPES = "http://socialsecurity.be/presenceregistration/schemas/v1"

MOST_ITEMS = 200
"""Of one call: maxOccurs in the schema."""
MOST_FOUND = 500
"""Of one page of a search."""
MOST_PERIOD_DAYS = 31
REFERENCE_MOST_CHARACTERS = 24

_P = f"{{{PROTOCOL}}}"
_T = f"{{{TYPES}}}"

_INSS = re.compile(r"\d{11}", re.ASCII)
_COMPANY = re.compile(r"\d{1,10}", re.ASCII)
_NUMBER = re.compile(r"0*[1-9]\d{0,14}", re.ASCII)
_LIMOSA = re.compile(r"\d+", re.ASCII)
_DECLARATION = re.compile(r"[A-HJ-NP-Z0-9]{1,13}")


@dataclass(frozen=True, slots=True)
class Matched:
    """Answers brought to what was asked; `missing` and `stray` as in `Reply`."""

    answers: tuple[Answer, ...]
    missing: tuple[str, ...]
    stray: tuple[str, ...]


# --- what is sent ----------------------------------------------------------------------------


def form_errors(registration: Registration, today: dt.date) -> tuple[ItemError, ...]:
    """What makes `registration` unfit to send; empty: nothing.

    One item against the schema has the whole batch refused (SOA-03006), so it stays here and gets
    the code that the service itself has for it. And nothing is ever sent for yesterday.
    """
    errors = []
    if registration.day < today:
        errors.append(ItemError("6", "not sent: its day is over"))
    if not _DECLARATION.fullmatch(registration.declaration):
        errors.append(ItemError("4", "not sent: no valid form of a declaration-of-works number"))
    if registration.inss or not registration.limosa:
        if not _INSS.fullmatch(registration.inss):
            errors.append(ItemError("5", "not sent: an INSS has 11 digits"))
        if not _COMPANY.fullmatch(registration.employer):
            errors.append(ItemError("2", "not sent: a company number has 10 digits"))
    elif not _LIMOSA.fullmatch(registration.limosa):
        errors.append(ItemError("5", "not sent: a Limosa number has only digits"))
    return tuple(errors)


def register_request(registrations: Sequence[Registration]) -> Element:
    """p:RegisterPresencesRequest, in the order of `registrations`."""
    request = _request("RegisterPresencesRequest")
    for registration in registrations:
        item = _child(request, f"{_P}PresenceRegistrationRequest")
        _add(item, "RegistrationDate", registration.day.isoformat())
        if registration.inss:
            _add(item, "INSS", registration.inss)
            _add(item, "CompanyID", str(int(registration.employer)))
        else:
            _add(item, "LimosaId", registration.limosa)
        _add(item, "WorkPlaceId", registration.declaration)
        _add(item, "ClientPresenceRegistrationReference", registration.reference)
    return request


def cancel_request(cancellations: Sequence[Cancellation]) -> Element:
    """p:CancelPresencesRequest."""
    request = _request("CancelPresencesRequest")
    for cancellation in cancellations:
        item = _child(request, f"{_P}CancelPresenceRequest")
        _add(item, "PresenceRegistrationId", cancellation.number)
        _add(item, "CancellationReason", cancellation.reason.value)
    return request


def search_request(query: Query, first_row: int) -> Element:
    """p:SearchPresencesRequest for one page, sorted so that pages do not shift."""
    request = _request("SearchPresencesRequest")
    search = _child(request, f"{_P}SearchPresenceRequest")
    criteria = _child(search, f"{_T}SearchPresenceRegistrationCriteria")
    if query.employer:
        _add(criteria, "CompanyID", str(int(query.employer)))
    _add(criteria, "WorkPlaceId", query.declaration)
    period = _child(_child(criteria, f"{_T}RegistrationPeriodList"), f"{_T}RegistrationPeriod")
    _add(period, "RegistrationPeriodStartDate", query.first.isoformat())
    _add(period, "RegistrationPeriodEndDate", query.last.isoformat())
    page = _child(search, f"{_T}PaginationProperties")
    _add(page, "FirstRow", str(first_row))
    _add(page, "FetchSize", str(MOST_FOUND))
    order = _child(search, f"{_T}SortingProperties")
    _add(order, "SortDirection", "ASCENDING")
    _add(order, "SortCriteria", "ID")
    return request


def get_request(number: str) -> Element:
    """p:GetPresenceRegistrationRequest."""
    request = _request("GetPresenceRegistrationRequest")
    _add(_child(request, f"{_P}GetPresenceRegistrationRequest"), "PresenceRegistrationId", number)
    return request


def is_receipt_number(text: str) -> bool:
    """True for at most 15 digits that are not all zero (PresenceRegistrationIdType)."""
    return _NUMBER.fullmatch(text) is not None


def _request(name: str) -> Element:
    from lxml import etree

    return etree.Element(f"{_P}{name}", nsmap={"p": PROTOCOL, "t": TYPES})


def _child(parent: Element, tag: str) -> Element:
    from lxml import etree

    return etree.SubElement(parent, tag)


def _add(parent: Element, name: str, text: str) -> None:
    _child(parent, _T + name).text = text


# --- what comes back -------------------------------------------------------------------------


def read_registered(response: Element, asked: Mapping[str, Registration]) -> Matched:
    """The answers in p:RegisterPresencesResponse to what was asked, by reference."""
    matching = _Matching(tuple(asked))
    for item in response.iterchildren(f"{_P}PresenceRegistrationResponse"):
        content = next(item.iterchildren("*"), None)
        submitted = _submitted(content)
        reference = _text(submitted, "ClientPresenceRegistrationReference")
        if reference in asked and not _echoes(submitted, asked[reference]):
            matching.strays.append(f"an answer to {veiled(reference)} that is about something else")
            continue
        matching.take(reference, content)
    return matching.result()


def read_cancelled(response: Element, asked: Sequence[str]) -> Matched:
    """The answers in p:CancelPresencesResponse, by receipt number."""
    matching = _Matching(tuple(asked))
    for item in response.iterchildren(f"{_P}CancelPresenceResponse"):
        content = next(item.iterchildren("*"), None)
        if content is not None and content.tag == f"{_T}PresenceRegistrationError":
            number = _text(content.find(f"{_T}CancelPresenceRequest"), "PresenceRegistrationId")
        else:
            number = _text(content, "PresenceRegistrationId")
        matching.take(number, content)
    return matching.result()


class _Matching:
    """Settles each thing asked by the first sensible answer to it; keeps the others as strays."""

    def __init__(self, asked: tuple[str, ...]) -> None:
        self._asked = asked
        self._answers: dict[str, Answer] = {}
        self.strays: list[str] = []

    def take(self, reference: str, content: Element) -> None:
        """`content`: t:PresenceRegistration or t:PresenceRegistrationError."""
        answer = _answer(reference, content)
        name = veiled(reference) or "nothing"
        if reference not in self._asked:
            self.strays.append(f"an answer to {name}, which was never asked")
        elif answer is None:
            self.strays.append(f"an answer to {name} with neither receipt number nor error")
        elif reference in self._answers:
            self.strays.append(f"a second answer to {name}")
        else:
            self._answers[reference] = answer

    def result(self) -> Matched:
        """In the order in which things were asked."""
        return Matched(
            tuple(self._answers[name] for name in self._asked if name in self._answers),
            tuple(name for name in self._asked if name not in self._answers),
            tuple(self.strays),
        )


def _answer(reference: str, content: Element) -> Answer | None:
    if content is None:
        return None
    if content.tag == f"{_T}PresenceRegistration":
        receipt = _receipt(content)
        return Answer(reference, receipt) if receipt is not None else None
    errors = read_errors(content)
    return Answer(reference, errors=errors) if errors else None


def read_errors(content: Element) -> tuple[ItemError, ...]:
    """The errors of an element with an ErrorList, texts fit for a log."""
    return tuple(
        ItemError(_text(error, "ErrorCode"), veiled(_text(error, "ErrorDescription")))
        for error in content.iterfind(f"{_T}ErrorList/{_T}Error")
    )


def _receipt(registration: Element) -> Receipt | None:
    number = _text(registration, "PresenceRegistrationId")
    validation = registration.find(f"{_T}LastValidation")
    if not is_receipt_number(number) or validation is None:
        return None
    remarks = (r.text or "" for r in validation.iterfind(f"{_T}RemarkList/{_T}Remark"))
    # Not stripped inside: two remarks hold double spaces, as the service sends them.
    return Receipt(number, _text(validation, "Status"), tuple(r.strip() for r in remarks))


def _submitted(content: Element) -> Element | None:
    if content is None:
        return None
    return next(
        content.iterchildren(
            f"{_T}PresenceRegistrationSubmitted", f"{_T}PresenceRegistrationConsultSubmitted"
        ),
        None,
    )


def _echoes(submitted: Element, registration: Registration) -> bool:
    """False when the answer repeats another worker, employer, declaration or day than was asked."""
    company = _text(submitted, "CompanyID")
    pairs = (
        (_text(submitted, "RegistrationDate")[:10], registration.day.isoformat()),
        (_text(submitted, "INSS"), registration.inss),
        (_text(submitted, "LimosaId"), registration.limosa if not registration.inss else ""),
        (_text(submitted, "WorkPlaceId"), registration.declaration),
        # The leading 0 of a company number falls away on the wire.
        (company.lstrip("0"), registration.employer.lstrip("0") if registration.inss else ""),
    )
    return all(not echoed or echoed == sent for echoed, sent in pairs)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: how many there are in all, and those of this page."""

    count: int
    rows: int
    found: tuple[Found, ...]
    errors: tuple[ItemError, ...] = ()


def read_page(response: Element) -> Page | None:
    """What p:SearchPresencesResponse holds; None when it makes no sense."""
    result = response.find(f"{_P}SearchPresencesResponseType")
    if result is None:
        return None
    error = result.find(f"{_T}PresenceRegistrationError")
    if error is not None:
        return Page(0, 0, (), read_errors(error))
    listed = result.find(f"{_T}PresenceRegistrationList")
    if listed is None:
        return Page(0, 0, ())
    count = _text(listed, "PresenceRegistrationResultCount")
    if not (count.isascii() and count.isdigit()):
        return None
    rows = list(listed.iterchildren(f"{_T}PresenceRegistration"))
    return Page(int(count), len(rows), tuple(_all_found(rows)))


def read_got(response: Element) -> Found | None:
    """The registration in p:GetPresenceRegistrationResponse; None: the service has none."""
    path = (
        f"{_P}GetPresenceRegistrationResponseType/{_T}GetPresenceRegistrationType"
        f"/{_T}PresenceRegistrationType"
    )
    return next(_all_found(response.findall(path)), None)


def _all_found(rows: Sequence[Element]) -> Iterator[Found]:
    for row in rows:
        receipt = _receipt(row)
        submitted = _submitted(row)
        if receipt is None:
            continue
        company = _text(submitted, "CompanyID")
        yield Found(
            receipt,
            reference=_text(submitted, "ClientPresenceRegistrationReference"),
            day=_day(_text(submitted, "RegistrationDate")),
            declaration=_text(submitted, "WorkPlaceId"),
            employer=company.zfill(10) if company else "",
            inss=_text(submitted, "INSS"),
            limosa=_text(submitted, "LimosaId"),
            created=_instant(_text(row, "CreationDate")),
        )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _instant(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _text(parent: Element | None, name: str) -> str:
    return (parent.findtext(_T + name) or "").strip() if parent is not None else ""
