"""The agent at work: one loop that hears events, lets the core decide, and carries it out.

Nothing in here decides. One thread runs `turn` over and over; it alone writes the journal. What
takes longer than 10 ms is a job on another thread, and what it finds comes back as an event.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from agent import __version__
from agent.channels.delivery import Delivery
from agent.core import gate
from agent.core.commands import (
    AskForExport,
    CheckCode,
    Command,
    DropPrint,
    Inquire,
    Measure,
    Print,
    PrintSlip,
    ReadyPrinter,
    Record,
    Reply,
    Send,
    Show,
)
from agent.core.events import (
    BurstEnded,
    CardsClashed,
    ClockSet,
    DeviceCame,
    DeviceWent,
    Event,
    InquiryEnded,
    Measured,
    RecordFailed,
    Started,
    Stopping,
    Tapped,
    TimePassed,
    WritingResumed,
)
from agent.core.journal_events import CheckpointAsked, DamagedErasureAsked
from agent.core.moment import Moment
from agent.core.outage.measurements import MAINS_SENSOR
from agent.core.paper.dialogue import KEYPAD
from agent.core.paper.paper_events import CodeChecked, KeyTyped
from agent.core.records import described
from agent.core.refusals import Refused
from agent.core.signals import SIGNALS, Signal
from agent.evidence_watch import EvidenceWatch
from agent.export.wish import StickWish
from agent.journal.beat import EVERY_MS as BEAT_MS
from agent.journal.beat import Beat, darkness
from agent.journal.fault import JournalError, RecordUnwritable
from agent.journal.keeper import Keeper
from agent.paper.keypad import Keypad
from agent.paper.printing import Printing
from agent.roster.watch import RosterWatch
from agent.seams import Clock, Inbox, Work
from drivers.base import (
    BadgeSeen,
    DeviceBack,
    DeviceError,
    DeviceGone,
    KeyPressed,
    MainsSeen,
    Panel,
    Report,
    SeveralCards,
)

LONGEST_WAIT_MS = 30_000
"""The clock is looked at this often at least, for a jump or a change of trust; and so often the
loop turns for who watches it."""
CLOCK_TOLERANCE_MS = 2_000
"""More than this between two looks is a clock that was set, not one that is slewed."""
RETRY_WRITING_MS = 5_000
"""How often a journal that could not be written is tried again."""
ANSWER_WAIT_S = 30.0
"""How long a person's question may wait for the loop."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a gate is made of; `agent/assembly.py` chooses them on a gate, the tests elsewhere."""

    keeper: Keeper
    clock: Clock
    inbox: Inbox[Event]
    work: Work
    panel: Panel
    delivery: Delivery
    roster: RosterWatch
    evidence: EvidenceWatch
    keypad: Keypad
    printing: Printing
    sticks: StickWish


