"""Every story that comes along ends as its file says, and a broken file says what is wrong."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.sandbox.story import SHIPPED, StoryError, StoryResult, described, replay

STORIES = sorted(SHIPPED.glob("*.toml"))
EXEMPT = {
    "a-habit": 0,
    "board-tripped": 0,
    "cable-dug-up-in-the-street": 9,
    "cable-dug-up-on-the-site": 0,
    "checkinatwork-down-from-7-to-740": 0,
    "eight-days-of-cut-fibre": 32,
    "fault-of-the-sender": 0,
    "generator-dry": 0,
    "login-page": 0,
    "new-gate": 0,
    "other-gate-works": 0,
    "phone-works": 0,
    "provider-dead": 14,
    "rsz-behind-a-firewall": 0,
    "sim-used-up": 0,
    "site-without-coverage": 0,
    "sixty-per-cent-loss": 0,
    "three-minutes-then-own-certificate": 0,
}
"""What was settled before any of it was built: how many are exempt in the end."""


@cache
def played(path: Path) -> StoryResult:
    return replay(path)


def test_there_are_stories_enough() -> None:
    assert len(STORIES) >= 25


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_ends_as_its_file_says(path: Path) -> None:
    result = played(path)
    assert result.differences() == ()
    assert result.expected.keys() >= {"incidents", "called", "steps", "outcomes"}


@pytest.mark.parametrize("name", EXEMPT)
def test_as_many_are_exempt_as_was_settled(name: str) -> None:
    assert played(SHIPPED / f"{name}.toml").outcomes.get("exempt", 0) == EXEMPT[name]


@pytest.mark.parametrize("name", ["resolver-down", "supplier-down-direct-works"])
def test_what_is_delivered_all_the_same_is_no_incident(name: str) -> None:
    assert played(SHIPPED / f"{name}.toml").incidents == ()


def test_a_difference_is_told_and_fails_the_command(tmp_path: Path) -> None:
    story = (SHIPPED / "resolver-down.toml").read_text("utf-8")
    file = tmp_path / "story.toml"
    file.write_text(story.replace("registered = 14", "exempt = 14"), "utf-8")
    assert any("DIFFERS" in line for line in described(replay(file)))
    done = CliRunner().invoke(main, ["story", str(file)])
    assert done.exit_code == 1
    assert "expected {'exempt': 14}, found {'registered': 14}" in done.output


def test_the_command_prints_a_story_for_machines_too() -> None:
    done = CliRunner().invoke(main, ["story", str(SHIPPED / "resolver-down.toml"), "--json"])
    assert done.exit_code == 0
    assert '"outcomes": {"registered": 14}' in done.output.replace("\n", "").replace("  ", "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("taps = 14", "tap = 14"), "tap is none of"),
        (("names = {", "nams = {"), "'nams' is not a valid Layer"),
        (('configured = "failing"', 'configred = "failing"'), "layer names has no configred"),
        (("[[at]]", "[[then]]"), "'at' is missing or unknown"),
        (("taps = 14", "taps = "), "cannot be read as a story"),
    ],
)
def test_a_file_that_is_no_story_says_where(
    change: tuple[str, str], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "story.toml"
    file.write_text((SHIPPED / "resolver-down.toml").read_text("utf-8").replace(*change), "utf-8")
    with pytest.raises(StoryError, match=said):
        replay(file)
