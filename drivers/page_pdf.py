"""One drawn A4 page as a PDF, made in a process of its own; reportlab is never loaded here.

A page is texts and boxes at their places: for what is no list of blocks, as a timeline.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .base import DeviceError

A4_PT = (595.0, 842.0)
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Letters:
    """Text whose baseline begins at `x`, `y` points from the upper left corner."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle; its upper left corner, and `colour` as #rrggbb."""

    x: float
    y: float
    width: float
    height: float
    colour: str


Mark = Letters | Box


def page_as_pdf(pages: Sequence[Sequence[Mark]], *, title: str, language: str) -> bytes:
    """The PDF of these pages. Raises DeviceError when it cannot be made."""
    order = {
        "title": title,
        "language": language,
        "drawn": [[asdict(mark) for mark in page] for page in pages],
    }
    hint = "Free memory or restart the gate, and ask again."
    try:
        done = subprocess.run(
            [sys.executable, "-m", "drivers.pdf_process"],
            input=json.dumps(order).encode() + b"\n",
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DeviceError(f"PDF: not made: {error}", hint) from error
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise DeviceError(f"PDF: not made: {last or f'exit code {done.returncode}'}", hint)
    return done.stdout