class Daemon:
    """Holds the parts together and turns."""

    def __init__(self, parts: Parts) -> None:
        self.keeper = parts.keeper
        self.clock = parts.clock
        self.inbox = parts.inbox
        self._work = parts.work
        self._panel = parts.panel
        self._delivery = parts.delivery
        self._roster = parts.roster
        self._evidence = parts.evidence
        self._keypad = parts.keypad
        self._printing = parts.printing
        self._sticks = parts.sticks
        self._seen = parts.clock.now()
        self._rests: Signal | None = None
        self._fault: _Fault | None = None
        self._replies: dict[int, queue.SimpleQueue[Reply]] = {}
        self._asked = 0
        self._beats_ms = 0

    # --- heard from other threads --------------------------------------------------------------

    def report(self, report: Report) -> None:
        """Takes what a device reports, from its thread; the moment is now."""
        at = self.clock.now()
        match report:
            case BadgeSeen(reader, uid, direction):
                self.inbox.put(Tapped(at, reader, uid, direction.value))
            case SeveralCards(reader):
                self.inbox.put(CardsClashed(at, reader))
            case MainsSeen(present):
                self._evidence.mains(present, at)
            case KeyPressed(keypad, key):
                self.inbox.put(KeyTyped(at, keypad, key))
            case DeviceGone(device, cause, hint, kind):
                if device == MAINS_SENSOR:
                    self._evidence.mains(None, at)
                self.inbox.put(DeviceWent(at, device, cause, hint, kind))
            case DeviceBack(device):
                self.inbox.put(DeviceCame(at, device))

    @property
    def looked(self) -> Moment:
        """When the loop last turned; from any thread."""
        return self._seen

    @property
    def writes(self) -> bool:
        """False while the journal cannot be written; from any thread."""
        return self._fault is None

    def stop(self, reason: str) -> None:
        """Asks the loop to end; also from a signal handler."""
        self.inbox.put(Stopping(self.clock.now(), reason))

    def decide(self, event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        """What the loop answers to a person's request: done or not, in words, and why. Waits."""
        self._asked += 1
        asked = self._asked
        answer: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._replies[asked] = answer
        self.inbox.put(event_for(asked))
        try:
            reply = answer.get(timeout=ANSWER_WAIT_S)
        except queue.Empty:
            text = "the agent did not answer in time; see its log, then try again"
            return False, text, Refused.NO_ANSWER
        finally:
            self._replies.pop(asked, None)
        return reply.done, reply.text, reply.why

    # --- the loop -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begins: from here on `turn` may be called. Raises JournalError."""
        now = self.clock.now()
        gap = darkness(self.keeper.journal.last_beat(), now)
        self._carry_out(self.keeper.do(Started(now, __version__, gap)))
        self._beat(now)

    def turn(self) -> bool:
        """Waits for one event and deals with it; False once the gate is to stop."""
        now = self.clock.now()
        self._look_at_clock(now)
        self._roster.look(now)
        self._evidence.look(now)
        if now.mono_ms >= self._beats_ms:
            self._beat(now)
        self._printing.look(now)
        self._rest(now)
        event = self.inbox.take(self._patience_ms(now) / 1000)
        if event is None:
            event = self._in_peace()
        self._handle(event)
        if isinstance(event, Stopping):
            self._beat(event.at, orderly=True)
            return False
        return True

    def _beat(self, now: Moment, *, orderly: bool = False) -> None:
        """Leaves a sign of life; a journal that cannot be written is told of by what it refuses."""
        self._beats_ms = now.mono_ms + BEAT_MS
        with contextlib.suppress(JournalError):
            self.keeper.journal.beat(Beat(now, self._evidence.mains_seen, orderly))

    def _patience_ms(self, now: Moment) -> int:
        wait = min(gate.due_ms(self.keeper.state, now) - now.mono_ms, LONGEST_WAIT_MS)
        if self._fault:  # what is due cannot be recorded, and stays due until the next try
            wait = RETRY_WRITING_MS
        for due_ms in (self._printing.due_ms(now), self._keypad.due_ms(now)):
            wait = wait if due_ms is None else min(wait, due_ms - now.mono_ms)
        watched = min(self._roster.due_ms(now), self._evidence.due_ms(now))
        return min(wait, watched, max(0, self._beats_ms - now.mono_ms))

    def _in_peace(self) -> Event:
        now, fault = self.clock.now(), self._fault
        if fault is None:
            return TimePassed(now)
        return WritingResumed(now, fault.since, fault.reason, fault.refused)

    def _look_at_clock(self, now: Moment) -> None:
        before, self._seen = self._seen, now
        shift_ms = (now.unix_ms - now.mono_ms) - (before.unix_ms - before.mono_ms)
        if abs(shift_ms) > CLOCK_TOLERANCE_MS or now.trust is not before.trust:
            self._handle(ClockSet(now, shift_ms))

    def _rest(self, now: Moment) -> None:
        signal = Signal.OUT_OF_ORDER if self._fault else gate.standing(self.keeper.state, now)
        if signal is not self._rests:
            self._rests = signal
            self._on_panel(partial(self._panel.rest, SIGNALS[signal].pattern))

    def _handle(self, event: Event) -> None:
        match event:
            case BurstEnded(failure=None, channel=channel):
                self._evidence.delivered(channel, event.at)
            case BurstEnded():
                self._evidence.failed(event.at)
        try:
            commands = self.keeper.do(event)
        except RecordUnwritable as error:
            self._refused(event, error)
            return
        except JournalError as error:
            self._not_recorded(event, error)
            self._at_the_keypad(TimePassed(event.at))  # whoever left it is waited for no longer
            return
        if self._fault is not None and any(isinstance(c, Record) for c in commands):
            self._writes_again()
        self._carry_out(commands)
        self._at_the_keypad(event)

    def _at_the_keypad(self, event: Event) -> None:
        for said in self._keypad.hear(self.keeper.state, event):
            if isinstance(said, Command):
                self._carry_out((said,))
            else:
                self._handle(said)

    def _not_recorded(self, event: Event, error: JournalError) -> None:
        """Nothing happened: a tap is refused, the rest is kept until it can be recorded."""
        if self._fault is None:
            log.error("%s; to do: %s", error, error.hint)
            own = f"journal {self.keeper.journal.name}: "  # which it is, the entry itself says
            self._fault = _Fault(event.at, str(error).removeprefix(own))
        match event:
            case Tapped():
                self._fault.refused += 1
            case TimePassed() | WritingResumed() | Stopping() | Measured():
                pass
            case KeyTyped() | CodeChecked() | CheckpointAsked() | DamagedErasureAsked():
                pass  # who asked was told no, and does the rest only after a yes
            case _ if getattr(event, "asked", 0) == KEYPAD:
                pass  # whoever heard that it is refused types it again
            case _:
                self._fault.undone.append(event)
        self._refused(event, error)

    def _refused(self, event: Event, error: JournalError) -> None:
        """Says that nothing happened, to whoever waits at the reader or asked."""
        if self._fault is None:
            log.error("%s; to do: %s", error, error.hint)
        self._carry_out(self.keeper.do(RecordFailed(self.clock.now(), event, str(error))))
        asked = getattr(event, "asked", 0)
        if asked:
            text = f"{error}; to do: {error.hint}"
            self._reply(Reply(asked, False, text, Refused.NOT_WRITTEN))

    def _writes_again(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            log.info("the journal is written again; %d tap(s) were refused", fault.refused)
            for event in fault.undone:
                self.inbox.put(event)

    # --- carrying out ---------------------------------------------------------------------------

    def _carry_out(self, commands: Iterable[Command]) -> None:
        """Shows first and logs last: somebody stands in the rain."""
        for command in commands:
            match command:
                case Show(signal):
                    self._on_panel(partial(self._panel.show, SIGNALS[signal].pattern))
                case Send(channel=channel):
                    self._work.start(channel, partial(self._send, command))
                case Inquire(channel=channel):
                    self._work.start(channel, partial(self._inquire, command))
                case Reply():
                    self._reply(command)
                case Measure():
                    self._evidence.measure(self.clock.now())
                case CheckCode():
                    self._keypad.check(command)
                case ReadyPrinter():
                    self._printing.ready()
                case Print():
                    self._printing.print(command)
                case DropPrint(job):
                    self._printing.drop(job)
                case PrintSlip():
                    self._printing.slip(command)
                case AskForExport():
                    self._sticks.ask()
        for command in commands:
            if isinstance(command, Record):
                log.info("%s", described(command.record))

    def _send(self, send: Send) -> None:
        self._answered(send.channel, self._delivery.burst(send))

    def _inquire(self, inquire: Inquire) -> None:
        self._answered(inquire.channel, self._delivery.inquire(inquire))

    def _answered(self, channel: str, ended: BurstEnded | InquiryEnded | None) -> None:
        if ended is None:
            return
        ticket = ended.failure.ticket if ended.failure is not None else ended.ticket
        heard = self.clock.heard(channel, ticket.server_date)
        self.inbox.put(ended)
        if heard is not None:
            self.inbox.put(heard)

    def _reply(self, reply: Reply) -> None:
        if reply.asked == KEYPAD:
            signal = Signal.ENTRY_TAKEN if reply.done else Signal.ENTRY_REFUSED
            log.info("keypad: %s", reply.text)
            self._on_panel(partial(self._panel.show, SIGNALS[signal].pattern))
            return
        waiting = self._replies.get(reply.asked)
        if waiting is not None:
            waiting.put(reply)

    def _on_panel(self, act: Callable[[], None]) -> None:
        """A broken lamp is told, and never stops the gate."""
        try:
            act()
        except DeviceError as error:
            if "panel" not in self.keeper.state.broken:
                went = ("panel", str(error), error.hint, type(error).__name__)
                self.inbox.put(DeviceWent(self.clock.now(), *went))


@dataclass(slots=True)
class _Fault:
    """The journal cannot be written: since when, why, and what waits for it."""

    since: Moment
    reason: str
    refused: int = 0
    undone: list[Event] = field(default_factory=list)
