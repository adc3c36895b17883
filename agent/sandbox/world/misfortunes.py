"""Days on which several things go wrong one after the other, as they do: what is drawn here is what
a gate could take for something else. Each subject has a stream of chance of its own."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from agent.core.delivery.inquiries import CancelReason
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.edits import UNKNOWN
from agent.sandbox.world.tickets import HOW
from agent.sandbox.world.values import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    Ahead,
    Cancel,
    Cut,
    Edit,
    Happening,
    Interrupted,
    Jump,
    Phoned,
    Roll,
    Ticket,
    Trouble,
    Typed,
    World,
)

CHAINS = (0.03, 0.15, 0.4)
"""Of the days: how many have troubles that follow each other to midnight and beyond."""


def chains(chance: random.Random, world: World, days: list[int]) -> Iterator[Happening]:
    """One trouble after the other, from the morning or the evening to beyond midnight, mostly
    without a gap: the deciding row turns, or does not though the cause does. For many of them a
    third party gives a number, early or late; and phones are tried."""
    often = chance.choice(CHAINS)
    for day in days:
        if chance.random() < often:
            yield from _chain(chance, world, day)


def _chain(chance: random.Random, world: World, day: int) -> Iterator[Happening]:
    midnight = world.ms(world.starts.date() + dt.timedelta(days=day))
    hour = chance.uniform(5.5, 8) if chance.random() < 0.3 else chance.uniform(19.5, 23)
    yield from chain(chance, world, midnight, hour)


def chain(chance: random.Random, world: World, midnight: int, hour: float) -> Iterator[Happening]:
    """The troubles of the day that begins at `midnight`, from that hour on."""
    begins_ms = midnight + round(hour * HOUR_MS)
    ends_ms = midnight + round(chance.uniform(24.1, 28) * HOUR_MS)
    turns = sorted(chance.randrange(begins_ms, ends_ms) for _ in range(chance.randrange(4)))
    kinds = [kind for kind, cause in CAUSES.items() if cause.where(world.site)]
    theirs = [kind for kind in kinds if CAUSES[kind].exempts(world.site)]
    kind = ""
    for since_ms, until_ms in zip((begins_ms, *turns), (*turns, ends_ms), strict=True):
        kind = _next(chance, kind, kinds, theirs)
        at_ms = since_ms + round(chance.uniform(-20, 20) * MINUTE_MS)
        over_ms = max(at_ms + MINUTE_MS, until_ms + round(chance.uniform(-20, 25) * MINUTE_MS))
        yield Trouble(at_ms, over_ms - at_ms, kind)
        if CAUSES[kind].exempts(world.site) and chance.random() < 0.7:
            yield Ticket(_told_ms(chance, at_ms, over_ms), kind, at_ms, over_ms, _how(chance))
        if chance.random() < 0.5:
            yield Phoned(at_ms + round(chance.uniform(-0.2, 1) * (over_ms - at_ms)))


PAPERS = (0.03, 0.15, 0.4)
"""Of the days: how many see the paper procedure to its end, or to where something stops it."""
STOPS = ("power", "power", "power", "stop", "full", "read-only")
KEYS = ("", "", "", "2#", "3#", "3#", "4#", "5#1#", "6#2#", "1#", "8#")
"""What is typed beside what the slips ask for."""


def papers(chance: random.Random, world: World, days: list[int]) -> Iterator[Happening]:
    """Mornings on which nothing is delivered for hours by the site's own fault, so that lists are
    made: numbers come, people come later, the roll ends, the gate stops in the midst of it."""
    often = chance.choice(PAPERS)
    for day in days:
        if chance.random() < often:
            yield from paper_day(chance, world, day)


def paper_day(chance: random.Random, world: World, day: int) -> Iterator[Happening]:
    """One of them."""
    midnight = world.ms(world.starts.date() + dt.timedelta(days=day))
    begins_ms = midnight + round(chance.uniform(5, 7.5) * HOUR_MS)
    ends_ms = midnight + round(chance.uniform(8.5, 26) * HOUR_MS)
    kinds = [k for k, c in CAUSES.items() if c.where(world.site) and not c.exempts(world.site)]
    yield Trouble(begins_ms, ends_ms - begins_ms, chance.choice(kinds))
    for _ in range(chance.randrange(1, 7)):
        yield Typed(_between(chance, begins_ms, ends_ms), chance.choice(KEYS))
    if chance.random() < 0.5:
        yield Roll(_between(chance, begins_ms, ends_ms), chance.randrange(3))
    for _ in range(chance.randrange(4)):
        yield Interrupted(
            _between(chance, begins_ms, ends_ms),
            round(chance.uniform(-4, 12) * SECOND_MS),
            chance.randrange(30) if chance.random() < 0.7 else 0,
            round(chance.uniform(0.1, 6) * MINUTE_MS),
            chance.choice(STOPS),
        )


CLOCKS = (0.01, 0.05, 0.2)
"""Of the days: how many end with an outage over midnight and a clock that is wrong meanwhile."""


def clocks(chance: random.Random, world: World, days: list[int]) -> Iterator[Happening]:
    """Nights in which troubles last to beyond midnight and the gate starts with a clock that is
    days behind, or somebody sets it by days, until it is set right in the midst of it."""
    often = chance.choice(CLOCKS)
    for day in days:
        if chance.random() < often:
            midnight = world.ms(world.starts.date() + dt.timedelta(days=day))
            yield from clock_night(chance, world, midnight, chance.uniform(19.5, 23))


def clock_night(
    chance: random.Random, world: World, midnight: int, hour: float
) -> Iterator[Happening]:
    """One of them, from that hour of the day that begins at `midnight` on."""
    yield from chain(chance, world, midnight, hour)
    for _ in range(chance.randrange(1, 4)):
        at_ms = midnight + round(chance.uniform(hour, 26) * HOUR_MS)
        for_ms = round(chance.lognormvariate(2.5, 1.2) * MINUTE_MS)
        if chance.random() < 0.7:
            dark_ms = round(chance.lognormvariate(0.5, 1) * MINUTE_MS) + 20 * SECOND_MS
            behind_ms = round(chance.uniform(0.1, 400) * DAY_MS) if chance.random() < 0.6 else 0
            crossing = chance.randrange(40)
            yield Cut(at_ms, dark_ms, crossing, "unknown", -dark_ms - behind_ms, for_ms)
        else:
            shift_ms = chance.choice((-1, 1, -2, 31, -400)) * DAY_MS
            yield Jump(at_ms, shift_ms, for_ms, False)


NUMBERS = (0.02, 0.1, 0.3)
"""Of the days: how many begin with a number on the roster that the services refuse."""


def numbers(chance: random.Random, world: World, days: list[int]) -> Iterator[Happening]:
    """The technician takes over a number that nobody has; it is mended later that day, or not."""
    often = chance.choice(NUMBERS)
    for day in days:
        if chance.random() < often:
            midnight = world.ms(world.starts.date() + dt.timedelta(days=day))
            at_ms = midnight + round(chance.uniform(0, 7) * HOUR_MS)
            lasts_ms = round(chance.uniform(0.5, 20) * HOUR_MS)
            yield Edit(at_ms, lasts_ms, UNKNOWN, chance.randrange(len(world.people)))


def wishes(chance: random.Random, world: World, days: list[int]) -> Iterator[Happening]:
    """What the office asks of the gate: crews confirmed in the afternoon, and registrations taken
    back, some of people who come all the same."""
    employers = sorted({somebody.worker.employer for somebody in world.people})
    often = chance.choice((0.02, 0.2))
    for day in days:
        midnight = world.ms(world.starts.date() + dt.timedelta(days=day))
        for employer in employers if world.site.ahead else ():
            if chance.random() < 0.7:
                at_ms = midnight + round(chance.uniform(13, 24) * HOUR_MS)
                yield Ahead(at_ms, employer, chance.choice((0, 0, 2, 4)))
        while chance.random() < often:
            at_ms = midnight + round(chance.uniform(5, 24) * HOUR_MS)
            reason = chance.choice(tuple(CancelReason))
            yield Cancel(at_ms, chance.randrange(len(world.people)), reason.value)


def _between(chance: random.Random, begins_ms: int, ends_ms: int) -> int:
    """Rather early than late: people come in the morning."""
    return begins_ms + round(chance.betavariate(1, 2.5) * (ends_ms - begins_ms))


def _next(chance: random.Random, before: str, kinds: list[str], theirs: list[str]) -> str:
    """Of the same layer as the one before in every second case: such look alike to a gate."""
    if before and chance.random() < 0.5:
        return chance.choice([kind for kind in kinds if CAUSES[kind].layer is CAUSES[before].layer])
    return chance.choice(theirs if theirs and chance.random() < 0.6 else kinds)


def _told_ms(chance: random.Random, since_ms: int, until_ms: int) -> int:
    """When a third party's number comes: while it lasts, once it is over, or days later."""
    drawn_share = chance.random()
    if drawn_share < 0.5:
        return since_ms + round(chance.uniform(0.1, 1) * (until_ms - since_ms))
    late_ms = round(chance.uniform(1, 90) * MINUTE_MS)
    if drawn_share < 0.75:
        return until_ms + late_ms
    return until_ms + late_ms + chance.randrange(1, 5) * DAY_MS


def _how(chance: random.Random) -> str:
    return "right" if chance.random() < 0.6 else chance.choice(tuple(HOW))
