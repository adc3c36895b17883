"""A journal as the code writes it today, with one entry of every kind, as SQL.

Once, before version N is released: `python tests/journal/dump.py N > tests/journal/journal-N.sql`.
"""

from __future__ import annotations

import datetime as dt
import enum
import random
import sqlite3
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from sqlite_utils import Database

from agent.core.moment import Moment, Trust
from agent.core.records import KINDS, DayBegan, Record
from agent.journal.schema import APPLICATION_ID, migrations
from agent.journal.store import Journal

DAY = dt.date(2026, 11, 24)
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
PLAIN = {
    **{int: 7, str: "é", bytes: b"\x00\xff", bool: True, float: 0.5, types.NoneType: None},
    **{dt.date: DAY, dt.datetime: NOON},
}


def example(hint: Any) -> Any:
    """A value of a field's type."""
    if get_origin(hint) in (Union, types.UnionType):
        return example(get_args(hint)[0])
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        return (example(inner[0]),) if inner[-1] is ... else tuple(map(example, inner))
    if get_origin(hint) is dict:
        return {example(get_args(hint)[0]): example(get_args(hint)[1])}
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{f.name: example(hints[f.name]) for f in fields(hint)})
    if isinstance(hint, enum.EnumType):
        return next(iter(hint))
    return PLAIN[hint]


def records() -> Iterator[Record]:
    """One of every kind."""
    for record in KINDS.values():
        yield DayBegan(DAY, DAY, 1, 0, 0) if record is DayBegan else example(record)


def dump(version: int) -> Iterator[str]:
    """The SQL that makes such a journal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database = Database(connection)
            later = [step.name for step in migrations.pending(database)][version:]
            migrations.apply(database, stop_before=later)
        if later:
            raise SystemExit(f"version {version} is not the newest: {later[0]} came after it")
        with closing(Journal(path, random.Random(version))) as journal:
            for n, record in enumerate(records(), 1):
                journal.append(Moment(1_790_000_000_000 + n, n, "boot", Trust.NTP), [record])
        with closing(sqlite3.connect(path)) as connection:
            yield f"PRAGMA application_id = {APPLICATION_ID};"
            yield from connection.iterdump()


if __name__ == "__main__":
    print("\n".join(dump(int(sys.argv[1]))))
