"""The deliberate defects that drawn worlds must catch fit the source, and one of them is caught."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).with_name("mutants.py")))
"""What `make simulate-mutants` runs."""


@pytest.mark.parametrize("mutant", SCRIPT["MUTANTS"], ids=lambda mutant: mutant.name)
def test_each_deliberate_defect_fits_the_source_at_one_place(mutant: Any) -> None:
    for file, old, new in mutant.patches:
        text = (SCRIPT["ROOT"] / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        compile(text.replace(old, new), file, "exec")


def test_a_lamp_before_the_commit_is_caught_on_the_first_day() -> None:
    mutant = next(m for m in SCRIPT["MUTANTS"] if m.name == "lamp before commit")
    found = SCRIPT["lived"](mutant, "weeks", first=1, last=2)
    assert found.days == 1
    assert "amber before the tap was durable" in found.how
