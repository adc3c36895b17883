from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.base import DeviceLost, DeviceNotFound, DeviceProtocolError
from drivers.emulators.escpos import EscposEmulator
from drivers.paper import (
    Banner,
    Document,
    JobDone,
    PartDone,
    PartStarted,
    PrinterSettings,
    PrinterStatus,
    PrintEvent,
    PrintRequest,
    Qr,
    Text,
)
from drivers.printer_escpos import open_printer

CHECKPOINT = "werfpoort:1:4711:" + "ab12" * 16
WAIT_S = 30.0
PAGES = Document(
    tuple(
        (Text(f"page {n} of 3", large=True), *(Text(f"line {n}-{i}") for i in range(40)))
        for n in (1, 2, 3)
    ),
    "DUPLICATE",
)


def at_printer(emulator: EscposEmulator, **changes: object) -> PrinterSettings:
    """Settings of a network printer at the emulator's address."""
    return replace(PrinterSettings("network", emulator.address), **changes)  # type: ignore[arg-type]


def ignored(_: PrintEvent) -> None:
    """For who waits for the end alone."""


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def print_to(
    emulator: EscposEmulator, document: Document, report: Callable[[PrintEvent], None] = ignored
) -> JobDone:
    with open_printer(at_printer(emulator)) as printer:
        return printer.print(PrintRequest(document), report)


# --- status -------------------------------------------------------------------------------------

STATES = {
    PrinterStatus.OK: {},
    PrinterStatus.PAPER_LOW: {"paper_low": True},
    PrinterStatus.PAPER_OUT: {"paper_dots": 0},
    PrinterStatus.COVER_OPEN: {"cover_open": True},
    PrinterStatus.OFFLINE: {"offline": True},
    PrinterStatus.UNKNOWN: {"mute": True},
}


@pytest.mark.parametrize("wire", ["tcp", "pty"])
@pytest.mark.parametrize("status", list(PrinterStatus))
def test_the_status_is_what_the_printer_says(status: PrinterStatus, wire: str) -> None:
    with EscposEmulator(wire=wire) as emulator:
        for name, value in STATES[status].items():
            setattr(emulator.hardware, name, value)
        kind = "network" if wire == "tcp" else "serial"
        with open_printer(PrinterSettings(kind, emulator.address)) as printer:
            assert printer.status() is status


@pytest.mark.parametrize("status", [s for s in PrinterStatus if s.blocks])
def test_a_printer_that_cannot_print_gets_no_part_of_the_job(status: PrinterStatus) -> None:
    with EscposEmulator() as emulator:
        for name, value in STATES[status].items():
            setattr(emulator.hardware, name, value)
        done = print_to(emulator, PAGES)
        assert (done.certain, done.sent, done.status) == (0, 0, status)
        assert done.hint
        assert emulator.picture().height == 1


# --- jobs ---------------------------------------------------------------------------------------


def test_each_part_is_reported_when_it_begins_and_when_it_is_on_paper() -> None:
    events: list[PrintEvent] = []
    with EscposEmulator() as emulator:
        done = print_to(emulator, PAGES, events.append)
        assert events == [
            event
            for n in (1, 2, 3)
            for event in (PartStarted(n), PartDone(n, True, PrinterStatus.OK))
        ]
        assert done == JobDone(3, 3, PrinterStatus.OK)
        assert emulator.text.count("line") == 120


def test_paper_that_ends_within_a_part_leaves_that_part_uncertain() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_dots = 60 * 30  # a page and a half
        done = print_to(emulator, PAGES)
        assert (done.certain, done.sent, done.status) == (1, 2, PrinterStatus.PAPER_OUT)


def test_a_job_resumes_with_the_uncertain_part_marked_as_a_duplicate() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_dots = 60 * 30
        done = print_to(emulator, PAGES)
        emulator.hardware.paper_dots = None
        with open_printer(at_printer(emulator)) as printer:
            end = printer.print(PrintRequest(PAGES, done.certain, done.sent), ignored)
        assert end == JobDone(3, 3, PrinterStatus.OK)
        text = emulator.text
        assert text.count("DUPLICATE") == 1
        assert text.index("DUPLICATE") < text.rindex("page 2 of 3") < text.index("page 3 of 3")
        assert text.count("page 1 of 3") == 1


