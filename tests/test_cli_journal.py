"""The journal's commands, as a technician and an inspector give them."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from agent.cli import main
from agent.core.moment import Moment
from agent.core.records import JournalOpened
from agent.journal.checkpoint import Checkpoint, parse_checkpoint, signer_from
from agent.journal.rows import reading, rows
from agent.journal.store import Journal


def werfpoort(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    with closing(Journal(path, random.Random(1), signer_from(bytes(32)))) as journal:
        journal.append(Moment(1, 1, "b"), [JournalOpened("0a1b2c3d", "noord-1", False)])
    return path


def test_a_gate_without_an_agent_erases_verifies_and_signs_its_own_journal(gate_file: Path) -> None:
    here = ("--config", gate_file)
    dry = werfpoort("journal", "erase", *here)
    assert (dry.exit_code, dry.output) == (0, "nothing may be erased today\n")
    done = werfpoort("journal", "erase", "--worker", "w3", "--yes", *here)
    assert done.exit_code == 0
    assert "0 entries were erased" in done.output
    assert werfpoort("journal", "checkpoint", *here).output.startswith("WP1:")
    assert "verified" in werfpoort("journal", "verify", *here).output


def test_a_checkpoint_that_a_phone_took_from_the_screen_shows_a_journal_cut_short(
    gate_file: Path,
) -> None:
    here = ("--config", gate_file)
    drawn = werfpoort("journal", "checkpoint", "--qr", *here).output.splitlines()
    text = drawn.pop()
    assert seen(drawn) == text
    assert werfpoort("journal", "verify", *here, "--checkpoint", text).exit_code == 0
    file = gate_file.parent / "data/journal.db"
    with reading(file) as connection:  # it was signed for whoever asked: nothing lies beyond it
        assert [row.kind for row in rows(connection, parse_checkpoint(text).upto)] == [
            "checkpoint-signed"
        ]
    with closing(sqlite3.connect(file, isolation_level=None)) as thief:
        thief.execute("DROP TRIGGER entry_is_never_deleted")
        thief.execute("DELETE FROM payload")
        thief.execute("DELETE FROM entry")
    cut = werfpoort("journal", "verify", *here, "--checkpoint", text)
    assert cut.exit_code == 1
    assert "truncated" in cut.output


def seen(drawn: list[str]) -> str:
    """What a camera reads from half blocks, light on dark."""
    blocks = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255), "\xa0": (0, 0)}
    size = (max(map(len, drawn)), 2 * len(drawn))
    picture = Image.new("L", size, 0)
    for y, line in enumerate(drawn):
        for x, block in enumerate(line):
            for half, light in enumerate(blocks[block]):
                picture.putpixel((x, 2 * y + half), light)
    code = zxingcpp.read_barcode(
        picture.resize((4 * size[0], 4 * size[1]), Image.Resampling.NEAREST)
    )
    assert code is not None
    return str(code.text)


def test_a_worker_that_is_no_number_is_told_how_to_name_one(gate_file: Path) -> None:
    result = werfpoort("journal", "erase", "--worker", "Peeters", "--config", gate_file)
    assert result.exit_code == 1
    assert "w12" in result.output


def test_an_inspector_verifies_a_file_without_gate_or_configuration(file: Path) -> None:
    result = werfpoort("journal", "verify", file)
    assert result.exit_code == 0
    assert "verified: nothing was changed" in result.output


def test_a_checkpoint_of_a_longer_journal_is_held_against_it(file: Path) -> None:
    paper = Checkpoint.of("0a1b2c3d", signer_from(bytes(32)).signed(50, bytes(32))).text()
    result = werfpoort("journal", "verify", file, "--checkpoint", paper)
    assert result.exit_code == 1
    assert "truncated" in result.output
    assert "NOT VERIFIED" in result.output


def test_a_file_that_is_not_there_and_a_text_that_is_no_checkpoint_are_told(file: Path) -> None:
    missing = werfpoort("journal", "verify", file.with_name("x"))
    assert missing.exit_code == 1
    assert "there is no such file" in missing.output
    unreadable = werfpoort("journal", "verify", file, "--checkpoint", "WP1:x")
    assert unreadable.exit_code == 1
    assert "QR code" in unreadable.output
