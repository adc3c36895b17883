"""A year of a site's evidence, replayed through the core: every change that was measured, and a
morning's outage of the provider each week with people waiting."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

from agent.core import gate
from agent.core.events import Failure, Measured, TimePassed
from agent.core.outage.measurements import FAILING, WELL, Internet, Layer, Measurement
from agent.core.records import Entry
from agent.core.rules import Rules
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Stage

ZONE = ZoneInfo("Europe/Brussels")
DAYS = 365
CHANGES_A_DAY = 48
"""One anchor that comes and goes every quarter of an hour."""
OUTAGE_MIN = 60
MINUTE_MS = 60_000


def replayed_s() -> tuple[float, float, int]:
    """Seconds that the steps take, seconds that the restore of all of it takes, and entries."""
    rules = rules_of({}, ZONE)
    start = dt.datetime(2026, 1, 1, 6, 0, tzinfo=ZONE)
    stage = Stage(rules, dict(well_scene(rules.facts)), round(start.timestamp() * 1000))
    stage.begin(past_of({}, start.date(), rules))
    began = time.perf_counter()
    for day in range(DAYS):
        midnight = start + dt.timedelta(days=day)
        _quiet(stage, round(midnight.timestamp() * 1000))
        if day % 7 == 1:
            _outage(stage)
    step_s = time.perf_counter() - began
    return step_s, _restored_s(rules, stage.entries), len(stage.entries)


def _quiet(stage: Stage, from_ms: int) -> None:
    net = stage.scene[Layer.INTERNET, "fibre"]
    assert isinstance(net, Internet)
    for n in range(CHANGES_A_DAY):
        stage.unix_ms = from_ms + n * 15 * MINUTE_MS
        anchors = (WELL, WELL, WELL, FAILING if n % 2 else WELL)
        seen = Internet(anchors, WELL, WELL, WELL, WELL, WELL)
        stage.do(Measured(stage.at, (Measurement(stage.at, seen, "fibre"),)))


def _outage(stage: Stage) -> None:
    """Two people wait for an hour, everything is measured each minute; then it is delivered."""
    well = dict(stage.scene)
    stage.fails["rsz"] = Failure("NotReached", "x")
    stage.scene[Layer.INTERNET, "fibre"] = Internet((FAILING,) * 4, WELL, FAILING, WELL, WELL, WELL)
    stage.happen()
    stage.taps(2, again=True)
    for _ in range(OUTAGE_MIN):
        stage.unix_ms += MINUTE_MS
        at = stage.at
        seen = tuple(Measurement(at, v, of) for (_, of), v in stage.scene.items())
        stage.do(Measured(at, seen))
        stage.do(TimePassed(at))
    stage.scene = well
    stage.fails.clear()
    stage.run(stage.unix_ms + 20 * MINUTE_MS)


def _restored_s(rules: Rules, entries: list[Entry]) -> float:
    began = time.perf_counter()
    gate.restore(rules, entries)
    return time.perf_counter() - began
