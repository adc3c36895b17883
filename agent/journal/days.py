"""What a day came to, read from the journal by who only reads: also beside a running agent."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.core import state, taps
from agent.core.delivery import cancellations
from agent.core.delivery.cancellations import Cancellations
from agent.core.delivery.receipt_records import CancellationRefused
from agent.core.obligations import Ledger, Obligation
from agent.core.paper import papers
from agent.core.paper.papers import Papers, Sheet
from agent.core.records import DayBegan, kind_of
from agent.core.rules import Rules
from agent.core.shelf import Shelf
from agent.core.taps import LooseTap, Taps
from agent.journal.fault import explained
from agent.journal.rows import LAST, UNREADABLE, reading, rows
from agent.journal.schema import INDEXED


@dataclass(frozen=True, slots=True)
class PastDay:
    """The obligations of a day as they stand by now, its taps that count for nothing, and how many
    entries around it were erased."""

    obligations: tuple[Obligation, ...]
    loose: tuple[LooseTap, ...]
    erased: int
    refused: Shelf[int, CancellationRefused] = field(default_factory=Shelf)
    """By the number of the obligation: a cancellation that the service refused."""
    sheets: tuple[Sheet, ...] = ()
    """The attendance lists of the day."""


def read_day(journal: Path, day: dt.date, rules: Rules) -> PastDay:
    """What the journal in that file knows of `day`. Raises JournalError."""
    with reading(journal) as connection:
        try:
            return _folded(connection, day, rules)
        except (*UNREADABLE, msgspec.MsgspecError, KeyError) as error:
            raise explained(error, str(journal)) from error


def _folded(connection: sqlite3.Connection, day: dt.date, rules: Rules) -> PastDay:
    first, last = _span(connection, day)
    ledger, loose, asked, erased = Ledger(), Taps(), Cancellations(), 0
    paper = Papers()
    for row in rows(connection, first - 1, last):
        entry = row.entry()
        if entry.record is None:
            erased += 1
        elif not isinstance(entry.record, DayBegan):  # it would let go what is asked for
            ledger = state.settled(ledger, entry)
            loose = taps.apply(loose, entry, rules)
            asked = cancellations.apply(asked, ledger, entry)
            paper = papers.apply(paper, entry)
    return PastDay(
        tuple(o for o in ledger.obligations.values() if o.day == day),
        tuple(t for t in loose.loose if t.at.trusted and rules.day(t.at) == day),
        erased,
        asked.refused,
        paper.of_day(day),
    )


def _span(connection: sqlite3.Connection, day: dt.date) -> tuple[int, int]:
    """From where the day before began (who is registered ahead stands there) to where `day` was
    let go (until then a receipt is followed up)."""
    first, last = 1, LAST
    for seq, began in _days(connection):
        if began.day < day:
            first = seq
        if began.keep_from > day:
            last = seq
            break
    return first, last


def _days(connection: sqlite3.Connection) -> Iterator[tuple[int, DayBegan]]:
    found = connection.execute(
        f"SELECT seq, body FROM entry JOIN payload USING (seq) WHERE {INDEXED} AND kind = ? "
        "ORDER BY seq",
        (kind_of(DayBegan),),
    )
    for seq, body in found:
        yield seq, msgspec.json.decode(body, type=DayBegan)
