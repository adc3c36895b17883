"""The journal's commands, as a technician and an inspector give them."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.core.moment import Moment
from agent.core.records import JournalOpened
from agent.journal.checkpoint import Checkpoint, signer_from
from agent.journal.store import Journal


def werfpoort(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    with closing(Journal(path, random.Random(1), signer_from(bytes(32)))) as journal:
        journal.append(Moment(1, 1, "b"), [JournalOpened("0a1b2c3d", "noord-1", False)])
    return path


CONFIG = """
[gate]
name = "noord-1"
training = true
roster = "roster.csv"
data_dir = "data"
control_socket = "control.sock"
[site]
name = "Werf"
declaration = "1Y1000NF9KCQZ"
company = "0448181966"
[clock]
trust = "always"
[[readers]]
[[channels]]
name = "rsz"
certificate = "gate.crt"
key = "gate.key"
environment = "Simulation"
address = "https://127.0.0.1:9/"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "werfpoort.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_a_gate_without_an_agent_erases_verifies_and_signs_its_own_journal(config: Path) -> None:
    here = ("--config", config)
    dry = werfpoort("journal", "erase", *here)
    assert (dry.exit_code, dry.output) == (0, "nothing may be erased today\n")
    done = werfpoort("journal", "erase", "--worker", "w3", "--yes", *here)
    assert done.exit_code == 0
    assert "0 entries were erased" in done.output
    assert werfpoort("journal", "checkpoint", *here).output.startswith("WP1:")
    assert "verified" in werfpoort("journal", "verify", *here).output


def test_a_worker_that_is_no_number_is_told_how_to_name_one(config: Path) -> None:
    result = werfpoort("journal", "erase", "--worker", "Peeters", "--config", config)
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
