"""An ACR122U as its host sees it on USB: CCID messages in, CCID messages out; no wire, no clock.

Inside is a PN532, which the host reaches through pseudo-APDUs. The same on a real bus, behind the
kernel's own USB gadget, is `usb_gadget.py`.

Source: USB CCID Rev. 1.1 (6.1, 6.2: PC_to_RDR_XfrBlock, PC_to_RDR_IccPowerOn, RDR_to_PC_DataBlock);
ACS, "ACR122U Application Programming Interface" V2.04 (direct transmit, firmware version, LED).
"""

from __future__ import annotations

from .pn532 import Antenna
from .pn532_chip import POWER_UP_BAUD, Chip
from .pn532_frames import ACK, FROM_HOST

VENDOR, PRODUCT = 0x072F, 0x2200
MANUFACTURER, NAME = "ACS", "ACR122U PICC Interface"
FIRMWARE = b"ACR122U214"
ATR = bytes.fromhex("3B00")
HEAD_BYTES = 10
XFR_BLOCK, POWER_ON, DATA_BLOCK = 0x6F, 0x62, 0x80
DONE, FAILED = b"\x90\x00", b"\x63\x00"
_WAKE_UP = bytes(10)  # its own controller keeps the chip awake


class Acr122:
    """One reader and what lies on it. `radio_s` is what a search would take; nobody waits here."""

    def __init__(self, radio_s: float = 0.010) -> None:
        self.antenna = Antenna()
        self._chip = Chip(self.antenna, radio_s)
        self._complaints: list[str] = []

    @property
    def complaints(self) -> list[str]:
        """What the host did that neither the reader nor its chip takes, in order."""
        return self._complaints + self._chip.complaints

    def answer(self, message: bytes) -> bytes:
        """What the reader sends for a whole CCID message; empty for what is none."""
        length = int.from_bytes(message[1:5], "little")
        if len(message) != HEAD_BYTES + length:
            self._complaints.append(f"message of {len(message)} bytes that names {length}")
            return b""
        match message[0]:
            case 0x62:
                body = ATR
            case 0x6F:
                body = self._apdu(message[HEAD_BYTES:])
            case kind:
                self._complaints.append(f"message {kind:02X}")
                return b""
        head = bytes([DATA_BLOCK]) + len(body).to_bytes(4, "little") + message[5:7] + bytes(3)
        return head + body

    def _apdu(self, apdu: bytes) -> bytes:
        if apdu[:5] == bytes.fromhex("FF00480000"):
            return FIRMWARE
        if apdu[:3] == bytes.fromhex("FF0051") and len(apdu) == 5:
            return b"\x90" + apdu[3:4]
        if apdu[:3] == bytes.fromhex("FF0040") and len(apdu) == 9:
            return DONE
        if apdu[:4] == bytes.fromhex("FF000000") and len(apdu) == 5 + apdu[4]:
            return self._to_chip(apdu[5:])
        if apdu != ACK:  # nfcpy sends one to break a command off; the reader does not know it
            self._complaints.append(f"command {apdu[:5].hex()}")
        return FAILED

    def _to_chip(self, data: bytes) -> bytes:
        """The chip's answer to a command that its controller puts into a frame."""
        if data[:1] != bytes([FROM_HOST]):
            return FAILED
        frame = b"\x00\x00\xff" + bytes([len(data), -len(data) & 0xFF]) + data
        frame += bytes([-sum(data) & 0xFF, 0])
        frames = [sent for _, sent in self._chip.feed(_WAKE_UP + frame, POWER_UP_BAUD)]
        answer = frames[-1] if frames else b""
        return answer[5:-2] + DONE if len(frames) == 2 else FAILED  # its ACK, then what it says
