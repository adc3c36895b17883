"""An ACR122U, as nfcpy speaks to one on USB: the messages are real, the bus is left out.

On a real bus (the kernel's own USB gadget) the same reader is tried by `make hardware-vm`.
"""

from __future__ import annotations

import errno
import os
import random
import time
from collections.abc import Iterator

import nfc.clf
import pytest
from nfc.clf import acr122

from drivers.base import (
    BadgeSeen,
    DeviceLost,
    DeviceProtocolError,
    ReaderSettings,
    Report,
    SeveralCards,
)
from drivers.emulators.acr122 import NAME, Acr122
from drivers.emulators.nfc_cards import Card, mifare_classic, ntag213, phone, type_4, type_b
from drivers.presence import CARD_GONE_S
from drivers.reader_nfc import NfcReader

PATIENCE_S = 10.0
TIMES = 100


class Cable:
    """nfcpy's end of the bus, until it is pulled."""

    TYPE = "USB"
    manufacturer_name, product_name = "ACS", NAME

    def __init__(self, reader: Acr122) -> None:
        self.reader = reader
        self.pulled = False
        self.garbage: list[bytes] = []
        self._answer = b""

    def write(self, frame: bytes, timeout: int = 0) -> None:
        self._raise_if_pulled()
        self._answer = self.reader.answer(bytes(frame))

    def read(self, timeout: int = 0) -> bytearray:
        self._raise_if_pulled()
        if self.garbage:
            return bytearray(self.garbage.pop())
        if not self._answer:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return bytearray(self._answer)

    def close(self) -> None:
        self.pulled = True

    def _raise_if_pulled(self) -> None:
        if self.pulled:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


@pytest.fixture
def cable() -> Cable:
    return Cable(Acr122())


def opened(cable: Cable) -> NfcReader:
    clf = nfc.clf.ContactlessFrontend()
    clf.device = acr122.init(cable)
    return NfcReader(ReaderSettings(path="usb:072f:2200"), clf)


@pytest.fixture
def session(cable: Cable) -> Iterator[NfcReader]:
    session = opened(cable)
    yield session
    session.close()
    assert cable.reader.complaints == []


def next_report(session: NfcReader) -> Report:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if reports := session.poll():
            (report,) = reports
            return report
    raise AssertionError("nothing was reported")


@pytest.mark.parametrize(
    ("card", "uid"),
    [
        (ntag213("04A1B2C3D4E580"), "04A1B2C3D4E580"),
        (mifare_classic("5A1C77E0"), "5A1C77E0"),
        (type_4("04112233445566"), "04112233445566"),
        (type_b("11223344"), "11223344"),
    ],
    ids=["type 2", "classic", "type 4", "type B"],
)
def test_a_badge_is_read_once_while_it_lies_there_and_again_when_it_comes_back(
    cable: Cable, session: NfcReader, card: Card, uid: str
) -> None:
    for _time in range(2):
        cable.reader.antenna.enter(card)
        assert next_report(session) == BadgeSeen("entrance", uid)
        assert [report for _ in range(3) for report in session.poll()] == []
        cable.reader.antenna.leave(card)
        until = time.monotonic() + 1.5 * CARD_GONE_S
        while time.monotonic() < until:
            session.poll()


def test_two_cards_at_once_are_told_as_such(cable: Cable, session: NfcReader) -> None:
    cable.reader.antenna.enter(ntag213("04A1B2C3D4E580"), mifare_classic("5A1C77E0"))
    assert isinstance(next_report(session), SeveralCards)


def test_a_phone_is_reported_with_the_number_that_marks_it_as_random(
    cable: Cable, session: NfcReader
) -> None:
    cable.reader.antenna.enter(phone())
    report = next_report(session)
    assert isinstance(report, BadgeSeen)
    assert report.uid.startswith("08")


def test_pulled_a_hundred_times_it_is_lost_at_once_and_reads_again_each_time() -> None:
    reader = Acr122()
    card = ntag213("04A1B2C3D4E580")
    reader.antenna.enter(card)
    for _time in range(TIMES):
        cable = Cable(reader)
        session = opened(cable)
        assert next_report(session) == BadgeSeen("entrance", "04A1B2C3D4E580")
        cable.pulled = True
        with pytest.raises(DeviceLost, match="is gone"):
            session.poll()
        session.close()
    assert reader.complaints == []


def test_fed_garbage_a_hundred_times_it_makes_no_badge_of_it_and_reads_on(
    cable: Cable, session: NfcReader
) -> None:
    chance = random.Random(122)
    for number in range(TIMES):
        cable.garbage = [chance.randbytes(chance.randrange(300))]
        assert list(session.poll()) == []
        if number % 10 == 0:
            card = mifare_classic(f"5A1C77{number:02X}")
            cable.reader.antenna.enter(card)
            assert next_report(session) == BadgeSeen("entrance", f"5A1C77{number:02X}")
            cable.reader.antenna.clear()


def test_one_that_says_nothing_any_more_is_lost(cable: Cable, session: NfcReader) -> None:
    cable.garbage = [b""] * 1_000
    with pytest.raises((DeviceLost, DeviceProtocolError)):
        for _look in range(1_000):
            session.poll()
    cable.garbage = []
