"""`make bench`: the figures of docs/figures.md, measured on this machine.

Each figure is taken in several runs and printed as min, median and max over them, beside what is
asked of it. The virtual site runs here, the agent in a process of its own; nothing is mocked.
QUICK=1 makes fewer and shorter runs, to see that it works.
"""

from __future__ import annotations

import atexit
import functools
import os
import platform
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.journal.checkpoint import signer_at
from agent.journal.verify import verify
from agent.sandbox.people import crew
from agent.sandbox.site import VirtualSite
from drivers.emulators.nfc_cards import ntag213

sys.path.insert(0, str(Path(__file__).parent))
import backlog
import browsers
import dialogue
import equipped
import evidence_costs
import evidence_year
import exports
import inside
import journals
import papers
from measures import cpu_share, percentile, resident_mib, tap_moments

QUICK = bool(os.environ.get("QUICK"))
RUNS = 2 if QUICK else 3
PEACEFUL_TAPS = 10 if QUICK else 30
RUSH_S = 10 if QUICK else 60
RUSH_PER_S = 10
HELD_S = 0.1
SERVICE_S = 0.2
IDLE_S = 5 if QUICK else 20
WATCHED_S = 60 if QUICK else 900
"""The slowest probe's pace is a quarter of an hour."""
SIZES = (1_000, 10_000) if QUICK else (100_000, 1_000_000)
"""Entries of the journals that are measured beside an empty one."""
APPENDS = 200 if QUICK else 2_000
BACKLOG, MEANWHILE = 10_000, 20
PEOPLE = crew(80, random.Random(80))
CARDS = [ntag213(person.uid) for person in PEOPLE]


@dataclass(slots=True)
class Figure:
    """One line of the table: what was asked, and what each run gave."""

    name: str
    asked: str
    unit: str
    runs: list[float]

    def line(self) -> str:
        low, mid, high = min(self.runs), statistics.median(self.runs), max(self.runs)
        return f"| {self.name} | {self.asked} | {low:.4g} | {mid:.4g} | {high:.4g} | {self.unit} |"


class Table:
    """Figures by name, in the order in which they were first measured."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}

    def add(self, name: str, asked: str, unit: str, value: float) -> None:
        """One more run of a figure."""
        self._figures.setdefault(name, Figure(name, asked, unit, [])).runs.append(value)
        print(f"  {name}: {value:.4g} {unit}", flush=True)

    def __str__(self) -> str:
        head = ["| figure | asked | min | median | max | unit |", "|---|---|---|---|---|---|"]
        return "\n".join(head + [figure.line() for figure in self._figures.values()])


@contextmanager
def fresh_site() -> Iterator[VirtualSite]:
    """A virtual site with 80 workers and a service that answers in 200 ms."""
    folder = tempfile.TemporaryDirectory(prefix="werfpoort-bench-")
    with folder as name, VirtualSite(Path(name), PEOPLE) as site:
        site.set_faults(latency_s=SERVICE_S)
        yield site


def peace(table: Table) -> None:
    """Taps with pauses between them, so that the reader is at its slow pace."""
    chance = random.Random(1)
    with fresh_site() as site:
        ambers, greens = [], []
        for card in (CARDS * 2)[:PEACEFUL_TAPS]:
            time.sleep(3.2 + chance.random())
            came = site.tap(card)
            time.sleep(0.8)
            amber = site.lamps.lit_after("amber", came)
            green = site.lamps.lit_after("green", came)
            if amber is not None and (green is None or amber < green):
                ambers.append(1000 * (amber - came))
            if amber is not None and green is not None:
                greens.append(1000 * (green - came))
        table.add("tag to amber, p50", "≤ 100", "ms", percentile(ambers, 50))
        table.add("tag to amber, p99", "≤ 200", "ms", percentile(ambers, 99))
        table.add("tag to green, service 200 ms, p99", "≤ 600", "ms", percentile(greens, 99))


def rush(table: Table) -> None:
    """Ten taps a second in one reader's field, each 100 ms, one after the other."""
    with fresh_site() as site:
        time.sleep(1)
        came: list[float] = []
        begun = time.monotonic()
        for n in range(RUSH_S * RUSH_PER_S):
            time.sleep(max(0.0, begun + n / RUSH_PER_S - time.monotonic()))
            card = CARDS[n % len(CARDS)]
            came.append(site.reader.enter(card))
            time.sleep(max(0.0, begun + n / RUSH_PER_S + HELD_S - 0.005 - time.monotonic()))
            site.reader.leave(card)
        time.sleep(3)
        stored = tap_moments(site.folder / "data/journal.db")
        table.add("10 taps/s: lost", "0", "taps", len(came) - len(stored))
        if len(came) == len(stored):
            delays = [1000 * (s - c) for c, s in zip(came, stored, strict=True)]
            table.add("10 taps/s: tag to journal, p99", "≤ 300", "ms", percentile(delays, 99))
        registered = site.status()["obligations"].get("registered", 0)
        table.add("10 taps/s: registered of 80", "80", "workers", registered)
        table.add("resident memory after the rush", "≤ 80", "MiB", resident_mib(site.pid))


