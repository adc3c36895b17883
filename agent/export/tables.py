"""The two tables of a bundle: what was registered, and what was owed with how it ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from agent.core.identifiers import INSS_DIGITS
from agent.core.moment import Moment
from agent.export.days import Line
from agent.export.excel import Cell


class Texts(Protocol):
    """Message key → text in one language; raises KeyError."""

    def __getitem__(self, key: str, /) -> str: ...


Column = Callable[[Line, dt.tzinfo, Texts], Cell]


def inss(number: str) -> str:
    """As on the identity card, `85.01.15-123.55`: a text to any spreadsheet. Masked: as it is."""
    if len(number) != INSS_DIGITS or not number.isdecimal():
        return number
    return f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"


def company(number: str) -> str:
    """`BE 0448.181.966`: a text to any spreadsheet."""
    if len(number) != 10 or not number.isdecimal():
        return number
    return f"BE {number[:4]}.{number[4:7]}.{number[7:]}"


def _time(at: Moment | None, zone: dt.tzinfo) -> Cell:
    return "" if at is None else at.local(zone).time().replace(microsecond=0)


def _date(at: Moment | None, zone: dt.tzinfo) -> Cell:
    return "" if at is None else at.day(zone)


def why(line: Line, texts: Texts) -> str:
    """What there is to say of the outcome, for a person."""
    said = [*line.errors, *line.remarks]
    if line.answer_lost:
        said.append(texts["outcome.answer-lost"])
    return ", ".join(said)


_WHO: Mapping[str, Column] = {
    "day": lambda line, zone, texts: line.day,
    "tapped": lambda line, zone, texts: _time(line.tapped, zone),
    "surname": lambda line, zone, texts: line.person.surname,
    "given-name": lambda line, zone, texts: line.person.given_name,
    "inss": lambda line, zone, texts: inss(line.person.inss),
    "limosa": lambda line, zone, texts: line.person.limosa,
    "employer": lambda line, zone, texts: company(line.person.employer),
    "declaration": lambda line, zone, texts: line.person.declaration,
    "duty": lambda line, zone, texts: line.duty,
}

REGISTRATIONS: Mapping[str, Column] = {
    **_WHO,
    "direction": lambda line, zone, texts: "" if line.direction == "any" else line.direction,
    "receipt": lambda line, zone, texts: line.receipt,
    "status": lambda line, zone, texts: line.status,
    "remarks": lambda line, zone, texts: ", ".join(line.remarks),
    "stored-day": lambda line, zone, texts: _date(line.stored, zone),
    "stored": lambda line, zone, texts: _time(line.stored, zone),
    "channel": lambda line, zone, texts: line.sent_by,
    "reference": lambda line, zone, texts: line.reference,
}
"""Column → how its cell is made, for what ended with a receipt."""

OBLIGATIONS: Mapping[str, Column] = {
    **_WHO,
    "outcome": lambda line, zone, texts: texts[f"outcome.{line.outcome.replace(' ', '-')}"],
    "receipt": lambda line, zone, texts: line.receipt,
    "list-reference": lambda line, zone, texts: line.list_reference,
    "list": lambda line, zone, texts: line.list_number,
    "incidents": lambda line, zone, texts: ", ".join(line.incidents),
    "why": lambda line, zone, texts: why(line, texts),
    "reference": lambda line, zone, texts: line.reference,
}
"""Column → how its cell is made, for all that was owed."""


def head(columns: Mapping[str, Column], texts: Texts) -> list[str]:
    """The names of the columns."""
    return [texts[f"column.{name}"] for name in columns]


def row(columns: Mapping[str, Column], line: Line, zone: dt.tzinfo, texts: Texts) -> Iterator[Cell]:
    """The cells of one line."""
    return (make(line, zone, texts) for make in columns.values())
