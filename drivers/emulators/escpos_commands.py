"""ESC/POS as an Epson-like printer reads it: bytes in, effects on a strip, strict.

    Interpreter.step()  carries out the next whole command of the buffer

A command that is not in this file is a fault: it is noted and its first byte is printed as a
letter would be, which is what real printers do with rubbish. What is here follows Epson's ESC/POS
command reference; code page numbers as in its TM-T20II. ESC @ resets the style but, as measured
on real printers, not the code page.
"""

from __future__ import annotations

from collections.abc import Callable

from .escpos_strip import Strip

CODE_PAGES = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737",
    15: "iso8859-7", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 33: "cp775",
    34: "cp855", 35: "cp861", 36: "cp862", 37: "cp864", 38: "cp869", 39: "iso8859-2",
    40: "iso8859-15", 44: "cp1125", 45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254",
    49: "cp1255", 50: "cp1256", 51: "cp1257", 52: "cp1258",
}  # fmt: skip

ESC, GS, LF = 0x1B, 0x1D, 0x0A
FIRST_LETTER = 0x20
_BLACK_SPOT = "■"  # what stands for a byte that the code page leaves open


class Interpreter:
    """Buffer and modes of a printer; `answer` sends bytes back to the host.

    `paper_sensor` gives the byte for GS r 1 at the moment the command is reached.
    """

    def __init__(
        self, strip: Strip, answer: Callable[[bytes], None], paper_sensor: Callable[[], int]
    ) -> None:
        self.strip = strip
        self.buffer = bytearray()
        self.faults: list[str] = []
        self._answer = answer
        self._paper_sensor = paper_sensor
        self._code_page = CODE_PAGES[0]
        self._picture: tuple[int, int] | None = None  # bytes of a row, rows still to come

    def power_on(self) -> None:
        """Forgets buffer, modes and code page."""
        self.buffer.clear()
        self.strip.reset()
        self._code_page = CODE_PAGES[0]
        self._picture = None

    def clear(self) -> None:
        """Forgets what it holds and what it is at; modes and code page stay."""
        self.buffer.clear()
        self.strip.drop()
        self._picture = None

    def step(self) -> bool:
        """Carries out one command or letter; False when the buffer holds no whole one."""
        if not self.buffer:
            return False
        match self.buffer[0]:
            case _ if self._picture:
                used = self._rows(*self._picture)
            case n if n == LF:
                self.strip.feed()
                used = 1
            case n if n == ESC:
                used = self._esc()
            case n if n == GS:
                used = self._gs()
            case 0:
                used = 1  # ignored
            case n if n < FIRST_LETTER:
                used = self._fault(1)
            case n:
                self.strip.letter(bytes([n]).decode(self._code_page, "replace"))
                used = 1
        del self.buffer[:used]
        return used > 0

    def _esc(self) -> int:
        match bytes(self.buffer[1:3]):
            case b"":
                return 0
            case command if command[:1] == b"@":
                self.strip.reset()
                return 2
            case command if len(command) == 1:
                return 0
            case b"E\x00" | b"E\x01" as command:
                self.strip.set(bold=command[1] == 1)
            case b"M\x00":
                pass  # font A, the only one that is emulated
            case b"!\x00" | b"!\x10" | b"!\x20" | b"!\x30" as command:
                self.strip.set(high=1 + (command[1] >> 4 & 1), wide=1 + (command[1] >> 5 & 1))
                self.strip.set(bold=False)  # ESC ! sets all of its modes at once
            case command if command[:1] == b"t" and command[1] in CODE_PAGES:
                self._code_page = CODE_PAGES[command[1]]
            case command if command[:1] == b"d":
                self.strip.feed(max(1, command[1]))
            case _:
                return self._fault(1)
        return 3

    def _gs(self) -> int:
        match bytes(self.buffer[1:3]):
            case command if len(command) < 2:
                return 0
            case b"B\x00" | b"B\x01" as command:
                self.strip.set(inverse=command[1] == 1)
            case b"r\x01" | b"r1":
                self._answer(bytes([self._paper_sensor()]))
            case b"V\x00" | b"V\x01":
                self.strip.cut()
            case b"v0":
                return self._raster()
            case _:
                return self._fault(1)
        return 3

    def _raster(self) -> int:
        if len(self.buffer) < 8:
            return 0
        mode = self.buffer[3]
        row_bytes = self.buffer[4] | self.buffer[5] << 8
        rows = self.buffer[6] | self.buffer[7] << 8
        if mode != 0 or not 0 < row_bytes * 8 <= self.strip.width_dots or rows == 0:
            return self._fault(8)
        if not self.strip.line_is_empty:
            self.faults.append("a raster picture in the middle of a line")
        self._picture = (row_bytes, rows)
        return 8

    def _rows(self, row_bytes: int, rows: int) -> int:
        """Prints what rows of a picture have come: it is larger than any buffer."""
        whole = min(rows, len(self.buffer) // row_bytes)
        if whole:
            self.strip.raster(bytes(self.buffer[: whole * row_bytes]), row_bytes)
            self._picture = (row_bytes, rows - whole) if rows > whole else None
        return whole * row_bytes

    def _fault(self, length: int) -> int:
        self.faults.append(f"not a command known here: {bytes(self.buffer[:8]).hex(' ')}")
        self.strip.letter(_BLACK_SPOT)
        return length
