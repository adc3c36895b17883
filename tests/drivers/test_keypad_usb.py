"""A USB keypad: which code is which key, and a kernel's own virtual one where there is uinput."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.base import DeviceBusy, DeviceLost, DeviceNotFound, KeypadSettings, KeyPressed
from drivers.keypad_usb import KEYS, key_of, open_keypad_usb

EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
KEYPAD_DIGITS = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
EVDEV = importlib.util.find_spec("evdev") is not None
UINPUT = os.access("/dev/uinput", os.W_OK)


@pytest.mark.parametrize(("code", "key"), list(KEYPAD_DIGITS.items()))
def test_the_digits_of_a_numeric_pad(code: int, key: str) -> None:
    assert key_of((EV_KEY, code, 1)) == key


@pytest.mark.parametrize(("code", "key"), list(enumerate("1234567890", start=2)))
def test_the_digits_of_the_row_above_the_letters(code: int, key: str) -> None:
    assert key_of((EV_KEY, code, 1)) == key


@pytest.mark.parametrize(
    ("code", "key"), [(28, "#"), (96, "#"), (14, "*"), (55, "*"), (1, "*"), (111, "*")]
)
def test_enter_is_hash_and_what_takes_back_is_star(code: int, key: str) -> None:
    assert key_of((EV_KEY, code, 1)) == key


def test_every_key_of_a_gates_keypad_can_be_typed() -> None:
    assert set(KEYS.values()) == set("0123456789*#ABCD")


@pytest.mark.parametrize("value", [0, 2])
def test_a_release_and_a_repeat_are_no_press(value: int) -> None:
    assert key_of((EV_KEY, 79, value)) is None


@pytest.mark.parametrize("code", [69, 74, 78, 83, 98, 59])  # NumLock, - + . / F1
def test_keys_that_mean_nothing_here_are_passed_over(code: int) -> None:
    assert key_of((EV_KEY, code, 1)) is None


@pytest.mark.parametrize("kind", [EV_SYN, EV_MSC])
def test_events_that_are_no_keys_are_passed_over(kind: int) -> None:
    assert key_of((kind, 79, 1)) is None


def test_a_keypad_that_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(DeviceNotFound, match="keypad") as caught:
        open_keypad_usb(KeypadSettings(kind="usb", path=str(tmp_path / "nothing")))
    assert caught.value.hint


def test_without_evdev_the_error_says_how_to_install_it() -> None:
    program = (
        "import sys\n"
        "sys.modules['evdev'] = None\n"  # Python's own way of saying: not installed
        "from drivers.base import DeviceNotFound, KeypadSettings\n"
        "from drivers.keypad_usb import open_keypad_usb\n"
        "try:\n"
        "    open_keypad_usb(KeypadSettings(kind='usb', path='/dev/input/event0'))\n"
        "except DeviceNotFound as error:\n"
        "    print(error.hint)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "python3-evdev" in run.stdout


# --- through the kernel ----------------------------------------------------------------------

through_kernel = pytest.mark.skipif(
    not (EVDEV and UINPUT), reason="needs evdev and a writable /dev/uinput (a gate, or a VM)"
)


@pytest.fixture
def typist() -> Iterator[Any]:
    import evdev

    device = evdev.UInput({EV_KEY: sorted(KEYS)}, name="werfpoort test keypad")
    end_s = time.monotonic() + 10.0
    while not os.access(device.device.path, os.R_OK) and time.monotonic() < end_s:
        time.sleep(0.01)
    yield device
    device.close()


@through_kernel
def test_a_key_typed_is_reported_once(typist: Any) -> None:
    session = open_keypad_usb(KeypadSettings("pad", "usb", path=typist.device.path))
    for value in (1, 2, 0):
        typist.write(EV_KEY, 79, value)
        typist.syn()
    assert session.poll() == [KeyPressed("pad", "1")]
    session.close()


@through_kernel
def test_a_keypad_is_for_one_program_alone(typist: Any) -> None:
    settings = KeypadSettings(kind="usb", path=typist.device.path)
    session = open_keypad_usb(settings)
    with pytest.raises(DeviceBusy):
        open_keypad_usb(settings)
    session.close()
    open_keypad_usb(settings).close()


@through_kernel
def test_a_keypad_that_is_unplugged_is_lost(typist: Any) -> None:
    session = open_keypad_usb(KeypadSettings(kind="usb", path=typist.device.path))
    typist.close()
    with pytest.raises(DeviceLost):
        for _ in range(20):
            session.poll()
    session.close()
