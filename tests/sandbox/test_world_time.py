"""An agent in a world whose time passes at once: it is the shipped one, by another clock."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.sandbox.people import crew
from agent.sandbox.site import Ground, VirtualSite
from agent.sandbox.world_time import WorldTime
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(2, random.Random(4))
PATIENCE_S = 20.0
DAY = dt.timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldTime]:
    time_of_world = WorldTime(tmp_path / "time", ahead=2 * DAY)
    yield time_of_world
    time_of_world.close()


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.05)


def test_a_night_that_passes_at_once_is_a_new_day_and_no_clock_that_was_set(
    tmp_path: Path, world: WorldTime
) -> None:
    with VirtualSite(tmp_path, PEOPLE, ground=Ground(time=world)) as site:
        first = site.status()["day"]
        site.tap(ntag213(PEOPLE[0].uid))
        wait_until(lambda: site.registered(PEOPLE[0]) == 1, "registered for the world's day")
        world.pass_to(world.now() + DAY)
        wait_until(lambda: site.status()["day"] > first, "the agent's day is the next one")
        site.tap(ntag213(PEOPLE[1].uid))
        wait_until(lambda: site.registered(PEOPLE[1]) == 1, "registered for the next day")
        days = [entry.submitted.day for entry in site.service.ledger.accepted]
    assert days == [world.now().date() - DAY, world.now().date()]
    with sqlite3.connect(tmp_path / "data" / "journal.db") as journal:
        kinds = {row[0] for row in journal.execute("SELECT kind FROM entry")}
    journal.close()
    assert "day-began" in kinds
    assert not {kind for kind in kinds if kind.startswith("clock-")}


def test_the_time_of_a_world_is_never_set_back(world: WorldTime) -> None:
    with pytest.raises(ValueError, match="does not go back"):
        world.pass_to(world.now() - DAY)
