"""Carries connections from the visitor to the agent's own page, which listens at the gate."""

from __future__ import annotations

import contextlib
import socket
import threading

from agent.sandbox.small_internet import in_namespace

CHUNK_BYTES = 65_536
GATE = "gate"


class Relay:
    """What comes to `listening` goes on to the same port of the gate; use as a context manager."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._port = listening.getsockname()[1]

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._carry, args=(visitor,), daemon=True).start()

    def _carry(self, visitor: socket.socket) -> None:
        """Both ways, until either side has enough."""
        with visitor:
            page = in_namespace(GATE, self._dialled)
            if page is None:
                return  # no agent runs; the browser says so
            with page:
                back = threading.Thread(target=_pump, args=(page, visitor), daemon=True)
                back.start()
                _pump(visitor, page)
                back.join()

    def _dialled(self) -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", self._port))
        except OSError:
            return None


def _pump(source: socket.socket, goal: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            goal.sendall(data)
    with contextlib.suppress(OSError):
        goal.shutdown(socket.SHUT_WR)
