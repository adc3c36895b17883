"""Carries out what the gate wants printed: one job at a time, each in a child process.

The process is warm from the moment on that somebody opens the dialogue, so that the first byte is
out soon after the second `#`; python-escpos never comes into the agent. What a job reports goes to
the loop as events; what it leads to, the core decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from agent.core.commands import Print, PrintSlip
from agent.core.events import Event, TimePassed
from agent.core.moment import Moment
from agent.core.paper.paper_events import PaperMoved
from agent.core.paper.print_jobs import EVERY_PART
from agent.core.state import State
from agent.paper.documents import Documents
from agent.seams import Clock, Work
from drivers.base import DeviceError
from drivers.paper import (
    Document,
    JobDone,
    PrinterReady,
    PrinterSettings,
    PrinterStatus,
    PrintEvent,
    PrintRequest,
)
from drivers.print_job import PrintJob

WARM_MS = 120_000
"""So long a process is kept warm for a job that does not come."""
RETRY_MS = 5_000
"""How often a slip is tried again."""
SLIP_TRIES = 60
"""A slip that is five minutes late helps nobody any more."""
UNMADE_HINT = "see the agent's log and call support; write the list by hand meanwhile"
NO_PRINTER = JobDone(
    0,
    0,
    PrinterStatus.UNKNOWN,
    "no printer is configured",
    "print it elsewhere (werfpoort list --pdf FILE), then say so: werfpoort fallback printed",
)

log = logging.getLogger(__name__)


class Printing(Protocol):
    """What the loop asks of it; every call returns at once."""

    def ready(self) -> None:
        """Somebody may print soon."""
        ...

    def print(self, order: Print) -> None:
        """Prints this when its turn and its time come; in place of an earlier order for its job."""
        ...

    def drop(self, job: int) -> None:
        """Prints nothing more of this job."""
        ...

    def slip(self, order: PrintSlip) -> None:
        """Prints this slip when its turn comes."""
        ...

    def look(self, now: Moment) -> None:
        """Begins what is due."""
        ...

    def due_ms(self, now: Moment) -> int | None:
        """Monotonic time in ms at which it wants to look again; None while nothing is to do."""
        ...

    def close(self) -> None:
        """Ends what is running; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class _Slip:
    order: PrintSlip
    tries: int = SLIP_TRIES


@dataclass(frozen=True, slots=True)
class _Due:
    at_ms: int
    what: Print | _Slip


