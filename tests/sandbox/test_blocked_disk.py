"""A disk that takes no writes when the gate starts or is reloaded: the real agent, on an ext4."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from agent.control import NobodyAnswers
from agent.core.records import WritingFailed
from agent.journal.rows import reading, rows
from agent.journal.verify import verify
from agent.sandbox.people import crew
from agent.sandbox.site import Ground, VirtualSite
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(3, random.Random(3))
CARDS = [ntag213(person.uid) for person in PEOPLE]
PATIENCE_S = 60.0
DISK_BYTES = 16 * 1024 * 1024


class Needs(Protocol):
    def __call__(self, what: str, *, available: object, installable_in_ci: bool) -> None: ...


def run(*command: object) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def disk(tmp_path: Path, needs: Needs) -> Iterator[Path]:
    """A file system of its own, at the agent's data folder."""
    can = os.geteuid() == 0 and Path("/dev/loop-control").exists()
    needs("root with loop devices", available=can, installable_in_ci=False)
    needs("mkfs.ext4", available=shutil.which("mkfs.ext4"), installable_in_ci=True)
    image, point = tmp_path / "disk.img", tmp_path / "data"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    run("mkfs.ext4", "-q", "-F", image)
    loop = run("losetup", "--find", "--show", image)
    try:
        run("mount", loop, point)
        yield point
    finally:
        subprocess.run(["umount", "--lazy", str(point)], check=False)
        run("losetup", "--detach", loop)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filled").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def wait_until(holds: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.02)


def said(site: VirtualSite) -> str:
    """What whoever asks for the status is told."""
    with suppress(NobodyAnswers):
        return str(site.ask(ask="status").get("text", ""))
    return ""


def page(url: str) -> str:
    """What a browser is shown; empty where nothing answers."""
    with suppress(httpx.TransportError):
        return httpx.get(url).text
    return ""


def refused(site: VirtualSite, mend: str, told: str, url: str) -> None:
    """The gate says no in words, on the page and in red, and never in amber."""
    wait_until(lambda: "taps are refused" in said(site), "refused")
    assert mend in said(site)
    wait_until(lambda: "Badges worden geweigerd" in page(url), "the page says so")
    assert told in page(url)
    wait_until(lambda: site.lamps.changes and site.lamps.changes[-1].level, "a lamp is lit")
    begun = time.monotonic()
    wait_until(lambda: not site.tap(CARDS[0]) or site.lamps.lit_after("buzzer", begun), "it beeps")
    assert site.lamps.lit_after("red", begun)
    assert site.lamps.lit_after("amber", begun) is None
    assert not site.ended()


def test_a_disk_that_takes_no_writes_at_the_start_or_a_reload_is_waited_for_in_red(
    disk: Path, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    url, shown = f"http://{place}/", f'[page]\nlisten = "{place}"\n'
    with VirtualSite(tmp_path, PEOPLE, ground=Ground(more=shown)) as site:
        site.stop_agent()
        run("mount", "-o", "remount,ro", disk)
        site.launch()
        refused(site, "make its disk writable again", "weer beschrijfbaar", url)
        run("mount", "-o", "remount,rw", disk)
        wait_until(site.reads, "it reads")
        wait_until(lambda: "Alles in orde" in page(url), "the page is what it was")
        site.tap(CARDS[0])
        wait_until(lambda: site.registered(PEOPLE[0]) == 1, "registered")

        pid = site.pid
        fill(disk)
        os.kill(pid, signal.SIGHUP)
        refused(site, "free space on its disk", "Maak ruimte op de schijf", url)
        (disk / "filled").unlink()
        wait_until(site.reads, "it reads again")
        site.tap(CARDS[1])
        wait_until(lambda: site.registered(PEOPLE[1]) == 1, "registered too")
        assert site.pid == pid
        assert not site.ended()
    assert verify(disk / "journal.db").sound
    with reading(disk / "journal.db") as connection:
        records = [row.entry().record for row in rows(connection)]
    counts = [record.refused for record in records if isinstance(record, WritingFailed)]
    assert len(counts) == 2
    assert all(counts)