def test_a_job_waits_while_a_printer_that_answered_before_is_busy_with_another_connection() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_dots = 2000
        done = print_to(emulator, PAGES)
        assert (done.certain, done.sent) == (1, 2)
        emulator.hardware.paper_dots = None
        host, port = emulator.address.split(":")
        with socket.create_connection((host, int(port))):
            with open_printer(at_printer(emulator)) as printer:
                busy = printer.print(PrintRequest(PAGES, done.certain, done.sent), ignored)
            assert (busy.certain, busy.sent, busy.status) == (1, 2, PrinterStatus.UNKNOWN)
        with open_printer(at_printer(emulator)) as printer:
            end = printer.print(PrintRequest(PAGES, busy.certain, busy.sent, True), ignored)
        assert (end.certain, end.sent) == (3, 3)
        assert emulator.text.count("DUPLICATE") == 1
        assert emulator.text.count("page 3 of 3") == 1


def test_marks_of_what_lay_in_the_buffer_never_make_a_new_part_certain() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_dots = 20 * 30  # half of the first page; the rest waits in there
        done = print_to(emulator, PAGES)
        assert (done.certain, done.sent) == (0, 1)
        emulator.hardware.line_s = 0.05  # a head that takes its time
        emulator.hardware.paper_dots = (20 + 32) * 30  # that rest, and most of the page again
        with open_printer(at_printer(emulator)) as printer:
            done = printer.print(PrintRequest(PAGES, done.certain, done.sent), ignored)
        assert "DUPLICATE" in emulator.text
        assert (done.certain, done.sent, done.status) == (0, 1, PrinterStatus.PAPER_OUT)


PICTURE = b"\x1dv0\x00\x48\x00\x80\x01" + b"\xff" * 72 * 100
"""384 rows are told, of which 100 come: the process that printed was killed."""


def left_within_a_picture(emulator: EscposEmulator) -> None:
    host, port = emulator.address.split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as wire:
        wire.sendall(PICTURE)
    wait_for(lambda: bytes(emulator.received) == PICTURE)


@pytest.mark.parametrize("sent", [0, 1])
@pytest.mark.parametrize("clears", [True, False])
def test_a_printer_that_waits_for_the_rest_of_a_picture_prints_the_next_job_whole(
    clears: bool, sent: int
) -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.clears = clears
        left_within_a_picture(emulator)
        with open_printer(at_printer(emulator), mark_s=1.0) as printer:
            end = printer.print(PrintRequest(PAGES, 0, sent), ignored)
        assert end == JobDone(3, 3, PrinterStatus.OK)
        for n in (1, 2, 3):
            lines = re.findall(rf"line {n}-.*", emulator.text)
            assert lines == [f"line {n}-{i}" for i in range(40)]
        assert emulator.text.count("page 1 of 3") == 1
        assert emulator.text.count("DUPLICATE") == sent
        assert [fault for fault in emulator.faults if "10 14" not in fault] == []


def test_a_silent_printer_that_waits_for_a_picture_gets_the_rest_of_it_before_the_job_again() -> (
    None
):
    with EscposEmulator() as emulator:
        emulator.hardware.mute = True
        left_within_a_picture(emulator)
        with open_printer(at_printer(emulator)) as printer:
            assert printer.print(PrintRequest(PAGES, 0, 1), ignored).certain == 0
        wait_for(lambda: "line 3-39" in emulator.text)
        assert [f"line 1-{i}" for i in range(40)] == re.findall(r"line 1-.*", emulator.text)
        assert emulator.faults == []


def test_what_another_job_left_is_printed_and_not_cleared_and_makes_no_part_certain() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_dots = 20 * 30
        done = print_to(emulator, PAGES)
        emulator.hardware.paper_dots = None
        emulator.hardware.line_s = 0.02
        other = Document(((Text("another slip"),),), "DUPLICATE")
        with open_printer(at_printer(emulator)) as printer:
            request = PrintRequest(other, left=True)
            assert printer.print(request, ignored) == JobDone(1, 1, PrinterStatus.OK)
        assert done.certain == 0
        assert emulator.text.index("line 1-39") < emulator.text.index("another slip")


