"""A PN532 as its host sees it: bytes in, frames out, no wire and no clock.

Only what nfcpy asks of it, and that as strictly as the chip: a frame with a wrong checksum gets
no acknowledgement, a command that is unknown or has wrong parameters gets the syntax error
frame, and both are noted in `complaints`, so that a test can insist that there were none.

Source: NXP UM0701-02, "PN532 User Manual" (frames: 6.2, commands: 7.2 and 7.3), and for which of
several cards answers, ISO/IEC 14443-3, 6.4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from .nfc_cards import Card, TypeA, TypeB, cascaded
from .pn532_frames import (
    ACK,
    FROM_HOST,
    SYNTAX_ERROR,
    Ack,
    Broken,
    FrameReader,
    Information,
    Nack,
    answer,
)

WAKE_UP_EDGES = 5  # UM0701-02, 7.2.11: the fifth rising edge on the serial line wakes the chip
POWER_UP_BAUD = 115_200  # UM0701-02, 6.2.3
BAUD_RATES = (9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_288_000)
FIRMWARE = bytes.fromhex("32010607")  # PN532, version 1.6, types A and B and ISO/IEC 18092
RF_ITEM_BYTES = {0x01: 1, 0x02: 3, 0x04: 1, 0x05: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}
MOST_TARGETS = 2  # UM0701-02, 7.3.5
FIFO_DATA = 0x6339  # CIU register
SENS_REQ = 0x26
AUTOMATIC_RATS = 0x10  # SetParameters, bit 4

STATUS_OK = b"\x00"
STATUS_TIMEOUT = b"\x01"
STATUS_NO_CONTEXT = b"\x27"

OVER_106_A = 0
OVER_106_B = 3


class Field(Protocol):
    """What lies on the antenna."""

    def power_up(self) -> None:
        """The radio field comes up: every card starts anew."""
        ...

    def present(self) -> list[tuple[Card, bytes]]:
        """Each card in the field with the UID it shows at present."""
        ...


class Chip:
    """The chip's memory between two commands; `feed` is all that a host can do to it."""

    def __init__(self, field: Field, radio_s: float) -> None:
        self.complaints: list[str] = []
        self.baud = POWER_UP_BAUD
        self._next_baud = POWER_UP_BAUD
        self._field = field
        self._radio_s = radio_s
        self._reader = FrameReader()
        self._edges_to_wake = WAKE_UP_EDGES  # it starts in low-battery mode: asleep
        self._field_on = False
        self._parameters = AUTOMATIC_RATS
        self._registers: dict[int, int] = {}
        self._fifo = b""
        self._listed: list[tuple[Card, bytes]] = []
        self._halted = False
        self._last = b""
        self._commands: dict[int, Callable[[bytes], bytes | None]] = {
            0x00: self._diagnose,
            0x02: lambda p: None if p else FIRMWARE,
            0x06: self._read_register,
            0x08: self._write_register,
            0x10: self._set_serial_baud_rate,
            0x12: self._set_parameters,
            0x14: lambda p: b"" if 1 <= len(p) <= 3 and p[0] in (1, 2, 3, 4) else None,
            0x16: self._power_down,
            0x32: self._rf_configuration,
            0x40: self._in_data_exchange,
            0x42: self._in_communicate_thru,
            0x44: lambda p: STATUS_OK if len(p) == 1 else None,
            0x4A: self._in_list_passive_target,
            0x52: self._in_release,
        }

    def feed(self, data: bytes, line_baud: int) -> Iterator[tuple[float, bytes]]:
        """What the chip sends after `data` came in: (seconds of radio before it, frame)."""
        if line_baud == self._next_baud:
            self.baud = self._next_baud
        if line_baud != self.baud:
            return  # at another speed bytes are noise
        for frame in self._reader.feed(self._awake(data)):
            match frame:
                case Ack():
                    self.baud = self._next_baud
                    if line_baud != self.baud:
                        self._reader.forget()  # what followed came at the old speed
                        return
                case Nack():
                    if self._last:
                        yield 0.0, self._last
                case Broken(reason):
                    self.complaints.append(f"frame with a wrong {reason}")
                case Information(identifier, body):
                    yield 0.0, ACK
                    self._last = self._execute(identifier, body)
                    yield self._radio_seconds(body), self._last

    def forget_unfinished(self) -> None:
        """A frame whose bytes stopped coming is dropped."""
        if self._reader.forget():
            self.complaints.append("frame that was never finished")

    def _awake(self, data: bytes) -> bytes:
        """`data` without the bytes that only woke the chip."""
        used = 0
        while self._edges_to_wake > 0 and used < len(data):
            self._edges_to_wake -= _rising_edges(data[used])
            used += 1
        return data[used:]

    def _radio_seconds(self, body: bytes) -> float:
        return self._radio_s if body[:1] == b"\x4a" else 0.0

    def _execute(self, identifier: int, body: bytes) -> bytes:
        command = self._commands.get(body[0]) if body else None
        if identifier != FROM_HOST or command is None:
            self.complaints.append(f"unknown command {identifier:02X} {body[:1].hex()}")
            return SYNTAX_ERROR
        result = command(body[1:])
        if result is None:
            self.complaints.append(f"wrong parameters for command {body[0]:02X}")
            return SYNTAX_ERROR
        return answer(bytes([body[0] + 1]) + result)

    def _diagnose(self, given: bytes) -> bytes | None:
        match given[:1]:
            case b"\x00":  # communication line: everything comes back
                return given
            case b"\x01" | b"\x02":  # ROM, RAM
                return STATUS_OK if len(given) == 1 else None
            case _:
                return None

    def _read_register(self, given: bytes) -> bytes | None:
        if not given or len(given) % 2:
            return None
        return bytes(
            self._register(int.from_bytes(given[i : i + 2], "big")) for i in range(0, len(given), 2)
        )

    def _register(self, address: int) -> int:
        if address != FIFO_DATA:
            return self._registers.get(address, 0)
        first, self._fifo = self._fifo[:1], self._fifo[1:]
        return first[0] if first else 0

    def _write_register(self, given: bytes) -> bytes | None:
        if not given or len(given) % 3:
            return None
        for i in range(0, len(given), 3):
            self._registers[int.from_bytes(given[i : i + 2], "big")] = given[i + 2]
        return b""

    def _set_serial_baud_rate(self, given: bytes) -> bytes | None:
        if len(given) != 1 or given[0] >= len(BAUD_RATES):
            return None
        self._next_baud = BAUD_RATES[given[0]]  # in force once the host has acknowledged
        return b""

    def _set_parameters(self, given: bytes) -> bytes | None:
        if len(given) != 1:
            return None
        self._parameters = given[0]
        return b""

    def _power_down(self, given: bytes) -> bytes | None:
        if len(given) not in (1, 2):
            return None
        self._edges_to_wake = WAKE_UP_EDGES
        self._switch_field(on=False)
        return STATUS_OK

    def _rf_configuration(self, given: bytes) -> bytes | None:
        if not given or RF_ITEM_BYTES.get(given[0]) != len(given) - 1:
            return None
        if given[0] == 0x01:
            self._switch_field(on=bool(given[1] & 0x01))
        return b""

    def _switch_field(self, *, on: bool) -> None:
        if on and not self._field_on:
            self._field.power_up()
        if not on:
            self._listed = []
        self._field_on = on

    def _in_list_passive_target(self, given: bytes) -> bytes | None:
        if len(given) < 2 or not 1 <= given[0] <= MOST_TARGETS:
            return None
        most, kind, wanted = given[0], given[1], given[2:]
        self._switch_field(on=True)
        self._halted = False
        match kind:
            case 0:
                if len(wanted) not in (0, 4, 8, 12):
                    return None
                self._listed = self._resolved(wanted)[:most]
                self._fifo = b"" if self._listed else bytes([SENS_REQ])
            case 3:
                if len(wanted) not in (1, 2):
                    return None
                self._listed = [(c, u) for c, u in self._field.present() if isinstance(c, TypeB)]
                self._listed = self._listed[:most]
            case 1 | 2 | 4:  # FeliCa and Jewel cards do not exist in this world
                self._listed = []
            case _:
                return None
        targets = (bytes([n]) + self._target(c, u) for n, (c, u) in enumerate(self._listed, 1))
        return bytes([len(self._listed)]) + b"".join(targets)

    def _resolved(self, wanted: bytes) -> list[tuple[Card, bytes]]:
        """The type A cards in the order anticollision finds them: at a collision, bit 1 wins."""
        cards = [
            (c, u)
            for c, u in self._field.present()
            if isinstance(c, TypeA) and cascaded(u).startswith(wanted)
        ]
        return sorted(cards, key=lambda found: _bits(cascaded(found[1])), reverse=True)

    def _target(self, card: Card, uid: bytes) -> bytes:
        if isinstance(card, TypeB):
            attrib_res = b"\x01"  # device identifier 1
            return card.atqb + bytes([len(attrib_res)]) + attrib_res
        found = card.sens_res + bytes([card.sel_res, len(uid)]) + uid
        return found + card.ats if self._parameters & AUTOMATIC_RATS else found

    def _in_data_exchange(self, given: bytes) -> bytes | None:
        if not given:
            return None
        number = given[0] & 0x3F
        return STATUS_TIMEOUT if 1 <= number <= len(self._listed) else STATUS_NO_CONTEXT

    def _in_communicate_thru(self, given: bytes) -> bytes | None:
        """Raw bytes to the card; of them sensing needs type B's DESELECT and WUPB, no more."""
        still_there = [card for card, _ in self._field.present()]
        for card, _ in self._listed:
            if not isinstance(card, TypeB) or card not in still_there:
                continue
            if given == b"\xca\x01" and not self._halted:
                self._halted = True
                return STATUS_OK + given
            if given[:1] == b"\x05" and len(given) == 3:
                self._halted = False
                return STATUS_OK + card.atqb
        return STATUS_TIMEOUT

    def _in_release(self, given: bytes) -> bytes | None:
        if len(given) != 1:
            return None
        self._listed = []
        return STATUS_OK


def _rising_edges(byte: int) -> int:
    """How often the line rises while `byte` is sent: start bit 0, eight bits, stop bit 1."""
    line = byte << 1 | 1 << 9
    return (line & ~(line << 1) & 0x3FE).bit_count()


def _bits(data: bytes) -> str:
    """The bits in the order they are sent: lowest of each byte first."""
    return "".join(f"{byte:08b}"[::-1] for byte in data)
