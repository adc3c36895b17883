"""The real agent in a process of its own, at the emulated wires, on days when things break."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.sandbox.faults import Faults
from agent.sandbox.people import crew
from agent.sandbox.site import PINS, Lamps, VirtualSite
from drivers.emulators.nfc_cards import ntag213
from drivers.emulators.pin_board import PinChange

PEOPLE = crew(12, random.Random(12))
CARDS = [ntag213(person.uid) for person in PEOPLE]
PATIENCE_S = 20.0
STOP_WITHIN_S = 1.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[VirtualSite]:
    with VirtualSite(tmp_path, PEOPLE) as virtual:
        yield virtual
    print(virtual.log.read_text())  # shown where a test failed


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.05)


def registered(site: VirtualSite) -> int:
    return int(site.status()["obligations"].get("registered", 0))


def stored_taps(site: VirtualSite) -> int:
    with sqlite3.connect(f"file:{site.folder}/data/journal.db?mode=ro", uri=True) as journal:
        query = "SELECT count(*) FROM entry WHERE kind = 'tap-stored'"
        count = int(journal.execute(query).fetchone()[0])
    journal.close()
    return count


def test_a_hand_does_not_take_the_blinking_for_the_one_before_for_its_own_answer() -> None:
    lamps = Lamps()
    lamps.changed(PinChange(1.0, PINS["buzzer"], True))
    lamps.changed(PinChange(1.0, PINS["amber"], True))
    came = 1.4
    for at_s in (1.5, 2.0):
        lamps.changed(PinChange(at_s, PINS["amber"], True))
    assert not lamps.answered_after(came)
    lamps.changed(PinChange(2.1, PINS["buzzer"], True))
    assert lamps.answered_after(came)


def test_a_badge_becomes_a_receipt_and_two_lights(site: VirtualSite) -> None:
    came = site.tap(CARDS[0])
    wait_until(lambda: registered(site) == 1, "registered")
    wait_until(lambda: site.lamps.lit_after("green", came) is not None, "green")
    amber, green = (site.lamps.lit_after(lamp, came) for lamp in ("amber", "green"))
    assert amber is not None
    assert green is not None
    assert amber < green
    assert site.registered(PEOPLE[0]) == 1


def test_a_stop_with_a_call_under_way_is_quick_and_loses_nothing(site: VirtualSite) -> None:
    site.set_faults(silent=True)
    site.tap(CARDS[0])
    wait_until(lambda: stored_taps(site) == 1, "stored")
    assert site.stop_agent(signal.SIGTERM) < STOP_WITHIN_S
    assert "the gate has stopped" in site.log.read_text()
    site.service.faults = Faults()
    site.start_agent()
    wait_until(lambda: registered(site) == 1, "registered after the restart")
    assert site.registered(PEOPLE[0]) == 1


def test_a_reader_that_is_unplugged_is_told_and_taken_up_again(site: VirtualSite) -> None:
    site.reader.unplug()
    wait_until(lambda: not site.status()["devices"]["entrance"], "reader told as gone")
    assert site.status()["signal"] == "out-of-order"
    assert "to do" in site.status()["broken"]["entrance"]
    site.reader.replug()
    wait_until(lambda: bool(site.status()["devices"]["entrance"]), "reader is back")
    site.tap(CARDS[0])
    wait_until(lambda: registered(site) == 1, "registered")


def test_without_a_usable_key_taps_are_stored_and_the_log_says_what_to_do(
    tmp_path: Path,
) -> None:
    site = VirtualSite(tmp_path, PEOPLE)
    (tmp_path / "gate.key").write_text("rubbish")
    with site:
        came = site.tap(CARDS[0])
        wait_until(lambda: stored_taps(site) == 1, "stored")
        wait_until(lambda: site.lamps.lit_after("amber", came) is not None, "amber")
        wait_until(lambda: "gate.key" in site.log.read_text(), "the key is named in the log")
        site.ask(ask="status")
    assert "to do" in site.log.read_text()


def test_the_log_and_the_status_hold_no_national_number(site: VirtualSite) -> None:
    site.tap(CARDS[0])
    wait_until(lambda: registered(site) == 1, "registered")
    told = site.log.read_text() + str(site.status())
    assert PEOPLE[0].worker.inss not in told
    assert PEOPLE[0].uid not in told


def test_an_agent_that_is_started_twice_says_so_and_leaves_the_first_alone(
    site: VirtualSite,
) -> None:
    words = [sys.executable, "-m", "agent", "run", "--config", str(site.config)]
    second = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "held by a running agent" in second.stderr
    assert "Traceback" not in second.stderr
    site.tap(CARDS[0])
    wait_until(lambda: registered(site) == 1, "registered by the first")


def test_a_gate_ends_with_its_world_however_that_ends(tmp_path: Path) -> None:
    """One that is left behind would hold readers of the next world."""
    program = (
        "import random, sys, time\n"
        "from pathlib import Path\n"
        "from agent.sandbox.people import crew\n"
        "from agent.sandbox.site import PINS, Lamps, VirtualSite\n"
        "with VirtualSite(Path(sys.argv[1]), crew(2, random.Random(2))) as site:\n"
        "    print(site.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    world = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert world.stdout is not None
    gate = int(world.stdout.readline())
    world.kill()
    world.wait()
    world.stdout.close()
    until = time.monotonic() + 10.0
    while Path(f"/proc/{gate}/cmdline").exists() and Path(f"/proc/{gate}/cmdline").read_bytes():
        assert time.monotonic() < until, "the gate outlived its world"
        time.sleep(0.05)
