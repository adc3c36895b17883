"""A gate and its world in one thread, on virtual time.

Real are the core, the journal, the delivery and the channels, one for each line of the rules.

Only the outermost seams are simulated: clock, inbox, work, the wire (the emulated services in
process), the disk (a shim that loses what was not synced) and the devices. The same seed gives the
same run, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

import httpx

from agent.channels.delivery import Delivery
from agent.core.events import Event
from agent.core.rules import Rules
from agent.daemon import Daemon, Parts
from agent.evidence_watch import EvidenceWatch
from agent.export.wish import StickWish
from agent.journal.checkpoint import signer_from
from agent.journal.keeper import Keeper, Owner, opened
from agent.paper.keypad import Keypad
from agent.paper.operator_code import LEAST_LOG2_N, made
from agent.roster.watch import RosterWatch
from agent.sandbox.layers import Layers, all_well
from agent.sandbox.lossy_disk import LossyDisk
from agent.sandbox.offices import Offices
from agent.sandbox.people import DECLARATION, Person, roster_csv
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.tray import Tray
from agent.sandbox.virtual import VirtualClock, VirtualInbox, VirtualWork
from agent.seams import Gauges
from drivers.base import BadgeSeen, DeviceBack, Direction, KeyPressed, Pattern

CODE = "4321"
CODE_HASH = made(CODE, b"simulated site", LEAST_LOG2_N)
"""As quick to try as the agent allows: nobody here guesses."""
KEY_MS = 300

_disks = itertools.count(1)
"""A name for every disk of this process: SQLite keeps them all."""


@dataclass(slots=True)
class Shown:
    """The panel of a simulated gate: what it was asked to show, and when (true time in ms)."""

    clock: VirtualClock
    patterns: list[tuple[int, str]] = field(default_factory=list)
    resting: str = ""

    def show(self, pattern: Pattern) -> None:
        """Notes it."""
        self.patterns.append((self.clock.true_ms, pattern.name))

    def rest(self, pattern: Pattern) -> None:
        """Notes it."""
        self.resting = pattern.name

    def close(self) -> None:
        """Nothing to do."""


class Simulation:
    """One site from `starts` (aware) on; `rules` as configured. Use as a context manager.

    `ledger`: the authority's, where another gate registers with it, too.
    """

    def __init__(
        self,
        people: Sequence[Person],
        rules: Rules,
        starts: dt.datetime,
        seed: int,
        ledger: PresenceLedger | None = None,
    ) -> None:
        self.people = tuple(people)
        self.chance = random.Random(seed)
        self.clock = VirtualClock(round(starts.timestamp() * 1000))
        self.inbox = self._mailbox()
        self.panel = self._lamps()
        self._rules = rules
        self._starts = starts
        self._folder = tempfile.TemporaryDirectory(prefix="werfpoort-day-")
        self.folder = Path(self._folder.name)
        self.offices = Offices(self.folder, self.clock, self.now, self._between, ledger)
        self.service = self.offices.ciaw
        self.disk = LossyDisk(f"simulated-{next(_disks)}", self.folder)
        self.roster = self.folder / "roster.csv"
        self.roster.write_text(roster_csv(self.people), encoding="utf-8")
        self._signer = signer_from(self.chance.randbytes(32))
        self._lines = tuple(line.name for line in rules.lines)
        well = [all_well(name) for name in self._lines]
        self.layers = Layers(self.clock, {k: v for layers in well for k, v in layers.items()})
        self.tray = Tray(self.clock, self.inbox)
        self.daemon = self._powered()

    # --- what a site of its own kind makes otherwise ---------------------------------------------

    def _between(self, line: str, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        """What stands between the gate and the service of a line: nothing."""
        return transport

    def _mailbox(self) -> VirtualInbox[Event]:
        """Where events arrive."""
        return VirtualInbox(self.clock)

    def _lamps(self) -> Shown:
        """The panel."""
        return Shown(self.clock)

    def _gauges(self) -> Gauges:
        """What measures."""
        return self.layers

    def _kept(self, keeper: Keeper) -> Keeper:
        """The keeper as the loop gets it."""
        return keeper

    # --- the gate ----------------------------------------------------------------------------

    def now(self) -> dt.datetime:
        """The true time, as the service knows it."""
        return self._starts.astimezone(dt.UTC) + dt.timedelta(milliseconds=self.clock.due())

    def _powered(self) -> Daemon:
        database = self.disk.uri(self.folder / "journal.db")
        owner = Owner("simulated", training=True)
        keeper = opened(database, self._rules, self.chance, owner, self.clock.now(), self._signer)
        work = VirtualWork(self.clock)
        self.posts = self.offices.posts(self._lines)
        delivery = Delivery(self.posts, self.clock, self.chance)
        roster = RosterWatch(self.roster, DECLARATION, self.clock, self.inbox, work)
        evidence = EvidenceWatch(self._gauges(), self._lines, self.clock, self.inbox, work)
        keypad = Keypad(self.clock, self.inbox, work, CODE_HASH)
        sticks = StickWish(self.folder, lambda: keeper.state, (self.clock, work), self.inbox.put)
        self.parts = Parts(
            keeper=self._kept(keeper),
            clock=self.clock,
            inbox=self.inbox,
            work=work,
            panel=self.panel,
            delivery=delivery,
            roster=roster,
            evidence=evidence,
            keypad=keypad,
            printing=self.tray,
            sticks=sticks,
        )
        daemon = Daemon(self.parts)
        daemon.start()
        daemon.report(DeviceBack("entrance"))
        return daemon

    def later(self, seconds: float, uid: str, direction: Direction = Direction.ANY) -> None:
        """A badge is held to the reader that many seconds after the start."""
        self.inbox.later(round(seconds * 1000), lambda: self._tap(uid, direction))

    def _tap(self, uid: str, direction: Direction) -> None:
        self.daemon.report(BadgeSeen("entrance", uid, direction))

    def press(self, seconds: float, keys: str) -> None:
        """Somebody types these keys at the keypad, from that many seconds after the start on."""
        for place, key in enumerate(keys):
            at_ms = round(seconds * 1000) + place * KEY_MS
            self.inbox.later(at_ms, partial(self._press, key))

    def _press(self, key: str) -> None:
        self.daemon.report(KeyPressed("keypad", key))

    def run_until(self, seconds: float) -> None:
        """Turns until that many seconds after the start."""
        self.inbox.horizon_ms = round(seconds * 1000)
        while self.clock.true_ms < self.inbox.horizon_ms:
            self.daemon.turn()

    def cut_power(self, dark_s: float) -> None:
        """Drops what was not synced and what was on its way; the machine starts again later."""
        self.disk.cut(self.chance)
        with suppress(sqlite3.Error):  # the dead connection: every call of it fails
            self.daemon.keeper.journal.close()
        self.inbox.forget()
        self.tray.forget()
        self.clock.go_to(self.clock.true_ms + round(dark_s * 1000))
        self.clock.reboot()
        self.daemon = self._powered()

    def close(self) -> None:
        """Lets the files go."""
        self.daemon.keeper.journal.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
