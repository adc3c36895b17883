"""Badges read by unmodified nfcpy from an emulated PN532 on a pseudo-terminal."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

import pytest

from drivers import open_reader
from drivers.base import (
    BadgeSeen,
    DeviceBack,
    DeviceBusy,
    DeviceError,
    DeviceGone,
    DeviceLost,
    DeviceNotFound,
    DeviceProtocolError,
    Direction,
    ReaderSettings,
    Report,
    Session,
    SeveralCards,
)
from drivers.emulators.nfc_cards import Card, mifare_classic, ntag213, phone, type_4, type_b
from drivers.emulators.pn532 import Pn532Emulator
from drivers.presence import Presence
from drivers.supervised import Supervised

PATIENCE_S = 10.0
PROJECT = Path(__file__).parents[2]
NTAG = ntag213("04A1B2C3D4E580")
CLASSIC = mifare_classic("5A1C77E0")


@pytest.fixture
def reader() -> Iterator[Pn532Emulator]:
    with Pn532Emulator(radio_s=0.002) as reader:
        yield reader


def settings_of(reader: Pn532Emulator) -> ReaderSettings:
    return ReaderSettings(name="entrance", path=str(reader.path), direction=Direction.IN)


@pytest.fixture
def session(reader: Pn532Emulator) -> Iterator[Session]:
    session = open_reader(settings_of(reader))
    yield session
    session.close()
    assert reader.complaints == []


def next_report(session: Session) -> Report:
    """Polls until there is something to report."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if reports := session.poll():
            assert len(reports) == 1
            return reports[0]
    raise AssertionError("nothing was reported")


def polled(session: Session, seconds: float) -> list[Report]:
    """Everything reported in `seconds` and at least three looks."""
    reports: list[Report] = []
    until = time.monotonic() + seconds
    looks = 0
    while looks < 3 or time.monotonic() < until:
        reports += session.poll()
        looks += 1
    return reports


def failure(session: Session) -> DeviceError:
    """What polling ends with, be it at once or after some looks; anything else fails the test."""
    until = time.monotonic() + PATIENCE_S
    with pytest.raises(DeviceError) as raised:
        while time.monotonic() < until:
            assert not session.poll()
    assert raised.value.hint
    return raised.value


# --- cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "uid"),
    [
        (NTAG, "04A1B2C3D4E580"),
        (CLASSIC, "5A1C77E0"),
        (type_4("04112233445566"), "04112233445566"),
        (type_b("B1B2B3B4"), "B1B2B3B4"),
    ],
    ids=["type 2", "MIFARE Classic", "type 4", "type B"],
)
def test_every_kind_of_card_is_read(
    reader: Pn532Emulator, session: Session, card: Card, uid: str
) -> None:
    reader.enter(card)
    assert next_report(session) == BadgeSeen("entrance", uid, Direction.IN)


def test_an_empty_field_reports_nothing(session: Session) -> None:
    assert polled(session, 0.3) == []


def test_a_card_that_stays_is_reported_once(reader: Pn532Emulator, session: Session) -> None:
    reader.enter(CLASSIC)
    assert len(polled(session, 0.8)) == 1


def test_a_phone_is_reported_once_though_its_uid_is_new_at_every_look(
    reader: Pn532Emulator, session: Session
) -> None:
    reader.enter(phone())
    (seen,) = polled(session, 0.8)
    assert isinstance(seen, BadgeSeen)
    assert seen.uid.startswith("08")


def test_a_card_that_left_and_returns_is_reported_again(
    reader: Pn532Emulator, session: Session
) -> None:
    for _time in range(2):
        reader.enter(NTAG)
        assert next_report(session) == BadgeSeen("entrance", "04A1B2C3D4E580", Direction.IN)
        reader.leave(NTAG)
        assert polled(session, 0.7) == []


def test_twenty_quick_taps_of_different_badges_are_all_read_in_order(
    reader: Pn532Emulator, session: Session
) -> None:
    taps = [f"04{number:012X}" for number in range(1, 21)]
    read = []
    for uid in taps:
        card = ntag213(uid)
        reader.enter(card)
        report = next_report(session)
        assert isinstance(report, BadgeSeen)
        read.append(report.uid)
        reader.leave(card)
    assert read == taps


@pytest.mark.parametrize(
    "other", [mifare_classic("5B1C77E0"), ntag213("04AAAAAAAAAAAA"), type_b("B1B2B3B4"), phone()]
)
def test_two_cards_at_once_are_told_once_and_neither_is_read(
    reader: Pn532Emulator, session: Session, other: Card
) -> None:
    reader.enter(CLASSIC, other)
    assert polled(session, 0.3) == [SeveralCards("entrance")]


