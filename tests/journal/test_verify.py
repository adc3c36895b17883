"""Every tampering with a journal's file is found, and called by its name."""

from __future__ import annotations

import itertools
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core import chain
from agent.core.journal_records import CheckpointSigned, PayloadsErased
from agent.core.moment import Moment, Trust
from agent.core.records import (
    JournalOpened,
    TapStored,
    Verdict,
    kind_of,
)
from agent.core.spans import Span
from agent.journal.checkpoint import (
    EVERY_ENTRIES,
    Checkpoint,
    CheckpointUnreadable,
    Signer,
    parse_checkpoint,
    signer_at,
    signer_from,
)
from agent.journal.fault import JournalError
from agent.journal.store import Journal
from agent.journal.verify import verify

ENTRIES = 700
SIGNER = signer_from(bytes(range(32)))
THIEF = signer_from(bytes(32))


def at(n: int) -> Moment:
    return Moment(1_790_000_000_000 + n, n, "boot", Trust.NTP)


def written(path: Path, entries: int = ENTRIES, signer: Signer = SIGNER) -> None:
    """A journal closed in good order: entry 1 opens it, 2 is its first checkpoint."""
    with closing(Journal(path, random.Random(3), signer)) as journal:
        journal.append(at(0), [JournalOpened("0a1b2c3d", "noord-1", False)])
        n = 0
        while journal.head[0] < entries:
            n += 1
            tap = TapStored("entrance", "in", f"04{n:012X}", Verdict.WORKER, n)
            journal.append(at(n), [tap] * min(50, entries - journal.head[0]))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "journal.db"
    written(path)
    return path


@pytest.fixture
def file(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path))


def tamper(file: Path, *statements: str) -> None:
    """As somebody who knows SQLite: the triggers first."""
    with closing(sqlite3.connect(file, isolation_level=None)) as thief:
        for (name,) in thief.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            thief.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            thief.execute(statement)


def found(file: Path, *checkpoints: Checkpoint) -> list[str]:
    return [f"{f.where} {f.problem}" for f in verify(file, checkpoints).findings]


def checkpoints_in(file: Path) -> list[Checkpoint]:
    with closing(sqlite3.connect(file)) as connection:
        bodies = connection.execute(
            "SELECT body FROM entry JOIN payload USING (seq) WHERE kind = ? ORDER BY seq",
            (kind_of(CheckpointSigned),),
        ).fetchall()
    return [
        Checkpoint.of("0a1b2c3d", msgspec.json.decode(body, type=CheckpointSigned))
        for (body,) in bodies
    ]


def renumber(file: Path, seqs: list[int]) -> None:
    """Puts these rows, and no others, in this order."""
    with closing(sqlite3.connect(file, isolation_level=None)) as thief:
        thief.execute("PRAGMA foreign_keys = OFF")
        for table in ("payload", "entry"):
            thief.execute(f"DELETE FROM {table} WHERE seq NOT IN ({','.join(map(str, seqs))})")
            for place, seq in enumerate(seqs, 1):
                thief.execute(f"UPDATE {table} SET seq = ? WHERE seq = ?", (-place, seq))
            thief.execute(f"UPDATE {table} SET seq = -seq")


def rewritten(file: Path, first: int, signer: Signer | None) -> None:
    """Changes entry `first` and seals everything from it on anew; signs it too with `signer`."""
    with closing(sqlite3.connect(file, isolation_level=None)) as thief:
        (head,) = thief.execute("SELECT seal FROM entry WHERE seq = ?", (first - 1,)).fetchone()
        thief.execute("UPDATE entry SET unix_ms = unix_ms + 1 WHERE seq = ?", (first,))
        for row in thief.execute("SELECT * FROM entry WHERE seq >= ?", (first,)).fetchall():
            seq, digest = row[0], row[6]
            if row[1] == kind_of(CheckpointSigned) and signer:
                body = msgspec.json.encode(signer.signed(seq - 1, head))
                digest = chain.digest(b"salt", body)
                changed = "UPDATE payload SET salt = ?, body = ? WHERE seq = ?"
                thief.execute(changed, (b"salt", body, seq))
            head = chain.seal_of(head, *row[:6], digest)
            changed = "UPDATE entry SET digest = ?, seal = ? WHERE seq = ?"
            thief.execute(changed, (digest, head, seq))


