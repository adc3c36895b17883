"""A badge reader that sends lines over a serial port, on a pseudo-terminal.

    with LineReaderEmulator(rdm6300_frame) as reader:
        ... ReaderSettings(kind="rdm6300", path=str(reader.path)) ...
        reader.hold("0C00AB12CD")

`path` is a link to the pseudo-terminal, as udev's /dev/serial/by-id is one to the serial port: it
goes away with `unplug()` and comes back, to another device, with `replug()`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import tty
from collections.abc import Callable
from functools import reduce
from operator import xor
from pathlib import Path
from types import TracebackType
from typing import Self

Framing = Callable[[bytes], bytes]
"""A badge's number → what the reader sends for it."""


def rdm6300_frame(number: bytes) -> bytes:
    """02, hex digits, checksum, 03. `number`: 5 bytes."""
    return b"\x02%s%02X\x03" % (number.hex().upper().encode(), reduce(xor, number))


def id12_frame(number: bytes) -> bytes:
    """As an RDM6300, with carriage return and line feed before the end. `number`: 5 bytes."""
    return rdm6300_frame(number)[:-1] + b"\r\n\x03"


def wiegand_bits(number: bytes) -> bytes:
    """The bits of a Wiegand frame as characters. `number`: 3 or 4 bytes (26 or 34 bits)."""
    data = "".join(f"{byte:08b}" for byte in number)
    half = len(data) // 2
    even = data[:half].count("1") % 2
    odd = 1 - data[half:].count("1") % 2
    return f"{even}{data}{odd}\r\n".encode()


def wiegand_hex(number: bytes) -> bytes:
    """The data of a Wiegand frame in hex, as converters send it that verify the parity."""
    return number.hex().upper().encode() + b"\r"


def decimal_line(number: bytes) -> bytes:
    """Ten decimal digits and a carriage return. `number`: 4 bytes."""
    return b"%010d\r\n" % int.from_bytes(number)


class LineReaderEmulator:
    """One reader; plugged in from `__enter__` to `__exit__`."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._folder = Path(tempfile.mkdtemp(prefix="line-reader-"))
        self.path = self._folder / "reader"
        self._master = self._slave = -1
        self._frozen = False

    def hold(self, uid: str) -> None:
        """A badge with this number, in hex, is held to the reader."""
        if not self._frozen:
            self.send(self._framing(bytes.fromhex(uid)))

    def send(self, data: bytes) -> None:
        """`data` reaches the host as it is; nothing while the reader is unplugged."""
        if self._master >= 0:
            os.write(self._master, data)

    def freeze(self) -> None:
        """The reader no longer says anything; the path stays."""
        self._frozen = True

    def thaw(self) -> None:
        """The reader goes on."""
        self._frozen = False

    def unplug(self) -> None:
        """Power and cable are pulled: the path is gone, whoever has it open gets errors."""
        if self._master >= 0:
            self.path.unlink()
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    def replug(self) -> None:
        """The reader is back, on another pseudo-terminal behind `path`."""
        if self._master < 0:
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            fresh = self._folder / "reader.new"
            fresh.symlink_to(os.ttyname(self._slave))
            fresh.replace(self.path)

    def __enter__(self) -> Self:
        self.replug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()
        shutil.rmtree(self._folder, ignore_errors=True)
