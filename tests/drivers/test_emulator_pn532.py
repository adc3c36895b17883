"""The emulated PN532 is as strict as the chip, and nfcpy's own start-up opens it unchanged."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator

import nfc.clf
import pytest
from nfc.clf import pn532
from nfc.clf.transport import TTY

from drivers.emulators.nfc_cards import Card, mifare_classic, ntag213, phone, type_4, type_b
from drivers.emulators.pn532 import Pn532Emulator

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
SYNTAX_ERROR = bytes.fromhex("0000FF01FF7F8100")
GET_FIRMWARE_VERSION = bytes.fromhex("0000FF02FED4022A00")
FIRMWARE_VERSION = bytes.fromhex("0000FF06FAD50332010607E800")
PATIENCE_S = 5.0


class Host:
    """A bare serial line to the reader at `path`, without any library."""

    def __init__(self, path: str) -> None:
        self._line = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._line)
        settings = termios.tcgetattr(self._line)
        settings[4] = settings[5] = termios.B115200
        termios.tcsetattr(self._line, termios.TCSANOW, settings)

    def close(self) -> None:
        os.close(self._line)

    def says(self, data: bytes) -> None:
        os.write(self._line, data)

    def hears(self, count: int) -> bytes:
        heard = b""
        while len(heard) < count:
            assert select.select([self._line], [], [], PATIENCE_S)[0], f"only {heard.hex()} came"
            heard += os.read(self._line, count - len(heard))
        return heard

    def hears_nothing(self) -> bool:
        return not select.select([self._line], [], [], 0.15)[0]

    def asks(self, command: str, answer_bytes: int) -> bytes:
        """Sends a command of `command` (hex, from D4 on); its answer's data, frame taken off."""
        self.says(frame(bytes.fromhex(command)))
        assert self.hears(len(ACK)) == ACK
        return self.hears(answer_bytes + 9)[7:-2]


def frame(body: bytes) -> bytes:
    head = bytes([len(body), -len(body) & 0xFF])
    return b"\x00\x00\xff" + head + body + bytes([-sum(body) & 0xFF, 0])


@pytest.fixture
def reader() -> Iterator[Pn532Emulator]:
    with Pn532Emulator(radio_s=0.001) as reader:
        yield reader


@pytest.fixture
def host(reader: Pn532Emulator) -> Iterator[Host]:
    host = Host(str(reader.path))
    host.says(bytes(10))
    assert host.asks("D402", 4) == FIRMWARE_VERSION[7:-2]
    yield host
    host.close()


def test_a_sleeping_chip_hears_nothing_before_the_fifth_edge_on_its_line(
    reader: Pn532Emulator,
) -> None:
    host = Host(str(reader.path))
    host.says(bytes(4) + GET_FIRMWARE_VERSION[1:5])
    assert host.hears_nothing()
    host.says(bytes(1) + GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK) + len(FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION
    host.close()


def test_a_known_command_is_acknowledged_and_answered(host: Host) -> None:
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK) + len(FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION


def test_a_command_may_come_in_pieces(host: Host) -> None:
    for byte in GET_FIRMWARE_VERSION:
        host.says(bytes([byte]))
    assert host.hears(len(ACK) + len(FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION


def test_an_extended_frame_is_read_and_answered_with_one(host: Host) -> None:
    body = bytes.fromhex("D40000") + bytes(range(256)) + bytes(5)
    length = len(body).to_bytes(2, "big")
    head = b"\x00\x00\xff\xff\xff" + length + bytes([-sum(length) & 0xFF])
    host.says(head + body + bytes([-sum(body) & 0xFF, 0]))
    assert host.hears(len(ACK)) == ACK
    answer = host.hears(len(head) + len(body) + 2)
    assert answer[: len(head)] == head
    assert answer[len(head) :][:3] == bytes.fromhex("D50100")
    assert answer[len(head) + 3 : -2] == body[3:]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("0000FF02FED4022B00", "frame with a wrong data checksum"),
        ("0000FF02FFD4022A00", "frame with a wrong length"),
        ("0000FFFFFFFFFF02D402", "frame with a wrong length"),
    ],
)
def test_a_frame_with_a_wrong_checksum_is_not_acknowledged(
    reader: Pn532Emulator, host: Host, broken: str, complaint: str
) -> None:
    host.says(bytes.fromhex(broken))
    assert host.hears_nothing()
    assert reader.complaints == [complaint]
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK)) == ACK


