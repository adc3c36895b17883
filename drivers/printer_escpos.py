"""A thermal printer on USB, a serial line, the network or a file, by python-escpos.

    with open_printer(settings) as printer:
        done = printer.print(request, report)

One object prints one job: python-escpos remembers a code page that the printer may have
forgotten. What is believed of a printer is only what it says itself:

- status: the bits of DLE EOT 4, 2 and 1; no answer is `UNKNOWN`;
- a part is certain when each check mark laid in it was answered (see `escpos_rendering`); a
  printer that never answers gets the whole job, and none of it is certain; one that answered for an
  earlier part gets nothing while it is silent: a network printer serves one connection at a time,
  and reads the rest of the one before first;
- what an earlier job left in its buffer is printed before anything new is sent, or the marks in it
  would be taken for those of the new part;
- a printer whose earlier job was killed within a picture waits for the rest of that, and would take
  the new part for it: what answers no mark is told to forget what it holds (DLE DC4 8), or where it
  does not know how, is sent the rest of the largest picture, as white.

No write waits longer than `WRITE_S`, except to a file; the process that prints is killed for
that (see `print_job`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .base import DeviceError, DeviceProtocolError
from .escpos_rendering import MARK, Rendered, Renderer
from .escpos_wires import Wire, open_wire
from .paper import (
    JobDone,
    PartDone,
    PartStarted,
    PrinterSettings,
    PrinterStatus,
    PrintEvent,
    PrintRequest,
)

ANSWER_S = 0.5  # a printer answers DLE EOT within some ms; a network one within a round trip
MARK_S = 15.0  # the slowest head prints what lies between two marks, pictures too, well in that
QUIET_S = 2.0  # so long after an answer nothing more of an earlier job comes
CHUNK_BYTES = 1024
DLE_EOT = b"\x10\x04"
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: clears the buffers and breaks off what is being processed, a picture too; nothing may
be sent behind it before its answer (Epson's command reference). All of it control characters, which
a printer without that command does not print."""
BLOCK = 0x37  # begins what a printer says in more than a byte, up to a NUL; `7%` answers CLEAR
LARGEST_PICTURE_BYTES = 32 * 1024
"""Of those that are rendered here, a QR code over the whole width is the largest: 27 KiB. NUL
outside a picture is ignored."""
_PRINTER, _OFFLINE_CAUSE, _PAPER = b"\x01", b"\x02", b"\x04"  # n of DLE EOT n

HINTS = {
    PrinterStatus.PAPER_OUT: "Put in a new roll and close the cover; printing goes on by itself.",
    PrinterStatus.COVER_OPEN: "Close the printer's cover; printing goes on by itself.",
    PrinterStatus.OFFLINE: "See what the printer's lamps say; press its button or switch it on.",
    PrinterStatus.UNKNOWN: "Check the printer's power and cable, and look at what came out.",
}


