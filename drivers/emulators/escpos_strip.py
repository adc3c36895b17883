"""The strip of paper in an emulated thermal printer: printed dots as a picture, letters as text.

Font A, 12 x 24 dots, drawn from the bundled DejaVu Sans Mono; a new line every 30 dots, as an
Epson printer starts up. Letters past the right edge go on to the next line, as on paper.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from importlib import resources

from PIL import Image, ImageChops, ImageDraw, ImageFont

CELL_WIDTH_DOTS = 12
CELL_HEIGHT_DOTS = 24
LINE_SPACING_DOTS = 30  # 1/6 inch at 180 dpi: the default of ESC 2
FONT_SIZE_DOTS = 20  # DejaVu Sans Mono is then 12 dots wide
BASELINE_DOTS = 19
WHITE, BLACK = 255, 0  # 1 would be white too, but inverted it is 254: white again


@dataclass(frozen=True, slots=True)
class Style:
    """How the next letters look; multiples of the cell of font A."""

    bold: bool = False
    inverse: bool = False
    wide: int = 1
    high: int = 1


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    path = resources.files("drivers") / "fonts" / "DejaVuSansMono.ttf"
    with resources.as_file(path) as file:
        return ImageFont.truetype(str(file), FONT_SIZE_DOTS, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=2048)
def _letter(letter: str, style: Style) -> Image.Image:
    cell = Image.new("1", (CELL_WIDTH_DOTS, CELL_HEIGHT_DOTS), WHITE)
    draw = ImageDraw.Draw(cell)
    for shift in (0, 1) if style.bold else (0,):
        draw.text((shift, BASELINE_DOTS), letter, BLACK, font=_font(), anchor="ls")
    if style.inverse:
        cell = ImageChops.invert(cell)
    return cell.resize(
        (cell.width * style.wide, cell.height * style.high), Image.Resampling.NEAREST
    )


class Strip:
    """Paper of `width_dots` that grows at its end; not safe for threads by itself."""

    def __init__(self, width_dots: int) -> None:
        self.width_dots = width_dots
        self.height_dots = 0
        self.lines: list[str] = []
        self.tops: list[int] = []
        """How far down each of the lines begins, in dots."""
        self.cuts: list[int] = []
        self.style = Style()
        self._printed: list[tuple[int, int, Image.Image]] = []
        self._line: list[tuple[str, Image.Image]] = []

    def reset(self) -> None:
        """The line buffer and the style as after power-on; what is printed stays."""
        self._line.clear()
        self.style = Style()

    def drop(self) -> None:
        """Forgets the letters that wait to be printed."""
        self._line.clear()

    def set(self, **changes: bool | int) -> None:
        """Changes the style of the letters that follow."""
        self.style = replace(self.style, **changes)  # type: ignore[arg-type]

    @property
    def line_is_empty(self) -> bool:
        """True when no letter waits to be printed."""
        return not self._line

    def letter(self, letter: str) -> None:
        """One letter into the line buffer, printing the line first when it is full."""
        picture = _letter(letter, self.style)
        if sum(cell.width for _, cell in self._line) + picture.width > self.width_dots:
            self.feed()
        self._line.append((letter, picture))

    def feed(self, lines: int = 1) -> None:
        """Prints the line buffer and moves the paper on, `lines` lines in all."""
        height = max([LINE_SPACING_DOTS, *(cell.height for _, cell in self._line)])
        x = 0
        for _, cell in self._line:
            self._printed.append((x, self.height_dots, cell))
            x += cell.width
        self.lines.append("".join(letter for letter, _ in self._line).rstrip())
        self.lines.extend("" for _ in range(lines - 1))
        self.tops.extend([self.height_dots] * lines)
        self._line.clear()
        self.height_dots += height + LINE_SPACING_DOTS * (lines - 1)

    def raster(self, data: bytes, row_bytes: int) -> None:
        """Rows of dots, most significant bit left, 1 is black."""
        height = len(data) // row_bytes
        dots = Image.frombytes("1", (row_bytes * 8, height), data)
        self._printed.append((0, self.height_dots, ImageChops.invert(dots)))
        self.height_dots += height

    def cut(self) -> None:
        """Notes a cut here."""
        self.cuts.append(self.height_dots)

    def picture(self) -> Image.Image:
        """All that came out, as a picture of one bit a dot."""
        paper = Image.new("1", (self.width_dots, max(1, self.height_dots)), WHITE)
        for x, y, image in self._printed:
            paper.paste(image, (x, y))
        return paper
