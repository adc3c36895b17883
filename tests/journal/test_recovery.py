"""Whatever happened to the journal's file: the gate opens one, and nothing is thrown away."""

from __future__ import annotations

import errno
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.core.events import DeviceWent, Started
from agent.core.journal_events import CheckpointAsked
from agent.core.moment import Moment
from agent.core.rules import Rules
from agent.journal.checkpoint import signer_from
from agent.journal.fault import (
    JournalError,
    JournalMismatch,
    JournalUnwritable,
    blocked,
    explained,
)
from agent.journal.keeper import Keeper, Owner
from agent.journal.recovery import put_aside, recovered
from agent.journal.rows import reading, rows
from agent.journal.schema import APPLICATION_ID
from agent.journal.verify import verify

RULES = Rules(ZoneInfo("Europe/Brussels"))
SIGNER = signer_from(bytes(32))
ENTRIES = 2_000


def at(n: int) -> Moment:
    return Moment(1_790_000_000_000 + n * 1000, n * 1000, "boot")


def opened(path: Path, *, n: int = 9_000) -> Keeper:
    return recovered(path, RULES, random.Random(n), Owner("noord-1", False), at(n), SIGNER)


def grown(path: Path) -> Iterator[Keeper]:
    with closing(opened(path, n=0).journal) as journal:
        keeper = Keeper(journal, RULES)
        keeper.do(Started(at(0), "1"))
        for n in range(ENTRIES):
            keeper.do(DeviceWent(at(n), "printer", "x" * 200, ""))
        yield keeper


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A journal whose agent was stopped in good order."""
    path = tmp_path / "journal.db"
    for _ in grown(path):
        pass
    return path


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A journal whose agent lost power: the log holds what the file does not."""
    path = tmp_path / "journal.db"
    for _ in grown(tmp_path / "live.db"):
        for part in ("", "-wal"):
            shutil.copy(tmp_path / f"live.db{part}", f"{path}{part}")
    for part in ("", "-wal", "-shm"):
        (tmp_path / f"live.db{part}").unlink(missing_ok=True)
    assert Path(f"{path}-wal").stat().st_size > 100_000
    return path


def records(path: Path) -> list[str]:
    with reading(path) as connection:
        return [row.kind for row in rows(connection)]


def aside(path: Path) -> Path:
    (found,) = path.parent.glob("journal-damaged-*.db")
    return found


def spoil(path: Path, first: int, size: int) -> bytes:
    content = bytearray(path.read_bytes())
    content[first : first + size] = random.Random(1).randbytes(size)
    path.write_bytes(content)
    return bytes(content)


def test_a_sound_journal_goes_on(closed: Path) -> None:
    before = verify(closed).entries
    with closing(opened(closed).journal) as journal:
        assert journal.head[0] == before
    assert [path.name for path in closed.parent.iterdir()] == ["journal.db"]


def test_a_journal_cut_off_by_the_power_goes_on_with_what_its_log_holds(cut: Path) -> None:
    before = verify(cut).entries
    assert before > ENTRIES
    keeper = opened(cut)
    with closing(keeper.journal):
        assert keeper.lost is None
        assert keeper.journal.head[0] == before


def test_a_damaged_tail_is_put_aside_whole_and_a_new_journal_names_the_last_good_entry(
    closed: Path,
) -> None:
    content = bytearray(closed.read_bytes())
    place = content.rindex(b"printer")
    content[place : place + 7] = b"PRINTER"
    closed.write_bytes(content)
    keeper = opened(closed)
    with closing(keeper.journal):
        assert keeper.lost is not None
        assert keeper.lost.file == aside(closed).name
        assert keeper.state.journal
    assert aside(closed).read_bytes() == bytes(content)
    assert "journal-replaced" in records(closed)
    assert verify(closed).sound
    assert not verify(aside(closed)).sound


def test_a_page_damaged_at_a_power_cut_is_found_and_the_log_is_kept_with_it(cut: Path) -> None:
    content = spoil(cut, 4096, 8192)
    log = Path(f"{cut}-wal")
    log.write_bytes(log.read_bytes()[:32] + random.Random(2).randbytes(20_000))  # no frame of it
    kept = log.read_bytes()
    keeper = opened(cut)
    with closing(keeper.journal):
        assert keeper.lost is not None
    assert aside(cut).read_bytes() == content
    assert Path(f"{aside(cut)}-wal").read_bytes() == kept


def test_a_page_damaged_in_the_middle_is_found_after_a_clean_end_too(closed: Path) -> None:
    middle = closed.stat().st_size // 2 // 4096 * 4096
    content = spoil(closed, middle, 12_288)
    keeper = opened(closed)
    with closing(keeper.journal):
        assert keeper.lost is not None
    assert aside(closed).read_bytes() == content


