"""The journal file: append durably, read back. One connection writes, on one thread.

WAL with synchronous=FULL: a commit returns once it is on the card, at one fsync (measured: the
other modes lose acknowledged commits at a power cut or cost three times as much).
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from sqlite_utils import Database

from agent.core import chain
from agent.core.journal_records import CheckpointSigned, ExportBegun, PayloadsErased
from agent.core.moment import Moment, Trust
from agent.core.outage.measurements import Reading
from agent.core.paper.paper_records import ListMade
from agent.core.records import (
    KINDS,
    LASTING,
    DayBegan,
    Entry,
    JournalOpened,
    Record,
    kind_of,
)
from agent.core.spans import Span
from agent.journal.beat import Beat
from agent.journal.checkpoint import EVERY_ENTRIES, Signer
from agent.journal.damaged import replaced
from agent.journal.fault import (
    JournalError,
    JournalMismatch,
    JournalNewer,
    RecordUnwritable,
    explained,
)
from agent.journal.rows import day_begun, last_key, rows
from agent.journal.schema import APPLICATION_ID, INDEXED, migrations, refuse_newer

BUSY_MS = 2_000
"""How long a commit waits for a reader that is just opening the file."""
SIGNED_AT_ONCE = (JournalOpened, DayBegan, PayloadsErased, ExportBegun, ListMade)
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
        self._shreds = False
        try:
            self._db = _opened(self.name)
            self._seq, self._head = self._last()
            self._signed = self._last_of(CheckpointSigned)
            if self._last_of(PayloadsErased):
                self._shred()
        except sqlite3.Error as error:
            raise explained(error, self.name) from error

    def _last(self) -> tuple[int, bytes]:
        row = self._db.execute("SELECT seq, seal FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return (0, chain.START) if row is None else (row[0], row[1])

    def _last_of(self, kind: type[Record]) -> int:
        """The last entry of this kind among those that one checkpoint covers; else 0."""
        query = "SELECT seq FROM entry WHERE kind = ? AND seq > ? ORDER BY seq DESC LIMIT 1"
        limits = (kind_of(kind), self._seq - EVERY_ENTRIES)
        row = self._db.execute(query, limits).fetchone()
        return 0 if row is None else int(row[0])

    @property
    def head(self) -> tuple[int, bytes]:
        """Number and seal of the last entry; (0, 32 zero bytes) for an empty journal."""
        return self._seq, self._head

    def append(
        self,
        at: Moment,
        records: Sequence[Record],
        erase: Sequence[Span] = (),
        *,
        sign: bool = False,
    ) -> tuple[Record, ...]:
        """Makes these entries durable, all or none, in one commit, with a checkpoint when one is
        due or asked for (`sign`), and erases the details of those in `erase`; returns what was
        written. Raises JournalError; RecordUnwritable when it is no fault of the file.
        """
        batch = _Batch(at, self._seq, self._head, self._chance)
        for record in records:
            try:
                batch.add(record)
            except (UnicodeError, OverflowError) as error:
                raise RecordUnwritable(
                    f"{kind_of(record)} cannot be written: {error}",
                    "call support; if it names a file, give that file a name in plain letters",
                ) from error
        signed = self._signed
        if self._signer is not None and (sign or self._is_due(batch.seq, records)):
            batch.add(self._signer.signed(batch.seq, batch.head))
            signed = batch.seq
        try:
            with self._db.atomic():
                add = self._db.conn.executemany
                add("INSERT INTO entry VALUES (?,?,?,?,?,?,?,?)", batch.entries)
                add("INSERT INTO payload VALUES (?,?,?)", batch.payloads)
                bounds = [(span.first, span.last) for span in erase]
                add("DELETE FROM payload WHERE seq BETWEEN ? AND ?", bounds)
        except sqlite3.Error as error:
            raise explained(error, self.name) from error
        self._seq, self._head, self._signed = batch.seq, batch.head, signed
        if erase:
            self._shred()
        return tuple(batch.records)

    def _is_due(self, seq: int, records: Sequence[Record]) -> bool:
        at_once = any(isinstance(record, SIGNED_AT_ONCE) for record in records)
        return at_once or seq - self._signed >= EVERY_ENTRIES

    def beat(self, beat: Beat) -> None:
        """Writes the last sign of life over the one before. Raises JournalError."""
        at = beat.at
        row = (at.unix_ms, at.mono_ms, at.boot_id, at.trust.value, beat.mains.value, beat.orderly)
        try:
            self._db.conn.execute("INSERT OR REPLACE INTO heartbeat VALUES (1,?,?,?,?,?,?)", row)
        except sqlite3.Error as error:
            raise explained(error, self.name) from error

    def last_beat(self) -> Beat | None:
        """The last sign of life; None before the first one. Raises JournalError."""
        try:
            row = self._db.conn.execute(
                "SELECT unix_ms, mono_ms, boot_id, trust, mains, orderly FROM heartbeat"
            ).fetchone()
        except sqlite3.Error as error:
            raise explained(error, self.name) from error
        if row is None:
            return None
        unix_ms, mono_ms, boot_id, trust, mains, orderly = row
        at = Moment(unix_ms, mono_ms, boot_id, Trust(trust))
        return Beat(at, Reading(mains), bool(orderly))

    def replaced(self) -> frozenset[str]:
        """The damaged journals in whose place this one came, by their files."""
        try:
            return frozenset(one.file for one in replaced(self._db.conn))
        except sqlite3.Error as error:
            raise explained(error, self.name) from error

    def signed_by(self) -> bytes:
        """The public key of the last checkpoint; empty before the first. Raises JournalError."""
        try:
            return last_key(self._db.conn)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise explained(error, self.name) from error

    def tidy(self) -> None:
        """Takes out of the log what was erased, if a reader was in the way when it was."""
        if self._shreds:
            self._shred()

    def _shred(self) -> None:
        """Empties the log, that still holds erased pages, into the file, where they are zeros."""
        conn = self._db.conn
        try:
            conn.execute("PRAGMA busy_timeout = 0")  # taps do not wait for a reader
            busy, _, _ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._shreds = bool(busy)
        except sqlite3.Error:
            self._shreds = True
        finally:
            conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def entries_for_state(self) -> Iterator[Entry]:
        """What `restore` needs: the lasting kinds of all times, the taps that the last `DayBegan`
        names, and everything from its base on. In order. Raises JournalError.
        """
        marks = ",".join("?" * len(LASTING))
        old = f"SELECT seq FROM entry WHERE {INDEXED} AND kind IN ({marks}) AND seq < ?"
        try:
            began = day_begun(self._db.conn)
            base, waiting = (began.base, began.waiting) if began is not None else (1, ())
            taps = "SELECT value FROM json_each(?) WHERE value < ?"
            arguments = (*LASTING, base, json.dumps(waiting), base)
            yield from self._entries(f"e.seq IN ({old} UNION {taps})", arguments)
            yield from self._entries("e.seq >= ?", (base,))
        except (sqlite3.Error, msgspec.MsgspecError, KeyError, ValueError) as error:
            raise explained(error, self.name) from error

    def _entries(self, where: str, arguments: Sequence[object]) -> Iterator[Entry]:
        found = self._db.conn.execute(
            "SELECT e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, p.body FROM entry e "
            f"LEFT JOIN payload p ON p.seq = e.seq WHERE {where} ORDER BY e.seq",
            arguments,
        )
        for row in found:
            try:
                yield decoded(row)
            except (KeyError, msgspec.ValidationError) as error:
                self._refuse_newer(row[0], row[1])
                raise explained(error, self.name) from error

    def _refuse_newer(self, seq: int, kind: str) -> None:
        """Raises JournalNewer when the entry is just as it was sealed: then it is not damaged."""
        (row,) = rows(self._db.conn, seq - 1, seq)
        if row.salt is None or chain.digest(row.salt, row.body or b"") == row.digest:
            raise JournalNewer(self.name, f"entry {seq} ({kind}) holds something")

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
    # The same few boots over and over: each string once.
    return Entry(seq, Moment(unix_ms, mono_ms, sys.intern(boot_id), Trust(trust)), kind, record)


def _opened(name: str) -> Database:
    uri = name.startswith("file:")
    conn = sqlite3.connect(name, uri=uri, isolation_level=None, timeout=BUSY_MS / 1000)
    try:
        _refuse_foreign(conn, name)
        refuse_newer(conn, name)
        if conn.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise JournalError(
                f"journal {name}: cannot keep a write-ahead log there",
                "put gate.data_dir on a disk of this machine, not on a network share",
            )
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA secure_delete = ON")
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
