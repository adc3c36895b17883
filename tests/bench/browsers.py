"""The page beside the gate: memory, the first view, and what many listeners cost a tap."""

from __future__ import annotations

import os
import random
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from measures import percentile, resident_mib

from agent.paper.operator_code import made
from agent.sandbox.people import crew
from agent.sandbox.site import CODE, LOOPBACK_EVIDENCE, Ground, VirtualSite
from drivers.emulators.nfc_cards import Card, ntag213

PEOPLE = crew(1_000, random.Random(1_000))
ACCESS = "135790"
LISTENERS = 20
VIEWS = 20
SETTLE_S = 3.0
MINUTES = float(os.environ.get("PAGE_MINUTES", "2"))
"""How long they listen; PAGE_MINUTES=10 for longer."""
ALONE_MINUTES = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run gave. Latencies are from the tag to the amber lamp, in ms."""

    resident_mib: float
    view_bytes: int
    view_ms: Sequence[float]
    alone_ms: Sequence[float]
    watched_ms: Sequence[float]
    messages: int
    grown_alone_mib: float
    grown_mib: float
    """What the agent grew by a tap, without listeners and with them."""


@contextmanager
def gate() -> Iterator[tuple[VirtualSite, str]]:
    """A gate with 1,000 people in its roster, keypad, printer and page; where its page is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = f'\n[page]\nlisten = "127.0.0.1:{port}"\ncode = "{made(ACCESS)}"\n'
    ground = Ground(more=LOOPBACK_EVIDENCE + page)
    with (
        tempfile.TemporaryDirectory(prefix="werfpoort-bench-") as folder,
        VirtualSite(Path(folder), PEOPLE, paper=True, ground=ground) as site,
    ):
        yield site, f"http://127.0.0.1:{port}"


def measured(minutes: float = MINUTES) -> Seen:
    """One run."""
    with gate() as (site, url):
        cards = iter([ntag213(person.uid) for person in PEOPLE])
        for _ in range(10):
            site.tap(next(cards), 0.05)
        _everything_looked_at(url)
        time.sleep(SETTLE_S)
        first_bytes, first_ms = _first_views(url)
        before = resident_mib(site.pid)
        alone = _tapped(site, cards, min(minutes, ALONE_MINUTES) * 60)
        time.sleep(SETTLE_S)
        resident = resident_mib(site.pid)
        grown_alone = (resident - before) / len(alone)
        with _listening(url) as listeners:
            watched = _tapped(site, cards, minutes * 60)
            messages = sum(one.messages for one in listeners)
        time.sleep(SETTLE_S)
        grown = (resident_mib(site.pid) - resident) / len(watched)
        return Seen(resident, first_bytes, first_ms, alone, watched, messages, grown_alone, grown)


def _everything_looked_at(url: str) -> None:
    """Each kind of page once, with names too, so that all of it is loaded."""
    with httpx.Client(base_url=url, timeout=60, follow_redirects=True) as client:
        client.post("/enter", data={"code": ACCESS})
        client.post("/enter", data={"code": CODE, "as": "operator"})
        for address in ("/", "/here", "/incidents", "/healthz", "/?lang=fr", "/?lang=de"):
            client.get(address).raise_for_status()


def _first_views(url: str) -> tuple[int, list[float]]:
    """The page and all it names, as a browser asks for it that has nothing yet."""
    took, size = [], 0
    for _ in range(VIEWS):
        with httpx.Client(base_url=url, timeout=60) as client:
            begun = time.perf_counter()
            page = client.get("/")
            named = dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
            answers = [page, *(client.get(address) for address in named)]
            took.append(1000 * (time.perf_counter() - begun))
        size = sum(
            len(a.content) + sum(len(k) + len(v) + 4 for k, v in a.headers.raw) for a in answers
        )
        time.sleep(1.2)  # so that each is a look of its own
    return size, took


def _tapped(site: VirtualSite, cards: Iterator[Card], seconds: float) -> list[float]:
    """A tap every two seconds; how long each took to the amber lamp."""
    chance, delays = random.Random(2), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        came = site.tap(next(cards), 0.2)
        time.sleep(1.3 + chance.random())
        amber = site.lamps.lit_after("amber", came)
        delays.append(1000 * (amber - came) if amber is not None else float("inf"))
    return delays


class _Listener:
    """One browser that holds the stream open, and reads it."""

    def __init__(self, url: str, language: str) -> None:
        self.messages = 0
        self._client = httpx.Client(base_url=url, timeout=60)
        self._client.get(f"/?lang={language}")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with self._client.stream("GET", "/live?seen=") as stream:
            for line in stream.iter_lines():
                self.messages += line.startswith("data: ")
                if self._ends.is_set():
                    return

    def close(self) -> None:
        self._ends.set()
        self._thread.join(30)
        self._client.close()


@contextmanager
def _listening(url: str) -> Iterator[list[_Listener]]:
    languages = ("nl", "fr", "de", "en")
    listeners = [_Listener(url, languages[n % 4]) for n in range(LISTENERS)]
    try:
        yield listeners
    finally:
        for one in listeners:
            one.close()


if __name__ == "__main__":
    seen = measured()
    print(f"resident {seen.resident_mib:.1f} MiB, first view {seen.view_bytes / 1000:.1f} kB")
    for name, values in (
        ("view", seen.view_ms),
        ("alone", seen.alone_ms),
        ("watched", seen.watched_ms),
    ):
        shown = ", ".join(f"p{p} {percentile(values, p):.1f}" for p in (50, 95, 99))
        print(f"{name}: {len(values)}, {shown} ms")
    print(f"{seen.messages} messages")
    print(f"grown alone {seen.grown_alone_mib:.2f} MiB, listened to {seen.grown_mib:.2f} MiB")
