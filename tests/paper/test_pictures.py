"""Pictures of what is printed, each looked at by eye; GOLDEN=write makes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from agent.locale import LANGUAGES
from drivers.paper import Paper

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests/golden"
LISTS = ("list", "list-provisional", "list-addendum")
SLIPS = (
    "instruction",
    "instruction-exempt",
    "evidence",
    "completion",
    "after-list",
    "restart",
    "claim-ended",
    "keypad",
)
WIDTHS = [(("nl", "fr"), Paper.MM80), *(((language,), Paper.MM58) for language in LANGUAGES)]
"""The two languages that most sites have on the wide roll, and each alone on the narrow one."""


def assert_golden(path: Path, image: Image.Image) -> None:
    """`image` is, dot for dot, the one that was looked at."""
    if os.environ.get("GOLDEN") == "write":
        image.save(path, optimize=True)
    with Image.open(path) as golden:
        assert golden.size == image.size
        difference = ImageChops.logical_xor(golden.convert("1"), image.convert("1")).getbbox()
    assert difference is None, f"{path.name} differs within {difference}"


def pictured(samples: Any, name: str, languages: tuple[str, ...], paper: Paper) -> None:
    picture = samples.strip(name, languages, paper).picture()
    assert_golden(GOLDEN / f"{name}-{'-'.join(languages)}-{paper.value}.png", picture)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", list(Paper))
def test_a_list_looks_as_it_did_when_it_was_looked_at(
    samples: Any, language: str, paper: Paper
) -> None:
    pictured(samples, "list", (language,), paper)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_in_two_languages_looks_as_it_did(samples: Any, name: str) -> None:
    pictured(samples, name, ("nl", "fr"), Paper.MM80)


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize(("languages", "paper"), WIDTHS)
def test_a_slip_looks_as_it_did_when_it_was_looked_at(
    samples: Any, name: str, languages: tuple[str, ...], paper: Paper
) -> None:
    pictured(samples, name, languages, paper)


def test_the_picture_in_the_readme_is_what_is_printed(samples: Any) -> None:
    picture = samples.strip("list-short", ["nl"], Paper.MM80).picture()
    assert_golden(ROOT / "docs/pictures/attendance-list.png", picture)


def test_every_picture_that_is_kept_is_compared_with_something() -> None:
    lists = {f"list-{language}-{paper.value}" for language in LANGUAGES for paper in Paper}
    lists |= {f"{name}-nl-fr-80mm" for name in LISTS}
    slips = {f"{s}-{'-'.join(ls)}-{p.value}" for s in SLIPS for ls, p in WIDTHS}
    assert {path.stem for path in GOLDEN.glob("*.png")} == lists | slips