class EscposPrinter:
    """One opened printer, for one job. Made by `open_printer`."""

    def __init__(
        self, settings: PrinterSettings, renderer: Renderer, wire: Wire, mark_s: float
    ) -> None:
        self._settings = settings
        self._mark_s = mark_s
        self._renderer = renderer
        self._wire = wire
        self._answers: list[int] = []
        self._marks = 0
        self._in_block = False
        self._cleared = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets the printer go; never raises."""
        self._wire.close()

    def status(self) -> PrinterStatus:
        """What the printer says of itself now; UNKNOWN after `ANSWER_S` of silence."""
        paper = self._ask(_PAPER)
        if paper is None:
            return PrinterStatus.UNKNOWN
        cause, printer = self._ask(_OFFLINE_CAUSE), self._ask(_PRINTER)
        if cause is None or printer is None:
            return PrinterStatus.UNKNOWN
        if cause & 0x04:
            return PrinterStatus.COVER_OPEN
        if paper & 0x60 or cause & 0x20:
            return PrinterStatus.PAPER_OUT
        if printer & 0x08:
            return PrinterStatus.OFFLINE
        return PrinterStatus.PAPER_LOW if paper & 0x0C else PrinterStatus.OK

    def print(
        self,
        request: PrintRequest,
        report: Callable[[PrintEvent], None],
        alive: Callable[[], None] = lambda: None,
    ) -> JobDone:
        """Prints what is not certain yet and tells `report` of each part; the end is the result.

        `alive` is called at least every few seconds. Never raises DeviceError: the end says it.
        """
        certain, sent = request.certain, request.sent
        status = PrinterStatus.UNKNOWN
        try:
            status = self.status()
            answers = status is not PrinterStatus.UNKNOWN
            if certain and not answers:
                return _stopped(certain, sent, status)  # it has answered: it will again
            left = request.left or sent > certain
            if answers and not status.blocks and (left or not self._idle()):
                self._settle(alive)
                status = self.status()
            elif not answers and sent > certain:
                self._fill_up(alive)
            for index in range(request.certain, len(request.document.parts)):
                if status.blocks or (answers and status is PrinterStatus.UNKNOWN):
                    return _stopped(certain, sent, status)
                rendered = self._render(request, index)
                sent = max(sent, index + 1)
                report(PartStarted(index + 1))
                self._send(rendered, alive)
                printed = answers and self._printed(rendered.marks, alive)
                status = self.status() if answers else status
                if answers and not printed:
                    return _stopped(certain, sent, status)
                certain += printed
                report(PartDone(index + 1, printed, status))
        except DeviceError as error:
            return JobDone(certain, sent, PrinterStatus.UNKNOWN, str(error), error.hint)
        if certain < sent:
            problem = "The printer does not answer: nobody knows what came out."
            hint = "Look whether every page is there, from the first to the last."
            return JobDone(certain, sent, status, problem, hint)
        return JobDone(certain, sent, status)

    def _render(self, request: PrintRequest, index: int) -> Rendered:
        document = request.document
        return self._renderer.part(
            document.parts[index],
            over=document.duplicate if index < request.sent else "",
            last=index == len(document.parts) - 1,
        )

    def _send(self, rendered: Rendered, alive: Callable[[], None]) -> None:
        self._take(0.0)
        self._marks = 0
        for start in range(0, len(rendered.data), CHUNK_BYTES):
            self._wire.write(rendered.data[start : start + CHUNK_BYTES])
            alive()

    def _idle(self) -> bool:
        """True when the printer answers a mark at once: it waits for the rest of nothing."""
        self._marks = 0
        self._wire.write(MARK)
        end = time.monotonic() + ANSWER_S
        while not self._marks and time.monotonic() < end:
            self._take(0.05)
        return self._marks > 0

    def _settle(self, alive: Callable[[], None]) -> None:
        """Lets a printer come to the end of what it was sent before; one that does not come there
        waits for the rest of a picture, and is brought out of it."""
        if self._comes_to_its_end(alive) or self.status().blocks:
            return
        self._cleared = False
        self._wire.write(CLEAR)
        end = time.monotonic() + ANSWER_S
        while not self._cleared and time.monotonic() < end:
            self._take(0.05)
        if not self._cleared:
            self._fill_up(alive)
            self._comes_to_its_end(alive)

    def _comes_to_its_end(self, alive: Callable[[], None]) -> bool:
        """A mark behind what it was sent is answered last, and then nothing more; False: not even
        that, though nothing stops it."""
        self._marks, heard, last = 0, 0, time.monotonic()
        self._wire.write(MARK)
        while time.monotonic() - last < (QUIET_S if heard else self._mark_s):
            alive()
            self._take(ANSWER_S)
            if self._marks > heard:
                heard, last = self._marks, time.monotonic()
            elif self.status().blocks:
                break
        return heard > 0

    def _fill_up(self, alive: Callable[[], None]) -> None:
        """Sends the rest of a picture, whatever is missing of it."""
        for _ in range(0, LARGEST_PICTURE_BYTES, CHUNK_BYTES):
            self._wire.write(bytes(CHUNK_BYTES))
            alive()

    def _printed(self, marks: int, alive: Callable[[], None]) -> bool:
        """True once every mark was answered; False when the printer stopped or fell silent."""
        seen, last = self._marks, time.monotonic()
        while self._marks < marks:
            alive()
            self._take(ANSWER_S)
            if self._marks > seen:
                seen, last = self._marks, time.monotonic()
            elif time.monotonic() - last > self._mark_s or self.status().blocks:
                return False
        return True

    def _ask(self, n: bytes) -> int | None:
        self._take(0.0)
        self._answers.clear()
        self._wire.write(DLE_EOT + n)
        end = time.monotonic() + ANSWER_S
        while not self._answers and time.monotonic() < end:
            self._take(0.05)
        return self._answers[0] if self._answers else None

    def _take(self, wait_s: float) -> None:
        """Sorts what came by the bits that are fixed: 0xx1xx10 answers DLE EOT, 0xx0xxxx GS r; what
        is said in more than a byte begins with BLOCK and ends with NUL."""
        for byte in self._wire.read(wait_s):
            if self._in_block or byte == BLOCK:
                self._in_block = byte != 0
                self._cleared |= byte == 0
            elif byte & 0x93 == 0x12:
                self._answers.append(byte)
            elif byte & 0x90 == 0:
                self._marks += 1


def open_printer(settings: PrinterSettings, mark_s: float = MARK_S) -> EscposPrinter:
    """The printer, opened; `mark_s`: how long a mark may wait for its answer. Raises
    DeviceNotFound, DeviceBusy, or DeviceProtocolError for a profile that python-escpos does not
    have.
    """
    try:
        renderer = Renderer(settings)
    except ValueError as error:
        raise DeviceProtocolError(
            f"printer: the profile {settings.profile!r} is not known to python-escpos",
            "Leave the profile empty, or take a name from `python-escpos` (TM-T20II, POS-5890).",
        ) from error
    return EscposPrinter(settings, renderer, open_wire(settings), mark_s)


def _stopped(certain: int, sent: int, status: PrinterStatus) -> JobDone:
    problem = f"The printer stopped after page {certain}: {status.value.replace('_', ' ')}."
    return JobDone(certain, sent, status, problem, HINTS.get(status, HINTS[PrinterStatus.UNKNOWN]))
