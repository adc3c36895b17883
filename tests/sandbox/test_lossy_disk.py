"""The disk that loses power: what it keeps, what it takes, and that it can tell modes apart."""

from __future__ import annotations

import itertools
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sandbox.lossy_disk import LossyDisk

CUTS = 40
MOST_OPERATIONS = 400
"""A cut comes within so many writes and syncs: creation, commits and checkpoints are met."""

_numbers = itertools.count()
_open: list[sqlite3.Connection] = []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LossyDisk]:
    disk = LossyDisk(f"disk{next(_numbers)}", tmp_path)
    yield disk
    while _open:
        _open.pop().close()
    disk.close()


def connected(uri: str) -> sqlite3.Connection:
    """Closed when the test ends: sqlite3's connections wait for the garbage collector otherwise,
    and what they do then would fall into another test's count of operations.
    """
    _open.append(sqlite3.connect(uri, uri=True, isolation_level=None))
    return _open[-1]


def opened(
    disk: LossyDisk, mode: str = "WAL", synchronous: str = "FULL", name: str = "a.sqlite"
) -> sqlite3.Connection:
    connection = connected(disk.uri(name))
    try:
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA wal_autocheckpoint = 100")
        connection.execute("CREATE TABLE IF NOT EXISTS note (n INTEGER PRIMARY KEY, text BLOB)")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def notes(connection: sqlite3.Connection) -> list[int]:
    return [n for (n,) in connection.execute("SELECT n FROM note ORDER BY n")]


def write_until_the_cut(
    disk: LossyDisk, seed: int, mode: str, synchronous: str, *, torn: bool
) -> int:
    """How many notes were acknowledged when the power went, at an instant drawn by `seed`."""
    draw = random.Random(seed)
    chance = draw if torn else None
    acknowledged = 0
    disk.after(draw.randrange(1, MOST_OPERATIONS), lambda: disk.cut(chance))
    cuts = disk.cuts
    try:
        connection = opened(disk, mode, synchronous, f"{seed}.sqlite")
    except sqlite3.OperationalError:
        assert disk.cuts == cuts + 1
        return 0
    with pytest.raises(sqlite3.OperationalError):
        for n in itertools.count(1):
            connection.execute(
                "INSERT INTO note VALUES (?, ?)", (n, draw.randbytes(draw.randrange(700)))
            )
            acknowledged = n
    assert disk.cuts == cuts + 1
    connection.close()
    return acknowledged


def after_cuts(disk: LossyDisk, mode: str, synchronous: str, *, torn: bool) -> tuple[int, int]:
    """In how many of the cuts acknowledged notes were lost, and the file was damaged."""
    lost = damaged = 0
    for seed in range(CUTS):
        acknowledged = write_until_the_cut(disk, seed, mode, synchronous, torn=torn)
        try:
            connection = opened(disk, mode, synchronous, f"{seed}.sqlite")
            kept = notes(connection)
            lost += kept[:acknowledged] != list(range(1, acknowledged + 1))
            damaged += connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
            connection.close()
        except sqlite3.DatabaseError:
            damaged += 1
    return lost, damaged


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize(
    ("mode", "synchronous"),
    [("WAL", "FULL"), ("WAL", "EXTRA"), ("DELETE", "EXTRA"), ("TRUNCATE", "FULL")],
)
def test_modes_that_sync_each_commit_lose_nothing(
    disk: LossyDisk, mode: str, synchronous: str, torn: bool
) -> None:
    assert after_cuts(disk, mode, synchronous, torn=torn) == (0, 0)


def test_wal_with_synchronous_normal_loses_in_nearly_every_cut_and_stays_whole(
    disk: LossyDisk,
) -> None:
    lost, damaged = after_cuts(disk, "WAL", "NORMAL", torn=False)
    assert lost >= CUTS * 9 // 10
    assert damaged == 0


def test_a_rollback_journal_whose_deletion_was_not_synced_takes_the_last_commit_back(
    disk: LossyDisk,
) -> None:
    lost, damaged = after_cuts(disk, "DELETE", "FULL", torn=False)
    assert 0 < lost < CUTS
    assert damaged == 0


def test_without_any_sync_some_files_are_torn(disk: LossyDisk) -> None:
    lost, damaged = after_cuts(disk, "DELETE", "OFF", torn=True)
    assert lost > 0
    assert damaged > 0


def test_a_cut_between_commits_keeps_what_was_synced_and_drops_the_rest(disk: LossyDisk) -> None:
    connection = opened(disk)
    connection.execute("INSERT INTO note VALUES (1, 'kept')")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("INSERT INTO note VALUES (2, 'lost')")
    assert notes(connection) == [1, 2]
    disk.cut()
    assert notes(opened(disk)) == [1]


def test_a_file_that_was_never_synced_is_gone(disk: LossyDisk) -> None:
    connection = opened(disk, synchronous="OFF")
    connection.execute("INSERT INTO note VALUES (1, '')")
    assert (disk.folder / "a.sqlite").exists()
    disk.cut()
    assert list(disk.folder.iterdir()) == []


def test_connections_open_at_the_cut_fail_every_call_and_hold_no_lock(disk: LossyDisk) -> None:
    writer, reader = opened(disk), opened(disk)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO note VALUES (1, 'never committed')")
    disk.cut()
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        writer.execute("COMMIT")
    for statement in (
        "SELECT n FROM note",
        "INSERT INTO note VALUES (2, '')",
        "PRAGMA user_version",
    ):
        for dead in (writer, reader):
            with pytest.raises(sqlite3.OperationalError):
                dead.execute(statement).fetchall()
    after = opened(disk)
    after.execute("INSERT INTO note VALUES (3, 'after')")
    for dead in (writer, reader):
        dead.close()
    assert notes(after) == [3]
    assert after.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    after.close()
    assert [path.name for path in disk.folder.iterdir()] == ["a.sqlite"]


