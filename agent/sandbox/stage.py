"""Plays the virtual site: by itself as a scenario, or for whoever sits at the terminal."""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from agent.sandbox.morning import (
    CREW,
    END_S,
    MORNING,
    UNBADGED,
    Assign,
    End,
    Happening,
    Tap,
    Weather,
)
from agent.sandbox.people import Person, crew
from agent.sandbox.site import VirtualSite
from agent.sandbox.story import SHIPPED, told
from drivers.emulators.nfc_cards import Card, ntag213, phone

SEED = 2026
SETTLE_S = 6.0
SCENARIOS = {"morning": MORNING}


@dataclass(frozen=True, slots=True)
class Played:
    """A tap as it went: when the card came into the field, and the first lights after it."""

    tap: Tap
    came_s: float
    amber_s: float | None
    green_s: float | None
    red_s: float | None


def play(*, page: bool = False, port: int = 0) -> int:
    """Exit code: 0 when every tap ended as the scenario says.

    Without a scenario, and at a terminal or with `page`, a visitor does what happens.
    """
    name = os.environ.get("SCENARIO", "")
    if Path(name).suffix == ".toml" or (SHIPPED / f"{name}.toml").is_file():
        return told(Path(name))
    if name.isdecimal() or Path(name).suffix == ".json":
        return _drawn(name, port)
    if name and name not in SCENARIOS:
        known = ", ".join((*SCENARIOS, *sorted(story.stem for story in SHIPPED.glob("*.toml"))))
        text = f"there is no scenario {name!r}; give the seed of a drawn world, or one of: {known}"
        print(text, file=sys.stderr)
        return 2
    if not name and (page or (sys.stdin.isatty() and sys.stdout.isatty())):
        from agent.sandbox.browser.visit import visit

        return visit(port)
    with tempfile.TemporaryDirectory(prefix="werfpoort-") as folder:
        people = crew(CREW, random.Random(SEED))
        with VirtualSite(Path(folder), people) as site:
            site.write_roster(_known(people))
            return Stage(site, SCENARIOS[name or "morning"]).play()


def _drawn(name: str, port: int) -> int:
    """A day of the world drawn from this seed, or kept in this file."""
    import msgspec

    from agent.sandbox.browser.drawn_day import day_of
    from agent.sandbox.browser.visit import visit

    try:
        day_of(name)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        print(f"SCENARIO={name} is no drawn world: {error}", file=sys.stderr)
        return 2
    return visit(port, name)


def _known(people: tuple[Person, ...]) -> list[Person]:
    """The crew as the roster has it: one of them without a badge."""
    return [
        replace(person, uid="") if place == UNBADGED else person
        for place, person in enumerate(people)
    ]


