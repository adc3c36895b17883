"""The gate's own devices, as evidence: what a tap needs, and what only the report tells of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL
from agent.core.rules import Rules
from agent.core.state import Broken, State
from agent.evidence.devices import gate_of
from agent.sandbox.people import DECLARATION

RULES = Rules(ZoneInfo("Europe/Brussels"), DECLARATION, keypad="keys")
WORKING = replace(State(RULES), working=frozenset({"entrance", "keys"}))


def test_reader_keypad_and_disk_are_told_apart(tmp_path: Path) -> None:
    gate = gate_of(WORKING, {}, tmp_path)
    assert (gate.reader, gate.keypad, gate.printer, gate.disk) == (WELL, WELL, UNKNOWN, WELL)


def test_a_keypad_that_is_gone_is_no_reader_that_is_gone(tmp_path: Path) -> None:
    broken = replace(WORKING, working=frozenset({"entrance"}), broken={"keys": Broken(1, "", "")})
    gate = gate_of(broken, {}, tmp_path)
    assert (gate.reader, gate.keypad) == (WELL, FAILING)


def test_a_disk_that_cannot_be_looked_at_is_unknown(tmp_path: Path) -> None:
    assert gate_of(WORKING, {}, tmp_path / "none").disk is UNKNOWN
