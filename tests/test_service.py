"""The agent as its service manager sees it: ready, watched, reloaded, stopped."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.sandbox.people import crew
from agent.sandbox.site import VirtualSite
from agent.watcher import Watcher
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(3, random.Random(3))
CARDS = [ntag213(person.uid) for person in PEOPLE]
PATIENCE_S = 20.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.02)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[VirtualSite]:
    with VirtualSite(tmp_path, PEOPLE) as site:
        yield site


def edit(site: VirtualSite, before: str, after: str) -> None:
    text = site.config.read_text()
    assert before in text
    site.config.write_text(text.replace(before, after))


def hang_up(site: VirtualSite) -> None:
    os.kill(site.pid, signal.SIGHUP)


def test_a_good_configuration_is_taken_up_without_a_new_process(site: VirtualSite) -> None:
    pid = site.pid
    edit(site, 'name = "Virtual site"', 'name = "Another site"')
    hang_up(site)
    wait_until(lambda: site.log.read_text().count("the gate is ready") == 2, "ready again")
    assert site.pid == pid
    assert not site.ended()
    site.tap(CARDS[0])
    wait_until(lambda: site.registered(PEOPLE[0]) == 1, "a tap after the reload is registered")


def test_a_wrong_configuration_is_told_and_the_gate_goes_on_by_the_old_one(
    site: VirtualSite,
) -> None:
    edit(site, "[panel]", "[pannel]")
    hang_up(site)
    wait_until(lambda: "goes on by the old configuration" in site.log.read_text(), "told")
    assert "did you mean `panel`?" in site.log.read_text()
    site.tap(CARDS[0])
    wait_until(lambda: site.registered(PEOPLE[0]) == 1, "a tap is registered")
    assert site.log.read_text().count("the gate is ready") == 1


def test_a_configuration_whose_folder_cannot_be_used_falls_back_to_the_old_one(
    site: VirtualSite,
) -> None:
    (site.folder / "in-the-way").write_text("a file")
    edit(site, f'data_dir = "{site.folder}/data"', f'data_dir = "{site.folder}/in-the-way/data"')
    hang_up(site)
    wait_until(lambda: "the old one stays" in site.log.read_text(), "told")
    wait_until(lambda: site.log.read_text().count("the gate is ready") == 2, "ready again")
    site.tap(CARDS[0])
    wait_until(lambda: site.registered(PEOPLE[0]) == 1, "a tap is registered")


def test_a_stop_right_after_a_reload_ends_the_agent(site: VirtualSite) -> None:
    hang_up(site)
    time.sleep(0.1)
    site.stop_agent(signal.SIGTERM)
    assert site.ended()


def test_the_manager_hears_ready_then_turns_then_stopping(site: VirtualSite) -> None:
    site.stop_agent()
    address = str(site.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        agent = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config", str(site.config)],
            env={**os.environ, "NOTIFY_SOCKET": address, "GPIOZERO_PIN_FACTORY": "mock"},
            stderr=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(200) == b"READY=1\nSTATUS=taps are accepted"
            assert manager.recv(200) == b"WATCHDOG=1"
            agent.send_signal(signal.SIGHUP)
            while (heard := manager.recv(200)) == b"WATCHDOG=1":
                pass
            assert heard == b"RELOADING=1"
            while (heard := manager.recv(200)) == b"WATCHDOG=1":
                pass
            assert heard.startswith(b"READY=1")
            agent.send_signal(signal.SIGTERM)
            while (heard := manager.recv(200)) == b"WATCHDOG=1":
                pass
            assert heard == b"STOPPING=1"
            assert agent.wait(PATIENCE_S) == 0
        finally:
            agent.kill()
            agent.wait()


def test_a_loop_that_is_stuck_feeds_no_watchdog(site: VirtualSite) -> None:
    site.stop_agent()
    address = str(site.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        agent = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config", str(site.config)],
            env={**os.environ, "NOTIFY_SOCKET": address, "GPIOZERO_PIN_FACTORY": "mock"},
            stderr=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(200).startswith(b"READY=1")
            agent.send_signal(signal.SIGSTOP)
            manager.settimeout(0.5)
            with pytest.raises(TimeoutError):
                while True:  # what was sent before
                    assert manager.recv(200) == b"WATCHDOG=1"
        finally:
            agent.kill()
            agent.wait()


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens"])
def test_without_a_manager_nothing_is_told_and_nothing_breaks(address: str) -> None:
    manager = Watcher(address)
    manager.ready("well")
    manager.alive()
    manager.stopping()
