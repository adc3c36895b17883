"""The doctor at a gate that is well, and at gates each broken in one place."""

from __future__ import annotations

import json
import os
import pty
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.doctor import machine
from agent.doctor.verdicts import Grade, exit_code, untried, warning, well
from agent.sandbox.faults import Faults
from agent.sandbox.people import crew
from agent.sandbox.site import VirtualSite
from drivers.emulators.escpos import EscposEmulator
from drivers.emulators.nfc_cards import ntag213
from drivers.paper import Paper

PEOPLE = crew(3, random.Random(3))
PATIENCE_S = 40.0
MACHINES_OWN = ("service", "machine's watchdog", "system log", "disk wear")
"""What depends on the machine that runs the test."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[VirtualSite]:
    with VirtualSite(tmp_path, PEOPLE) as site:
        yield site


def command(site: VirtualSite, *more: str) -> list[str]:
    return [sys.executable, "-m", "agent", "doctor", "--config", str(site.config), *more]


def wires(site: VirtualSite) -> Mapping[str, str]:
    pins = {"GPIOZERO_PIN_FACTORY": "wire", "WERFPOORT_PIN_WIRE": str(site.folder / "pins")}
    return {**os.environ, **pins}


def examined(site: VirtualSite) -> tuple[dict[str, dict[str, Any]], int]:
    """Each part by its name, those that only this machine has left out; and the exit code."""
    run = subprocess.run(
        command(site, "--json"),
        env=wires(site),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S,
        check=False,
    )
    assert not run.stderr
    return {v["part"]: v for v in json.loads(run.stdout)}, run.returncode


def one_broken(site: VirtualSite, part: str) -> dict[str, Any]:
    """What is said of the one broken part; there must be no other but the machine's own."""
    parts, code = examined(site)
    broken = [name for name, v in parts.items() if v["grade"] == "broken"]
    assert [name for name in broken if name not in MACHINES_OWN] == [part]
    assert code == 2
    assert parts[part]["to_do"]
    return parts[part]


# --- well ------------------------------------------------------------------------------------


def test_a_gate_that_is_well_says_so_part_by_part_while_it_works(site: VirtualSite) -> None:
    parts, _ = examined(site)
    for part in ("configuration", "rights", "disk space", "disk speed", "journal", "clock"):
        assert parts[part]["grade"] == "well", parts[part]
    assert parts["agent"]["grade"] == "well"
    assert parts["entrance"]["grade"] == "well"
    assert parts["channel checkinatwork"]["found"].endswith("knows us")
    assert "ends on" in parts["certificate of checkinatwork"]["found"]
    assert parts["devices by hand"]["grade"] == "untried"


def test_with_the_agent_stopped_the_devices_are_tried_by_their_own_drivers(
    site: VirtualSite,
) -> None:
    site.stop_agent()
    parts, _ = examined(site)
    assert parts["reader entrance"]["grade"] == "well"
    assert parts["lamps and buzzer"]["grade"] == "well"
    assert "agent" not in parts


def test_a_technician_is_led_through_what_only_a_person_can_do(site: VirtualSite) -> None:
    with EscposEmulator(Paper.MM80) as printer:
        with site.config.open("a") as config:
            config.write(f'\n[printer]\nkind = "network"\naddress = "{printer.address}"\n')
        site.stop_agent()
        told = led(site, say={"Hold a badge": lambda: site.tap(ntag213(PEOPLE[0].uid))})
        text = printer.text
    assert "read a badge of 7 bytes" in told
    assert told.count("? [Y/n]") == 4
    assert "seen and heard" in told
    assert "printed a slip that can be read" in told
    assert PEOPLE[0].uid not in told
    assert "TEST" in text


def test_a_lamp_that_nobody_saw_is_named(site: VirtualSite) -> None:
    site.stop_agent()
    told = led(
        site,
        say={"Hold a badge": lambda: site.tap(ntag213(PEOPLE[0].uid))},
        answers={"green": "n"},
    )
    assert "NO  lamps and buzzer: green or the buzzer was not noticed" in told


