"""What must always hold (DOMAIN.md, 4 and 5), held against what truly happened, after every step.

The gate's own word counts for nothing here: what it journals is folded once more by rules of our
own (owing.py), lamps are what somebody saw, the services' ledger is the services' own, and what
failed when is the world's (timeline.py).
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from agent.core.commands import Command, Record
from agent.core.events import Event, RecordFailed, Tapped
from agent.core.moment import Moment, Trust
from agent.core.obligations import Outcome
from agent.core.outage.incident_records import IncidentOpened
from agent.core.paper.paper_events import ListAsked, ReferenceEntered
from agent.core.records import (
    ObligationOpened,
    RosterTaken,
    TapCounted,
    TapStored,
    Verdict,
)
from agent.core.records import Record as AnyRecord
from agent.core.state import State
from agent.journal.rows import rows
from agent.journal.verify import verify_rows
from agent.sandbox.tray import Sheet
from agent.sandbox.world.claims import Claims
from agent.sandbox.world.findings import Scribe, Wrong
from agent.sandbox.world.held_by_services import HeldByServices
from agent.sandbox.world.infrastructure import Infrastructure
from agent.sandbox.world.on_lists import OnLists, Whole
from agent.sandbox.world.owing import Owed, Owing
from agent.sandbox.world.reaching import Reaching
from agent.sandbox.world.restarting import Restarts
from agent.sandbox.world.seen import Seen
from agent.sandbox.world.timeline import Standing, Timeline, standing
from agent.sandbox.world.values import (
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    Happening,
    Tap,
    World,
)

if TYPE_CHECKING:
    from agent.sandbox.world.play import Play

AMBER, GREEN = "stored", "registered"
SETTLES_MS = HOUR_MS
"""After midnight: by then each obligation of the day that ended has its outcome."""
WARM_MS = 10 * MINUTE_MS
"""So long after a start nobody judges what the gate has not come to yet."""
ROSTER_MS = 30 * SECOND_MS
"""By then a roster that was put there is in force."""
MOST_WRONG = 20


class Watch:
    """Looks on. `wrong`: what it found; `coming`: whose badge is being held to the reader."""

    def __init__(self, world: World, truth: Infrastructure, now_ms: Callable[[], int]) -> None:
        self.world, self.truth = world, truth
        self.wrong: list[Wrong] = []
        self.coming: Tap | None = None
        self.running, self.reader, self.card_well = True, True, True
        self.rostered_ms = 0
        self.edited = self.spoilt = False
        """The roster file says something else than is true; it cannot be read for one at all."""
        self.counts = dict.fromkeys(("taps", "lit", "cuts", "days", "entries"), 0)
        self.outcomes = dict.fromkeys((str(outcome) for outcome in Outcome), 0)
        self.owing, self.timeline = Owing(), Timeline()
        self.told: Callable[[int, str], None] | None = None
        self.badges: dict[str, int] = {}
        self._now_ms = now_ms
        self._play: Play | None = None
        numbers = {p.worker.inss or p.worker.limosa for p in world.people}
        self.seen = Seen(world.seed, numbers, self.finds)
        self._restarts = Restarts(3 if world.long else 1, self.finds)
        self.claims = Claims(world, self.timeline, self.finds)
        self._tap_ms: dict[int, int] = {}
        self._loose: dict[int, Moment] = {}
        self._sure: tuple[int, bytes] = (0, b"")
        """The last entry that was durable; `_before`: when the gate went dark."""
        self._before = self._sure
        self._heard, self._dark_ms = 0, 0  # the last entry heard of; when the gate went dark
        self._last = ""  # what the last tap belongs to, also when its step began a day
        self._verified: tuple[int, bytes] = (0, bytes(32))
        self.services = HeldByServices(world.site, self.owing, self.finds)
        self.reaching = Reaching(world, self.timeline, self.services, self.finds)
        self.lists = OnLists(self.finds, self._whole)
        self._seen: tuple[int, bool, bool, bool] | None = None
        self._outages = False
        """Some began since the journal was last verified."""
        self._begun_ms, self._up_ms = round(world.starts.timestamp() * 1000), 0
        self._settled_ms = self._settles_ms(world.starts.date())
        self._scribe, self._level = Scribe(self), logging.NOTSET

    def begins(self, play: Play) -> None:
        """The site is there and the gate runs."""
        self._play = play
        self.services.ledger = play.offices.ledger
        self.started()
        log = logging.getLogger("agent")
        log.addHandler(self._scribe)
        self._level, log.propagate = log.level, False
        log.setLevel(logging.INFO)

    def over(self) -> None:
        """Nobody looks on any more."""
        log = logging.getLogger("agent")
        log.removeHandler(self._scribe)
        log.propagate = True
        log.setLevel(self._level)

    def finds(self, rule: str, text: str) -> None:
        """Something is wrong."""
        if len(self.wrong) < MOST_WRONG:
            self.wrong.append(Wrong(self._now_ms(), rule, text))

    def tells(self, text: str) -> None:
        """For the story in words."""
        if self.told is not None:
            self.told(self._now_ms(), text)

    # --- the gate's power ------------------------------------------------------------------------

    def dark(self, why: str) -> None:
        """The gate does not run from now on."""
        self.running, self.coming, self._before = False, None, self._sure
        self._dark_ms = self._now_ms()
        self.counts["cuts"] += 1
        self.tells(why)
        self.stands()

    def started(self) -> None:
        """It runs again: everything that was durable before must be there, just as it was."""
        self.running = True
        self._up_ms = self._now_ms()
        assert self._play is not None
        seq, seal = self._before
        if seq:
            with closing(self._reading()) as connection:
                found = connection.execute(
                    "SELECT seal FROM entry WHERE seq = ?", (seq,)
                ).fetchone()
            if found is None or found[0] != seal:
                self.finds("5.5 what was durable stays", f"entry {seq} is gone after a power cut")
        self._sure = self._play.daemon.keeper.journal.head
        self.stands()

    def _reading(self) -> sqlite3.Connection:
        assert self._play is not None
        name = self._play.disk.uri(self._play.folder / "journal.db")
        return sqlite3.connect(f"{name}&mode=ro", uri=True)

    # --- what happens ----------------------------------------------------------------------------

    def stands(self) -> None:
        """Notes how it stands in truth, when that changed."""
        if self._play is not None and abs(self._play.clock.off_ms) > MINUTE_MS:
            self.reaching.odd.add(self.world.day(self._now_ms()))
        trusted = self._play is None or self._play.clock.trust is not Trust.UNKNOWN
        seen = (self.truth.changes, self.running, trusted, self.card_well)
        if seen == self._seen:
            return
        self._seen = seen
        lines = tuple(line for line in self.world.site.lines if line != "cio")
        if not self.running:
            now = Standing.DARK
        else:
            now = standing(self.truth, lines, gate_well=self.card_well and trusted)
        self.timeline.note(self._now_ms(), now, frozenset(self.truth.failing))

    def happens(self, happening: Happening) -> None:
        """Something happens in the world."""
        if isinstance(happening, Tap):
            self.counts["taps"] += 1

    def heard(
        self, event: Event, commands: tuple[Command, ...], before: int, head: tuple[int, bytes]
    ) -> None:
        """A step was made durable: what it recorded, after entry `before`."""
        self.services.look()  # what they hold was sent before, by what was known then
        if 0 < self._heard < before:
            self._catches_up(before)
        seq = before
        for command in commands:
            if isinstance(command, Record):
                seq += 1
                self._record(seq, event, command.record)
        self._heard = seq
        self.lists.judged(self.owing.open.values(), self._waiting_taps(event.at))
        if seq > before:
            self._sure = head
        if isinstance(event, Tapped) or (
            isinstance(event, RecordFailed) and isinstance(event.cause, Tapped)
        ):
            self.coming = None
        self.claims.judged(self.owing, self._now_ms())

    def _catches_up(self, upto: int) -> None:
        """What was durable just before the power went, so that nobody could be told of it."""
        with closing(self._reading()) as connection:
            for row in rows(connection, self._heard, upto):
                record, tapped_ms = row.entry().record, self._dark_ms
                if isinstance(record, TapStored):
                    self._tap_ms[row.seq] = tapped_ms
                elif isinstance(record, ObligationOpened):
                    tapped_ms = self._tap_ms.get(record.tap, tapped_ms)
                if record is not None:
                    self.owing.hears(record, tapped_ms, self._dark_ms)
                    self.lists.hears(row.seq, record)

    def _record(self, seq: int, event: Event, record: AnyRecord) -> None:
        tapped_ms = self._now_ms()
        match record:
            case TapStored() as tap:
                self._tap_ms[seq] = tapped_ms
                self._tap(seq, event.at, tap)
            case ObligationOpened(tap=tap_seq):
                tapped_ms = self._tap_ms.get(tap_seq, tapped_ms)
                self._loose.pop(tap_seq, None)
                self._opened(record)
                if not event.at.trusted and _named(event) != record.day:
                    text = f"{record.reference}: for {record.day}, by a clock that nobody trusts"
                    self.finds("4. the day of the tap", text)
            case TapCounted(tap_seq):
                self._loose.pop(tap_seq, None)
            case IncidentOpened():
                self._outages = True
            case RosterTaken():
                self._rostered(seq, event.at)
        self.services.hears(record)
        self.owing.hears(record, tapped_ms, self._now_ms())
        self.lists.hears(seq, record)
        if self.told is not None:
            self.tells(f"{seq} {record!r}")

    def _whole(self) -> Whole:
        assert self._play is not None
        return self._play.tray.whole

    def _waiting_taps(self, now: Moment) -> int:
        """Of workers, since the gate was last switched on, that no day is known of."""
        return sum(at.boot_id == now.boot_id for at in self._loose.values())

    def _tray(self) -> Sequence[Sheet]:
        assert self._play is not None
        return self._play.tray.sheets

    def _rostered(self, seq: int, offered: Moment) -> None:
        """A roster came into force that was offered at that moment."""
        assert self._play is not None
        now = self._play.clock.now()
        fresh = offered.boot_id == now.boot_id and now.mono_ms - offered.mono_ms < SECOND_MS
        if self.spoilt and fresh:
            self.finds("a spoilt roster is refused", f"entry {seq}: it is in force")

    def _tap(self, seq: int, at: Moment, tap: TapStored) -> None:
        who, self._last = self.badges.get(tap.uid), tap.obligation
        settled = self._now_ms() - self.rostered_ms > ROSTER_MS and not self.edited
        strange = (who is not None) != (tap.verdict is Verdict.WORKER)
        if settled and strange and tap.verdict is not Verdict.UNUSABLE:
            text = f"entry {seq}: {tap.verdict}, held by {who}"
            self.finds("a badge leads to its worker", text)
        if tap.verdict is Verdict.WORKER and not tap.obligation:
            if at.trusted:
                self.finds("5.3 a tap obliges", f"entry {seq} of a worker obliges to nothing")
            self._loose[seq] = at

    def _opened(self, opened: ObligationOpened) -> None:
        self._of_its_day(opened)
        who = self.badges.get(opened.uid)
        settled = self._now_ms() - self.rostered_ms > ROSTER_MS and not self.edited
        if settled and who is not None:
            person = self.world.people[who].worker
            if person.identity != opened.person.identity:
                self.finds("a badge leads to its worker", f"{opened.reference} is for another one")

    def _of_its_day(self, opened: ObligationOpened) -> None:
        """What is owed is owed for the day of the tap, by the true clock, where ours is right."""
        assert self._play is not None
        tapped_ms = self._tap_ms.get(opened.tap)
        if tapped_ms is None or self._play.clock.off_ms or not opened.at.trusted:
            return
        about = {self.world.day(tapped_ms + shift) for shift in (-MINUTE_MS, MINUTE_MS)}
        if opened.day not in about:
            text = f"{opened.reference}: for {opened.day}, tapped on {self.world.day(tapped_ms)}"
            self.finds("4. the day of the tap", text)

    def shown(self, lamp: str) -> None:
        """A lamp lights: whoever stands there believes it."""
        if lamp == AMBER and self.coming is not None:
            self.finds("5.1 amber after it is durable", "amber before the tap was durable")
        if lamp in (AMBER, GREEN):
            self.counts["lit"] += 1
        if lamp == GREEN:
            self._green()

    def _green(self) -> None:
        assert self._play is not None
        reference = self._play.daemon.keeper.state.taps.last.get("entrance", self._last)
        owed = self.owing.all.get(reference)
        if owed is None:
            self.finds("5.1 green after a receipt", "green, and nothing was owed")
        elif not self.services.of(owed):
            self.finds("5.1 green after a receipt", f"{reference}: green, and no service has it")

    # --- the day ---------------------------------------------------------------------------------

    def stepped(self) -> None:
        """After every turn of the loop."""
        self.stands()
        self.services.look()
        now_ms = self._now_ms()
        if now_ms < self._settled_ms or not self.running or now_ms - self._up_ms <= WARM_MS:
            return
        assert self._play is not None
        state, now = self._play.daemon.keeper.state, self._play.clock.now()
        if now.trusted and self.card_well and state.rules.day(now) == self.world.day(now_ms):
            today = self.world.day(now_ms - SETTLES_MS)
            self._settled_ms = self._settles_ms(today)
            self._day_ended(today, state, now)

    def _settles_ms(self, day: dt.date) -> int:
        """When all of that day is settled."""
        return self.world.ms(day + dt.timedelta(days=1)) + SETTLES_MS

    def _day_ended(self, today: dt.date, state: State, now: Moment) -> None:
        self.counts["days"] += 1
        for owed in self.owing.over(today):
            self._settled(owed, state)
        for seq, at in self._loose.items():
            if at.boot_id == now.boot_id:
                self.finds("5.3 a tap obliges", f"entry {seq} still waits for its day")
        self._loose.clear()
        self.lists.over(today - dt.timedelta(days=3))
        self.verify()
        assert self._play is not None
        self._restarts.look(self._play.daemon.keeper)
        self.seen.came_out(self._tray())
        self.seen.looked_at(state, now)

    def _settled(self, owed: Owed, state: State) -> None:
        outcome, known = owed.outcome, state.ledger.of(owed.reference)
        self.outcomes[str(outcome)] = self.outcomes.get(str(outcome), 0) + 1
        if outcome is None:
            self.finds("5.3 one outcome", f"{owed.reference} of {owed.day} has none")
        if known is not None and known.outcome is not outcome:
            text = f"{owed.reference}: {known.outcome} in the state, {outcome} by its records"
            self.finds("5.3 one outcome", text)
        self.lists.proved(owed)
        self.reaching.settled(owed)
        there = self.services.of(owed)
        if outcome is Outcome.REGISTERED and not there:
            self.finds("5.3 one outcome", f"{owed.reference}: registered, and no service has it")
        own = [e for e in there if e.submitted.reference == owed.reference]
        stands = any(not e.duplicate and not self.services.cancelled(e) for e in own)
        if outcome is Outcome.CANCELLED and stands and not owed.unsure:
            self.finds("4. cancelled", f"{owed.reference}: cancelled, and it stands")
        if owed.taken_back and outcome is Outcome.REGISTERED:
            self.finds("4. cancelled", f"{owed.reference}: came back, and nobody was told")
        wanted = owed.unsure or outcome in (Outcome.REGISTERED, Outcome.CANCELLED)
        if own and not wanted:
            text = f"{owed.reference}: {outcome}, nothing said in doubt, and the service has it"
            self.finds("5.3 one outcome", text)

    def ends(self) -> None:
        """The world is over."""
        self.claims.over(self._now_ms())
        self.verify()

    def verify(self) -> None:
        """What was written since the last time follows on it without a break; the outages in it
        are told as their reports tell them."""
        with closing(self._reading()) as connection:
            if self._outages:
                self._outages = False
                written = (row.entry() for row in rows(connection, self._verified[0]))
                self.seen.reported(written, self._now_ms() + self._begun_ms)
            found = verify_rows("journal", rows(connection, self._verified[0]), (), self._verified)
            last = connection.execute("SELECT max(seq) FROM entry").fetchone()[0]
        for finding in found.findings:
            self.finds("5.5 the journal verifies", str(finding))
        self.counts["entries"] = last
        self._verified = (last, found.head)


def _named(event: Event) -> dt.date | None:
    """Which day a person said it is, whose clock nobody trusts, to whoever made a list."""
    return event.day if isinstance(event, ReferenceEntered | ListAsked) else None
