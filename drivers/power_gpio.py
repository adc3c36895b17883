"""A mains sensor on a GPIO pin: an optocoupler or relay contact fed by the socket of the gate.

A broken cable reads as mains lost, never as mains present: a wrong sensor must not speak well of
the power.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from drivers.base import MainsSeen, MainsSettings, Session
from drivers.gpio import pin_errors, pin_factory

SAMPLE_S = 0.1
STEADY_SAMPLES = 3  # 0.3 s: relays bounce, and a dip that any power supply bridges is no outage
SAMPLES_A_POLL = 4  # a session's poll returns within 0.5 s


def open_mains(settings: MainsSettings) -> Session:
    """The sensor on `settings.pin`.

    Raises DeviceNotFound (no such pin, no GPIO on this machine) and DeviceBusy (a pin used twice).
    """
    factory = pin_factory()
    from gpiozero import DigitalInputDevice

    with pin_errors(f"mains sensor on pin {settings.pin}"):
        return MainsSensor(
            DigitalInputDevice(settings.pin, pull_up=settings.present_when_low, pin_factory=factory)
        )


class MainsSensor:
    """A session over an open gpiozero input, active while there is voltage."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._told: bool | None = None
        self._last: bool | None = None
        self._times = 0

    def poll(self) -> Sequence[MainsSeen]:
        """Whether there is voltage, the first time and whenever it changed. Raises DeviceLost."""
        with pin_errors("mains sensor"):
            for _ in range(SAMPLES_A_POLL):
                if self._sampled(bool(self._device.is_active)):
                    return [MainsSeen(present=bool(self._told))]
                time.sleep(SAMPLE_S)
        return []

    def close(self) -> None:
        """Lets the pin go; never raises."""
        with contextlib.suppress(Exception):  # back-ends raise what they like
            self._device.close()

    def _sampled(self, present: bool) -> bool:
        """True if `present` has stood long enough and is news."""
        self._times = self._times + 1 if present == self._last else 1
        self._last = present
        if self._times < STEADY_SAMPLES or present == self._told:
            return False
        self._told = present
        return True
