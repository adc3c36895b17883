"""The time of a virtual world: the machine's, and so much ahead of it. It only goes forward.

The agent among it is told over a Unix socket, one datagram a change: `ahead MILLISECONDS`. Both of
its clocks go forward together, so to it time has passed and no clock was set. The other end is
`agent.sandbox.timed_agent`: the agent as it is shipped, with another clock at its seam.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import threading
from pathlib import Path

WAITING_AGENTS = 4


class WorldTime:
    """Tells it to whoever connects to the Unix socket `path`. Raises OSError if that fails."""

    def __init__(self, path: Path, ahead: dt.timedelta = dt.timedelta(0)) -> None:
        self.path = path
        self._ahead = ahead
        self._agents: list[socket.socket] = []
        self._lock = threading.Lock()
        path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(os.fspath(path))
        self._server.listen(WAITING_AGENTS)
        threading.Thread(target=self._accept, name="world time", daemon=True).start()

    def now(self) -> dt.datetime:
        """The present of the world, in UTC."""
        return dt.datetime.now(dt.UTC) + self._ahead

    def pass_to(self, instant: dt.datetime) -> None:
        """Lets the time until `instant` (aware) pass at once. Raises ValueError for the past."""
        with self._lock:
            step = instant - self.now()
            if step < dt.timedelta(0):
                raise ValueError("time does not go back; begin a new morning")
            self._ahead += step
            for agent in self._agents:
                self._tell(agent)

    def close(self) -> None:
        """Tells nobody any more."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for agent in self._agents:
                agent.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                agent, _ = self._server.accept()
            except OSError:
                return  # closed
            with self._lock:
                self._agents.append(agent)
                self._tell(agent)

    def _tell(self, agent: socket.socket) -> None:
        line = f"ahead {round(self._ahead / dt.timedelta(milliseconds=1))}"
        with contextlib.suppress(OSError):  # an agent that has ended
            agent.send(line.encode(), socket.MSG_NOSIGNAL)
