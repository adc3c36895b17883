"""The tables of the journal file, as numbered migrations. Other tools may read them.

`docs/journal.md` says what each table and column holds. A step that has been released never
changes: journals that it made lie at gates.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from agent.core.records import LASTING, DayBegan, kind_of
from agent.journal.fault import JournalNewer

APPLICATION_ID = 0x57455246
"""`WERF`: what `file` and SQLite's header say this file is."""

_INDEXED_FIRST = (
    "kind IN ('journal-opened', 'worker-listed', 'worker-delisted', 'badge-assigned', "
    "'roster-taken', 'day-began')"
)
INDEXED = (
    "kind IN ('journal-opened', 'worker-listed', 'worker-delisted', 'badge-assigned', "
    "'roster-taken', 'day-began', 'path-configured', 'gate-was-dark', 'darkness-dated', "
    "'incident-opened', 'incident-reopened', 'row-turned', 'incident-barred', 'incident-closed', "
    "'people-called', 'cause-corrected', 'obligations-exempted', 'claims-kept', "
    "'exemptions-withdrawn', 'day-worked')"
)
"""What the index `lasting` holds. SQLite uses it only for a query that says the same, letter by
letter; a kind more needs a migration that makes the index anew.
"""
assert all(f"'{kind}'" in INDEXED for kind in (*LASTING, kind_of(DayBegan)))

migrations = Migrations("werfpoort-journal")


@migrations()
def m001_entries(db: Database) -> None:
    """Entries and payloads, append-only by trigger.

    The index holds a handful of rows: what counts for the state however old it is. A tap adds
    nothing to it, so that a commit stays at two pages.
    """
    for statement in (
        """CREATE TABLE entry (
            seq INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            unix_ms INTEGER NOT NULL,
            mono_ms INTEGER NOT NULL,
            boot_id TEXT NOT NULL,
            trust TEXT NOT NULL,
            digest BLOB NOT NULL,
            seal BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE payload (
            seq INTEGER PRIMARY KEY REFERENCES entry(seq),
            salt BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT""",
        f"CREATE INDEX lasting ON entry (kind, seq) WHERE {_INDEXED_FIRST}",
        # Before the insert, for REPLACE deletes the row in its way without any delete trigger.
        """CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry
            WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry)
            BEGIN SELECT RAISE(ABORT, 'an entry of the journal follows the last one'); END""",
        """CREATE TRIGGER payload_is_written_once BEFORE INSERT ON payload
            WHEN EXISTS (SELECT 1 FROM payload WHERE seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'a payload is erased or left, never changed'); END""",
        """CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
            BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never changed'); END""",
        """CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
            BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never deleted'); END""",
        """CREATE TRIGGER payload_is_never_changed BEFORE UPDATE ON payload
            BEGIN SELECT RAISE(ABORT, 'a payload is erased or left, never changed'); END""",
    ):
        db.execute(statement)


@migrations()
def m002_incidents_last(db: Database) -> None:
    """What became of outages counts for the state however old it is; it is rare too."""
    db.execute("DROP INDEX lasting")
    db.execute(f"CREATE INDEX lasting ON entry (kind, seq) WHERE {INDEXED}")


@migrations()
def m003_heartbeat(db: Database) -> None:
    """The agent's last sign of life, one row outside the chain that is written over and over: it
    proves nothing by itself, and says until when the gate ran. `orderly`: it was asked to stop.
    """
    db.execute(
        """CREATE TABLE heartbeat (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            unix_ms INTEGER NOT NULL,
            mono_ms INTEGER NOT NULL,
            boot_id TEXT NOT NULL,
            trust TEXT NOT NULL,
            mains TEXT NOT NULL,
            orderly INTEGER NOT NULL
        ) STRICT"""
    )


@migrations()
def m004_readable(db: Database) -> None:
    """Entries as people read them, for other tools: the body is bytes elsewhere."""
    db.execute(
        """CREATE VIEW readable AS
            SELECT e.seq, strftime('%Y-%m-%d %H:%M:%f', e.unix_ms / 1000.0, 'unixepoch') AS utc,
                e.kind, e.trust, CAST(p.body AS TEXT) AS details
            FROM entry e LEFT JOIN payload p ON p.seq = e.seq"""
    )


def _known() -> frozenset[str]:
    empty = Database(memory=True)
    try:
        return frozenset(step.name for step in migrations.pending(empty))
    finally:
        empty.close()


_KNOWN = _known()


def refuse_newer(connection: sqlite3.Connection, name: str) -> None:
    """Raises JournalNewer for tables that a later version of the agent changed."""
    listed = "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"
    if not connection.execute(listed).fetchone():
        return
    applied = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id"
    for (step,) in connection.execute(applied, (migrations.name,)):
        if step not in _KNOWN:
            raise JournalNewer(name, f"its tables are those of {step}")
