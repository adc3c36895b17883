"""What docs/keypad.md promises is what the dialogue takes."""

from __future__ import annotations

import re
from pathlib import Path

from agent.core.paper.keypad_codes import CAUSES, STEPS, Short

DOCS = (Path(__file__).parents[1] / "docs" / "keypad.md").read_text(encoding="utf-8")


def test_every_short_command_and_no_other_stands_in_the_docs() -> None:
    first = re.findall(r"^\| (.*?) \|", DOCS.partition("## Short commands")[2], re.MULTILINE)
    named = {keys for cell in first for keys in re.findall(r"`(\d+) #`", cell.partition(",")[0])}
    steps = {keys for cell in first for keys in re.findall(r"`(\d\d) #`", cell)}
    assert named | steps == {*Short, *STEPS}


def test_every_cause_stands_in_the_docs() -> None:
    rows = re.findall(r"^\| `7 #`, (.*?) \|", DOCS, re.MULTILINE)
    assert {keys for row in rows for keys in re.findall(r"`(\d) #`", row)} == set(CAUSES)
