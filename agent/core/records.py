"""What the journal holds: one frozen dataclass per kind of entry.

The state of the gate is these records folded in order, and nothing else counts (`restore` in
gate.py). A record never changes its meaning: a new need is a new field with a default or a new
kind. `LOGGED` names the fields that may appear in a log line; everything else may be personal
(DOMAIN.md, section 5.7).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from agent.core.clock_records import ClockRecord
from agent.core.delivery.credential_records import CredentialExpiring, CredentialRecord
from agent.core.delivery.delivery_records import DeliveryRecord
from agent.core.delivery.inquiry_records import InquiryBegan, InquiryClosed
from agent.core.delivery.receipt_records import ReceiptRecord
from agent.core.delivery.registrations import ItemError, Ticket
from agent.core.journal_records import JournalRecord
from agent.core.moment import Moment
from agent.core.outage.incident_records import LASTING as LASTING_OF_INCIDENTS
from agent.core.outage.incident_records import IncidentRecord
from agent.core.paper.paper_records import PaperRecord
from agent.core.roster import Worker


class Verdict(StrEnum):
    """What a tap was when it happened."""

    WORKER = "worker"
    UNKNOWN = "unknown badge"
    EXPIRED = "roster entry not valid today"
    UNUSABLE = "card type cannot be used"


@dataclass(frozen=True, slots=True)
class JournalOpened:
    """The first entry: which journal this is. `training`: nothing in it is a real registration."""

    LOGGED: ClassVar = ("journal", "gate", "training")
    journal: str
    gate: str
    training: bool


@dataclass(frozen=True, slots=True)
class AgentStarted:
    """The agent runs; what an earlier run of it left in flight is lost."""

    LOGGED: ClassVar = ("version",)
    version: str


@dataclass(frozen=True, slots=True)
class AgentStopped:
    """The agent was asked to stop and did."""

    LOGGED: ClassVar = ("reason",)
    reason: str


@dataclass(frozen=True, slots=True)
class WritingFailed:
    """Between `since` and this entry the journal could not be written: taps were refused."""

    LOGGED: ClassVar = ("reason", "refused")
    since: Moment
    reason: str
    refused: int


@dataclass(frozen=True, slots=True)
class DeviceFailed:
    """A device does not work: what failed, and what a person does about it. `kind`: the name of
    the error, from which other languages tell it."""

    LOGGED: ClassVar = ("device", "cause", "hint", "kind")
    device: str
    cause: str
    hint: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRecovered:
    """The device works again, or for the first time."""

    LOGGED: ClassVar = ("device",)
    device: str


@dataclass(frozen=True, slots=True)
class RosterTaken:
    """A roster came into force; its differences stand before it as entries of their own.

    `problems`: what was wrong with rows that were left out, without national numbers.
    """

    LOGGED: ClassVar = ("source", "workers", "badges", "added", "removed", "changed", "problems")
    source: str
    workers: int
    badges: int
    added: int
    removed: int
    changed: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RosterRefused:
    """An offered roster was not taken; the old one stays in force."""

    LOGGED: ClassVar = ("source", "reason")
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkerListed:
    """The roster names this worker with these badges, from now on; `enrolled`: no roster does, but
    a person at the gate, who knew the national number and the employer and could type no name."""

    LOGGED: ClassVar = ("number",)
    number: int
    worker: Worker
    badges: tuple[str, ...]
    enrolled: bool = False


@dataclass(frozen=True, slots=True)
class WorkerDelisted:
    """The roster names this worker no more."""

    LOGGED: ClassVar = ("number",)
    number: int


@dataclass(frozen=True, slots=True)
class BadgeAssigned:
    """A person linked a badge to a worker, beside the roster file."""

    LOGGED: ClassVar = ("number",)
    uid: str
    number: int


@dataclass(frozen=True, slots=True)
class BadgeDismissed:
    """A person said that the taps of this unknown badge oblige to nothing today."""

    LOGGED: ClassVar = ()
    uid: str


@dataclass(frozen=True, slots=True)
class TapStored:
    """A badge was held to a reader. `obligation`: what the tap counts for, if anything yet."""

    LOGGED: ClassVar = ("reader", "verdict", "obligation")
    reader: str
    direction: str
    uid: str
    verdict: Verdict
    worker: int = 0
    obligation: str = ""


@dataclass(frozen=True, slots=True)
class TapCounted:
    """A tap that was loose belongs to an obligation that another tap had opened."""

    LOGGED: ClassVar = ("tap", "obligation")
    tap: int
    obligation: str


@dataclass(frozen=True, slots=True)
class ObligationOpened:
    """A worker owes a registration for a day. `tap` is its first tap's entry, `at` its time.

    `ahead`: nobody has tapped yet (`tap` 0): the employer confirmed who comes that day.
    `elsewhere`: it was opened at another gate (`tap` 0), in whose place this one stands, and may
    have been sent from there, by this line or by the gate of this name.
    """

    LOGGED: ClassVar = ("reference", "day", "duty")
    reference: str
    worker: int
    person: Worker
    uid: str
    day: dt.date
    duty: str
    direction: str
    reader: str
    tap: int
    at: Moment
    ahead: bool = False
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class ObligationAmended:
    """The roster was mended: the obligation is for this worker, and is sent again."""

    LOGGED: ClassVar = ("reference",)
    reference: str
    worker: int
    person: Worker


@dataclass(frozen=True, slots=True)
class ObligationExpired:
    """Midnight came first, or the age at which its service refuses it; `reason` says so.

    `answer_lost`: it was sent, and no answer said whether it counts.
    """

    LOGGED: ClassVar = ("reference", "day", "answer_lost", "reason")
    reference: str
    day: dt.date
    answer_lost: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """These are being sent: from here until the attempt ends, nobody knows if they count."""

    LOGGED: ClassVar = ("attempt", "channel", "size")
    attempt: int
    channel: str
    references: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many registrations the attempt carries."""
        return len(self.references)


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """A burst of calls is over. `failure` is empty when an answer came; else its kind.

    `unsure`: the request may have been carried out, find out before counting it as failed.
    `pause_ms`: how long the channel rests, drawn when the burst ended. `whole`: the service
    answered and refused the call as a whole, which one registration in it may have caused. `known`:
    it was that one alone again, which says nothing of the line.
    """

    LOGGED: ClassVar = ("attempt", "channel", "failure", "message", "hint", "calls", "pause_ms")
    attempt: int
    channel: str
    failure: str = ""
    message: str = ""
    hint: str = ""
    unsure: bool = False
    calls: int = 1
    pause_ms: int = 0
    ticket: Ticket = Ticket()
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    whole: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptStored:
    """The RSZ's number for a registration: the proof that it counts."""

    LOGGED: ClassVar = ("reference", "receipt", "status", "remarks")
    reference: str
    attempt: int
    receipt: str
    status: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RejectionStored:
    """The service refused this registration: a person must mend the roster."""

    LOGGED: ClassVar = ("reference", "errors")
    reference: str
    attempt: int
    errors: tuple[ItemError, ...]


