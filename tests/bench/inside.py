"""What is measured, or prepared, inside this process: the real core and journal on this disk."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.channels.delivery import Delivery
from agent.config import load_config
from agent.core.commands import Send
from agent.core.delivery.registrations import Answer, Receipt
from agent.core.events import BurstEnded, RosterOffered, Tapped
from agent.core.moment import Moment
from agent.core.roster import Roster
from agent.core.rules import Rules
from agent.daemon import Daemon, Parts
from agent.evidence.clock import SystemClock
from agent.evidence_watch import EvidenceWatch
from agent.export.wish import StickWish
from agent.journal.keeper import Keeper, Owner, opened
from agent.paper.keypad import Keypad
from agent.roster.file import read_roster
from agent.roster.watch import RosterWatch
from agent.sandbox.layers import Layers
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.tray import Tray
from agent.seams import QueueInbox, ThreadWork
from drivers.base import BadgeSeen, Pattern

PAUSE_MS = 100
"""Between two taps."""
BRUSSELS = ZoneInfo("Europe/Brussels")


class Stopwatch:
    """A panel that notes when it was asked to show something."""

    shown_s = 0.0

    def show(self, pattern: Pattern) -> None:
        self.shown_s = time.perf_counter()

    def rest(self, pattern: Pattern) -> None:
        pass

    def close(self) -> None:
        pass


def uid_to_panel_ms(taps: int) -> list[float]:
    """Milliseconds from the report of each badge to the panel, one worker a tap."""
    people = crew(taps, random.Random(3))
    with tempfile.TemporaryDirectory(prefix="werfpoort-bench-") as folder:
        clock = SystemClock(believed=True)
        owner = Owner("bench", training=True)
        database = Path(folder) / "journal.db"
        chance = random.SystemRandom()
        keeper = opened(database, Rules(BRUSSELS, DECLARATION), chance, owner, clock.now())
        inbox, panel, work = QueueInbox(), Stopwatch(), ThreadWork()
        watch = RosterWatch(Path(folder) / "none.csv", DECLARATION, clock, inbox, work)
        evidence = EvidenceWatch(Layers(clock), (), clock, inbox, work)
        delivery = Delivery({}, clock, chance)
        keypad, tray = Keypad(clock, inbox, work, ""), Tray(clock, inbox)
        sticks = StickWish(Path(folder), lambda: keeper.state, (clock, work), inbox.put)
        watched = (delivery, watch, evidence)
        daemon = Daemon(Parts(keeper, clock, inbox, work, panel, *watched, keypad, tray, sticks))
        daemon.start()
        roster = Roster({person.uid: person.worker for person in people})
        keeper.do(RosterOffered(clock.now(), roster, "bench"))
        delays = []
        for person in people:
            seen = time.perf_counter()
            daemon.report(BadgeSeen("entrance", person.uid))
            panel.shown_s = 0.0
            while not panel.shown_s:
                daemon.turn()
            delays.append(1000 * (panel.shown_s - seen))
        keeper.journal.close()
        return delays


def fill(folder: Path, taps: int) -> None:
    """Puts so many taps of today into a site's journal, of as many workers as it has."""
    config = load_config(folder / "werfpoort.toml")
    clock = SystemClock(believed=True)
    owner = Owner(config.gate.name, training=True)
    keeper = opened(config.gate.journal, config.rules, random.SystemRandom(), owner, clock.now())
    uids = list(read_roster(config.gate.roster, DECLARATION).roster.badges)
    now = clock.now()
    for place in range(taps):
        age_ms = (taps - place) * PAUSE_MS
        at = Moment(now.unix_ms - age_ms, now.mono_ms - age_ms, now.boot_id, now.trust)
        _registered(keeper, at, uids[place % len(uids)], place)
    keeper.journal.close()


def _registered(keeper: Keeper, at: Moment, uid: str, place: int) -> None:
    for command in keeper.do(Tapped(at, "entrance", uid)):
        if isinstance(command, Send):
            answers = tuple(
                Answer(r.reference, Receipt(str(10**9 + place))) for r in command.registrations
            )
            keeper.do(BurstEnded(at, command.attempt, command.channel, answers))
