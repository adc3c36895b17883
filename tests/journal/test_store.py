"""The journal on a disk that loses power: nothing acknowledged is lost, nothing is edited."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import itertools
import random
import runpy
import sqlite3
import types
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core import chain
from agent.core.moment import Moment, Trust
from agent.core.records import (
    KINDS,
    LASTING,
    AgentStarted,
    AttemptEnded,
    AttemptStarted,
    DayBegan,
    DeviceFailed,
    Entry,
    ObligationOpened,
    ReceiptStored,
    Record,
    TapStored,
    Verdict,
    kind_of,
)
from agent.core.roster import Worker
from agent.journal.fault import JournalError, JournalMismatch, JournalNewer, RecordUnwritable
from agent.journal.store import Journal
from agent.journal.verify import verify
from agent.sandbox.lossy_disk import LossyDisk

FILE = "journal.sqlite"
CUTS = 40

_numbers = itertools.count()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LossyDisk]:
    disk = LossyDisk(f"store{next(_numbers)}", tmp_path)
    yield disk
    disk.close()


@pytest.fixture
def journal(disk: LossyDisk) -> Iterator[Journal]:
    with closing(opened(disk)) as journal:
        yield journal


def opened(disk: LossyDisk, name: str = FILE) -> Journal:
    return Journal(disk.uri(name), random.Random(1))


def at(n: int) -> Moment:
    return Moment(1_790_000_000_000 + n, n, "boot", Trust.RTC)


def tap(n: int) -> TapStored:
    return TapStored("entrance", "in", f"04{n:012X}", Verdict.WORKER, n, f"obligation-{n}")


WORKER = Worker("Peeters", "An", "0448181966", "1A23B4C567890", inss="85011500155", language="nl")


def direct(disk: LossyDisk, name: str = FILE) -> closing[sqlite3.Connection]:
    """Another program's connection, that knows nothing of the journal."""
    return closing(sqlite3.connect(disk.uri(name), uri=True, isolation_level=None))


def rows(disk: LossyDisk, name: str = FILE) -> list[tuple[Any, ...]]:
    """The entries, each with its payload's salt and body, as they lie in the file."""
    with direct(disk, name) as connection:
        return connection.execute(
            "SELECT e.*, salt, body FROM entry e LEFT JOIN payload p USING (seq) ORDER BY e.seq"
        ).fetchall()


def broken_at(entries: Sequence[tuple[Any, ...]]) -> int | None:
    """The first entry whose number, digest or seal is not what the formula in chain.py says."""
    before = bytes(32)
    for n, (seq, kind, unix_ms, mono_ms, boot_id, trust, digest, seal, salt, body) in enumerate(
        entries, 1
    ):
        head = f"{seq}\x1f{kind}\x1f{unix_ms}\x1f{mono_ms}\x1f{boot_id}\x1f{trust}".encode()
        sealed = b"werfpoort-entry-1" + before + len(head).to_bytes(4, "big") + head + digest
        unchanged = salt is None or hashlib.sha256(salt + body).digest() == digest
        if seq != n or hashlib.sha256(sealed).digest() != seal or not unchanged:
            return n
        before = seal
    return None