def led(site: VirtualSite, say: Mapping[str, Any], answers: Mapping[str, str] | None = None) -> str:
    """What a terminal shows while a person does what it says and answers its questions."""
    ours, theirs = pty.openpty()
    agent = subprocess.Popen(
        command(site), env=wires(site), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    told = ""
    done: set[str] = set()
    until = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    told += os.read(ours, 4096).decode()
                except OSError:
                    break  # the terminal is closed: the command has ended
            for cue, act in say.items():
                if cue in told and cue not in done:
                    done.add(cue)
                    act()
            if told.endswith("[Y/n]: "):
                question = told.splitlines()[-1]
                answer = next((a for w, a in (answers or {}).items() if w in question), "y")
                os.write(ours, f"{answer}\n".encode())
                told += "\n"
    finally:
        agent.kill()
        agent.wait()
        os.close(ours)
    return told


# --- broken in one place -----------------------------------------------------------------------


def test_a_reader_that_is_unplugged_is_the_one_broken_part(site: VirtualSite) -> None:
    site.reader.unplug()
    until = time.monotonic() + PATIENCE_S
    while site.status()["devices"]["entrance"] and time.monotonic() < until:
        time.sleep(0.05)
    assert one_broken(site, "entrance")["found"]


def test_a_reader_without_its_agent_is_broken_too(site: VirtualSite) -> None:
    site.stop_agent()
    site.reader.unplug()
    assert "no reader at" in one_broken(site, "reader entrance")["found"]


def test_a_service_that_is_down_is_told_as_the_channel(site: VirtualSite) -> None:
    site.service.faults = Faults(status=503)
    assert "503" in one_broken(site, "channel checkinatwork")["found"]


def test_a_key_that_others_may_read_is_told_with_the_mend(site: VirtualSite) -> None:
    site.stop_agent()
    (site.folder / "gate.key").chmod(0o644)
    parts, code = examined(site)
    assert code == 2
    assert any("chmod 600" in v["to_do"] for v in parts.values())


def test_a_data_folder_that_everybody_may_read_is_told(site: VirtualSite) -> None:
    (site.folder / "data").chmod(0o755)
    assert "open to every user" in one_broken(site, "rights")["found"]


def test_a_damaged_journal_is_told(site: VirtualSite) -> None:
    site.stop_agent()
    journal = site.folder / "data" / "journal.db"
    with journal.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))
    assert "SQLite says" in one_broken(site, "journal")["found"]


def test_a_wrong_configuration_is_told_and_the_rest_not_tried(site: VirtualSite) -> None:
    site.config.write_text(site.config.read_text().replace("[panel]", "[pannel]"))
    parts, code = examined(site)
    assert code == 2
    assert parts["the rest"]["grade"] == "untried"
    assert "did you mean" in parts["configuration"]["to_do"]


# --- the words ---------------------------------------------------------------------------------


def test_rules_of_udev_that_are_missing_or_not_carried_out_are_told(tmp_path: Path) -> None:
    rules, control = tmp_path / "rules.d", tmp_path / "control"
    rules.mkdir()
    assert "a stick that is put in starts no export" in machine.udev(rules, control).found
    for name in machine.RULES_OF_UDEV:
        (rules / name).touch()
    assert machine.udev(rules, control).grade is Grade.BROKEN
    control.touch()
    assert machine.udev(rules, control).grade is Grade.WELL


def test_the_exit_code_is_that_of_the_worst_finding() -> None:
    fine = [well("a", "b"), untried("c", "d")]
    assert exit_code(fine) == 0
    assert exit_code([*fine, warning("e", "f", "g")]) == 1
    assert Grade.BROKEN > Grade.WARNING > Grade.UNTRIED > Grade.WELL
