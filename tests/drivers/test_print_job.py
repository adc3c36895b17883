from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.emulators.escpos import EscposEmulator
from drivers.paper import (
    Document,
    JobDone,
    PartDone,
    PartStarted,
    PrinterReady,
    PrinterSettings,
    PrinterStatus,
    PrintEvent,
    PrintRequest,
    Text,
)
from drivers.print_job import PrintJob

WAIT_S = 60.0
PAGES = Document(
    tuple((Text(f"page {n} of 3"), *(Text(f"line {i}") for i in range(40))) for n in (1, 2, 3)),
    "DUPLICATE",
)
Events = queue.Queue[PrintEvent]


@contextlib.contextmanager
def job_for(
    printer: PrinterSettings, stalled_s: float = WAIT_S
) -> Iterator[tuple[PrintJob, Events]]:
    """A job that is warm, with its further events."""
    events: Events = queue.Queue()
    job = PrintJob(printer, events.put, stalled_s)
    try:
        assert events.get(timeout=WAIT_S) == PrinterReady()
        yield job, events
    finally:
        job.close()


def end_of(events: Events) -> JobDone:
    while True:
        event = events.get(timeout=WAIT_S)
        if isinstance(event, JobDone):
            return event


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_job_tells_of_its_parts_and_its_end() -> None:
    with (
        EscposEmulator() as emulator,
        job_for(PrinterSettings("network", emulator.address)) as (job, events),
    ):
        job.start(PrintRequest(PAGES))
        for n in (1, 2, 3):
            assert events.get(timeout=WAIT_S) == PartStarted(n)
            assert events.get(timeout=WAIT_S) == PartDone(n, True, PrinterStatus.OK)
        assert events.get(timeout=WAIT_S) == JobDone(3, 3, PrinterStatus.OK)
        assert emulator.faults == []


def test_what_prints_is_never_loaded_by_who_starts_it() -> None:
    code = "import sys, drivers.print_job; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"escpos", "PIL", "serial", "usb", "qrcode"} & set(done.stdout.split())


def test_a_process_that_hangs_is_killed_and_the_job_says_how_far_it_came(tmp_path: Path) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)  # opened for reading and never read: writing to it blocks without limit
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    thick = Document(((Text("x" * 200_000),),), "DUPLICATE")
    with job_for(PrinterSettings("file", str(pipe)), stalled_s=3.0) as (job, events):
        job.start(PrintRequest(thick))
        done = end_of(events)
        assert (done.certain, done.sent, done.status) == (0, 1, PrinterStatus.UNKNOWN)
        assert "hung" in done.problem
        assert done.hint
        assert not alive(job.pid)
    os.close(reader)


def test_a_process_that_dies_ends_the_job_with_what_is_certain() -> None:
    with (
        EscposEmulator() as emulator,
        job_for(PrinterSettings("network", emulator.address)) as (job, events),
    ):
        emulator.hardware.paper_dots = 55 * 30  # it waits within page 2
        job.start(PrintRequest(PAGES))
        while events.get(timeout=WAIT_S) != PartStarted(2):
            pass
        os.kill(job.pid, signal.SIGKILL)
        done = end_of(events)
        assert (done.certain, done.sent) == (1, 2)
        assert done.problem


def test_a_printer_that_is_not_there_ends_the_job_with_what_to_do() -> None:
    with job_for(PrinterSettings("file", "/no/such/lp0")) as (job, events):
        job.start(PrintRequest(PAGES, certain=1, sent=2))
        done = end_of(events)
        assert (done.certain, done.sent) == (1, 2)
        assert "/no/such/lp0" in done.problem
        assert done.hint


def test_a_job_that_is_closed_before_its_start_reports_nothing_more() -> None:
    with job_for(PrinterSettings("file", "/dev/null")) as (job, events):
        job.close()
        assert not alive(job.pid)
        assert events.empty()


def test_a_job_starts_once() -> None:
    with job_for(PrinterSettings("file", "/dev/null")) as (job, events):
        job.start(PrintRequest(PAGES))
        with pytest.raises(ValueError, match="started before"):
            job.start(PrintRequest(PAGES))
        assert end_of(events).sent == 3


def test_the_process_leaves_no_folder_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    child = subprocess.run(
        [sys.executable, "-m", "drivers.printing_process"],
        input="",
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert child.stdout == '{"event": "PrinterReady"}\n'
    assert list(tmp_path.iterdir()) == []


def test_a_process_without_a_job_ends_with_who_started_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "drivers.printing_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert child.stdin
    child.stdin.close()
    assert child.wait(WAIT_S) == 0
