"""A world as a value: the site, the people, and everything that happens to them, in order.

It can be kept in a file (`written`, `read`) and lived through again; any happening can be left out
and the rest still makes sense. Times are true milliseconds since the world begins, which no clock
of the gate sets back.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from agent.core.outage.facts import Medium
from agent.core.roster import Worker

ZONE = ZoneInfo("Europe/Brussels")
SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SHORT_WEEKS = 13
"""So many weeks are each as bad as weeks get. Of a longer world one in so many is; the others are
ordinary ones, with a trouble now and then, as those of a real site are."""


class Somebody(msgspec.Struct, frozen=True):
    """A worker with the badge in the pocket. `van`: who comes with whom; `night`: at night."""

    worker: Worker
    uid: str
    van: int = 0
    night: bool = False


class Site(msgspec.Struct, frozen=True):
    """How the site is made. `searches`: its account may search. `answers`: somebody goes to the
    gate when it calls. `witness`: a mains-fed device without a battery that the gate can see.
    `second`: a mobile uplink of another provider beside the first. `box`: whose the router is."""

    lines: tuple[str, ...] = ("ciaw",)
    searches: bool = True
    medium: Medium = Medium.WIRED
    providers_box: bool = False
    second: bool = False
    grid_fed: bool = True
    battery: bool = True
    witness: bool = False
    cleaners: str = ""
    """The employer whose workers owe Check In and Out."""
    latency_ms: int = 800
    """How long a service takes to answer on an ordinary day."""
    mute: bool = False
    """The printer says nothing: only who looks knows what came out."""
    ahead: bool = False
    """Employers confirm who comes tomorrow, who is then registered the day before."""
    diligent: bool = False
    """Whoever goes to the gate when it calls is there in minutes."""
    patient: bool = False
    """A burst is over sooner than by default: a long outage in fewer calls, at the same pauses."""
    modem: bool = False
    """Its modems tell of SIM, operator and cells; else nothing is known of them."""


class Tap(msgspec.Struct, frozen=True, tag="tap"):
    """Somebody holds a badge to the reader; `who`: by place among the people, -1 for a stranger."""

    at_ms: int
    uid: str
    who: int
    way: str = "any"


class Cards(msgspec.Struct, frozen=True, tag="cards"):
    """Two cards at once."""

    at_ms: int


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Something of the infrastructure fails for a while; `kind` is a key of causes.py."""

    at_ms: int
    lasts_ms: int
    kind: str


class Weather(msgspec.Struct, frozen=True, tag="weather"):
    """A service behaves in this way for a while; `how` is a key of `infrastructure.WEATHERS`."""

    at_ms: int
    lasts_ms: int
    service: str
    how: str


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """The gate's power goes: at the `crossing`th thing that it does from then on, whatever that is
    (a write, a sync, a call, a lamp). `clock`: as the machine finds it when it starts again, wrong
    by `off_ms`, until `set_after_ms`."""

    at_ms: int
    dark_ms: int
    crossing: int = 0
    clock: str = "right"
    off_ms: int = 0
    set_after_ms: int = 0


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """The agent is stopped in order, and started again: an update, a new configuration."""

    at_ms: int
    dark_ms: int


class Jump(msgspec.Struct, frozen=True, tag="jump"):
    """The wall clock is set by so much while the gate runs, and back after a while; `trusted`:
    whoever set it vouches for it."""

    at_ms: int
    shift_ms: int
    lasts_ms: int
    trusted: bool


class Card(msgspec.Struct, frozen=True, tag="card"):
    """The SD card is `full` or `read-only` for a while."""

    at_ms: int
    lasts_ms: int
    how: str


class Crew(msgspec.Struct, frozen=True, tag="crew"):
    """These people come to the site for the first time, or leave it for good."""

    at_ms: int
    people: tuple[int, ...]
    here: bool


class NewBadge(msgspec.Struct, frozen=True, tag="new-badge"):
    """A lost badge is replaced: the roster names another one from now on."""

    at_ms: int
    who: int
    uid: str


