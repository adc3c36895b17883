"""What holds for every kind of reader that this machine can wire up: one test for all of them.

USB readers that type (`hid`) need a kernel's own virtual input devices and are in
test_reader_hid.py.
"""

from __future__ import annotations

import os
import queue
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from drivers import READER_KINDS, open_reader
from drivers.base import (
    BadgeSeen,
    DeviceBack,
    DeviceBusy,
    DeviceGone,
    DeviceNotFound,
    Direction,
    FrameSettings,
    ReaderSettings,
    Report,
)
from drivers.emulators.line_reader import (
    LineReaderEmulator,
    decimal_line,
    id12_frame,
    rdm6300_frame,
    wiegand_bits,
)
from drivers.emulators.nfc_cards import mifare_classic, ntag213
from drivers.emulators.pn532 import Pn532Emulator
from drivers.supervised import Supervised, Timing

PATIENCE_S = 10.0
TIMES = 100
QUICK = Timing(first_pause_s=0.01, longest_pause_s=0.05, flap_losses=1000)
"""Only pauses are shorter, so that a hundred faults fit into a test."""


class Wire(Protocol):
    """The far end of a reader's cable."""

    path: Path

    def hold(self, uid: str) -> None: ...
    def send(self, data: bytes) -> None: ...
    def unplug(self) -> None: ...
    def replug(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class Pn532Wire:
    """A PN532 as the contract sees a reader: a card is held to it for a moment."""

    def __init__(self, chip: Pn532Emulator) -> None:
        self._chip = chip
        self.path = chip.path
        self.replug = chip.replug
        self.freeze, self.thaw, self.send = chip.freeze, chip.thaw, chip.garbage

    def unplug(self) -> None:
        self._chip.clear()  # nobody holds a badge to it for longer than that moment
        self._chip.unplug()

    def hold(self, uid: str) -> None:
        self._chip.clear()
        self._chip.enter(mifare_classic(uid) if len(uid) == 8 else ntag213(uid))


@dataclass(frozen=True)
class Kind:
    """One kind of reader: how it is set, wired, and which badges it knows."""

    settings: ReaderSettings
    wire: Callable[[], object]
    digits: int


def _pn532() -> Pn532Emulator:
    return Pn532Emulator(radio_s=0.002)


KINDS = {
    "pn532": Kind(ReaderSettings(kind="pn532"), _pn532, 14),
    "rdm6300": Kind(ReaderSettings(kind="rdm6300"), lambda: LineReaderEmulator(rdm6300_frame), 10),
    "id12": Kind(ReaderSettings(kind="rdm6300"), lambda: LineReaderEmulator(id12_frame), 10),
    "wiegand": Kind(ReaderSettings(kind="wiegand"), lambda: LineReaderEmulator(wiegand_bits), 8),
    "line": Kind(
        ReaderSettings(kind="line", frame=FrameSettings(number="decimal", digits=10)),
        lambda: LineReaderEmulator(decimal_line),
        8,
    ),
}


def test_every_kind_of_reader_is_held_to_the_contract() -> None:
    assert {kind.settings.kind for kind in KINDS.values()} == {*READER_KINDS} - {"hid"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@contextmanager
def wired(kind: Kind) -> Iterator[tuple[Wire, ReaderSettings]]:
    emulator = kind.wire()
    assert isinstance(emulator, Pn532Emulator | LineReaderEmulator)
    with emulator:
        wire = Pn532Wire(emulator) if isinstance(emulator, Pn532Emulator) else emulator
        base = kind.settings
        settings = ReaderSettings(
            name="entrance",
            kind=base.kind,
            path=str(wire.path),
            direction=Direction.OUT,
            frame=base.frame,
        )
        yield wire, settings


@contextmanager
def supervised(settings: ReaderSettings) -> Iterator[queue.SimpleQueue[Report]]:
    reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
    supervisor = Supervised("entrance", lambda: open_reader(settings), reports.put, QUICK)
    supervisor.start()
    try:
        assert reports.get(timeout=PATIENCE_S) == DeviceBack("entrance")
        yield reports
    finally:
        supervisor.stop()


def badge(kind: Kind, number: int) -> str:
    return f"04{number:0{kind.digits - 2}X}"


def test_a_badge_is_told_with_reader_and_direction(kind: Kind) -> None:
    with wired(kind) as (wire, settings), supervised(settings) as reports:
        wire.hold(badge(kind, 7))
        seen = reports.get(timeout=PATIENCE_S)
        assert seen == BadgeSeen("entrance", badge(kind, 7), Direction.OUT)


def test_a_hundred_unpluggings_lose_no_badge_and_are_each_told_once(kind: Kind) -> None:
    with wired(kind) as (wire, settings), supervised(settings) as reports:
        files = len(os.listdir("/proc/self/fd"))
        for number in range(TIMES):
            wire.unplug()
            assert isinstance(reports.get(timeout=PATIENCE_S), DeviceGone)
            wire.replug()
            assert reports.get(timeout=PATIENCE_S) == DeviceBack("entrance")
            wire.hold(badge(kind, number))
            seen = reports.get(timeout=PATIENCE_S)
            assert isinstance(seen, BadgeSeen)
            assert seen.uid == badge(kind, number)
        assert reports.empty()
        assert len(os.listdir("/proc/self/fd")) <= files


def test_a_hundred_lots_of_garbage_make_no_badge_and_end_no_reader(kind: Kind) -> None:
    chance = random.Random(20261124)
    with wired(kind) as (wire, settings), supervised(settings) as reports:
        for _time in range(TIMES):
            wire.send(chance.randbytes(chance.randrange(1, 80)))
        heard: list[Report] = []
        for number in range(50):  # the badge is held until it is read, as a person would
            wire.hold(badge(kind, number))
            try:
                heard.append(reports.get(timeout=0.7))
            except queue.Empty:
                continue
            if isinstance(heard[-1], BadgeSeen):
                break
        badges = [report.uid for report in heard if isinstance(report, BadgeSeen)]
        assert badges == [badge(kind, number)]


def test_a_reader_that_froze_a_hundred_times_reads_again_each_time(kind: Kind) -> None:
    with wired(kind) as (wire, settings), supervised(settings) as reports:
        for number in range(TIMES):
            wire.freeze()
            wire.thaw()
            for attempt in range(20):
                wire.hold(badge(kind, 100 * number + attempt))
                try:
                    seen = reports.get(timeout=0.7)
                except queue.Empty:
                    continue
                if isinstance(seen, BadgeSeen):
                    break
            else:
                pytest.fail(f"no badge was read after freeze {number}")


def test_a_reader_in_use_is_told_as_busy(kind: Kind) -> None:
    with wired(kind) as (_, settings):
        session = open_reader(settings)
        try:
            with pytest.raises(DeviceBusy, match="another program"):
                open_reader(settings)
        finally:
            session.close()


def test_what_is_no_reader_is_told_with_the_mend(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a port")
    for path in (tmp_path / "none", tmp_path / "file", tmp_path, Path("/dev/null")):
        with pytest.raises(DeviceNotFound) as raised:
            open_reader(ReaderSettings(kind=kind.settings.kind, path=str(path)))
        assert raised.value.hint


def test_closing_twice_and_after_the_cable_is_out_never_raises(kind: Kind) -> None:
    with wired(kind) as (wire, settings):
        session = open_reader(settings)
        wire.unplug()
        session.close()
        session.close()
