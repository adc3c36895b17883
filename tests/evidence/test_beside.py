"""Work beside the measuring thread."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from agent.evidence.beside import begun


def test_what_a_job_returns_or_raises_is_waited_for() -> None:
    assert begun(lambda: 7).result(10) == 7
    with pytest.raises(ZeroDivisionError):
        begun(lambda: 1 // 0).result(10)


def test_no_more_run_at_once_than_there_are_slots() -> None:
    slots, gate = threading.Semaphore(1), threading.Event()
    first = begun(gate.wait, slots)
    second = begun(first.done, slots)
    gate.set()
    assert second.result(10)


def test_a_process_ends_whatever_still_runs() -> None:
    program = "from agent.evidence.beside import begun; import time; begun(lambda: time.sleep(600))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
