from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agent.core.events import Failure, Tapped
from agent.core.moment import Trust
from agent.core.presence import UNCOUNTED, Present, present
from agent.core.state import restore
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Stage

ZONE = ZoneInfo("Europe/Brussels")
SEVEN = dt.datetime(2026, 11, 24, 7, 0, tzinfo=ZONE)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
STRANGER = "04AABBCCDDEE99"


class Entrance:
    """A gate with a reader that leads in and one that leads out, at seven o'clock."""

    def __init__(self) -> None:
        rules = rules_of({}, ZONE)
        self.stage = Stage(rules, dict(well_scene(rules.facts)), round(SEVEN.timestamp() * 1000))
        self.stage.begin(past_of({}, SEVEN.date(), rules))
        listed = self.stage.state.book.badges
        self.uids = [uid for uid, _ in sorted(listed.items(), key=lambda one: one[1])]

    def tap(self, who: int | str, direction: str = "in") -> None:
        uid = who if isinstance(who, str) else self.uids[who]
        self.stage.do(Tapped(self.stage.at, direction, uid, direction))
        self.stage.run(self.stage.unix_ms + MINUTE_MS)

    def here(self) -> tuple[Present, ...]:
        """Who is here; the same for a gate that has just been started anew."""
        state, now = self.stage.state, self.stage.at
        found = present(state, now)
        again = restore(state.rules, self.stage.entries)
        assert present(again, now) == found
        return found


def names(here: tuple[Present, ...]) -> set[str]:
    return {f"{one.surname} {one.given_name}" for one in here}


def test_who_tapped_is_here_and_registered_until_he_taps_out() -> None:
    gate = Entrance()
    gate.tap(0)
    gate.tap(1)
    first = names(gate.here())
    assert len(first) == 2
    assert {one.standing for one in gate.here()} == {"registered"}
    gate.tap(0, "out")
    assert len(gate.here()) == 1
    gate.tap(0)
    assert names(gate.here()) == first


def test_where_no_reader_leads_out_nobody_leaves() -> None:
    gate = Entrance()
    gate.tap(0, "any")
    gate.tap(0, "any")
    gate.stage.run(gate.stage.unix_ms + 10 * HOUR_MS)
    assert len(gate.here()) == 1


def test_a_person_whose_only_tap_leads_out_is_not_here() -> None:
    gate = Entrance()
    gate.tap(0, "out")
    assert gate.here() == ()


def test_an_unknown_badge_is_somebody_until_it_leaves() -> None:
    gate = Entrance()
    gate.tap(STRANGER)
    (one,) = gate.here()
    assert (one.surname, one.unknown, one.standing) == ("", 1, UNCOUNTED)
    gate.tap(STRANGER, "out")
    assert gate.here() == ()


def test_the_night_shift_is_here_after_midnight_and_not_the_evening_after() -> None:
    gate = Entrance()
    gate.stage.run(gate.stage.unix_ms + 14 * HOUR_MS)  # nine in the evening
    gate.tap(0)
    gate.stage.run(gate.stage.unix_ms + 6 * HOUR_MS)  # three at night
    assert len(gate.here()) == 1
    gate.stage.run(gate.stage.unix_ms + 12 * HOUR_MS)  # three in the afternoon
    assert gate.here() == ()


def test_who_taps_while_the_clock_is_not_set_is_here_all_the_same() -> None:
    gate = Entrance()
    gate.stage.clock(Trust.UNKNOWN)
    gate.tap(0)
    (one,) = gate.here()
    assert one.standing == UNCOUNTED
    assert one.surname


def test_who_could_not_be_registered_yet_is_here() -> None:
    gate = Entrance()
    gate.stage.fails["rsz"] = Failure("NotReached", "nothing answers")
    gate.tap(0)
    assert [one.standing for one in gate.here()] in (["open"], ["being sent"])
