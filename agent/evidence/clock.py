"""The clocks of this machine, and how far the wall clock can be believed.

A Pi has no clock of its own: after a power cut it wakes with an old time. The kernel knows
whether some daemon keeps its clock (STA_UNSYNC of adjtimex(2)), whichever daemon that is.
"""

from __future__ import annotations

import ctypes
import threading
import time
from pathlib import Path

from agent.core.events import ServerHeard
from agent.core.moment import Moment, Trust
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Clock
from agent.evidence.server_time import ServerTimes

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RTC = Path("/sys/class/rtc/rtc0")
STA_UNSYNC = 0x40  # linux/timex.h
TIMEX_BYTES = 208  # sizeof(struct timex) on 64-bit Linux, the largest
STATUS_OFFSET = 40  # offsetof(struct timex, status) on 64-bit Linux: modes, four longs
NEVER_BEFORE_UNIX_S = 1_764_547_200  # 2025-12-01: an RTC without battery says something earlier


class SystemClock:
    """The kernel's clocks. `believed`: take the wall clock as set by something unseen.

    A virtual machine's host keeps its clock without telling the kernel; such a gate is for
    training only (config.py).
    """

    def __init__(self, *, believed: bool = False) -> None:
        self._believed = believed
        self._boot_id = BOOT_ID.read_text().strip()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._stopping = threading.Event()
        self.servers = ServerTimes()

    def now(self) -> Moment:
        """Wall clock, and time since this boot with suspensions counted."""
        unix_ms = time.time_ns() // 1_000_000
        mono_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return Moment(unix_ms, mono_ms, self._boot_id, self._trust(unix_ms, mono_ms))

    def _trust(self, unix_ms: int, mono_ms: int) -> Trust:
        if self._believed:
            return Trust.NTP
        if self.servers.contradict(unix_ms, mono_ms):
            return Trust.UNKNOWN
        if self._synchronised():
            return Trust.NTP
        return Trust.RTC if _set_by_rtc() else Trust.UNKNOWN

    def heard(self, server: str, date: str) -> ServerHeard | None:
        """Takes the Date header that a server just sent; an event when it says something new."""
        return self.servers.heard(server, date, self.now())

    def _synchronised(self) -> bool:
        timex = ctypes.create_string_buffer(TIMEX_BYTES)
        if self._libc.adjtimex(timex) < 0:
            return False
        status = int.from_bytes(timex.raw[STATUS_OFFSET : STATUS_OFFSET + 4], "little")
        return not status & STA_UNSYNC

    def sleep(self, seconds: float) -> bool:
        """Waits; True as soon as the agent is to stop."""
        return self._stopping.wait(max(0.0, seconds))

    def stop(self) -> None:
        """Wakes whoever sleeps, for good."""
        self._stopping.set()


JUMP_MS = 2_000
"""More than this is a clock that was set, not one that is slewed."""


class Steadiness:
    """Watches the wall clock against the monotonic one."""

    def __init__(self) -> None:
        self._base_ms: int | None = None

    def seen(self, now: Moment) -> Clock:
        """The clock as a measurement. Whoever sets it loses its trust, and it is judged anew once
        it is trusted again."""
        if not now.trusted:
            self._base_ms = None
            return Clock(trusted=FAILING, steady=UNKNOWN)
        ahead_ms = now.unix_ms - now.mono_ms
        if self._base_ms is None:
            self._base_ms = ahead_ms
        return Clock(WELL, FAILING if abs(ahead_ms - self._base_ms) > JUMP_MS else WELL)


def _set_by_rtc() -> bool:
    """True when the kernel set its clock from a hardware clock that had kept time."""
    try:
        set_at_boot = (RTC / "hctosys").read_text().strip() == "1"
        return set_at_boot and int((RTC / "since_epoch").read_text()) > NEVER_BEFORE_UNIX_S
    except (OSError, ValueError):
        return False