def start_and_idle(table: Table) -> None:
    """Starts with a journal of 10,000 taps, and then nothing happens."""
    with fresh_site() as site:
        site.stop_agent()
        inside.fill(site.folder, taps=10_000)
        table.add("start to ready, 10,000 taps", "≤ 2", "s", site.start_agent())
        time.sleep(5)
        table.add("resident memory, 10,000 taps", "≤ 80", "MiB", resident_mib(site.pid))
        table.add("idle CPU", "≤ 2", "% of a core", cpu_share(site.pid, IDLE_S))
        table.add("stop", "≤ 2", "s", site.stop_agent())


def whole_gate(table: Table) -> None:
    """Everything that a gate can have on it, but a reader or keypad that types (no uinput)."""
    with equipped.equipped() as gate:
        table.add(
            "all devices, 1,000 people: start to first amber", "≤ 2.5", "s", gate.first_tap_s()
        )
        time.sleep(5)
        pid = gate.site.pid
        table.add("all devices, 1,000 people: resident memory", "≤ 84", "MiB", resident_mib(pid))
        table.add(
            "all devices, 1,000 people: idle CPU", "≤ 2", "% of a core", cpu_share(pid, IDLE_S)
        )
        table.add("NFC reader replugged to first amber", "≤ 5", "s", gate.replugged_s())
        table.add("serial reader replugged to first tap", "≤ 5", "s", gate.serial_replugged_s())
        took, wrong = gate.doctor_s()
        table.add("doctor --json", "≤ 15", "s", took)
        for line in wrong:
            print(f"  (doctor: {line})")


def drain(table: Table) -> None:
    """10,000 workers stored while nothing could be sent, and more who tap meanwhile."""
    crowd = crew(BACKLOG + MEANWHILE, random.Random(10))
    folder = tempfile.TemporaryDirectory(prefix="werfpoort-bench-")
    with folder as name, VirtualSite(Path(name), crowd) as site:
        site.stop_agent()
        backlog.store(site.folder, BACKLOG)
        site.set_faults(latency_s=SERVICE_S)
        begun = time.monotonic()
        table.add("start to ready, backlog of 10,000", "≤ 3", "s", site.start_agent())
        lit = []
        for person in crowd[BACKLOG:]:
            came = site.tap(ntag213(person.uid))
            time.sleep(0.5)
            amber = site.lamps.lit_after("amber", came)
            lit.append(1000 * (amber - came) if amber is not None else float("inf"))
        drained = backlog.drained_s(site, begun, BACKLOG + MEANWHILE)
        table.add("backlog of 10,000 drained, service 200 ms", "≤ 60", "s", drained)
        table.add("tag to amber while it drains, p50", "≤ 100", "ms", percentile(lit, 50))
        table.add("tag to amber while it drains, max", "≤ 200", "ms", max(lit))
        table.add("resident memory after it", "", "MiB", resident_mib(site.pid))
        credentials = backlog.credentials_of(site)
        made = [backlog.batch_made_ms(credentials, crowd) for _ in range(20)]
        table.add("200 registrations built and signed, p50", "≤ 40", "ms", percentile(made, 50))
        table.add("200 registrations built and signed, max", "≤ 40", "ms", max(made))


