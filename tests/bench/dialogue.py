"""The paper procedure at the virtual site, as far as `make bench` measures it."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent.config import load_config
from agent.core.events import Tapped
from agent.core.moment import Moment
from agent.evidence.clock import SystemClock
from agent.journal.keeper import Owner, opened
from agent.sandbox.people import crew
from agent.sandbox.site import CODE, VirtualSite

PEOPLE = 500
NUMBER = "2026112417"
WAIT_S = 60.0
PRINTER_BEGINS = b"\x1b@"
WARM_S = 3.0
"""Who types a number takes longer than the printing process to get warm."""


def second_hash_ms() -> tuple[float, float]:
    """From the second `#` at the keypad of the real agent, 500 people on the list: to the list's
    first byte at the printer, and until the list is proof (in ms)."""
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
        return first, 1000 * (time.perf_counter() - begun)


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
