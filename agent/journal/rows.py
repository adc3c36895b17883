"""The journal's rows as they lie in a file, for who only reads: verification, export, erasure.

Opens a journal in use beside the agent (`mode=ro`), and a copy of one without changing it.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment, Trust
from agent.core.records import DayBegan, Entry, kind_of
from agent.journal.fault import JournalError, JournalMismatch, explained
from agent.journal.schema import APPLICATION_ID, INDEXED, refuse_newer

LAST = (1 << 63) - 1
"""No entry has a greater number (SQLite's INTEGER)."""
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged file raises: SQLite's own text may be part of the damage."""


class Row(NamedTuple):
    """One entry with its payload; `salt` and `body` are None where that was erased."""

    seq: int
    kind: str
    unix_ms: int
    mono_ms: int
    boot_id: str
    trust: str
    digest: bytes
    seal: bytes
    salt: bytes | None
    body: bytes | None

    @property
    def at(self) -> Moment:
        """When it was written."""
        return Moment(self.unix_ms, self.mono_ms, self.boot_id, Trust(self.trust))

    def entry(self) -> Entry:
        """What it means."""
        from agent.journal.store import decoded

        return decoded((*self[:6], self.body))


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads `path`. Raises JournalError when that is no journal."""
    if not path.is_file():
        raise JournalError(f"journal {path}: there is no such file", "check the path")
    with ExitStack() as stack:
        try:
            connection = _connected(path, stack)
            (owner,) = connection.execute("PRAGMA application_id").fetchone()
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            if owner == APPLICATION_ID:
                refuse_newer(connection, str(path))
        except UNREADABLE as error:
            raise explained(error, str(path)) from error
        if owner != APPLICATION_ID:
            raise JournalMismatch(f"{path} is another program's database", "name a journal's file")
        yield connection


def _connected(path: Path, stack: ExitStack) -> sqlite3.Connection:
    log = path.with_name(path.name + "-wal")
    if not log.exists() or not log.stat().st_size:  # nobody has it open, all is in the file
        return stack.enter_context(_opened(path, "immutable=1"))
    connection = stack.enter_context(_opened(path, "mode=ro"))
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        return connection
    except sqlite3.OperationalError as error:
        if "unable to open" not in str(error) and "readonly" not in str(error):
            raise
    # A copy with its log, in a folder where SQLite cannot keep the memory that both need.
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="werfpoort-"))
    for part in (path, log):
        shutil.copy(part, folder)
    return stack.enter_context(_opened(Path(folder) / path.name, "mode=ro"))


@contextmanager
def _opened(path: Path, how: str) -> Iterator[sqlite3.Connection]:
    uri = f"file:{quote(str(path.absolute()))}?{how}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        yield connection
    finally:
        connection.close()


def base_of(connection: sqlite3.Connection) -> int:
    """The entry from which the state is rebuilt, beside lasting kinds: as `DayBegan` says last."""
    began = day_begun(connection)
    return began.base if began is not None else 1


def day_begun(connection: sqlite3.Connection) -> DayBegan | None:
    """The last `DayBegan`, which says from what the state is rebuilt."""
    kind = kind_of(DayBegan)
    last = f"SELECT max(seq) FROM entry WHERE {INDEXED} AND kind = ?"
    row = connection.execute(f"SELECT body FROM payload WHERE seq = ({last})", (kind,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=DayBegan)


def last_key(connection: sqlite3.Connection) -> bytes:
    """The public key by which the last checkpoint is signed; empty where there is none."""
    last = "SELECT seq FROM entry WHERE kind = ? ORDER BY seq DESC LIMIT 1"
    query = f"SELECT body FROM payload WHERE seq = ({last})"
    row = connection.execute(query, (kind_of(CheckpointSigned),)).fetchone()
    return b"" if row is None else msgspec.json.decode(row[0], type=CheckpointSigned).key


def keys_of(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """Each key by which it is signed, in order, with the entry of its first signature."""
    found = connection.execute(
        "SELECT seq, body FROM entry JOIN payload USING (seq) WHERE kind = ? ORDER BY seq",
        (kind_of(CheckpointSigned),),
    )
    keys: list[tuple[int, bytes]] = []
    for seq, body in found:
        key = msgspec.json.decode(body, type=CheckpointSigned).key
        if not keys or keys[-1][1] != key:
            keys.append((seq, key))
    return keys


def rows(connection: sqlite3.Connection, after: int = 0, upto: int = LAST) -> Iterator[Row]:
    """Every row beyond entry `after`, up to `upto`, in the order of their numbers.

    The casts change nothing in a sound file; in a damaged one anything may stand anywhere.
    """
    found = connection.execute(
        "SELECT e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, "
        "coalesce(CAST(e.digest AS BLOB), x''), coalesce(CAST(e.seal AS BLOB), x''), "
        "CAST(p.salt AS BLOB), CAST(p.body AS BLOB) "
        "FROM entry e LEFT JOIN payload p ON p.seq = e.seq "
        "WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq",
        (after, upto),
    )
    yield from map(Row._make, found)
