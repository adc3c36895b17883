"""Badges from a reader that sends each number over a serial port by itself (pyserial).

Such a reader is never asked anything, so that a silent one cannot be told from one before which
nobody stands: on the pins of a Pi a pulled wire does not show. On USB it does, within a second.
"""

from __future__ import annotations

import contextlib
import termios
import time
from collections.abc import Sequence
from typing import Any

from drivers.badge_frames import BadgeStream
from drivers.base import DeviceLost, ReaderSettings, Report, Session
from drivers.serial_port import is_there, open_port

POLL_S = 0.4  # a session's poll returns within 0.5 s
READ_MOST_BYTES = 4096
GONE_HINT = "check cable and power, then plug the reader in again"
RUBBISH_HINT = "check `kind`, `baud` and `frame` of this reader, and its wiring"


def open_serial(settings: ReaderSettings) -> Session:
    """A session with the reader at `settings.path`. Raises DeviceNotFound and DeviceBusy."""
    return SerialReader(settings, open_port(settings.path, settings.baud, POLL_S))


class SerialReader:
    """An opened reader; each `poll` waits for what it sends."""

    def __init__(self, settings: ReaderSettings, port: Any) -> None:
        self._path = settings.path
        self._port = port
        self._badges = BadgeStream(settings, RUBBISH_HINT)

    def poll(self) -> Sequence[Report]:
        """The badges since the last poll. Raises DeviceLost and DeviceProtocolError."""
        return self._badges.heard(self._read(), time.monotonic())

    def close(self) -> None:
        """Frees the port; never raises."""
        with contextlib.suppress(OSError, termios.error):
            self._port.close()

    def _read(self) -> bytes:
        try:
            first: bytes = self._port.read(1)
            waiting = min(self._port.in_waiting, READ_MOST_BYTES) if first else 0
            data = first + (self._port.read(waiting) if waiting else b"")
        except (OSError, termios.error, TypeError) as error:  # TypeError: pyserial, closed port
            raise self._gone() from error
        if not data and not is_there(self._path):
            raise self._gone()
        return data

    def _gone(self) -> DeviceLost:
        return DeviceLost(f"reader at {self._path} is gone", GONE_HINT)