def test_a_journal_that_nobody_touched_is_verified(sound: Path) -> None:
    verdict = verify(sound, checkpoints_in(sound))
    assert verdict.findings == []
    assert verdict.entries == ENTRIES
    assert verdict.journal == "0a1b2c3d"
    assert "verified: nothing was changed" in verdict.text()
    assert verdict.head.hex() in verdict.text()


def test_a_checkpoint_follows_the_opening_and_at_most_256_entries(sound: Path) -> None:
    signed = [checkpoint.upto for checkpoint in checkpoints_in(sound)]
    assert signed[0] == 1
    assert all(b - a <= EVERY_ENTRIES + 50 for a, b in itertools.pairwise(signed))
    assert ENTRIES - signed[-1] <= EVERY_ENTRIES


SQL: list[tuple[str, list[str]]] = [
    ("UPDATE entry SET unix_ms = unix_ms + 1 WHERE seq = 300", ["entry 300 was edited (or"]),
    ("UPDATE entry SET kind = 'x' WHERE seq = 2", ["entry 2 was edited (or"]),
    ("UPDATE entry SET trust = 'rtc' WHERE seq = 700", ["entry 700 was edited (or"]),
    ("UPDATE entry SET seal = zeroblob(32) WHERE seq = 300", ["entry 300 was edited: its seal"]),
    (
        "UPDATE payload SET body = CAST(replace(body, 'entrance', 'exit') AS BLOB) WHERE seq = 77",
        ["entry 77 was edited: its details"],
    ),
    ("UPDATE payload SET salt = zeroblob(16) WHERE seq = 77", ["entry 77 was edited: its details"]),
    ("DELETE FROM payload WHERE seq IN (77, 78)", ["entry 77 lost its details", "77 to 78"]),
    ("DELETE FROM entry WHERE seq = 300", ["entry 300 was deleted: 300 is missing"]),
    (
        "DELETE FROM entry WHERE seq BETWEEN 300 AND 309",
        ["entry 300 was deleted: 300 to 309 are missing"],
    ),
    ("DELETE FROM entry WHERE seq < 10", ["entry 1 was deleted: 1 to 9 are missing"]),
    ("DELETE FROM entry WHERE seq = 2", ["entry 2 was deleted: 2 is missing"]),  # a checkpoint
    ("DELETE FROM payload WHERE seq = 2", ["entry 2 lost its details without an erasure entry"]),
]


@pytest.mark.parametrize(("statement", "said"), SQL)
def test_what_was_done_by_sql_is_said_and_nothing_else(
    file: Path, statement: str, said: list[str]
) -> None:
    tamper(file, statement)
    findings = found(file)
    assert len(findings) == 1, findings
    assert all(part in findings[0] for part in said), findings


@pytest.mark.parametrize(
    "what",
    [
        "salt = (SELECT salt FROM old WHERE old.seq = 254 - payload.seq)",
        "body = (SELECT body FROM old WHERE old.seq = 254 - payload.seq)",
        "(salt, body) = (SELECT salt, body FROM old WHERE old.seq = 254 - payload.seq)",
    ],
    ids=["salts", "bodies", "both"],
)
def test_details_that_changed_places_are_not_those_of_their_entries(file: Path, what: str) -> None:
    tamper(
        file,
        "CREATE TEMP TABLE old AS SELECT * FROM payload WHERE seq IN (77, 177)",
        f"UPDATE payload SET {what} WHERE seq IN (77, 177)",
    )
    said = "was edited: its details (tap-stored) are others"
    assert found(file) == [f"entry 77 {said}", f"entry 177 {said}"]


def test_an_erasure_that_the_gate_did_not_sign_is_forged(file: Path) -> None:
    tamper(file, "DELETE FROM payload WHERE seq = 77")
    with closing(Journal(file, random.Random(1))) as thief:  # who knows how to seal
        thief.append(at(1), [PayloadsErased((Span(77, 77),), "its term ended")])
    findings = found(file)
    assert findings == [
        "entry 701 was forged: an erasure of the gate is signed in the same moment"
    ], findings


