"""The journal file: append durably, read back. One connection writes, on one thread.

WAL with synchronous=FULL: a commit returns once it is on the card, at one fsync (measured: the
other modes lose acknowledged commits at a power cut or cost three times as much).
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from sqlite_utils import Database

from agent.core import chain
from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment, Trust
from agent.core.records import (
    KINDS,
    LASTING,
    DayBegan,
    Entry,
    JournalOpened,
    Record,
    kind_of,
)
from agent.journal.checkpoint import EVERY_ENTRIES, Signer
from agent.journal.fault import JournalError, JournalMismatch, explained
from agent.journal.schema import APPLICATION_ID, INDEXED, migrations

BUSY_MS = 2_000
"""How long a commit waits for a reader that is just opening the file."""
SIGNED_AT_ONCE = (JournalOpened, DayBegan)
"""A checkpoint follows these in the same commit."""

_DECODERS = {kind: msgspec.json.Decoder(record) for kind, record in KINDS.items()}
_encode = msgspec.json.Encoder().encode


class Journal:
    """Opened for writing. `database`: a path, or a `file:` URI. `chance` salts the payloads;
    without a `signer` there are no checkpoints.
    """

    def __init__(
        self, database: Path | str, chance: random.Random, signer: Signer | None = None
    ) -> None:
        self.name = str(database)
        self._chance = chance
        self._signer = signer
        try:
            self._db = _opened(self.name)
            self._seq, self._head = self._last()
            self._signed = self._last_signed()
        except sqlite3.Error as error:
            raise explained(error, self.name) from error

    def _last(self) -> tuple[int, bytes]:
        row = self._db.execute("SELECT seq, seal FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return (0, chain.START) if row is None else (row[0], row[1])

    def _last_signed(self) -> int:
        """The last checkpoint's entry; found from the end, where it is near."""
        query = "SELECT seq FROM entry WHERE kind = ? AND seq > ? ORDER BY seq DESC LIMIT 1"
        limits = (kind_of(CheckpointSigned), self._seq - EVERY_ENTRIES)
        row = self._db.execute(query, limits).fetchone()
        return 0 if row is None else int(row[0])

    @property
    def head(self) -> tuple[int, bytes]:
        """Number and seal of the last entry; (0, 32 zero bytes) for an empty journal."""
        return self._seq, self._head

    def append(self, at: Moment, records: Sequence[Record]) -> tuple[Record, ...]:
        """Makes these entries durable, all or none, in one commit, with a checkpoint when one is
        due; returns what was written. Raises JournalError.
        """
        batch = _Batch(at, self._seq, self._head, self._chance)
        for record in records:
            batch.add(record)
        signed = self._signed
        if self._signer is not None and self._is_due(batch.seq, records):
            batch.add(self._signer.signed(batch.seq, batch.head))
            signed = batch.seq
        try:
            with self._db.atomic():
                add = self._db.conn.executemany
                add("INSERT INTO entry VALUES (?,?,?,?,?,?,?,?)", batch.entries)
                add("INSERT INTO payload VALUES (?,?,?)", batch.payloads)
        except sqlite3.Error as error:
            raise explained(error, self.name) from error
        self._seq, self._head, self._signed = batch.seq, batch.head, signed
        return tuple(batch.records)

    def _is_due(self, seq: int, records: Sequence[Record]) -> bool:
        at_once = any(isinstance(record, SIGNED_AT_ONCE) for record in records)
        return at_once or seq - self._signed >= EVERY_ENTRIES

    def entries_for_state(self) -> Iterator[Entry]:
        """What `restore` needs: the lasting kinds of all times, and everything from the base on
        that the last `DayBegan` names. In order. Raises JournalError.
        """
        marks = ",".join("?" * len(LASTING))
        old = f"SELECT seq FROM entry WHERE {INDEXED} AND kind IN ({marks}) AND seq < ?"
        try:
            base = self._base()
            yield from self._entries(f"e.seq IN ({old})", (*LASTING, base))
            yield from self._entries("e.seq >= ?", (base,))
        except (sqlite3.Error, msgspec.MsgspecError, KeyError, ValueError) as error:
            raise explained(error, self.name) from error

    def _base(self) -> int:
        kind = kind_of(DayBegan)
        last = f"SELECT max(seq) FROM entry WHERE {INDEXED} AND kind = ?"
        row = self._db.execute(f"SELECT body FROM payload WHERE seq = ({last})", (kind,)).fetchone()
        if row is None:
            return 1
        began = _DECODERS[kind].decode(row[0])
        return began.base if isinstance(began, DayBegan) else 1

    def _entries(self, where: str, arguments: Sequence[object]) -> Iterator[Entry]:
        rows = self._db.execute(
            "SELECT e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, p.body FROM entry e "
            f"LEFT JOIN payload p ON p.seq = e.seq WHERE {where} ORDER BY e.seq",
            arguments,
        )
        return map(decoded, rows)

    def close(self) -> None:
        """Lets the file go; what was appended is durable already."""
        self._db.close()


class _Batch:
    """The rows of one commit, each sealed onto the one before."""

    def __init__(self, at: Moment, seq: int, head: bytes, chance: random.Random) -> None:
        self.seq, self.head = seq, head
        self.records: list[Record] = []
        self.entries: list[tuple[object, ...]] = []
        self.payloads: list[tuple[object, ...]] = []
        self._at, self._chance = at, chance
        self._clocks = (at.unix_ms, at.mono_ms, at.boot_id, at.trust.value)

    def add(self, record: Record) -> None:
        """The next entry."""
        kind, body = kind_of(record), _encode(record)
        salt = self._chance.randbytes(chain.SALT_BYTES)
        self.seq += 1
        digest = chain.digest(salt, body)
        self.head = chain.seal(self.head, self.seq, kind, self._at, digest)
        self.records.append(record)
        self.entries.append((self.seq, kind, *self._clocks, digest, self.head))
        self.payloads.append((self.seq, salt, body))


def decoded(row: tuple[int, str, int, int, str, str, bytes | None]) -> Entry:
    """The entry that a row of `entry` with its `payload.body` holds."""
    seq, kind, unix_ms, mono_ms, boot_id, trust, body = row
    record = None if body is None else _DECODERS[kind].decode(body)
    return Entry(seq, Moment(unix_ms, mono_ms, boot_id, Trust(trust)), kind, record)


def _opened(name: str) -> Database:
    uri = name.startswith("file:")
    conn = sqlite3.connect(name, uri=uri, isolation_level=None, timeout=BUSY_MS / 1000)
    try:
        _refuse_foreign(conn, name)
        if conn.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise JournalError(
                f"journal {name}: cannot keep a write-ahead log there",
                "put gate.data_dir on a disk of this machine, not on a network share",
            )
        conn.execute("PRAGMA synchronous = FULL")
        db = Database(conn)
        if migrations.pending(db):
            conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            migrations.apply(db)
    except BaseException:
        conn.close()
        raise
    return db


def _refuse_foreign(conn: sqlite3.Connection, name: str) -> None:
    """Raises JournalMismatch for another program's database, before anything is changed in it."""
    (owner,) = conn.execute("PRAGMA application_id").fetchone()
    if owner != APPLICATION_ID and conn.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise JournalMismatch(
            f"journal {name}: this is another program's database",
            "give gate.data_dir another folder",
        )
