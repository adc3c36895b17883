"""The stage of a story: the pure core, the world around it as values, and a clock that jumps.

What a gate's shell does is done here at once and in one thread: calls fail or succeed as the scene
says, all layers are measured in rounds, and what is printed lies on paper. No file, no network.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from agent.core import gate
from agent.core.commands import Inquire, Measure, Print, Record, Reply, Send
from agent.core.delivery.registrations import VALIDATED, Answer, Receipt
from agent.core.events import (
    BurstEnded,
    ClockSet,
    Event,
    Failure,
    Gap,
    InquiryEnded,
    JournalMade,
    Measured,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment, Trust
from agent.core.outage import instructions
from agent.core.outage.measurements import Layer, Measurement, Value
from agent.core.paper.paper_events import PaperMoved
from agent.core.records import Entry, kind_of
from agent.core.records import Record as AnyRecord
from agent.core.roster import Roster
from agent.core.rules import Rules
from agent.core.state import State
from agent.sandbox.people import crew
from drivers.paper import JobDone, PrinterStatus

SECOND_MS = 1000
ANSWER_MS = 1 * SECOND_MS
MEASURING_MS = 2 * SECOND_MS
"""How long a call and a full measurement take here."""
ROUNDS_MS = ((900 * SECOND_MS, 30 * SECOND_MS), (3600 * SECOND_MS, 300 * SECOND_MS))
NIGHT_MS = 540 * SECOND_MS
"""Rounds of measuring: dense after something happened, then thinner, never so thin that what was
measured is forgotten in between."""
GAP_MS = 5 * SECOND_MS
"""Between two people of a queue."""

Scene = dict[tuple[Layer, str], Value]
_order = count()


@dataclass(slots=True)
class Stage:
    """`scene`: what measuring finds. `fails`: by channel, why a call does not come through;
    `answers`: channels that answer questions all the same."""

    rules: Rules
    scene: Scene
    unix_ms: int
    fails: dict[str, Failure] = field(default_factory=dict)
    answers: set[str] = field(default_factory=set)
    trust: Trust = Trust.NTP
    boot: int = 1
    booted_ms: int = 0
    people: int = 60
    state: State = field(init=False)
    entries: list[Entry] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    _due: list[tuple[int, int, Callable[[], Event]]] = field(default_factory=list)
    _happened_ms: int = 0
    _measured_ms: int = 0
    _tapped: int = 0
    _uids: list[str] = field(default_factory=list)

    def begin(self, past: Iterable[AnyRecord] = ()) -> None:
        """The gate is there, knows its past and its people, and starts."""
        self.booted_ms = self._happened_ms = self.unix_ms - 1000 * SECOND_MS
        self.state = State(self.rules)
        self.do(JournalMade(self.at, "story", "story", training=True))
        for record in past:
            entry = Entry(self.state.seq + 1, self.at, kind_of(record), record)
            self.entries.append(entry)
            self.state = gate.apply(self.state, entry)
        self.do(Started(self.at, "story"))
        people = crew(self.people, random.Random(1))
        self._uids = [person.uid for person in people]
        self.do(RosterOffered(self.at, Roster({p.uid: p.worker for p in people}), "story"))
        self._measure()

    @property
    def at(self) -> Moment:
        """Now."""
        mono_ms = self.unix_ms - self.booted_ms
        return Moment(self.unix_ms, mono_ms, f"boot-{self.boot}", self.trust)

    # --- what the story lets happen ----------------------------------------------------------

    def happen(self) -> None:
        """Something is about to happen: for a while it is looked at closely."""
        self._happened_ms = self.unix_ms

    def taps(self, many: int, *, again: bool = False) -> None:
        """So many people tap, one after the other: the next ones, or the first ones again."""
        first = 0 if again else self._tapped
        self._tapped = max(self._tapped, first + many)
        for uid in self._uids[first : first + many]:
            self.do(Tapped(self.at, "entrance", uid))
            self.run(self.unix_ms + GAP_MS)

    def clock(self, trust: Trust) -> None:
        """The clock is believed from now on, or no more."""
        self.trust = trust
        self.do(ClockSet(self.at, 0))

    def dark(self, until_ms: int, gap: Gap, trust: Trust) -> None:
        """The gate is dark until then, and starts again."""
        self._due.clear()
        self.unix_ms = until_ms
        self.boot += 1
        self.booted_ms = until_ms - 20 * SECOND_MS
        self.trust = trust
        self.happen()
        self.do(Started(self.at, "story", gap))
        self._measure()

    def now(self, firm: str = "") -> str:
        """The key of what people must do."""
        asked = instructions.now(self.state, self.at, firm)
        return asked.key if asked is not None else ""

    # --- time --------------------------------------------------------------------------------

    def run(self, until_ms: int) -> None:
        """Lets time pass until then, with all that falls due."""
        while True:
            due_ms = self.booted_ms + gate.due_ms(self.state, self.at)
            waits_ms = self._due[0][0] if self._due else until_ms
            round_ms = self._measured_ms + self._pace_ms()
            at_ms = min(max(self.unix_ms, min(due_ms, waits_ms, round_ms)), until_ms)
            if at_ms >= until_ms:
                self.unix_ms = until_ms
                return
            self.unix_ms = at_ms
            if self._due and waits_ms <= at_ms:
                self.do(heapq.heappop(self._due)[2]())
            elif round_ms <= at_ms:
                self._measure()
            else:
                self.do(TimePassed(self.at))

    def _pace_ms(self) -> int:
        calm_ms = self.unix_ms - self._happened_ms
        return next((pace for ends, pace in ROUNDS_MS if calm_ms < ends), NIGHT_MS)

    def _measure(self) -> None:
        self._measured_ms = self.unix_ms
        at = self.at
        seen = tuple(Measurement(at, v, of) for (_, of), v in self.scene.items())
        self.do(Measured(at, seen, whole=at))

    def _later(self, after_ms: int, event: Callable[[], Event]) -> None:
        heapq.heappush(self._due, (self.unix_ms + after_ms, next(_order), event))

    # --- what the shell does -----------------------------------------------------------------

    def do(self, event: Event) -> None:
        """One step of the core, and what it asks for."""
        before = self.state.seq
        self.state, commands = gate.step(self.state, event)
        records = [command.record for command in commands if isinstance(command, Record)]
        for seq, record in enumerate(records, before + 1):
            self.entries.append(Entry(seq, event.at, kind_of(record), record))
        for command in commands:
            match command:
                case Reply():
                    self.replies.append(command)
                case Send():
                    self._later(ANSWER_MS, lambda send=command: self._answer(send))  # type: ignore[misc]
                case Inquire():
                    self._later(ANSWER_MS, lambda inquire=command: self._asked(inquire))  # type: ignore[misc]
                case Measure():
                    self._measured_ms = min(
                        self._measured_ms, self.unix_ms + MEASURING_MS - self._pace_ms()
                    )
                case Print(job=job):
                    done = JobDone(1, 1, PrinterStatus.OK)
                    self._later(
                        ANSWER_MS,
                        lambda job=job, done=done: PaperMoved(self.at, job, 1, done),  # type: ignore[misc]
                    )

    def _asked(self, inquire: Inquire) -> InquiryEnded:
        """A question fails as a registration does, unless the story says otherwise."""
        failure = None if inquire.channel in self.answers else self.fails.get(inquire.channel)
        return InquiryEnded(self.at, inquire.inquiry, inquire.channel, failure=failure, jitter=0.99)

    def _answer(self, send: Send) -> BurstEnded:
        failure = self.fails.get(send.channel)
        if failure is not None:
            return BurstEnded(self.at, send.attempt, send.channel, failure=failure, jitter=0.99)
        # Validated at once, so that nothing is asked after it.
        answers = tuple(
            Answer(r.reference, Receipt(r.reference, VALIDATED)) for r in send.registrations
        )
        return BurstEnded(self.at, send.attempt, send.channel, answers)
