"""A real gate with its page, and Debian's Chromium to look at it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.paper.operator_code import made
from agent.sandbox.people import crew
from agent.sandbox.site import CODE, LOOPBACK_EVIDENCE, Ground, VirtualSite
from drivers.emulators.nfc_cards import ntag213

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 860}
ACCESS = "135790"
PATIENCE_MS = 20_000
PEOPLE = crew(9, random.Random(8))

MORE = """
[page]
listen = "127.0.0.1:{{port}}"
code = "{code}"

[outage]
hysteresis_s = 10
call_s = 10

[[employers]]
number = "0448181966"
name = "Bouwwerken De Linde"

[[employers]]
number = "0200065765"
name = "Toitures <Meunier> & fils"
"""


@dataclass
class Gate:
    """A virtual site with its page at `url`."""

    site: VirtualSite
    url: str
    access: str = ACCESS
    operator: str = CODE
    cards: list[Any] = field(default_factory=lambda: [ntag213(p.uid) for p in PEOPLE])

    @property
    def names(self) -> list[str]:
        """Surnames that no text of the page holds."""
        return [person.worker.surname for person in PEOPLE]

    @property
    def late(self) -> str:
        """Somebody who comes later, by name: the fourth."""
        return PEOPLE[3].name

    def tap(self, *who: int) -> None:
        """These hold their badges to the reader."""
        for one in who:
            self.hold(self.cards[one], "amber")

    def wait_for_outage(self) -> None:
        """Until the gate knows of it, and asks for somebody."""
        until = time.monotonic() + 3 * PATIENCE_MS / 1000
        while self.site.ask(ask="outage-now")["now"] is None:
            assert time.monotonic() < until
            time.sleep(0.1)

    def hold(self, card: Any, lamp: str) -> None:
        """Holds a badge there until the lamp answers, as people do at a gate that is busy."""
        came = self.site.reader.enter(card)
        while self.site.lamps.lit_after(lamp, came) is None:
            assert time.monotonic() < came + PATIENCE_MS / 1000
            time.sleep(0.01)
        self.site.reader.leave(card)

    @property
    def numbers(self) -> list[str]:
        """Every national number of the site, as it is stored and as it is printed."""
        plain = [person.worker.inss for person in PEOPLE]
        return plain + [f"{n[:2]}.{n[2:4]}.{n[4:6]}-{n[6:9]}.{n[9:]}" for n in plain]


@contextmanager
def gate_in(folder: Path) -> Iterator[Gate]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    more = LOOPBACK_EVIDENCE + MORE.format(code=made(ACCESS)).replace("{port}", str(port))
    with VirtualSite(folder, PEOPLE, paper=True, ground=Ground(more=more)) as site:
        yield Gate(site, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate on a good day: two of nine are here."""
    with gate_in(tmp_path_factory.mktemp("gate")) as opened:
        opened.tap(0, 1)
        yield opened


@pytest.fixture(scope="session")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate whose service is not reached; three of nine are here, and an unknown badge."""
    with gate_in(tmp_path_factory.mktemp("trouble")) as opened:
        opened.site.set_faults(unreachable=True)
        opened.tap(0, 1, 2)
        opened.hold(ntag213("04AABBCCDDEE99"), "red")
        yield opened


NO_COMMANDS = "/nonexistent"
"""A PATH on which no namespace can be made: then all of the site stands on loopback."""


class World:
    """`make run` without a terminal: serves its page until it is told to stop."""

    def __init__(self, **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agent", "sandbox", "--page", "--port", "0"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def address(self) -> str:
        """Told before anything is ready: a browser that comes then waits."""
        if not hasattr(self, "_address"):
            assert self._process.stdout is not None
            found = re.search(r"http://\S+", self._process.stdout.readline())
            assert found
            self._address = found[0]
        return self._address

    def view(self) -> Any:
        with urllib.request.urlopen(f"{self.address}view") as answer:
            return json.load(answer)

    def do(self, **deed: object) -> None:
        """As the page has it done."""
        origin = {"Origin": self.address.rstrip("/")}
        body = json.dumps(deed).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.address}do", body, origin)).close()

    def until(self, holds: Callable[[Any], object], what: str, longest_s: float) -> Any:
        """What is to be seen once this holds."""
        end = time.monotonic() + longest_s
        while not holds(seen := self.view()):
            assert time.monotonic() < end, f"never: {what}\n{seen}"
            time.sleep(0.2)
        return seen

    def tell_to_end(self) -> None:
        self.view()  # who is told while it still starts ends without putting anything away
        self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        try:
            assert self._process.wait(30) == 0
        finally:
            self._process.kill()
            assert self._process.stdout is not None
            self._process.stdout.close()


@pytest.fixture(scope="module")
def opened_world() -> Iterator[Callable[..., World]]:
    """Opens virtual sites; they end together."""
    worlds: list[World] = []

    def open_one(*, loopback: bool = False) -> World:
        worlds.append(World(PATH=NO_COMMANDS) if loopback else World())
        return worlds[-1]

    yield open_one
    for world in worlds:
        world.tell_to_end()
    for world in worlds:
        world.end()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Heard:
    """Every address that browsers asked for, and whatever went wrong in them."""

    addresses: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def opened(chromium: Any, heard: Heard) -> Iterator[Any]:
    """Opens a page in a browser of its own, as a phone in Dutch unless said otherwise."""
    contexts = []

    def open_page(address: str, *, phone: bool = True, **more: Any) -> Any:
        size = PHONE if phone else DESKTOP
        given = {"viewport": size, "is_mobile": phone, "has_touch": phone, "locale": "nl-BE"}
        context = chromium.new_context(**{**given, **more})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: heard.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: heard.errors.append(str(error)))
        page.on("request", lambda request: heard.addresses.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
