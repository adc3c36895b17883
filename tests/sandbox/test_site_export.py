"""Bundles taken from the real agent while people tap: onto a disk it mounts, and into a folder."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pyrage
import pytest

from agent.core.signals import Signal
from agent.export.opening import opened
from agent.sandbox.people import crew
from agent.sandbox.site import VirtualSite
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(12, random.Random(12))
CARDS = [ntag213(person.uid) for person in PEOPLE]
FIRMS = sorted({person.worker.employer for person in PEOPLE})
PATIENCE_S = 20.0

STICK = """
import sys
from pathlib import Path
from agent import cli
from agent.control import ask
from agent.export.carrying import CarryError, carry
from agent.export.stick import Stick
socket, device = map(Path, sys.argv[1:])
try:
    stick = Stick(device, ("ext4",), "")
    print(carry(lambda q: ask(socket, q, 60.0), "virtual", stick, stick=True).text)
except CarryError as error:
    sys.exit(str(error))
"""
"""What `werfpoort stick` does, for the one file system that every kernel has."""


class Needs(Protocol):
    def __call__(self, what: str, *, available: object, installable_in_ci: bool) -> None: ...


@pytest.fixture
def keys() -> dict[str, pyrage.x25519.Identity]:
    return {firm: pyrage.x25519.Identity.generate() for firm in FIRMS}


@pytest.fixture
def site(tmp_path: Path, keys: dict[str, pyrage.x25519.Identity]) -> Iterator[VirtualSite]:
    with VirtualSite(tmp_path, PEOPLE) as virtual:
        virtual.stop_agent()
        with virtual.config.open("a") as config:
            for number, (firm, identity) in enumerate(keys.items()):
                config.write(f'[[contractors]]\ncompany = "{firm}"\nname = "Firm {number}"\n')
                config.write(f'recipient = "{identity.to_public()}"\n')
                config.write("main = true\n" if number == 0 else "")
        virtual.start_agent()
        yield virtual


@pytest.fixture
def device(tmp_path: Path, needs: Needs) -> Iterator[Path]:
    can = os.geteuid() == 0 and Path("/dev/loop-control").exists()
    needs("root with loop devices", available=can, installable_in_ci=False)
    needs("losetup", available=shutil.which("losetup"), installable_in_ci=True)
    image = tmp_path / "stick.img"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    attach = ["losetup", "--find", "--show", image]
    found = subprocess.run(attach, capture_output=True, text=True, check=True).stdout.strip()
    yield Path(found)
    subprocess.run(["losetup", "--detach", found], check=True)


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.02)


def put_in(site: VirtualSite, device: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STICK, str(site.folder / "control.sock"), str(device)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def numbers_in(content: bytes) -> list[str]:
    bare = re.sub(rb"(?<=\d)[.\- ](?=\d)", b"", content)
    workers = [person.worker for person in PEOPLE]
    numbers = [n for w in workers for n in (w.inss, w.limosa) if n]
    assert numbers
    return [number for number in numbers if number.encode() in bare]


def test_a_stick_is_written_while_people_tap_and_the_panel_follows(
    site: VirtualSite, device: Path, keys: dict[str, pyrage.x25519.Identity], tmp_path: Path
) -> None:
    site.tap(CARDS[0])
    writing = put_in(site, device)
    shown: set[str] = set()
    while writing.poll() is None:
        shown.add(site.status()["signal"])
    said = writing.communicate()[0]
    assert writing.returncode == 0, said
    assert Signal.STICK_WORKING in shown
    assert site.status()["export"] | {"at": ""} == {
        "to": f"stick {device.name}",
        "runs": False,
        "at": "",
        "failure": "",
    }
    (tmp_path / "mnt").mkdir()
    copied = tmp_path / "copied"
    subprocess.run(["mount", "-o", "ro", device, tmp_path / "mnt"], check=True)
    shutil.copytree(tmp_path / "mnt" / "werfpoort", copied)
    subprocess.run(["umount", tmp_path / "mnt"], check=True)
    everything = [path for path in copied.rglob("*") if path.is_file()]
    assert len(everything) == len(FIRMS) + 1
    for path in everything:
        assert numbers_in(path.read_bytes()) == []
        firm = next((firm for firm in FIRMS if firm in path.name), None)
        if firm is not None:
            assert opened(path, [keys[firm]], tmp_path / firm).sound
    assert numbers_in(site.log.read_bytes() + said.encode()) == []
    own = PEOPLE[0].worker.employer
    assert numbers_in((tmp_path / own / "obligations.csv").read_bytes()) != []
    again = put_in(site, device).communicate()[0]
    assert "nothing is new" in again


def test_a_stick_whose_writer_is_killed_holds_nothing_up_and_may_be_put_in_again(
    site: VirtualSite, device: Path
) -> None:
    writing = put_in(site, device)
    wait_until(lambda: site.status()["signal"] == Signal.STICK_WORKING, "stick working")
    writing.kill()
    writing.communicate()
    came = site.tap(CARDS[1])
    wait_until(lambda: site.lamps.lit_after("green", came) is not None, "green")
    again = put_in(site, device)
    assert FIRMS[0] in again.communicate()[0]
    assert again.returncode == 0
    assert site.status()["export"]["failure"] == ""


def test_a_folder_is_filled_by_the_running_agent(site: VirtualSite, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "agent", "journal", "export", "--to", str(out)]
    done = subprocess.run(
        [*command, "--config", str(site.config)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list(out.rglob("*.age"))) == len(FIRMS)
    assert site.status()["export"]["failure"] == ""
    verify = [sys.executable, "-m", "agent", "journal", "verify", "--config", str(site.config)]
    assert "verified" in subprocess.run(verify, capture_output=True, text=True, check=True).stdout
