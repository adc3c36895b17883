"""What can be read of a process and of a journal from outside."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

KIB_PER_MIB = 1024


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of all do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100).__trunc__() - 1)]


def resident_mib(pid: int) -> float:
    """Resident memory of one process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / KIB_PER_MIB


def cpu_share(pid: int, seconds: float) -> float:
    """Per cent of a core that the process takes over so many seconds."""
    before = _cpu_s(pid)
    time.sleep(seconds)
    return 100 * (_cpu_s(pid) - before) / seconds


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tap_moments(journal: Path) -> list[float]:
    """When each stored tap came from the reader, in seconds since boot, in order."""
    conn = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    rows = conn.execute("SELECT mono_ms FROM entry WHERE kind = 'tap-stored' ORDER BY seq")
    moments = [row[0] / 1000 for row in rows]
    conn.close()
    return moments
