"""What a backlog costs: how fast it is drained, and what one call of 200 takes to make."""

from __future__ import annotations

import datetime as dt
import random
import time
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.channels import checkinatwork_messages as messages
from agent.channels.credentials import CredentialFiles, Credentials
from agent.channels.soap import sign
from agent.config import load_config
from agent.core import gate
from agent.core.commands import Record
from agent.core.delivery.registrations import Registration
from agent.core.events import Event, JournalMade, RosterOffered, Started, Tapped
from agent.core.moment import Moment
from agent.core.records import Entry, kind_of
from agent.core.roster import Roster
from agent.core.rules import Line, Rules
from agent.core.state import State
from agent.evidence.clock import SystemClock
from agent.journal.keeper import Owner, opened
from agent.roster.file import read_roster
from agent.sandbox.people import DECLARATION, Person, crew
from agent.sandbox.site import VirtualSite

BATCH = 200
LAST_TAPS = 100
"""That are timed."""
FIRST_UNIX_MS = 1_795_474_800_000
"""Midnight in Brussels that begins 24 November 2026."""
MOST_S = 240.0
"""A drain that takes longer than this is given up."""
PAUSE_MS = 100
"""Between two taps of the backlog."""


def store(folder: Path, taps: int) -> None:
    """Puts so many taps of today into a site's journal, each of another worker, none registered."""
    config = load_config(folder / "werfpoort.toml")
    clock = SystemClock(believed=True)
    owner = Owner(config.gate.name, training=True)
    keeper = opened(config.gate.journal, config.rules, random.SystemRandom(), owner, clock.now())
    read = read_roster(config.gate.roster, DECLARATION).roster
    uids, now = list(read.badges), clock.now()
    keeper.do(RosterOffered(now, read, "bench"))
    for place in range(taps):
        age_ms = (taps - place) * PAUSE_MS
        at = Moment(now.unix_ms - age_ms, now.mono_ms - age_ms, now.boot_id, now.trust)
        keeper.do(Tapped(at, "entrance", uids[place]))
    keeper.journal.close()


def drained_s(site: VirtualSite, begun_s: float, taps: int) -> float:
    """Seconds from `begun_s` (monotonic) until every one of them is registered."""
    while time.monotonic() - begun_s < MOST_S:
        if site.status()["obligations"].get("registered", 0) >= taps:
            return time.monotonic() - begun_s
        time.sleep(0.25)
    raise TimeoutError(f"the backlog is not drained: {site.status()['obligations']}")


def batch_made_ms(credentials: Any, people: tuple[Person, ...]) -> float:
    """Milliseconds that it takes to build and to sign one call of 200."""
    today = dt.date.today()
    batch = [
        Registration(
            f"bench-{n}", today, p.worker.declaration, p.worker.employer, inss=p.worker.inss
        )
        for n, p in enumerate(people[:BATCH])
    ]
    begun = time.perf_counter()
    sign(messages.register_request(batch), credentials, dt.datetime.now(dt.UTC))
    return 1000 * (time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class Growth:
    """What one tap costs beside `waiting` others, and what it takes to know them all again."""

    waiting: int
    tap_ms: float
    restore_s: float
    kib_each: float


def growth(waiting: int) -> Growth:
    """The core alone, in this process: nothing is written or sent."""
    people = crew(waiting + LAST_TAPS, random.Random(waiting))
    rules = Rules(ZoneInfo("Europe/Brussels"), DECLARATION, lines=(Line("ciaw", "checkinatwork"),))
    roster = Roster({person.uid: person.worker for person in people})
    run = _Run(State(rules))
    run.do(JournalMade(_at(0), "bench", "bench", True))
    run.do(Started(_at(0), "bench"))
    run.do(RosterOffered(_at(0), roster, "bench"))
    tracemalloc.start()
    for place, person in enumerate(people[:waiting]):
        run.do(Tapped(_at(place), "entrance", person.uid))
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    begun = time.perf_counter()
    for place, person in enumerate(people[waiting:], waiting):
        run.do(Tapped(_at(place), "entrance", person.uid))
        gate.due_ms(run.state, _at(place))
    tap_ms = 1000 * (time.perf_counter() - begun) / LAST_TAPS
    begun = time.perf_counter()
    again = gate.restore(rules, run.entries)
    restore_s = time.perf_counter() - begun
    assert again.ledger == run.state.ledger
    return Growth(waiting, tap_ms, restore_s, held_bytes / 1024 / waiting)


@dataclass(slots=True)
class _Run:
    """A state and the entries that made it."""

    state: State
    entries: list[Entry] = field(default_factory=list)

    def do(self, event: Event) -> None:
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            if isinstance(command, Record):
                seq = len(self.entries) + 1
                record = command.record
                self.entries.append(Entry(seq, event.at, kind_of(record), record))


def _at(place: int) -> Moment:
    """Taps one after the other from midnight on, so that even 100,000 are of one day."""
    return Moment(FIRST_UNIX_MS + place * 800, place * 800, "boot")


def credentials_of(site: VirtualSite) -> Any:
    """Those of the site's gate."""
    files = CredentialFiles(site.folder / "gate.crt", site.folder / "gate.key")
    return Credentials(files).current()