def test_a_journal_that_was_never_finished_becomes_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
    keeper = opened(path)
    with closing(keeper.journal):
        assert keeper.lost is None
        assert keeper.state.journal


@pytest.mark.parametrize("content", [b"\xff" * 50_000, b"SQLite format 3\0" + b"\xff" * 9_000])
def test_a_file_of_noise_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    keeper = opened(path)
    with closing(keeper.journal):
        assert keeper.lost is not None
        assert (keeper.lost.upto, keeper.lost.head) == (0, bytes(32))
    assert aside(path).read_bytes() == content


def test_the_last_good_entry_is_named_with_its_seal(closed: Path) -> None:
    with reading(closed) as connection:
        seals = {row.seq: row.seal for row in rows(connection)}
    content = bytearray(closed.read_bytes())
    place = content.index(seals[1500])
    content[place] ^= 1
    closed.write_bytes(content)
    keeper = opened(closed)
    with closing(keeper.journal):
        assert keeper.lost is not None
        assert (keeper.lost.upto, keeper.lost.head) == (1499, seals[1499])


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    keeper = opened(path)
    with closing(keeper.journal):
        assert keeper.lost is None
        assert keeper.state.journal


def test_another_programs_database_is_refused_and_not_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE theirs (x)")
    with pytest.raises(JournalMismatch):
        opened(path)
    assert [p.name for p in tmp_path.iterdir()] == ["journal.db"]


def test_two_damaged_journals_in_one_second_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for noise in (b"\xff", b"\xfe"):
        path.write_bytes(noise * 20_000)
        opened(path).journal.close()
    kept = {p.read_bytes()[:1] for p in tmp_path.glob("journal-damaged-*.db")}
    assert kept == {b"\xff", b"\xfe"}


def test_a_folder_that_cannot_be_written_is_told_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(JournalError) as raised:
        opened(tmp_path / "missing" / "journal.db")
    assert "folder" in raised.value.hint


def test_a_journal_put_aside_before_there_was_room_for_a_new_one_is_named_all_the_same(
    closed: Path,
) -> None:
    spoil(closed, 4096, 8192)
    put_aside(closed, at(9_000), "damaged")  # and then the disk was full, or the power went
    for start in range(2):
        keeper = opened(closed, n=9_001 + start)
        with closing(keeper.journal):
            assert (keeper.lost is None) is (start == 1)
    with reading(closed) as connection:
        named = [row.entry().record for row in rows(connection) if row.kind == "journal-replaced"]
    assert [getattr(record, "file", "") for record in named] == [aside(closed).name]


def test_a_journal_that_another_key_signed_until_now_is_told(closed: Path) -> None:
    with closing(opened(closed).journal) as journal:
        assert journal.signed_by() == SIGNER.public
    other = signer_from(bytes(31) + b"1")
    owner = Owner("noord-1", False)
    for start, told in enumerate((SIGNER.public, b"")):  # once: it is the gate's from then on
        keeper = recovered(closed, RULES, random.Random(start), owner, at(9_001 + start), other)
        with closing(keeper.journal):
            assert keeper.other_key == told
            keeper.do(CheckpointAsked(at(9_001 + start)))


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("SQLITE_FULL", "free space"),
        ("SQLITE_IOERR_SHMSIZE", "free space on its disk, or make that writable again"),
        ("SQLITE_IOERR_SHMOPEN", "free space on its disk, or make that writable again"),
        ("SQLITE_IOERR_WRITE", "made read-only or it fails"),
        ("SQLITE_READONLY_CANTINIT", "make its disk writable again"),
        ("SQLITE_IOERR_READ", "replace the card"),
        ("SQLITE_BUSY", "stop that program"),
    ],
)
def test_what_keeps_a_journal_from_being_written_has_its_mend_and_may_pass(
    name: str, mend: str
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = name
    found = explained(error, "journal.db")
    assert isinstance(found, JournalUnwritable)
    assert mend in found.hint


@pytest.mark.parametrize(
    ("number", "mend"), [(errno.ENOSPC, "free space"), (errno.EROFS, "writable again")]
)
def test_so_has_what_keeps_its_folder_from_being_written(number: int, mend: str) -> None:
    found = blocked(OSError(number, "no"), Path("/data"))
    assert found is not None
    assert mend in found.hint


def test_a_folder_that_is_not_there_is_a_mistake_that_does_not_pass_by_itself() -> None:
    assert blocked(FileNotFoundError(errno.ENOENT, "no"), Path("/data")) is None