def growth(table: Table) -> None:
    """From 100 registrations that wait to 100,000: one more tap, a restart, memory."""
    for waiting in (100, 1_000, 10_000) if QUICK else (100, 1_000, 10_000, 100_000):
        grown = backlog.growth(waiting)
        name = f"{waiting:,} waiting: "
        table.add(f"{name}one tap decided", "", "ms", grown.tap_ms)
        table.add(f"{name}state made of entries", "", "s", grown.restore_s)
        table.add(f"{name}memory each, with its entries", "", "KiB", grown.kib_each)


def in_process(table: Table) -> None:
    """From the UID at the reader's thread to the panel, with a real journal on this disk."""
    delays = inside.uid_to_panel_ms(500 if QUICK else 3000)
    table.add("UID to amber, p50", "", "ms", percentile(delays, 50))
    table.add("UID to amber, p99", "≤ 20", "ms", percentile(delays, 99))


def journal_appends(table: Table) -> None:
    """A tap's commit in journals of three sizes, in turns."""
    with tempfile.TemporaryDirectory(prefix="werfpoort-bench-") as name:
        empty = Path(name) / "empty.db"
        large = [_journal(entries) for entries in SIZES]
        delays = journals.append_ms([empty, *large], signer_at(_key()), APPENDS)
        for percent in (50, 99):
            found = [percentile(taken, percent) for taken in delays]
            for entries, value in zip((0, *SIZES), found, strict=True):
                table.add(f"append, p{percent}, {entries:,} entries", "", "ms", value)
            growth = 100 * (found[-1] / found[0] - 1)
            table.add(f"append, p{percent}: growth to {SIZES[-1]:,}", "≤ 20", "%", growth)


def journal_verify(table: Table) -> None:
    """How fast a journal is verified, signatures and details and all."""
    begun = time.perf_counter()
    verdict = verify(_journal(SIZES[-1]))
    rate = verdict.entries / (time.perf_counter() - begun)
    assert verdict.sound, verdict.text()
    table.add(f"verify, {SIZES[-1]:,} entries", "≥ 100,000", "entries/s", rate)


def journal_start(table: Table) -> None:
    """Starts with a large journal, after a stop in good order and after none."""
    with fresh_site() as site:
        site.stop_agent()
        for entries in SIZES[-1:]:
            for part in ("journal.db", "journal.db-wal", "journal.db-shm"):
                (site.folder / "data" / part).unlink(missing_ok=True)
            shutil.copy(_journal(entries), site.folder / "data/journal.db")
            shutil.copy(_key(), site.folder / "data/journal.key")
            name = f"start to ready, {entries:,} entries"
            table.add(name, "≤ 3", "s", site.start_agent())
            site.stop_agent(signal.SIGKILL)
            table.add(f"{name}, after kill -9", "≤ 3", "s", site.start_agent())


def journal_writes(table: Table) -> None:
    """What a gate writes to its disk, counted by the disk."""
    a_tap, _ = journals.written_bytes(people=200 if QUICK else 1_000, taps_each=1)
    _, a_day = journals.written_bytes(people=200, taps_each=2)
    table.add("written per tap until its receipt", "≤ 32", "KiB", a_tap / 1024)
    table.add(
        "written on a day of 400 taps, with heartbeats and evidence", "≤ 32", "MiB", a_day / 1024**2
    )


def journal_export(table: Table) -> None:
    """The main contractor's bundle of a whole journal: the largest there is, half of it masked."""
    entries = SIZES[0]
    took, memory, size = exports.bundle_of(
        _journal(entries), _key(), PEOPLE[0].worker.employer, main=True
    )
    table.add(f"bundle of {entries:,} entries", "≤ 10", "s", took)
    table.add(f"bundle of {entries:,} entries: memory", "≤ 100", "MiB", memory)
    table.add(f"bundle of {entries:,} entries: size", "", "MiB", size)


