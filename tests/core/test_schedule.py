"""When to try next: everything is planned against midnight in Belgium."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import schedule
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