# -- what is appended is what is read


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type, as wide as the journal keeps them."""
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(*map(values, get_args(hint)), max_size=3)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: values(hints[field.name]) for field in fields(hint)})
    if isinstance(hint, enum.EnumType):
        return st.sampled_from(list(hint))
    plain = {
        int: st.integers(-(2**53), 2**53),
        str: st.text(max_size=20),
        bytes: st.binary(max_size=40),
        bool: st.booleans(),
        dt.date: st.dates(),
        dt.datetime: st.datetimes(timezones=st.just(dt.UTC)),
        types.NoneType: st.none(),
    }
    return plain[hint]


def any_record(kind: type[Record]) -> st.SearchStrategy[Record]:
    if kind is DayBegan:  # its base must be an entry's number to mean anything
        day = st.dates()
        return st.builds(DayBegan, day, day, st.integers(1, 12), values(int), values(int))
    return values(kind)


MOMENTS = values(Moment)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_record_comes_back_as_it_was(kind: str, disk: LossyDisk) -> None:
    names = itertools.count()

    @settings(max_examples=20, deadline=None, database=None)
    @given(any_record(KINDS[kind]), MOMENTS)
    def comes_back(record: Record, moment: Moment) -> None:
        name = f"{next(names)}.sqlite"
        with closing(opened(disk, name)) as journal:
            journal.append(moment, [record])
        with closing(opened(disk, name)) as journal:
            assert list(journal.entries_for_state()) in (
                [Entry(1, moment, kind, record)],
                [],  # a DayBegan whose base lies after it
            )
            assert journal.head == (1, rows(disk, name)[0][7])
        if kind != kind_of(DayBegan):
            assert broken_at(rows(disk, name)) is None

    comes_back()


def test_the_state_is_rebuilt_from_the_lasting_kinds_and_the_last_base_on(disk: LossyDisk) -> None:
    names = itertools.count()
    batches = st.lists(
        st.tuples(MOMENTS, st.lists(st.one_of(*map(any_record, KINDS.values())), max_size=4)),
        max_size=6,
    )

    @settings(max_examples=60, deadline=None, database=None)
    @given(batches)
    def holds(batches: list[tuple[Moment, list[Record]]]) -> None:
        name = f"{next(names)}.sqlite"
        written: list[Entry] = []
        for moment, records in batches:
            with closing(opened(disk, name)) as journal:
                journal.append(moment, records)
            for record in records:
                written.append(Entry(len(written) + 1, moment, kind_of(record), record))
        base = next((e.record.base for e in reversed(written) if isinstance(e.record, DayBegan)), 1)
        with closing(opened(disk, name)) as journal:
            assert list(journal.entries_for_state()) == [
                entry for entry in written if entry.kind in LASTING or entry.seq >= base
            ]
            assert journal.head[0] == len(written)
        assert broken_at(rows(disk, name)) is None

    holds()


def test_an_empty_journal_has_no_entries_and_a_head_of_zeros(journal: Journal) -> None:
    assert list(journal.entries_for_state()) == []
    assert journal.head == (0, bytes(32))


# -- nothing is edited


def test_equal_records_get_digests_of_their_own_from_16_random_bytes(
    journal: Journal, disk: LossyDisk
) -> None:
    journal.append(at(1), [tap(1)] * 100)
    journal.append(at(1), [tap(1)] * 100)
    written = rows(disk)
    assert {len(row[8]) for row in written} == {16}
    assert len({row[8] for row in written}) == len({row[6] for row in written}) == 200
    assert broken_at(written) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET unix_ms = 1 WHERE seq = 2",
        "UPDATE entry SET seal = zeroblob(32)",
        "DELETE FROM entry WHERE seq = 3",
        "DELETE FROM entry",
        "REPLACE INTO entry SELECT 2, 'x', 1, 1, 'b', 'ntp', digest, seal FROM entry WHERE seq = 1",
        "INSERT INTO entry SELECT 5, kind, 1, 1, 'b', 'ntp', digest, seal FROM entry WHERE seq = 1",
        "INSERT INTO entry SELECT 0, kind, 1, 1, 'b', 'ntp', digest, seal FROM entry WHERE seq = 1",
        "INSERT INTO entry SELECT * FROM entry WHERE seq = 1 ON CONFLICT DO UPDATE SET kind = 'x'",
        "UPDATE payload SET body = X'7B7D' WHERE seq = 2",
        "REPLACE INTO payload VALUES (2, zeroblob(16), CAST('{}' AS BLOB))",
    ],
)
def test_the_file_refuses_every_change_of_what_is_written(
    journal: Journal, disk: LossyDisk, statement: str
) -> None:
    journal.append(at(1), [tap(1), tap(2), tap(3)])
    before = rows(disk)
    for recursive in ("ON", "OFF"):  # OFF: REPLACE runs no delete trigger
        with direct(disk) as connection:
            connection.execute(f"PRAGMA recursive_triggers = {recursive}")
            with pytest.raises(sqlite3.IntegrityError, match=r"never changed|deleted|follows"):
                connection.execute(statement)
    assert rows(disk) == before


def test_a_payload_can_be_erased_with_its_salt_and_the_seals_still_hold(
    journal: Journal, disk: LossyDisk
) -> None:
    journal.append(at(1), [tap(1), tap(2), tap(3)])
    with direct(disk) as connection:
        connection.execute("DELETE FROM payload WHERE seq = 2")
    journal.append(at(2), [tap(4)])
    assert broken_at(rows(disk)) is None
    assert [e.record for e in journal.entries_for_state()] == [tap(1), None, tap(3), tap(4)]
    assert [e.kind for e in journal.entries_for_state()] == ["tap-stored"] * 4


# -- one commit, one sync; few bytes


def test_an_append_is_one_sync_however_many_entries_it_holds(
    journal: Journal, disk: LossyDisk
) -> None:
    for n in (1, 1, 3, 200, 1):
        before = disk.syncs
        journal.append(at(n), [tap(n)] * n)
        assert disk.syncs - before == 1


def test_a_tap_costs_at_most_32_kib_until_its_receipt_with_all_checkpoints(
    journal: Journal, disk: LossyDisk
) -> None:
    taps = 1000
    before, opened_at = disk.bytes_written, disk.syncs
    for n in range(taps):
        for records in until_receipt(n):
            journal.append(at(n), records)
    a_tap = (disk.bytes_written - before) / taps
    print(f"{a_tap / 1024:.1f} KiB and {(disk.syncs - opened_at) / taps:.2f} syncs a tap")
    assert a_tap <= 32 * 1024


def until_receipt(n: int) -> list[list[Record]]:
    """What a tap writes until it is a receipt, commit by commit."""
    reference, day = f"obligation-{n}", dt.date(2026, 9, 21)
    owed = ObligationOpened(
        reference, n, WORKER, f"04{n:012X}", day, "checkinatwork", "in", "entrance", n, at(n)
    )
    return [
        [tap(n), owed],
        [AttemptStarted(n, "checkinatwork", (reference,))],
        [
            AttemptEnded(n, "checkinatwork"),
            ReceiptStored(reference, n, f"{n:013}", "SUCCESSFULLY REGISTERED", ()),
        ],
    ]


# -- full and read-only disks


@dataclass(frozen=True)
class Ailment:
    """What befalls the disk, and what the journal says of it."""

    attribute: str
    message: str
    hint: str


FULL = Ailment("full", "database or disk is full", "free space on its disk")
READ_ONLY = Ailment("read_only", "disk I/O error", "its disk takes no writes any more: it was made")


@pytest.mark.parametrize("ailment", [FULL, READ_ONLY])
def test_an_append_that_cannot_be_written_changes_nothing_and_works_again_later(
    journal: Journal, disk: LossyDisk, ailment: Ailment
) -> None:
    journal.append(at(1), [tap(1)])
    head, written = journal.head, rows(disk)
    setattr(disk, ailment.attribute, True)
    for _ in range(3):
        with pytest.raises(JournalError, match=ailment.message) as raised:
            journal.append(at(2), [tap(2), tap(3)])
        assert raised.value.hint.startswith(ailment.hint)
        assert journal.head == head
    setattr(disk, ailment.attribute, False)
    assert rows(disk) == written
    assert [entry.seq for entry in journal.entries_for_state()] == [1]
    journal.append(at(4), [tap(4)])
    disk.cut()
    assert [row[0] for row in rows(disk)] == [1, 2]
    assert broken_at(rows(disk)) is None


@pytest.mark.parametrize("ailment", [FULL, READ_ONLY])
def test_a_disk_that_fails_at_any_instant_leaves_exactly_what_was_acknowledged(
    journal: Journal, disk: LossyDisk, ailment: Ailment
) -> None:
    draw = random.Random(4)
    acknowledged = 0
    for _ in range(CUTS):
        disk.after(draw.randrange(200), lambda: setattr(disk, ailment.attribute, True))
        with pytest.raises(JournalError):
            while True:
                journal.append(at(acknowledged), [tap(acknowledged)] * 3)
                acknowledged += 3
        setattr(disk, ailment.attribute, False)
        assert journal.head[0] == acknowledged
    assert acknowledged > 1000, "checkpoints were not met"
    assert len(rows(disk)) == acknowledged
    disk.cut()
    written = rows(disk)
    assert len(written) == acknowledged
    assert broken_at(written) is None


def test_a_journal_on_a_read_only_disk_can_be_read(journal: Journal, disk: LossyDisk) -> None:
    journal.append(at(1), [tap(1)])
    disk.read_only = True
    with closing(opened(disk)) as other:
        assert [entry.record for entry in other.entries_for_state()] == [tap(1)]
        with pytest.raises(JournalError, match="readonly") as raised:
            other.append(at(2), [tap(2)])
    assert "writable" in raised.value.hint


# -- power cuts


@pytest.mark.parametrize("torn", [False, True])
def test_a_power_cut_at_any_instant_loses_no_acknowledged_entry(
    disk: LossyDisk, torn: bool
) -> None:
    for seed in range(CUTS):
        name = f"{seed}.sqlite"
        heads = append_until_the_cut(disk, name, random.Random(seed), torn)
        with closing(opened(disk, name)) as journal:
            written = rows(disk, name)
            assert [(seq, written[seq - 1][7]) for seq, _ in heads] == heads
            assert len(written) - 3 * len(heads) in (0, 3), "a commit is whole or not there"
            assert broken_at(written) is None
            assert journal.head == ((written[-1][0], written[-1][7]) if written else (0, bytes(32)))
            journal.append(at(seed), [AgentStarted("1")])
        assert broken_at(rows(disk, name)) is None
        with direct(disk, name) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def append_until_the_cut(
    disk: LossyDisk, name: str, draw: random.Random, torn: bool
) -> list[tuple[int, bytes]]:
    """The heads that were acknowledged, three entries each, when the power went: at an instant
    drawn, from the opening of a new file to beyond its second checkpoint.
    """
    heads = []
    chance = draw if torn else None
    disk.after(draw.randrange(draw.choice((60, 600, 8000))), lambda: disk.cut(chance))
    cuts = disk.cuts
    with (
        pytest.raises(JournalError, match="disk I/O error"),
        closing(opened(disk, name)) as journal,
    ):
        for n in itertools.count():
            failed = DeviceFailed("printer", "x" * draw.randrange(900), "")
            journal.append(at(n), [tap(n), failed, tap(n)])
            heads.append(journal.head)
    assert disk.cuts == cuts + 1
    return heads


def test_after_a_power_cut_the_old_journal_refuses_to_read_and_write(
    journal: Journal, disk: LossyDisk
) -> None:
    journal.append(at(1), [tap(1)])
    disk.cut()
    with pytest.raises(JournalError, match="disk I/O error"):
        journal.append(at(2), [tap(2)])
    with pytest.raises(JournalError, match="disk I/O error"):
        list(journal.entries_for_state())


# -- files that are not what they should be


def test_a_damaged_file_is_said_to_be_evidence(disk: LossyDisk) -> None:
    with closing(opened(disk)) as journal:
        for n in range(200):
            journal.append(at(n), [tap(n)])
    path = disk.folder / FILE
    content = bytearray(path.read_bytes())
    content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(JournalError, match="malformed") as raised, closing(opened(disk)) as journal:
        list(journal.entries_for_state())
    assert "it is evidence" in raised.value.hint


@pytest.mark.parametrize("seq", [1, 2])
def test_a_payload_that_is_no_record_is_named_as_the_journals_fault(
    journal: Journal, disk: LossyDisk, seq: int
) -> None:
    day = dt.date(2026, 9, 21)
    journal.append(at(1), [tap(1), DayBegan(day, day, 1, 0, 0)])
    with direct(disk) as connection:
        connection.execute("DELETE FROM payload WHERE seq = ?", (seq,))
        connection.execute("INSERT INTO payload VALUES (?, zeroblob(16), x'7b')", (seq,))
    with pytest.raises(JournalError, match=FILE):
        list(journal.entries_for_state())


def test_another_programs_database_is_refused_and_left_as_it_is(disk: LossyDisk) -> None:
    with direct(disk) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = (disk.folder / FILE).read_bytes()
    with pytest.raises(JournalMismatch, match="another program's") as raised:
        opened(disk)
    assert "data_dir" in raised.value.hint
    assert (disk.folder / FILE).read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(disk: LossyDisk) -> None:
    path = disk.folder / FILE
    path.write_text("badge;name\n" * 1000)
    with pytest.raises(JournalError, match="not a database"):
        opened(disk)
    assert path.read_text() == "badge;name\n" * 1000


def test_a_folder_that_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"missing/journal\.sqlite") as raised:
        Journal(tmp_path / "missing" / FILE, random.Random(1))
    assert "folder" in raised.value.hint


def test_a_place_without_a_write_ahead_log_is_refused() -> None:
    with pytest.raises(JournalError, match="write-ahead log") as raised:
        Journal(":memory:", random.Random(1))
    assert "disk of this machine" in raised.value.hint


def test_another_writer_is_named_as_the_reason(journal: Journal, disk: LossyDisk) -> None:
    with direct(disk) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked") as raised:
            journal.append(at(1), [tap(1)])
        connection.execute("ROLLBACK")
    assert "another program writes" in raised.value.hint
    journal.append(at(1), [tap(1)])
    assert journal.head[0] == 1


def test_a_reader_may_look_on_while_the_journal_grows(journal: Journal, disk: LossyDisk) -> None:
    journal.append(at(1), [tap(1)])
    uri = disk.uri(FILE) + "&mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM entry").fetchone() == (1,)
        journal.append(at(2), [tap(2)])
        assert reader.execute("SELECT count(*) FROM entry").fetchone() == (1,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM entry").fetchone() == (2,)


def test_a_text_that_has_no_utf8_is_refused_by_itself_and_the_next_entry_is_written(
    journal: Journal, disk: LossyDisk
) -> None:
    with pytest.raises(RecordUnwritable, match="device-failed cannot be written") as raised:
        journal.append(at(1), [tap(1), DeviceFailed("printer", "/dev/\udcff is gone", "")])
    assert "plain letters" in raised.value.hint
    assert journal.head == (0, bytes(32))
    journal.append(at(2), [tap(2)])
    assert broken_at(rows(disk)) is None


# -- journals of other versions


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("badge-printed", "{}"),
        ("tap-stored", '{"reader":"r","direction":"in","uid":"04","verdict":"by face"}'),
        ("tap-counted", '{"tap":"7"}'),
    ],
)
def test_an_entry_of_a_later_version_is_said_to_be_one_and_no_damage(
    journal: Journal, disk: LossyDisk, kind: str, body: str
) -> None:
    salt, payload = bytes(16), body.encode()
    digest = chain.digest(salt, payload)
    seal = chain.seal(chain.START, 1, kind, at(1), digest)
    with direct(disk) as connection:
        later = (kind, at(1).unix_ms, at(1).mono_ms, "boot", "rtc", digest, seal)
        connection.execute("INSERT INTO entry VALUES (1,?,?,?,?,?,?,?)", later)
        connection.execute("INSERT INTO payload VALUES (1,?,?)", (salt, payload))
    with closing(opened(disk)) as again, pytest.raises(JournalNewer, match=kind) as raised:
        list(again.entries_for_state())
    assert "install" in raised.value.hint


def test_a_journal_whose_tables_a_later_version_changed_is_refused_and_left(
    disk: LossyDisk,
) -> None:
    opened(disk).close()
    with direct(disk) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('werfpoort-journal', 'm999_later', '')"
        )
    before = (disk.folder / FILE).read_bytes()
    with pytest.raises(JournalNewer, match="m999_later") as raised:
        opened(disk)
    assert "install" in raised.value.hint
    with pytest.raises(JournalNewer, match="m999_later"):
        verify(disk.folder / FILE)
    assert (disk.folder / FILE).read_bytes() == before


DUMP = Path(__file__).with_name("dump.py")
DUMPS = sorted(Path(__file__).parent.glob("journal-*.sql"))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_journal_of_an_earlier_version_is_understood_and_goes_on(
    disk: LossyDisk, dump: Path
) -> None:
    """`journal-N.sql`: a journal as the code wrote it when its newest migration was number N, with
    one entry of every kind of that time (dump.py). Such files lie at gates: they never change.
    """
    with direct(disk) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    written = rows(disk)
    assert len(written) > 20
    assert broken_at(written) is None
    with closing(opened(disk)) as journal:
        entries = list(journal.entries_for_state())
        assert [entry.kind for entry in entries] == [row[1] for row in written]
        assert all(isinstance(entry.record, KINDS[entry.kind]) for entry in entries)
        journal.append(at(1), [tap(1)])
    assert rows(disk)[:-1] == written
    assert broken_at(rows(disk)) is None


def test_there_is_a_journal_of_each_version_and_todays_code_can_dump_every_kind() -> None:
    assert [dump.stem for dump in DUMPS] == [f"journal-{n + 1}" for n in range(len(DUMPS))]
    dump = runpy.run_path(str(DUMP))["dump"]  # ends the program if version len(DUMPS) has no file
    written = "\n".join(dump(len(DUMPS)))
    assert [kind for kind in KINDS if f",'{kind}'," not in written] == []
