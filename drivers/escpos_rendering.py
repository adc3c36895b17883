"""A part of a document → ESC/POS bytes, by python-escpos; no printer is touched.

Letters go as letters where the printer surely has them, else the whole line goes as a picture of
the same height. "Surely" means: plain ASCII, or a code page of a profile that was named. Of the
profile's pages only those count whose letters stand alone and run from left to right.

Check marks (GS r 1) lie every few lines. The printer answers one when it reaches it, after
printing what lies before: so a part of which every mark was answered came out, and one whose
beginning was lost in a power cut lacks some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .lettering import picture, spelled
from .paper import Banner, Part, PrinterSettings, Qr
from .paper_layout import Line, lay_out

MARK = b"\x1dr\x01"  # GS r 1: transmit the paper sensor's status, in its turn in the buffer
LINES_A_MARK = 6  # under 1 KiB of letters: a printer that starts anew loses more than that
ASCII_PAGE = {"CP437": "0"}  # page 0 of any printer holds ASCII, and no more is asked of it
QR_DOTS = 256  # 32 mm: a code of 300 characters has modules of 0.5 mm, which phones read
CODE_PAGES = frozenset({
    "CP437", "CP737", "CP850", "CP852", "CP855", "CP857", "CP858", "CP866", "CP1250", "CP1251",
    "CP1252", "CP1253", "CP1254", "CP1257", "ISO_8859-2", "ISO_8859-7", "ISO_8859-15",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    """Bytes for the printer, and how many check marks are in them."""

    data: bytes
    marks: int


class Renderer:
    """Renders for one printer; imports python-escpos when made. ValueError: no such profile."""

    def __init__(self, settings: PrinterSettings) -> None:
        from escpos.capabilities import NotSupported, get_profile
        from escpos.magicencode import Encoder

        try:
            profile = get_profile(settings.profile or "default")
        except (KeyError, NotSupported) as error:
            raise ValueError(settings.profile) from error
        pages = profile.get_code_pages() if settings.profile else {}
        self._pages = {name: pages[name] for name in CODE_PAGES & pages.keys()}
        self._encoder = Encoder(self._pages or ASCII_PAGE)
        self.dots = settings.paper.dots
        media = profile.profile_data["media"]
        if settings.profile and isinstance(media["width"]["pixels"], int):
            self.dots = media["width"]["pixels"]
        width = {**media["width"], "pixels": self.dots}
        profile.profile_data = {**profile.profile_data, "media": {**media, "width": width}}
        self._profile = profile
        self.columns = self.dots // 12  # dots of a letter in font A

    def part(self, part: Part, *, over: str = "", last: bool = False) -> Rendered:
        """`part`, under the banner `over` if there is one; `last`: with a cut behind it.

        Starts from a printer in any state: it resets the modes and, since a reset does not reset
        the code page, names the code page before the first letter that needs one.
        """
        from escpos.printer import Dummy

        printer = Dummy(magic_encode_args={"encoder": self._encoder})
        printer.profile = self._profile
        printer.hw("INIT")
        strip = _Strip(self, printer)
        for block in (Banner(over), *part) if over else part:
            for piece in lay_out(block, self.columns, spelled):
                strip.add(piece)
        if last:
            printer.cut()
        strip.mark()
        return Rendered(printer.output, strip.marks)

    def has_letters(self, text: str) -> bool:
        """True when the printer surely has every letter of `text`."""
        return text.isascii() or all(
            letter.isascii() or any(self._encoder.can_encode(p, letter) for p in self._pages)
            for letter in text
        )


class _Strip:
    """Adds lines to one part, changing the printer's modes only where they differ."""

    def __init__(self, renderer: Renderer, printer: Any) -> None:
        self.marks = 0
        self._renderer = renderer
        self._printer = printer
        self._since_mark = 0
        self._bold = False

    def add(self, piece: Line | Qr) -> None:
        if isinstance(piece, Qr):
            self._printer.image(_qr(piece.payload, self._renderer.dots))
        elif self._renderer.has_letters("".join(run.text for run in piece.runs)):
            self._letters(piece)
        else:
            self._printer.image(picture(piece, self._renderer.columns))
        self._since_mark += 1
        if self._since_mark >= LINES_A_MARK:
            self.mark()

    def mark(self) -> None:
        """Asks the printer to answer when it has come so far."""
        self._printer._raw(MARK)
        self.marks += 1
        self._since_mark = 0

    def _letters(self, line: Line) -> None:
        if line.large:
            self._printer.set(double_width=True, double_height=True)
            self._bold = False  # ESC ! sets all modes at once
        if line.inverse:
            self._printer.set(invert=True)
        column = 0
        for run in line.runs:
            self._embolden(run.bold)
            self._printer.text(" " * (run.column - column) + run.text)
            column = run.column + len(run.text)
        self._printer.text("\n")
        if line.inverse:
            self._printer.set(invert=False)
        if line.large:
            self._printer.set(normal_textsize=True)
            self._bold = False

    def _embolden(self, bold: bool) -> None:
        if bold != self._bold:
            self._printer.set(bold=bold)
            self._bold = bold


def _qr(payload: str, dots: int) -> Any:
    """A QR code in the middle of `dots`, with the quiet zone of four modules it needs."""
    import qrcode
    from PIL import Image

    code = qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(payload)
    code.make()
    modules = code.modules_count + 2 * code.border
    code.box_size = max(2, QR_DOTS // modules)
    image = code.make_image().get_image().convert("1")
    wide = Image.new("1", (dots // 8 * 8, image.height), 255)
    wide.paste(image, ((dots - image.width) // 2, 0))
    return wide
