"""The virtual site: everything around a gate, on emulated wires, and the real agent among it.

The agent runs in a process of its own, as on a Pi: its reader is a PN532 on a pty, its lamps
are pins on a socket, its service an HTTPS server on loopback. It is not told that it is so.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from agent.control import NobodyAnswers, ask
from agent.paper.operator_code import made
from agent.sandbox.authority import LOOPBACK, Authority
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, Person, roster_csv
from agent.sandbox.presence import PATH, PresenceService
from agent.sandbox.serving import HttpsServer
from agent.sandbox.world_time import WorldTime
from drivers.base import KeypadSettings
from drivers.emulators.escpos import EscposEmulator
from drivers.emulators.keypad import MatrixKeys
from drivers.emulators.nfc_cards import Card
from drivers.emulators.pin_board import PinBoard, PinChange
from drivers.emulators.pn532 import Pn532Emulator

PINS = {"amber": 17, "green": 27, "red": 22, "buzzer": 23}
HELD_S, LONGEST_HELD_S = 0.3, 5.0
"""A hand holds a badge to the reader so long, and on until it is answered, but not for ever."""
START_S = 60.0
"""Under two seconds by itself; a dozen of them at once on two cores take their time."""
STOP_S = 5.0

CONFIG = """\
[gate]
name = "virtual"
training = true
data_dir = "{folder}/data"
control_socket = "{folder}/control.sock"
roster = "{folder}/roster.csv"

[site]
name = "Virtual site"
address = "Stationsstraat 1, 9000 Gent"
declaration = "{declaration}"
company = "{company}"

[clock]
trust = "always"

[[readers]]
name = "entrance"
kind = "pn532"
path = "{folder}/reader"

[panel]
amber = {amber}
green = {green}
red = {red}
buzzer = {buzzer}

[[channels]]
name = "checkinatwork"
kind = "checkinatwork"
address = "{address}"
certificate = "{folder}/gate.crt"
key = "{folder}/gate.key"
ca_file = "{folder}/authority.crt"
environment = "Simulation"

[delivery]
burst_s = 3
first_retry_s = 1
longest_retry_s = 3
waiting_after_s = 2
"""
LOOPBACK_EVIDENCE = """
[evidence]
anchors = ["localhost 127.0.0.1 {port}"]
anchors_ca_file = "{folder}/authority.crt"
other_resolvers = []
empty_page = ""
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a site stands: the service's address, port and name, its configuration and what more
    that says, the command by which the agent is started, as into another network, how a printer is
    put where that agent finds it, and the world's time, where it is not the machine's."""

    host: str = "127.0.0.1"
    port: int = 0
    name: str = "127.0.0.1"
    config: str = CONFIG
    more: str = LOOPBACK_EVIDENCE
    launcher: tuple[str, ...] = ()
    printer: Callable[[], EscposEmulator] = EscposEmulator
    time: WorldTime | None = None


LOOPBACK_GROUND = Ground()
ROWS, COLUMNS = KeypadSettings().rows, KeypadSettings().columns
CODE = "4321"
PRESS_S, LONGEST_PRESS_S, BETWEEN_KEYS_S, AFTER_ENTRY_S = 0.2, 8.0, 0.12, 0.6
"""A finger holds a key until it beeps, so long at least and at most, and stays away from the next
so long; after an entry until its answer was heard."""
PAUSE_S, LONGEST_SOUND_S = 0.4, 3.0
"""A sound is over after so long without another beep; an alarm never is."""
WITH_PAPER = """
[keypad]
kind = "matrix"

[operator]
code = "{code}"

