"""The seams through which everything that is not a value reaches the agent.

Here is what they are on a gate; `agent/sandbox` and the tests bring their own, so that a
simulated day runs the same code in one thread, without sleeping.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Generic, Protocol, TypeVar

from agent.core.events import Event, ServerHeard
from agent.core.moment import Moment
from agent.core.outage.measurements import Measurement, Reading
from agent.core.refusals import Refused

T = TypeVar("T")

Decide = Callable[[Callable[[int], Event]], tuple[bool, str, Refused | None]]
"""Puts the event made for a question's number to the core: done or not, and in words."""


class Clock(Protocol):
    """Tells the time, from any thread, and waits."""

    def now(self) -> Moment:
        """Both clocks as they stand."""
        ...

    def sleep(self, seconds: float) -> bool:
        """Waits on a worker's thread; True if the agent is to stop, then at once."""
        ...

    def heard(self, server: str, date: str) -> ServerHeard | None:
        """Takes the Date header that a server just sent; an event when it says something new."""
        ...


class Inbox(Protocol[T]):
    """What has happened and was not looked at yet."""

    def put(self, item: T) -> None:
        """Adds; from any thread and from a signal handler; never waits."""
        ...

    def take(self, timeout_s: float) -> T | None:
        """The next one; None when nothing happened in that time."""
        ...


class Work(Protocol):
    """Carries out what takes longer than 10 ms, away from the loop."""

    def start(self, name: str, job: Callable[[], None]) -> None:
        """Runs `job`; what it has to say it puts into the inbox. Returns at once."""
        ...


class Round(Enum):
    """What is measured at a time: each costs the network something else."""

    HERE = auto()
    """Clock, power, gate, link, address, gateway: no traffic beyond the local network."""
    ANCHOR = auto()
    """One anchor, the next in turn."""
    NAMES = auto()
    CHANNEL = auto()
    """The way to one channel's endpoint."""
    ALL = auto()
    """All there is."""


class Gauges(Protocol):
    """Measures; what a gate stands in, or what a simulated world says it stands in."""

    mains: Reading
    """What the mains sensor says; set by whoever hears it."""

    def take(self, what: Round, of: str = "") -> Iterator[Measurement]:
        """Each measurement as soon as it is made; `of`: which channel. Never raises; may take a
        minute where nothing answers.
        """
        ...


class QueueInbox(Generic[T]):
    """An inbox between threads."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[T] = queue.SimpleQueue()

    def put(self, item: T) -> None:
        """Adds; never waits."""
        self._queue.put(item)

    def take(self, timeout_s: float) -> T | None:
        """The next one, or None."""
        try:
            return self._queue.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None


class ThreadWork:
    """A thread for each job. They are daemons: a call in flight never holds up a stop."""

    def start(self, name: str, job: Callable[[], None]) -> None:
        """Runs `job` on its own thread."""
        threading.Thread(target=job, name=name, daemon=True).start()
