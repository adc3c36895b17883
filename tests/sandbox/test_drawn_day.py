"""A day of a drawn world at the virtual site: the same happenings, around the shipped agent."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import random
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.sandbox.browser.drawn_day import DrawnDay, away, day_of, disagreements
from agent.sandbox.browser.place import TrainingSite
from agent.sandbox.browser.wires import LoopbackWires, Part
from agent.sandbox.people import crew
from agent.sandbox.presence_ledger import Entry, Submitted
from agent.sandbox.world.infrastructure import Infrastructure
from agent.sandbox.world.living import lived
from agent.sandbox.world.values import (
    HOUR_MS,
    MINUTE_MS,
    ZONE,
    Ahead,
    Crew,
    Cut,
    Happening,
    Site,
    Somebody,
    Tap,
    Trouble,
    Weather,
    World,
    written,
)
from agent.sandbox.world_time import WorldTime

MONDAY = dt.datetime(2027, 3, 22, tzinfo=ZONE)
PEOPLE = tuple(Somebody(one.worker, one.uid) for one in crew(5, random.Random(3)))
TOO_LATE = 4
"""Whoever taps when nothing goes through before midnight."""
SEVEN = 7 * HOUR_MS


def taps(at_ms: int, who: int) -> Tap:
    return Tap(at_ms, PEOPLE[who].uid, who)


HAPPENINGS: tuple[Happening, ...] = (
    taps(SEVEN, 0),
    Trouble(SEVEN + 5 * MINUTE_MS, 4 * MINUTE_MS, "backbone"),
    taps(SEVEN + 6 * MINUTE_MS, 1),
    Cut(SEVEN + 7 * MINUTE_MS, 30_000),
    Ahead(SEVEN + 30 * MINUTE_MS, PEOPLE[0].worker.employer),
    Crew(SEVEN + 40 * MINUTE_MS, (3,), True),
    taps(SEVEN + 50 * MINUTE_MS, 3),
    Tap(SEVEN + 60 * MINUTE_MS, "08123456", -1),
    Weather(SEVEN + 70 * MINUTE_MS, 2 * MINUTE_MS, "ciaw", "503"),
    taps(SEVEN + 71 * MINUTE_MS, 2),
    Trouble(23 * HOUR_MS + 50 * MINUTE_MS, HOUR_MS, "line-cut-in-the-street"),
    taps(23 * HOUR_MS + 51 * MINUTE_MS, TOO_LATE),
)


def world(*happenings: Happening) -> World:
    return World(1, MONDAY, 1, Site(), PEOPLE, (0, 1, 2, TOO_LATE), happenings)


def played(folder: Path, day: DrawnDay) -> tuple[int, list[str]]:
    """Plays it on loopback; the exit code, and what was said."""
    told: list[str] = []
    clock = WorldTime(folder / "time")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with contextlib.closing(clock):
        clock.pass_to(day.begins(clock.now()))
        wires = LoopbackWires(clock, "a test")
        with TrainingSite(folder, day.people, wires, clock, port, day.lines) as site:
            site.await_reader()
            code = day.played(site, told.append)
            print(site.log.read_text())  # shown where a test failed
    return code, told


def test_a_drawn_day_ends_at_the_wires_as_its_world_says(tmp_path: Path) -> None:
    code, told = played(tmp_path, DrawnDay(world(*HAPPENINGS), 0))
    text = "\n".join(told)
    print(text)
    assert code == 0
    tapped = [line for line in told if " taps " in line or "holds badge" in line]
    assert [line.rpartition(": ")[2] for line in tapped] == [
        *("stored", "stored", "stored", "card-unusable", "stored", "stored")
    ]
    for words in ("the provider's network", "the gate's power goes", "people come to", "ciaw: 503"):
        assert words in text, words
    assert "confirms" not in text  # nobody can at this site, and nothing says that it happened
    assert told[-1].endswith("the day is over: 1 expired, 4 registered")


def test_the_same_day_ends_alike_in_the_simulation() -> None:
    came = lived(msgspec.structs.replace(world(*HAPPENINGS), days=2))
    assert came.wrong == ()
    assert {k: n for k, n in came.outcomes.items() if n} == {"expired": 1, "registered": 4}


def test_where_journal_and_authority_do_not_agree_is_told() -> None:
    person = PEOPLE[0].worker
    at = Moment(0, 0, "boot")
    owed = Obligation(1, "j-1", 1, person, "04", MONDAY.date(), "checkinatwork", "any", "r", at, 1)
    registered = replace(owed, outcome=Outcome.REGISTERED)
    company = int(person.employer)
    sent = Submitted(MONDAY.date(), person.declaration, person.inss, company)
    entry = Entry(1, sent, MONDAY, "gate")
    assert [*disagreements([registered], [entry])] == []
    assert [*disagreements([registered], [entry, replace(entry, duplicate=True)])] == []
    assert [*disagreements([owed], [entry])] == ["j-1: the day is over, and it has no outcome"]
    (lost,) = disagreements([registered], [replace(entry, cancelled=MONDAY)])
    assert lost == "j-1: registered, and the authority holds 0"
    (twice,) = disagreements([registered], [entry, replace(entry, number=2)])
    assert twice == "j-1: registered, and the authority holds 2"


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("grid-out", {Part.MAINS}),
        ("cable-out", {Part.CABLE}),
        ("router-hangs", {Part.ROUTER}),
        ("line-cut-in-the-street", {Part.LINE}),
        ("firewall", {Part.LINE}),
        ("backbone", {Part.PROVIDER}),
        ("names-dead", {Part.NAMES}),
        ("rsz-unreachable", set()),
    ],
)
def test_what_fails_in_the_world_is_away_at_the_wires(kind: str, parts: set[Part]) -> None:
    truth = Infrastructure(Site(), random.Random(1))
    truth.begins(kind)
    assert away(truth) == parts


def test_what_these_wires_cannot_do_does_not_happen_and_is_not_told() -> None:
    day = DrawnDay(world(taps(SEVEN, 0)), 0)
    for kind in ("loss", "second-unpaid", "second-mast-out"):
        assert not day.can(Trouble(SEVEN, MINUTE_MS, kind)), kind
    for kind in ("cable-out", "names-dead", "rsz-503", "sender-refused", "supplier-down"):
        assert day.can(Trouble(SEVEN, MINUTE_MS, kind)), kind
    assert not day.can(Weather(SEVEN, MINUTE_MS, "cio", "503"))
    assert not day.can(Ahead(SEVEN, PEOPLE[0].worker.employer))


def test_the_first_day_with_trouble_is_played() -> None:
    for seed in range(1, 9):
        day = day_of(str(seed))
        kinds = {type(h) for h in day.happenings()}
        assert Tap in kinds
        assert kinds & {Trouble, Weather}


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "No such file"), ("{", "truncated"), (written(world()), "nobody taps in this world")],
)
def test_what_is_no_world_is_told(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "world.json"
    if text is not None:
        file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "agent", "sandbox"],
        env={**os.environ, "SCENARIO": str(file)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert f"SCENARIO={file} is no drawn world" in done.stderr
    assert said in done.stderr


def test_a_kept_world_is_a_scenario_of_make_run(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text(written(msgspec.structs.replace(world(taps(SEVEN, 0)), seed=77)))
    done = subprocess.run(
        [sys.executable, "-m", "agent", "sandbox", "--port", "0"],
        env={**os.environ, "SCENARIO": str(file)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "a Monday of the world of seed 77: 4 workers" in done.stdout
    assert "the day is over: 1 registered" in done.stdout
