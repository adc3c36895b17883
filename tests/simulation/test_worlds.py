"""What is made of a world besides living through it: smaller ones, stories, a score."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import msgspec
import pytest

from agent.sandbox.world.drawing import drawn
from agent.sandbox.world.findings import Wrong
from agent.sandbox.world.shrinking import shrunk, up_to
from agent.sandbox.world.telling import story
from agent.sandbox.world.timeline import Standing, Timeline, false_because
from agent.sandbox.world.values import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    ZONE,
    Cut,
    Phoned,
    Tap,
    Typed,
    World,
)


def test_a_world_that_fails_is_made_smaller_until_nothing_more_can_be_left_out() -> None:
    world = drawn(3, 4, workers=12)
    tap = next(h for h in world.happenings if isinstance(h, Tap) and h.who == 3)
    cut = Cut(tap.at_ms + 500, 60_000)
    lives = 0

    def fails(tried: World) -> bool:
        nonlocal lives
        lives += 1
        return {tap, cut} <= set(tried.happenings)

    happenings = tuple(sorted((*world.happenings, cut), key=lambda h: h.at_ms))
    found = shrunk(msgspec.structs.replace(world, happenings=happenings), fails)
    assert set(found.happenings) == {tap, cut}
    assert found.days <= tap.at_ms // DAY_MS + 3
    assert lives <= 400


def test_what_comes_after_a_failure_is_left_out_first() -> None:
    world = drawn(3, 2, workers=12)
    half = up_to(world, 5 * DAY_MS)
    assert 0 < len(half.happenings) < len(world.happenings)
    assert max(h.at_ms for h in half.happenings) <= 5 * DAY_MS


def test_local_times_after_both_changes_of_the_clock_are_true_ones() -> None:
    world = msgspec.structs.replace(
        drawn(3, 1, workers=1), starts=dt.datetime(2026, 10, 19, tzinfo=ZONE)
    )
    for day in (dt.date(2026, 10, 24), dt.date(2026, 10, 26), dt.date(2027, 3, 29)):
        assert world.at(world.ms(day, dt.time(6, 30))) == dt.datetime.combine(
            day, dt.time(6, 30), ZONE
        )


def test_a_long_world_has_a_bad_week_in_each_quarter_and_a_short_one_nothing_else() -> None:
    def badly(world: World) -> set[int]:
        return {h.at_ms // (7 * DAY_MS) for h in world.happenings if isinstance(h, Phoned | Typed)}

    assert all(len(badly(drawn(seed, 26, workers=1))) <= 4 for seed in range(20))
    assert any(len(badly(drawn(seed, 12, workers=1))) > 4 for seed in range(20))


def test_the_story_tells_who_tapped_and_what_the_gate_wrote() -> None:
    world = up_to(drawn(3, 1, workers=12), 9 * HOUR_MS)
    lines = list(story(world, Wrong(9 * HOUR_MS, "a rule", "nothing, it is only told")))
    assert any("* " in line and " taps" in line for line in lines)
    assert any("TapStored" in line for line in lines)
    assert "WRONG: a rule" in lines[-1]
    known = {p.worker.inss for p in world.people if p.worker.inss}
    assert not any(number in line for line in lines for number in known)


@pytest.mark.parametrize(
    ("stands", "false"),
    [
        (Standing.THEIRS, False),
        (Standing.OURS, True),
        (Standing.WORKS, True),
        (Standing.DARK, True),
    ],
)
def test_a_claim_is_false_once_anything_else_stood_in_the_way_for_long(
    stands: Standing, false: bool
) -> None:
    timeline = Timeline()
    timeline.note(0, Standing.THEIRS, frozenset({"backbone"}))
    timeline.note(3 * HOUR_MS, stands, frozenset({"proxy"}))
    timeline.note(3 * HOUR_MS + 8 * MINUTE_MS, Standing.THEIRS, frozenset({"backbone"}))
    assert bool(false_because(timeline, HOUR_MS, 20 * HOUR_MS, 7 * MINUTE_MS)) is false
    assert not false_because(timeline, HOUR_MS, 20 * HOUR_MS, 9 * MINUTE_MS)


def test_a_year_has_both_changes_of_the_clock_and_250_working_days() -> None:
    world = drawn(1, 52, workers=2)
    days = {world.day(h.at_ms) for h in world.happenings if isinstance(h, Tap)}
    assert 240 <= sum(day.weekday() < 5 for day in days) <= 250
    offsets = [world.at(n * DAY_MS).utcoffset() for n in range(world.days)]
    changes = sum(a != b for a, b in pairwise(offsets))
    assert changes == 2
    assert world.starts.utcoffset() == dt.timedelta(hours=2)
