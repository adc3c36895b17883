"""A thermal printer on a TCP port or a pseudo-terminal, for a driver that sees no difference.

    with EscposEmulator(Paper.MM80) as printer:          # or wire="pty"
        ... PrinterSettings(kind="network", address=printer.address) ...
        printer.picture().save("strip.png")

It prints what fits its state: out of paper, with an open cover or offline it stops where it is
and keeps what it has in its buffer of 4 KiB (Epson TM-T20II, manual); when that is full it reads
no more, and the host's writes block. Status questions (DLE EOT) are answered when they arrive,
GS r when it is reached, as the command reference has it; DLE DC4 8 clears the buffers on the spot
and breaks off a picture of which the rest is waited for. `power_cycle` loses buffer and modes and
breaks the connection.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import termios
import threading
import time
import tty
from dataclasses import dataclass
from typing import Self

from PIL import Image

from drivers.paper import Paper

from .escpos_commands import Interpreter
from .escpos_strip import Strip

BUFFER_BYTES = 4096
TICK_S = 0.02  # how soon the printer notices what a hand did to it
_REAL_TIME = re.compile(rb"\x10\x04([\x01-\x04])", re.DOTALL)
_CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
_CLEARED = b"\x37\x25\x00"
_REAL_TIME_BEGUN = (b"\x10\x04", *(_CLEAR[:n] for n in range(len(_CLEAR) - 1, 0, -1)))
_FIXED_BITS = 0x12  # bits 1 and 4 of every DLE EOT answer


@dataclass(slots=True)
class Hardware:
    """What hands and wear do to a printer; write it at any time.

    `paper_dots`: how much paper is left, None: enough. `mute`: no answer ever. `deaf`: it reads
    nothing, as a printer that hangs. `line_s`: how long its head takes for a line. `clears`: it
    knows the command that clears its buffers, which not every maker's does.
    """

    paper_dots: int | None = None
    paper_low: bool = False
    cover_open: bool = False
    offline: bool = False
    mute: bool = False
    deaf: bool = False
    line_s: float = 0.0
    clears: bool = True

    @property
    def paper_out(self) -> bool:
        """True at the end of the roll."""
        return self.paper_dots is not None and self.paper_dots <= 0

    @property
    def stopped(self) -> bool:
        """True while nothing is printed."""
        return self.paper_out or self.cover_open or self.offline


class EscposEmulator:
    """One printer with one wire, `tcp` or `pty`; `address` as in `PrinterSettings`."""

    def __init__(self, paper: Paper = Paper.MM80, wire: str = "tcp") -> None:
        self.hardware = Hardware()
        self.received = bytearray()
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._strip = Strip(paper.dots)
        self._interpreter = Interpreter(self._strip, self._answer, self._gs_r)
        self._real_time_tail = b""
        self._busy_until = 0.0
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._terminal: tuple[int, int] | None = None
        if wire == "tcp":
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._terminal = os.openpty()
            tty.setraw(self._terminal[1])
            self.address = os.ttyname(self._terminal[1])
        self._thread = threading.Thread(target=self._run, name="escpos-emulator", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the printer and its wire."""
        self._stop.set()
        self._thread.join()
        self._hang_up()
        if self._listener:
            self._listener.close()
        for end in self._terminal or ():
            os.close(end)

    # --- what came out ----------------------------------------------------------------------

    def picture(self) -> Image.Image:
        """The strip so far, one bit a dot."""
        with self._lock:
            return self._strip.picture()

    @property
    def text(self) -> str:
        """The letters that were printed as letters; pictures leave nothing here."""
        with self._lock:
            return "\n".join(self._strip.lines)

    @property
    def cuts(self) -> int:
        """How often the paper was cut."""
        with self._lock:
            return len(self._strip.cuts)

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Where each piece of paper begins and ends, in dots; the last one still hangs in here."""
        with self._lock:
            ends = [*self._strip.cuts, self._strip.height_dots]
        return [(top, end) for top, end in zip([0, *ends], ends, strict=False) if end > top]

    def text_between(self, top: int, end: int) -> str:
        """The letters of that stretch of paper."""
        with self._lock:
            lines = zip(self._strip.tops, self._strip.lines, strict=True)
            return "\n".join(line for at, line in lines if top <= at < end)

    @property
    def faults(self) -> list[str]:
        """What a real printer would have choked on."""
        with self._lock:
            return list(self._interpreter.faults)

    # --- what hands do ----------------------------------------------------------------------

    def power_cycle(self) -> None:
        """Off and on: connection, buffer and modes are gone."""
        with self._lock:
            self._interpreter.power_on()
            self._hang_up()
            if self._terminal:
                termios.tcflush(self._terminal[1], termios.TCIOFLUSH)

    # --- the wire ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                waiting = self._waiting_for()
            ready = select.select(waiting, [], [], TICK_S)[0]
            if not waiting:
                self._stop.wait(TICK_S)
            with self._lock:
                for source in ready:
                    self._take(source)
                self._print()

    def _waiting_for(self) -> list[int]:
        if self.hardware.deaf or len(self._interpreter.buffer) >= BUFFER_BYTES:
            return []
        if self._terminal:
            return [self._terminal[0]]
        source = self._connection or self._listener
        return [source.fileno()] if source else []

    def _take(self, source: int) -> None:
        if self._listener and source == self._listener.fileno():
            self._connection, _ = self._listener.accept()
            return
        if self._listener and (not self._connection or source != self._connection.fileno()):
            return  # hung up while this thread waited
        try:
            data = os.read(source, BUFFER_BYTES - len(self._interpreter.buffer))
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        self.received += data
        self._interpreter.buffer += self._answer_real_time(data)

    def _answer_real_time(self, data: bytes) -> bytes:
        """`data` without what is carried out on the spot: status questions, and clearing."""
        data = self._real_time_tail + data
        tail = next((t for t in _REAL_TIME_BEGUN if data.endswith(t)), b"")
        self._real_time_tail = tail
        data = data[: len(data) - len(tail)]
        if self.hardware.clears and _CLEAR in data:
            data = data.rpartition(_CLEAR)[2]
            self._interpreter.clear()
            if data:
                self._interpreter.faults.append("data behind a clearing before its answer")
            self._answer(_CLEARED)
        for question in _REAL_TIME.finditer(data):
            self._answer(bytes([_FIXED_BITS | self._dle_eot(question[1][0])]))
        return _REAL_TIME.sub(b"", data)

    def _dle_eot(self, n: int) -> int:
        hardware = self.hardware
        match n:
            case 1:
                return 0x08 if hardware.stopped else 0
            case 2:
                return (0x04 if hardware.cover_open else 0) | (0x20 if hardware.paper_out else 0)
            case 4:
                low = 0x0C if hardware.paper_low or hardware.paper_out else 0
                return low | (0x60 if hardware.paper_out else 0)
            case _:
                return 0

    def _gs_r(self) -> int:
        low = 0x03 if self.hardware.paper_low or self.hardware.paper_out else 0
        return low | (0x0C if self.hardware.paper_out else 0)

    def _answer(self, data: bytes) -> None:
        if self.hardware.mute:
            return
        with contextlib.suppress(OSError):
            if self._terminal:
                os.write(self._terminal[0], data)
            elif self._connection:
                self._connection.sendall(data)

    def _print(self) -> None:
        while not self.hardware.stopped and time.monotonic() >= self._busy_until:
            before = self._strip.height_dots
            if not self._interpreter.step():
                return
            moved = self._strip.height_dots - before
            if self.hardware.paper_dots is not None:
                self.hardware.paper_dots -= moved
            if moved:
                self._busy_until = time.monotonic() + self.hardware.line_s

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
        self._real_time_tail = b""
