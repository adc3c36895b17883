"""An immutable map that is cheap to change.

A plain dict would be copied whole at every change: 100,000 obligations, 100,000 copies. Here a
change copies one board and the row of boards, a few microseconds at any size that a site has.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K", int, str)
V = TypeVar("V")

BOARD = 256
"""Numbers that share a board; for texts, how many boards there are."""


def _place(key: int | str) -> int:
    """The board of a key; the same in every process, so that the order of a shelf is too."""
    return key // BOARD if isinstance(key, int) else zlib.crc32(key.encode()) % BOARD


class Shelf(Generic[K, V]):
    """Values by key, in one fixed order (numbers: ascending). Equal when they hold the same."""

    __slots__ = ("_boards", "_size")

    def __init__(self) -> None:
        self._boards: dict[int, dict[K, V]] = {}  # each board in the order of its keys
        self._size = 0

    def get(self, key: K) -> V | None:
        """The value at `key`, or None."""
        board = self._boards.get(_place(key))
        return None if board is None else board.get(key)

    def put(self, key: K, value: V) -> Shelf[K, V]:
        """A shelf that holds `value` at `key` too."""
        place = _place(key)
        board = dict(self._boards.get(place, ()))
        grown = key not in board
        in_order = not grown or not board or next(reversed(board)) < key
        board[key] = value
        if not in_order:
            board = dict(sorted(board.items()))
        return self._with(place, board, self._size + grown)

    def drop(self, key: K) -> Shelf[K, V]:
        """A shelf without `key`; the same one when it was not there."""
        if key not in self:
            return self
        place = _place(key)
        board = dict(self._boards[place])
        del board[key]
        return self._with(place, board, self._size - 1)

    def _with(self, place: int, board: dict[K, V], size: int) -> Shelf[K, V]:
        shelf: Shelf[K, V] = Shelf()
        shelf._boards = dict(self._boards)
        if board:
            shelf._boards[place] = board
        else:
            shelf._boards.pop(place, None)
        shelf._size = size
        return shelf

    def items(self) -> Iterator[tuple[K, V]]:
        """Every key with its value, in order."""
        for place in sorted(self._boards):
            yield from self._boards[place].items()

    def beyond(self: Shelf[int, V], key: int) -> Iterator[tuple[int, V]]:
        """Every number above `key` with its value, in order."""
        for place in sorted(place for place in self._boards if place >= _place(key)):
            yield from (item for item in self._boards[place].items() if item[0] > key)

    def values(self) -> Iterator[V]:
        """Every value, in the order of its key."""
        return (value for _, value in self.items())

    def __iter__(self) -> Iterator[K]:
        return (key for key, _ in self.items())

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: K) -> bool:
        return key in self._boards.get(_place(key), ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shelf) and self._boards == other._boards

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Shelf({self._size})"
