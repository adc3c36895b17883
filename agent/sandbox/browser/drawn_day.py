"""A day of a drawn world at the virtual site: its people, roster, taps and troubles, around the
agent as it is shipped and on its wires.

Time passes at once while nothing happens, in steps while something fails, so that the gate measures
between. Whoever looks on may act as the person at the gate; nobody else does. The site is the
virtual one: one wired uplink, and of the world's causes what these wires can do.
"""

from __future__ import annotations

import datetime as dt
import heapq
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from agent.config import load_config
from agent.core.obligations import Obligation, Outcome
from agent.core.signals import Signal
from agent.journal.days import read_day
from agent.sandbox.browser.lamp_reading import answer_to
from agent.sandbox.browser.place import QUEUE_S, ZONE, TrainingSite
from agent.sandbox.browser.wires import Part
from agent.sandbox.faults import Faults
from agent.sandbox.presence_ledger import Entry
from agent.sandbox.site import CODE
from agent.sandbox.world.drawing import drawn
from agent.sandbox.world.infrastructure import Infrastructure
from agent.sandbox.world.roster_office import Office
from agent.sandbox.world.telling import in_words
from agent.sandbox.world.values import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Cards,
    Crew,
    Cut,
    Edit,
    Happening,
    NewBadge,
    Phoned,
    Reader,
    Stop,
    Tap,
    Trouble,
    Typed,
    Weather,
    World,
    read,
)
from drivers.emulators.nfc_cards import Card, ntag213, phone

WEEKS, WORKERS = 4, 12
"""Of a world that is drawn for this: a queue that one can look at."""
LINES = {"ciaw": "checkinatwork", "supplier": "supplier"}
"""The world's names of channels, and the virtual site's; there is no Check In and Out here."""
LOOKS_S = 1.5
"""Of real time: until the gate has measured what it measures every minute."""
SETTLES_S = 20.0
"""Of real time after midnight, until each of the day's obligations has its outcome."""
AGAIN_MS = 6_000
"""Of world time: the same badge again so soon may be the same tap."""
REFERENCE = "47110"
HERE = (Cards, Cut, Stop, Crew, NewBadge, Edit, Reader, Phoned, Typed)
"""What can happen at these wires besides taps, troubles and services that are unwell. Of the rest
nothing is said."""


