"""A USB numeric keypad, or any keyboard, through evdev; grabbed, so that no console gets its keys.

Codes are those of linux/input-event-codes.h. The keys of a numeric pad keep their codes whatever
NumLock says.
"""

from __future__ import annotations

import contextlib
import errno
import select
from collections.abc import Mapping, Sequence
from typing import Any

from drivers.base import (
    DeviceBusy,
    DeviceError,
    DeviceLost,
    DeviceNotFound,
    KeypadSettings,
    KeyPressed,
    Session,
)

POLL_S = 0.4  # a session's poll returns within 0.5 s

EV_KEY = 1
PRESSED = 1  # 0: released, 2: repeated because it is held

KEYS: Mapping[int, str] = {
    **{code: key for code, key in zip(range(2, 12), "1234567890", strict=True)},
    **{code: key for code, key in zip(range(71, 74), "789", strict=True)},
    **{code: key for code, key in zip(range(75, 78), "456", strict=True)},
    **{code: key for code, key in zip(range(79, 83), "1230", strict=True)},
    **{code: key for code, key in zip(range(0x200, 0x20C), "0123456789*#", strict=True)},
    **{30: "A", 48: "B", 46: "C", 32: "D"},
    **{55: "*", 14: "*", 1: "*", 111: "*"},  # keypad asterisk, backspace, escape, delete
    **{28: "#", 96: "#"},  # enter, keypad enter
}
"""Key code → the key of a gate's keypad: enter is `#`, what takes back is `*`."""

_HINT_PATH = "Plug the keypad in and name its path: ls /dev/input/by-id/*-event-kbd"


def key_of(kind: int, code: int, value: int) -> str | None:
    """The key that an input event means, None for releases, repeats and other keys."""
    return KEYS.get(code) if (kind, value) == (EV_KEY, PRESSED) else None


def open_keypad_usb(settings: KeypadSettings) -> Session:
    """The keypad at `settings.path`, for this process alone.

    Raises DeviceNotFound (no evdev, no such path, no right to it) and DeviceBusy (grabbed).
    """
    try:
        import evdev
    except ImportError as error:
        raise DeviceNotFound(
            f"{settings.name}: evdev is not installed: {error}",
            "On a gate install it: apt install python3-evdev, or pip install werfpoort[hardware]",
        ) from error
    try:
        device = evdev.InputDevice(settings.path)
    except OSError as error:
        raise _not_opened(settings, error) from error
    try:
        device.grab()
    except OSError as error:
        device.close()
        raise _not_opened(settings, error) from error
    return UsbKeypad(settings.name, device)


def _not_opened(settings: KeypadSettings, error: OSError) -> DeviceError:
    text = f"{settings.name} at {settings.path!r}: {error.strerror or error}"
    match error.errno:
        case errno.EBUSY:
            return DeviceBusy(text, "Stop the program that has grabbed this keypad")
        case errno.EACCES | errno.EPERM:
            return DeviceNotFound(text, "Let the agent's user into the group input")
        case _:
            return DeviceNotFound(text, _HINT_PATH)


class UsbKeypad:
    """A session over a grabbed `evdev.InputDevice`."""

    def __init__(self, name: str, device: Any) -> None:
        self._name = name
        self._device = device

    def poll(self) -> Sequence[KeyPressed]:
        """The keys pressed since the last poll, after waiting 0.4 s at most. Raises DeviceLost."""
        try:
            ready, _, _ = select.select([self._device.fd], [], [], POLL_S)
            events = list(self._device.read()) if ready else []
        except (OSError, ValueError) as error:  # ValueError: its file is closed already
            raise DeviceLost(f"{self._name}: {error}", "Plug the keypad in again") from error
        keys = (key_of(event.type, event.code, event.value) for event in events)
        return [KeyPressed(self._name, key) for key in keys if key]

    def close(self) -> None:
        """Lets the keypad go; never raises. Closing its file ends the grab."""
        with contextlib.suppress(OSError):
            self._device.close()
