"""Keeps one device working: opens it, polls it, notices that it is gone or hangs, opens it again.

    reader = Supervised("entrance", lambda: open_reader(settings), events.put)
    reader.start()
    ...
    reader.stop()

The same for every kind of device; what differs is in the session that `open_session` opens.

- Whatever a session sees is reported as it comes. `DeviceBack` is told when the device works, the
  first time and again; `DeviceGone` once when it does not, with cause and hint.
- A device that cannot be opened is tried again after 0.2 s, then after twice as long each time, up
  to 2 s. So what is plugged in again is taken up within 5 s.
- A device that flaps (lost three times within 30 s) stays told as gone until it has worked for
  10 s on end. What it sees meanwhile is reported nevertheless: a badge is a badge.
- An open, poll or close that takes over 4 s hangs. Its thread is left alone and another one opens
  the device anew. What the hung one still says is dropped; should it ever go on, it closes its
  session and ends. At most three are left hanging at a time; then the last one is waited for.
- Any other exception is a defect of a driver: told as `DeviceGone` with its class and its text,
  long numbers masked, and tried again like any loss. It never ends the supervisor.

Two threads a device: one does the work; the other wakes twice a second to see whether that one
hangs, and never touches the device, so that nothing a device does can stop it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.base import (
    DeviceBack,
    DeviceError,
    DeviceGone,
    DeviceLost,
    Report,
    Reporter,
    Session,
)

HANG_HINT = "switch the device off and on; if it hangs again, replace its cable, then the device"
DEFECT_HINT = "a defect of the software: send the log to the supplier; the gate goes on trying"
LONG_NUMBER = re.compile(r"(?<!\w)[0-9A-Fa-f](?:[.\-]?[0-9A-Fa-f]){7,}(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient a supervisor is: gone and back are each to be noticed within 5 s."""

    first_pause_s: float = 0.2
    longest_pause_s: float = 2.0
    hang_s: float = 4.0
    watch_s: float = 0.5
    flap_losses: int = 3
    flap_window_s: float = 30.0
    steady_s: float = 10.0
    stop_s: float = 0.9
    most_hanging: int = 3


DEFAULT_TIMING = Timing()


@dataclass(slots=True, eq=False)
class _Worker:
    """One thread with the device; `busy_since` is set while it is inside the driver."""

    pause_s: float
    busy_since: float | None = None
    thread: threading.Thread = field(init=False)


class Supervised:
    """One device under supervision, from `start()` to `stop()`."""

    def __init__(
        self,
        name: str,
        open_session: Callable[[], Session],
        report: Reporter,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._name = name
        self._open_session = open_session
        self._report = report
        self._timing = timing
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._told_working: bool | None = None
        self._losses: deque[float] = deque(maxlen=timing.flap_losses)
        self._worker: _Worker | None = None
        self._hanging: list[_Worker] = []
        self._watcher = threading.Thread(target=self._watch, name=f"{name} watch", daemon=True)

    def start(self) -> None:
        """Begins; returns at once."""
        with self._lock:
            self._set_to_work(pause_s=0.0)
        self._watcher.start()

    def stop(self) -> None:
        """Ends within 1 s; nothing is reported any more after it. Not from within a report."""
        self._stopping.set()
        worker = self._worker
        if worker is not None:
            worker.thread.join(self._timing.stop_s)
            self._watcher.join()
        with self._lock:
            self._worker = None

    # --- the thread with the device ----------------------------------------------------------

    def _set_to_work(self, pause_s: float) -> None:
        worker = _Worker(pause_s)
        worker.thread = threading.Thread(
            target=self._work, args=(worker,), name=self._name, daemon=True
        )
        self._worker = worker
        worker.thread.start()

    def _work(self, worker: _Worker) -> None:
        timing = self._timing
        while not self._stopping.wait(worker.pause_s) and worker is self._worker:
            worked_s = self._one_session(worker)
            worker.busy_since = None
            if worked_s >= timing.steady_s or worker.pause_s == 0.0:
                worker.pause_s = timing.first_pause_s
            else:
                worker.pause_s = min(2 * worker.pause_s, timing.longest_pause_s)

    def _one_session(self, worker: _Worker) -> float:
        """Opens the device and polls it until it fails; for how many seconds it worked."""
        worker.busy_since = time.monotonic()
        try:
            session = self._open_session()
        except Exception as error:
            self._tell_gone(worker, error)
            return 0.0
        opened_at = time.monotonic()
        try:
            self._poll(worker, session, opened_at)
        except Exception as error:
            with self._lock:
                self._losses.append(time.monotonic())
            self._tell_gone(worker, error)
        finally:
            worker.busy_since = time.monotonic()
            session.close()
        return time.monotonic() - opened_at

    def _poll(self, worker: _Worker, session: Session, opened_at: float) -> None:
        while worker is self._worker and not self._stopping.is_set():
            now = worker.busy_since = time.monotonic()
            if not self._flaps(now) or self._steady(opened_at, now):
                self._tell(worker, DeviceBack(self._name))
            for report in session.poll():
                self._tell(worker, report)

    def _flaps(self, now: float) -> bool:
        timing = self._timing
        often = len(self._losses) == timing.flap_losses
        return often and now - self._losses[0] <= timing.flap_window_s

    def _steady(self, opened_at: float, now: float) -> bool:
        return now - opened_at >= self._timing.steady_s

    # --- what is told ------------------------------------------------------------------------

    def _tell_gone(self, worker: _Worker, error: Exception) -> None:
        kind = type(error).__name__
        if isinstance(error, DeviceError):
            self._tell(worker, DeviceGone(self._name, str(error), error.hint, kind))
        else:
            cause = f"{kind}: {_masked(str(error))}"
            self._tell(worker, DeviceGone(self._name, cause, DEFECT_HINT, kind))

    def _tell(self, worker: _Worker, report: Report) -> None:
        """Reports what is new, unless another thread has the device by now."""
        with self._lock:
            if worker is not self._worker:
                return
            if isinstance(report, DeviceBack | DeviceGone):
                works = isinstance(report, DeviceBack)
                if works is self._told_working:
                    return
                self._told_working = works
            self._report(report)

    # --- the thread that watches -------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopping.wait(self._timing.watch_s):
            worker = self._worker
            if worker is not None and self._hangs(worker):
                hung = DeviceLost(
                    f"{self._name} has not reacted for {self._timing.hang_s:g} s", HANG_HINT
                )
                self._tell_gone(worker, hung)
                self._replace(worker)

    def _hangs(self, worker: _Worker) -> bool:
        since = worker.busy_since
        return since is not None and time.monotonic() - since > self._timing.hang_s

    def _replace(self, worker: _Worker) -> None:
        self._hanging = [hung for hung in self._hanging if hung.thread.is_alive()]
        if len(self._hanging) >= self._timing.most_hanging:
            return
        self._hanging.append(worker)
        with self._lock:
            self._losses.append(time.monotonic())
            if not self._stopping.is_set():
                self._set_to_work(self._timing.longest_pause_s)


def _masked(text: str) -> str:
    """`text` with the middle of every badge or national number taken out."""
    return LONG_NUMBER.sub(lambda found: f"{found[0][:2]}•••{found[0][-2:]}", text)
