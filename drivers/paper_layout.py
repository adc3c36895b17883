"""Blocks → lines of a given number of columns; pure. What is too long goes on below.

A line's runs lie side by side from left to right, none overlapping; `column` and `width` count
characters of normal size.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from .paper import Align, Banner, Blank, Block, Cell, Columns, Gap, Qr, Rule, Text

MINIMUM_BLANK = 10  # characters: 15 mm, the least that a name can be written in
LARGE = 2  # how much wider and higher large letters are


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one look, at `column`, in room for `width` characters."""

    text: str
    column: int
    width: int
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line."""

    runs: tuple[Run, ...]
    large: bool = False
    inverse: bool = False


def lay_out(block: Block, columns: int, spell: Callable[[str], str] = str) -> Iterator[Line | Qr]:
    """The lines of `block`, or the QR code itself, which is no line.

    `spell` makes of a clean text what can be written: it is asked before the text is wrapped.
    """
    block = _spelled(block, lambda text: spell(clean(text)))
    match block:
        case Text(text, bold, large, align):
            yield from _paragraph(text, columns, bold=bold, large=large, align=align)
        case Banner(text):
            yield from _paragraph(text, columns, large=True, inverse=True, align=Align.CENTRE)
        case Columns(cells):
            yield from _row(cells, columns)
        case Rule(heavy):
            yield _line(("=" if heavy else "-") * columns)
        case Gap(lines):
            yield from [Line(())] * lines
        case Blank(label, indent):
            yield Line(())  # room for the hand
            yield from _blank(label, indent, columns)
        case Qr():
            yield block


def plain(blocks: Iterable[Block], columns: int) -> str:
    """The blocks as lines of text, for a terminal, in one size; a code is its payload."""
    lines = []
    for block in blocks:
        small = replace(block, large=False) if isinstance(block, Text) else block
        for piece in lay_out(small, columns):
            if isinstance(piece, Qr):
                lines.append(piece.payload)
                continue
            line = ""
            for run in piece.runs:
                line = line.ljust(run.column) + run.text
            lines.append(line.rstrip())
    return "\n".join(lines)


def _spelled(block: Block, spell: Callable[[str], str]) -> Block:
    match block:
        case Text(text) | Banner(text):
            return replace(block, text=spell(text))
        case Columns(cells):
            return Columns(tuple(replace(cell, text=spell(cell.text)) for cell in cells))
        case Blank(label):
            return replace(block, label=spell(label))
        case _:
            return block


def clean(text: str) -> str:
    """`text` composed (NFC), with a space for whatever would steer the printer."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in composed)


def _line(text: str) -> Line:
    return Line((Run(text, 0, len(text)),))


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _placed(text: str, width: int, align: Align) -> str:
    """`text` with spaces on its left as `align` asks; the right side is left open."""
    match align:
        case Align.LEFT:
            return text
        case Align.CENTRE:
            return " " * ((width - len(text)) // 2) + text
        case Align.RIGHT:
            return text.rjust(width)


def _paragraph(
    text: str,
    columns: int,
    *,
    align: Align,
    bold: bool = False,
    large: bool = False,
    inverse: bool = False,
) -> Iterator[Line]:
    longest = max(map(len, text.split()), default=0)
    large = large and longest <= columns // LARGE  # rather small than a broken word
    letters = columns // LARGE if large else columns
    for piece in _wrapped(text, letters):
        placed = _placed(piece, letters, align)
        if inverse:
            placed = placed.ljust(letters)
        yield Line((Run(placed, 0, columns, bold),), large, inverse)


def _row(cells: tuple[Cell, ...], columns: int) -> Iterator[Line]:
    open_cells = sum(1 for cell in cells if not cell.width) or 1
    rest = max(1, (columns - sum(cell.width for cell in cells)) // open_cells)
    widths = [cell.width or rest for cell in cells]
    starts = [sum(widths[:i]) for i in range(len(cells))]
    last = len(cells) - 1  # the others leave a space before the next
    wrapped = [
        _wrapped(cell.text, width if i == last else max(1, width - 1))
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    for pieces in zip_longest(*wrapped, fillvalue=""):
        yield Line(
            tuple(
                Run(_placed(piece, width, cell.align), start, width, cell.bold)
                for piece, cell, width, start in zip(pieces, cells, widths, starts, strict=True)
                if piece
            )
        )


def _blank(label: str, indent: int, columns: int) -> Iterator[Line]:
    *above, last = _wrapped(label, columns - indent - MINIMUM_BLANK)
    for piece in above:
        yield Line((Run(piece, indent, columns - indent),))
    start = f"{last} " if last else ""
    room = columns - indent
    yield Line((Run(start.ljust(room, "_"), indent, room),))