def test_a_power_cut_within_a_list_leaves_its_part_uncertain_on_the_network() -> None:
    with EscposEmulator() as emulator:

        def cut_in_part_two(event: PrintEvent) -> None:
            if event == PartDone(1, True, PrinterStatus.OK):
                emulator.power_cycle()

        done = print_to(emulator, PAGES, cut_in_part_two)
        assert done.certain == 1
        assert done.sent == 2
        assert done.status is PrinterStatus.UNKNOWN
        assert done.problem


def test_a_part_whose_beginning_a_power_cut_ate_is_not_certain() -> None:
    with EscposEmulator(wire="pty") as emulator:
        emulator.hardware.paper_dots = 10 * 30
        lost = threading.Event()

        def cut() -> None:
            wait_for(lambda: emulator.hardware.paper_out)
            emulator.power_cycle()
            emulator.hardware.paper_dots = None
            lost.set()

        threading.Thread(target=cut).start()
        page = Document(((*(Text(f"line {i}") for i in range(90)),),), "DUPLICATE")
        with open_printer(PrinterSettings("serial", emulator.address)) as printer:
            done = printer.print(PrintRequest(page), ignored)
        assert lost.wait(WAIT_S)
        assert (done.certain, done.sent) == (0, 1)


def test_a_printer_that_says_nothing_gets_the_job_and_is_believed_nothing() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.mute = True
        done = print_to(emulator, PAGES)
        assert (done.certain, done.sent, done.status) == (0, 3, PrinterStatus.UNKNOWN)
        assert "does not answer" in done.problem
        wait_for(lambda: emulator.text.count("page 3 of 3") == 1)


def test_paper_that_runs_low_does_not_stop_the_job() -> None:
    with EscposEmulator() as emulator:
        emulator.hardware.paper_low = True
        assert print_to(emulator, PAGES) == JobDone(3, 3, PrinterStatus.PAPER_LOW)


def test_a_printer_behind_a_file_gets_the_bytes_and_is_believed_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    with open_printer(PrinterSettings("file", str(path))) as printer:
        done = printer.print(PrintRequest(PAGES), ignored)
    assert (done.certain, done.sent) == (0, 3)
    assert path.read_bytes().count(b"line") == 120


def test_both_wires_carry_the_same_bytes() -> None:
    document = Document(((Text("Ștefan"), Banner("ÜBUNG"), Qr(CHECKPOINT)),), "")
    with EscposEmulator() as tcp, EscposEmulator(wire="pty") as pty:
        print_to(tcp, document)
        with open_printer(PrinterSettings("serial", pty.address)) as printer:
            assert printer.print(PrintRequest(document), ignored).certain == 1
        assert tcp.picture().tobytes() == pty.picture().tobytes()


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "address"),
    [("network", "127.0.0.1:1"), ("serial", "/dev/no-such-printer"), ("file", "/no/such/lp0")],
)
def test_a_printer_that_is_not_there_is_named_with_what_to_do(kind: str, address: str) -> None:
    with pytest.raises(DeviceNotFound, match=address) as error:
        open_printer(PrinterSettings(kind, address))
    assert error.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        PrinterSettings("parallel", "/dev/lp0"),
        PrinterSettings("network", "printer:nine"),
        PrinterSettings("usb", "my printer"),
        PrinterSettings("file", "/dev/null", profile="TM-T9000"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_to_do(wrong: PrinterSettings) -> None:
    with pytest.raises(DeviceProtocolError) as error:
        open_printer(wrong)
    assert error.value.hint


def test_a_write_to_a_printer_that_takes_nothing_ends() -> None:
    with EscposEmulator(wire="pty") as emulator:
        emulator.hardware.deaf = True
        with (
            open_printer(PrinterSettings("serial", emulator.address)) as printer,
            pytest.raises(DeviceLost, match="takes no more"),
        ):
            for _ in range(20):
                printer._wire.write(b"x" * 4096)
