"""A USB device that types as a keyboard does, through evdev: a keypad or a badge reader.

Grabbed, so that no console gets what it types. Codes are those of linux/input-event-codes.h.
"""

from __future__ import annotations

import contextlib
import errno
import select
from typing import Any

from drivers.base import DeviceBusy, DeviceError, DeviceLost, DeviceNotFound

POLL_S = 0.4  # a session's poll returns within 0.5 s
EV_KEY = 1
PRESSED = 1  # 0: released, 2: repeated because it is held

Typed = tuple[int, int, int]
"""An input event: type, code, value."""


class TypingDevice:
    """An input device for this process alone. `what`: its name in messages."""

    def __init__(self, what: str, path: str) -> None:
        """Raises DeviceNotFound (no evdev, no such path, no right to it) and DeviceBusy."""
        self._what = f"{what} at {path!r}"
        self._device = _opened(what, path)
        try:
            self._device.grab()
        except OSError as error:
            self._device.close()
            raise _not_opened(self._what, error) from error

    def typed(self) -> list[Typed]:
        """What was typed since the last call, after waiting 0.4 s at most. Raises DeviceLost."""
        try:
            ready, _, _ = select.select([self._device.fd], [], [], POLL_S)
            events = list(self._device.read()) if ready else []
        except (OSError, ValueError) as error:  # ValueError: its file is closed already
            raise DeviceLost(f"{self._what} is gone: {error}", "Plug it in again") from error
        return [(event.type, event.code, event.value) for event in events]

    def close(self) -> None:
        """Lets the device go; never raises. Closing its file ends the grab."""
        with contextlib.suppress(OSError):
            self._device.close()


def is_press(event: Typed) -> bool:
    """Whether a key went down: not a release, nor a repeat of one that is held."""
    return event[0] == EV_KEY and event[2] == PRESSED


def _opened(what: str, path: str) -> Any:
    try:
        import evdev
    except ImportError as error:
        raise DeviceNotFound(
            f"{what}: evdev is not installed: {error}",
            "On a gate install it: apt install python3-evdev, or pip install werfpoort[hardware]",
        ) from error
    try:
        return evdev.InputDevice(path)
    except OSError as error:
        raise _not_opened(f"{what} at {path!r}", error) from error


def _not_opened(what: str, error: OSError) -> DeviceError:
    text = f"{what}: {error.strerror or error}"
    match error.errno:
        case errno.EBUSY:
            return DeviceBusy(text, "Stop the program that has grabbed it")
        case errno.EACCES | errno.EPERM:
            return DeviceNotFound(text, "Let the agent's user into the group input")
        case _:
            return DeviceNotFound(
                text, "Plug it in and name its path: ls /dev/input/by-id/*-event-kbd"
            )
