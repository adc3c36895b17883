"""Readers that type: which keys make which badge, and the kernel's own where there is uinput."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import open_reader
from drivers.badge_frames import BadgeStream
from drivers.base import (
    BadgeSeen,
    DeviceBusy,
    DeviceLost,
    DeviceNotFound,
    FrameSettings,
    ReaderSettings,
    Report,
)
from drivers.reader_hid import KEYS, text_of

EV_KEY, EV_MSC = 1, 4
SHIFT, ENTER = 42, 28
QWERTY = {
    **dict(zip("1234567890", range(2, 12), strict=True)),
    **{"A": 30, "B": 48, "C": 46, "D": 32, "E": 18, "F": 33},
}
AZERTY = {**QWERTY, "A": 16}
TEN_DIGITS = FrameSettings(number="decimal", digits=10)


def presses(*codes: int) -> list[tuple[int, int, int]]:
    """Each key down and up, with the scan code that the kernel tells before."""
    return [
        event
        for code in codes
        for event in ((EV_MSC, 4, 458_782), (EV_KEY, code, 1), (EV_KEY, code, 0), (0, 0, 0))
    ]


def badges(settings: ReaderSettings, codes: list[int]) -> list[Report]:
    return list(BadgeStream(settings, "mend it").heard(text_of(presses(*codes)), 0.0))


@pytest.mark.parametrize("layout", [QWERTY, AZERTY], ids=["qwerty", "azerty"])
def test_a_number_in_hex_is_read_whatever_the_layout(layout: dict[str, int]) -> None:
    codes = [layout[digit] for digit in "04A1B2C3DEF567"] + [ENTER]
    assert badges(ReaderSettings(kind="hid"), codes) == [BadgeSeen("entrance", "04A1B2C3DEF567")]


def test_ten_decimal_digits_are_a_number_of_four_bytes() -> None:
    codes = [QWERTY[digit] for digit in "0077705923"] + [ENTER]
    settings = ReaderSettings(kind="hid", frame=TEN_DIGITS)
    assert badges(settings, codes) == [BadgeSeen("entrance", "04A1B2C3")]


def test_shift_changes_no_digit() -> None:
    codes = [code for digit in "04A1B2C3" for code in (SHIFT, QWERTY[digit])] + [ENTER]
    assert badges(ReaderSettings(kind="hid"), codes) == [BadgeSeen("entrance", "04A1B2C3")]


def test_a_key_that_no_number_has_spoils_its_line_and_no_other() -> None:
    line = [QWERTY[digit] for digit in "04A1B2C3"]
    codes = [*line, 25, ENTER, *line, ENTER]
    assert badges(ReaderSettings(kind="hid"), codes) == [BadgeSeen("entrance", "04A1B2C3")]


def test_a_held_key_is_typed_once() -> None:
    held = [(EV_KEY, QWERTY["7"], value) for value in (1, 2, 2, 2, 0)]
    assert text_of(held) == b"7"


def test_a_reader_that_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(DeviceNotFound, match="entrance") as raised:
        open_reader(ReaderSettings(kind="hid", path=str(tmp_path / "none")))
    assert raised.value.hint


# --- through the kernel ----------------------------------------------------------------------

through_kernel = pytest.mark.skipif(
    importlib.util.find_spec("evdev") is None or not os.access("/dev/uinput", os.W_OK),
    reason="needs evdev and a writable /dev/uinput (a gate, or a VM)",
)


@pytest.fixture
def typist() -> Iterator[Any]:
    import evdev

    device = evdev.UInput({EV_KEY: sorted(KEYS)}, name="werfpoort test reader")
    end_s = time.monotonic() + 10.0
    while not os.access(device.device.path, os.R_OK) and time.monotonic() < end_s:
        time.sleep(0.01)
    yield device
    device.close()


@through_kernel
def test_a_badge_that_the_reader_types_is_reported_once(typist: Any) -> None:
    session = open_reader(ReaderSettings(kind="hid", path=typist.device.path))
    for code in [QWERTY[digit] for digit in "04A1B2C3"] + [ENTER]:
        typist.write(EV_KEY, code, 1)
        typist.write(EV_KEY, code, 0)
        typist.syn()
    assert list(session.poll()) == [BadgeSeen("entrance", "04A1B2C3")]
    session.close()


@through_kernel
def test_a_typing_reader_is_for_one_program_alone_and_its_loss_is_told(typist: Any) -> None:
    settings = ReaderSettings(kind="hid", path=typist.device.path)
    session = open_reader(settings)
    with pytest.raises(DeviceBusy):
        open_reader(settings)
    typist.close()
    with pytest.raises(DeviceLost):
        for _ in range(20):
            session.poll()
    session.close()
