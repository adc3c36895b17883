"""A site with three firms: two days at its gate, written into a journal by the real core."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pyrage

from agent.core.commands import Send
from agent.core.delivery.registrations import Answer, ItemError, Receipt
from agent.core.events import (
    BurstEnded,
    DeviceCame,
    DeviceWent,
    Event,
    Failure,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.export_events import ExportAsked, ExportOver
from agent.core.moment import Moment, Trust
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.export.bundle import Contractor, Made, Order, make
from agent.journal.checkpoint import signer_at
from agent.journal.keeper import Keeper, Owner, opened

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 23, 6, 50, tzinfo=BRUSSELS)
DECLARATION = "1Y1000NF9KCQZ"
MAIN, OWN, OTHER = "0448181966", "0701234576", "1008765455"
JAN = Worker("Janssens", "Jan", MAIN, DECLARATION, inss="85011512355")
ZOE = Worker("Peeters", "Zoë", MAIN, DECLARATION, inss="92070421693")
AYSE = Worker("Özdemir", "Ayşe", OWN, DECLARATION, inss="05011512353")
FRANS = Worker("=2+5", "François", OWN, DECLARATION, inss="81031918792")
LUKASZ = Worker("Żółkiewski", "Łukasz", OTHER, DECLARATION, limosa="24910158641968060")
PEOPLE = {"04A1": JAN, "04B2": ZOE, "04C3": AYSE, "04D4": FRANS, "04E5": LUKASZ}
RULES = Rules(BRUSSELS, DECLARATION, firm=MAIN, lines=(Line("ciaw", "checkinatwork"),))


@dataclass(slots=True)
class Pair:
    """A firm with its key."""

    contractor: Contractor
    identity: pyrage.x25519.Identity


def pair(company: str, name: str, *, main: bool = False) -> Pair:
    """A firm with a key of its own."""
    identity = pyrage.x25519.Identity.generate()
    return Pair(Contractor(company, name, str(identity.to_public()), main), identity)


@dataclass(slots=True)
class Site:
    """A gate whose journal is written by the real core; `ms` since the first morning."""

    folder: Path
    keeper: Keeper
    ms: int = 0
    receipts: int = 100_000_000_000_000
    refused: frozenset[str] = frozenset()
    dark: bool = False
    firms: dict[str, Pair] = field(default_factory=dict)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "journal.db"

    @property
    def now(self) -> Moment:
        """The clocks."""
        unix_ms = round(MORNING.timestamp() * 1000) + self.ms
        return Moment(unix_ms, 1000 + self.ms, "boot-1", Trust.NTP)

    def do(self, event_at: Callable[[Moment], Event]) -> None:
        """Lets it happen, and answers what is sent."""
        for command in self.keeper.do(event_at(self.now)):
            if isinstance(command, Send):
                self.ms += 200
                self.do(lambda at, sent=command: self._answer(at, sent))  # type: ignore[misc]

    def _answer(self, at: Moment, sent: Send) -> BurstEnded:
        if self.dark:
            failure = Failure("NotReached", "no route to host")
            return BurstEnded(at, sent.attempt, sent.channel, failure=failure, jitter=0.5)
        answers = []
        for registration in sent.registrations:
            self.receipts += 1
            number = registration.inss or registration.limosa
            if number in self.refused:
                errors = (ItemError("2-6", ""), ItemError("5", f"INSS {number} is not known"))
                answers.append(Answer(registration.reference, errors=errors))
            else:
                receipt = Receipt(str(self.receipts))
                answers.append(Answer(registration.reference, receipt))
        return BurstEnded(at, sent.attempt, sent.channel, tuple(answers))

    def tap(self, uid: str, after_s: float = 5) -> None:
        """A badge is held to the reader."""
        self.ms += round(after_s * 1000)
        self.do(lambda at: Tapped(at, "entrance", uid))

    def until(self, days: int, hour: int, minute: int = 0) -> None:
        """Goes to that time of a later day, in one step, as a gate in peace does."""
        aim = (MORNING + dt.timedelta(days=days)).replace(hour=hour, minute=minute)
        self.ms = round((aim - MORNING).total_seconds() * 1000)
        self.do(TimePassed)

    def export_asked(self) -> int:
        """The entry up to which an export goes now: the checkpoint of its beginning."""
        self.do(lambda at: ExportAsked(at, "stick sda1"))
        self.do(lambda at: ExportOver(at, "stick sda1"))
        signed = self.keeper.state.checkpoint
        assert signed is not None
        return signed.upto + 1

    def order(self, firm: str, first: int, upto: int, *, training: bool = False) -> Order:
        return Order(
            journal=self.journal,
            key=self.folder / "journal.key",
            folder=self.folder,
            contractor=self.firms[firm].contractor,
            first=first,
            upto=upto,
            gate="noord-1",
            site="Werf <Noord> & co",
            declaration=DECLARATION,
            languages=("nl", "fr"),
            zone="Europe/Brussels",
            training=training,
            version="1",
            made=self.now.local(BRUSSELS),
        )

    def bundle(self, firm: str, first: int = 1) -> tuple[Made, bytes]:
        """A bundle of everything from `first` on, with its decrypted archive."""
        made = make(self.order(firm, first, self.export_asked()))
        sealed = (self.folder / made.file).read_bytes()
        return made, pyrage.decrypt(sealed, [self.firms[firm].identity])


@contextmanager
def two_days(folder: Path) -> Iterator[Site]:
    """Everybody registered, one refused, one unknown badge; then a day with no way out."""
    signer = signer_at(folder / "journal.key")
    start = Moment(round(MORNING.timestamp() * 1000), 1000, "boot-1", Trust.NTP)
    keeper = opened(
        folder / "journal.db", RULES, random.Random(1), Owner("noord-1", False), start, signer
    )
    with closing(keeper.journal):
        site = Site(folder, keeper)
        site.firms = {
            MAIN: pair(MAIN, "Voorbeeld Bouw", main=True),
            OWN: pair(OWN, "Façades & Fils"),
            OTHER: pair(OTHER, "Muster Bau"),
        }
        site.do(lambda at: Started(at, "1"))
        site.do(lambda at: RosterOffered(at, Roster(PEOPLE), "roster.csv"))
        site.do(lambda at: DeviceCame(at, "entrance"))
        site.refused = frozenset({FRANS.inss})
        for uid in (*PEOPLE, "04FF"):
            site.tap(uid)
        site.do(lambda at: DeviceWent(at, "entrance", "unplugged", "plug it in"))
        site.until(1, 6)
        site.dark = True
        site.tap("04C3")
        site.until(2, 6)
        site.dark = False
        yield site