def day_of(name: str) -> DrawnDay:
    """The first troubled day of the world in that file, or drawn from that seed. Raises OSError,
    msgspec.MsgspecError, ValueError."""
    world = read(Path(name)) if Path(name).suffix == ".json" else drawn(int(name), WEEKS, WORKERS)
    tapped = {h.at_ms // DAY_MS for h in world.happenings if isinstance(h, Tap)}
    troubled = {h.at_ms // DAY_MS for h in world.happenings if isinstance(h, Trouble | Weather)}
    days = sorted(tapped & troubled) or sorted(tapped)
    if not days:
        raise ValueError(f"{name}: nobody taps in this world; choose another one")
    return DrawnDay(world, days[0])


class DrawnDay:
    """The `day`th day of `world`, from midnight to midnight."""

    def __init__(self, world: World, day: int) -> None:
        self.world = world
        self._date = world.starts.date() + dt.timedelta(days=day)
        self._begins_ms = world.ms(self._date)
        self._ends_ms = world.ms(self._date + dt.timedelta(days=1))
        self._truth = Infrastructure(world.site, random.Random(f"{world.seed}/infrastructure"))
        self._office = Office(world)
        for happening in world.happenings:
            if happening.at_ms < self._begins_ms and not isinstance(happening, Edit):
                self._moves(happening)
        self.people = tuple(self._office.people())
        self.lines = frozenset(LINES[line] for line in world.site.lines if line in LINES)
        self.wrong: list[str] = []
        self._midnight = dt.datetime.min
        self._since_ms: int | None = None  # since when something fails
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self._plugged = True
        self._tapped: dict[str, int] = {}
        self._stored: set[str] = set()

    def begins(self, now: dt.datetime) -> dt.datetime:
        """An hour before the first of it that happens, on the next such day of the week."""
        date = now.astimezone(ZONE).date() + dt.timedelta(days=1)
        while date.weekday() != self._date.weekday():
            date += dt.timedelta(days=1)
        self._midnight = dt.datetime.combine(date, dt.time(), ZONE).astimezone(dt.UTC)
        first = min(at for at, _ in self._happens())
        return self._at(max(self._begins_ms, first - HOUR_MS))

    def played(self, site: TrainingSite, say: Callable[[str], None]) -> int:
        """Lets it happen at `site`, whose time is that of `begins`; the exit code: 1 when something
        is wrong."""
        self._site, self._say = site, say
        say(f"a {self._date:%A} of the world of seed {self.world.seed}: {len(self.people)} workers")
        site.write_roster(self.people)
        for at_ms, act in self._happens():
            self._put(at_ms, act)
        while self._queue:
            at_ms, _, act = heapq.heappop(self._queue)
            self._pass_to(at_ms)
            act()
        self._pass_to(self._ends_ms + 5_000)
        self._over()
        for text in self.wrong:
            say(f"WRONG {text}")
        return 1 if self.wrong else 0

    def happenings(self) -> Iterator[Happening]:
        """All of the day; what began before it and still lasts begins with it."""
        for happening in self.world.happenings:
            lasts_ms = getattr(happening, "lasts_ms", 0)
            if happening.at_ms < self._ends_ms and happening.at_ms + lasts_ms >= self._begins_ms:
                yield happening

    # --- time ------------------------------------------------------------------------------------

    def _at(self, ms: int) -> dt.datetime:
        return self._midnight + dt.timedelta(milliseconds=ms - self._begins_ms)

    def _now_ms(self) -> int:
        ahead = self._site.time.now() - self._midnight
        return self._begins_ms + round(ahead / dt.timedelta(milliseconds=1))

    def _pass_to(self, at_ms: int) -> None:
        while self._since_ms is not None and self._now_ms() < at_ms:
            self._leap(min(at_ms, self._now_ms() + self._step_ms()))
            time.sleep(LOOKS_S)
        self._leap(at_ms)

    def _step_ms(self) -> int:
        """The longer it lasts the rarer one looks."""
        assert self._since_ms is not None
        lasts_ms = self._now_ms() - self._since_ms
        if lasts_ms < 10 * MINUTE_MS:
            return MINUTE_MS
        return 4 * MINUTE_MS if lasts_ms < HOUR_MS else 15 * MINUTE_MS

    def _leap(self, at_ms: int) -> None:
        """What takes longer on these wires than in the world is late, and the rest follows."""
        if at_ms > self._now_ms():
            self._site.time.pass_to(self._at(at_ms))

    # --- what happens ----------------------------------------------------------------------------

    def _happens(self) -> Iterator[tuple[int, Callable[[], None]]]:
        for happening in self.happenings():
            yield max(self._begins_ms, happening.at_ms), partial(self._happen, happening)

    def _later(self, happening: Trouble | Weather | Edit | Reader) -> None:
        """It ends, unless the day does before."""
        ends_ms = happening.at_ms + happening.lasts_ms
        if ends_ms < self._ends_ms:
            self._put(ends_ms, partial(self._ended, happening))

    def _put(self, at_ms: int, act: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at_ms, self._order, act))

    def _happen(self, happening: Happening) -> None:
        if isinstance(happening, Tap):
            self._tap(happening)
            return
        if self.can(happening):
            if self._since_ms is None:
                time.sleep(LOOKS_S)
            self._tell(in_words(self.world, happening))
            self._does(happening)

    def can(self, happening: Happening) -> bool:
        """Whether it shows at these wires."""
        match happening:
            case Trouble(kind=kind):
                alone = Infrastructure(self.world.site, random.Random(), {kind: 1})
                unwell = (behaves(alone, line) != _slow(behaves(alone, line)) for line in LINES)
                return bool(away(alone)) or any(unwell)
            case Weather(service=service):
                return service in LINES
        return isinstance(happening, HERE)

    def _does(self, happening: Happening) -> None:
        site = self._site
        match happening:
            case Cards():
                cards = ntag213("04000000000001"), ntag213("04000000000002")
                site.reader.enter(*cards)
                time.sleep(LOOKS_S)
                site.reader.clear()
            case Trouble(_, _, kind):
                self._truth.begins(kind)
                self._stands()
                self._later(happening)
            case Weather(_, _, service, how):
                self._truth.turns(service, how, begins=True)
                self._stands()
                self._later(happening)
            case Cut() | Stop():
                cut = isinstance(happening, Cut)
                site.stop_agent(signal.SIGKILL if cut else signal.SIGTERM)
                self._leap(self._now_ms() + happening.dark_ms)
                site.start_agent()
                site.await_reader()
            case Crew() | NewBadge() | Edit():
                self._moves(happening)
                site.put_roster(self._office.text())
                if isinstance(happening, Edit):
                    self._later(happening)
            case Reader():
                self._plugged = False
                site.reader.unplug()
                self._later(happening)
            case Phoned():
                opens = self._truth.opens_on_a_phone()
                site.type(f"{CODE}#{21 if opens else 20}#")
            case Typed(_, keys):
                site.type(f"{CODE}#{keys or f'{REFERENCE}#{REFERENCE}#'}")

    def _ended(self, happening: Trouble | Weather | Edit | Reader) -> None:
        match happening:
            case Trouble(_, _, kind):
                self._truth.ends(kind)
            case Weather(_, _, service, how):
                self._truth.turns(service, how, begins=False)
            case Edit():
                self._office.mends(happening)
                self._site.put_roster(self._office.text())
            case Reader():
                self._site.reader.replug()
                self._plugged = True
        self._stands()
        self._tell(f"{in_words(self.world, happening).partition(', for ')[0]}: over")

    def _moves(self, happening: Happening) -> None:
        match happening:
            case Crew():
                self._office.moves(happening)
            case NewBadge():
                self._office.replaces(happening)
            case Edit():
                self._office.spoils(happening)

    def _stands(self) -> None:
        """Puts what truly fails onto the wires."""
        truth = self._truth
        told = {line: behaves(truth, line) for line in LINES}
        fails = bool(truth.failing) or any(truth.weathers.values())
        self._since_ms = (self._since_ms or self._now_ms()) if fails else None
        unwell = {part for line, part in _PARTS.items() if told[line] != _slow(told[line])}
        self._site.stands(away(truth) | unwell, told["ciaw"], told["supplier"])

    # --- taps, and what came of them -------------------------------------------------------------

    def _tap(self, tap: Tap) -> None:
        site, words = self._site, in_words(self.world, tap)
        card: Card = phone() if len(tap.uid) == len("08123456") else ntag213(tap.uid)
        before_ms, self._tapped[tap.uid] = self._tapped.get(tap.uid, -AGAIN_MS), self._now_ms()
        came_s = site.present(card)
        time.sleep(QUEUE_S)  # until the next one; what comes back at once was never away
        answer = answer_to(site.lamps.changes, came_s)
        self._tell(f"{words}: {answer or 'no answer'}")
        if not answer and self._plugged and self._tapped[tap.uid] - before_ms > AGAIN_MS:
            self.wrong.append(f"{words}: no lamp answered")
        if answer is Signal.STORED:
            self._stored.add(tap.uid)

    def _over(self) -> None:
        """Midnight is over: each obligation has its outcome, and the authority says the same."""
        site, day = self._site, self._midnight.astimezone(ZONE).date()
        rules, journal = load_config(site.config).rules, site.folder / "data" / "journal.db"
        until_s = time.monotonic() + SETTLES_S
        past = read_day(journal, day, rules)
        while any(o.outcome is None for o in past.obligations) and time.monotonic() < until_s:
            time.sleep(0.5)
            past = read_day(journal, day, rules)
        accepted = [e for e in site.service.ledger.accepted if e.submitted.day == day]
        self.wrong += disagreements(past.obligations, accepted)
        missing = self._stored - {o.uid for o in past.obligations}
        lost = missing - {tap.uid for tap in past.loose}
        self.wrong += [f"badge …{uid[-4:]} was shown amber, and nothing is owed" for uid in lost]
        ended = Counter(str(o.outcome) for o in past.obligations)
        counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(ended.items()))
        self._tell(f"the day is over: {counts or 'nobody owes anything'}")

    def _tell(self, text: str) -> None:
        self._say(f"{self._site.time.now().astimezone(ZONE):%H:%M:%S} {text}")


