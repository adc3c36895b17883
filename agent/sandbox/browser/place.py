"""The virtual site that somebody walks about in: the whole world, and what one can do in it."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import signal
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import pyrage

from agent.control import NobodyAnswers
from agent.export.carrying import CarryError, Folder, carry
from agent.paper.operator_code import made
from agent.sandbox.browser.gate_config import ACCESS, LINES, MAINS_PIN, MORE, TOKEN, only
from agent.sandbox.browser.lamp_reading import ANSWERS, answer_to
from agent.sandbox.browser.wires import Part, Wires
from agent.sandbox.faults import Faults
from agent.sandbox.people import Person
from agent.sandbox.site import HELD_S, VirtualSite
from agent.sandbox.supplier import BASE_PATH, SupplierService
from agent.sandbox.world_time import WorldTime
from drivers.emulators.nfc_cards import Card, ntag213, phone

ZONE = ZoneInfo("Europe/Brussels")
MORNING = dt.time(7, 5)
"""The contact centre is open by then, and the last ones still queue."""
EVENING = dt.time(23, 50)
LONGEST_ANSWER_S = 2.0
"""A code takes as long to be looked at as guessing it must."""
AGAIN = dt.timedelta(seconds=3.3)
"""Nobody holds the same badge again sooner: within 3 s the gate takes it for the same tap."""
QUEUE_S = 1.0
"""Until the next one has stepped up to the reader."""


def next_morning(now: dt.datetime) -> dt.datetime:
    """The next working day's morning after `now` (aware), in UTC."""
    day = now.astimezone(ZONE).date()
    while True:
        morning = dt.datetime.combine(day, MORNING, ZONE)
        if morning > now and day.weekday() < 5:
            return morning.astimezone(dt.UTC)
        day += dt.timedelta(days=1)


@dataclass(slots=True)
class Tapped:
    """What the world saw of a card that was held to the reader."""

    times: int = 0
    last: dt.datetime | None = None
    came_s: float = 0.0
    """When the card came into the field the last time (monotonic)."""
    answer: str = ""
    """The lamp that was lit first after that; empty: none yet."""


@dataclass(slots=True)
class Doings:
    """What was done so far, for whoever follows a story."""

    pulled: set[Part] = field(default_factory=set)
    spoilt: bool = False
    """Something was pulled, and the gate's journal may know it."""
    taps: dict[str, Tapped] = field(default_factory=dict)
    sticks: str = ""
    """What the last stick that was put in got."""
    said: str = ""
    """The office's last answer."""


