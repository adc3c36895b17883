"""A USB numeric keypad, or any keyboard, through evdev.

The keys of a numeric pad keep their codes whatever NumLock says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drivers.base import KeypadSettings, KeyPressed, Session
from drivers.typing_device import Typed, TypingDevice, is_press

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


def key_of(event: Typed) -> str | None:
    """The key that an input event means, None for releases, repeats and other keys."""
    return KEYS.get(event[1]) if is_press(event) else None


def open_keypad_usb(settings: KeypadSettings) -> Session:
    """The keypad at `settings.path`, for this process alone.

    Raises DeviceNotFound (no evdev, no such path, no right to it) and DeviceBusy (grabbed).
    """
    return UsbKeypad(settings.name, TypingDevice(settings.name, settings.path))


class UsbKeypad:
    """A session over a grabbed device."""

    def __init__(self, name: str, device: TypingDevice) -> None:
        self._name = name
        self._device = device

    def poll(self) -> Sequence[KeyPressed]:
        """The keys pressed since the last poll, after waiting 0.4 s at most. Raises DeviceLost."""
        keys = (key_of(event) for event in self._device.typed())
        return [KeyPressed(self._name, key) for key in keys if key]

    def close(self) -> None:
        """Lets the keypad go; never raises."""
        self._device.close()
