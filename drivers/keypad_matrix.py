"""A 3x4 or 4x4 matrix keypad on GPIO pins: rows pulled low one at a time, columns read.

Rows are never driven high: two keys held in one column would short a high row to a low one. At
rest every row is low and only the columns are read, so a keypad that nobody touches costs four
readings every 20 ms.

A matrix without diodes lies when three corners of a rectangle are held: the fourth reads as held
too. Such a set is believed in no part, until all keys are up again.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Sequence
from typing import Any

from drivers.base import DeviceNotFound, KeypadSettings, KeyPressed, Session
from drivers.gpio import pin_errors, pin_factory

LAYOUTS = {3: ("123", "456", "789", "*0#"), 4: ("123A", "456B", "789C", "*0#D")}

IDLE_S = 0.02  # between looks at the columns; a quick key press lasts 50 ms and more
SCAN_S = 0.008  # between scans while a key is down
STEADY_SCANS = 3  # 24 ms: contacts of membrane and dome keys bounce for 5 to 20 ms
POLL_S = 0.4  # a session's poll returns within 0.5 s
SETTLE_S = 0.0001  # 50 kOhm of pull-up and 1 nF of cable take 50 us to rise

Place = tuple[int, int]
"""A crossing: row from the top, column from the left, from 0."""


class KeyFilter:
    """Scans in, key presses out: each press once, no bounce, no ghost."""

    def __init__(self) -> None:
        self._last: frozenset[Place] = frozenset()
        self._times = STEADY_SCANS
        self._held: frozenset[Place] = frozenset()
        self._jammed = False

    @property
    def at_rest(self) -> bool:
        """True while no key is down nor bouncing: no need to scan."""
        return not self._held and not self._last and self._times >= STEADY_SCANS

    def scanned(self, places: frozenset[Place]) -> Place | None:
        """The key that `places`, the crossings closed in this scan, make newly pressed.

        None too if two keys went down in the same instant: which was first nobody knows.
        """
        self._times = self._times + 1 if places == self._last else 1
        self._last = places
        if self._times != STEADY_SCANS:
            return None
        new = places - self._held
        self._held = places
        self._jammed = bool(places) and (self._jammed or _ambiguous(places))
        return min(new) if len(new) == 1 and not self._jammed else None


def _ambiguous(places: frozenset[Place]) -> bool:
    """True if four crossings form a rectangle: one of them may be a ghost."""
    return any(
        (a, d) in places and (c, b) in places
        for (a, b), (c, d) in itertools.combinations(places, 2)
        if a != c and b != d
    )


def open_keypad_matrix(settings: KeypadSettings) -> Session:
    """The keypad on `settings.rows` (4) and `settings.columns` (3 or 4).

    Raises DeviceNotFound (no such pin, another shape) and DeviceBusy (a pin used twice).
    """
    layout = LAYOUTS.get(len(settings.columns))
    if layout is None or len(settings.rows) != len(layout):
        shape = f"{len(settings.rows)} rows and {len(settings.columns)} columns"
        raise DeviceNotFound(
            f"{settings.name}: {shape} make no keypad that is known",
            "Name 4 row pins, top one first, and 3 or 4 column pins, left one first",
        )
    factory = pin_factory()
    from gpiozero import GPIODevice

    with contextlib.ExitStack() as opened:
        devices = []
        for number in (*settings.rows, *settings.columns):
            with pin_errors(f"{settings.name} on pin {number}"):
                devices.append(opened.enter_context(GPIODevice(number, pin_factory=factory)))
        split = len(settings.rows)
        with pin_errors(settings.name):
            keypad = MatrixKeypad(settings.name, layout, devices[:split], devices[split:])
        opened.pop_all()
    return keypad


class MatrixKeypad:
    """A session that scans; `rows` and `columns` are open gpiozero devices, closed with it."""

    def __init__(
        self, name: str, layout: Sequence[str], rows: Sequence[Any], columns: Sequence[Any]
    ) -> None:
        self._name = name
        self._layout = layout
        self._rows = rows
        self._columns = columns
        self._filter = KeyFilter()
        for column in columns:
            column.pin.input_with_pull("up")
        self._rest()

    def poll(self) -> Sequence[KeyPressed]:
        """The next key pressed within 0.4 s, else nothing. Raises DeviceLost."""
        end_s = time.monotonic() + POLL_S
        with pin_errors(self._name):
            while time.monotonic() < end_s:
                touched = bool(self._closed_columns())
                if self._filter.at_rest and not touched:
                    time.sleep(IDLE_S)
                    continue
                place = self._filter.scanned(self._scan() if touched else frozenset())
                if place is not None:
                    row, column = place
                    return [KeyPressed(self._name, self._layout[row][column])]
                time.sleep(SCAN_S)
        return []

    def close(self) -> None:
        """Lets every pin go; never raises."""
        for device in (*self._rows, *self._columns):
            with contextlib.suppress(Exception):  # back-ends raise what they like
                device.close()

    def _rest(self) -> None:
        for row in self._rows:
            row.pin.output_with_state(False)

    def _closed_columns(self) -> list[int]:
        return [i for i, column in enumerate(self._columns) if not column.pin.state]

    def _scan(self) -> frozenset[Place]:
        for row in self._rows:
            row.pin.input_with_pull("up")
        places: set[Place] = set()
        for number, row in enumerate(self._rows):
            row.pin.output_with_state(False)
            time.sleep(SETTLE_S)
            places.update((number, column) for column in self._closed_columns())
            row.pin.input_with_pull("up")
        self._rest()
        time.sleep(SETTLE_S)
        return frozenset(places)