class TrainingSite(VirtualSite):
    """The site with its world; use as a context manager. Deeds may come from any thread."""

    def __init__(
        self,
        folder: Path,
        people: Sequence[Person],
        wires: Wires,
        world_time: WorldTime,
        page_port: int,
        lines: Collection[str] = LINES,
    ) -> None:
        """`page_port`: where the agent serves its own page, on the gate's loopback. `lines`: the
        channels that it has."""
        super().__init__(folder, people, paper=True, ground=wires.ground)
        self.time = world_time
        self.wires = wires
        self.doings = Doings()
        self.unbadged = {len(people) - 1}
        """Places of those whose badge the roster does not know: it is the unknown one."""
        self._hand = threading.Lock()
        self._keypad_lock = threading.Lock()
        self.write_roster(
            replace(person, uid="") if place in self.unbadged else person
            for place, person in enumerate(people)
        )
        token = folder / "supplier.token"
        token.touch(0o600)
        token.write_text(TOKEN)
        self.supplier = SupplierService(
            world_time.now, {TOKEN: "virtual gate"}, ledger=self.service.ledger
        )
        self._supplier_server = wires.supplier(self.supplier, self.authority)
        recipient = str(pyrage.x25519.Identity.generate().to_public())
        host = self._supplier_server.address if wires.missing else "https://supplier.test"
        more = MORE.replace("SUPPLIER", host + BASE_PATH).replace("RECIPIENT", recipient)
        more = more.replace("PAGE", str(page_port)).replace("ACCESS", made(ACCESS))
        config = only(self._ground.config, lines)
        self._ground = replace(
            self._ground, config=config, more=self._ground.more + only(more, lines)
        )

    def __enter__(self) -> Self:
        self._parts.enter_context(self._supplier_server)
        self.wires.serve(self.authority)
        self._parts.callback(self.wires.close)
        return super().__enter__()

    def start_agent(self) -> float:
        """Starts it, with a fed mains sensor, and does not wait: the page shows how it stands."""
        self.board.drive(MAINS_PIN, False)
        self.launch()
        return 0.0

    # --- deeds ----------------------------------------------------------------------------------

    def hold(self, who: str) -> None:
        """Holds a card to the reader: a worker's (`0`, `1`, …) or a `phone`."""
        card = self._card(who)
        before = self.doings.taps.get(who)
        with self._hand:
            if before is not None and before.last is not None:
                again = before.last + AGAIN
                time.sleep(max(0.0, (again - self.time.now()).total_seconds()))
            self.tap(card)

    def present(self, card: Card) -> float:
        """Holds this card to the reader, after whoever stands there; when it came (monotonic)."""
        with self._hand:
            return self.tap(card)

    def tap(self, card: Card, held_s: float = HELD_S) -> float:
        """Holds it to the reader, and notes whose it was; also for whoever sits at the terminal."""
        owners = {person.uid: str(place) for place, person in enumerate(self.people)}
        who = owners.get(card.uid.hex().upper(), "unknown") if card.uid else "phone"
        tapped = self.doings.taps.setdefault(who, Tapped())
        tapped.times += 1
        tapped.last, tapped.answer, tapped.came_s = self.time.now(), "", time.monotonic()
        return super().tap(card, held_s)

    def answered(self, tapped: Tapped) -> str:
        """Which lamp answered a tap: amber, green or red; empty while none has."""
        if not tapped.answer:
            signal = answer_to(self.lamps.changes, tapped.came_s)
            tapped.answer = ANSWERS[signal] if signal is not None else ""
        return tapped.answer

    def hold_next(self, count: int = 1) -> None:
        """Lets the next ones who have not tapped yet hold their badges, one after the other."""
        for place in range(len(self.people)):
            if count and str(place) not in self.doings.taps and place not in self.unbadged:
                count -= 1
                self.hold(str(place))
                time.sleep(QUEUE_S)

    def _card(self, who: str) -> Card:
        if who == "phone":
            return phone()
        if not who.isdecimal() or int(who) >= len(self.people):
            raise ValueError(f"nobody here is {who}")
        return ntag213(self.people[int(who)].uid)

    def type(self, keys: str) -> None:
        """Presses these keys in turn, as a finger does: after an entry it waits for the answer."""
        for key in keys:
            if key not in "0123456789*#":
                raise ValueError(f"the keypad has no key {key}")
        with self._keypad_lock:
            for entry in re.findall(r"[^#]*#|[^#]+", keys):
                said = self.log.stat().st_size
                self.press(entry)
                if entry != keys:
                    self._await_answer(said)

    def _await_answer(self, said: int) -> None:
        """Waits until the agent says what became of an entry: beside an alarm its beep is not
        heard. The first of two entries that must be alike is not answered."""
        until = time.monotonic() + LONGEST_ANSWER_S
        while b"keypad" not in self.log.read_bytes()[said:] and time.monotonic() < until:
            time.sleep(0.05)

    def pull(self, part: Part, out: bool) -> None:
        """Takes something away, or puts it back."""
        if part in self.wires.missing:
            raise ValueError(self.wires.missing[part])
        with self._hand:
            (self.doings.pulled.add if out else self.doings.pulled.discard)(part)
            self.doings.spoilt |= out
            pulled = frozenset(self.doings.pulled)
            service = Faults(status=503) if Part.SERVICE in pulled else Faults()
            away = Part.SUPPLIER in pulled or Part.SERVICE in pulled
            self._stands(pulled, service, Faults(status=503) if away else Faults())

    def stands(self, pulled: Collection[Part], service: Faults, supplier: Faults) -> None:
        """From now on exactly these parts are away, and the services behave so. On loopback what
        lies between is away as a whole."""
        with self._hand:
            self.doings.pulled = set(pulled)
            self.doings.spoilt |= bool(pulled)
            self._stands(frozenset(pulled), service, supplier)

    def _stands(self, pulled: frozenset[Part], service: Faults, supplier: Faults) -> None:
        self.wires.pulled(pulled)
        if self.wires.missing and pulled - {Part.SERVICE, Part.SUPPLIER}:
            service, supplier = Faults(unreachable=True), Faults(unreachable=True)
        self.service.faults, self.supplier.faults = service, supplier
        if Part.MAINS in pulled:
            self.board.release(MAINS_PIN)
        else:
            self.board.drive(MAINS_PIN, False)

    def set_faults(self, **faults: Any) -> None:
        """What whoever sits at the terminal pulls: the network, or the service."""
        self.pull(Part.PROVIDER, bool(faults.get("unreachable")))
        self.pull(Part.SERVICE, faults.get("status") is not None)

    def pass_to(self, what: str) -> None:
        """Lets time pass at once: `evening` is 23:50, `midnight` just after it, `morning` the next
        working day's, `hour` one hour."""
        now = self.time.now()
        today = now.astimezone(ZONE).date()
        match what:
            case "evening":
                goal = dt.datetime.combine(today, EVENING, ZONE)
            case "midnight":
                tomorrow = today + dt.timedelta(days=1)
                goal = dt.datetime.combine(tomorrow, dt.time(0, 0, 5), ZONE)
            case "morning":
                goal = next_morning(now)
            case "hour":
                goal = now + dt.timedelta(hours=1)
            case _:
                raise ValueError(f"nothing is known of a time called {what}")
        self.time.pass_to(goal.astimezone(dt.UTC))
        if self.time.now().astimezone(ZONE).date() > today:
            self.doings.taps.clear()

    def begin(self, *, without_past: bool) -> None:
        """Mends everything; where somebody has tapped today, the next working day begins. With
        another gate where the one that stands here knows of an outage and must not.
        """
        self.mend()
        if self.doings.taps:
            self.pass_to("morning")
        if without_past and self.doings.spoilt:
            with self._hand:
                self.stop_agent()
                shutil.rmtree(self.folder / "data")
                self.start_agent()
            self.doings.spoilt = False

    def mend(self) -> None:
        """Puts everything back."""
        for part in tuple(self.doings.pulled):
            self.pull(part, False)

    def link(self) -> None:
        """The office links today's unknown badge to whom it belongs."""
        for place in sorted(self.unbadged):
            worker = self.people[place].name
            answer = self.ask(ask="badge-assign", uid="#1", worker=worker)
            self.doings.said = str(answer["text"])
            if answer["done"]:
                self.unbadged.discard(place)

    def put_stick_in(self) -> None:
        """A stick is put in: a folder stands in for what the kernel would mount."""
        stick = self.folder / "stick"
        stick.mkdir(exist_ok=True)
        try:
            carried = carry(lambda q: self.ask(**q), "virtual", Folder(stick), stick=True)
            self.doings.sticks = carried.text
        except (CarryError, NobodyAnswers) as error:
            self.doings.sticks = str(error)

    def cut_gate(self) -> None:
        """The gate's own power goes, without a word (SIGKILL), and comes back at once."""
        with self._hand:
            self.stop_agent(signal.SIGKILL)
            time.sleep(0.5)
            self.start_agent()
