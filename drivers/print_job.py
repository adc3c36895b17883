"""A print job as its owner sees it: a process that is warm before it is needed, and is killed
when it hangs. python-escpos is never loaded here.

    job = PrintJob(settings, report)      # when the dialogue opens
    job.start(PrintRequest(document))     # when the list is due; events come to `report`
    job.close()                           # at any time
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO

from .base import DeviceError
from .paper import (
    JobDone,
    PartDone,
    PartStarted,
    PrinterSettings,
    PrinterStatus,
    PrintEvent,
    PrintRequest,
    to_json,
)
from .printing_process import read_event

STALLED_S = 30.0  # the process gives a sign of life every few seconds; a write ends after 10
_POLL_S = 0.2


class PrintJob:
    """One job in a process of its own, started at once.

    `report` gets the events, on a thread of this job; `JobDone` is the last and comes exactly once
    after `start`, also when the process dies or is killed. `stalled_s`: so long without a sign of
    life, and it is.
    """

    def __init__(
        self,
        settings: PrinterSettings,
        report: Callable[[PrintEvent], None],
        stalled_s: float = STALLED_S,
    ) -> None:
        self._settings = settings
        self._report = report
        self._stalled_s = stalled_s
        self._started = threading.Event()
        self._end = JobDone(0, 0, PrinterStatus.UNKNOWN)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "drivers.printing_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            raise DeviceError(
                f"printing: cannot start the printing process: {error}",
                "Free memory or restart the gate.",
            ) from error
        self._thread = threading.Thread(target=self._follow, name="print-job", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process that prints."""
        return self._process.pid

    def start(self, request: PrintRequest) -> None:
        """Hands the job over, once; returns at once."""
        if self._started.is_set():
            raise ValueError("this job has been started before")
        self._end = JobDone(request.certain, request.sent, PrinterStatus.UNKNOWN)
        self._started.set()
        pieces = to_json(request, self._settings)
        threading.Thread(target=self._feed, args=(pieces,), name="print-feed", daemon=True).start()

    def close(self) -> None:
        """Ends the process, whatever it does, and waits for it; never raises."""
        self._process.kill()
        self._thread.join()

    def _feed(self, pieces: Iterator[str]) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError, ValueError):  # it died: `_follow` tells
            for piece in pieces:
                self._process.stdin.write(piece.encode())
            self._process.stdin.flush()

    def _follow(self) -> None:
        assert self._process.stdout
        done = False
        problem = "The printing process ended before its job did."
        try:
            for line in self._lines(self._process.stdout):
                event = read_event(line)
                done = done or isinstance(event, JobDone)
                if event is not None:
                    self._note(event)
                    self._report(event)
        except TimeoutError:
            problem = f"The printer hung for {self._stalled_s:.0f} s; printing was stopped."
        except (ValueError, KeyError, TypeError):
            problem = "The printing process says what cannot be understood."
        self._reap()
        if self._started.is_set() and not done:
            hint = "Switch the printer off and on; what is not certain is printed again."
            end = self._end
            self._report(JobDone(end.certain, end.sent, PrinterStatus.UNKNOWN, problem, hint))

    def _lines(self, source: IO[bytes]) -> Iterator[bytes]:
        """Lines until the end; TimeoutError when a started job gives no sign of life."""
        silent_since = time.monotonic()
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            while True:
                if not selector.select(_POLL_S):
                    if not self._started.is_set():
                        silent_since = time.monotonic()
                    elif time.monotonic() - silent_since > self._stalled_s:
                        raise TimeoutError
                    continue
                data = os.read(source.fileno(), 65536)
                if not data:
                    return
                silent_since = time.monotonic()
                *lines, rest = (rest + data).split(b"\n")
                yield from lines

    def _note(self, event: PrintEvent) -> None:
        """Keeps how far the job is, for the case that the process cannot say it any more."""
        match event:
            case PartStarted(part):
                self._end = replace(self._end, sent=max(self._end.sent, part))
            case PartDone(_, True, _):
                self._end = replace(self._end, certain=self._end.certain + 1)
            case _:
                pass

    def _reap(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        self._process.wait()
