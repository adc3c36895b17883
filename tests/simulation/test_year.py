"""Worlds drawn from seeds, lived through by the real agent: nothing that must hold ever breaks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.sandbox.world.drawing import drawn
from agent.sandbox.world.living import lived
from agent.sandbox.world.values import read, written

KEPT = sorted(Path(__file__).with_name("worlds").glob("*.json"))
"""Each once showed a defect; its `why` says which, and what mended it."""
FRESH = int(os.environ["WERFPOORT_SEED"])
"""Another one in every run; its header says which."""


def test_the_same_seed_is_the_same_run_byte_for_byte() -> None:
    world = drawn(7, 1, workers=12)
    first = lived(world)
    assert first.counts["lit"] > 50
    assert lived(drawn(7, 1, workers=12)) == first
    assert lived(drawn(8, 1, workers=12)).seal != first.seal


def test_so_is_one_in_which_files_cannot_be_written_or_read() -> None:
    """Where these lie differs from run to run, and nothing of it is journaled."""
    world = drawn(140, 1, workers=8)
    told: list[str] = []
    assert lived(world, lambda _, text: told.append(text)) == lived(world)
    for kind in ("WritingFailed", "RosterRefused"):
        assert any(kind in text for text in told)


def test_a_world_that_is_kept_in_a_file_is_the_same_world(tmp_path: Path) -> None:
    world = drawn(9, 1, workers=12)
    file = tmp_path / "world.json"
    file.write_text(written(world), encoding="utf-8")
    assert read(file) == world


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_what_once_went_wrong_goes_wrong_no_more(file: Path) -> None:
    world = read(file)
    assert world.why
    assert lived(world).wrong == ()


@pytest.mark.parametrize("seed", [2, 815, 4711, FRESH], ids=lambda seed: f"seed-{seed}")
def test_five_weeks_of_a_small_site_break_no_rule(seed: int) -> None:
    world = drawn(seed, 5, workers=8)
    came = lived(world)
    print(came.line(world))
    assert came.wrong == ()
    assert came.counts["days"] >= 20
