"""`python -m drivers.printing_process`: prints one job in a process of its own.

In: one line of JSON, `paper.to_json`. Out: lines of JSON, one an event, and `{"event": "Alive"}`
in between; see `event_line` and `read_event`. The process holds python-escpos and Pillow so that
the agent does not, is started ahead of time, and can be killed when a printer hangs. Without a
job it ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from typing import TextIO

from .base import DeviceError
from .paper import (
    JobDone,
    PartDone,
    PartStarted,
    PrinterReady,
    PrinterSettings,
    PrinterStatus,
    PrintEvent,
    PrintRequest,
    Qr,
    Text,
    from_plain,
)

ALIVE = "Alive"
_EVENTS: dict[str, Callable[..., PrintEvent]] = {
    kind.__name__: kind for kind in (PrinterReady, PartStarted, PartDone, JobDone)
}


def event_line(event: PrintEvent) -> str:
    """`event` as one line."""
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def read_event(line: str | bytes) -> PrintEvent | None:
    """The event of a line; None for a sign of life. ValueError, KeyError or TypeError else."""
    fields = json.loads(line)
    name = fields.pop("event")
    if name == ALIVE:
        return None
    if "status" in fields:
        fields["status"] = PrinterStatus(fields["status"])
    return _EVENTS[name](**fields)


def main() -> None:
    """Loads everything, says so, prints the one job that comes."""
    with _own_output() as out:

        def say(line: str) -> None:
            out.write(line + "\n")
            out.flush()

        _load()
        say(event_line(PrinterReady()))
        line = sys.stdin.readline()
        if line:
            say(event_line(_print(line, say)))


def _own_output() -> TextIO:
    """Standard output for the events alone: python-escpos prints remarks of its own there."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _load() -> None:
    """Imports what is slow; python-escpos makes a temporary folder, which goes again."""
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            from . import printer_escpos  # noqa: F401
            from .escpos_rendering import Renderer

            Renderer(PrinterSettings()).part((Text("é"), Qr("é")))  # fonts and image code too
        finally:
            tempfile.tempdir = None


def _print(line: str, say: Callable[[str], None]) -> JobDone:
    from .printer_escpos import open_printer

    request, settings = from_plain(json.loads(line))
    try:
        with open_printer(settings) as printer:
            return printer.print(
                request,
                lambda event: say(event_line(event)),
                lambda: say(json.dumps({"event": ALIVE})),
            )
    except DeviceError as error:
        return _failed(request, error)


def _failed(request: PrintRequest, error: DeviceError) -> JobDone:
    return JobDone(request.certain, request.sent, PrinterStatus.UNKNOWN, str(error), error.hint)


if __name__ == "__main__":
    main()
