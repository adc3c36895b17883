"""Letters as dots, where the printer has no code page for them: one line → a picture.

DejaVu Sans Mono at 20 dots has the pitch of a printer's font A (12 dots), so that a line of dots
stands in the same columns as a line of letters. What it lacks DejaVu Sans draws, squeezed into
its columns. What both lack is spelled out as its code point, `[U+738B]`: no letter of a name is
lost or replaced. Arabic is joined and marks are placed where Pillow has raqm (libfribidi0).
"""

from __future__ import annotations

import functools
import unicodedata
from importlib import resources

from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from .paper_layout import LARGE, Line, Run

CELL_DOTS = 12  # width of font A
LINE_DOTS = 30  # distance of two lines of text: what ESC 2 sets
SIZE_DOTS = 20
BASELINE_DOTS = 19
WHITE, BLACK = 255, 0  # 1 would be white too, but inverted it is 254: white again
NO_CHARACTER = "\U0010fffe"  # a noncharacter: every font draws its "missing" box for it


@functools.cache
def can_shape() -> bool:
    """True when Pillow joins Arabic letters and places marks."""
    return bool(features.check("raqm"))


def spelled(text: str) -> str:
    """`text` with every letter that no bundled font has as its code point in brackets."""
    return "".join(
        letter
        if letter.isascii() or _has("DejaVuSansMono", letter) or _has("DejaVuSans", letter)
        else f"[U+{ord(letter):04X}]"
        for letter in text
    )


@functools.lru_cache(maxsize=128)
def picture(line: Line, columns: int) -> Image.Image:
    """The line in dots, 1 bit, as wide as its ink needs, in whole bytes; not to be changed.

    Kept for the next time: heads and legends stand on each of a list's pages.
    """
    scale = LARGE if line.large else 1
    image = Image.new("1", (columns * CELL_DOTS, LINE_DOTS * scale), WHITE)
    for run in line.runs:
        dots = _run(run, scale)
        image.paste(dots, (run.column * CELL_DOTS, 0))
    if line.inverse:
        return ImageChops.invert(image)
    ink = ImageChops.invert(image).getbbox()
    width = -(-(ink[2] if ink else 1) // 8) * 8
    return image.crop((0, 0, width, image.height))


def needs_shaping(text: str) -> bool:
    """True for letters that cannot simply stand one after the other: joined, from the right to the
    left, or with marks on them."""
    return _from_the_right(text) or any(map(unicodedata.combining, text))


def visual_order(text: str) -> str:
    """`text` as its letters stand from left to right: what readers of a PDF turn round again."""
    return text[::-1] if _from_the_right(text) else text


def shaped(text: str, size_dots: int, bold: bool = False) -> Image.Image:
    """One line of letters so high, 1 bit; as wide as they are, on a baseline at `size_dots`."""
    font = _font("DejaVuSans", size_dots)
    room = (max(1, int(font.getlength(text)) + 2), size_dots * 4 // 3)
    image = Image.new("1", room, WHITE)
    draw = ImageDraw.Draw(image)
    for shift in range(1 + size_dots // SIZE_DOTS) if bold else (0,):
        draw.text((shift, size_dots), text, BLACK, font=font, anchor="ls")
    return image


def _from_the_right(text: str) -> bool:
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


def _run(run: Run, scale: int) -> Image.Image:
    room = run.width * CELL_DOTS
    font = _font(_font_for(run.text), SIZE_DOTS * scale)
    needed = max(room, int(font.getlength(run.text)) + 2)
    image = Image.new("1", (needed, LINE_DOTS * scale), WHITE)
    draw = ImageDraw.Draw(image)
    for shift in range(1 + scale) if run.bold else (0,):
        draw.text((shift, BASELINE_DOTS * scale), run.text, BLACK, font=font, anchor="ls")
    return image.resize((room, image.height), Image.Resampling.NEAREST)


def _font_for(text: str) -> str:
    """The monospaced font unless it lacks a letter or would put a mark beside its letter."""
    for letter in text:
        if unicodedata.combining(letter) or not _has("DejaVuSansMono", letter):
            return "DejaVuSans"
    return "DejaVuSansMono"


@functools.cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if can_shape() else ImageFont.Layout.BASIC
    with resources.as_file(resources.files("drivers") / "fonts" / f"{name}.ttf") as file:
        return ImageFont.truetype(str(file), size, layout_engine=engine)


@functools.lru_cache(maxsize=4096)
def _has(name: str, letter: str) -> bool:
    if letter.isascii():
        return True
    category = unicodedata.category(letter)
    if category == "Cs":
        return False
    if category in ("Cf", "Zs"):
        return True
    return _shape(name, letter) != _shape(name, NO_CHARACTER)


@functools.lru_cache(maxsize=4096)
def _shape(name: str, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = _font(name, SIZE_DOTS).getmask(letter, "1")
    return mask.size, bytes(mask)
