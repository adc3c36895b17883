"""Blocks → rows of an A4 sheet in points; pure, so that a PDF holds what the paper strip holds.

A part begins a new sheet. All parts are set in one size of letters: the largest of `SIZES_PT` in
which each fits its sheet. Where none does, a part goes on, between two rules, on a further sheet,
in letters that are easy to read. Positions count from the left margin and from a row's top down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .paper import Align, Banner, Blank, Block, Cell, Columns, Document, Gap, Qr, Rule, Text
from .paper_layout import MINIMUM_BLANK, clean

SHEET_PT = (595.28, 841.89)  # A4
MARGIN_PT = 42.0  # 15 mm: room for a binder's holes
FOOT_PT = 14.0
WIDTH_PT = SHEET_PT[0] - 2 * MARGIN_PT
HEIGHT_PT = SHEET_PT[1] - 2 * MARGIN_PT - FOOT_PT
SIZES_PT = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)
BROKEN_PT = 9.0  # where a part needs a further sheet anyhow
LARGE = 1.5  # how much higher large letters are
LEADING = 1.35  # distance of two lines, of their height
CHARACTER = 0.64  # width of a digit of DejaVu Sans, of its height: the unit of `Cell.width`
QR_PT = 90.7  # 32 mm, as on the strip

Measure = Callable[[str, float], float]
"""Text and height of letters → width, both in points."""


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of text on the row's baseline."""

    x: float
    text: str
    size: float
    bold: bool = False
    white: bool = False


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line from `x` to the right margin; `y` down from the row's top."""

    x: float
    y: float
    thickness: float


@dataclass(frozen=True, slots=True)
class Fill:
    """The row's whole box in black; drawn before the words on it."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code as a square at `x`, as high as the row."""

    x: float
    payload: str


Mark = Words | Stroke | Fill | Code


@dataclass(frozen=True, slots=True)
class Row:
    """So much of the sheet's height, and what stands in it; `ends`: a sheet may end behind it."""

    height: float
    marks: tuple[Mark, ...] = ()
    ends: bool = False


Sheet = tuple[Row, ...]


def sheets(document: Document, measure: Measure, spell: Callable[[str], str]) -> list[Sheet]:
    """The document's sheets. `spell` makes of a clean text what the font can write."""
    for size in (*SIZES_PT, BROKEN_PT):
        setter = _Setter(size, measure, spell)
        parts = [[row for block in part for row in setter.rows(block)] for part in document.parts]
        if all(_height(part) <= HEIGHT_PT for part in parts):
            break
    return [sheet for part in parts for sheet in _broken(part)]


def _broken(rows: Sequence[Row]) -> Iterator[Sheet]:
    """The rows of a part on as many sheets as they need, broken where it hurts least."""
    sheet: list[Row] = []
    for group in _groups(rows):
        if sheet and _height(sheet) + _height(group) > HEIGHT_PT:
            yield tuple(sheet)
            sheet = []
        for row in group:  # a group that is higher than a sheet breaks anywhere
            if sheet and _height(sheet) + row.height > HEIGHT_PT:
                yield tuple(sheet)
                sheet = []
            sheet.append(row)
    yield tuple(sheet)


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if row.ends:
            yield group
            group = []
    if group:
        yield group


def _height(rows: Sequence[Row]) -> float:
    return sum(row.height for row in rows)


class _Setter:
    """Sets blocks in letters of one size."""

    def __init__(self, size: float, measure: Measure, spell: Callable[[str], str]) -> None:
        self._size = size
        self._measure = measure
        self._spell = spell
        self._character = CHARACTER * size

    def rows(self, block: Block) -> Iterator[Row]:
        size = self._size
        match block:
            case Text(text, bold, large, align):
                height = size * LARGE if large else size
                for piece in self._wrapped(text, WIDTH_PT, height):
                    x = self._placed(piece, WIDTH_PT, height, align)
                    yield Row(height * LEADING, (Words(x, piece, height, bold),))
            case Banner(text):
                height = size * LARGE
                for piece in self._wrapped(text, WIDTH_PT, height):
                    x = self._placed(piece, WIDTH_PT, height, Align.CENTRE)
                    words = Words(x, piece, height, bold=True, white=True)
                    yield Row(height * LEADING, (Fill(), words))
            case Columns(cells):
                yield from self._columns(cells)
            case Rule(heavy):
                thickness = 1.5 if heavy else 0.5
                yield Row(size * 0.8, (Stroke(0, size * 0.4, thickness),), ends=True)
            case Gap(lines):
                yield Row(lines * size * LEADING)
            case Blank(label, indent):
                yield from self._blank(label, indent * self._character)
            case Qr(payload):
                yield Row(QR_PT, (Code((WIDTH_PT - QR_PT) / 2, payload),))

    def _columns(self, cells: Sequence[Cell]) -> Iterator[Row]:
        fixed = sum(cell.width for cell in cells) * self._character
        open_cells = sum(1 for cell in cells if not cell.width) or 1
        rest = max(self._character, (WIDTH_PT - fixed) / open_cells)
        widths = [cell.width * self._character or rest for cell in cells]
        starts = [sum(widths[:i]) for i in range(len(cells))]
        last = len(cells) - 1  # the others leave a space before the next
        wrapped = [
            self._wrapped(cell.text, width - (0 if i == last else self._character), self._size)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        for pieces in zip_longest(*wrapped, fillvalue=""):
            marks = tuple(
                Words(
                    start + self._placed(piece, width, self._size, cell.align),
                    piece,
                    self._size,
                    cell.bold,
                )
                for piece, cell, width, start in zip(pieces, cells, widths, starts, strict=True)
                if piece
            )
            yield Row(self._size * LEADING, marks)

    def _blank(self, label: str, indent: float) -> Iterator[Row]:
        """Room to write above a line, behind the label."""
        height = self._size * LEADING
        *above, last = self._wrapped(
            label, WIDTH_PT - indent - MINIMUM_BLANK * self._character, self._size
        )
        yield Row(height * 0.8)
        for piece in above:
            yield Row(height, (Words(indent, piece, self._size),))
        words = Words(indent, last, self._size)
        start = indent + (self._measure(last, self._size) + self._character if last else 0)
        line = Stroke(start, self._size * 1.1, 0.5)
        yield Row(height, (words, line) if last else (line,))

    def _wrapped(self, text: str, width: float, size: float) -> list[str]:
        """Lines no wider than `width`, broken between words, and a word only if it must be."""
        lines, line = [], ""
        for word in self._spell(clean(text)).split(" "):
            longer = f"{line} {word}" if line else word
            if self._measure(longer, size) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            *pieces, line = self._pieces(word, width, size)
            lines += pieces
        return [*lines, line]

    def _pieces(self, word: str, width: float, size: float) -> Iterator[str]:
        piece = ""
        for letter in word:
            if piece and self._measure(piece + letter, size) > width:
                yield piece
                piece = ""
            piece += letter
        yield piece

    def _placed(self, text: str, width: float, size: float, align: Align) -> float:
        spare = width - self._measure(text, size)
        return {Align.LEFT: 0.0, Align.CENTRE: spare / 2, Align.RIGHT: spare}[align]
