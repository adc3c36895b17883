"""The board behind the pins of another process: lamps to look at, contacts to close.

The other end of `drivers.emulators.pins.WireFactory`. Without gpiozero: the virtual site watches
lamps with it and presses keys.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from drivers.emulators.circuit import Circuit

LONGEST_LINE_BYTES = 256
WAITING_PROGRAMS = 4  # one program at a time; more while it starts anew


class PinChange(NamedTuple):
    """An output has a new level since `at_s` (time.monotonic() of the machine)."""

    at_s: float
    pin: int
    level: bool


class PinBoard:
    """Listens on the Unix socket `path` for one program at a time; the latest one counts.

    Every change of an output goes to `on_change` (called in the board's thread), or without one
    into the queue `changes`. What is driven or joined stays so for the next program. Raises
    OSError if the socket cannot be made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        on_change: Callable[[PinChange], None] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.changes: queue.SimpleQueue[PinChange] = queue.SimpleQueue()
        self._on_change = on_change or self.changes.put
        self._levels: dict[int, bool] = {}
        self._circuit = Circuit()
        self._lock = threading.Lock()
        self._program: socket.socket | None = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(self.path)
        self._server.listen(WAITING_PROGRAMS)
        threading.Thread(target=self._accept, name="pin board", daemon=True).start()

    @property
    def connected(self) -> bool:
        """True while a program holds the other end."""
        with self._lock:
            return self._program is not None

    def level(self, pin: int) -> bool:
        """The level that the program gave the output last; low before the first."""
        return self._levels.get(pin, False)

    def drive(self, pin: int, level: bool) -> None:
        """Holds an input at a level, as a sensor does."""
        self._change(f"drive {pin} {level:d}")

    def release(self, pin: int) -> None:
        """Leaves an input to its pull resistor."""
        self._change(f"release {pin}")

    def join(self, one: int, other: int) -> None:
        """Closes the contact between two pins, as a key does."""
        self._change(f"join {one} {other}")

    def part(self, one: int, other: int) -> None:
        """Opens the contact between two pins."""
        self._change(f"part {one} {other}")

    def wait_for(self, pin: int, level: bool, timeout_s: float = 10.0) -> PinChange:
        """The next change of `pin` to `level` out of `changes`; those before it are passed over.

        Raises TimeoutError.
        """
        end_s = time.monotonic() + timeout_s
        while True:
            try:
                change = self.changes.get(timeout=max(end_s - time.monotonic(), 0.0))
            except queue.Empty:
                wanted = "high" if level else "low"
                raise TimeoutError(f"pin {pin} not {wanted} within {timeout_s} s") from None
            if (change.pin, change.level) == (pin, level):
                return change

    def unplug(self) -> None:
        """Cuts the wire to the present program, which may connect again."""
        with self._lock:
            if self._program is not None:
                _cut(self._program)

    def close(self) -> None:
        """Stops listening and cuts the wire."""
        _cut(self._server)
        self._server.close()
        self.unplug()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _change(self, line: str) -> None:
        with self._lock:
            self._circuit.apply(line)
            if self._program is not None:
                with contextlib.suppress(OSError):  # gone: its thread notices
                    self._program.send(line.encode(), socket.MSG_NOSIGNAL)

    def _accept(self) -> None:
        while True:
            try:
                program, _ = self._server.accept()
            except OSError:
                return  # closed
            with self._lock:
                if self._program is not None:
                    _cut(self._program)
                self._program = program
                with contextlib.suppress(OSError):
                    for line in self._circuit.lines():
                        program.send(line.encode(), socket.MSG_NOSIGNAL)
            threading.Thread(
                target=self._watch, args=(program,), name="pin board program", daemon=True
            ).start()

    def _watch(self, program: socket.socket) -> None:
        with program, contextlib.suppress(OSError, ValueError):  # gone, or it talks nonsense
            while line := program.recv(LONGEST_LINE_BYTES).decode():
                _, pin, level, at_s = line.split()
                self._note(PinChange(float(at_s), int(pin), level == "1"))
        # The levels stay, as those of a Pi whose program has ended.
        with self._lock:
            if self._program is program:
                self._program = None

    def _note(self, change: PinChange) -> None:
        if self._levels.get(change.pin, False) != change.level:
            self._levels[change.pin] = change.level
            self._on_change(change)


def _cut(peer: socket.socket) -> None:
    with contextlib.suppress(OSError):
        peer.shutdown(socket.SHUT_RDWR)
