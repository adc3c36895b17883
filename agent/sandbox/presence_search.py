"""searchPresences of the emulated service: criteria, order and pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from agent.sandbox.presence_answers import Error, T
from agent.sandbox.presence_ledger import Entry, PresenceLedger
from agent.sandbox.presence_shape import as_date

Element = Any

MOST_FOUND = 500
"""What a search gives in all, however it is paged (WIRE.md, section 1); it counts what it has."""
FETCH_SIZE = 50
_CONSTRUCTION = 1

_ORDERS: dict[str, Callable[[Entry], Any]] = {
    "ID": lambda entry: entry.number,
    "REGISTRATION DATE": lambda entry: entry.submitted.day,
    "CREATION DATE": lambda entry: entry.created,
    "PLACE OF WORK": lambda entry: entry.submitted.declaration,
    "COMPANY ID": lambda entry: entry.submitted.company or 0,
    "SENDER ID": lambda entry: entry.sender,
}
"""Those left out (STATUS, CHANNEL) sort by number here."""


class Search:
    """A t:SearchPresenceRequest that passed the shape; `error`: why it is not carried out."""

    def __init__(self, asked: Element) -> None:
        criteria = asked.find(f"{T}SearchPresenceRegistrationCriteria")
        self._inss = _text(criteria, "INSS")
        self._company = _number(criteria, "CompanyID")
        self._declaration = _text(criteria, "WorkPlaceId")
        self._statuses = _all(criteria, f"{T}StatusList/{T}Status")
        self._remarks = _all(criteria, f"{T}RemarkList/{T}Remark")
        self._created_from = _instant(_text(criteria, "CreationStartDate"))
        self._created_until = _instant(_text(criteria, "CreationEndDate"))
        self._sector = _number(criteria, "Sector")
        self._periods = [
            (as_date(first.text), as_date(last.text))
            for first, last in criteria.iterfind(f"{T}RegistrationPeriodList/{T}RegistrationPeriod")
        ]
        page = asked.find(f"{T}PaginationProperties")
        order = asked.find(f"{T}SortingProperties")
        self._first = _number(page, "FirstRow") or 0
        size = _number(page, "FetchSize")
        self._size = FETCH_SIZE if size is None else size
        self._order = _text(order, "SortCriteria") or "ID"
        self._descending = _text(order, "SortDirection") == "DESCENDING"

    @property
    def error(self) -> Error | None:
        """The first thing that makes no sense: a period that ends before it starts, a negative
        row. The service's own codes for it are not published; 12 is ours."""
        if any(first > last for first, last in self._periods):
            return ("12", "A period ends before it starts.")
        if self._first < 0 or self._size < 1:
            return ("12", "The page is not valid.")
        return None

    def run(self, ledger: PresenceLedger, now: dt.datetime) -> list[Entry]:
        """Everything that fits, in the wanted order."""
        found = (e for e in ledger.of_days(self._periods) if self._fits(e, ledger, now))
        key = _ORDERS.get(self._order, _ORDERS["ID"])
        return sorted(found, key=lambda e: (key(e), e.number), reverse=self._descending)

    def page(self, found: list[Entry]) -> list[Entry]:
        """The wanted rows."""
        return found[:MOST_FOUND][self._first : self._first + self._size]

    def _fits(self, entry: Entry, ledger: PresenceLedger, now: dt.datetime) -> bool:
        submitted, state = entry.submitted, ledger.validation(entry, now)
        return (
            self._inss in ("", submitted.inss)
            and self._company in (None, submitted.company)
            and self._declaration in ("", submitted.declaration)
            and (not self._statuses or state.status.value in self._statuses)
            and (not self._remarks or not self._remarks.isdisjoint(state.remarks))
            and (self._created_from is None or entry.created >= self._created_from)
            and (self._created_until is None or entry.created <= self._created_until)
            and self._sector in (None, _CONSTRUCTION)
        )


def _text(parent: Element | None, name: str) -> str:
    return (parent.findtext(T + name) or "") if parent is not None else ""


def _number(parent: Element | None, name: str) -> int | None:
    text = _text(parent, name)
    return int(text) if text else None


def _all(parent: Element, path: str) -> frozenset[str]:
    return frozenset(element.text or "" for element in parent.iterfind(path))


def _instant(text: str) -> dt.datetime | None:
    if not text:
        return None
    instant = dt.datetime.fromisoformat(text.strip())
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=dt.UTC)