_PARTS = {"ciaw": Part.SERVICE, "supplier": Part.SUPPLIER}


def behaves(truth: Infrastructure, line: str) -> Faults:
    """What the service of this line does at the virtual site while this fails in the world."""
    if truth.beyond and truth.names:
        spoilt = truth.has("proxy") or (line == "ciaw" and truth.has("rsz-certificate"))
        if spoilt or not truth.reached(line):
            return Faults(unreachable=True)
    return truth.faults(line)


def _slow(faults: Faults) -> Faults:
    """A service that is well, and takes as long."""
    return Faults(latency_s=faults.latency_s)


def disagreements(obligations: Iterable[Obligation], accepted: Iterable[Entry]) -> Iterator[str]:
    """Where the gate's journal of a day that is over and the authority's ledger do not agree, and
    who has no outcome."""
    held = Counter(
        (e.submitted.inss or e.submitted.limosa, e.submitted.declaration)
        for e in accepted
        if not e.duplicate and e.cancelled is None
    )
    for o in obligations:
        own = held[o.person.inss or o.person.limosa, o.person.declaration]
        if o.outcome is None:
            yield f"{o.reference}: the day is over, and it has no outcome"
        elif own > 1 or (o.outcome is Outcome.REGISTERED and own == 0):
            yield f"{o.reference}: {o.outcome}, and the authority holds {own}"


def away(truth: Infrastructure) -> frozenset[Part]:
    """What is away at the virtual site while this fails in the world: the nearest that does, for
    what lies behind it is not seen."""
    parts = set()
    if not truth.mains:
        parts.add(Part.MAINS)
    elif not truth.carrier:
        parts.add(Part.CABLE)
    elif not truth.gateway:
        parts.add(Part.ROUTER)
    elif not truth.hop:
        parts.add(Part.LINE)
    elif not truth.beyond:
        parts.add(Part.PROVIDER)
    if truth.has("names-dead"):
        parts.add(Part.NAMES)
    return frozenset(parts)
