"""When to try next: everything is planned against midnight in Belgium."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.delivery import schedule
from agent.core.moment import Moment, midnight_after
from agent.core.rules import Rules

BRUSSELS = ZoneInfo("Europe/Brussels")
RULES = Rules(BRUSSELS)


def moment(text: str) -> Moment:
    at = dt.datetime.fromisoformat(text).replace(tzinfo=BRUSSELS)
    return Moment(round(at.timestamp() * 1000), 1_000_000, "b")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-24", 24)]
)
def test_a_day_is_as_long_as_it_is_in_belgium(day: str, hours: int) -> None:
    at = moment(f"{day}T00:00")
    assert midnight_after(at, BRUSSELS) - at.unix_ms == hours * 3_600_000


def test_a_burst_is_over_by_midnight() -> None:
    at = moment("2026-11-24T23:59:50")
    assert schedule.burst_until(at, RULES) == at.mono_ms + 10_000


def test_pauses_grow_with_failures_up_to_the_longest() -> None:
    at = moment("2026-11-24T07:00")
    pauses = [schedule.pause_ms(n, 0.999999, 0, at, RULES) for n in (1, 2, 3, 20)]
    assert pauses == [2_000, 4_000, 8_000, 300_000]


def test_attempts_thicken_before_midnight() -> None:
    morning, late = moment("2026-11-24T07:00"), moment("2026-11-24T23:30")
    assert schedule.pause_ms(20, 0.999, 0, late, RULES) < schedule.pause_ms(
        20, 0.999, 0, morning, RULES
    )


def test_retry_after_is_honoured_as_long_as_the_day_has_room_for_it() -> None:
    assert schedule.pause_ms(1, 0.0, 120_000, moment("2026-11-24T07:00"), RULES) == 120_000
    late = moment("2026-11-24T23:58")
    assert schedule.pause_ms(1, 0.0, 3_600_000, late, RULES) == 60_000


@given(
    st.integers(1, 1000),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 10**8),
    st.integers(0, 86_399),
)
def test_a_pause_never_reaches_over_midnight_while_there_is_time(
    failures: int, jitter: float, asked_ms: int, second: int
) -> None:
    start = moment("2026-11-24T00:00")
    at = Moment(start.unix_ms + second * 1000, 0, "b")
    left = schedule.until_midnight_ms(at, RULES)
    pause = schedule.pause_ms(failures, jitter, asked_ms, at, RULES)
    assert schedule.SHORTEST_PAUSE_MS <= pause <= max(schedule.SHORTEST_PAUSE_MS, left // 2)


DAYS = ("2026-03-29", "2026-10-25", "2026-11-24")
"""Of 23, 25 and 24 hours."""


def outage(day: str, jitters: list[float], oldest_ms: int = 0) -> list[int]:
    """How long before midnight each attempt is made, in ms, when all of them fail from 20:00 on."""
    at = moment(f"{day}T20:00")
    left = []
    while schedule.until_midnight_ms(at, RULES) > schedule.SHORTEST_PAUSE_MS:
        left.append(schedule.until_midnight_ms(at, RULES))
        jitter = jitters[len(left) % len(jitters)]
        pause = schedule.pause_ms(len(left), jitter, 0, at, RULES, oldest_ms)
        at = Moment(at.unix_ms + pause, at.mono_ms + pause, at.boot_id)
        if len(left) > 20_000:
            raise AssertionError("the service is hammered")
    return left


@given(st.sampled_from(DAYS), st.lists(st.floats(0.05, 1, exclude_max=True), min_size=5))
def test_the_last_attempt_is_close_to_midnight_whatever_the_dice_say(
    day: str, jitters: list[float]
) -> None:
    left = outage(day, jitters)
    assert min(left) <= 2 * RULES.first_retry_ms
    assert max(left) == 4 * 3_600_000


@pytest.mark.parametrize("day", DAYS)
def test_the_last_half_hour_has_more_attempts_than_any_before_it(day: str) -> None:
    left = outage(day, [0.9])
    halves = [sum(n * 1_800_000 < ms <= (n + 1) * 1_800_000 for ms in left) for n in range(7)]
    assert halves[0] > 2 * max(halves[1:])


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_the_jitter_is_full_and_the_dice_never_lengthen_a_pause(
    failures: int, low: float, high: float
) -> None:
    at = moment("2026-11-24T07:00")
    low, high = sorted((low, high))
    shorter = schedule.pause_ms(failures, low, 0, at, RULES)
    longer = schedule.pause_ms(failures, high, 0, at, RULES)
    ceiling = min(RULES.longest_retry_ms, RULES.first_retry_ms << (failures - 1))
    assert schedule.SHORTEST_PAUSE_MS <= shorter <= longer <= ceiling
    assert schedule.pause_ms(failures, 0.0, 0, at, RULES) == schedule.SHORTEST_PAUSE_MS


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True), st.integers(0, 10**7))
def test_where_age_counts_no_pause_is_longer_than_half_of_it(
    failures: int, jitter: float, asked_ms: int
) -> None:
    at = moment("2026-11-24T07:00")
    assert schedule.pause_ms(failures, jitter, asked_ms, at, RULES, 600_000) <= 300_000
    assert schedule.pause_ms(failures, jitter, 0, at, RULES, 600_000) <= 30_000
