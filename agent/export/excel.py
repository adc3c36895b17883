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
from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | dt.date | dt.time
BOM = b"\xef\xbb\xbf"
_LIKE_A_NUMBER = re.compile(r"[\d\s.,:/%€+\-()]*\d[\d\s.,:/%€+\-()]*|[+-]?[\d.,]+E[+-]?\d+", re.I)
"""Numbers, dates, times and shares: everything without a letter that Excel may read as a value."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WORDS = re.compile(r"(true|false|waar|onwaar|vrai|faux|wahr|falsch)", re.I)
_MONTHS = re.compile(r"\d{1,4}[\s./-]?[^\W\d_]{3,9}\.?[\s./-]?\d{0,4}|[^\W\d_]{3,9}[\s./-]?\d{1,4}")
"""2 JUN, juin-26: no text of ours, but one that somebody may have written in the roster."""


def csv_chunks(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file, piece by piece."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    yield BOM + text.getvalue().encode()
    for row in rows:
        text.seek(0)
        text.truncate()
        writer.writerow([cell(value) for value in row])
        yield text.getvalue().encode()


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
    if _LIKE_A_NUMBER.fullmatch(text) or _WORDS.fullmatch(text) or _MONTHS.fullmatch(text):
        return f'="{text}"'
    return f"'{text}" if text.startswith(_FORMULA) else text
