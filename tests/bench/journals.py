"""What is measured of the journal itself: small, large, and what a day of it writes."""

from __future__ import annotations

import datetime as dt
import functools
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.core.events import RosterOffered
from agent.core.moment import Moment
from agent.core.records import (
    AttemptEnded,
    AttemptStarted,
    DayBegan,
    ObligationOpened,
    ReceiptStored,
    Record,
    TapStored,
    Verdict,
)
from agent.core.roster import Roster
from agent.core.rules import Line, Rules
from agent.journal.checkpoint import Signer
from agent.journal.keeper import Owner, opened
from agent.journal.store import Journal
from agent.sandbox.people import DECLARATION, Person, crew
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
RULES = Rules(BRUSSELS, DECLARATION, lines=(Line("checkinatwork", "checkinatwork"),))
BLOCK = 50
"""Appends to one journal before the next one's turn, so that other work slows all of them alike."""
DAY_MS = 86_400_000
BOOT = "8f0c2f4e-52a7-4b0e-9a53-0d1d9d6f2b11"


def grown(path: Path, entries: int, people: Sequence[Person], signer: Signer, gate: str) -> None:
    """A journal of so many entries at least: whole days, each worker with a tap and its receipt.

    Sealed in bulk, a day in a commit. It ends today, so that an agent goes on with it.
    """
    a_day = 5 * len(people) + 2  # with the day's beginning and its checkpoint
    days = max(1, -(-entries // a_day))
    today = dt.datetime.now(BRUSSELS).date()
    first = today - dt.timedelta(days=days - 1)
    chance = random.Random(1)
    keeper = opened(path, RULES, chance, Owner(gate, training=True), _six(first), signer)
    roster = Roster({person.uid: person.worker for person in people})
    keeper.do(RosterOffered(_six(first), roster, "bench"))
    with closing(keeper.journal) as journal:
        before = journal.head[0] + 1
        for place in range(days):
            day, seq = first + dt.timedelta(days=place), journal.head[0] + 1
            at, numbered = _six(day), place * len(people)
            began = DayBegan(day, day - dt.timedelta(days=1), before, numbered, numbered)
            owed = _owed(people, keeper.state.journal, day, seq + 1, numbered, at)
            journal.append(at, [began, *owed])
            before = seq


def _six(day: dt.date) -> Moment:
    unix_ms = round(dt.datetime.combine(day, dt.time(6), BRUSSELS).timestamp() * 1000)
    unix_ms = min(unix_ms, round(time.time() * 1000) - 1000)
    return Moment(unix_ms, unix_ms % (400 * DAY_MS), BOOT)


def _owed(
    people: Sequence[Person], journal: str, day: dt.date, seq: int, numbered: int, at: Moment
) -> Iterator[Record]:
    for place, person in enumerate(people, 1):
        number = numbered + place
        reference, tap = f"{journal}-{number}", seq + 5 * (place - 1)
        yield TapStored("entrance", "in", person.uid, Verdict.WORKER, place, reference)
        yield ObligationOpened(
            reference, place, person.worker, person.uid, day, "checkinatwork", "in", "entrance",
            tap, at,
        )  # fmt: skip
        yield AttemptStarted(number, "checkinatwork", (reference,))
        yield ReceiptStored(reference, number, f"{10**9 + number}", "SUCCESSFULLY REGISTERED", ())
        yield AttemptEnded(number, "checkinatwork")


def append_ms(journals: Sequence[Path], signer: Signer, times: int) -> list[list[float]]:
    """Milliseconds of each append, journal by journal: a tap and what it obliges to, in one commit.

    They take turns in blocks.
    """
    (person,) = crew(1, random.Random(5))
    took: list[list[float]] = [[] for _ in journals]
    open_ones = [Journal(path, random.Random(2), signer) for path in journals]
    for _ in range(times // BLOCK):
        for journal, delays in zip(open_ones, took, strict=True):
            for _ in range(BLOCK):
                at = Moment(round(time.time() * 1000), 1, BOOT)
                seq = journal.head[0] + 1
                records = list(_owed((person,), "bench", dt.date.today(), seq, seq, at))[:2]
                begun = time.perf_counter()
                journal.append(at, records)
                delays.append(1000 * (time.perf_counter() - begun))
    for journal in open_ones:
        journal.close()
    return took


@functools.cache
def written_bytes(people: int, taps_each: int) -> tuple[float, float]:
    """Bytes that a simulated gate's disk is given: on average for a first tap until its receipt,
    and on a whole day on which each worker taps so often. The same in every run.
    """
    crew_of = crew(people, random.Random(8))
    chance = random.Random(9)
    midnight = dt.datetime.combine(dt.date(2026, 11, 24), dt.time(0, 0, 5), BRUSSELS)
    rules = Rules(BRUSSELS, DECLARATION, lines=(Line("ciaw", "checkinatwork"),))
    with Simulation(crew_of, rules, midnight, seed=1) as day:
        day.run_until(60)
        begun = day.disk.bytes_written
        for place, person in enumerate(crew_of):
            day.later(6 * 3600 + 20 * place, person.uid)
            for later in range(1, taps_each):
                day.later((6 + 3 * later) * 3600 + chance.uniform(0, 7000), person.uid)
        day.run_until(6 * 3600 - 1)
        morning = day.disk.bytes_written
        day.run_until(6 * 3600 + 20 * people)
        a_tap = (day.disk.bytes_written - morning) / people
        day.run_until(24 * 3600 - 60)
        assert len(day.service.ledger.accepted) == people
        day.daemon.keeper.journal.close()  # what its log still holds goes into the file too
        return a_tap, day.disk.bytes_written - begun