class Edit(msgspec.Struct, frozen=True, tag="edit"):
    """The technician spoils the roster file for a while; `how` is a key of `play.EDITS`."""

    at_ms: int
    lasts_ms: int
    how: str
    who: int


class Away(msgspec.Struct, frozen=True, tag="away"):
    """Nobody goes to the gate, whatever it calls for."""

    at_ms: int
    lasts_ms: int


class Roll(msgspec.Struct, frozen=True, tag="roll"):
    """So many parts of paper are left."""

    at_ms: int
    parts: int


class Ticket(msgspec.Struct, frozen=True, tag="ticket"):
    """The third party's number for its trouble, that began at `since_ms` and was mended, as far as
    it is by then, at `until_ms`; somebody gives it to the gate. `how`: a key of `tickets.HOW`."""

    at_ms: int
    kind: str
    since_ms: int
    until_ms: int
    how: str = "right"


class Phoned(msgspec.Struct, frozen=True, tag="phoned"):
    """Somebody tries the online service on a phone, unasked, and says truly whether it opens."""

    at_ms: int


class Ahead(msgspec.Struct, frozen=True, tag="ahead"):
    """An employer confirms tomorrow's crew, but for every `but`th of them; 0: all of it."""

    at_ms: int
    employer: str
    but: int = 0


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Somebody takes back what is registered, or waits, for this worker today and tomorrow."""

    at_ms: int
    who: int
    reason: str


class Typed(msgspec.Struct, frozen=True, tag="typed"):
    """Somebody types these keys at the keypad, after the code; `keys` empty: a reference number."""

    at_ms: int
    keys: str


class Interrupted(msgspec.Struct, frozen=True, tag="interrupted"):
    """From then on, the next time that somebody is at the keypad: so long after it, at the
    `crossing`th thing that the gate does, something stops it. `how`: its `power` goes, the agent is
    stopped in order (`stop`), the card is `full` or `read-only`; for so long."""

    at_ms: int
    after_ms: int
    crossing: int
    lasts_ms: int
    how: str


class Reader(msgspec.Struct, frozen=True, tag="reader"):
    """The reader is unplugged for a while: nobody can tap."""

    at_ms: int
    lasts_ms: int


Happening = (
    Tap
    | Cards
    | Trouble
    | Weather
    | Cut
    | Stop
    | Jump
    | Card
    | Crew
    | NewBadge
    | Edit
    | Away
    | Roll
    | Ticket
    | Phoned
    | Typed
    | Ahead
    | Cancel
    | Interrupted
    | Reader
)


class World(msgspec.Struct, frozen=True):
    """All of it. `starts`: aware; `days`: how long it is lived through."""

    seed: int
    starts: dt.datetime
    days: int
    site: Site
    people: tuple[Somebody, ...]
    present: tuple[int, ...]
    """Who is on the roster when it begins."""
    happenings: tuple[Happening, ...]
    why: str = ""
    """What a kept world once showed, and what mended it."""

    @property
    def long(self) -> bool:
        """True where most of its weeks are ordinary ones."""
        return self.days > 7 * SHORT_WEEKS

    def at(self, ms: int) -> dt.datetime:
        """The local time at that true instant."""
        begun = self.starts.astimezone(dt.UTC) + dt.timedelta(milliseconds=ms)
        return begun.astimezone(ZONE)

    def day(self, ms: int) -> dt.date:
        """The day at that true instant."""
        return self.at(ms).date()

    def ms(self, day: dt.date, clock: dt.time = dt.time()) -> int:
        """The true instant of that local time."""
        there = dt.datetime.combine(day, clock, ZONE).astimezone(dt.UTC)
        return round((there - self.starts.astimezone(dt.UTC)).total_seconds() * 1000)


def written(world: World) -> str:
    """The world as JSON, for people to read and to keep."""
    return msgspec.json.format(msgspec.json.encode(world), indent=1).decode() + "\n"


def read(path: Path) -> World:
    """The world in this file. Raises OSError, msgspec.MsgspecError."""
    world = msgspec.json.decode(path.read_bytes(), type=World)
    return msgspec.structs.replace(world, starts=world.starts.astimezone(ZONE))
