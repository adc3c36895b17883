"""The order in which rows were sealed, whatever was done to them since, and what that was.

Every row names by its seal the one that it follows. Where the next row in the file is not the one
that follows, those around it are tried in its place: so a break is told once, by its kind, and
everything behind it is still checked. The shift is how far the numbers in the file are beyond
those under which the rows were sealed: rows were put in or taken out, and the rest renumbered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from agent.core.chain import seal_of
from agent.journal.rows import Row

AROUND_ENTRIES = 256
"""How far around a break a row is looked for that belongs there."""

Find = Callable[[int, str], None]
"""Notes what is wrong at an entry of the file."""


class Rechain:
    """Rows that are to follow on entry `seq` with the seal `head`; `number` is the next one's."""

    def __init__(self, seq: int, head: bytes, find: Find) -> None:
        self.number, self.head = seq + 1, head
        self._find = find
        self._shift = 0
        self._ahead: list[Row] = []
        self._passed: list[tuple[int, Row]] = []
        """Rows that something else went before, and the number at which it did."""

    def rows(self, found: Iterable[Row]) -> Iterator[tuple[int, Row]]:
        """Each row with the number under which it was sealed; what is wrong goes to `find`."""
        source = iter(found)
        while True:
            row = self._ahead.pop(0) if self._ahead else next(source, None)
            if row is None:
                break
            if self._passed or row.seq != self.number + self._shift or not self._comes(row):
                self._ahead.insert(0, row)
                self._ahead += islice(source, AROUND_ENTRIES - len(self._ahead))
                row = self._next()
            number, self.number, self.head = self.number, self.number + 1, row.seal
            yield number, row
            if self._passed:
                self._give_up(self.number - AROUND_ENTRIES)
        while row := self._from_passed():
            number, self.number, self.head = self.number, self.number + 1, row.seal
            yield number, row
        self._give_up(self.number)

    def _comes(self, row: Row) -> bool:
        return seal_of(self.head, self.number, *row[1:7]) == row.seal

    def _next(self) -> Row:
        """What comes next of the rows passed and ahead, or else the first one ahead."""
        if row := self._from_passed():
            return row
        for place, row in enumerate(self._ahead):
            if self._comes(row):
                self._passed += ((self.number, other) for other in self._ahead[:place])
                del self._ahead[: place + 1]
                self._place(row)
                return row
        return self._broken(self._ahead.pop(0))

    def _from_passed(self) -> Row | None:
        for place, (_, row) in enumerate(self._passed):
            if self._comes(row):
                del self._passed[place]
                if row.seq != self.number + self._shift:
                    self._misplaced(row)
                return row
        return None

    def _place(self, row: Row) -> None:
        """A row that stands elsewhere was moved, unless the next ones moved with it."""
        if row.seq == self.number + self._shift:
            return
        if self._ahead:
            moved = not _follows(self._ahead[0], row, self.number + 1)
        else:
            moved = any(_follows(other, row, self.number + 1) for _, other in self._passed)
        if moved:
            self._misplaced(row)
        else:
            self._shift = row.seq - self.number

    def _misplaced(self, row: Row) -> None:
        self._find(row.seq, f"was reordered: it was written as entry {self.number}")

    def _broken(self, row: Row) -> Row:
        """Nothing follows: entries are gone before `row`, or it is not what was sealed."""
        number = row.seq - self._shift
        if number > self.number:
            self._gone(number)
            return row
        if self._ahead and not _follows(self._ahead[0], row, self.number + 1):
            sealed = row._replace(seal=seal_of(self.head, self.number, *row[1:7]))
            if _follows(self._ahead[0], sealed, self.number + 1):
                self._find(row.seq, "was edited: its seal")
                return sealed
            for number in range(self.number + 1, self.number + AROUND_ENTRIES):
                if _follows(self._ahead[0], row, number + 1):
                    self._gone(number)
                    self._shift = row.seq - number
                    return row
        self._find(row.seq, "was edited (or the one before it was, and sealed anew)")
        return row

    def _gone(self, number: int) -> None:
        first, last = self.number, number - 1
        which = f"{first} is" if first == last else f"{first} to {last} are"
        self._find(first, f"was deleted: {which} missing")
        self.number = number

    def _give_up(self, since: int) -> None:
        for number, row in self._passed:
            if number <= since:
                self._find(row.seq, "was inserted: those around it follow each other without it")
        self._passed = [(number, row) for number, row in self._passed if number > since]


def _follows(row: Row, before: Row, number: int) -> bool:
    """Whether `row` was sealed as entry `number` onto `before`."""
    return seal_of(before.seal, number, *row[1:7]) == row.seal
