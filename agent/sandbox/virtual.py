"""Virtual time: the agent's seams for a simulated day, in one thread, without sleeping.

The clock stands still while code runs and jumps to what is due next. A job runs at once; what
it sleeps or waits counts on a time of its own, and what it says arrives when that time comes.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable
from typing import Generic, TypeVar

from agent.core.events import ServerHeard
from agent.core.moment import Moment, Trust
from agent.evidence.server_time import ServerTimes

T = TypeVar("T")


class VirtualClock:
    """Starts at `unix_ms`. `true_ms` is the world's own time since then, that nothing sets back."""

    def __init__(self, unix_ms: int) -> None:
        self._begun_unix_ms = unix_ms
        self.true_ms = 0
        self.trust = Trust.NTP
        self.servers = ServerTimes()
        self._wall_ms = unix_ms  # what the wall clock is ahead of the true time
        self._booted_ms = 0
        self._aside_ms = 0
        self._boots, self._boot = 1, "boot-1"

    def now(self) -> Moment:
        """Both clocks; inside a job, the job's own time."""
        true = self.true_ms + self._aside_ms
        unix_ms, mono_ms = true + self._wall_ms, true - self._booted_ms
        doubted = self.servers.contradict(unix_ms, mono_ms)
        return Moment(unix_ms, mono_ms, self._boot, Trust.UNKNOWN if doubted else self.trust)

    def heard(self, server: str, date: str) -> ServerHeard | None:
        """Takes the Date header that a server just sent; an event when it says something new."""
        return self.servers.heard(server, date, self.now())

    def due(self) -> int:
        """The true time of whoever asks: a job is ahead of the others."""
        return self.true_ms + self._aside_ms

    def truth(self) -> dt.datetime:
        """The true time, of whoever asks, as a server knows it."""
        return dt.datetime.fromtimestamp((self._begun_unix_ms + self.due()) / 1000, dt.UTC)

    def sleep(self, seconds: float) -> bool:
        """Passes a job's own time; never says that the agent stops."""
        self._aside_ms += round(max(0.0, seconds) * 1000)
        return False

    def go_to(self, true_ms: int) -> None:
        """Lets time pass until then; never backwards."""
        self.true_ms = max(self.true_ms, true_ms)

    @property
    def off_ms(self) -> int:
        """What the wall clock is ahead of the truth."""
        return self._wall_ms - self._begun_unix_ms

    def set_wall(self, shift_ms: int) -> None:
        """Sets the wall clock by so much, as NTP or a person does."""
        self._wall_ms += shift_ms

    def reboot(self) -> None:
        """The machine starts anew, now: monotonic time begins again."""
        self._booted_ms = self.true_ms
        self._boots += 1
        self._boot = f"boot-{self._boots}"
        self.servers = ServerTimes()

    def aside(self, job: Callable[[], None]) -> None:
        """Runs `job` on a time of its own, that begins now."""
        before, self._aside_ms = self._aside_ms, 0
        try:
            job()
        finally:
            self._aside_ms = before


def _nothing() -> None:
    """Nothing to do."""


def _no_time() -> int:
    return 0


class VirtualInbox(Generic[T]):
    """Items arrive when their time comes; so do happenings of the world (`later`)."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.horizon_ms: int | None = None
        """True time beyond which nobody waits: where a run is to stop."""
        self.doze: Callable[[], int] = _no_time
        """For how many ms the agent may be left asleep beyond what it asked for, until something
        happens in the world: quiet hours cost one look, not a look every few seconds."""
        self.before_taking: Callable[[], None] = _nothing
        """Called before each item is taken: a machine without power takes none."""
        self._due: list[tuple[int, int, T | None, Callable[[], None] | None]] = []
        self._count = 0

    def put(self, item: T) -> None:
        """Arrives at the present moment of whoever puts it."""
        self._push(self._clock.due(), item, None)

    def later(self, true_ms: int, happening: Callable[[], None]) -> None:
        """Lets something happen in the world at that true time; it may put items."""
        self._push(true_ms, None, happening)

    def _push(self, due: int, item: T | None, happening: Callable[[], None] | None) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, item, happening))

    def take(self, timeout_s: float) -> T | None:
        """The next item that arrives in that time; the clock is then where it arrived."""
        self.before_taking()
        until = self._clock.true_ms + max(0, round(timeout_s * 1000))
        sleeps = until
        if not self._due or self._due[0][0] > until:
            sleeps = max(until, self._clock.true_ms + self.doze())
        if self.horizon_ms is not None:
            until, sleeps = min(until, self.horizon_ms), min(sleeps, self.horizon_ms)
        while self._due and self._due[0][0] <= sleeps:
            due, _, item, happening = heapq.heappop(self._due)
            self._clock.go_to(due)
            if happening is None:
                return self._joined(item, due)
            happening()
            sleeps = max(until, self._clock.true_ms)  # the world moved: that wakes whoever dozes
        self._clock.go_to(sleeps)
        return None

    def _joined(self, item: T | None, due: int) -> T | None:
        """The item, with what arrives together with it."""
        return item

    def pass_until(self, true_ms: int) -> None:
        """Lets the world go on until then without the agent: nobody takes what is put."""
        while self._due and self._due[0][0] <= true_ms:
            due, _, _, happening = heapq.heappop(self._due)
            self._clock.go_to(due)
            if happening is not None:
                happening()
        self._clock.go_to(true_ms)
        self.forget()

    def forget(self) -> None:
        """Every item on its way is gone: the machine lost power. The world goes on."""
        self._due = [entry for entry in self._due if entry[3] is not None]
        heapq.heapify(self._due)


class VirtualWork:
    """Runs a job at once, on its own time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def start(self, name: str, job: Callable[[], None]) -> None:
        """Runs it; what it puts into the inbox arrives when its own time comes."""
        self._clock.aside(job)
