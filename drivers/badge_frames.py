"""What serial and keyboard-wedge readers say, as badge numbers: characters in, UIDs out.

Pure: no port, no clock of its own. `Frames` cuts a stream into frames, `number_in` reads one, and
`BadgeStream` makes reports of both. What is believed of a frame, by kind of reader:

    rdm6300   02, ten hex digits, their two-digit checksum (exclusive or of the five bytes), 03;
              RDM6300, and ID-12 and its family, which send 0D 0A before the 03
    wiegand   one line: the 26, 34 or 37 bits of the card's frame as 0 and 1, both parity bits
              verified here; or 6, 8 or 9 hex digits, verified by the converter before it sent them
    line      one line as `FrameSettings` describes it

A frame that fails its checksum, or is not what it should be, is rubbish: no badge, and after
`RUBBISH_MOST` of them in a row the reader's speed or kind is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import xor

from drivers.base import DeviceProtocolError, FrameSettings, ReaderSettings, Report
from drivers.presence import Presence

FRAME_MOST_BYTES = 256
"""What has no end by then is no frame: the longest badge number is 20 digits."""
UNFINISHED_S = 1.0
"""After such a pause the rest of a frame will not come any more; at 9600 baud one takes 15 ms."""
RUBBISH_MOST = 5
UID_LEAST_BYTES = 3
UID_MOST_BYTES = 10

RDM6300 = FrameSettings(start="02", end="03", digits=10, checksum="xor")
"""RDM6300 data sheet: 9600 baud, 8N1, two digits of version, eight of tag, two of checksum."""
WIEGAND_BITS = (26, 34, 37)
WIEGAND_HEX_DIGITS = (6, 8, 9)
"""The data of those frames: 24, 32 and 35 bits."""


class Rubbish(Exception):
    """A frame that holds no badge number; its text says why, without the number."""


class BadgeStream:
    """What one reader sends, from opening to closing."""

    def __init__(self, settings: ReaderSettings, hint: str) -> None:
        """`hint`: what to do about a reader that sends nothing but rubbish."""
        self._settings = settings
        self._hint = hint
        self._frames = Frames(settings)
        self._presence = Presence(settings, looks=False)
        self._rubbish = 0

    def heard(self, data: bytes, now: float) -> Sequence[Report]:
        """The badges that `data`, come at `now` (s), completes. Raises DeviceProtocolError."""
        reports: list[Report] = []
        for frame in self._frames.cut(data, now):
            try:
                uid = number_in(frame, self._settings)
            except Rubbish as error:
                self._count(error)
            else:
                self._rubbish = 0
                reports += self._presence.seen([uid], now)
        return reports

    def _count(self, error: Rubbish) -> None:
        self._rubbish += 1
        if self._rubbish >= RUBBISH_MOST:
            path = self._settings.path
            raise DeviceProtocolError(f"what the reader at {path} sends {error}", self._hint)


class Frames:
    """Cuts what comes into frames, whatever pieces it comes in."""

    def __init__(self, settings: ReaderSettings) -> None:
        frame = frame_of(settings)
        self._start = bytes.fromhex(frame.start)
        self._end = bytes.fromhex(frame.end)
        self._gathered = b""
        self._heard_at = 0.0

    def cut(self, data: bytes, now: float) -> Iterator[bytes]:
        """The whole frames, without start and end, that `data`, come at `now` (s), completes."""
        if now - self._heard_at > UNFINISHED_S:
            self._gathered = b""
        self._heard_at = now
        self._gathered += data
        while self._end in self._gathered:
            frame, _, self._gathered = self._gathered.partition(self._end)
            if self._start:
                frame = frame.rpartition(self._start)[2]  # what is before it is noise
            if frame.strip():
                yield frame.strip()
        if len(self._gathered) > FRAME_MOST_BYTES:
            rubbish, self._gathered = self._gathered, b""
            yield rubbish


def frame_of(settings: ReaderSettings) -> FrameSettings:
    """How a frame of this reader looks."""
    return RDM6300 if settings.kind == "rdm6300" else settings.frame


def number_in(frame: bytes, settings: ReaderSettings) -> str:
    """The badge's UID in `frame`, in upper-case hex. Raises Rubbish."""
    try:
        text = frame.decode("ascii")
    except UnicodeDecodeError:
        raise Rubbish("holds bytes that are no characters") from None
    uid = _of_wiegand(text) if settings.kind == "wiegand" else _of_line(text, frame_of(settings))
    if not UID_LEAST_BYTES <= len(uid) // 2 <= UID_MOST_BYTES:
        raise Rubbish(f"is a number of {len(uid) // 2} bytes, and badges have 3 to 10")
    if settings.frame.reverse:
        uid = bytes.fromhex(uid)[::-1].hex().upper()
    return uid


def _of_line(text: str, frame: FrameSettings) -> str:
    text = text[frame.skip :]
    checksum = ""
    if frame.checksum != "none":
        text, checksum = text[:-2], text[-2:]
    if frame.digits and len(text) != frame.digits:
        raise Rubbish(f"has {len(text)} characters for the number, and {frame.digits} are set")
    uid = _of_decimal(text, frame.bytes) if frame.number == "decimal" else _of_hex(text)
    if frame.checksum != "none" and _of_hex(checksum) != _checksum(bytes.fromhex(uid), frame):
        raise Rubbish("fails its checksum")
    return uid


def _of_hex(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]+", text):
        raise Rubbish("holds characters that are no hex digits")
    return text.upper().zfill(len(text) + len(text) % 2)


def _of_decimal(text: str, size: int) -> str:
    if not re.fullmatch(r"[0-9]{1,25}", text):
        raise Rubbish("holds characters that are no digits")
    if int(text) >= 256**size:
        raise Rubbish(f"is larger than {size} bytes hold")
    return f"{int(text):0{2 * size}X}"


def _checksum(number: bytes, frame: FrameSettings) -> str:
    value = reduce(xor, number) if frame.checksum == "xor" else sum(number) % 256
    return f"{value:02X}"


def _of_wiegand(text: str) -> str:
    if re.fullmatch(r"[01]+", text) and len(text) in WIEGAND_BITS:
        return _of_bits([int(bit) for bit in text])
    if len(text) in WIEGAND_HEX_DIGITS:
        return _of_hex(text)
    raise Rubbish(f"has {len(text)} characters, and is neither bits nor data of a Wiegand frame")


def _of_bits(bits: list[int]) -> str:
    """Even parity over the first half, odd over the second; 37 bits share the one in the middle."""
    half = (len(bits) + 1) // 2
    if sum(bits[:half]) % 2 or not sum(bits[-half:]) % 2:
        raise Rubbish("fails its parity")
    data = _number(bits[1:-1])
    return _of_hex(f"{data:0{-(-(len(bits) - 2) // 4)}X}")


def _number(bits: Iterable[int]) -> int:
    return reduce(lambda number, bit: 2 * number + bit, bits, 0)
