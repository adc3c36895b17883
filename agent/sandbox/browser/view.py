"""What is to be seen of the virtual site at an instant, as one value: the page draws it."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.config import load_config
from agent.control import NobodyAnswers
from agent.core.concerns import standing
from agent.journal.days import read_day
from agent.journal.fault import JournalError
from agent.locale import texts
from agent.sandbox.browser.lamp_reading import LAMP_OF_PIN, LampReader
from agent.sandbox.browser.place import ZONE, TrainingSite
from agent.sandbox.people import EMPLOYERS
from drivers.emulators.pin_board import PinChange

LOG_LINES, LOG_BYTES = 40, 16_384
TITLE_LETTERS = 24
TITLES = tuple(
    texts("en")[key]
    for key in (
        *("list.title", "slip.instruction", "slip.evidence", "slip.completion"),
        *("slip.after", "slip.restart", "slip.ended", "slip.keypad"),
    )
)


@dataclass(frozen=True, slots=True)
class Someone:
    """A worker as the world knows one. `answer`: the lamp that answered the last tap. `receipt`:
    the authority's number for today, 0 without."""

    who: str
    name: str
    firm: str
    badge: bool
    taps: int
    last: str
    answer: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The whole site. `signal` stands at the panel; `heard` counts those that passed."""

    time: str
    date: str
    day: str
    up: bool
    pulled: tuple[str, ...]
    missing: Mapping[str, str]
    people: tuple[Someone, ...]
    others: Mapping[str, int]
    signal: str
    standing: str
    heard: Mapping[str, int]
    outcomes: Mapping[str, int]
    waiting: int
    key: str
    cause: str
    told: str
    lists: tuple[Mapping[str, Any], ...]
    papers: tuple[str, ...]
    printed_dots: int
    unknown_badges: int
    yesterday: Mapping[str, int]
    stick: str
    said: str
    log: tuple[str, ...] = field(repr=False, default=())

    @property
    def registered(self) -> frozenset[str]:
        """Who has a receipt today."""
        return frozenset(someone.who for someone in self.people if someone.receipt)

    @property
    def taps(self) -> int:
        """How often a card was held to the reader."""
        return sum(someone.taps for someone in self.people) + sum(self.others.values())


class Eyes:
    """Looks at a site; safe from any thread."""

    def __init__(self, site: TrainingSite) -> None:
        self._site = site
        self._reader = LampReader()
        self._heard: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._past: tuple[str, Mapping[str, int]] = ("", {})

    @property
    def lit(self) -> dict[str, bool]:
        """Which of lamps and buzzer are on."""
        with self._lock:
            return self._reader.lit

    def see(self, change: PinChange) -> str:
        """Takes a change of a pin; the signal that began with it, as far as one can tell by now."""
        lamp = LAMP_OF_PIN.get(change.pin)
        if lamp is None:
            return ""
        with self._lock:
            before = (self._reader.signal, self._reader.begun_s)
            found = self._reader.see(change.at_s, lamp, change.level)
            if found is not None and (found, self._reader.begun_s) != before:
                self._heard[found.value] += 1
                return found.value
        return ""

    def look(self) -> Seen:
        """What is to be seen now."""
        site, now = self._site, self._site.time.now().astimezone(ZONE)
        try:
            stand, told = site.status(), site.ask(ask="outage-now", language="en")
        except (NobodyAnswers, OSError):
            stand, told = {}, {}
        step = told.get("now") or {}
        with self._lock:
            signal, heard = self._reader.signal, dict(self._heard)
        pieces = site.printer.pieces if site.printer else []
        return Seen(
            time=f"{now:%H:%M:%S}",
            date=f"{now:%A %d %B %Y}",
            day=f"{now:%Y-%m-%d}",
            up=bool(stand) and bool(stand["devices"].get("entrance")),
            pulled=tuple(sorted(site.doings.pulled)),
            missing={str(part): why for part, why in site.wires.missing.items()},
            people=tuple(self._people(now.date())),
            others={who: t.times for who, t in site.doings.taps.items() if not who.isdecimal()},
            signal=signal.value if signal is not None else "",
            standing=stand.get("signal", ""),
            heard=heard,
            outcomes=stand.get("obligations", {}),
            waiting=sum(stand.get("queue", {}).values()),
            key=step.get("key", ""),
            cause=step.get("cause", ""),
            told=str(told.get("text", "")) if step else "",
            lists=tuple(stand.get("lists", ())),
            papers=tuple(map(self._title, pieces)),
            printed_dots=pieces[-1][1] if pieces else 0,
            unknown_badges=len(stand.get("unknown_badges", ())),
            yesterday=self._day_before(now.date()),
            stick=site.doings.sticks,
            said=site.doings.said,
            log=tuple(_tail(site)),
        )

    def _title(self, piece: tuple[int, int]) -> str:
        """The first words on a piece of paper below its banner, which is in capitals."""
        printer = self._site.printer
        lines = printer.text_between(*piece).splitlines() if printer else []
        said = " ".join(line.strip() for line in lines if line != line.upper())
        return next((title for title in TITLES if said.startswith(title)), said[:TITLE_LETTERS])

    def _people(self, today: dt.date) -> Iterator[Someone]:
        """The crew, with what the authority and the world know of each; no number of theirs."""
        receipts = {
            entry.submitted.inss or entry.submitted.limosa: entry.number
            for entry in self._site.service.ledger.accepted
            if entry.submitted.day == today and entry.cancelled is None
        }
        for place, person in enumerate(self._site.people):
            tapped = self._site.doings.taps.get(str(place))
            yield Someone(
                who=str(place),
                name=person.name,
                firm=EMPLOYERS.get(person.worker.employer, person.worker.employer),
                badge=place not in self._site.unbadged,
                taps=tapped.times if tapped else 0,
                last=f"{tapped.last.astimezone(ZONE):%H:%M:%S}" if tapped and tapped.last else "",
                answer=self._site.answered(tapped) if tapped else "",
                receipt=receipts.get(person.worker.inss or person.worker.limosa, 0),
            )

    def _day_before(self, today: dt.date) -> Mapping[str, int]:
        """What the day before came to, as the journal has it; read once a day, when it is over."""
        yesterday = today - dt.timedelta(days=1)
        if self._past[0] != yesterday.isoformat():
            try:
                rules = load_config(self._site.config).rules
                past = read_day(self._site.folder / "data" / "journal.db", yesterday, rules)
            except (JournalError, OSError, sqlite3.Error):  # none yet, as the agent starts
                return {}
            counts = dict(Counter(standing(obligation) for obligation in past.obligations))
            if any(obligation.outcome is None for obligation in past.obligations):
                return counts
            self._past = (yesterday.isoformat(), counts)
        return self._past[1]


def _tail(site: TrainingSite) -> list[str]:
    """The last lines that the agent logged."""
    with site.log.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - LOG_BYTES))
        lines = log.read().decode("utf-8", "replace").splitlines()
    return lines[-LOG_LINES:]
