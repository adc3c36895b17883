"""Damaged journals that were put aside: what they are called, how long they stay, how they go.

Each holds national numbers in full and can be erased only whole: its entries cannot be told apart
any more. What it proves of a day is not known either, so the longer of both terms counts, from the
day on which the journal in use began: everything in it was written before.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.core.journal_records import JournalReplaced
from agent.core.records import kind_of

PARTS = ("", "-wal", "-shm")
"""What SQLite keeps of one database, by the end of the file's name."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged journal beside the one in use; it is erased after the day `ends`, None: not known,
    for no clock was right yet since.
    """

    file: str
    bytes: int
    ends: dt.date | None

    def is_due(self, today: dt.date) -> bool:
        """True once its term has ended."""
        return self.ends is not None and self.ends < today

    def __str__(self) -> str:
        """For people."""
        until = f"until {self.ends}" if self.ends else "its term begins once the clock is right"
        return (
            f"damaged journal {self.file} ({self.bytes // 1024} KiB) holds personal data, and what "
            f"was not registered then; it is kept {until}"
        )


def aside(
    connection: sqlite3.Connection,
    database: Path,
    zone: dt.tzinfo,
    last_end: Callable[[dt.date], dt.date],
) -> tuple[Damaged, ...]:
    """Those beside the journal that `connection` reads. `last_end`: of a day, by the terms."""
    files = files_aside(database)
    if not files:
        return ()
    right = "SELECT unix_ms FROM entry WHERE trust <> 'unknown' ORDER BY seq LIMIT 1"
    row = connection.execute(right).fetchone()
    began = dt.datetime.fromtimestamp(row[0] / 1000, zone).date() if row else None
    ends = last_end(began) if began else None
    return tuple(Damaged(file.name, _size(file), ends) for file in files)


def _size(file: Path) -> int:
    pieces = (file.with_name(file.name + part) for part in PARTS)
    return sum(piece.stat().st_size for piece in pieces if piece.exists())


def name_aside(database: Path, at: dt.datetime) -> str:
    """A name that no file has yet."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    name, count = f"{database.stem}-damaged-{stamp}{database.suffix}", 1
    while database.with_name(name).exists():
        count += 1
        name = f"{database.stem}-damaged-{stamp}-{count}{database.suffix}"
    return name


def files_aside(database: Path) -> list[Path]:
    """Those that lie there, the last one last, as far as the clock was right."""
    stem, end = re.escape(database.stem), re.escape(database.suffix)
    name = re.compile(rf"{stem}-damaged-(\d{{8}}T\d{{6}}Z)(?:-(\d+))?{end}")
    found = ((name.fullmatch(file.name), file) for file in database.parent.iterdir())
    stamped = [(match[1], int(match[2] or 1), file) for match, file in found if match]
    return [file for _, _, file in sorted(stamped)]


def replaced(connection: sqlite3.Connection) -> Iterator[JournalReplaced]:
    """Those in whose place this journal came."""
    found = connection.execute(
        "SELECT body FROM entry JOIN payload USING (seq) WHERE kind = ? ORDER BY seq",
        (kind_of(JournalReplaced),),
    )
    return (msgspec.json.decode(body, type=JournalReplaced) for (body,) in found)


def destroy(database: Path, file: str) -> None:
    """Overwrites and deletes one of them, with its log. Raises OSError."""
    for part in PARTS:
        piece = database.with_name(file + part)
        if piece.exists():
            _blank(piece)
            piece.unlink()
    folder = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _blank(piece: Path) -> None:
    left = piece.stat().st_size
    with piece.open("r+b", buffering=0) as file:
        while left:
            left -= file.write(bytes(min(left, _CHUNK_BYTES)))
        os.fsync(file.fileno())
