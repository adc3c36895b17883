"""GPIO pins whose other end is a socket: gpiozero runs unchanged, the lamps hang elsewhere.

`GPIOZERO_PIN_FACTORY=wire` and `WERFPOORT_PIN_WIRE=<socket>` connect a process to a
`drivers.emulators.pin_board.PinBoard`, which listens there. One datagram a change, in order:

    to the board    level PIN 0|1 SECONDS    an output; time.monotonic() at which it changed
    from the board  drive, release, join, part: see `drivers.emulators.circuit`

As a real wire, it never holds up the program: a board that is gone or does not listen is dropped,
and met again, with the level of every output, at the next change or reading of a pin.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from typing import Any

from gpiozero.exc import BadPinFactory
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.emulators.circuit import Circuit

WIRE_VARIABLE = "WERFPOORT_PIN_WIRE"
LONGEST_LINE_BYTES = 256
LEASH_VARIABLE = "WERFPOORT_PIN_LEASH"
"""A file that ends with the world, however that ends: whoever is on it ends too. Left behind, it
would go on trying its readers, and hold those of another world that get the same terminals."""


class CircuitPin(MockPin):
    """A pin that is part of its factory's circuit."""

    def _set_state(self, value: float) -> None:
        with self.factory.lock:
            before = self._state
            super()._set_state(value)
            if self._state != before:
                self.factory.output_changed(self)

    def _get_state(self) -> bool:
        self.factory.read()
        return bool(super()._get_state())

    def _set_function(self, value: str) -> None:
        with self.factory.lock:
            before = self._function
            super()._set_function(value)
            if self._function == "output" and before != "output":
                self.factory.output_changed(self)
            else:
                self.factory.settle()

    def _set_pull(self, value: str) -> None:
        with self.factory.lock:
            super()._set_pull(value)
            self.factory.settle()


class CircuitFactory(MockFactory):
    """Pins of this process in a circuit; inputs follow at once, within the call that changed it.

    A `when_changed` handler runs under `lock`: it must not wait for another thread.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.circuit = Circuit()
        super().__init__(pin_class=CircuitPin)

    def change(self, line: str) -> None:
        """Changes the world outside the pins: a line of `Circuit`."""
        with self.lock:
            self.circuit.apply(line)
            self.settle()

    def join(self, one: int, other: int) -> None:
        """Closes the contact between two pins."""
        self.change(f"join {one} {other}")

    def part(self, one: int, other: int) -> None:
        """Opens the contact between two pins."""
        self.change(f"part {one} {other}")

    def output_changed(self, pin: CircuitPin) -> None:
        """Told by a pin that its output has another level, or that it is an output now."""
        self.settle()

    def read(self) -> None:
        """Told by a pin that is about to be read."""

    def outputs(self) -> dict[int, bool]:
        """The level of every output."""
        return {
            pin._number: bool(pin._state) for pin in self.pins.values() if pin._function == "output"
        }

    def settle(self) -> None:
        """Brings every input to the level that the circuit gives it."""
        inputs = {pin._number: pin for pin in self.pins.values() if pin._function == "input"}
        pulls = {number: pin._pull for number, pin in inputs.items()}
        for number, level in self.circuit.settle(self.outputs(), pulls).items():
            if level:
                inputs[number].drive_high()
            else:
                inputs[number].drive_low()


class WireFactory(CircuitFactory):
    """Pins on the wire to the board at `path`, by default the one that WERFPOORT_PIN_WIRE names."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        chosen = path or os.environ.get(WIRE_VARIABLE)
        if not chosen:
            raise BadPinFactory(f"pins on a wire need {WIRE_VARIABLE}, the path of its socket")
        self._path = os.fspath(chosen)
        self._socket: socket.socket | None = None
        super().__init__()
        if leash := os.environ.get(LEASH_VARIABLE):
            threading.Thread(
                target=_end_with, args=(int(leash),), name="leash", daemon=True
            ).start()

    def pin(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        """The pin `name`, as every gpiozero factory gives it."""
        self.read()
        return super().pin(name, *args, **kwargs)

    def close(self) -> None:
        """Closes every pin, then the wire."""
        super().close()
        with self.lock:
            self._drop()
            self._path = ""

    def output_changed(self, pin: CircuitPin) -> None:
        """Sends the new level, or every level if the board was away until now."""
        at_s = time.monotonic()
        if self._socket is not None:
            self._send(f"level {pin._number} {pin._state:d} {at_s:.9f}")
        else:
            self._connect()
        super().output_changed(pin)

    def read(self) -> None:
        """Looks for the board if it is away."""
        with self.lock:
            if self._socket is None and self._connect():
                self.settle()

    def _connect(self) -> bool:
        board = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        board.setblocking(False)
        try:
            board.connect(self._path)
        except OSError:
            board.close()
            return False
        board.setblocking(True)
        self._socket = board
        self.circuit.clear()
        at_s = time.monotonic()
        for number, level in self.outputs().items():
            self._send(f"level {number} {level:d} {at_s:.9f}")
        threading.Thread(target=self._listen, args=(board,), name="pin wire", daemon=True).start()
        return True

    def _send(self, line: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(line.encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:  # gone, or so far behind that its buffer is full
            self._drop()

    def _drop(self) -> None:
        if self._socket is None:
            return
        board, self._socket = self._socket, None
        with contextlib.suppress(OSError):
            board.shutdown(socket.SHUT_RDWR)  # wakes the listening thread, which closes it

    def _listen(self, board: socket.socket) -> None:
        with board, contextlib.suppress(OSError, ValueError):  # gone, or it talks nonsense
            while line := board.recv(LONGEST_LINE_BYTES).decode():
                with self.lock:
                    if self._socket is not board:
                        return
                    self.change(line)
        with self.lock:
            if self._socket is board:
                self._socket = None


def _end_with(leash: int) -> None:
    """Waits until the world is gone, and goes with it."""
    while os.read(leash, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
