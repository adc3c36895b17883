"""What goes on a strip of paper, as values: blocks, parts, a document; and what a printer says.

Standard library only and pure, like `drivers.base`: the core makes documents, a printer driver
renders them, and a PDF can be made of the same values. Nothing here knows a paper width: a cell
whose width is 0 takes what the others leave.

A document is a sequence of parts. A part is the unit of trust: it fits a page-like stretch of
paper, and a job that was interrupted goes on with the first part that is not certain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Align(StrEnum):
    """Where a text stands in its width."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Paper(StrEnum):
    """The two widths of thermal rolls; dots and columns at 203 dpi, characters of 12 x 24 dots."""

    MM80 = "80mm"
    MM58 = "58mm"

    @property
    def dots(self) -> int:
        """Printable width in dots."""
        return 576 if self is Paper.MM80 else 384

    @property
    def columns(self) -> int:
        """Characters of normal size on a line."""
        return self.dots // 12


# --- blocks ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, wrapped between words. `large`: twice as wide and high."""

    text: str
    bold: bool = False
    large: bool = False
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Banner:
    """A text across the whole width, large, white on black: what nobody may overlook."""

    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row; `width` in characters, 0: all that the other cells leave."""

    text: str
    width: int = 0
    bold: bool = False
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells side by side; a text too long for its cell goes on below, nothing is cut off."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper; `heavy`: between things that do not belong together."""

    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Blank lines."""

    lines: int = 1


@dataclass(frozen=True, slots=True)
class Blank:
    """Room to write by hand behind `label`, `indent` characters from the left."""

    label: str = ""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code of `payload`, centred; readable by any phone."""

    payload: str


Block = Text | Banner | Columns | Rule | Gap | Blank | Qr
Part = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What is printed as one job.

    `duplicate` is the banner over a part that may have been printed before, in the languages of
    the document; a document is never printed twice without it.
    """

    parts: Sequence[Part]
    duplicate: str


# --- what a printer says --------------------------------------------------------------------


class PrinterStatus(StrEnum):
    """The printer's own word, or `UNKNOWN`: silence is neither paper nor no paper."""

    OK = "ok"
    PAPER_LOW = "paper_low"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OFFLINE = "offline"
    UNKNOWN = "unknown"

    @property
    def blocks(self) -> bool:
        """True when the printer says that it cannot print now."""
        return self in (PrinterStatus.PAPER_OUT, PrinterStatus.COVER_OPEN, PrinterStatus.OFFLINE)


@dataclass(frozen=True, slots=True)
class PrinterReady:
    """The printing process has everything loaded and waits for a job."""


@dataclass(frozen=True, slots=True)
class PartStarted:
    """The first bytes of part `part` (from 1) go to the printer."""

    part: int


@dataclass(frozen=True, slots=True)
class PartDone:
    """All bytes of part `part` were taken; `certain`: the printer said so after printing them."""

    part: int
    certain: bool
    status: PrinterStatus


@dataclass(frozen=True, slots=True)
class JobDone:
    """The job ended. The first `certain` parts are on paper; the first `sent` may be.

    Whole when `certain` equals the number of parts. When `sent` does and `certain` does not, a
    person must look: the printer does not answer. Otherwise `problem` and `hint` say why it
    stopped and what to do; the job goes on with `PrintRequest(document, certain, sent)`.
    """

    certain: int
    sent: int
    status: PrinterStatus
    problem: str = ""
    hint: str = ""


PrintEvent = PrinterReady | PartStarted | PartDone | JobDone


@dataclass(frozen=True, slots=True)
class PrintRequest:
    """Print `document` from part `certain` (from 0) on; parts before `sent` bear the duplicate
    banner, since some of them may be on paper already. `left`: another job may have left something
    in the printer."""

    document: Document
    certain: int = 0
    sent: int = 0
    left: bool = False


# --- settings -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrinterSettings:
    """One thermal printer, as a technician writes it.

    `kind` with its `address`: `network` host or host:port, `serial` device path, `usb`
    vendor:product in hex, `file` path. `profile` is python-escpos's name for the model; empty:
    unknown, and letters beyond ASCII go as small pictures, because a code page that the printer
    numbers otherwise would print wrong letters in a name.
    """

    kind: str = "usb"
    address: str = "04b8:0e28"
    paper: Paper = Paper.MM80
    profile: str = ""
    baud: int = 115200


# --- to JSON and from plain values, for the pipe to a process that prints or makes a PDF ----------

_KINDS = {kind.__name__: kind for kind in (Text, Banner, Columns, Rule, Gap, Blank, Qr)}


def to_json(request: PrintRequest, settings: PrinterSettings) -> Iterator[str]:
    """The request as one line of JSON, in pieces; `from_plain` reads what `json.loads` makes."""
    beside = {
        "settings": asdict(settings),
        "certain": request.certain,
        "sent": request.sent,
        "left": request.left,
    }
    yield from document_to_json(request.document, beside)


def from_plain(plain: Mapping[str, Any]) -> tuple[PrintRequest, PrinterSettings]:
    """The inverse of `to_json`, parsed; KeyError, TypeError or ValueError for anything else."""
    document = document_from_plain(plain)
    settings = dict(plain["settings"])
    settings["paper"] = Paper(settings["paper"])
    request = PrintRequest(document, plain["certain"], plain["sent"], plain["left"])
    return request, PrinterSettings(**settings)


def document_to_json(document: Document, beside: Mapping[str, Any]) -> Iterator[str]:
    """The document and `beside` as one line of JSON, a part at a time: a list of many pages never
    stands in memory a second time."""
    yield json.dumps({**beside, "duplicate": document.duplicate})[:-1] + ', "parts": ['
    for n, part in enumerate(document.parts):
        blocks = [{"kind": type(block).__name__, **asdict(block)} for block in part]
        yield (", " if n else "") + json.dumps(blocks)
    yield "]}\n"


def document_from_plain(plain: Mapping[str, Any]) -> Document:
    """The inverse of `document_to_json`, parsed; raises as `from_plain` does."""
    parts = tuple(tuple(_block(block) for block in part) for part in plain["parts"])
    return Document(parts, plain["duplicate"])


def _block(plain: Mapping[str, Any]) -> Block:
    fields = {name: value for name, value in plain.items() if name != "kind"}
    if "align" in fields:
        fields["align"] = Align(fields["align"])
    if "cells" in fields:
        fields["cells"] = tuple(
            Cell(**{**cell, "align": Align(cell["align"])}) for cell in fields["cells"]
        )
    block: Block = _KINDS[plain["kind"]](**fields)
    return block
