"""Bundles taken away by a command, with the real processes: with an agent, and without one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.config import load_config
from agent.core.moment import Moment
from agent.core.records import described
from agent.export.keys import identities_in
from agent.export.opening import looked_into
from agent.journal.erase import Plan
from agent.journal.outward import exports
from agent.journal.rows import reading
from agent.retention import Retention, soon

COMPANY = "0448181966"
NOW = Moment(1_795_000_000_000, 1, "b")


def werfpoort(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def config(gate_file: Path, tmp_path: Path) -> Path:
    """A gate with a main contractor, who made a key."""
    done = werfpoort("keys", "contractor", "--to", tmp_path / "identity.txt")
    recipient = re.search(r"age1\w+", done.output)
    assert recipient
    contractor = f'[[contractors]]\ncompany = "{COMPANY}"\nname = "Bouw"\nmain = true\n'
    with gate_file.open("a", encoding="utf-8") as file:
        file.write(f'{contractor}recipient = "{recipient[0]}"\n')
    (tmp_path / "out").mkdir()
    return gate_file


def bundles_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.age"))


def test_without_an_agent_the_journal_is_exported_once_and_opens(config: Path) -> None:
    out, here = config.parent / "out", ("--config", config)
    done = werfpoort("journal", "export", "--to", out, *here)
    assert done.exit_code == 0, done.output
    (bundle,) = bundles_in(out)
    assert bundle.name in done.output
    found = looked_into(bundle, identities_in(config.parent / "identity.txt"))
    assert found.sound, found.text()
    assert "TRAINING" in found.text()
    with reading(config.parent / "data/journal.db") as connection:
        (note,) = exports(connection)
    assert (note.company, note.file) == (COMPANY, bundle.name)
    again = werfpoort("journal", "export", "--to", out, *here)
    assert (again.exit_code, "nothing is new" in again.output) == (0, True)
    assert bundles_in(out) == [bundle]
    verified = werfpoort("journal", "verify", *here)
    assert "verified" in verified.output


def test_a_folder_where_nothing_may_be_put_is_told(config: Path) -> None:
    out = config.parent / "out"
    (out / "werfpoort").write_text("a file")
    done = werfpoort("journal", "export", "--to", out, "--config", config)
    assert (done.exit_code, "link or a file" in done.output) == (1, True)


def test_without_contractors_the_command_says_what_to_configure(config: Path) -> None:
    config.write_text(config.read_text().partition("[[contractors]]")[0])
    done = werfpoort("journal", "export", "--to", config.parent / "out", "--config", config)
    assert (done.exit_code, "[[contractors]]" in done.output) == (1, True)


def test_a_stick_is_never_written_without_an_agent_nor_a_disk_of_this_machine(
    config: Path,
) -> None:
    done = werfpoort("stick", "/dev/null", "--config", config)
    assert (done.exit_code, "is no disk" in done.output) == (1, True)
    done = werfpoort("stick", "/dev/sdzz9", "--config", config)
    assert (done.exit_code, "put the stick in again" in done.output) == (1, True)
    assert not (config.parent / "data").exists()


def test_the_disk_that_this_machine_lives_on_is_refused(config: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    devices = re.findall(r"^\d+ \d+ ([1-9]\d*:\d+) ", mounts, re.MULTILINE)
    nodes = [Path("/sys/dev/block", number) for number in devices]
    disks = [Path("/dev", node.resolve().name) for node in nodes if node.exists()]
    here = [disk for disk in disks if disk.exists()]
    if not here:
        pytest.skip("this machine shows no disk that it lives on")
    done = werfpoort("stick", here[0], "--config", config)
    assert (done.exit_code, "part of this machine" in done.output) == (1, True)


def test_a_making_process_that_is_given_rubbish_makes_nothing(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "agent.export.making"],
        input=b"{}",
        capture_output=True,
        env=os.environ,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == b""


def test_an_export_stands_in_the_log_without_a_name(config: Path) -> None:
    werfpoort("journal", "export", "--to", config.parent / "out", "--config", config)
    with reading(config.parent / "data/journal.db") as connection:
        (note,) = exports(connection)
        kinds = [kind for (kind,) in connection.execute("SELECT kind FROM entry ORDER BY seq")]
    assert described(note).startswith(f"bundle-exported company={COMPANY} first=1 upto=")
    wanted = ["export-begun", "checkpoint-signed", "bundle-exported", "export-ended"]
    assert kinds[-4:] == wanted


def test_what_is_soon_erased_unexported_is_told_with_a_command_that_exists(config: Path) -> None:
    retention = Retention(load_config(config), lambda: NOW, lambda _: (True, ""))
    said = soon(Plan(soon=3), retention.to_do)
    assert "3 entries" in said
    (command,) = re.findall(r"werfpoort ([a-z]+) ([a-z]+)", said)
    group = main.commands[command[0]]
    assert isinstance(group, click.Group)
    assert command[1] in group.commands
    config.write_text(config.read_text().partition("[[contractors]]")[0])
    nobody = Retention(load_config(config), lambda: NOW, lambda _: (True, ""))
    assert "[[contractors]]" in soon(Plan(soon=3), nobody.to_do)
