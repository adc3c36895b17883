"""A printer of a simulated gate, on virtual time: it prints parts, and runs out of paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.commands import Print, PrintSlip
from agent.core.events import Event
from agent.core.moment import Moment
from agent.core.paper.attendance_list import PEOPLE_A_PAGE
from agent.core.paper.paper_events import PaperMoved, SlipKind
from agent.core.paper.paper_records import Paper
from agent.sandbox.virtual import VirtualClock, VirtualInbox
from drivers.paper import JobDone, PartDone, PartStarted, PrinterStatus

PART_MS = 2_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """What came out: part `part` of a job. `marked`: it says that it is a duplicate."""

    job: int
    part: int
    marked: bool


class Tray:
    """Implements `agent.paper.printing.Printing`. `roll`: how many parts of paper are left; `rest`:
    and a bit more, so that the part after them begins and tears off in its middle. `mute`: it takes
    what it is sent and says nothing. `whole`: what came out whole, by job and part."""

    def __init__(self, clock: VirtualClock, inbox: VirtualInbox[Event]) -> None:
        self.roll = 1_000
        self.rest = False
        self.mute = False
        self.whole: set[tuple[int, int]] = set()
        self.sheets: list[Sheet] = []
        self.slips: list[SlipKind] = []
        self._clock = clock
        self._inbox = inbox
        self._queue: list[tuple[int, Print]] = []
        self._busy = False
        self._boot = ""
        self._dropped: set[int] = set()
        self._process = 0
        """Which process prints: nobody hears of what an earlier one had sent."""

    def ready(self) -> None:
        """It always is."""

    def slip(self, order: PrintSlip) -> None:
        """Comes out at once."""
        self.slips.append(order.slip)

    def print(self, order: Print) -> None:
        """Queues it."""
        self._queue = [(at, other) for at, other in self._queue if other.job != order.job]
        self._queue.append((self._clock.now().mono_ms + order.after_ms, order))

    def drop(self, job: int) -> None:
        """What is on its way of it stops after the part that is in the printer."""
        self._queue = [(at, order) for at, order in self._queue if order.job != job]
        self._dropped.add(job)

    def look(self, now: Moment) -> None:
        """Begins what is due."""
        if now.boot_id != self._boot:  # the printer lost power with the gate
            self._boot, self._busy = now.boot_id, False
        due = next((d for d in self._queue if d[0] <= now.mono_ms), None)
        if due is not None and not self._busy:
            self._queue.remove(due)
            self._busy = True
            self._go_on(due[1], due[1].certain, self._process)

    def due_ms(self, now: Moment) -> int | None:
        """When the next order is due."""
        return None if self._busy else min((at for at, _ in self._queue), default=None)

    def close(self) -> None:
        """Nothing to do."""

    def forget(self) -> None:
        """The agent is gone, or the gate lost power: so is what it had ordered."""
        self._queue.clear()
        self._dropped.clear()
        self._busy = False
        self._process += 1

    def _go_on(self, order: Print, done: int, process: int) -> None:
        """The part after `done`, unless all are or the roll is empty."""
        parts = _parts(order)
        sent = max(done, min(order.sent, parts))
        if order.job in self._dropped:
            self._busy = False
        elif done == parts:
            self._say(order, parts, self._ended(order, parts))
            self._busy = False
        elif self.mute and not self.roll:
            self._begins(order, done + 1)
            self._later(lambda: self._printed(order, done + 1, process, whole=False))
        elif not self.roll:
            if self.rest:
                self.rest, sent = False, max(sent, done + 1)
                self._begins(order, done + 1)
            out = JobDone(done, sent, PrinterStatus.PAPER_OUT, "no paper", "put in a new roll")
            self._say(order, parts, out)
            self._busy = False
        else:
            self.roll -= 1
            self._begins(order, done + 1)
            self._later(lambda: self._printed(order, done + 1, process))

    def _ended(self, order: Print, parts: int) -> JobDone:
        if self.mute:
            silent = PrinterStatus.UNKNOWN, "the printer does not answer", "look what came out"
            return JobDone(order.certain, parts, *silent)
        return JobDone(parts, parts, PrinterStatus.OK)

    def _begins(self, order: Print, part: int) -> None:
        self._say(order, _parts(order), PartStarted(part))
        self.sheets.append(Sheet(order.job, part, part <= order.sent))

    def _printed(self, order: Print, part: int, process: int, *, whole: bool = True) -> None:
        if whole:
            self.whole.add((order.job, part))
        if process == self._process:
            status = PrinterStatus.UNKNOWN if self.mute else PrinterStatus.OK
            self._say(order, _parts(order), PartDone(part, not self.mute, status))
            self._go_on(order, part, process)

    def _later(self, happening: Callable[[], None]) -> None:
        """What the printer was sent comes out, unless it loses its power with the gate."""
        boot = self._clock.now().boot_id

        def if_still_on() -> None:
            if self._clock.now().boot_id == boot:
                happening()

        self._inbox.later(self._clock.true_ms + PART_MS, if_still_on)

    def _say(self, order: Print, parts: int, event: PartStarted | PartDone | JobDone) -> None:
        self._inbox.put(PaperMoved(self._clock.now(), order.job, parts, event))


def _parts(order: Print) -> int:
    if order.paper is Paper.COMPLETION:
        return 1
    entries = len(order.sheet.rows) + order.sheet.made.lines_to_fill_in
    return max(1, -(-entries // PEOPLE_A_PAGE))


if TYPE_CHECKING:
    from agent.paper.printing import Printing

    def _implements(tray: Tray) -> Printing:
        return tray
