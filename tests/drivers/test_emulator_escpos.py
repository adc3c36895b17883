from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

import pytest

from drivers.emulators.escpos import BUFFER_BYTES, EscposEmulator
from drivers.paper import Paper

WAIT_S = 30.0


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def connected(emulator: EscposEmulator) -> socket.socket:
    host, port = emulator.address.split(":")
    return socket.create_connection((host, int(port)), WAIT_S)


def asked(emulator: EscposEmulator, question: bytes) -> bytes:
    """The answer to `question` over the network."""
    with connected(emulator) as host:
        host.sendall(question)
        return host.recv(16)


def printed(data: bytes, paper: Paper = Paper.MM80) -> EscposEmulator:
    """A printer that got `data` and printed all of it; closed."""
    with EscposEmulator(paper) as emulator:
        assert asked(emulator, data + b"\x1dr\x01") == b"\x00"
        return emulator


@pytest.mark.parametrize(("n", "answer"), [(1, 0x12), (2, 0x12), (3, 0x12), (4, 0x12)])
def test_a_well_printer_answers_each_status_question(n: int, answer: int) -> None:
    with EscposEmulator() as emulator:
        assert asked(emulator, b"\x10\x04" + bytes([n])) == bytes([answer])


@pytest.mark.parametrize(
    ("state", "n", "answer"),
    [
        ({"offline": True}, 1, 0x1A),
        ({"cover_open": True}, 2, 0x16),
        ({"paper_dots": 0}, 2, 0x32),
        ({"paper_low": True}, 4, 0x1E),
        ({"paper_dots": 0}, 4, 0x7E),
    ],
)
def test_what_ails_it_shows_in_the_bits_of_the_reference(
    state: dict[str, int], n: int, answer: int
) -> None:
    with EscposEmulator() as emulator:
        for name, value in state.items():
            setattr(emulator.hardware, name, value)
        assert asked(emulator, b"\x10\x04" + bytes([n])) == bytes([answer])


def test_a_status_question_is_answered_before_what_waits_for_paper() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_dots = 0
        assert asked(emulator, b"text\n\x1dr\x01\x10\x04\x04") == b"\x7e"
        assert emulator.text == ""


def test_a_code_page_outlives_a_reset_of_the_modes() -> None:
    emulator = printed(b"\x1bt\x12\xa7\n\x1b@\xa7\n\x1bt\x13\xd5\n")
    assert emulator.text.split() == ["ž", "ž", "€"]
    assert emulator.faults == []


def test_an_unknown_command_is_a_fault() -> None:
    emulator = printed(b"\x1bZ\n")
    assert len(emulator.faults) == 1
    assert "1b 5a" in emulator.faults[0]


def test_a_picture_wider_than_the_paper_is_a_fault() -> None:
    emulator = printed(b"\x1dv0\x00\x31\x00\x01\x00\n", Paper.MM58)
    assert emulator.faults


def test_letters_past_the_edge_go_on_to_the_next_line() -> None:
    assert printed(b"x" * 33 + b"\n", Paper.MM58).text == "x" * 32 + "\nx"


def test_a_picture_larger_than_the_buffer_is_printed_as_it_comes() -> None:
    rows = 200
    data = b"\x1dv0\x00\x48\x00" + rows.to_bytes(2, "little") + b"\xff" * 72 * rows
    assert len(data) > BUFFER_BYTES
    picture = printed(data).picture()
    assert picture.size == (576, rows)
    assert picture.convert("L").getextrema() == (0, 0)


@pytest.mark.parametrize("wire", ["tcp", "pty"])
def test_paper_that_ends_stops_the_print_and_a_new_roll_goes_on(wire: str) -> None:
    with EscposEmulator(wire=wire) as emulator:
        emulator.hardware.paper_dots = 60
        data = b"1\n2\n3\n4\n"
        if wire == "tcp":
            with connected(emulator) as host:
                host.sendall(data)
                wait_for(lambda: emulator.text == "1\n2")
        else:
            terminal = os.open(emulator.address, os.O_RDWR | os.O_NOCTTY)
            os.write(terminal, data)
            wait_for(lambda: emulator.text == "1\n2")
            os.close(terminal)
        emulator.hardware.paper_dots = None
        wait_for(lambda: emulator.text == "1\n2\n3\n4")


CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"


@pytest.mark.parametrize("cut", [0, 1, 4, 9])
def test_clearing_breaks_off_a_picture_and_is_answered_on_the_spot(cut: int) -> None:
    with EscposEmulator() as emulator, connected(emulator) as host:
        host.sendall(b"letters\x1dv0\x00\x48\x00\x64\x00" + b"\xff" * 100 + CLEAR[:cut])
        wait_for(lambda: emulator.received.endswith(b"\xff" + CLEAR[:cut]))
        host.sendall(CLEAR[cut:])
        assert host.recv(16) == b"\x37\x25\x00"
        host.sendall(b"after\n\x1dr\x01")
        assert host.recv(16) == b"\x00"
        assert emulator.text == "after"


def test_what_is_sent_behind_a_clearing_before_its_answer_is_a_fault() -> None:
    with EscposEmulator() as emulator:
        asked(emulator, CLEAR + b"x")
        assert emulator.faults == ["data behind a clearing before its answer"]


def test_a_printer_that_cannot_clear_goes_on_with_its_picture() -> None:
    with EscposEmulator() as emulator, connected(emulator) as host:
        emulator.hardware.clears = False
        host.sendall(b"\x1dv0\x00\x48\x00\x64\x00" + CLEAR + bytes(72 * 100 + 50))
        host.sendall(b"after\n\x1dr\x01")
        assert host.recv(16) == b"\x00"
        assert emulator.text == "after"
        assert emulator.faults == []


def test_a_power_cut_loses_the_buffer_and_the_connection() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.offline = True
        with connected(emulator) as host:
            host.sendall(b"lost\n")
            wait_for(lambda: len(emulator.received) == 5)
            emulator.power_cycle()
            assert host.recv(1) == b""
        emulator.hardware.offline = False
        assert asked(emulator, b"kept\n\x1dr\x01") == b"\x00"
        assert emulator.text == "kept"


def test_a_full_buffer_makes_the_host_wait() -> None:
    with EscposEmulator(wire="pty") as emulator:
        emulator.hardware.offline = True
        terminal = os.open(emulator.address, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            for _ in range(1000):
                os.write(terminal, b"line\n" * 200)
        wait_for(lambda: len(emulator.received) == BUFFER_BYTES)
        os.close(terminal)


def test_a_mute_printer_prints_and_says_nothing() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.mute = True
        with connected(emulator) as host:
            host.sendall(b"said\n\x10\x04\x01")
            wait_for(lambda: emulator.text == "said")
            host.settimeout(0.1)
            with pytest.raises(TimeoutError):
                host.recv(1)