@dataclass(frozen=True, slots=True)
class DayBegan:
    """`day` began. What was settled before `keep_from` is let go; the state is rebuilt from entry
    `base` on, with the taps in `waiting`, whose day nobody has named yet. `obligations`, `attempts`
    and `inquiries` are how many were numbered so far; `working` are the devices that work. By
    uplink, as Unix ms: `reached`, when an anchor answered last, and `heard`, when a cell of its own
    operator was. `expiries`: told so far.
    """

    LOGGED: ClassVar = ("day", "base")
    day: dt.date
    keep_from: dt.date
    base: int
    obligations: int
    attempts: int
    working: tuple[str, ...] = ()
    inquiries: int = 0
    reached: dict[str, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    expiries: tuple[CredentialExpiring, ...] = ()
    waiting: tuple[int, ...] = ()

    def needs(self, entry: Entry) -> bool:
        """Whether the state is rebuilt from this entry, too."""
        lasts = entry.kind in LASTING or entry.seq in self.waiting
        return lasts or entry.seq >= self.base


Record = (
    JournalOpened
    | AgentStarted
    | AgentStopped
    | WritingFailed
    | DeviceFailed
    | DeviceRecovered
    | ClockRecord
    | RosterTaken
    | RosterRefused
    | WorkerListed
    | WorkerDelisted
    | BadgeAssigned
    | BadgeDismissed
    | TapStored
    | TapCounted
    | ObligationOpened
    | ObligationAmended
    | ObligationExpired
    | AttemptStarted
    | AttemptEnded
    | ReceiptStored
    | RejectionStored
    | DayBegan
    | DeliveryRecord
    | InquiryBegan
    | InquiryClosed
    | JournalRecord
    | PaperRecord
    | ReceiptRecord
    | CredentialRecord
    | IncidentRecord
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal. `record` is None where the payload was erased."""

    seq: int
    at: Moment
    kind: str
    record: Record | None


def kind_of(record: type[Record] | Record) -> str:
    """The name of a record's kind in the journal: `TapStored` → `tap-stored`."""
    name = (record if isinstance(record, type) else type(record)).__name__
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).removeprefix("-")


KINDS: dict[str, type[Record]] = {kind_of(record): record for record in Record.__args__}
"""Every kind of entry by its name."""

LASTING = tuple(
    map(
        kind_of,
        (
            *(JournalOpened, WorkerListed, WorkerDelisted, BadgeAssigned, RosterTaken),
            *LASTING_OF_INCIDENTS,
        ),
    )
)
"""Kinds that count for the state however long ago they were written."""


def described(record: Record) -> str:
    """One line, `kind key=value …`, of what may be read by anybody."""
    shown = [(name, getattr(record, name)) for name in record.LOGGED]
    return " ".join([kind_of(record), *(f"{k}={_plain(v)}" for k, v in shown if v not in ("", ()))])


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(
            f"{v.code}:{v.text}" if isinstance(v, ItemError) else str(v) for v in value
        ).replace(" ", "_")
    return str(value).replace(" ", "_") if not isinstance(value, bool) else str(value).lower()


assert all(hasattr(r, name) for r in KINDS.values() for name in r.LOGGED)