def test_a_journal_without_any_checkpoint_is_not_the_gates(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(Journal(path, random.Random(1))) as journal:
        journal.append(at(0), [JournalOpened("0a1b2c3d", "noord-1", False)])
    (finding,) = found(path)
    assert finding == "entry 1 and all after it were never signed: not the gate's"


def test_an_entry_that_is_edited_and_sealed_anew_breaks_with_the_next_one(file: Path) -> None:
    tamper(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as thief:
        rows = thief.execute("SELECT * FROM entry WHERE seq IN (299, 300)").fetchall()
        row = rows[1]
        seal = chain.seal_of(rows[0][7], 300, row[1], row[2] + 1, *row[3:7])
        thief.execute("UPDATE entry SET unix_ms = unix_ms + 1, seal = ? WHERE seq = 300", (seal,))
    (finding,) = found(file)
    assert finding == "entry 301 was edited (or the one before it was, and sealed anew)"


@pytest.mark.parametrize(("first", "last"), [(300, 300), (300, 340), (3, 3), (690, 698)])
def test_entries_that_were_deleted_and_the_rest_renumbered(
    file: Path, first: int, last: int
) -> None:
    tamper(file)
    renumber(file, [n for n in range(1, ENTRIES + 1) if not first <= n <= last])
    (finding,) = found(file)
    assert finding.startswith(f"entry {first} was deleted")
    assert (f"{first} to {last} are" if last > first else f"{first} is") in finding


@pytest.mark.parametrize("place", [3, 300, 699])
def test_an_entry_that_was_inserted_and_the_rest_renumbered(file: Path, place: int) -> None:
    tamper(
        file,
        f"UPDATE entry SET seq = -seq - 1 WHERE seq >= {place}",
        "UPDATE entry SET seq = -seq WHERE seq < 0",
        f"UPDATE payload SET seq = -seq - 1 WHERE seq >= {place}",
        "UPDATE payload SET seq = -seq WHERE seq < 0",
        f"INSERT INTO entry SELECT {place}, kind, unix_ms + 5, mono_ms, boot_id, trust, digest, "
        f"zeroblob(32) FROM entry WHERE seq = 10",
        f"INSERT INTO payload SELECT {place}, salt, body FROM payload WHERE seq = 10",
    )
    findings = found(file)
    assert findings == [
        f"entry {place} was inserted: those around it follow each other without it"
    ], findings


@pytest.mark.parametrize(("one", "other"), [(300, 301), (300, 320), (4, 200), (690, 700)])
def test_entries_that_changed_places(file: Path, one: int, other: int) -> None:
    order = list(range(1, ENTRIES + 1))
    order[one - 1], order[other - 1] = other, one
    tamper(file)
    renumber(file, order)
    findings = found(file)
    assert f"entry {one} was reordered: it was written as entry {other}" in findings
    assert set(findings) <= {
        f"entry {one} was reordered: it was written as entry {other}",
        f"entry {other} was reordered: it was written as entry {one}",
    }


def test_a_journal_cut_short_shows_against_a_checkpoint_from_outside(
    file: Path, sound: Path
) -> None:
    paper = checkpoints_in(sound)[-1]
    tamper(file, "DELETE FROM entry WHERE seq > 400", "DELETE FROM payload WHERE seq > 400")
    assert found(file) == []
    (finding,) = found(file, paper)
    assert finding == (
        f"checkpoint of entry {paper.upto} lies beyond the end: truncated, entries 401 to "
        f"{paper.upto} and any after them are missing"
    )


def test_a_journal_sealed_anew_does_not_agree_with_its_checkpoints(file: Path) -> None:
    tamper(file)
    rewritten(file, 100, None)
    findings = found(file)
    assert "was signed over another seal: the entries after 1 were rewritten" in findings[0]


def test_a_journal_whose_checkpoints_are_forged_with_the_gates_key_named(file: Path) -> None:
    class Forger(Signer):
        def signed(self, upto: int, head: bytes) -> CheckpointSigned:
            forged = THIEF.signed(upto, head)
            return CheckpointSigned(upto, head, forged.signature, SIGNER.public)

    tamper(file)
    rewritten(file, 100, Forger.__new__(Forger))
    assert "holds a signature that is not the key's: the entries after 1" in found(file)[0]


def test_a_journal_signed_anew_from_some_entry_on_shows_by_itself(file: Path) -> None:
    tamper(file)
    rewritten(file, 100, THIEF)
    (finding,) = found(file)
    assert "was re-signed by another key" in finding


def test_a_journal_signed_anew_as_a_whole_shows_against_a_checkpoint_from_outside(
    file: Path, sound: Path
) -> None:
    paper = checkpoints_in(sound)[1]
    tamper(file)
    rewritten(file, 2, THIEF)
    assert found(file) == []
    findings = found(file, paper)
    assert any("signed by another key: the journal was re-signed" in f for f in findings)


def test_a_journal_without_its_checkpoints_is_not_the_gates(file: Path, tmp_path: Path) -> None:
    with closing(Journal(file, random.Random(1))) as journal:
        journal.append(at(1), [TapStored("entrance", "in", "04", Verdict.UNKNOWN)] * 600)
    (finding,) = found(file)
    assert "never signed" in finding


def test_another_journals_checkpoint_is_called_that(file: Path) -> None:
    strange = Checkpoint.of("ffffffff", SIGNER.signed(3, bytes(32)))
    assert any("is another journal's" in finding for finding in found(file, strange))


def test_a_checkpoint_with_a_changed_seal_is_not_genuine(sound: Path) -> None:
    good = checkpoints_in(sound)[-1]
    forged = Checkpoint(good.journal, good.upto + 500, good.head, good.signature, good.mark)
    (finding,) = found(sound, forged)
    assert "not genuine" in finding


def test_bytes_changed_in_the_file_itself_are_found(file: Path) -> None:
    content = bytearray(file.read_bytes())
    place = content.index(b"04000000000009")
    content[place : place + 4] = b"04FF"
    file.write_bytes(content)
    assert any("its details" in finding for finding in found(file))


def test_a_damaged_file_is_verified_up_to_the_damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xff" * 20_000
    file.write_bytes(content)
    assert any("damaged" in f or "was" in f for f in found(file))


@settings(max_examples=60, deadline=None, database=None)
@given(place=st.integers(0, 10**9), noise=st.binary(min_size=1, max_size=3000))
def test_whatever_is_written_over_a_file_ends_in_a_verdict_or_a_journals_error(
    sound: Path, tmp_path_factory: pytest.TempPathFactory, place: int, noise: bytes
) -> None:
    file = tmp_path_factory.mktemp("noise") / "journal.db"
    content = bytearray(sound.read_bytes())
    place %= len(content)
    before = bytes(content)
    content[place : place + len(noise)] = noise
    file.write_bytes(content)
    try:
        verdict = verify(file)
    except JournalError:
        return
    changed = bytes(content) != before
    assert verdict.entries <= ENTRIES + 1
    assert changed or verdict.sound


def test_a_copy_is_not_changed_by_looking_at_it(file: Path) -> None:
    before = file.read_bytes()
    file.chmod(0o400)
    file.parent.chmod(0o500)
    try:
        assert verify(file).sound
        assert [path.name for path in file.parent.iterdir()] == ["journal.db"]
    finally:
        file.parent.chmod(0o700)
    assert file.read_bytes() == before


def test_a_journal_in_use_is_verified_with_what_its_log_holds(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(Journal(path, random.Random(1), SIGNER)) as journal:
        journal.append(at(1), [JournalOpened("0a1b2c3d", "g", True)])
        assert verify(path).entries == 2
        copy = tmp_path / "copy"
        copy.mkdir()
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", copy)
        assert verify(copy / path.name).entries == 2


@pytest.mark.parametrize("content", [b"", b"badge;name\n" * 1000])
def test_what_is_no_journal_is_called_that(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(JournalError):
        verify(path)


def test_a_checkpoints_text_is_read_back_however_it_was_broken(sound: Path) -> None:
    for checkpoint in checkpoints_in(sound):
        text = checkpoint.text()
        assert len(text) < 221, "version 8 of a QR code at level M"
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:")
        assert parse_checkpoint(text) == checkpoint
        assert parse_checkpoint(f" {text[:70].lower()}\n{text[70:]} ") == checkpoint


@pytest.mark.parametrize("text", ["", "WP1:a:b", "WP1:A:0:AA:AA:AA", "https://x", "WP2" + ":A" * 5])
def test_a_text_that_is_no_checkpoint_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(CheckpointUnreadable, match="QR code"):
        parse_checkpoint(text)


def test_the_key_is_made_once_and_for_the_agent_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.key"
    first = signer_at(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert signer_at(path).public == first.public
    assert [p.name for p in tmp_path.iterdir()] == ["journal.key"]


def test_a_key_file_that_is_none_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.key"
    path.write_text("not a key")
    with pytest.raises(JournalError, match="not the key") as raised:
        signer_at(path)
    assert "backup" in raised.value.hint
    assert path.read_text() == "not a key"
