"""What a slice of the journal needs to know of the entries before it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator

import msgspec

from agent.core.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.records import DayBegan, Entry, kind_of
from agent.export.audience import STRAGGLE_DAYS
from agent.journal.rows import Row, rows
from agent.journal.schema import INDEXED

_COLUMNS = (
    "e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, e.digest, e.seal, p.salt, p.body"
)


class _OfDay(msgspec.Struct):
    day: dt.date


def days_mended(connection: sqlite3.Connection, first: int, upto: int) -> frozenset[dt.date]:
    """Days of which entries `first` to `upto` change an outcome, however long ago they were."""
    days: set[dt.date] = set()
    for kind in (kind_of(ObligationsExempted), kind_of(ExemptionsWithdrawn)):
        found = connection.execute(
            f"SELECT p.body FROM entry e JOIN payload p USING (seq) WHERE {INDEXED} "
            "AND kind = ? AND seq BETWEEN ? AND ?",
            (kind, first, upto),
        )
        days.update(msgspec.json.decode(body, type=_OfDay).day for (body,) in found)
    return frozenset(days)


def start_of(
    connection: sqlite3.Connection, first: int, mended: frozenset[dt.date], zone: dt.tzinfo
) -> int:
    """The entry from which all is read that days of a slice are made of, the mended ones too."""
    began = _days_began(connection, first)
    if not began:
        return 1
    today = began[-1].day
    earliest = min((today, *mended)) - dt.timedelta(days=STRAGGLE_DAYS)
    before = [day.base for day in began if day.day <= earliest]
    return before[-1] if before else 1


def _days_began(connection: sqlite3.Connection, first: int) -> list[DayBegan]:
    found = connection.execute(
        f"SELECT p.body FROM entry JOIN payload p USING (seq) WHERE {INDEXED} "
        "AND kind = ? AND seq < ? ORDER BY seq",
        (kind_of(DayBegan), first),
    )
    return [msgspec.json.decode(body, type=DayBegan) for (body,) in found]


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
