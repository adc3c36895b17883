"""The frames between host and PN532: read those of the host, write those of the chip.

Source: NXP UM0701-02, "PN532 User Manual", section 6.2.1. Every frame is
`00 00 FF`, length, length checksum, data, data checksum, `00`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ACK = bytes.fromhex("0000FF00FF00")
SYNTAX_ERROR = bytes.fromhex("0000FF01FF7F8100")

FROM_HOST = 0xD4
FROM_CHIP = 0xD5
START_CODE = b"\x00\xff"
LONGEST_NORMAL_BYTES = 255  # section 6.2.1.1
LONGEST_EXTENDED_BYTES = 265  # section 6.2.1.2, frame identifier included


@dataclass(frozen=True, slots=True)
class Ack:
    """The host got the answer, or gives up waiting for it."""


@dataclass(frozen=True, slots=True)
class Nack:
    """The host asks for the last answer again."""


@dataclass(frozen=True, slots=True)
class Information:
    """A whole frame with right checksums: its identifier and what follows."""

    identifier: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame with a wrong checksum or length; a chip does not acknowledge it."""

    reason: str


Frame = Ack | Nack | Information | Broken


def answer(data: bytes) -> bytes:
    """The frame a chip sends for `data` (response code and parameters); extended if need be."""
    body = bytes([FROM_CHIP]) + data
    if len(body) <= LONGEST_NORMAL_BYTES:
        head = bytes([len(body), -len(body) & 0xFF])
    else:
        length = len(body).to_bytes(2, "big")
        head = b"\xff\xff" + length + bytes([-sum(length) & 0xFF])
    return b"\x00" + START_CODE + head + body + bytes([-sum(body) & 0xFF, 0])


class FrameReader:
    """Cuts the bytes from the host into frames; whatever stands between frames is skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Every frame that `data` completes, in order."""
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def forget(self) -> bool:
        """Drops a frame that was never finished; true if there was one."""
        unfinished = START_CODE in self._buffer
        self._buffer.clear()
        return unfinished

    def _next(self) -> Frame | None:
        start = self._buffer.find(START_CODE)
        if start < 0:
            del self._buffer[: max(0, len(self._buffer) - 1)]
            return None
        del self._buffer[:start]
        head = bytes(self._buffer[2:7])
        if len(head) < 2:
            return None
        if head[:2] == b"\x00\xff":
            return self._take(4, Ack())
        if head[:2] == b"\xff\x00":
            return self._take(4, Nack())
        if head[:2] == b"\xff\xff":
            if len(head) < 5:
                return None
            return self._body(7, int.from_bytes(head[2:4], "big"), sum(head[2:5]))
        return self._body(4, head[0], sum(head[:2]))

    def _body(self, offset: int, length: int, checksum: int) -> Frame | None:
        if checksum & 0xFF or not 0 < length <= LONGEST_EXTENDED_BYTES:
            return self._take(2, Broken("length"))
        end = offset + length + 1
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[offset:end])
        if sum(body) & 0xFF:
            return self._take(end, Broken("data checksum"))
        return self._take(end, Information(body[0], body[1:-1]))

    def _take(self, size: int, frame: Frame) -> Frame:
        del self._buffer[:size]
        return frame
