"""Draws a world from a seed: the same one for the same seed, whatever machine draws it.

Each subject has a stream of chance of its own, so that more of one changes nothing of the others.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence

import msgspec

from agent.core.outage.facts import Medium
from agent.core.roster import Worker
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew
from agent.sandbox.world import misfortunes
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.edits import EDITS
from agent.sandbox.world.infrastructure import WEATHERS
from agent.sandbox.world.values import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    SHORT_WEEKS,
    ZONE,
    Away,
    Card,
    Cards,
    Crew,
    Cut,
    Edit,
    Happening,
    Jump,
    NewBadge,
    Reader,
    Roll,
    Site,
    Somebody,
    Stop,
    Tap,
    Ticket,
    Trouble,
    Weather,
    World,
)

FIRST_MONDAY = dt.date(2026, 9, 7)
YEAR_WEEKS = 52
CHANGES = (6, 28)
"""Weeks, counted from the first Monday, whose Sunday the clock is changed."""
HOLIDAYS = (16, 45)
"""Weeks in which nobody works: 250 working days are left of a year."""
WORKERS = 80
VANS = 16
"""In which people come, and tap one after the other; on a small site each alone."""
SEATS = 5
NIGHTS = (8, 2)
"""One in so many comes at night: on most sites, and on those that work at night."""
CLEANER = "0200065765"
_EMPLOYERS = ("0448181966", "0701234576", "1008765455", "0712345630", "0200065765")
_LOUD, _GATE_LOUD = (0.04, 0.25, 0.6), (0.05, 0.3, 0.8)
"""Troubles of the infrastructure, and of the gate itself, a day: how unlucky sites are."""

LOSE_ANSWERS = (
    *("cut before-headers", "cut mid-headers", "cut mid-body", "half answers"),
    *("silent", "very slow", "drips for ever"),
)
"""What leaves open whether a registration counts: half of what services do badly here."""


def drawn(seed: int, weeks: int, workers: int = WORKERS) -> World:
    """The world of this seed. A short one begins anywhere in the year, often where the clock is
    changed."""
    chance = random.Random(f"{seed}/when")
    week = 0
    if weeks < YEAR_WEEKS:
        week = chance.randrange(YEAR_WEEKS)
        if chance.random() < 0.3:
            week = max(0, chance.choice(CHANGES) - weeks + 1)
    starts = dt.datetime.combine(FIRST_MONDAY + dt.timedelta(weeks=week), dt.time(), ZONE)
    paper, crews_ahead = random.Random(f"{seed}/paper"), random.Random(f"{seed}/ahead")
    site = msgspec.structs.replace(
        site_of(random.Random(f"{seed}/site")),
        mute=paper.random() < 0.25,
        diligent=paper.random() < 0.4,
        ahead=crews_ahead.random() < 0.3,
    )
    nights = NIGHTS[random.Random(f"{seed}/nights").random() < 0.3]
    people = _people(random.Random(f"{seed}/people"), workers, site, nights)
    empty = World(seed, starts, weeks * 7, site, people, (), ())
    days = [n for n in range(weeks * 7) if week + n // 7 not in HOLIDAYS]
    present, crews = _crews(random.Random(f"{seed}/crews"), len(people), weeks)
    badges, changes = _badges(random.Random(f"{seed}/badges"), people, weeks)
    happenings: list[Happening] = [*crews, *changes]
    happenings += _taps(random.Random(f"{seed}/taps"), empty, days, badges)
    tapped = [h.at_ms for h in happenings if isinstance(h, Tap)]
    bad, ordinary = _by_luck(random.Random(f"{seed}/luck"), weeks, days)
    for of, luck in ((bad, ""), (ordinary, "ordinary ")):
        troubles, gate = (random.Random(f"{seed}/{luck}{what}") for what in ("troubles", "gate"))
        happenings += _troubles(troubles, empty, of, _LOUD[:1] if luck else _LOUD)
        happenings += _gate(gate, empty, of, tapped, _GATE_LOUD[:1] if luck else _GATE_LOUD)
    happenings += _persons(random.Random(f"{seed}/persons"), empty, days)
    happenings += misfortunes.chains(random.Random(f"{seed}/chains"), empty, bad)
    happenings += misfortunes.papers(paper, empty, bad)
    happenings += misfortunes.clocks(random.Random(f"{seed}/clocks"), empty, bad)
    happenings += misfortunes.wishes(crews_ahead, empty, days)
    happenings += misfortunes.numbers(random.Random(f"{seed}/numbers"), empty, bad)
    end_ms = empty.ms(starts.date() + dt.timedelta(days=weeks * 7))
    inside = (h for h in happenings if 0 < h.at_ms < end_ms - MINUTE_MS)
    return World(
        seed, starts, weeks * 7, site, people, present, tuple(sorted(inside, key=lambda h: h.at_ms))
    )


def _by_luck(chance: random.Random, weeks: int, days: list[int]) -> tuple[list[int], list[int]]:
    """The days of bad weeks, and those of ordinary ones."""
    if weeks <= SHORT_WEEKS:
        return days, []
    bad = set(chance.sample(range(weeks), weeks // SHORT_WEEKS))
    return [n for n in days if n // 7 in bad], [n for n in days if n // 7 not in bad]


def site_of(chance: random.Random) -> Site:
    """A site as chance makes it."""
    medium = chance.choice((Medium.WIRED, Medium.WIRED, Medium.WIRED, Medium.WIFI, Medium.MOBILE))
    cleaners = chance.random() < 0.25
    lines = chance.choice((("ciaw",), ("ciaw",), ("ciaw",), ("supplier", "ciaw"), ("supplier",)))
    return Site(
        lines=(*lines, "cio") if cleaners else lines,
        searches=chance.random() < 0.75,
        medium=medium,
        providers_box=chance.random() < 0.3,
        second=medium is not Medium.MOBILE and chance.random() < 0.2,
        grid_fed=chance.random() < 0.8,
        battery=chance.random() < 0.8,
        witness=chance.random() < 0.3,
        cleaners=CLEANER if cleaners else "",
        latency_ms=chance.choice((300, 900, 2000, 4000)),
        modem=chance.random() < 0.5,
    )


def _people(chance: random.Random, count: int, site: Site, nights: int) -> tuple[Somebody, ...]:
    """One in ten is posted from abroad; the last employer's are the cleaners."""
    known = crew(count, chance)
    found = []
    for n, person in enumerate(known):
        employer = MAIN_CONTRACTOR if n % 2 else chance.choice(_EMPLOYERS)
        worker = person.worker
        posted = n % 10 == 7 and employer != site.cleaners
        limosa = f"2491{chance.randrange(10**12, 10**13)}" if posted else ""
        made = Worker(
            surname=worker.surname,
            given_name=worker.given_name,
            employer=employer,
            declaration=DECLARATION,
            inss="" if posted else worker.inss,
            limosa=limosa,
            language=worker.language,
        )
        found.append(
            Somebody(made, person.uid, van=n // _van(count), night=n % nights == nights - 1)
        )
    return tuple(found)


def _van(count: int) -> int:
    return max(1, count // VANS)


def _crews(
    chance: random.Random, count: int, weeks: int
) -> tuple[tuple[int, ...], Iterator[Happening]]:
    """Who is there when it begins; the others come one week and go another, van by van."""
    van_of = _van(count)
    vans = -(-count // van_of)
    late = {van for van in range(vans) if chance.random() < 0.15 and van}
    present = tuple(n for n in range(count) if n // van_of not in late)

    def moves() -> Iterator[Happening]:
        for van in sorted(late):
            people = tuple(n for n in range(count) if n // van_of == van)
            comes = chance.uniform(0.3, weeks * 7 - 1) * DAY_MS
            yield Crew(round(comes), people, True)
            if chance.random() < 0.7:
                yield Crew(round(comes + chance.uniform(1, 60) * DAY_MS), people, False)

    return present, moves()


def _badges(
    chance: random.Random, people: Sequence[Somebody], weeks: int
) -> tuple[dict[int, list[tuple[int, str]]], list[Happening]]:
    """Which badge each has from when on: some are lost."""
    badges = {n: [(0, somebody.uid)] for n, somebody in enumerate(people)}
    changes: list[Happening] = []
    for _ in range(round(len(people) * weeks * 0.01 + chance.random())):
        who = chance.randrange(len(people))
        at_ms = round(chance.uniform(0.3, weeks * 7) * DAY_MS)
        uid = f"04{chance.randbytes(6).hex().upper()}"
        badges[who].append((at_ms, uid))
        changes.append(NewBadge(at_ms, who, uid))
    for held in badges.values():
        held.sort()
    return badges, changes


def _taps(
    chance: random.Random, world: World, days: list[int], badges: dict[int, list[tuple[int, str]]]
) -> Iterator[Happening]:
    """Vans come between six and half past seven and go in the afternoon; some come at night."""

    def uid_of(who: int, at_ms: int) -> str:
        return [uid for since, uid in badges[who] if since <= at_ms][-1]

    for day in days:
        date = world.starts.date() + dt.timedelta(days=day)
        weekend = date.weekday() >= 5
        hours: dict[int, tuple[float, float]] = {}
        for who, somebody in enumerate(world.people):
            if weekend and not (somebody.night and date.weekday() == 5):
                continue
            if chance.random() < 0.08:
                continue  # ill, or elsewhere
            if somebody.night:
                came, went = chance.uniform(20.5, 24.9), chance.uniform(28.5, 30.2)
            else:
                van = hours.setdefault(
                    somebody.van, (chance.uniform(6.0, 7.6), chance.uniform(15.2, 17.0))
                )
                came, went = (at + who % SEATS * chance.uniform(1.5, 4) / 3600 for at in van)
                if chance.random() < 0.04:
                    came = chance.uniform(8, 14)
            midnight = world.ms(date)
            for hour, way in ((came, "in"), (went, "out")):
                if way == "out" and chance.random() < 0.15:
                    continue  # nobody has to
                at_ms = midnight + round(hour * HOUR_MS)
                holder = (who + 1) % len(world.people) if chance.random() < 0.003 else who
                yield Tap(at_ms, uid_of(holder, at_ms), who, way)
                if chance.random() < 0.03:
                    yield Tap(
                        at_ms + round(chance.uniform(1, 40) * SECOND_MS),
                        uid_of(who, at_ms),
                        who,
                        way,
                    )
                if len(badges[who]) > 1 and chance.random() < 0.02:
                    yield Tap(at_ms + 7 * SECOND_MS, badges[who][0][1], -1, way)
        if chance.random() < 0.5:
            at_ms = world.ms(date) + round(chance.uniform(6, 18) * HOUR_MS)
            yield Tap(at_ms, f"08{chance.randbytes(3).hex().upper()}", -1)
        if chance.random() < 0.2:
            yield Cards(world.ms(date) + round(chance.uniform(6, 18) * HOUR_MS))
        if chance.random() < 0.2:
            at_ms = world.ms(date) + round(chance.uniform(6, 9) * HOUR_MS)
            yield Tap(at_ms, f"04{chance.randbytes(6).hex().upper()}", -1)


def _length_ms(chance: random.Random) -> int:
    """Most troubles last minutes, some the whole day, some into the next."""
    if chance.random() < 0.12:
        return round(chance.uniform(8, 22) * HOUR_MS)
    return round(min(chance.lognormvariate(3.4, 1.1), 600) * MINUTE_MS)


HOURS = ((0.55, 5.7, 8.2), (0.7, 15.0, 17.2), (0.85, 22.5, 24.4), (1.0, 0.0, 24.0))
"""When things go wrong: mostly while people come or go, and around midnight."""


def _when_ms(chance: random.Random, world: World, day: int) -> int:
    """Mostly in the hours at which it hurts."""
    date, drawn_share = world.starts.date() + dt.timedelta(days=day), chance.random()
    first, last = next((a, b) for share, a, b in HOURS if drawn_share <= share)
    return world.ms(date) + round(chance.uniform(first, last) * HOUR_MS)


def _troubles(
    chance: random.Random, world: World, days: list[int], luck: Sequence[float]
) -> Iterator[Happening]:
    loud = chance.choice(luck)
    kinds = [kind for kind, cause in CAUSES.items() if cause.where(world.site)]
    for day in days:
        while chance.random() < loud:
            at_ms, lasts_ms = _when_ms(chance, world, day), _length_ms(chance)
            kind = chance.choice(kinds)
            yield Trouble(at_ms, lasts_ms, kind)
            if CAUSES[kind].exempts(world.site) and chance.random() < 0.3:
                later = at_ms + round(chance.uniform(0.3, 1.5) * lasts_ms) + 5 * MINUTE_MS
                yield Ticket(later, kind, at_ms, at_ms + lasts_ms)
        for service in world.site.lines:
            while chance.random() < loud:
                lasts_ms = round(min(chance.lognormvariate(2.5, 1.1), 180) * MINUTE_MS)
                how = chance.choice(LOSE_ANSWERS if chance.random() < 0.5 else tuple(WEATHERS))
                yield Weather(_when_ms(chance, world, day), lasts_ms, service, how)


def _gate(
    chance: random.Random,
    world: World,
    days: list[int],
    tapped: list[int],
    luck: Sequence[float],
) -> Iterator[Happening]:
    """The gate itself: power (mostly while somebody taps), card, clock, reader."""
    loud = chance.choice(luck)
    for day in days:
        if chance.random() < loud:
            at_ms = _when_ms(chance, world, day)
            if tapped and chance.random() < 0.7:
                at_ms = chance.choice(tapped) + round(chance.uniform(-2, 4) * SECOND_MS)
            yield _cut(chance, at_ms)
        if chance.random() < loud / 4:
            yield Stop(_when_ms(chance, world, day), round(chance.uniform(2, 90) * SECOND_MS))
        if chance.random() < loud / 8:
            shift_ms = round(chance.choice((2, -2, 61, -61, 1440, -1440, -90_000)) * MINUTE_MS)
            lasts_ms = round(chance.uniform(1, 90) * MINUTE_MS)
            yield Jump(_when_ms(chance, world, day), shift_ms, lasts_ms, chance.random() < 0.4)
        if chance.random() < loud / 6:
            how = chance.choice(("full", "read-only"))
            lasts_ms = round(chance.uniform(0.5, 60) * MINUTE_MS)
            yield Card(_when_ms(chance, world, day), lasts_ms, how)
        if chance.random() < loud / 6:
            lasts_ms = round(chance.uniform(1, 45) * MINUTE_MS)
            yield Reader(_when_ms(chance, world, day), lasts_ms)


def _cut(chance: random.Random, at_ms: int) -> Cut:
    dark_ms = round(min(chance.lognormvariate(0.5, 1.5), 240) * MINUTE_MS) + 20 * SECOND_MS
    crossing = chance.randrange(1, 60) if chance.random() < 0.7 else 0
    clock = chance.choice(("right", "right", "unknown", "unknown", "rtc"))
    if clock == "right":
        return Cut(at_ms, dark_ms, crossing)
    off_ms = -dark_ms if clock == "unknown" else round(chance.uniform(-40, 40) * SECOND_MS)
    if clock == "unknown" and chance.random() < 0.3:
        off_ms = -round(chance.uniform(1, 300) * DAY_MS)
    set_after_ms = round(chance.lognormvariate(1.0, 1.3) * MINUTE_MS)
    return Cut(at_ms, dark_ms, crossing, clock, off_ms, set_after_ms)


def _persons(chance: random.Random, world: World, days: list[int]) -> Iterator[Happening]:
    """The technician, the operator's absences, the roll that ends."""
    for day in days:
        if chance.random() < 0.05:
            lasts_ms = round(chance.lognormvariate(4.0, 1.2) * MINUTE_MS)
            who = chance.randrange(len(world.people))
            how = chance.choice(tuple(EDITS))
            yield Edit(_when_ms(chance, world, day), lasts_ms, how, who)
        if chance.random() < 0.1:
            yield Away(world.ms(world.starts.date() + dt.timedelta(days=day)), DAY_MS)
        if chance.random() < 0.1:
            yield Roll(_when_ms(chance, world, day), chance.randrange(4))
