"""A finger on a matrix: every press once, no bounce, no ghost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import Device
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceBusy, DeviceLost, DeviceNotFound, KeypadSettings, Session
from drivers.emulators.keypad import MatrixKeys
from drivers.emulators.pin_board import PinBoard
from drivers.emulators.pins import CircuitFactory, CircuitPin, WireFactory
from drivers.keypad_matrix import STEADY_SCANS, KeyFilter, Place, open_keypad_matrix

SMALL = KeypadSettings()
LARGE = KeypadSettings(columns=(12, 16, 20, 21))
LARGE_LAYOUT = ("123A", "456B", "789C", "*0#D")
TIMEOUT_S = 10.0

# --- the filter -----------------------------------------------------------------------------


def fed(*scans: set[Place]) -> list[Place]:
    """What the filter reports if each of `scans` stands until it is steady."""
    keys = KeyFilter()
    seen = [keys.scanned(frozenset(scan)) for scan in scans for _ in range(STEADY_SCANS)]
    return [place for place in seen if place is not None]


def test_a_key_held_for_long_is_reported_once() -> None:
    assert fed({(0, 0)}, {(0, 0)}, {(0, 0)}) == [(0, 0)]


def test_a_key_pressed_twice_is_reported_twice() -> None:
    assert fed({(0, 0)}, set(), {(0, 0)}) == [(0, 0), (0, 0)]


def test_fast_fingers_that_overlap_lose_nothing() -> None:
    assert fed({(0, 0)}, {(0, 0), (1, 1)}, {(1, 1)}, {(1, 1), (2, 2)}, set()) == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_two_keys_in_the_same_instant_are_neither() -> None:
    assert fed({(0, 0), (1, 1)}, {(0, 0)}, set()) == []


def test_a_ghost_is_not_reported_and_nothing_is_believed_until_all_keys_are_up() -> None:
    corners = {(0, 0), (0, 1), (1, 0)}
    ghost = (1, 1)
    assert fed({(0, 0)}, {(0, 0), (0, 1)}, corners | {ghost}, {(0, 0), ghost}, {(2, 2)}) == [
        (0, 0),
        (0, 1),
    ]


def test_after_a_ghost_and_all_keys_up_keys_count_again() -> None:
    rectangle = {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert fed(rectangle, set(), {(2, 2)}) == [(2, 2)]


def test_three_keys_in_a_line_make_no_ghost() -> None:
    assert fed({(0, 0)}, {(0, 0), (0, 1)}, {(0, 0), (0, 1), (0, 2)}) == [(0, 0), (0, 1), (0, 2)]


@given(st.lists(st.booleans(), max_size=40))
def test_contacts_that_never_settle_report_nothing(bounces: list[bool]) -> None:
    keys = KeyFilter()
    scans = [closed for closed in bounces for _ in range(STEADY_SCANS - 1)]
    runs = "".join("x" if closed else "." for closed in scans)
    expected = any(len(run) >= STEADY_SCANS for run in runs.split("."))
    seen = [keys.scanned(frozenset({(0, 0)}) if closed else frozenset()) for closed in scans]
    assert any(place is not None for place in seen) == expected


@given(st.lists(st.frozensets(st.tuples(st.integers(0, 3), st.integers(0, 2))), max_size=30))
def test_only_a_closed_crossing_is_ever_reported(scans: list[frozenset[Place]]) -> None:
    keys = KeyFilter()
    for places in scans:
        for _ in range(STEADY_SCANS):
            place = keys.scanned(places)
            assert place is None or place in places


# --- the session on pins --------------------------------------------------------------------


@pytest.fixture
def pins() -> Iterator[CircuitFactory]:
    Device.pin_factory = factory = CircuitFactory()
    yield factory
    factory.close()
    Device.pin_factory = None


@pytest.fixture
def keypad(pins: CircuitFactory) -> Iterator[Session]:
    session = open_keypad_matrix(SMALL)
    yield session
    session.close()


@pytest.fixture
def keys(pins: CircuitFactory) -> MatrixKeys:
    return MatrixKeys(pins, SMALL.rows, SMALL.columns)


def next_key(session: Session) -> str:
    end_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end_s:
        for report in session.poll():
            return report.key
    raise TimeoutError("no key was reported")


def test_every_key_of_a_3x4_keypad_is_reported_by_its_name(
    keypad: Session, keys: MatrixKeys
) -> None:
    for key in "123456789*0#":
        keys.press(key)
        assert next_key(keypad) == key
        keys.release(key)


def test_every_key_of_a_4x4_keypad_is_reported_by_its_name(pins: CircuitFactory) -> None:
    session = open_keypad_matrix(LARGE)
    fingers = MatrixKeys(pins, LARGE.rows, LARGE.columns, LARGE_LAYOUT)
    for key in "".join(LARGE_LAYOUT):
        fingers.press(key)
        assert next_key(session) == key
        fingers.release(key)
    session.close()


def test_a_keypad_that_nobody_touches_reports_nothing(keypad: Session) -> None:
    assert keypad.poll() == []


def test_a_key_that_is_held_is_reported_once(keypad: Session, keys: MatrixKeys) -> None:
    keys.press("5")
    assert next_key(keypad) == "5"
    assert keypad.poll() == []
    assert keypad.poll() == []


def test_three_held_keys_do_not_report_their_ghost(keypad: Session, keys: MatrixKeys) -> None:
    keys.press("1")
    assert next_key(keypad) == "1"
    keys.press("2")
    assert next_key(keypad) == "2"
    keys.press("4")  # and 5 reads as held too
    assert keypad.poll() == []
    keys.release("124")
    assert keypad.poll() == []
    keys.press("9")
    assert next_key(keypad) == "9"


def test_no_row_is_ever_driven_high(pins: CircuitFactory, keys: MatrixKeys) -> None:
    driven: list[bool] = []

    class WatchedPin(CircuitPin):
        def _set_state(self, value: float) -> None:
            driven.append(bool(value))
            super()._set_state(value)

    pins.pin_class = WatchedPin
    session = open_keypad_matrix(SMALL)
    keys.press("5")
    assert next_key(session) == "5"
    session.close()
    assert driven
    assert not any(driven)


class BouncingContacts(CircuitFactory):
    """The contact of one key makes and breaks at random, once a reading, for `left` readings:
    some scans of the keypad, as the 5 to 20 ms of a real one."""

    left = 0
    chance = random.Random(7)

    def bounce(self, one: int, other: int, then: str, readings: int = 30) -> None:
        self._pins, self._then, self.left = f"{one} {other}", then, readings

    def read(self) -> None:
        if self.left:
            self.left -= 1
            verb = self.chance.choice(["join", "part"]) if self.left else self._then
            self.change(f"{verb} {self._pins}")


def test_a_key_that_bounces_is_reported_once() -> None:
    Device.pin_factory = contacts = BouncingContacts()
    session = open_keypad_matrix(SMALL)
    for _ in range(3):
        contacts.bounce(SMALL.rows[2], SMALL.columns[0], then="join")
        assert next_key(session) == "7"
        assert session.poll() == []
        contacts.bounce(SMALL.rows[2], SMALL.columns[0], then="part")
        assert session.poll() == []
        assert contacts.left == 0
    session.close()
    contacts.close()
    Device.pin_factory = None


def test_keys_pressed_on_a_board_in_another_place_are_reported(tmp_path: Path) -> None:
    board = PinBoard(tmp_path / "pins")
    Device.pin_factory = factory = WireFactory(board.path)
    session = open_keypad_matrix(SMALL)
    fingers = MatrixKeys(board, SMALL.rows, SMALL.columns)
    for key in "2051#":
        fingers.press(key)
        assert next_key(session) == key
        fingers.release(key)
    session.close()
    factory.close()
    Device.pin_factory = None
    board.close()


@pytest.mark.parametrize(
    "settings",
    [KeypadSettings(rows=(5, 6)), KeypadSettings(columns=(12,)), KeypadSettings(rows=())],
)
def test_a_shape_that_is_no_keypad_is_refused(settings: KeypadSettings) -> None:
    with pytest.raises(DeviceNotFound, match="make no keypad that is known"):
        open_keypad_matrix(settings)


def test_a_pin_used_twice_is_named_and_the_others_are_let_go(pins: CircuitFactory) -> None:
    with pytest.raises(DeviceBusy, match="keypad on pin 5"):
        open_keypad_matrix(KeypadSettings(columns=(12, 16, 5)))
    open_keypad_matrix(SMALL).close()


def test_a_pin_that_does_not_exist_is_named(pins: CircuitFactory) -> None:
    with pytest.raises(DeviceNotFound, match="keypad on pin 99"):
        open_keypad_matrix(KeypadSettings(columns=(12, 16, 99)))


def test_a_closed_keypad_can_be_closed_again_and_polls_no_more(keypad: Session) -> None:
    keypad.close()
    keypad.close()
    with pytest.raises(DeviceLost):
        keypad.poll()
