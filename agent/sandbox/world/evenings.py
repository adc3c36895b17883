"""Evenings of an outage, drawn one by one by their number: what the classifier is scored on.

Each has a path that delivered in the morning, causes that leave no channel, people who tap, and
mostly somebody at the keypad. The shapes are those in which a claim that was right may turn wrong:
a second cause beside the first, another one after it, with or without a time in between that
worked, the same symptom of another cause on the same day, midnight close by, a clock that is set.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from agent.sandbox.people import crew
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.drawing import site_of
from agent.sandbox.world.infrastructure import Infrastructure
from agent.sandbox.world.operator import COMES, GOES
from agent.sandbox.world.values import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    ZONE,
    Away,
    Cut,
    Happening,
    Jump,
    Site,
    Somebody,
    Tap,
    Ticket,
    Trouble,
    World,
)

FIRST = dt.datetime(2026, 11, 23, tzinfo=ZONE)
PEOPLE = 5
LOOK_MS = 20 * HOUR_MS
LATE_LOOK_MS = DAY_MS - 30 * SECOND_MS
AFTER_MIDNIGHT_MS = 12 * MINUTE_MS
OVER_MS = DAY_MS + 2 * HOUR_MS
"""A trouble that outlives the day."""
ALIKE = (
    ("line-cut-in-the-street", "firewall"),
    ("line-cut-in-the-street", "line-cut-on-the-site"),
    ("backbone", "firewall"),
    ("backbone", "login-page"),
    ("rsz-unreachable", "rsz-firewalled"),
    ("rsz-503", "rsz-firewalled"),
    ("rsz-503", "sender-refused"),
    ("rsz-fault", "account-refused"),
    ("grid-out", "board-tripped"),
    ("mast-out", "sim-unpaid"),
    ("mast-out", "antenna-off"),
    ("sender-refused", "backbone"),
    ("sender-refused", "rsz-503"),
    ("names-dead", "rsz-firewalled"),
)
"""A cause, and another one that looks much the same or is easily forgotten over it."""


FIRST_UPLINK = (
    *("cable-out", "router-off", "router-hangs", "backbone"),
    *("line-cut-in-the-street", "line-cut-on-the-site", "rsz-firewalled"),
)
SECOND_UPLINK = ("second-unpaid", "second-mast-out", "second-filtered")
"""What only one of two uplinks suffers."""


@dataclass(frozen=True, slots=True)
class Evening:
    """A world, its shape and causes; when the gate is asked whose it is; the midnight after."""

    world: World
    shape: str
    kinds: tuple[str, ...]
    look_ms: int
    midnight_ms: int

    @property
    def ends_ms(self) -> int:
        """By then midnight has made of everybody what it does."""
        return self.midnight_ms + AFTER_MIDNIGHT_MS

    @property
    def to_midnight(self) -> bool:
        """Where nothing is claimed when the gate is asked, and nothing happens any more, hardly
        anything is claimed later: every fourth of these is lived through to midnight."""
        turns = any(isinstance(h, Ticket) for h in self.world.happenings)
        return turns or self.shape in (LATE, BEFORE, CLOCK) or self.world.seed % 4 == 0

    @property
    def since_ms(self) -> int:
        """Since when the causes are the same as when the gate is asked."""
        return max(trouble.at_ms for trouble in self._lasting())

    @property
    def somebody_is_there(self) -> bool:
        """Somebody who can be asked is there, for an hour of that time."""
        if any(isinstance(h, Away) for h in self.world.happenings):
            return False
        day_ms = self.midnight_ms - DAY_MS
        begins = max(self.since_ms, day_ms + _of_day(COMES))
        return min(self.look_ms, day_ms + _of_day(GOES)) - begins >= HOUR_MS

    @property
    def apart_ms(self) -> int | None:
        """How long after one uplink the other one was lost; None with one, or where one works."""
        lasting = self._lasting()
        first = [t.at_ms for t in lasting if not self._with(t.kind).beyond]
        second = [t.at_ms for t in lasting if not self._with(t.kind).second]
        both = self.world.site.second and first and second
        return abs(min(first) - min(second)) if both else None

    def _lasting(self) -> list[Trouble]:
        found = [h for h in self.world.happenings if isinstance(h, Trouble)]
        return [t for t in found if t.at_ms <= self.look_ms < t.at_ms + t.lasts_ms]

    def _with(self, kind: str) -> Infrastructure:
        return Infrastructure(self.world.site, random.Random(0), {kind: 1})


def _of_day(time: dt.time) -> int:
    return time.hour * HOUR_MS + time.minute * MINUTE_MS


Drawn = tuple[tuple[str, ...], list[Happening]]
"""The causes of a shape, and what happens."""


def drawn(number: int) -> Evening:
    """The evening of this number."""
    chance = random.Random(f"incident/{number}")
    shape = chance.choices(tuple(SHAPES), tuple(weight for _, weight in SHAPES.values()))[0]
    site, (kinds, happenings) = _fitting(chance, SHAPES[shape][0])
    day_ms = DAY_MS if shape == BEFORE else 0
    look_ms = {LATE: LATE_LOOK_MS, BEFORE: DAY_MS + 9 * HOUR_MS}.get(shape, LOOK_MS)
    people = tuple(
        Somebody(person.worker, person.uid) for person in crew(PEOPLE, random.Random(number))
    )
    known = [Tap(7 * HOUR_MS, "", 0), *happenings, *_tickets(chance, site, happenings)]
    if chance.random() < 0.3:
        known.append(Away(day_ms + HOUR_MS, 2 * DAY_MS))
    taps = (
        msgspec.structs.replace(h, uid=people[h.who].uid) if isinstance(h, Tap) else h
        for h in known
    )
    ordered = tuple(sorted(taps, key=lambda h: h.at_ms))
    world = World(number, FIRST, 3, site, people, tuple(range(PEOPLE)), ordered)
    return Evening(world, shape, kinds, look_ms, day_ms + DAY_MS)


def _fitting(
    chance: random.Random, shape: Callable[[random.Random, Site], Drawn | None]
) -> tuple[Site, Drawn]:
    """A site at which this shape can happen, and how it does."""
    while True:
        site = msgspec.structs.replace(site_of(chance), patient=True)
        found = None if site.cleaners else shape(chance, site)
        if found is not None:
            return site, found


def _fits(site: Site, kind: str) -> bool:
    return CAUSES[kind].where(site)


def stops(site: Site, *kinds: str) -> bool:
    """Whether these causes together leave no channel."""
    truth = Infrastructure(site, random.Random(0))
    for kind in kinds:
        truth.begins(kind)
    return not any(truth.works(line) for line in site.lines)


def _one(chance: random.Random, site: Site) -> str:
    """A cause that leaves no channel alone; empty where none does."""
    kinds = [kind for kind in CAUSES if _fits(site, kind) and stops(site, kind)]
    return chance.choice(kinds) if kinds else ""


def _two(chance: random.Random, site: Site) -> tuple[str, str] | None:
    """A cause and another one; half of them hard to tell apart. Each leaves no channel."""
    pairs = [p for p in ALIKE if all(_fits(site, kind) and stops(site, kind) for kind in p)]
    if pairs and chance.random() < 0.6:
        return chance.choice(pairs)
    first, second = _one(chance, site), _one(chance, site)
    return (first, second) if first and second and first != second else None


def _at(hours: float) -> int:
    return round(hours * HOUR_MS)


def _taps_after(chance: random.Random, at_ms: int, *who: int) -> Iterator[Tap]:
    for n in who:
        yield Tap(at_ms + round(chance.uniform(1, 25) * MINUTE_MS) + n * SECOND_MS, "", n)


# --- the shapes ----------------------------------------------------------------------------------


def _alone(chance: random.Random, site: Site) -> Drawn | None:
    kind, begins = _one(chance, site), _at(chance.uniform(17.2, 17.6))
    if not kind:
        return None
    return (kind,), [Trouble(begins, OVER_MS - begins, kind), *_taps_after(chance, begins, 1, 2)]


def _together(chance: random.Random, site: Site) -> Drawn | None:
    """Both last; the other one begins within half an hour, also before."""
    kinds = [kind for kind in CAUSES if _fits(site, kind)]
    first, second = _two(chance, site) or chance.sample(kinds, 2)
    if not stops(site, first, second):
        return None
    begins = _at(chance.uniform(17.2, 17.6))
    then = begins + round(chance.uniform(-30, 30) * MINUTE_MS)
    return (first, second), [
        Trouble(begins, OVER_MS - begins, first),
        Trouble(then, OVER_MS - then, second),
        *_taps_after(chance, max(begins, then), 1, 2),
    ]


def _uplinks(chance: random.Random, site: Site) -> Drawn | None:
    """Each of two uplinks fails by a cause of its own, together or one after the other."""
    firsts = [k for k in FIRST_UPLINK if _fits(site, k)]
    seconds = [k for k in SECOND_UPLINK if _fits(site, k)]
    kinds = (chance.choice(firsts), chance.choice(seconds)) if firsts and seconds else ("", "")
    if not site.second or not stops(site, *kinds):
        return None
    begins = _at(chance.uniform(17.2, 17.6))
    then = begins + round(
        chance.choice((chance.uniform(-12, 12), chance.uniform(-60, 60))) * 60_000
    )
    return kinds, [
        Trouble(begins, OVER_MS - begins, kinds[0]),
        Trouble(then, OVER_MS - then, kinds[1]),
        *_taps_after(chance, max(begins, then), 1, 2),
    ]


def _then(chance: random.Random, site: Site) -> Drawn | None:
    """The next cause begins as the first is mended, or after a time that worked."""
    found = _two(chance, site)
    if found is None:
        return None
    begins, lasts = _at(chance.uniform(16.2, 17.6)), round(chance.uniform(8, 90) * MINUTE_MS)
    gap = round(chance.choice((0, 0, chance.uniform(0.2, 2), chance.uniform(2, 25))) * MINUTE_MS)
    then = begins + lasts + gap
    first, second = found
    return found, [
        Trouble(begins, lasts, first),
        Trouble(then, OVER_MS - then, second),
        *_taps_after(chance, begins, 1, 2),
        *_taps_after(chance, then, 3),
    ]


def _again(chance: random.Random, site: Site) -> Drawn | None:
    """One in the morning, with people about, and another one in the evening."""
    found = _two(chance, site)
    if found is None:
        return None
    early, lasts = _at(chance.uniform(7.3, 9)), round(chance.uniform(30, 240) * MINUTE_MS)
    begins = _at(chance.uniform(17.2, 17.6))
    return found, [
        Trouble(early, lasts, found[0]),
        Trouble(begins, OVER_MS - begins, found[1]),
        *_taps_after(chance, early, 1, 2),
        *_taps_after(chance, begins, 3, 4),
    ]


def _late(chance: random.Random, site: Site) -> Drawn | None:
    """Close before midnight; some are mended before it, some turn into another cause."""
    first = _one(chance, site)
    found = _two(chance, site) if chance.random() < 0.4 else None
    if not first:
        return None
    begins = _at(chance.uniform(22.4, 23.5))
    taps = _taps_after(chance, begins, 1, 2)
    last = Tap(DAY_MS - round(chance.uniform(0.2, 20) * MINUTE_MS), "", 3)
    if found is None:
        return (first,), [Trouble(begins, OVER_MS - begins, first), *taps, last]
    then = begins + round(chance.uniform(0.2, 0.8) * (DAY_MS - 15 * MINUTE_MS - begins))
    return found, [
        Trouble(begins, then - begins, found[0]),
        Trouble(then, OVER_MS - then, found[1]),
        *taps,
        last,
    ]


def _before(chance: random.Random, site: Site) -> Drawn | None:
    """It begins at night, before the first of the next day comes."""
    kind = _one(chance, site)
    begins = DAY_MS + _at(chance.uniform(2, 6.5))
    if not kind:
        return None
    taps = [Tap(DAY_MS + _at(chance.uniform(6.6, 8.4)), "", n) for n in (1, 2)]
    return (kind,), [Trouble(begins, OVER_MS, kind), *taps]


def _clock(chance: random.Random, site: Site) -> Drawn | None:
    """The clock is set wrongly while it lasts, or found wrong after a power cut; in half of them
    the path is mended that evening."""
    kind, begins = _one(chance, site), _at(chance.uniform(17.2, 17.6))
    if not kind:
        return None
    ends = OVER_MS if chance.random() < 0.5 else _at(chance.uniform(20.2, 22))
    at_ms = begins + round(chance.uniform(20, 80) * MINUTE_MS)
    shift_ms = round(chance.choice((61, 420, 1440, -61, -1440, chance.uniform(-9, 9))) * MINUTE_MS)
    lasts_ms = round(chance.uniform(1, 60) * MINUTE_MS)
    wrong: Happening = Jump(at_ms, shift_ms, lasts_ms, chance.random() < 0.6)
    if chance.random() < 0.3:
        dark_ms = round(chance.uniform(0.5, 20) * MINUTE_MS)
        how = chance.choice(("unknown", "rtc"))
        wrong = Cut(at_ms, dark_ms, 0, how, shift_ms if how == "unknown" else 0, lasts_ms)
    return (kind,), [
        Trouble(begins, ends - begins, kind),
        wrong,
        *_taps_after(chance, begins, 1, 2),
        *_taps_after(chance, at_ms, 3),
    ]


ALONE, LATE, BEFORE = "one cause", "before midnight", "before the first tap"
CLOCK = "a wrong clock"
SHAPES: Mapping[str, tuple[Callable[[random.Random, Site], Drawn | None], int]] = {
    ALONE: (_alone, 39),
    "two at once": (_together, 12),
    "both uplinks": (_uplinks, 6),
    "one after another": (_then, 15),
    "another one that day": (_again, 10),
    LATE: (_late, 8),
    BEFORE: (_before, 5),
    CLOCK: (_clock, 5),
}
"""By name: how it is drawn, and how often of a hundred."""


def _tickets(chance: random.Random, site: Site, happenings: list[Happening]) -> Iterator[Happening]:
    """A third party gives a number for its trouble, while it lasts or within hours of its end."""
    for trouble in happenings:
        if isinstance(trouble, Trouble) and CAUSES[trouble.kind].exempts(site):
            lasts_ms = min(trouble.lasts_ms, 3 * HOUR_MS)
            if chance.random() < 0.4:
                later_ms = round(chance.uniform(0.1, 1.3) * lasts_ms) + 4 * MINUTE_MS
                ends_ms = trouble.at_ms + trouble.lasts_ms
                yield Ticket(trouble.at_ms + later_ms, trouble.kind, trouble.at_ms, ends_ms)
