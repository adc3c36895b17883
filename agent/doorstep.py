"""What stands at the gate until its daemon does: it hears the devices, and refuses badges for as
long as the journal cannot be written.

A disk that is full or read-only at the start must not leave people before dark lamps: they are red,
every badge is refused with the signal for it, and the journal is tried again until a person has
made room. Who comes while the journal is merely being read is heard by the daemon a moment later.
"""

from __future__ import annotations

import logging
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from agent.control import Answer, ControlServer, Question
from agent.core.events import WritingResumed
from agent.core.moment import Moment
from agent.core.signals import SIGNALS, Signal
from agent.daemon import Daemon
from agent.journal.fault import JournalUnwritable
from agent.seams import Clock
from drivers.base import (
    BadgeSeen,
    DeviceBack,
    DeviceError,
    DeviceGone,
    MainsSeen,
    Panel,
    Pattern,
    Report,
    SeveralCards,
)

RETRY_S = 2.0
"""How often a journal that could not be opened is tried again."""
PROBE_BYTES = 1 << 20
"""Must fit before it is: opening takes a log, its index and what an update adds, 100 KiB or so.
Reserved and not written, so that a full card is not worn by asking."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Stoppable(Protocol):
    """What a service manager's signal stops: the daemon, or what stands there before it."""

    def stop(self, reason: str) -> None:
        """Asks it to end; from any thread."""
        ...


class ToldToStop(Exception):
    """The journal could not be opened yet, and nobody waits for it any longer."""


@dataclass(slots=True)
class _Closed:
    """Why nobody gets in, since when, and how many were refused."""

    since: Moment
    why: JournalUnwritable
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Told:
    reason: str


class Doorstep:
    """Between the devices and a daemon that is not there yet. `began` is told, with what stands,
    once badges are refused; `turned` whenever it still lives. `shows` opens what people look at
    meanwhile, given a question for what is wrong and what to do, and returns what closes it.
    """

    def __init__(
        self,
        panel: Panel,
        clock: Clock,
        places: tuple[Path, Path],
        began: Callable[[Stoppable, str], None],
        turned: Callable[[], None],
        shows: Callable[[Callable[[], tuple[str, str]]], Callable[[], None]],
    ) -> None:
        """`places`: the journal's folder, and the control socket."""
        self._panel, self._clock = panel, clock
        self._folder, self._socket = places
        self._began, self._turned, self._shows = began, turned, shows
        self._heard: queue.SimpleQueue[Report | _Told] = queue.SimpleQueue()
        self._kept: dict[tuple[type[Report], str], Report] = {}
        """The last word on each device, for the daemon."""
        self._daemon: Daemon | None = None
        self._handing = threading.Lock()
        self._closed: _Closed | None = None
        self._asked: list[Callable[[], None]] = []
        """What ends each way in by which people are answered."""

    def report(self, report: Report) -> None:
        """Takes what a device reports, from its thread."""
        with self._handing:
            if self._daemon is None:
                self._heard.put(report)
                return
        self._daemon.report(report)

    def stop(self, reason: str) -> None:
        """Ends the waiting; also from a signal handler."""
        self._heard.put(_Told(reason))

    def patient(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, once the journal can be written. Raises ToldToStop, and what
        `attempt` raises but JournalUnwritable.
        """
        while True:
            try:
                return attempt()
            except JournalUnwritable as error:
                self._shut(error)
            self._refuse()
            while not self._writable():
                self._refuse()

    def close(self) -> None:
        """Answers no more questions."""
        while self._asked:
            self._asked.pop()()

    def hand_over(self, daemon: Daemon) -> None:
        """From here on the daemon hears what is reported; first what it missed."""
        self.close()
        closed = self._closed
        if closed is not None:
            log.info("the journal is written again; %d tap(s) were refused", closed.refused)
            now = self._clock.now()
            daemon.inbox.put(WritingResumed(now, closed.since, str(closed.why), closed.refused))
        with self._handing:
            for report in self._kept.values():
                daemon.report(report)
            with suppress(queue.Empty):
                while True:
                    heard = self._heard.get_nowait()
                    if isinstance(heard, _Told):
                        daemon.stop(heard.reason)
                    else:
                        daemon.report(heard)
            self._daemon = daemon

    def _shut(self, error: JournalUnwritable) -> None:
        before = self._closed
        if before is None:
            self._closed = _Closed(self._clock.now(), error)
            self._play(self._panel.rest, Signal.OUT_OF_ORDER)
            self._listen()
            self._began(self, str(self._answer({})["text"]))
        elif str(before.why) != str(error):
            before.why = error
        else:
            return
        log.error("%s; to do: %s", error, error.hint)

    def _listen(self) -> None:
        server = ControlServer(self._socket, self._answer)
        try:
            server.start()
        except OSError as error:
            log.error("no commands can be given: %s: %s", self._socket, error)
        self._asked += (server.stop, self._shows(self._why))

    def _why(self) -> tuple[str, str]:
        assert self._closed is not None
        why = self._closed.why
        return str(why), why.hint

    def _answer(self, question: Question) -> Answer:
        """Whatever is asked: there is no journal to answer it from, and what to do."""
        reason, hint = self._why()
        return {"done": False, "text": f"taps are refused: {reason}; to do: {hint}"}

    def _refuse(self) -> None:
        """For a while. Raises ToldToStop."""
        assert self._closed is not None
        until_s = time.monotonic() + RETRY_S
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                heard = self._heard.get(timeout=left_s)
            except queue.Empty:
                break
            match heard:
                case _Told(reason):
                    raise ToldToStop(reason)
                case BadgeSeen() | SeveralCards():
                    self._closed.refused += 1
                    self._play(self._panel.show, Signal.NOT_STORED)
                case DeviceGone(device) | DeviceBack(device):
                    self._kept[DeviceBack, device] = heard
                case MainsSeen():
                    self._kept[MainsSeen, ""] = heard
            self._turned()
        self._turned()

    def _writable(self) -> bool:
        """True when the folder takes what an opening needs: it costs less than trying it."""
        try:
            self._folder.mkdir(mode=0o750, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                os.posix_fallocate(file.fileno(), 0, PROBE_BYTES)
        except OSError:
            return False
        return True

    @staticmethod
    def _play(play: Callable[[Pattern], None], signal: Signal) -> None:
        """A broken lamp is told by the daemon, once it is there."""
        with suppress(DeviceError):
            play(SIGNALS[signal].pattern)
