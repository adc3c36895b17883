"""The units are what systemd takes without a word, hardened, and each exception explained."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.export.wish import ASKED

SYSTEMD = Path(__file__).parent.parent / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
MOST_EXPOSED = 2.5
"""By `systemd-analyze security`, 0 the least."""

pytestmark = pytest.mark.needs(
    "systemd-analyze", available=shutil.which("systemd-analyze"), installable_in_ci=True
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with a program that is there on every machine in the place of the agent."""
    for unit in SYSTEMD.iterdir():
        if unit.is_file():
            text = unit.read_text().replace("/opt/werfpoort/bin/werfpoort", "/bin/true")
            (tmp_path / unit.name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit_without_a_word(unit: Path, installed: Path) -> None:
    name = unit.name.replace("@.", "@sdz1.")
    verified = analyze("verify", "--man=no", str(installed / name))
    assert verified.returncode == 0
    ours = [line for line in verified.stderr.splitlines() if "werfpoort" in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_line_that_systemd_does_not_know_would_be_found(unit: Path, installed: Path) -> None:
    broken = installed / unit.name.replace("@.", "@sdz1.")
    broken.write_text((installed / unit.name).read_text() + "\n[Service]\nHardenedWell=yes\n")
    assert "HardenedWell" in analyze("verify", "--man=no", str(broken)).stderr


def test_the_agent_is_hardened() -> None:
    text = analyze("security", "--offline=true", str(SYSTEMD / "werfpoort.service")).stdout
    total = re.search(r"Overall exposure level for werfpoort.service: ([\d.]+)", text)
    assert total is not None
    assert float(total[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_exception_of_the_hardening_has_its_reason(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    softened = [
        number
        for number, line in enumerate(lines)
        if re.match(r"(Protect|Private|Restrict|Memory|Lock|NoNew)\w+=no$", line)
    ]
    unexplained = [lines[n] for n in softened if not lines[n + 1].startswith("# ^ exception")]
    assert unexplained == []


def test_every_reader_that_nfcpy_drives_may_be_used_by_the_agent() -> None:
    from nfc.clf.device import usb_device_map

    rules = (SYSTEMD / "60-werfpoort.rules").read_text()
    allowed = re.findall(r'idVendor}=="(\w{4})", ATTR{idProduct}=="(\w{4})"', rules)
    assert {(int(v, 16), int(p, 16)) for v, p in allowed} == set(usb_device_map)


RULE = re.compile(r'(?:[A-Z_]+(?:\{[\w./]+\})?(?:==|!=|\+=|:=|=)"[^"]*"(?:, |$))+')


@pytest.mark.parametrize("file", sorted(SYSTEMD.glob("*.rules")), ids=lambda file: file.name)
def test_a_rule_of_udev_is_a_list_of_keys_with_values(file: Path) -> None:
    """Also where its own check (udevadm verify, younger than Bookworm) is not to be had."""
    lines = [line for line in file.read_text().splitlines() if line and line[0] != "#"]
    assert lines
    assert [line for line in lines if not RULE.fullmatch(line)] == []
    goals = re.findall(r'GOTO="(\w+)"', "\n".join(lines))
    assert set(goals) <= set(re.findall(r'LABEL="(\w+)"', "\n".join(lines)))


def udevadm_verify(file: Path) -> subprocess.CompletedProcess[str]:
    """The check of this machine's udev, or of a younger one that lies beside it."""
    beside = Path("/opt/werfpoort-udevadm")
    command, env = "udevadm", {**os.environ}
    if (beside / "bin/udevadm").exists():
        (library,) = beside.glob("usr/lib/*/systemd/libsystemd-shared-*.so")
        command, env["LD_LIBRARY_PATH"] = str(beside / "bin/udevadm"), str(library.parent)
    # The groups are made by sysusers, on a gate; a container resolves them (make package).
    return subprocess.run(
        [command, "verify", "--resolve-names=never", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )


@pytest.fixture
def verifies(needs: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.rules").touch()
    well = udevadm_verify(tmp_path / "empty.rules").returncode == 0
    needs("udevadm verify (Trixie's udev)", available=well, installable_in_ci=False)


@pytest.mark.usefixtures("verifies")
@pytest.mark.parametrize("file", sorted(SYSTEMD.glob("*.rules")), ids=lambda file: file.name)
def test_udev_takes_the_rules_without_a_word_and_would_find_a_wrong_one(
    file: Path, tmp_path: Path
) -> None:
    verified = udevadm_verify(file)
    assert (verified.returncode, verified.stderr) == (0, "")
    broken = tmp_path / file.name
    broken.write_text(file.read_text() + 'SUBSYSTEM=="usb", GRUOP="lp"\n')
    assert "GRUOP" in udevadm_verify(broken).stderr


def test_a_stick_starts_a_unit_that_is_there_and_a_fixed_disk_none() -> None:
    text = (SYSTEMD / "61-werfpoort-export.rules").read_text()
    wanted = [line for line in text.splitlines() if "SYSTEMD_WANTS" in line]
    assert len(wanted) == 2
    for line in wanted:
        (unit,) = re.findall(r'SYSTEMD_WANTS}\+="([\w@-]+)%k\.service"', line)
        assert (SYSTEMD / f"{unit}.service").is_file()
        assert 'TAG+="systemd"' in line
        assert re.search(r'ATTRS?\{removable\}=="1"', line)


def test_a_wish_at_the_keypad_is_looked_for_where_the_agent_leaves_it() -> None:
    path = (SYSTEMD / "werfpoort-export-asked.path").read_text()
    agent = (SYSTEMD / "werfpoort.service").read_text()
    assert f"PathExists=/run/werfpoort/{ASKED}\n" in path
    assert "RuntimeDirectory=werfpoort\n" in agent
    assert "Wants=werfpoort-export-asked.path\n" in agent
    unit = (SYSTEMD / "werfpoort-export-asked.service").read_text()
    assert f"rm -f /run/werfpoort/{ASKED}\n" in unit
    assert "werfpoort-export@*.service" in unit


def test_the_export_may_mount_and_nothing_else_and_cannot_write_the_journal() -> None:
    name = "werfpoort-export@.service"
    text = analyze("security", "--offline=true", str(SYSTEMD / name)).stdout
    total = re.search(r"Overall exposure level for \S+: ([\d.]+)", text)
    assert total is not None
    assert float(total[1]) <= MOST_EXPOSED
    unit = (SYSTEMD / name).read_text()
    assert "CapabilityBoundingSet=CAP_SYS_ADMIN\n" in unit
    assert "ProtectSystem=strict\n" in unit
    assert not re.search(r"^(ReadWritePaths|StateDirectory|BindPaths)=", unit, re.MULTILINE)
