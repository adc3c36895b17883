"""Opens the virtual site to visitors: the page on loopback, and whoever sits at the terminal.

The page's socket is opened first, where the visitor's browser is. Then the process enters network
namespaces of its own, where the machine allows that, and puts the world up in there: an accepted
connection knows no namespace.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from agent.sandbox.browser.gate_config import LINES
from agent.sandbox.browser.place import TrainingSite, next_morning
from agent.sandbox.browser.relay import Relay
from agent.sandbox.browser.server import PageServer, SitePage
from agent.sandbox.browser.wires import InternetWires, LoopbackWires, possible
from agent.sandbox.people import crew
from agent.sandbox.small_internet import ENTERING
from agent.sandbox.world_time import WorldTime

if TYPE_CHECKING:
    from agent.sandbox.browser.drawn_day import DrawnDay

PORT = 8642
"""Any other where it is taken."""
CREW, SEED = 9, 2027
LONGEST_START_S = 300.0
"""A slow machine; whoever looks at the page sees that it starts."""


def visit(port: int = PORT, drawn: str = "") -> int:
    """Serves the site until the visitor has had enough; the exit code. Does not come back where a
    small internet is put up: the process goes on as `main`. `drawn`: a seed or a world's file, a
    day of which happens there; without a terminal that is all.
    """
    listening, gates = _listening(port), socket.create_server(("127.0.0.1", 0))
    print(f"the virtual site: http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    _show(listening.getsockname()[1])
    why = possible()
    if why:
        return _open(listening, gates, why, drawn)
    sockets = (listening.fileno(), gates.fileno())
    for descriptor in sockets:
        os.set_inheritable(descriptor, True)
    inside = [sys.executable, "-m", "agent.sandbox.browser.visit", *map(str, sockets), drawn]
    os.execvp(ENTERING[0], [*ENTERING, *inside])


def main(*given: str) -> None:
    """The same, inside namespaces of its own; given: the descriptors of the sockets of the two
    pages, and what is `drawn`."""
    *descriptors, drawn = given
    listening, gates = (socket.socket(fileno=int(descriptor)) for descriptor in descriptors)
    sys.exit(_open(listening, gates, "", drawn))


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _show(port: int) -> None:
    """Opens a browser, where there is a screen and somebody at the terminal; never waits for it."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stdin.isatty():
        order = [sys.executable, "-m", "webbrowser", f"http://127.0.0.1:{port}/"]
        quiet = subprocess.DEVNULL
        subprocess.Popen(order, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def _open(listening: socket.socket, gates: socket.socket, why_not: str, drawn: str) -> int:
    """`gates`: where visitors find the agent's own page; the agent itself where no namespace is."""
    gates_port = gates.getsockname()[1]
    if why_not:
        gates.close()
    with tempfile.TemporaryDirectory(prefix="werfpoort-") as name:
        folder = Path(name)
        time = WorldTime(folder / "time")
        day = _day(drawn) if drawn else None
        time.pass_to(day.begins(time.now()) if day else next_morning(time.now()))
        wires = LoopbackWires(time, why_not) if why_not else InternetWires(folder, time)
        if why_not:
            print(f"cable, router and names cannot be pulled here: {why_not}")
        people = day.people if day else crew(CREW, random.Random(SEED))
        somebody = sys.stdin.isatty() and sys.stdout.isatty()
        signal.signal(signal.SIGTERM, _end)
        if not somebody:
            signal.signal(signal.SIGINT, _end)
        with (
            contextlib.closing(time),
            contextlib.nullcontext() if why_not else Relay(gates),
            TrainingSite(
                folder, people, wires, time, gates_port, day.lines if day else LINES
            ) as site,
            PageServer(SitePage(site, f"http://127.0.0.1:{gates_port}/"), listening),
        ):
            site.await_reader(LONGEST_START_S)
            if day is not None:
                code = day.played(site, partial(print, flush=True))
                if not somebody:
                    return code
            if somebody:
                from agent.sandbox.terminal import Terminal

                return Terminal(site).run()
            print("the gate is open; SIGINT or SIGTERM closes it", flush=True)
            while True:
                signal.pause()


def _day(drawn: str) -> DrawnDay:
    from agent.sandbox.browser.drawn_day import day_of  # most visitors want no simulation

    return day_of(drawn)


def _end(number: int, frame: FrameType | None) -> None:
    """Takes everything down, once, whatever was being done."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