def test_the_card_left_of_two_is_read_once_it_was_away(
    reader: Pn532Emulator, session: Session
) -> None:
    reader.enter(CLASSIC, NTAG)
    assert next_report(session) == SeveralCards("entrance")
    reader.leave(NTAG)
    assert polled(session, 0.7) == []
    reader.leave(CLASSIC)
    assert polled(session, 0.7) == []
    reader.enter(CLASSIC)
    assert next_report(session) == BadgeSeen("entrance", "5A1C77E0", Direction.IN)


def test_a_second_card_beside_one_that_was_read_is_told(
    reader: Pn532Emulator, session: Session
) -> None:
    reader.enter(CLASSIC)
    assert isinstance(next_report(session), BadgeSeen)
    reader.enter(NTAG)
    assert next_report(session) == SeveralCards("entrance")


def test_a_card_unseen_for_less_than_half_a_second_has_not_left() -> None:
    presence = Presence(ReaderSettings(name="entrance"))
    seen = [BadgeSeen("entrance", "5A1C77E0")]
    assert presence.seen(["5A1C77E0"], now=0.0) == seen
    assert presence.seen(["5A1C77E0"], now=0.5) == []
    assert presence.seen([], now=0.9) == []
    assert presence.seen(["5A1C77E0"], now=1.01) == seen


# --- a reader that fails -------------------------------------------------------------------------


def test_a_reader_that_is_unplugged_is_lost(reader: Pn532Emulator, session: Session) -> None:
    session.poll()
    reader.unplug()
    assert isinstance(failure(session), DeviceLost)


def test_a_reader_that_falls_silent_is_lost(reader: Pn532Emulator, session: Session) -> None:
    session.poll()
    reader.freeze()
    lost = failure(session)
    assert isinstance(lost, DeviceLost)
    assert "does not answer" in str(lost)


def test_a_reader_that_only_answers_cut_frames_is_told_as_rubbish(
    reader: Pn532Emulator, session: Session
) -> None:
    reader.cut_frames(1000)
    assert isinstance(failure(session), DeviceProtocolError)


@contextmanager
def noise_on(reader: Pn532Emulator) -> Iterator[None]:
    """Something like an answer, with a wrong checksum, every millisecond or so."""
    silence = threading.Event()

    def chatter() -> None:
        while not silence.wait(0.001):
            reader.garbage(bytes.fromhex("0000FF05FBD54B0101FFAA00"))

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        yield
    finally:
        silence.set()
        thread.join()


def test_a_reader_that_chatters_nothing_but_rubbish_is_told(
    reader: Pn532Emulator, session: Session
) -> None:
    reader.freeze()
    with noise_on(reader):
        assert isinstance(failure(session), DeviceProtocolError)


def test_noise_between_answers_makes_no_card_and_hides_none(
    reader: Pn532Emulator, session: Session
) -> None:
    with noise_on(reader):
        assert polled(session, 0.5) == []
        reader.enter(NTAG)
        assert next_report(session) == BadgeSeen("entrance", "04A1B2C3D4E580", Direction.IN)


@pytest.mark.parametrize("noise", ["00", "0000FF", "0000FF00FF00", "0000FF01FF7F8100", "FFFFFFFF"])
def test_a_glitch_on_the_wire_loses_no_card(
    reader: Pn532Emulator, session: Session, noise: str
) -> None:
    session.poll()
    reader.garbage(bytes.fromhex(noise))
    reader.cut_frames(1)
    session.poll()
    reader.enter(NTAG)
    assert next_report(session) == BadgeSeen("entrance", "04A1B2C3D4E580", Direction.IN)


def test_an_answer_that_came_too_late_once_is_not_taken_for_the_next_one(
    reader: Pn532Emulator, session: Session
) -> None:
    """As a chip behind a slow adapter, or a machine that was busy: out of step, it would stay so
    while people come one after the other."""
    reader.enter(CLASSIC)
    next_report(session)
    reader.clear()
    reader.late_s = 0.13  # nfcpy waits 0.1 s for an acknowledgement
    session.poll()
    reader.late_s = 0.03
    reader.enter(NTAG)
    assert next_report(session) == BadgeSeen("entrance", "04A1B2C3D4E580", Direction.IN)