[printer]
kind = "network"
address = "{printer}"
"""


@dataclass(slots=True)
class Lamps:
    """What the panel showed: every change, and when a lamp was first lit after an instant."""

    changes: list[PinChange] = field(default_factory=list)
    listeners: list[Callable[[PinChange], None]] = field(default_factory=list)
    """Told of each change, in the board's thread."""

    def changed(self, change: PinChange) -> None:
        """Notes a change."""
        self.changes.append(change)
        for listener in self.listeners:
            listener(change)

    def lit_after(self, lamp: str, at_s: float) -> float | None:
        """When `lamp` was first switched on after `at_s` (monotonic); None: never."""
        pin = PINS[lamp]
        lit = (c.at_s for c in self.changes if c.pin == pin and c.level and c.at_s >= at_s)
        return next(lit, None)

    def changed_after(self, lamp: str, at_s: float) -> bool:
        """Whether `lamp` was switched, on or off, after `at_s` (monotonic)."""
        return any(c.pin == PINS[lamp] for c in self.changes if c.at_s >= at_s)

    def answered_after(self, at_s: float) -> bool:
        """Whether a tap was answered after `at_s` (monotonic): every answer begins with a beep,
        while the lamp still blinks for whoever tapped before."""
        return self.lit_after("buzzer", at_s) is not None


