"""Fingers on a matrix keypad: keys as contacts between row and column pins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Contacts(Protocol):
    """What closes contacts between pins: `CircuitFactory` here, `PinBoard` from elsewhere."""

    def join(self, one: int, other: int) -> None:
        """Closes a contact."""
        ...

    def part(self, one: int, other: int) -> None:
        """Opens a contact."""
        ...


class MatrixKeys:
    """The keys of a keypad whose rows and columns are wired to these pins.

    `layout` is one string a row, as printed on the keys.
    """

    def __init__(
        self,
        contacts: Contacts,
        rows: Sequence[int],
        columns: Sequence[int],
        layout: Sequence[str] = ("123", "456", "789", "*0#"),
    ) -> None:
        self._contacts = contacts
        self._pins = {
            key: (row, column)
            for row, keys in zip(rows, layout, strict=True)
            for column, key in zip(columns, keys, strict=True)
        }

    def press(self, keys: str) -> None:
        """Holds all `keys` down. Raises KeyError for a key that the keypad lacks."""
        for key in keys:
            self._contacts.join(*self._pins[key])

    def release(self, keys: str) -> None:
        """Lets all `keys` go."""
        for key in keys:
            self._contacts.part(*self._pins[key])
