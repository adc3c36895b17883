"""An incident opens under the row of measurements made since the trouble began."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.core.events import BurstEnded, Failure, Measured, Tapped, TimePassed
from agent.core.outage.incidents import SETTLES_MS
from agent.core.outage.measurements import FAILING, WELL, Internet, Layer, Measurement
from agent.sandbox.people import crew
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Stage

ZONE = ZoneInfo("Europe/Brussels")
DAY = dt.date(2026, 11, 24)
START_MS = round(dt.datetime.combine(DAY, dt.time(7), ZONE).timestamp() * 1000)
DEAD = Internet((FAILING,) * 4, WELL, FAILING, WELL)
NET = (Layer.INTERNET, "fibre")


def failing() -> Stage:
    """A gate at which one tapped two seconds ago, whose call has failed; nothing is measured yet
    but that no anchor answers."""
    rules = rules_of({}, ZONE)
    stage = Stage(rules, dict(well_scene(rules.facts)), START_MS)
    stage.begin(past_of({}, DAY, rules))
    stage.do(Tapped(stage.at, "entrance", crew(1, random.Random(1))[0].uid))
    wait(stage, 2_000)
    stage.do(BurstEnded(stage.at, 1, "rsz", failure=Failure("NotReached", "")))
    half_known = Measurement(stage.at, Internet((FAILING,) * 4), "fibre")
    stage.do(Measured(stage.at, (half_known,)))
    return stage


def rows(stage: Stage) -> list[str]:
    return [incident.row for incident in stage.state.log.incidents.values()]


def wait(stage: Stage, ms: int) -> None:
    """Lets time pass in which nothing is measured."""
    stage.unix_ms += ms
    stage.do(TimePassed(stage.at))


def test_an_incident_waits_for_a_whole_round_of_measurements_made_since() -> None:
    stage = failing()
    hysteresis_ms = stage.rules.limits.hysteresis_ms
    wait(stage, hysteresis_ms)
    assert rows(stage) == []
    began = stage.at
    wait(stage, SETTLES_MS // 2)
    stage.scene[NET] = DEAD
    seen = tuple(Measurement(stage.at, v, of) for (_, of), v in stage.scene.items())
    stage.do(Measured(stage.at, seen, whole=began))
    assert rows(stage) == ["internet.provider-dead"]


def test_a_round_begun_before_the_tap_is_not_waited_for_to_be_enough() -> None:
    stage = failing()
    before = replace(stage.at, mono_ms=stage.at.mono_ms - 3_000, unix_ms=START_MS - 1_000)
    wait(stage, stage.rules.limits.hysteresis_ms)
    stage.do(Measured(stage.at, (), whole=before))
    assert rows(stage) == []


def test_it_opens_half_a_minute_after_the_hysteresis_as_things_look() -> None:
    stage = failing()
    wait(stage, stage.rules.limits.hysteresis_ms + SETTLES_MS - 6_000)
    assert rows(stage) == []
    wait(stage, 6_000)
    assert rows(stage) == ["internet.no-anchor"]