def test_the_same_seed_leaves_the_same(tmp_path: Path) -> None:
    def run(name: str) -> list[tuple[int, list[int]]]:
        folder = tmp_path / name
        folder.mkdir()
        disk = LossyDisk(name, folder)
        left = []
        for seed in range(10):
            acknowledged = write_until_the_cut(disk, seed, "WAL", "NORMAL", torn=True)
            connection = opened(disk, name=f"{seed}.sqlite")
            left.append((acknowledged, notes(connection)))
            connection.close()
        disk.close()
        return left

    first = run("first")
    assert first == run("second")
    assert any(0 < len(kept) < acknowledged for acknowledged, kept in first)


def test_a_full_disk_refuses_writes_and_takes_them_again(disk: LossyDisk) -> None:
    connection = opened(disk)
    disk.full = True
    for n in (1, 2):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            connection.execute("INSERT INTO note VALUES (?, '')", (n,))
    disk.full = False
    connection.execute("INSERT INTO note VALUES (3, '')")
    disk.cut()
    assert notes(opened(disk)) == [3]


def test_a_disk_that_fills_up_within_a_commit_undoes_it(disk: LossyDisk) -> None:
    connection = opened(disk)
    disk.after(1, lambda: setattr(disk, "full", True))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        connection.execute("INSERT INTO note VALUES (1, zeroblob(20000))")
    disk.full = False
    assert notes(connection) == []
    connection.execute("INSERT INTO note VALUES (2, '')")
    assert notes(connection) == [2]


def test_a_read_only_disk_refuses_writes_and_can_be_read(disk: LossyDisk) -> None:
    connection = opened(disk)
    connection.execute("INSERT INTO note VALUES (1, '')")
    disk.read_only = True
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        connection.execute("INSERT INTO note VALUES (2, '')")
    late = connected(disk.uri("a.sqlite"))
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        late.execute("INSERT INTO note VALUES (3, '')")
    assert notes(late) == notes(connection) == [1]
    disk.read_only = False
    connection.execute("INSERT INTO note VALUES (4, '')")
    assert notes(late) == [1, 4]


def test_a_reader_may_look_on_and_not_write(disk: LossyDisk) -> None:
    connection = opened(disk)
    reader = connected(disk.uri("a.sqlite") + "&mode=ro")
    connection.execute("INSERT INTO note VALUES (1, '')")
    assert notes(reader) == [1]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO note VALUES (2, '')")


def test_a_cut_takes_all_databases_of_its_disk_and_of_no_other(
    disk: LossyDisk, tmp_path: Path
) -> None:
    one, other = disk, LossyDisk("other", tmp_path)
    connections = [
        opened(disk, name=name, synchronous="OFF")
        for disk, name in ((one, "a"), (one, "b"), (other, "c"))
    ]
    one.cut()
    for connection in connections[:2]:
        with pytest.raises(sqlite3.OperationalError):
            notes(connection)
    assert notes(connections[2]) == []
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()
    connections[2].close()
    other.close()


def test_a_database_that_somebody_else_replaced_is_read_as_it_lies_there(disk: LossyDisk) -> None:
    connection = opened(disk)
    connection.execute("INSERT INTO note VALUES (1, zeroblob(9000))")
    connection.close()
    path = disk.folder / "a.sqlite"
    path.rename(disk.folder / "away.sqlite")
    assert notes(opened(disk)) == []
    disk.cut()
    assert notes(opened(disk)) == []
    assert notes(opened(disk, name="away.sqlite")) == [1]


def test_one_commit_in_wal_is_one_sync_and_its_bytes_are_counted(disk: LossyDisk) -> None:
    connection = opened(disk)
    syncs, written = disk.syncs, disk.bytes_written
    connection.execute("INSERT INTO note VALUES (1, 'x')")
    assert disk.syncs - syncs == 1
    frame = 24 + 4096  # sqlite.org/fileformat.html#the_write_ahead_log: header and page
    assert disk.bytes_written - written == frame


def test_an_exception_within_sqlite_fails_the_call_and_comes_out_at_the_next(
    disk: LossyDisk,
) -> None:
    connection = opened(disk)
    disk.after(0, lambda: 1 // 0)
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        connection.execute("INSERT INTO note VALUES (1, '')")
    with pytest.raises(ZeroDivisionError):
        disk.uri("a.sqlite")
    assert notes(opened(disk)) == []


def test_a_name_can_be_taken_again_only_when_it_was_given_back(tmp_path: Path) -> None:
    disk = LossyDisk("taken", tmp_path)
    with pytest.raises(ValueError, match="taken is registered already"):
        LossyDisk("taken", tmp_path)
    disk.close()
    LossyDisk("taken", tmp_path).close()


def test_an_interpreter_ends_well_with_connections_open_before_and_after_a_cut(
    tmp_path: Path,
) -> None:
    script = """
import sqlite3, sys
from agent.sandbox.lossy_disk import LossyDisk
disk = LossyDisk("ending", sys.argv[1])
for _ in range(2):
    connection = sqlite3.connect(disk.uri("a.sqlite"), uri=True, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS note (n)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO note VALUES (1)")
    setattr(sys, f"kept{disk.cuts}", connection)
    disk.cut()
del disk
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
