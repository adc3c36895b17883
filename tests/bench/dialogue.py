"""The paper procedure at the virtual site, as far as `make bench` measures it."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.config import load_config
from agent.core.events import Tapped
from agent.core.moment import Moment
from agent.core.paper.keypad_codes import Short
from agent.evidence.clock import SystemClock
from agent.journal.keeper import Owner, opened
from agent.sandbox.people import crew
from agent.sandbox.site import CODE, VirtualSite
from drivers.emulators.escpos import EscposEmulator

sys.path.insert(0, str(Path(__file__).parent))
from measures import resident_mib

PEOPLE = 500
NUMBER = "2026112417"
WAIT_S = 60.0
PRINTER_BEGINS = b"\x1b@"
WARM_S = 3.0
"""Who types a number takes longer than the printing process to get warm."""


@dataclass(frozen=True, slots=True)
class Evening:
    """A list of 500 people at the real agent: from the second `#` to its first byte at the printer
    and until it is proof; and what the agent's resident memory grew by, with it and with a copy."""

    first_byte_ms: float
    proof_s: float
    grown_mib: float
    grown_by_copy_mib: float


def evening() -> Evening:
    """One such evening; what the agent goes on knowing of its list is in what it grew by."""
    folder = tempfile.TemporaryDirectory(prefix="werfpoort-bench-")
    with (
        folder as name,
        VirtualSite(Path(name), crew(PEOPLE, random.Random(5)), paper=True) as site,
    ):
        assert site.printer is not None
        site.set_faults(unreachable=True)
        site.stop_agent()
        _tapped(site)
        site.start_agent()
        _until(lambda: "keypad" in site.status()["devices"])
        time.sleep(WARM_S)
        before_mib = resident_mib(site.pid)
        site.press(f"{CODE}#")
        _until(lambda: _has(site, "operator-admitted"))
        site.press(f"{NUMBER}#{NUMBER}")
        time.sleep(WARM_S)
        printer, before = site.printer, len(site.printer.received)
        begun = time.perf_counter()
        site.keys.press("#")
        _until(lambda: PRINTER_BEGINS in printer.received[before:])
        first = 1000 * (time.perf_counter() - begun)
        site.keys.release("#")
        _until(lambda: _has(site, "list-stands"))
        proof = time.perf_counter() - begun
        _printed(printer)
        listed_mib = resident_mib(site.pid)
        copied = printer.cuts
        site.press(f"{Short.COPY}#")
        _until(lambda: printer.cuts > copied)
        _printed(printer)
        copied_mib = resident_mib(site.pid)
        return Evening(first, proof, listed_mib - before_mib, copied_mib - listed_mib)


def _printed(printer: EscposEmulator) -> None:
    """Waits until nothing has come for a while: slips follow a list."""
    so_far = -1
    while so_far < len(printer.received):
        so_far = len(printer.received)
        time.sleep(WARM_S)


def _tapped(site: VirtualSite) -> None:
    """A tap of each worker within the last minutes, none of them delivered."""
    config = load_config(site.config)
    clock = SystemClock(believed=True)
    owner = Owner(config.gate.name, training=True)
    keeper = opened(config.gate.journal, config.rules, random.SystemRandom(), owner, clock.now())
    now = clock.now()
    for place, person in enumerate(site.people):
        age_ms = PEOPLE - place
        at = Moment(now.unix_ms - age_ms, now.mono_ms - age_ms, now.boot_id, now.trust)
        keeper.do(Tapped(at, "entrance", person.uid))
    keeper.journal.close()


def _has(site: VirtualSite, kind: str) -> bool:
    with sqlite3.connect(f"file:{site.folder}/data/journal.db?mode=ro", uri=True) as journal:
        found = journal.execute("SELECT 1 FROM entry WHERE kind = ?", (kind,)).fetchone()
    journal.close()
    return found is not None


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, f"not within {WAIT_S} s"
        time.sleep(0.001)
