"""The report of an incident as a PDF of one A4 page, drawn from the same page as the HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from agent.reports.incident_html import COLOURS, HEIGHTS
from agent.reports.incident_page import Bar, Page, Timeline
from drivers.page_pdf import A4_PT, Box, Letters, Mark, page_as_pdf

MARGIN_PT = 42.0
SIZE_PT, SMALL_PT, TITLE_PT = 9.0, 7.0, 16.0
LEADING = 1.35
FACTS_PT = 165.0
"""Where the values stand, right of their names."""
LANE_PT, NAMES_PT = 14.0, 130.0
VALUE_CHARACTERS, LINE_CHARACTERS = 66, 100
SIGNATURE_PT = A4_PT[1] - 90.0
"""The line to sign stands at the foot, whatever is above it."""
WIDTH_PT = A4_PT[0] - 2 * MARGIN_PT


def as_pdf(shown: Page) -> bytes:
    """The PDF. Raises DeviceError when it cannot be made."""
    return page_as_pdf(_pages(shown), title=shown.title, language=shown.language)


class _Sheets:
    """Marks from the top down, on as many sheets as they need."""

    def __init__(self) -> None:
        self.pages: list[list[Mark]] = [[]]
        self.y = MARGIN_PT

    def room(self, height: float) -> None:
        """Begins another sheet where this one has no such height left."""
        if self.y + height > SIGNATURE_PT - 30:
            self.pages.append([])
            self.y = MARGIN_PT

    def put(self, *marks: Mark) -> None:
        self.pages[-1] += marks

    def line(
        self, text: str, size: float = SIZE_PT, x: float = MARGIN_PT, *, bold: bool = False
    ) -> None:
        self.room(size * LEADING)
        self.y += size * LEADING
        self.put(Letters(x, self.y, size, text, bold))


def _pages(shown: Page) -> list[list[Mark]]:
    sheets = _Sheets()
    sheets.line(shown.title, TITLE_PT, bold=True)
    if shown.training:
        sheets.line(shown.training, bold=True)
    sheets.y += SIZE_PT
    for label, value in shown.facts:
        broken = textwrap.wrap(value, VALUE_CHARACTERS) or [""]
        sheets.room(SIZE_PT * LEADING * len(broken))
        top = sheets.y
        sheets.put(Letters(MARGIN_PT, top + SIZE_PT * LEADING, SIZE_PT, label))
        for line in broken:
            sheets.line(line, x=MARGIN_PT + FACTS_PT, bold=True)
    _timeline(shown.timeline, sheets)
    for title, lines in (shown.course, shown.tries):
        _listed(title, lines, sheets)
    for page in sheets.pages[-1:]:
        page.append(Box(MARGIN_PT, SIGNATURE_PT, WIDTH_PT, 0.7, "#111111"))
        page.append(Letters(MARGIN_PT, SIGNATURE_PT + 12, SIZE_PT, shown.signature))
        for n, line in enumerate(textwrap.wrap(shown.checkpoint, 115)):
            page.append(Letters(MARGIN_PT, SIGNATURE_PT + 30 + 9 * n, SMALL_PT, line))
    return sheets.pages


def _listed(title: str, lines: tuple[str, ...], sheets: _Sheets) -> None:
    if not lines:
        return
    sheets.y += SIZE_PT
    sheets.room(3 * SIZE_PT * LEADING)
    sheets.line(title, bold=True)
    for text in lines:
        for line in textwrap.wrap(text, LINE_CHARACTERS, subsequent_indent="    "):
            sheets.line(line, 8.0)


def _timeline(shown: Timeline, sheets: _Sheets) -> None:
    sheets.y += SIZE_PT
    sheets.room(LANE_PT * (len(shown.lanes) + 4))
    sheets.line(shown.title, bold=True)
    top, bottom = sheets.y + 6, sheets.y + 6 + LANE_PT * len(shown.lanes)
    left, width = MARGIN_PT + NAMES_PT, WIDTH_PT - NAMES_PT
    begin, end = shown.shade
    sheets.put(Box(left + begin * width, top, (end - begin) * width, bottom - top, "#f3ece0"))
    for part, label in shown.marks:
        sheets.put(Box(left + part * width, top, 0.4, bottom - top + 3, "#999999"))
        sheets.put(Letters(left + part * width, bottom + 11, SMALL_PT, label, centred=True))
    for n, lane in enumerate(shown.lanes):
        middle = top + LANE_PT * (n + 0.5)
        sheets.put(Letters(MARGIN_PT, middle + 3, 8.0, lane.name))
        sheets.put(*_bars(lane.bars, left, width, middle))
    for n, (state, text) in enumerate(shown.legend):
        x = left + n * width / len(shown.legend)
        sheets.put(*_bars((Bar(0, 1, state),), x, 16, bottom + 22))
        sheets.put(Letters(x + 20, bottom + 25, SMALL_PT, text))
    sheets.y = bottom + 30


def _bars(bars: tuple[Bar, ...], left: float, width: float, middle: float) -> Iterator[Box]:
    for bar in bars:
        height = HEIGHTS[bar.state] * 0.75
        x, wide = left + bar.begin * width, max(0.8, (bar.end - bar.begin) * width)
        yield Box(x, middle - height / 2, wide, height, COLOURS[bar.state])