class VirtualSite:
    """One gate with its world, from `__enter__` to `__exit__`, in `folder`."""

    def __init__(
        self,
        folder: Path,
        people: Sequence[Person],
        *,
        paper: bool = False,
        ground: Ground = LOOPBACK_GROUND,
    ) -> None:
        """`paper`: with keypad and printer."""
        self.folder = folder
        self.printer = ground.printer() if paper else None
        self.people = tuple(people)
        self.lamps = Lamps()
        self._ground = ground
        self.authority = authority = Authority()
        now = _utc_now if ground.time is None else ground.time.now
        self.service = PresenceService(now, authority.certificate)
        context = authority.server_context(authority.server(ground.name, *LOOPBACK))
        self.server = HttpsServer(self.service, context, ground.host, ground.port)
        self._parts = ExitStack()
        self._leash = os.pipe()
        self._agent: subprocess.Popen[bytes] | None = None
        folder.joinpath("data").mkdir(mode=0o700, exist_ok=True)
        folder.joinpath("authority.crt").write_bytes(authority.pem)
        authority.sender("virtual gate").write(folder, "gate")
        self.write_roster(people)

    @property
    def config(self) -> Path:
        """The agent's one config file."""
        return self.folder / "werfpoort.toml"

    @property
    def log(self) -> Path:
        """What the agent said."""
        return self.folder / "agent.log"

    def write_roster(self, people: Iterable[Person]) -> None:
        """Replaces the roster file, whole, as a technician's copy does."""
        self.put_roster(roster_csv(people))

    def put_roster(self, text: str) -> None:
        """Puts a file with this text in the roster's place."""
        fresh = self.folder / "roster.csv.copy"
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o600)
        fresh.replace(self.folder / "roster.csv")

    def __enter__(self) -> Self:
        for end in self._leash:
            self._parts.callback(os.close, end)
        self._parts.enter_context(self.server)
        port = urlsplit(self.server.address).port
        self.config.write_text(
            (self._ground.config + self._ground.more + (WITH_PAPER if self.printer else "")).format(
                folder=self.folder,
                code=made(CODE),
                printer=self.printer.address if self.printer else "",
                address=f"https://{self._ground.name}:{port}{PATH}",
                port=port,
                declaration=DECLARATION,
                company=MAIN_CONTRACTOR,
                **PINS,
            )
        )
        self.board = PinBoard(self.folder / "pins", self.lamps.changed)
        self._parts.callback(self.board.close)
        self.keys = MatrixKeys(self.board, ROWS, COLUMNS)
        if self.printer is not None:
            self._parts.enter_context(self.printer)
        self.reader = self._parts.enter_context(Pn532Emulator(self.folder / "reader"))
        self._parts.callback(self.stop_agent)
        try:
            self.start_agent()
        except (
            BaseException
        ):  # an agent left behind would read whatever comes in its reader's place
            self._parts.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._parts.close()

    # --- the agent -----------------------------------------------------------------------------

    def start_agent(self) -> float:
        """Starts the agent as a gate does; how many seconds it took until it could read."""
        self.launch()
        return self.await_reader()

    def await_reader(self, longest_s: float = START_S) -> float:
        """Waits until badges are seen; how long that took. Raises RuntimeError, TimeoutError."""
        begun = time.monotonic()
        while not self.reads():
            if self.ended():
                raise RuntimeError(f"the agent ended at once:\n{self.log.read_text()}")
            if time.monotonic() - begun > longest_s:
                raise TimeoutError(f"the agent is not ready:\n{self.log.read_text()}")
            time.sleep(0.02)
        return time.monotonic() - begun

    def launch(self, *program: str) -> None:
        """Starts the agent, or in its place a `program` of Python's; waits for nothing."""
        arguments = program or self._run()
        wires = {
            "GPIOZERO_PIN_FACTORY": "wire",
            "WERFPOORT_PIN_WIRE": str(self.folder / "pins"),
            "WERFPOORT_PIN_LEASH": "0",
        }
        with self.log.open("ab") as log:
            self._agent = subprocess.Popen(
                [*self._ground.launcher, sys.executable, *arguments],
                env={**os.environ, **wires},
                stdin=self._leash[0],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _run(self) -> tuple[str, ...]:
        time_of_world = self._ground.time
        if time_of_world is None:
            return ("-m", "agent", "run", "--config", str(self.config))
        return ("-m", "agent.sandbox.timed_agent", str(self.config), str(time_of_world.path))

    def reads(self) -> bool:
        """True once its reader works and its workers are known."""
        try:
            answer = self.ask(ask="status")
        except NobodyAnswers:
            return False
        if not answer["done"]:  # its journal cannot be opened yet
            return False
        status = answer["status"]
        return status["devices"].get("entrance", False) and bool(status["roster"]["workers"])

    @property
    def exit_code(self) -> int | None:
        """How the agent ended; None while it runs."""
        return None if self._agent is None else self._agent.poll()

    def ended(self) -> bool:
        """True while no agent runs."""
        return self._agent is None or self._agent.poll() is not None

    @property
    def pid(self) -> int:
        """The agent's process."""
        assert self._agent is not None
        return self._agent.pid

    def stop_agent(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Stops the agent; how many seconds it took."""
        if self._agent is None:
            return 0.0
        begun = time.monotonic()
        self._agent.send_signal(how)
        self._agent.wait(STOP_S)
        self._agent = None
        return time.monotonic() - begun

    def ask(self, **question: Any) -> dict[str, Any]:
        """The agent's answer at its control socket."""
        return ask(self.folder / "control.sock", question, 10.0)

    def status(self) -> dict[str, Any]:
        """What `werfpoort status --json` shows."""
        stand: dict[str, Any] = self.ask(ask="status")["status"]
        return stand

    # --- the world -----------------------------------------------------------------------------

    def tap(self, card: Card, held_s: float = HELD_S) -> float:
        """Holds a card to the reader; the monotonic time at which it came into the field."""
        came = self.reader.enter(card)
        time.sleep(held_s)
        while time.monotonic() - came < LONGEST_HELD_S and not self.lamps.answered_after(came):
            time.sleep(0.01)
        self.reader.leave(card)
        return came

    def press(self, keys: str) -> None:
        """Types these keys, one after the other, once the sound of what was typed before is over,
        which would be taken for the first key's."""
        until = time.monotonic() + LONGEST_SOUND_S
        while (now := time.monotonic()) < until and self.lamps.changed_after(
            "buzzer", now - PAUSE_S
        ):
            time.sleep(0.01)
        for key in keys:
            pressed = time.monotonic()
            self.keys.press(key)
            time.sleep(PRESS_S)  # beside an alarm another beep may be heard at once
            while self.lamps.lit_after("buzzer", pressed) is None:
                if time.monotonic() - pressed > LONGEST_PRESS_S:
                    break
                time.sleep(0.01)
            self.keys.release(key)
            time.sleep(AFTER_ENTRY_S if key == "#" else BETWEEN_KEYS_S)

    def set_faults(self, **faults: Any) -> None:
        """What is wrong with the service and the way to it, from now on."""
        self.service.faults = replace(Faults(), **faults)

    def registered(self, person: Person) -> int:
        """How many accepted registrations the service holds of this worker."""
        return sum(
            entry.submitted.inss == person.worker.inss for entry in self.service.ledger.accepted
        )


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
