"""The agent in a virtual world's time: `python -m agent.sandbox.timed_agent CONFIG TIME_SOCKET`.

It is `werfpoort run` with another clock at the agent's own seam. What is shipped to a gate listens
to no such socket, and never loads this.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from agent import logs
from agent.config import Config
from agent.core.events import TimePassed
from agent.core.moment import Moment
from agent.daemon import Daemon
from agent.doorstep import Stoppable
from agent.evidence.clock import SystemClock
from agent.service import Service
from agent.watcher import Watcher

LONGEST_LINE_BYTES = 64


class AheadClock(SystemClock):
    """The machine's clocks, both ahead by what the world says over `wire`."""

    def __init__(self, wire: TimeWire, *, believed: bool) -> None:
        super().__init__(believed=believed)
        self._wire = wire

    def now(self) -> Moment:
        """Both clocks as they stand in the world."""
        at, ahead_ms = super().now(), self._wire.ahead_ms
        return replace(at, unix_ms=at.unix_ms + ahead_ms, mono_ms=at.mono_ms + ahead_ms)


class TimeWire:
    """The socket over which the world says how far ahead it is."""

    def __init__(self, path: str) -> None:
        self.ahead_ms = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(path)
        self._read()  # before anything is dated

    def follow(self, passed: Callable[[], None]) -> None:
        """Reads until the world ends; tells `passed` of each change."""
        while self._read():
            passed()

    def _read(self) -> bool:
        line = self._socket.recv(LONGEST_LINE_BYTES).decode("ascii")
        if line:
            self.ahead_ms = int(line.removeprefix("ahead "))
        return bool(line)


class TimedService(Service):
    """The agent's life; its loop looks up when time has passed all at once."""

    def __init__(self, file: Path, wire: TimeWire) -> None:
        super().__init__(file, Watcher(), self._clock)
        self._wire = wire
        self._running: Daemon | None = None
        follow = partial(wire.follow, self._passed)
        threading.Thread(target=follow, name="time wire", daemon=True).start()

    def began(self, gate: Stoppable, stands: str) -> None:
        """As told by the gate."""
        self._running = gate if isinstance(gate, Daemon) else None
        super().began(gate, stands)

    def _clock(self, config: Config) -> SystemClock:
        return AheadClock(self._wire, believed=config.clock.trust == "always")

    def _passed(self) -> None:
        if self._running is not None:
            self._running.inbox.put(TimePassed(self._running.clock.now()))


def main(config_file: str, time_socket: str) -> None:
    """Runs the gate until it is told to stop."""
    logs.to_stderr()
    TimedService(Path(config_file), TimeWire(time_socket)).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
