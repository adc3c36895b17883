"""CSV that a Belgian Excel opens right by a double click.

UTF-8 with a byte order mark, or é becomes Ã©; semicolons, since the comma is the decimal sign;
CRLF. Excel takes what looks like a number for one: it drops zeros at the front and turns what has
more than eleven digits into 2,49E+16. So digits that are a text are written as ="0448…", which
Excel shows as the digits they are. What comes from others and begins like a formula gets an
apostrophe before it, so that no cell of ours is ever computed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence

Cell = str | int | dt.date | dt.time
BOM = b"\xef\xbb\xbf"
_NUMBER = r"[\d\s.,:/%€+\-()]*\d[\d\s.,:/%€+\-()]*|[+-]?[\d.,]+E[+-]?\d+"
_TRUTH = "true|false|waar|onwaar|vrai|faux|wahr|falsch"
_MONTH = r"\d{1,4}[\s./-]?[^\W\d_]{3,9}\.?[\s./-]?\d{0,4}|[^\W\d_]{3,9}[\s./-]?\d{1,4}"
_A_VALUE = re.compile(f"{_NUMBER}|{_TRUTH}|{_MONTH}", re.IGNORECASE)
"""What Excel may read as a number, a share, a time, a truth, or a date (2 JUN, juin-26)."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_head(names: Sequence[str]) -> bytes:
    """The first line of a file: the names of its columns."""
    return BOM + csv_lines([names])


def csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Further lines of it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows(map(cell, row) for row in rows)
    return text.getvalue().encode()


def cell(value: Cell) -> str:
    """How one value is written, before it is quoted."""
    match value:
        case str():
            return _text(value)
        case dt.time():
            return value.isoformat("seconds")
        case dt.date():
            return value.isoformat()
    return str(value)


def _text(text: str) -> str:
    text = " ".join(text.split())
    if _A_VALUE.fullmatch(text):
        return f'="{text}"'
    return f"'{text}" if text.startswith(_FORMULA) else text
