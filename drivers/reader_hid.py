"""Badges from a USB reader that types them as a keyboard does (keyboard wedge), through evdev.

Digits and letters are told by their keys, whatever layout the reader was set to: the digits' keys
are the same in all of them, with or without shift, and of the hex digits only A lies elsewhere on
a French or Belgian keyboard.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from drivers.badge_frames import BadgeStream
from drivers.base import ReaderSettings, Report, Session
from drivers.typing_device import Typed, TypingDevice, is_press

KEYS: Mapping[int, str] = {
    **dict(zip(range(2, 12), "1234567890", strict=True)),
    **dict(zip(range(71, 74), "789", strict=True)),
    **dict(zip(range(75, 78), "456", strict=True)),
    **dict(zip(range(79, 83), "1230", strict=True)),
    **{30: "A", 16: "A", 48: "B", 46: "C", 32: "D", 18: "E", 33: "F"},  # 16: A of AZERTY
    **{28: "\r", 96: "\r"},  # enter, keypad enter
}
OTHER_KEY = "?"
SILENT_KEYS = frozenset({42, 54, 29, 97, 56, 100, 58, 69})  # shift, control, alt, both locks

RUBBISH_HINT = "set the reader to send a number and Enter, and check `frame` of this reader"


def text_of(events: Iterable[Typed]) -> bytes:
    """What these events type: hex digits, 0D for Enter, `?` for every key that no number has."""
    codes = [event[1] for event in events if is_press(event)]
    return "".join(KEYS.get(c, OTHER_KEY) for c in codes if c not in SILENT_KEYS).encode("ascii")


def open_hid(settings: ReaderSettings) -> Session:
    """A session with the reader at `settings.path`, for this process alone.

    Raises DeviceNotFound (no evdev, no such path, no right to it) and DeviceBusy (grabbed).
    """
    return HidReader(settings, TypingDevice(f"reader {settings.name}", settings.path))


class HidReader:
    """A session over a grabbed device."""

    def __init__(self, settings: ReaderSettings, device: TypingDevice) -> None:
        self._device = device
        self._badges = BadgeStream(settings, RUBBISH_HINT)

    def poll(self) -> Sequence[Report]:
        """The badges since the last poll, after waiting 0.4 s at most.

        Raises DeviceLost and DeviceProtocolError.
        """
        return self._badges.heard(text_of(self._device.typed()), time.monotonic())

    def close(self) -> None:
        """Lets the reader go; never raises."""
        self._device.close()