class ChildPrinting:
    """Prints by `drivers/print_job.py`. Called by the loop alone, except where it says so."""

    def __init__(
        self,
        settings: PrinterSettings | None,
        documents: Documents,
        state: Callable[[], State],
        seams: tuple[Clock, Work],
        report: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._state = state
        self._clock, self._work = seams
        self._report = report
        self._queue: list[_Due] = []
        self._running: _Process | None = None
        self._warm: _Process | None = None
        self._warm_until_ms = 0
        self._left = False
        """Whether something of the last job may still be in the printer."""

    def ready(self) -> None:
        """Lets a process get warm, unless one is."""
        if self._settings is not None and self._warm is None:
            self._warm = self._started()
            self._warm_until_ms = self._clock.now().mono_ms + WARM_MS

    def print(self, order: Print) -> None:
        """Queues it."""
        self._queue = [d for d in self._queue if not _of_job(d.what, order.job)]
        self._queue.append(_Due(self._clock.now().mono_ms + order.after_ms, order))

    def drop(self, job: int) -> None:
        """Takes it out of the queue, or kills the process that prints it."""
        self._queue = [d for d in self._queue if not _of_job(d.what, job)]
        running = self._running
        if running is not None and _of_job(running.what, job):
            self._running, self._left = None, True
            self._work.start("printing ends", running.close)

    def slip(self, order: PrintSlip) -> None:
        """Queues it, unless it waits already."""
        waiting = [d.what.order.slip for d in self._queue if isinstance(d.what, _Slip)]
        if self._settings is not None and order.slip not in waiting:
            self._queue.append(_Due(self._clock.now().mono_ms, _Slip(order)))

    def look(self, now: Moment) -> None:
        """Begins what is due, when nothing is being printed."""
        if self._running is not None and self._running.over:
            self._after(self._running)
            self._running = None
        if self._warm is not None and now.mono_ms >= self._warm_until_ms:
            self._warm.close()
            self._warm = None
        if self._running is None:
            due = next((d for d in self._queue if d.at_ms <= now.mono_ms), None)
            if due is not None:
                self._queue.remove(due)
                self._begin(due.what)

    def due_ms(self, now: Moment) -> int | None:
        """When the next order is due; at once when a job has ended."""
        if self._running is not None:
            return now.mono_ms if self._running.over else None
        times = [due.at_ms for due in self._queue]
        if self._warm is not None:
            times.append(self._warm_until_ms)
        return min(times, default=None)

    def close(self) -> None:
        """Kills what is running; the journal knows how far it was."""
        for job in (self._warm, self._running):
            if job is not None:
                job.close()

    # --- one job -----------------------------------------------------------------------------

    def _begin(self, what: Print | _Slip) -> None:
        if self._settings is None:
            if isinstance(what, Print) and not what.after_ms:  # told once
                self._report(PaperMoved(self._clock.now(), what.job, 1, NO_PRINTER))
            return
        job, self._warm = self._warm or self._started(), None
        if job is None:
            again = self._clock.now().mono_ms + RETRY_MS
            self._queue.append(_Due(again, what))
            return
        job.what, job.left = what, self._left
        self._running = job
        self._work.start("printing", partial(self._hand_over, job, what))

    def _started(self) -> _Process | None:
        assert self._settings is not None
        try:
            return _Process(self._settings, self._clock, self._report)
        except DeviceError as error:
            log.error("%s; to do: %s", error, error.hint)
            return None

    def _hand_over(self, job: _Process, what: Print | _Slip) -> None:
        """Makes the document, on a thread of its own, and lets the process print it."""
        try:
            document = self._document(what)
        except Exception as error:  # one document that cannot be made must not stop the others
            log.exception("printing: a document could not be made")
            job.fail(f"the document could not be made ({type(error).__name__}: {error})")
            return
        if document is None:
            job.give_up()
        else:
            job.start(document)

    def _document(self, what: Print | _Slip) -> Document | None:
        state, now = self._state(), self._clock.now()
        if isinstance(what, _Slip):
            return self._documents.slip(what.order, state, now)
        return self._documents.ordered(what, state, now)

    def _after(self, job: _Process) -> None:
        """Lets the process go; a slip that did not come out is tried again."""
        what, ended = job.what, job.ended
        if ended is not None:
            self._left = ended.certain < ended.sent
        self._work.start("printing ends", job.close)
        if isinstance(what, _Slip) and ended is not None and ended.problem:
            log.warning("slip %s: %s; to do: %s", what.order.slip, ended.problem, ended.hint)
            if what.tries and (ended.status.blocks or not ended.sent):
                again = self._clock.now().mono_ms + RETRY_MS
                self._queue.append(_Due(again, replace(what, tries=what.tries - 1)))


class _Process:
    """A printing process with what it prints, from warm to over."""

    def __init__(
        self, settings: PrinterSettings, clock: Clock, report: Callable[[Event], None]
    ) -> None:
        self.what: Print | _Slip | None = None
        self.left = False
        self.over = False
        self.ended: JobDone | None = None
        self._clock = clock
        self._report = report
        self._parts = 0
        self._job = PrintJob(settings, self._heard)

    def start(self, document: Document) -> None:
        """Hands the job over."""
        self._parts = len(document.parts)
        certain, sent = (
            (self.what.certain, self.what.sent) if isinstance(self.what, Print) else (0, 0)
        )
        self._job.start(PrintRequest(document, certain, min(sent, self._parts), self.left))

    def give_up(self) -> None:
        """There is nothing to print after all."""
        self.over = True
        self._report(TimePassed(self._clock.now()))

    def fail(self, problem: str) -> None:
        """There is nothing to print yet: whoever waits for it is told."""
        if not isinstance(self.what, Print):
            self.give_up()
            return
        self._parts = EVERY_PART  # nobody knows how many: more than were ever printed
        certain, sent = self.what.certain, self.what.sent
        sent = certain if sent >= EVERY_PART else sent  # of a copy nothing is known to be sent
        self._heard(JobDone(certain, sent, PrinterStatus.UNKNOWN, problem, UNMADE_HINT))

    def close(self) -> None:
        """Ends the process."""
        self._job.close()

    def _heard(self, event: PrintEvent) -> None:
        """Tells the loop; on a thread of the job."""
        if isinstance(event, JobDone):
            self.ended, self.over = event, True
        now = self._clock.now()
        if isinstance(self.what, Print) and not isinstance(event, PrinterReady):
            self._report(PaperMoved(now, self.what.job, self._parts, event))
        elif self.over:
            self._report(TimePassed(now))


def _of_job(what: Print | _Slip | None, job: int) -> bool:
    return isinstance(what, Print) and what.job == job
