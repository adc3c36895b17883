"""A world lived through by the real agent: the core, the journal on SQLite, delivery, channels,
procedure and lists, in one thread on virtual time. Simulated is only what lies beyond the seams.

    with Play(world) as play:
        play.live()          to its end; `play.watch.wrong` holds what should never have been
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress

import httpx

from agent.core import gate
from agent.core.events import Event
from agent.core.moment import Trust
from agent.core.outage.measurements import UNKNOWN, Gate
from agent.evidence.devices import gate_of
from agent.journal.fault import JournalError
from agent.journal.keeper import Keeper
from agent.sandbox.faults import Faults
from agent.sandbox.presence_rules import Rules
from agent.sandbox.simulation import Shown, Simulation
from agent.sandbox.virtual import VirtualInbox
from agent.sandbox.world import beside
from agent.sandbox.world.checks import ROSTER_MS, Watch
from agent.sandbox.world.configuration import rules_of
from agent.sandbox.world.edits import other_number
from agent.sandbox.world.findings import Watched
from agent.sandbox.world.infrastructure import Infrastructure
from agent.sandbox.world.mailbox import Mailbox
from agent.sandbox.world.operator import Operator
from agent.sandbox.world.roster_office import WatchedOffice
from agent.sandbox.world.surroundings import Layered, Surroundings
from agent.sandbox.world.values import (
    HOUR_MS,
    MINUTE_MS,
    Cards,
    Cut,
    Happening,
    Jump,
    Stop,
    Tap,
    Trouble,
    Weather,
    World,
)
from agent.seams import Gauges
from drivers.base import (
    BadgeSeen,
    Direction,
    MainsSeen,
    Pattern,
    SeveralCards,
)

START_AGAIN_MS = 30_000
"""How soon an agent is started anew that could not open its journal."""
CROSSING_PATIENCE_MS = 10 * MINUTE_MS
"""Power that is to go at the n-th thing that the gate does goes by then at the latest."""


class PowerGone(BaseException):
    """The machine loses power at this very instruction: nothing may catch it on the way."""


class Play(Simulation):
    """One world, from its beginning on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._crossing: int | None = None
        self._cut: Cut | None = None
        self._dead = False
        self.truth = Infrastructure(world.site, random.Random(f"{world.seed}/infrastructure"))
        self.watch = Watch(world, self.truth, self._true_ms)
        self.office = WatchedOffice(world, self.watch)
        super().__init__(self.office.people(), rules_of(world.site), world.starts, world.seed)
        self._stopping: Stop | None = None
        self.inbox.before_taking, self.inbox.doze = self._still_powered, self._doze_ms
        self.tray.mute = world.site.mute
        nobodys = frozenset(other_number(somebody.worker) for somebody in world.people)
        self.offices.know(Rules(unknown_workers=nobodys))
        self.watch.begins(self)
        self.operator = Operator(self)
        for happening in world.happenings:
            self.inbox.later(happening.at_ms, self._act(happening))

    # --- the seams -----------------------------------------------------------------------------

    def _true_ms(self) -> int:
        return self.clock.true_ms if hasattr(self, "clock") else 0

    def _mailbox(self) -> VirtualInbox[Event]:
        return Mailbox(self.clock)

    def _lamps(self) -> Shown:
        return _Lamps(self)

    def _still_powered(self) -> None:
        if self._dead:
            raise PowerGone

    def _between(self, line: str, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        return Layered(line, self.truth, transport, self.clock, self._behave, self.crossed)

    def _behave(self, line: str, faults: Faults) -> None:
        self.offices.service(line).faults = faults

    def _gauges(self) -> Gauges:
        return Surroundings(self.truth, self._lines, self.clock, self._gate_stands, self.inbox.put)

    def _gate_stands(self) -> Gate:
        if not hasattr(self, "daemon"):
            return Gate(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
        state = self.daemon.keeper.state
        return gate_of(state, self.posts)

    def _kept(self, keeper: Keeper) -> Keeper:
        return Watched(keeper, self.watch)

    # --- power ---------------------------------------------------------------------------------

    def crossed(self) -> None:
        """The gate does something that the world could see: its power may go just then."""
        if self._crossing is not None:
            self._crossing -= 1
            if self._crossing < 0:
                self._crossing = None
                raise PowerGone

    def _goes_at_a_write(self) -> None:
        """Called by the disk before an operation: power goes there, too."""
        if self._crossing is not None:
            self._crossing -= 1
            if self._crossing < 0:
                self._crossing, self._dead = None, True
                self.disk.cut(self.chance)
                return
            self.disk.after(0, self._goes_at_a_write)

    def _cut_later(self, cut: Cut) -> None:
        if self._cut is not None or self._dead:
            return
        self._cut, self._crossing = cut, cut.crossing
        self.disk.after(0, self._goes_at_a_write)
        by = self.clock.true_ms + CROSSING_PATIENCE_MS
        self.inbox.later(by if cut.crossing else self.clock.true_ms, lambda: self._overdue(cut))

    def _overdue(self, cut: Cut) -> None:
        if self._cut is cut and not self._dead:
            raise PowerGone

    def _lose_power(self) -> None:
        """The machine is dark, and starts again as the cut says."""
        cut, self._cut, self._crossing = self._cut, None, None
        assert cut is not None
        self._dead = False
        self.disk.after(1 << 60, lambda: None)
        self.watch.dark(f"the gate's power goes, for {cut.dark_ms / MINUTE_MS:.1f} min")
        self.clock.set_wall(-self.clock.off_ms)
        self._cut_off(cut.dark_ms)
        if cut.clock != "right":
            self.clock.trust = Trust.UNKNOWN if cut.clock == "unknown" else Trust.RTC
            self.clock.set_wall(cut.off_ms)
            self.inbox.later(self.clock.true_ms + cut.set_after_ms, self._set_clock)
        self._start_again()

    def _cut_off(self, dark_ms: int) -> None:
        self.disk.cut(self.chance)
        with suppress(sqlite3.Error, JournalError):
            self.daemon.keeper.journal.close()
        self.tray.forget()
        self.inbox.forget()
        self.inbox.pass_until(self.clock.true_ms + dark_ms)
        self.clock.reboot()

    def _start_again(self) -> None:
        """As systemd does: again and again until the journal opens."""
        while True:
            try:
                self.daemon = self._powered()
                break
            except JournalError:
                self.inbox.pass_until(self.clock.true_ms + START_AGAIN_MS)
        self.watch.started()
        if self.world.site.battery:
            self.daemon.report(MainsSeen(self.truth.mains))

    def _set_clock(self) -> None:
        """NTP, or a person, sets the clock right."""
        self.clock.set_wall(-self.clock.off_ms)
        self.clock.trust = Trust.NTP

    # --- happenings ------------------------------------------------------------------------------

    def _act(self, happening: Happening) -> Callable[[], None]:
        return lambda: self.happen(happening)

    def happen(self, happening: Happening) -> None:
        """Lets it happen now; what lasts ends by itself."""
        self.watch.happens(happening)
        match happening:
            case Tap(_, uid, _, way):
                if self.watch.running:
                    self.watch.coming = happening
                    self.daemon.report(BadgeSeen("entrance", uid, Direction(way)))
            case Cards():
                if self.watch.running:
                    self.daemon.report(SeveralCards("entrance"))
            case Trouble(_, lasts_ms, kind):
                self._trouble(kind, begins=True)
                self.after(lasts_ms, lambda: self._trouble(kind, begins=False))
            case Weather(_, lasts_ms, service, how):
                self.truth.turns(service, how, begins=True)
                self.after(lasts_ms, lambda: self.truth.turns(service, how, begins=False))
            case Cut():
                if self.watch.running:
                    self._cut_later(happening)
            case Stop():
                if self.watch.running and self._stopping is None:
                    self._stopping = happening
                    self.daemon.stop("update")
            case Jump(_, shift_ms, lasts_ms, trusted):
                self.clock.set_wall(shift_ms)
                self.clock.trust = Trust.NTP if trusted else Trust.UNKNOWN
                self.after(lasts_ms, self._set_clock)
            case _:
                beside.happen(self, happening)

    def after(self, lasts_ms: int, ends: Callable[[], None]) -> None:
        """Lets it end once it has lasted so long."""
        self.inbox.later(self.clock.true_ms + lasts_ms, ends)

    def _trouble(self, kind: str, *, begins: bool) -> None:
        had = self.truth.mains
        if begins:
            if self.watch.running:  # dozing or not, it measured within the minute before
                self.parts.evidence.look(self.clock.now())
            self.truth.begins(kind)
        else:
            self.truth.ends(kind)
        if self.watch.running and self.truth.mains is not had and self.world.site.battery:
            self.daemon.report(MainsSeen(self.truth.mains))

    def _stopped(self) -> None:
        """The agent stopped in order; it is started again a little later."""
        stopping, self._stopping = self._stopping, None
        assert stopping is not None
        self.daemon.keeper.journal.close()
        self.tray.forget()
        self.inbox.forget()
        self.watch.dark("the agent is stopped in order")
        self.inbox.pass_until(self.clock.true_ms + stopping.dark_ms)
        self._start_again()

    # --- time ----------------------------------------------------------------------------------

    def live(self, until_ms: int | None = None, *, stops: bool = False) -> None:
        """Lets everything happen, until then or to the end of the last day; `stops`: or until
        something is wrong."""
        ends = self.world.days * 24 * HOUR_MS if until_ms is None else until_ms
        self.inbox.horizon_ms = ends
        spins = 0
        while self.clock.true_ms < ends and not (stops and self.watch.wrong):
            before_ms = self.clock.true_ms
            try:
                stopped = not self.daemon.turn()
            except PowerGone:
                self._dead, stopped = True, False
            if self._dead:
                self._stopping = None
                self._lose_power()
            elif stopped:
                self._cut = self._crossing = None
                self._stopped()
            self.watch.stepped()
            spins = spins + 1 if self.clock.true_ms == before_ms else 0
            if spins > MOST_SPINS:
                self.watch.finds("time goes on", f"{spins} turns at one instant")
                return

    def _doze_ms(self) -> int:
        """How long the agent may be left alone: never beyond what its plan names."""
        now, state = self.clock.now(), self.daemon.keeper.state
        fresh = self.clock.true_ms - self.watch.rostered_ms < ROSTER_MS
        if fresh or self.panel.resting == "out-of-order":
            return 0
        due_ms = [gate.due_ms(state, now) - now.mono_ms]
        for at_ms in (self.tray.due_ms(now), self.parts.keypad.due_ms(now)):
            if at_ms is not None:
                due_ms.append(at_ms - now.mono_ms)
        if not (state.ledger.waiting or state.ledger.flights):
            here = self.world.at(self.clock.true_ms)
            works = here.weekday() < 5 and DAY_BEGINS <= here.hour < DAY_ENDS
            due_ms.append(QUIET_MS if works else NIGHT_MS)
        elif self.clock.true_ms - self.watch.timeline.since[-1] < STEADY_MS:
            due_ms.append(self.parts.evidence.due_ms(now))
        return max(0, min(due_ms))


MOST_SPINS = 2_000
"""Turns of the loop without any time passing: more, and the agent would burn a real gate's core."""
QUIET_MS, NIGHT_MS = 9 * MINUTE_MS, 50 * MINUTE_MS
"""While all is well the agent looks this often: on a working day, what it measured never grows too
old; at night, and at weekends."""
DAY_BEGINS, DAY_ENDS = 5, 19
STEADY_MS = 30 * MINUTE_MS
"""A trouble that has lasted so long is looked at whenever the gate's own plan wakes it, every four
minutes, and no more each minute."""


class _Lamps(Shown):
    """The panel: lit lamps are what people go by, so that each is checked as it lights."""

    __slots__ = ("_play",)

    def __init__(self, play: Play) -> None:
        super().__init__(play.clock)
        self._play = play

    def show(self, pattern: Pattern) -> None:
        """Power may go just before it."""
        if self._play._dead:
            return
        self._play.crossed()
        self._play.watch.shown(pattern.name)

    def rest(self, pattern: Pattern) -> None:
        """What stands there while nobody taps: the operator sees it."""
        super().rest(pattern)
        if not self._play._dead:
            self._play.operator.sees(pattern.name)
