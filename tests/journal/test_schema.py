"""The journal's file as other tools see it."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.moment import Moment
from agent.core.records import JournalOpened, TapStored, Verdict
from agent.journal.checkpoint import signer_from
from agent.journal.store import Journal

DOCS = Path(__file__).parents[2].joinpath("docs/journal.md").read_text(encoding="utf-8")
MADE_BY_LIBRARIES = {"_sqlite_migrations", "sqlite_sequence"}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection, that only reads, while the journal is in use."""
    path = tmp_path / "journal.db"
    with closing(Journal(path, random.Random(1), signer_from(bytes(32)))) as journal:
        at = Moment(1_790_000_000_000, 5, "boot")
        journal.append(at, [JournalOpened("0a1b2c3d", "noord-1", False)])
        journal.append(at, [TapStored("entrance", "in", "04A1", Verdict.UNKNOWN)])
        uri = f"file:{path}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection


def test_every_table_and_column_is_documented(other: sqlite3.Connection) -> None:
    tables = [
        name
        for (name,) in other.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table','view')"
        )
        if name not in MADE_BY_LIBRARIES
    ]
    assert set(tables) == set(re.findall(r"^`(\w+)`: ", DOCS, re.MULTILINE))
    for table in tables:
        section = DOCS.partition(f"\n`{table}`: ")[2].partition("\n\n`")[0]
        columns = {row[1] for row in other.execute(f"PRAGMA table_info({table})")}
        cells = "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE))
        assert set(re.findall(r"`(\w+)`", cells)) == columns, table


def test_people_read_an_entry_with_its_details_and_its_time(other: sqlite3.Connection) -> None:
    rows = other.execute("SELECT seq, utc, trust, details FROM readable WHERE kind = 'tap-stored'")
    ((seq, utc, trust, details),) = rows.fetchall()
    assert (seq, utc, trust) == (3, "2026-09-21 14:13:20.000", "ntp")
    assert '"reader":"entrance"' in details


def test_other_tools_cannot_change_what_is_written_even_with_the_right_to(
    other: sqlite3.Connection, tmp_path: Path
) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        other.execute("DELETE FROM entry")
    with closing(sqlite3.connect(tmp_path / "journal.db")) as writer:
        with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
            writer.execute("DELETE FROM entry")
        with pytest.raises(sqlite3.OperationalError, match="view"):
            writer.execute("UPDATE readable SET kind = 'x'")
