"""Our clock held against what servers say."""

from __future__ import annotations

import email.utils

import pytest

from agent.core.moment import Moment
from agent.evidence.server_time import KEPT_MS, TOLERANCE_MS, ServerTimes

NOON_MS = 1_795_521_600_000


def at(mono_ms: int, off_ms: int = 0) -> Moment:
    """Our clock, wrong by `off_ms`, that long after the start of the machine."""
    return Moment(NOON_MS + mono_ms + off_ms, mono_ms, "boot")


def date(mono_ms: int) -> str:
    """What a server whose clock is right says at that time."""
    return email.utils.formatdate((NOON_MS + mono_ms) / 1000, usegmt=True)


def contradicted(times: ServerTimes, now: Moment) -> bool:
    return times.contradict(now.unix_ms, now.mono_ms)


def test_a_server_is_told_of_when_it_is_heard_first_and_when_it_changes_its_mind() -> None:
    times = ServerTimes()
    first = times.heard("ciaw", date(0), at(0))
    assert first is not None
    assert (first.server, first.off_ms, first.agrees) == ("ciaw", 0, True)
    assert times.heard("ciaw", date(5_000), at(5_000)) is None
    off = times.heard("ciaw", date(9_000), at(9_000, 95_000))
    assert off is not None
    assert (off.off_ms, off.agrees) == (95_000, False)
    assert times.heard("ciaw", date(10_000), at(10_000, 95_000)) is None
    assert times.heard("ciaw", date(11_000), at(11_000)) is not None


@pytest.mark.parametrize("off_ms", [-3_600_000, 3_600_000])
def test_two_servers_that_differ_outweigh_the_kernel_and_one_does_not(off_ms: int) -> None:
    times = ServerTimes()
    times.heard("ciaw", date(0), at(0, off_ms))
    assert not contradicted(times, at(0, off_ms))
    assert times.differing(at(0, off_ms).unix_ms, 0) == ("ciaw",)
    times.heard("anchor", date(0), at(0, off_ms))
    assert contradicted(times, at(0, off_ms))


def test_one_server_alone_outweighs_the_kernel_where_by_it_today_is_another_day() -> None:
    times, day_ms = ServerTimes(), 86_400_000
    times.heard("supplier", date(0), at(0))
    assert not contradicted(times, at(0, 3 * 3_600_000))
    assert contradicted(times, at(0, day_ms))
    assert contradicted(times, at(0, -day_ms))
    times.heard("ciaw", date(0), at(0, day_ms))
    assert contradicted(times, at(0, day_ms))
    times.heard("ciaw", date(day_ms), at(0, day_ms))  # now one differs, and one agrees
    assert not contradicted(times, at(0, day_ms))


def test_two_that_differ_do_not_outweigh_two_that_agree() -> None:
    times = ServerTimes()
    for server in ("a", "b"):
        times.heard(server, date(600_000), at(0))
    for server in ("c", "d"):
        times.heard(server, date(0), at(0))
    assert not contradicted(times, at(0))


def test_a_clock_that_is_set_right_agrees_at_once_and_one_set_wrong_differs_at_once() -> None:
    times = ServerTimes()
    for server in ("a", "b"):
        times.heard(server, date(0), at(0, -TOLERANCE_MS * 2))
    assert not contradicted(times, at(1_000))
    assert contradicted(times, at(2_000, TOLERANCE_MS + 2_000))


def test_what_was_said_a_day_ago_counts_no_more() -> None:
    times = ServerTimes()
    for server in ("a", "b"):
        times.heard(server, date(0), at(0, 600_000))
    assert contradicted(times, at(KEPT_MS - 1, 600_000))
    assert not contradicted(times, at(KEPT_MS, 600_000))


@pytest.mark.parametrize("text", ["", "yesterday", "Tue, 99 Nov 2026 00:00:00 GMT", "\udcff"])
def test_a_header_that_is_no_date_says_nothing(text: str) -> None:
    assert ServerTimes().heard("ciaw", text, at(0)) is None