@pytest.mark.parametrize(
    "command",
    [
        "D4FE",  # no such command
        "D502",  # not from a host
        "D40201",  # GetFirmwareVersion takes nothing
        "D44A0300",  # three targets
        "D44A0109",  # no such kind of target
        "D44A0103",  # type B needs an application family
        "D41009",  # no such speed
        "D4320102FF",  # RFConfiguration item 1 has one byte
        "D43203FF",  # no such item
        "D40663",  # half a register address
        "D4086302",  # a register without a value
        "D41405",  # no such SAM mode
    ],
)
def test_what_the_chip_does_not_know_gets_its_syntax_error(
    reader: Pn532Emulator, host: Host, command: str
) -> None:
    host.says(frame(bytes.fromhex(command)))
    assert host.hears(len(ACK) + len(SYNTAX_ERROR)) == ACK + SYNTAX_ERROR
    assert len(reader.complaints) == 1


def test_the_last_answer_is_repeated_for_a_nack(host: Host) -> None:
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK) + len(FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION
    host.says(NACK)
    assert host.hears(len(FIRMWARE_VERSION)) == FIRMWARE_VERSION


def test_a_host_that_speaks_at_another_speed_is_not_heard(
    reader: Pn532Emulator, host: Host
) -> None:
    assert host.asks("D41007", 0) == b""
    host.says(ACK)
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears_nothing()
    assert reader.complaints == []


def test_an_empty_field_holds_no_target(host: Host) -> None:
    assert host.asks("D44A0100", 1) == b"\x00"


@pytest.mark.parametrize(
    ("card", "listed"),
    [
        (ntag213("04A1B2C3D4E580"), "0044 00 07 04A1B2C3D4E580"),
        (mifare_classic("5A1C77E0"), "0004 08 04 5A1C77E0"),
        (type_4("04112233445566"), "0344 20 07 04112233445566 067577810280"),
    ],
)
def test_a_type_a_card_is_listed_with_its_answers(
    reader: Pn532Emulator, host: Host, card: Card, listed: str
) -> None:
    expected = bytes.fromhex("0101" + listed)
    reader.enter(card)
    assert host.asks("D44A0100", len(expected)) == expected


def test_an_answer_to_select_is_left_out_once_automatic_rats_is_off(
    reader: Pn532Emulator, host: Host
) -> None:
    reader.enter(type_4("04112233445566"))
    assert host.asks("D41200", 0) == b""
    expected = bytes.fromhex("0101 0344 20 07 04112233445566")
    assert host.asks("D44A0100", len(expected)) == expected


def test_of_several_cards_the_same_one_is_named_each_time_and_two_are_listed_if_asked(
    reader: Pn532Emulator, host: Host
) -> None:
    for uid in ("5A1C77E0", "5B1C77E0", "521C77E0"):
        reader.enter(mifare_classic(uid))
    winner = bytes.fromhex("0004 08 04 5B1C77E0")  # bit 0 is sent first and 1 wins
    for _look in range(3):
        assert host.asks("D44A0100", 10) == b"\x01\x01" + winner
    second = bytes.fromhex("0004 08 04 5A1C77E0")
    assert host.asks("D44A0200", 19) == b"\x02\x01" + winner + b"\x02" + second


def test_only_the_card_that_is_asked_for_answers(reader: Pn532Emulator, host: Host) -> None:
    reader.enter(mifare_classic("5A1C77E0"))
    assert host.asks("D44A01005A1C77E1", 1) == b"\x00"
    assert host.asks("D44A01005A1C77E0", 10)[-4:] == bytes.fromhex("5A1C77E0")


def test_a_phone_shows_a_new_random_uid_whenever_the_field_comes_up(
    reader: Pn532Emulator, host: Host
) -> None:
    reader.enter(phone())
    shown = set()
    for _look in range(4):
        shown.add(host.asks("D44A0100", 15)[6:10])
        assert host.asks("D4320102", 0) == b""
    assert len(shown) == 4
    assert all(uid[0] == 0x08 for uid in shown)


def test_a_card_that_left_is_not_listed(reader: Pn532Emulator, host: Host) -> None:
    card = mifare_classic("5A1C77E0")
    reader.enter(card)
    reader.leave(card)
    assert host.asks("D44A0100", 1) == b"\x00"
    with pytest.raises(StopIteration):
        reader.leave(card)


def test_entering_tells_the_monotonic_time_of_it(reader: Pn532Emulator) -> None:
    before = time.monotonic()
    entered = reader.enter(phone())
    assert before <= entered <= time.monotonic()


def test_nfcpys_own_start_up_opens_it_at_a_higher_speed_and_senses_every_kind(
    reader: Pn532Emulator,
) -> None:
    clf = nfc.clf.ContactlessFrontend()
    clf.device = pn532.init(TTY(str(reader.path)))
    type_a, type_b_target = nfc.clf.RemoteTarget("106A"), nfc.clf.RemoteTarget("106B")
    assert clf.sense(type_a, type_b_target) is None
    for card in (ntag213("04A1B2C3D4E580"), mifare_classic("5A1C77E0"), type_4("04112233445566")):
        reader.enter(card)
        assert bytes(clf.sense(type_a).sdd_res) == card.uid
        reader.clear()
    reader.enter(type_b("B1B2B3B4"))
    assert bytes(clf.sense(type_a, type_b_target).sensb_res[1:5]) == bytes.fromhex("B1B2B3B4")
    clf.close()
    assert reader.complaints == []


def test_the_path_leads_to_another_terminal_after_it_was_unplugged(reader: Pn532Emulator) -> None:
    host = Host(str(reader.path))
    reader.unplug()
    assert not os.path.lexists(reader.path)
    with pytest.raises(OSError):
        host.says(GET_FIRMWARE_VERSION)
        host.hears(1)
    reader.replug()
    fresh = Host(str(reader.path))
    fresh.says(bytes(10) + GET_FIRMWARE_VERSION)
    assert fresh.hears(len(ACK)) == ACK
    fresh.close()
    host.close()


def test_a_frozen_chip_says_nothing_and_forgets_what_it_was_asked(
    reader: Pn532Emulator, host: Host
) -> None:
    reader.freeze()
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears_nothing()
    reader.thaw()
    assert host.hears_nothing()
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK)) == ACK


def test_garbage_reaches_the_host_and_cut_answers_stop_in_the_middle(
    reader: Pn532Emulator, host: Host
) -> None:
    reader.garbage(b"\xde\xad")
    assert host.hears(2) == b"\xde\xad"
    reader.cut_frames(1)
    host.says(GET_FIRMWARE_VERSION)
    cut = FIRMWARE_VERSION[: len(FIRMWARE_VERSION) // 2]
    assert host.hears(len(ACK) + len(cut)) == ACK + cut
    assert host.hears_nothing()
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK) + len(FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION


def test_a_frame_that_is_never_finished_does_not_swallow_the_next(
    reader: Pn532Emulator, host: Host
) -> None:
    host.says(GET_FIRMWARE_VERSION[:5])
    time.sleep(0.3)
    host.says(GET_FIRMWARE_VERSION)
    assert host.hears(len(ACK)) == ACK
    assert reader.complaints == ["frame that was never finished"]
