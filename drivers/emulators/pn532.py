"""A PN532 reader on a pseudo-terminal, for a driver that does not know the difference.

    with Pn532Emulator() as reader:
        session = open_nfc(ReaderSettings(path=str(reader.path)))
        reader.enter(ntag213("04A1B2C3D4E580"))

`path` is a link to the pseudo-terminal, as udev's /dev/serial/by-id is one to the serial port: it
goes away with `unplug()` and comes back, to another device, with `replug()`.

Radio and wire take the time they take in reality: `radio_s` for each search, ten bit times a
byte at the speed the line is set to. No privilege is needed. One thread serves the terminal and
sleeps while nothing comes. What a terminal cannot show: the moment a host changes its speed
relative to the bytes on the way; a chip that was told a new speed takes the host's word for it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from .nfc_cards import Card
from .pn532_chip import BAUD_RATES, Chip
from .pn532_frames import ACK

RADIO_S = 0.010  # one search, 106 kbit/s, no retries; planned with in the absence of a chip
UNFINISHED_S = 0.25  # after such a pause the rest of a frame will not come any more
BITS_A_BYTE = 10  # start, eight bits, stop
READ_BYTES = 4096
BAUD_OF_CODE = {getattr(termios, f"B{rate}", -rate): rate for rate in BAUD_RATES}


@dataclass(slots=True)
class _Present:
    card: Card
    uid: bytes


class Antenna:
    """The cards in the field; the world writes, the chip reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: list[_Present] = []

    def enter(self, *cards: Card) -> float:
        """`cards` come into the field at once; the monotonic time of it, in seconds."""
        with self._lock:
            self._present += [_Present(card, card.powered_uid()) for card in cards]
            return time.monotonic()

    def leave(self, card: Card) -> None:
        """`card` leaves the field. Raises StopIteration for one that is not in it."""
        with self._lock:
            self._present.remove(next(p for p in self._present if p.card == card))

    def clear(self) -> None:
        """Every card leaves the field."""
        with self._lock:
            self._present.clear()

    def power_up(self) -> None:
        """The radio field comes up: every card starts anew."""
        with self._lock:
            for presence in self._present:
                presence.uid = presence.card.powered_uid()

    def present(self) -> list[tuple[Card, bytes]]:
        """Each card in the field with the UID it shows at present."""
        with self._lock:
            return [(p.card, p.uid) for p in self._present]


class Pn532Emulator:
    """One reader; plugged in from `__enter__` to `__exit__`."""

    def __init__(self, path: Path | None = None, *, radio_s: float = RADIO_S) -> None:
        self._folder = None if path else Path(tempfile.mkdtemp(prefix="pn532-"))
        self.path = path or Path(f"{self._folder}/reader")
        self._radio_s = radio_s
        self._antenna = Antenna()
        self._chip = Chip(self._antenna, radio_s)
        self._complaints: list[str] = []
        self._master = self._slave = -1
        self._frozen = False
        self._to_cut = 0
        self.late_s = 0.0
        """So much later than needed comes whatever the chip says; write it at any time."""
        self._heard_at = 0.0
        self._running = True
        self._asked: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]]
        self._asked = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="pn532", daemon=True)

    # --- the world ---------------------------------------------------------------------------

    def enter(self, *cards: Card) -> float:
        """`cards` come into the field at once; the monotonic time of it, in seconds."""
        return self._antenna.enter(*cards)

    def leave(self, card: Card) -> None:
        """`card` leaves the field. Raises StopIteration for one that is not in it."""
        self._antenna.leave(card)

    def clear(self) -> None:
        """Every card leaves the field."""
        self._antenna.clear()

    def unplug(self) -> None:
        """Power and cable are pulled: the path is gone, whoever has it open gets errors."""
        self._ask(self._disconnect)

    def replug(self) -> None:
        """The reader is back, as after power-up, on another pseudo-terminal behind `path`."""
        self._ask(self._connect)

    def freeze(self) -> None:
        """The chip no longer hears or says anything; the path stays."""
        self._frozen = True

    def thaw(self) -> None:
        """The chip goes on; what was said to it meanwhile is lost."""

        def forget() -> None:
            if self._slave >= 0:
                termios.tcflush(self._slave, termios.TCIOFLUSH)
            self._frozen = False

        self._ask(forget)

    def garbage(self, data: bytes) -> None:
        """`data` reaches the host at once, as if the chip had sent it."""
        self._ask(lambda: self._write(data))

    def cut_frames(self, count: int) -> None:
        """The next `count` answers are cut in the middle."""
        self._to_cut = count

    @property
    def complaints(self) -> list[str]:
        """What the host did that a PN532 does not take, in order."""
        return self._complaints + self._chip.complaints

    # --- the wire ----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._connect()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running = False
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._disconnect()
        os.close(self._wake)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._failure and error is None:
            raise self._failure

    def _ask(self, act: Callable[[], None]) -> None:
        """Lets the serving thread do `act`, since the terminal is its own, and waits for it."""
        done = threading.Event()
        self._asked.put((act, done))
        os.eventfd_write(self._wake, 1)
        if not done.wait(timeout=5.0):
            raise RuntimeError("the emulated reader does not run")

    def _connect(self) -> None:
        if self._master >= 0:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._complaints += self._chip.complaints
        self._chip = Chip(self._antenna, self._radio_s)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.path)

    def _disconnect(self) -> None:
        if self._master < 0:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def _serve(self) -> None:
        try:
            while self._running:
                self._turn()
        except BaseException as failure:
            self._failure = failure
            raise

    def _turn(self) -> None:
        listening = [self._wake] + ([self._master] if self._master >= 0 else [])
        ready, _, _ = select.select(listening, [], [])
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
            while not self._asked.empty():
                act, done = self._asked.get()
                act()
                done.set()
        elif self._master in ready:
            self._hear(os.read(self._master, READ_BYTES))

    def _hear(self, data: bytes) -> None:
        if self._frozen:
            return
        if time.monotonic() - self._heard_at > UNFINISHED_S:
            self._chip.forget_unfinished()
        baud = BAUD_OF_CODE.get(termios.tcgetattr(self._slave)[5], 0)
        seconds = len(data) * BITS_A_BYTE / (baud or self._chip.baud)
        for radio_s, frame in self._chip.feed(data, baud):
            seconds += radio_s + len(frame) * BITS_A_BYTE / baud
            if frame != ACK or radio_s:
                time.sleep(seconds)
                seconds = 0.0
            time.sleep(self.late_s)
            self._write(self._cut(frame))
        self._heard_at = time.monotonic()

    def _cut(self, frame: bytes) -> bytes:
        if frame == ACK or self._to_cut <= 0:
            return frame
        self._to_cut -= 1
        return frame[: len(frame) // 2]

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # a host that reads nothing loses it
            os.write(self._master, data)