def paper(table: Table) -> None:
    """A list of 500 people, from the keypad to the printer and as PDF."""
    evening = dialogue.evening()
    first_byte = evening.first_byte_ms
    table.add("second # at the keypad to the first byte, 500 people", "≤ 500", "ms", first_byte)
    table.add("second # at the keypad to the list as proof, 500 people", "", "s", evening.proof_s)
    table.add("agent grown by a list of 500", "", "MiB", evening.grown_mib)
    table.add("agent grown by printing it again", "≤ 1", "MiB", evening.grown_by_copy_mib)
    table.add("list of 500 rendered for a roll", "≤ 2", "s", papers.rendered_s())
    table.add("list of 500 as PDF", "", "s", papers.pdf_s())


def page(table: Table) -> None:
    """The page with 1,000 people in the roster, and twenty browsers that listen to it."""
    seen = browsers.measured(0.5 if QUICK else browsers.MINUTES)
    table.add("page, 1,000 people: resident memory", "≤ 96", "MiB", seen.resident_mib)
    table.add("page: first view, with all that it names", "≤ 150", "kB", seen.view_bytes / 1000)
    for percent in (50, 95):
        took = percentile(seen.view_ms, percent)
        table.add(f"page: first view on loopback, p{percent}", "≤ 300", "ms", took)
        alone, watched = (percentile(v, percent) for v in (seen.alone_ms, seen.watched_ms))
        table.add(f"page, nobody listens: tag to amber, p{percent}", "", "ms", alone)
        table.add(f"page, 20 listen: tag to amber, p{percent}", "", "ms", watched)
    table.add("page, nobody listens: grown by a tap", "", "KiB", 1024 * seen.grown_alone_mib)
    table.add("page, 20 listened: grown by a tap", "", "KiB", 1024 * seen.grown_mib)


def outages(table: Table) -> None:
    """A year of evidence through the core, and the state rebuilt from what it journaled."""
    steps_s, restored_s, _ = evidence_year.replayed_s()
    table.add("a year of evidence through the core", "≤ 5", "s", steps_s)
    table.add("a year of evidence restored", "", "s", restored_s)


def finding_out(table: Table) -> None:
    """From the first failed delivery to the incident with its row: a value an outage."""
    for beyond_s in evidence_costs.beyond_hysteresis_s().values():
        table.add("failed delivery to its row, beyond the hysteresis", "≤ 30", "s", beyond_s)


def watching(table: Table) -> None:
    """What an agent with nothing to do sends and receives, and what its probing takes."""
    sent, probing, agent = evidence_costs.in_peace(WATCHED_S)
    table.add("probing in peace", "≤ 100", "kB an hour", sent)
    table.add("probing in peace: CPU", "≤ 0.5", "% of a core", probing)
    table.add("the whole agent beside it: CPU", "", "% of a core", agent)


@functools.cache
def _workshop() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="werfpoort-bench-"))
    atexit.register(shutil.rmtree, folder)
    return folder


def _key() -> Path:
    path = _workshop() / "journal.key"
    signer_at(path)
    return path


@functools.cache
def _journal(entries: int) -> Path:
    """One of that size, made once; what is appended to it in a run is little beside it."""
    path = _workshop() / f"{entries}.db"
    begun = time.perf_counter()
    journals.grown(path, entries, PEOPLE, signer_at(_key()), "virtual")
    print(f"  (a journal of {entries:,} entries made in {time.perf_counter() - begun:.1f} s)")
    return path


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table = Table()
    chosen = set(sys.argv[1:])
    measures: tuple[Callable[[Table], None], ...] = (
        *(peace, in_process, rush, start_and_idle, whole_gate, drain, growth),
        *(
            page,
            outages,
            paper,
            journal_export,
            journal_writes,
            journal_start,
            journal_verify,
            journal_appends,
        ),
    )
    once = (finding_out, watching)  # eight outages, and a quarter of an hour
    for run in range(RUNS):
        print(f"run {run + 1} of {RUNS}")
        for measure in (*measures, *(() if run else once)):
            if not chosen or measure.__name__ in chosen:
                measure(table)
    print(f"\n{table}")


if __name__ == "__main__":
    main()
