"""`python -m drivers.pdf_process`: makes one PDF in a process of its own, and ends.

In: one line of JSON, the order that `paper_pdf` writes. Out: the PDF. The process holds reportlab,
the fonts and the whole document, so that the agent does not. The font is embedded, subset to the
letters that occur; what has to be shaped goes as a picture over letters that can be searched and
copied but not seen.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import qrcode
from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from .lettering import needs_shaping, shaped, visual_order
from .paper import document_from_plain
from .pdf_sheets import (
    MARGIN_PT,
    SHEET_PT,
    WIDTH_PT,
    Code,
    Fill,
    Row,
    Sheet,
    Stroke,
    Words,
    sheets,
)

FONT = "DejaVuSans"
SHAPED_DOTS = 96  # height of letters that go as a picture: some 700 dots an inch at 10 pt
BASELINE = 0.98  # of the letters' height, down from a row's top
BOLD = 0.025  # thickness of the stroke that makes letters bold, of their height
FOOT_SIZE_PT = 7.0
INVISIBLE, FILLED, FILLED_AND_STROKED = 3, 0, 2  # text rendering modes of PDF


def made(order: Mapping[str, Any]) -> bytes:
    """The PDF of an order; KeyError, TypeError or ValueError for what is none.

    The same order gives the same bytes: no time and no random identifier is in them.
    """
    _load_font()
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=SHEET_PT, invariant=1, lang=order["language"] or None)
    canvas.setTitle(order["title"])
    canvas.setAuthor("Werfpoort")
    if "drawn" in order:
        for drawn in order["drawn"]:
            for mark in drawn:
                _draw_mark(canvas, mark)
            canvas.showPage()
        canvas.save()
        return target.getvalue()
    pages = sheets(document_from_plain(order), _measured, _spelled)
    for number, sheet in enumerate(pages, 1):
        _draw(canvas, sheet)
        _foot(canvas, f"{order['title']}   {number} / {len(pages)}")
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _draw_mark(canvas: Any, mark: Mapping[str, Any]) -> None:
    """A text or a box of page_pdf.py, whose places count from the upper left corner."""
    x, y = mark["x"], SHEET_PT[1] - mark["y"]
    if "colour" in mark:
        canvas.setFillColor(HexColor(mark["colour"]))
        canvas.rect(x, y - mark["height"], mark["width"], mark["height"], stroke=0, fill=1)
        return
    text = _spelled(mark["text"])
    if mark["centred"]:
        x -= _measured(text, mark["size"]) / 2
    _write(canvas, x, y, text, mark["size"], mark["bold"], False)


def _load_font() -> None:
    with resources.as_file(resources.files("drivers") / "fonts" / f"{FONT}.ttf") as file:
        pdfmetrics.registerFont(TTFont(FONT, str(file)))


def _measured(text: str, size: float) -> float:
    if needs_shaping(text):
        return shaped(text, SHAPED_DOTS).width * size / SHAPED_DOTS
    return float(pdfmetrics.stringWidth(text, FONT, size))


def _spelled(text: str) -> str:
    """As on the strip: a letter that the font lacks becomes its code point, never a box."""
    known = pdfmetrics.getFont(FONT).face.charToGlyph
    return "".join(c if ord(c) in known else f"[U+{ord(c):04X}]" for c in text)


def _draw(canvas: Any, sheet: Sheet) -> None:
    top = SHEET_PT[1] - MARGIN_PT
    for row in sheet:
        _draw_row(canvas, row, top)
        top -= row.height


def _draw_row(canvas: Any, row: Row, top: float) -> None:
    for mark in row.marks:
        match mark:
            case Words(x, text, size, bold, white):
                _write(canvas, MARGIN_PT + x, top - size * BASELINE, text, size, bold, white)
            case Stroke(x, y, thickness):
                canvas.setLineWidth(thickness)
                canvas.line(MARGIN_PT + x, top - y, MARGIN_PT + WIDTH_PT, top - y)
            case Fill():
                canvas.rect(MARGIN_PT, top - row.height, WIDTH_PT, row.height, stroke=0, fill=1)
            case Code(x, payload):
                _qr(canvas, MARGIN_PT + x, top, row.height, payload)


def _write(
    canvas: Any, x: float, y: float, text: str, size: float, bold: bool, white: bool
) -> None:
    mode = FILLED_AND_STROKED if bold else FILLED
    if needs_shaping(text):
        _picture(canvas, x, y, text, size, bold)
        mode, text = INVISIBLE, visual_order(text)
    grey = 1 if white else 0
    written = canvas.beginText(x, y)
    written.setFont(FONT, size)
    written.setFillGray(grey)
    written.setStrokeGray(grey)
    written.setTextRenderMode(mode)
    canvas.saveState()
    canvas.setLineWidth(BOLD * size)
    written.textOut(text)
    canvas.drawText(written)
    canvas.restoreState()


def _picture(canvas: Any, x: float, y: float, text: str, size: float, bold: bool) -> None:
    image = shaped(text, SHAPED_DOTS, bold)
    scale = size / SHAPED_DOTS
    below = (image.height - SHAPED_DOTS) * scale
    reader = ImageReader(image.convert("L"))
    canvas.drawImage(reader, x, y - below, image.width * scale, image.height * scale)


def _qr(canvas: Any, x: float, top: float, side: float, payload: str) -> None:
    """As rectangles, a row of dark modules each: sharp at any size, also on a bad printer."""
    code = qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(payload)
    code.make()
    modules: Sequence[Sequence[bool]] = code.get_matrix()
    step = side / len(modules)
    for down, line in enumerate(modules, 1):
        start = 0
        while start < len(line):
            end = start
            while end < len(line) and line[end]:
                end += 1
            if end > start:
                width = (end - start) * step
                canvas.rect(x + start * step, top - down * step, width, step, stroke=0, fill=1)
            start = max(end, start + 1)


def _foot(canvas: Any, text: str) -> None:
    _write(canvas, MARGIN_PT, MARGIN_PT - FOOT_SIZE_PT, _spelled(text), FOOT_SIZE_PT, False, False)


def main() -> None:
    """Reads the order, writes the PDF."""
    sys.stdout.buffer.write(made(json.loads(sys.stdin.buffer.readline())))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