FAULTS: dict[str, Callable[[Pn532Emulator], None]] = {
    "unplugged": Pn532Emulator.unplug,
    "frozen": Pn532Emulator.freeze,
    "cut": lambda reader: reader.cut_frames(1000),
    "rubbish": lambda reader: reader.garbage(bytes(range(256))),
    "well": lambda reader: None,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_closing_never_raises_and_frees_the_port(reader: Pn532Emulator, fault: str) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    session = open_reader(settings_of(reader))
    FAULTS[fault](reader)
    session.close()
    session.close()
    terminal = 2 if fault == "unplugged" else 0  # the emulator's own ends of it
    assert len(os.listdir("/proc/self/fd")) == open_before - terminal


def test_a_reader_whose_user_was_killed_is_opened_again(reader: Pn532Emulator) -> None:
    dies_after_opening = (
        "import os, signal, sys; from drivers import open_reader; from drivers.base import *;"
        "open_reader(ReaderSettings(path=sys.argv[1])).poll(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", dies_after_opening, str(reader.path)], cwd=PROJECT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    session = open_reader(settings_of(reader))
    reader.enter(NTAG)
    assert isinstance(next_report(session), BadgeSeen)
    session.close()


# --- opening -------------------------------------------------------------------------------------


def test_a_path_that_does_not_exist_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeviceNotFound, match="no reader at") as raised:
        open_reader(ReaderSettings(path=str(tmp_path / "none")))
    assert "/dev/serial/by-id" in raised.value.hint


def test_a_path_that_is_no_serial_port_is_told(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.write_text("not a port")
    for path in (plain, tmp_path, Path("/dev/null")):
        with pytest.raises(DeviceNotFound, match="is not a serial port"):
            open_reader(ReaderSettings(path=str(path)))


def test_a_port_where_nothing_answers_is_told() -> None:
    master, slave = os.openpty()
    try:
        with pytest.raises(DeviceNotFound, match="nothing answers") as raised:
            open_reader(ReaderSettings(path=os.ttyname(slave)))
        assert "console" in raised.value.hint
    finally:
        os.close(master)
        os.close(slave)


def test_a_port_that_echoes_is_no_reader() -> None:
    master, slave = os.openpty()

    def echo() -> None:
        while data := os.read(master, 4096):
            if data == b"quit":
                return
            os.write(master, data)

    thread = threading.Thread(target=echo)
    thread.start()
    try:
        with pytest.raises(DeviceProtocolError, match="is no PN532"):
            open_reader(ReaderSettings(path=os.ttyname(slave)))
    finally:
        os.write(slave, b"quit")
        thread.join()
        os.close(master)
        os.close(slave)


def test_a_reader_in_use_is_told_as_busy(reader: Pn532Emulator, session: Session) -> None:
    with pytest.raises(DeviceBusy, match="another program"):
        open_reader(settings_of(reader))
    reader.enter(NTAG)
    assert isinstance(next_report(session), BadgeSeen)


def test_a_missing_usb_reader_or_libusb_is_told() -> None:
    with pytest.raises(DeviceNotFound) as raised:
        open_reader(ReaderSettings(path="usb:072f:2200"))
    wanted = "plug the reader in" if find_library("usb-1.0") else "apt install libusb-1.0-0"
    assert wanted in raised.value.hint


def test_an_unknown_kind_is_told_with_the_known_ones() -> None:
    with pytest.raises(DeviceNotFound, match="'pn999'") as raised:
        open_reader(ReaderSettings(kind="pn999"))
    assert "pn532" in raised.value.hint


# --- under its supervisor ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["unplugged", "frozen", "cut"])
def test_a_reader_that_fails_is_told_and_taken_up_again(reader: Pn532Emulator, fault: str) -> None:
    reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
    supervisor = Supervised("entrance", lambda: open_reader(settings_of(reader)), reports.put)
    supervisor.start()
    try:
        assert reports.get(timeout=PATIENCE_S) == DeviceBack("entrance")
        FAULTS[fault](reader)
        assert isinstance(reports.get(timeout=PATIENCE_S), DeviceGone)
        reader.cut_frames(0)
        reader.thaw()
        reader.replug()
        assert reports.get(timeout=PATIENCE_S) == DeviceBack("entrance")
        reader.enter(NTAG)
        seen = reports.get(timeout=PATIENCE_S)
        assert seen == BadgeSeen("entrance", "04A1B2C3D4E580", Direction.IN)
        assert reports.empty()
    finally:
        supervisor.stop()