class Stage:
    """One scenario on one site."""

    def __init__(self, site: VirtualSite, scenario: tuple[Happening, ...]) -> None:
        self._site = site
        self._scenario = scenario
        self._cards = [ntag213(person.uid) for person in site.people]
        self._came: list[tuple[Tap, float]] = []
        self._well_at: list[float] = []
        """When the way and the service became well again, each time (monotonic)."""

    def play(self) -> int:
        """Plays it, prints what it saw, and says whether every tap ended as it must."""
        print(f"{len(self._site.people)} workers, one gate; the agent runs as process", end=" ")
        print(self._site.pid)
        begun = time.monotonic()
        for happening in self._scenario:
            time.sleep(max(0.0, begun + happening.at_s - time.monotonic()))
            self._happen(happening)
        time.sleep(max(0.0, begun + END_S - time.monotonic()))
        self._settle()
        return self._report()

    def _happen(self, happening: Happening) -> None:
        stamp = f"{happening.at_s:5.1f} s "
        match happening:
            case Tap(_, who):
                print(f"{stamp} {self._name(who)} taps")
                self._came.append((happening, self._site.tap(self._card(who))))
            case Weather(_, said, faults):
                print(f"{stamp} {said}")
                self._site.set_faults(**faults)
                if not faults:
                    self._well_at.append(time.monotonic())
            case Assign(_, who):
                answer = self._site.ask(
                    ask="badge-assign", uid="#1", worker=self._site.people[who].name
                )
                print(f"{stamp} {answer['text']}")

    def _card(self, who: int | str) -> Card:
        match who:
            case int():
                return self._cards[who]
            case "unknown":
                return self._cards[UNBADGED]
        return phone()

    def _name(self, who: int | str) -> str:
        return self._site.people[who].name if isinstance(who, int) else f"somebody ({who})"

    def _settle(self) -> None:
        """Gives what waits the time that it needs."""
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until:
            counts = self._site.status()["obligations"]
            if set(counts) <= {"registered"}:
                return
            time.sleep(0.2)

    # --- what came of it ------------------------------------------------------------------------

    def _played(self) -> list[Played]:
        lamps = self._site.lamps
        ends = [came for _, came in self._came[1:]] + [float("inf")]
        played = []
        for (tap, came), end in zip(self._came, ends, strict=True):
            lit = (lamps.lit_after(lamp, came) for lamp in ("amber", "green", "red"))
            amber, green, red = (s if s is not None and s < end else None for s in lit)
            played.append(Played(tap, came, amber, green, red))
        return played

    def _report(self) -> int:
        played = self._played()
        wrong = [f"{p.tap.at_s:5.1f} s: {fault}" for p in played for fault in self._faults(p)]
        status = self._site.status()
        counts = Counter(p.tap.end for p in played)
        stored = [1000 * (p.amber_s - p.came_s) for p in played if p.amber_s is not None]
        receipts = [
            1000 * (p.green_s - p.came_s)
            for p in played
            if p.green_s is not None and p.tap.end is End.RECEIPT
        ]
        print(f"\ntaps      {len(played)}")
        print(f"receipts  {status['obligations'].get('registered', 0)}")
        print(
            f"refusals  {counts[End.REFUSED] + counts[End.REFUSED_FIRST]}, "
            f"unusable cards {counts[End.UNUSABLE]}"
        )
        print(
            f"slowest   {max(stored):.0f} ms from the field to amber "
            f"(median {statistics.median(stored):.0f}), "
            f"{max(receipts):.0f} ms to green (median {statistics.median(receipts):.0f})"
        )
        for line in wrong:
            print(f"WRONG     {line}")
        if not wrong:
            print("every tap ended as the scenario says")
        return 1 if wrong else 0

    def _faults(self, played: Played) -> list[str]:
        """In which ways this tap did not end as it must."""
        name = self._name(played.tap.who)
        amber, green, red = (
            lit is not None for lit in (played.amber_s, played.green_s, played.red_s)
        )
        match played.tap.end:
            case End.RECEIPT:
                right = amber and green and not red and played.amber_s < played.green_s  # type: ignore[operator]
                lights, wanted = "amber, then green", 1
            case End.STORED:
                well = next(at_s for at_s in self._well_at if at_s > played.came_s)
                early = played.green_s is not None and played.green_s < well
                right, lights, wanted = amber and not early and not red, "amber, no green yet", 1
            case End.KNOWN:
                right, lights, wanted = green and not amber and not red, "green at once", 1
            case End.REFUSED:
                right, lights, wanted = red and not green, "red", 0
            case End.REFUSED_FIRST:
                right, lights, wanted = red and not green, "red", 1
            case End.UNUSABLE:
                right, lights, wanted = not green, "no green", 0
        shown = f"amber {amber}, green {green}, red {red}"
        faults = [] if right else [f"{name}: the panel had to show {lights}; {shown}"]
        held = self._held(played.tap.who)
        if held != wanted:
            faults.append(f"{name}: the service holds {held} registration(s), not {wanted}")
        return faults

    def _held(self, who: int | str) -> int:
        match who:
            case int():
                return self._site.registered(self._site.people[who])
            case "unknown":
                return self._site.registered(self._site.people[UNBADGED])
        return 0
