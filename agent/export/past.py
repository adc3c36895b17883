"""What a slice of the journal needs to know of the entries before it.

An obligation is mostly settled on its day. What comes later (a validation, a cancellation, a cause
that a person names weeks afterwards) changes a day that was told already: such a day is told again
from its beginning.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from agent.core.delivery.receipt_records import (
    CancellationRefused,
    CancellationWanted,
    ObligationCancelled,
    ReceiptFollowed,
)
from agent.core.obligations import number_of
from agent.core.outage.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.paper.paper_records import ObligationOnPaper
from agent.core.records import DayBegan, Entry, ObligationOpened, ReceiptStored, kind_of
from agent.export.days import STRAGGLE_DAYS
from agent.journal.rows import Row, rows
from agent.journal.schema import INDEXED

_COLUMNS = (
    "e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, e.digest, e.seal, p.salt, p.body"
)
_LATE = (
    *(ReceiptStored, ReceiptFollowed, ObligationOnPaper),
    *(CancellationWanted, CancellationRefused, ObligationCancelled),
)
_DAY_MS = 86_400_000


class _OfDay(msgspec.Struct):
    day: dt.date


class _Named(msgspec.Struct):
    reference: str


class _Opening(msgspec.Struct):
    reference: str
    day: dt.date


@dataclass(frozen=True, slots=True)
class Past:
    """`start`: the entry from which all is read that a slice's days are made of. `mended`: days
    that get entries long after them."""

    start: int
    mended: frozenset[dt.date]


def past_of(connection: sqlite3.Connection, first: int, upto: int) -> Past:
    """What entries `first` to `upto` need of those before them."""
    began = _days_began(connection, first)
    mended = frozenset(
        (*_days_turned(connection, first, upto), *_days_followed(connection, first, upto))
    )
    if not began:
        return Past(1, mended)
    earliest = min((began[-1].day, *mended)) - dt.timedelta(days=STRAGGLE_DAYS)
    before = [day.base for day in began if day.day <= earliest]
    return Past(before[-1] if before else 1, mended)


def _days_began(connection: sqlite3.Connection, first: int) -> list[DayBegan]:
    found = connection.execute(
        f"SELECT p.body FROM entry JOIN payload p USING (seq) WHERE {INDEXED} "
        "AND kind = ? AND seq < ? ORDER BY seq",
        (kind_of(DayBegan), first),
    )
    return [msgspec.json.decode(body, type=DayBegan) for (body,) in found]


def _days_turned(connection: sqlite3.Connection, first: int, upto: int) -> Iterator[dt.date]:
    """Days of which a person's word changes the outcome, however long ago they were."""
    for kind in (kind_of(ObligationsExempted), kind_of(ExemptionsWithdrawn)):
        found = connection.execute(
            f"SELECT p.body FROM entry e JOIN payload p USING (seq) WHERE {INDEXED} "
            "AND kind = ? AND seq BETWEEN ? AND ?",
            (kind, first, upto),
        )
        for (body,) in found:
            yield msgspec.json.decode(body, type=_OfDay).day


def _days_followed(connection: sqlite3.Connection, first: int, upto: int) -> Iterator[dt.date]:
    """Days of obligations that the slice says more of, longer after them than is usual."""
    marks = ",".join("?" * len(_LATE))
    found = connection.execute(
        "SELECT e.unix_ms, p.body FROM entry e JOIN payload p ON p.seq = e.seq "
        f"WHERE e.seq BETWEEN ? AND ? AND e.kind IN ({marks}) ORDER BY e.seq",
        (first, upto, *map(kind_of, _LATE)),
    )
    openings = _Openings(connection, upto)
    decode = msgspec.json.Decoder(_Named).decode
    for unix_ms, body in found:
        day = openings.day_of(number_of(decode(body).reference))
        if day is not None and unix_ms - _ms(day) > (STRAGGLE_DAYS + 1) * _DAY_MS:
            yield day


def _ms(day: dt.date) -> int:
    return (day.toordinal() - dt.date(1970, 1, 1).toordinal()) * _DAY_MS


class _Openings:
    """The days of obligations, which are numbered in the order of their entries.

    Nearly always the next one asked for is one of the latest: so those met are kept by hundreds,
    and any other one is found by halving.
    """

    _KEPT = 4096

    def __init__(self, connection: sqlite3.Connection, upto: int) -> None:
        self._connection, self._upto = connection, upto
        self._known: dict[int, dt.date] = {}

    def day_of(self, number: int) -> dt.date | None:
        """The day that obligation `number` is for; None when its opening was erased."""
        if number not in self._known:
            self._learn(number)
        return self._known.get(number)

    def _learn(self, number: int) -> None:
        low, high = 1, self._upto
        while low < high:
            middle = (low + high) // 2
            found = next(self._from(middle, 1), None)
            if found is None or number_of(found.reference) >= number:
                high = middle
            else:
                low = middle + 1
        if len(self._known) > self._KEPT:
            self._known.clear()
        for opening in self._from(low, 256):
            self._known[number_of(opening.reference)] = opening.day

    def _from(self, seq: int, most: int) -> Iterator[_Opening]:
        found = self._connection.execute(
            "SELECT p.body FROM entry e JOIN payload p ON p.seq = e.seq "
            "WHERE e.seq >= ? AND e.kind = ? ORDER BY e.seq LIMIT ?",
            (seq, kind_of(ObligationOpened), most),
        )
        for (body,) in found:
            yield msgspec.json.decode(body, type=_Opening)


def entries_before(connection: sqlite3.Connection, start: int, first: int) -> Iterator[Entry]:
    """Who is who since the journal began, then everything from `start` up to before `first`."""
    lasting = connection.execute(
        f"SELECT {_COLUMNS} FROM entry e LEFT JOIN payload p ON p.seq = e.seq "
        f"WHERE {INDEXED} AND e.kind LIKE 'worker-%' AND e.seq < ? ORDER BY e.seq",
        (start,),
    )
    for row in lasting:
        yield Row._make(row).entry()
    for whole in rows(connection, start - 1, first - 1):
        yield whole.entry()
