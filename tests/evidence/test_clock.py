"""The clocks of this machine."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from agent.core.moment import Trust
from agent.evidence.clock import SystemClock


def test_the_wall_clock_is_the_kernels() -> None:
    assert abs(SystemClock().now().unix_ms - time.time() * 1000) < 1000


def test_the_boot_is_named_as_the_kernel_names_it() -> None:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert SystemClock().now().boot_id == boot_id


def test_a_clock_that_is_believed_is_trusted_whatever_the_kernel_says() -> None:
    assert SystemClock(believed=True).now().trust is Trust.NTP


def test_trust_is_what_the_kernel_says_of_its_clock() -> None:
    said = SystemClock().now().trust
    assert said in set(Trust)
    assert SystemClock().now().trust is said


def test_whoever_sleeps_is_woken_when_the_agent_stops() -> None:
    clock = SystemClock()
    woken: list[bool] = []
    sleeper = threading.Thread(target=lambda: woken.append(clock.sleep(60)))
    sleeper.start()
    clock.stop()
    sleeper.join(10)
    assert woken == [True]
