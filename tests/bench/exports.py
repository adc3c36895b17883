"""What it costs to make a bundle, in the process that makes it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pyrage

from agent.core.journal_records import CheckpointSigned
from agent.evidence.clock import SystemClock
from agent.export.bundle import Contractor, Order
from agent.journal.rows import reading, rows
from agent.sandbox.people import DECLARATION

KIB_PER_MIB = 1024


def bundle_of(journal: Path, key: Path, firm: str, *, main: bool) -> tuple[float, float, float]:
    """Seconds, peak memory in MiB and size in MiB of a bundle of the whole journal."""
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    with tempfile.TemporaryDirectory(prefix="werfpoort-bench-") as folder:
        order = Order(
            journal=journal,
            key=key,
            folder=Path(folder),
            contractor=Contractor(firm, "Bench", recipient, main),
            first=1,
            upto=_last_checkpoint(journal),
            gate="virtual",
            site="Bench",
            declaration=DECLARATION,
            languages=("nl", "fr"),
            zone="Europe/Brussels",
            training=True,
            version="bench",
            made=SystemClock(believed=True).now().local(_zone()),
        )
        begun = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "agent.export.making"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert child.stdin is not None
        child.stdin.write(msgspec.json.encode(order, enc_hook=str))
        child.stdin.close()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - begun
        (bundle,) = Path(folder).glob("*.age")
        return took, used.ru_maxrss / KIB_PER_MIB, bundle.stat().st_size / KIB_PER_MIB**2


def _zone() -> object:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Brussels")


def _last_checkpoint(journal: Path) -> int:
    with reading(journal) as connection:
        (last,) = connection.execute(
            "SELECT max(seq) FROM entry WHERE kind = 'checkpoint-signed'"
        ).fetchone()
        (row,) = rows(connection, last - 1, last)
        assert isinstance(row.entry().record, CheckpointSigned)
        return int(last)
