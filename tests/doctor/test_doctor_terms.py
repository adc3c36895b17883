"""The doctor tells what is about to be erased although nobody took it away."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import closing
from pathlib import Path

import pytest

from agent.config import Config, load_config
from agent.control import ControlServer
from agent.core.moment import Moment
from agent.core.records import (
    DayBegan,
    JournalOpened,
    ObligationOpened,
    ReceiptStored,
    TapStored,
    Verdict,
)
from agent.doctor.examination import agent_and_devices
from agent.doctor.machine import journal, signing, terms
from agent.doctor.verdicts import Grade
from agent.journal.checkpoint import mark_of, signer_at, signer_from
from agent.journal.store import Journal
from agent.sandbox.people import crew

(AN,) = crew(1, random.Random(1))
TODAY = dt.date.today()


def gate(file: Path, days_ago: int, more: str = "") -> Config:
    """A gate whose only obligation, with its receipt, is so old."""
    with file.open("a", encoding="utf-8") as config:
        config.write(more)
    folder = file.parent / "data"
    folder.mkdir()
    day = TODAY - dt.timedelta(days=days_ago)
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    at = Moment(round(noon.timestamp() * 1000), 1, "boot")
    owed = ObligationOpened(
        "j-1", 1, AN.worker, AN.uid, day, "checkinatwork", "in", "entrance", 3, at
    )
    with closing(
        Journal(folder / "journal.db", random.Random(1), signer_from(bytes(32)))
    ) as journal:
        journal.append(at, [JournalOpened("0a1b2c3d", "noord-1", True)])
        tap = TapStored("entrance", "in", AN.uid, Verdict.WORKER, 1, "j-1")
        journal.append(at, [tap, owed, ReceiptStored("j-1", 1, "1001", "", ())])
        base = journal.head[0] + 1
        journal.append(at, [DayBegan(TODAY, TODAY, base, 1, 1)])
    return load_config(file)


@pytest.mark.parametrize(
    ("days_ago", "more", "grade", "said"),
    [
        (30, "", Grade.WELL, "nothing is erased soon"),
        (380, "", Grade.WARNING, "3 entries that nobody took away are erased within 30 days"),
        (500, "[retention]\nkeep_until_exported = true\n", Grade.WARNING, "3 entries are over"),
    ],
)
def test_the_doctor_warns_of_what_nobody_took_away(
    gate_file: Path, days_ago: int, more: str, grade: Grade, said: str
) -> None:
    (verdict,) = terms(gate(gate_file, days_ago, more))
    assert verdict.grade is grade
    assert said in verdict.found
    assert bool(verdict.to_do) == (grade is not Grade.WELL)


def test_the_doctor_tells_of_a_signing_key_that_is_missing_or_not_the_journals(
    gate_file: Path,
) -> None:
    config = gate(gate_file, 30)
    (missing,) = signing(config)
    assert missing.grade is Grade.BROKEN
    assert "is missing" in missing.found
    assert not config.gate.signing_key.exists()
    fresh = signer_at(config.gate.signing_key)
    (other,) = signing(config)
    assert other.grade is Grade.BROKEN
    assert "not the key that signed the journal last" in other.found
    with closing(Journal(config.gate.journal, random.Random(2), fresh)) as journal:
        journal.append(Moment(1, 1, "boot"), [], sign=True)
    (replaced,) = signing(config)
    assert replaced.grade is Grade.WARNING
    assert "was signed by another one before" in replaced.found


def test_the_doctor_says_which_key_signs(gate_file: Path) -> None:
    config = gate(gate_file, 30)
    fresh = signer_at(config.gate.signing_key)
    config.gate.journal.unlink()
    with closing(Journal(config.gate.journal, random.Random(2), fresh)) as journal:
        journal.append(Moment(1, 1, "boot"), [JournalOpened("0a1b2c3d", "noord-1", True)])
    (well,) = signing(config)
    assert well.grade is Grade.WELL
    assert mark_of(fresh.public) in well.found


def test_an_agent_that_refuses_taps_until_its_disk_is_mended_says_so(gate_file: Path) -> None:
    config = gate(gate_file, 30)
    said = "taps are refused: database or disk is full; to do: free space on its disk"
    server = ControlServer(config.gate.control_socket, lambda asked: {"done": False, "text": said})
    server.start()
    try:
        (verdict,) = agent_and_devices(config)
    finally:
        server.stop()
    assert verdict.grade is Grade.BROKEN
    assert verdict.found == said


def test_a_journal_that_is_damaged_is_told_with_what_the_agent_does_about_it(
    gate_file: Path,
) -> None:
    config = gate(gate_file, 30)
    content = bytearray(config.gate.journal.read_bytes())
    content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    config.gate.journal.write_bytes(content)
    (verdict,) = journal(config)
    assert verdict.grade is Grade.BROKEN
    assert "SQLite says" in verdict.found
    assert "puts the damaged file aside" in verdict.to_do
