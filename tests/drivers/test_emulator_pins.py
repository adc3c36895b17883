"""Pins on a wire: gpiozero on one end, a board on the other, and what happens in between."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero import DigitalInputDevice, OutputDevice
from gpiozero.exc import BadPinFactory
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.circuit import Circuit
from drivers.emulators.pin_board import PinBoard
from drivers.emulators.pins import CircuitFactory, WireFactory

TIMEOUT_S = 10.0
ROOT = Path(__file__).parents[2]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[PinBoard]:
    board = PinBoard(tmp_path / "pins")
    yield board
    board.close()


@pytest.fixture
def factory(board: PinBoard) -> Iterator[WireFactory]:
    factory = WireFactory(board.path)
    yield factory
    factory.close()


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < end_s, "did not come true"
        time.sleep(0.005)


# --- the circuit ----------------------------------------------------------------------------


def test_an_input_that_nothing_holds_follows_its_pull() -> None:
    assert Circuit().settle({}, {1: "up", 2: "down", 3: "floating"}) == {1: True, 2: False}


def test_a_closed_contact_carries_an_output_to_an_input() -> None:
    circuit = Circuit()
    circuit.apply("join 1 2")
    assert circuit.settle({1: False}, {2: "up"}) == {2: False}
    circuit.apply("part 2 1")
    assert circuit.settle({1: False}, {2: "up"}) == {2: True}


def test_a_sensor_beats_the_pull_until_it_is_released() -> None:
    circuit = Circuit()
    circuit.apply("drive 4 0")
    assert circuit.settle({}, {4: "up"}) == {4: False}
    circuit.apply("release 4")
    assert circuit.settle({}, {4: "up"}) == {4: True}


def test_low_beats_high_where_two_outputs_meet() -> None:
    circuit = Circuit()
    circuit.apply("join 1 3")
    circuit.apply("join 2 3")
    assert circuit.settle({1: True, 2: False}, {3: "up"}) == {3: False}


def test_three_corners_of_a_rectangle_make_the_ghost_of_the_fourth() -> None:
    circuit = Circuit()
    for contact in ("join 1 11", "join 1 12", "join 2 11"):
        circuit.apply(contact)
    row_2_low = circuit.settle({2: False}, {1: "up", 11: "up", 12: "up"})
    assert row_2_low == {1: False, 11: False, 12: False}


@pytest.mark.parametrize("line", ["", "drive 4", "drive 4 2", "join 1", "solder 1 2", "join a b"])
def test_a_line_that_is_no_change_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        Circuit().apply(line)


PIN = st.integers(0, 27)


@given(
    st.lists(
        st.one_of(
            st.builds("join {} {}".format, PIN, PIN),
            st.builds("part {} {}".format, PIN, PIN),
            st.builds("drive {} {:d}".format, PIN, st.booleans()),
            st.builds("release {}".format, PIN),
        )
    )
)
def test_the_lines_of_a_circuit_make_the_same_circuit_again(changes: list[str]) -> None:
    circuit, again = Circuit(), Circuit()
    for change in changes:
        circuit.apply(change)
    for line in circuit.lines():
        again.apply(line)
    assert (again.driven, again.contacts) == (circuit.driven, circuit.contacts)


def test_an_input_follows_within_the_call_that_drives_the_output() -> None:
    factory = CircuitFactory()
    row = OutputDevice(5, initial_value=True, pin_factory=factory)
    column = DigitalInputDevice(6, pull_up=True, pin_factory=factory)
    factory.join(5, 6)
    assert not column.is_active
    row.off()
    assert column.is_active
    row.on()
    assert not column.is_active
    factory.close()


# --- the wire -------------------------------------------------------------------------------


def test_the_board_sees_every_change_of_an_output_in_order(
    board: PinBoard, factory: WireFactory
) -> None:
    before_s = time.monotonic()
    lamp = OutputDevice(17, pin_factory=factory)
    for _ in range(100):
        lamp.on()
        lamp.off()
    seen = [board.changes.get(timeout=TIMEOUT_S) for _ in range(200)]
    assert [change.level for change in seen] == [True, False] * 100
    assert {change.pin for change in seen} == {17}
    times = [change.at_s for change in seen]
    assert times == sorted(times)
    assert before_s <= times[0] and times[-1] <= time.monotonic()


def test_the_board_tells_the_present_level(board: PinBoard, factory: WireFactory) -> None:
    lamp = OutputDevice(17, pin_factory=factory)
    assert not board.level(17)
    lamp.on()
    board.wait_for(17, True)
    assert board.level(17)
    assert not board.level(27)


def test_the_board_can_tell_by_call(tmp_path: Path) -> None:
    told: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
    board = PinBoard(tmp_path / "pins", lambda change: told.put((change.pin, change.level)))
    factory = WireFactory(board.path)
    OutputDevice(17, initial_value=True, pin_factory=factory)
    assert told.get(timeout=TIMEOUT_S) == (17, True)
    assert board.changes.empty()
    factory.close()
    board.close()


def test_the_board_drives_an_input_and_its_handler_is_called(
    board: PinBoard, factory: WireFactory
) -> None:
    called = threading.Event()
    mains = DigitalInputDevice(24, pull_up=False, pin_factory=factory)
    mains.when_activated = called.set
    board.drive(24, True)
    assert called.wait(TIMEOUT_S)
    assert mains.is_active
    board.release(24)
    until(lambda: not mains.is_active)


def test_a_contact_closed_on_the_board_is_closed_for_the_program(
    board: PinBoard, factory: WireFactory
) -> None:
    row = OutputDevice(5, initial_value=False, pin_factory=factory)
    column = DigitalInputDevice(6, pull_up=True, pin_factory=factory)
    board.join(5, 6)
    until(lambda: column.is_active)
    row.on()
    assert not column.is_active
    row.off()
    board.part(5, 6)
    until(lambda: not column.is_active)


def test_a_program_that_starts_later_finds_what_the_board_holds(board: PinBoard) -> None:
    board.drive(24, True)
    factory = WireFactory(board.path)
    mains = DigitalInputDevice(24, pull_up=False, pin_factory=factory)
    until(lambda: bool(mains.is_active))
    factory.close()


def test_without_a_board_the_program_goes_on(tmp_path: Path) -> None:
    factory = WireFactory(tmp_path / "nobody")
    lamp = OutputDevice(17, pin_factory=factory)
    lamp.on()
    assert lamp.value == 1
    factory.close()


def test_a_board_that_comes_later_learns_every_level(tmp_path: Path) -> None:
    factory = WireFactory(tmp_path / "pins")
    amber = OutputDevice(17, pin_factory=factory)
    red = OutputDevice(22, pin_factory=factory)
    red.on()
    board = PinBoard(tmp_path / "pins")
    amber.on()
    until(lambda: board.level(17) and board.level(22))
    factory.close()
    board.close()


def test_after_a_cut_the_wire_is_whole_again_at_the_next_change(
    board: PinBoard, factory: WireFactory
) -> None:
    lamp = OutputDevice(17, pin_factory=factory)
    lamp.on()
    board.wait_for(17, True)
    board.unplug()
    until(lambda: not board.connected)
    lamp.off()
    until(lambda: lamp.value == 0 and board.connected and not board.level(17))
    lamp.on()
    board.wait_for(17, True)


def test_what_a_dead_board_held_is_let_go_when_a_new_one_takes_its_place(tmp_path: Path) -> None:
    first = PinBoard(tmp_path / "pins")
    factory = WireFactory(first.path)
    mains = DigitalInputDevice(24, pull_up=False, pin_factory=factory)
    first.drive(24, True)
    until(lambda: bool(mains.is_active))
    first.close()
    second = PinBoard(tmp_path / "pins")
    until(lambda: not mains.is_active)
    second.close()
    factory.close()


def test_a_board_that_never_reads_does_not_hold_up_the_program(tmp_path: Path) -> None:
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    deaf.bind(str(tmp_path / "pins"))
    deaf.listen()
    factory = WireFactory(tmp_path / "pins")
    lamp = OutputDevice(17, pin_factory=factory)
    for _ in range(5_000):  # a socket holds some hundred lines; a blocking one would stop here
        lamp.toggle()
    assert lamp.value == 0
    factory.close()
    deaf.close()


def test_a_board_that_talks_nonsense_is_dropped_and_the_pins_stay(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(str(tmp_path / "pins"))
    server.listen()
    factory = WireFactory(tmp_path / "pins")
    lamp = OutputDevice(17, initial_value=True, pin_factory=factory)
    board, _ = server.accept()
    board.send(b"solder 1 2")
    board.settimeout(TIMEOUT_S)
    while board.recv(256):
        pass  # until the program hangs up
    assert lamp.value == 1
    factory.close()
    board.close()
    server.close()


def test_a_board_takes_the_place_of_one_that_left_its_socket(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    dead.bind(str(tmp_path / "pins"))
    dead.close()
    board = PinBoard(tmp_path / "pins")
    factory = WireFactory(board.path)
    OutputDevice(17, initial_value=True, pin_factory=factory)
    board.wait_for(17, True)
    factory.close()
    board.close()
    assert not (tmp_path / "pins").exists()


def test_waiting_for_a_lamp_that_stays_dark_ends(board: PinBoard) -> None:
    with pytest.raises(TimeoutError, match="pin 17 not high"):
        board.wait_for(17, True, timeout_s=0.05)


def test_a_wire_without_a_path_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WERFPOORT_PIN_WIRE", raising=False)
    with pytest.raises(BadPinFactory, match="WERFPOORT_PIN_WIRE"):
        WireFactory()


def test_another_process_lights_a_lamp_of_this_board(board: PinBoard) -> None:
    program = (
        "from gpiozero import Device, LED\n"
        "from drivers.emulators.pins import WireFactory\n"
        "Device.pin_factory = WireFactory()\n"
        "lamp = LED(17)\n"
        "lamp.on()\n"
        "lamp.off()\n"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"WERFPOORT_PIN_WIRE": board.path},
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    on = board.wait_for(17, True)
    off = board.wait_for(17, False)
    assert on.at_s < off.at_s <= time.monotonic()


def test_a_program_that_talks_nonsense_is_dropped_and_the_next_one_is_heard(
    board: PinBoard,
) -> None:
    program = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program.connect(board.path)
    program.send(b"level seventeen on now")
    program.settimeout(TIMEOUT_S)
    assert program.recv(256) == b""
    program.close()
    factory = WireFactory(board.path)
    OutputDevice(17, initial_value=True, pin_factory=factory)
    board.wait_for(17, True)
    factory.close()


def test_gpiozero_finds_the_factory_by_the_name_that_the_project_declares(
    board: PinBoard, tmp_path: Path
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    target = project["entry-points"]["gpiozero_pin_factories"]["wire"]
    installed = tmp_path / "werfpoort_as_installed-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: werfpoort-as-installed\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[gpiozero_pin_factories]\nwire = {target}\n")
    subprocess.run(
        [sys.executable, "-c", "from gpiozero import LED\nLED(17).on()\n"],
        env=os.environ
        | {
            "WERFPOORT_PIN_WIRE": board.path,
            "GPIOZERO_PIN_FACTORY": "wire",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        },
        check=True,
        timeout=60,
    )
    board.wait_for(17, True)
