"""Each worker's day and its one outcome.

An obligation is opened by a tap and ends its day with exactly one outcome (DOMAIN.md, section 4).
Between the two it waits, or it is in flight: `attempt` names the attempt that carries it.
`unsure` means that an answer was lost on the way, so that it may count already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.core.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.moment import Moment
from agent.core.paper_records import ListStands, ObligationOnPaper, PersonListed
from agent.core.receipt_records import ObligationCancelled, ReceiptFollowed
from agent.core.records import (
    AttemptEnded,
    AttemptStarted,
    DayBegan,
    Entry,
    ObligationAmended,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    RejectionStored,
)
from agent.core.registrations import ALREADY_REGISTERED, ItemError, Registration
from agent.core.roster import Worker
from agent.core.rules import Duty, Per, Rules
from agent.core.shelf import Shelf


class Outcome(StrEnum):
    """How an obligation ended, the first that holds (DOMAIN.md, section 4)."""

    REGISTERED = "registered"
    ON_PAPER = "on paper"
    EXEMPT = "exempt"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Obligation:
    """A worker's duty under a declaration on a day."""

    number: int
    reference: str
    worker: int
    person: Worker
    uid: str
    day: dt.date
    duty: str
    direction: str
    reader: str
    at: Moment
    seq: int
    attempt: int = 0
    unsure: bool = False
    outcome: Outcome | None = None
    receipt: str = ""
    status: str = ""
    """What the service last said of it: SUCCESSFULLY REGISTERED, VALIDATED, FAILED."""
    remarks: tuple[str, ...] = ()
    errors: tuple[ItemError, ...] = ()
    lists: tuple[str, ...] = ()
    """The attendance lists on which it stands, proof or not."""
    list_number: str = ""
    list_reference: str = ""
    """Of the first of them that is proof. It is sent all the same as long as its day lasts."""

    @property
    def on_paper(self) -> bool:
        """True once a list with its reference number proves it and no receipt does."""
        ended = self.outcome in (Outcome.REGISTERED, Outcome.CANCELLED)
        return bool(self.list_reference) and not ended

    @property
    def duplicate(self) -> bool:
        """True when its receipt is that of a second registration of the same day."""
        return ALREADY_REGISTERED in self.remarks

    @property
    def waiting(self) -> bool:
        """True while it has neither an outcome nor an attempt that carries it."""
        return self.outcome is None and not self.attempt

    def registration(self) -> Registration:
        """What a channel is asked for."""
        person = self.person
        return Registration(
            self.reference,
            self.day,
            person.declaration,
            person.employer,
            person.inss,
            person.limosa,
            self.at.unix_ms,
            self.direction,
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every obligation that may still matter, by number."""

    obligations: Shelf[int, Obligation] = field(default_factory=Shelf)
    waiting: Mapping[dt.date, Shelf[int, int]] = field(default_factory=dict)
    """By day: the numbers of those that wait; no day without one."""
    days: Mapping[dt.date, Shelf[int, int]] = field(default_factory=dict)
    """By day: worker number → number of its latest obligation."""
    flights: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By attempt that has not ended: what it carries."""
    opened: int = 0
    """How many were ever numbered."""

    def of(self, reference: str) -> Obligation | None:
        """The obligation with this reference, unless its day was began."""
        number = number_of(reference)
        found = self.obligations.get(number) if number else None
        return found if found is not None and found.reference == reference else None

    def latest(self, worker: int, day: dt.date) -> Obligation | None:
        """This worker's latest obligation of `day`."""
        number = self.days.get(day, _NONE).get(worker)
        return None if number is None else self.obligations.get(number)

    def _standing(self, worker: int, day: dt.date) -> Obligation | None:
        """The latest one unless it was cancelled: who comes all the same owes another."""
        known = self.latest(worker, day)
        return None if known is None or known.outcome is Outcome.CANCELLED else known

    def waiting_on(self, days: Iterable[dt.date]) -> Iterator[Obligation]:
        """Those that wait for one of these days, the earliest first."""
        for day in days:
            for number in self.waiting.get(day, _NONE):
                obligation = self.obligations.get(number)
                if obligation is not None:
                    yield obligation

    def oldest_unsettled(self, duty: str = "") -> Obligation | None:
        """The first one that has no outcome, waiting or in flight; if named, of this duty."""
        open_ = [self.waiting_on((day,)) for day in self.waiting]
        for references in self.flights.values():
            flying = (self.of(reference) for reference in references)
            open_.append(o for o in flying if o is not None and o.outcome is None)
        first = (next((o for o in some if duty in ("", o.duty)), None) for some in open_)
        return min((o for o in first if o is not None), key=lambda o: o.number, default=None)

    def for_tap(self, worker: int, at: Moment, duty: Duty, rules: Rules) -> Obligation | None:
        """The obligation that a tap now belongs to; None: it opens a new one.

        A tap within the shift's length after the first one of a shift that began yesterday
        belongs to that shift and opens no new day (DOMAIN.md, section 4).
        """
        if duty.per is Per.TAP:
            return None
        today = rules.day(at)
        known = self._standing(worker, today)
        if known is not None:
            return known
        before = self._standing(worker, today - dt.timedelta(days=1))
        if before is None or not before.at.trusted:  # of which no time of the day is known
            return None
        return before if at.unix_ms - before.at.unix_ms < rules.shift_ms else None


_NONE: Shelf[int, int] = Shelf()


def reference_for(journal: str, number: int) -> str:
    """Our reference, at most 24 characters: the journal and a running number, nothing else."""
    return f"{journal}-{number}"


def number_of(reference: str) -> int:
    """The running number in one of our references; 0 when it is not one."""
    number = reference.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def apply(ledger: Ledger, entry: Entry) -> Ledger:
    """The ledger after this entry. What it no longer holds (an earlier day) is passed over."""
    match entry.record:
        case ObligationOpened() as opened:
            return _opened(ledger, entry, opened)
        case AttemptStarted(attempt, _, references):
            flights = {**ledger.flights, attempt: references}
            return replace(_each(ledger, references, attempt=attempt), flights=flights)
        case AttemptEnded() as ended:
            return _released(ledger, ended)
        case ReceiptStored() as stored:
            return _each(
                ledger,
                (stored.reference,),
                attempt=0,
                unsure=False,
                outcome=Outcome.REGISTERED,
                receipt=stored.receipt,
                status=stored.status,
                remarks=stored.remarks,
                errors=(),
            )
        case RejectionStored(reference, _, errors):
            return _each(ledger, (reference,), attempt=0, outcome=Outcome.REJECTED, errors=errors)
        case ObligationAmended(reference, worker, person):
            return _amended(ledger, reference, worker, person)
        case ObligationExpired(reference):
            return _each(ledger, (reference,), attempt=0, outcome=Outcome.EXPIRED)
        case DayBegan() as began:
            return _let_go(ledger, began)
    return _afterwards(ledger, entry)


def _afterwards(ledger: Ledger, entry: Entry) -> Ledger:
    """What is heard of a registration once it counts."""
    match entry.record:
        case ReceiptFollowed(reference, receipt, status, remarks):
            return _each(ledger, (reference,), receipt=receipt, status=status, remarks=remarks)
        case ObligationCancelled(reference):
            return _each(ledger, (reference,), outcome=Outcome.CANCELLED, remarks=())
    return _on_paper(ledger, entry)


def _on_paper(ledger: Ledger, entry: Entry) -> Ledger:
    match entry.record:
        case PersonListed(number, reference):
            known = ledger.of(reference)
            return _each(ledger, (reference,), lists=(*known.lists, number)) if known else ledger
        case ListStands(number, list_reference):
            stand = (
                o.reference
                for o in ledger.obligations.values()
                if number in o.lists and not o.list_reference
            )
            numbers = {"list_number": number, "list_reference": list_reference}
            return _each(ledger, tuple(stand), **numbers)
        case ObligationOnPaper(reference):
            return _each(ledger, (reference,), attempt=0, outcome=Outcome.ON_PAPER)
    return _exempt(ledger, entry)


def _exempt(ledger: Ledger, entry: Entry) -> Ledger:
    """What a third party's failure makes of a day; it never goes before a receipt or a list."""
    match entry.record:
        case ObligationsExempted(references=references):
            return _turned(ledger, references, (None, Outcome.EXPIRED), Outcome.EXEMPT)
        case ExemptionsWithdrawn(references=references):
            return _turned(ledger, references, (Outcome.EXEMPT,), Outcome.EXPIRED)
    return ledger


def _turned(
    ledger: Ledger,
    references: tuple[str, ...],
    instead_of: tuple[Outcome | None, ...],
    outcome: Outcome,
) -> Ledger:
    found = (o for reference in references if (o := ledger.of(reference)) is not None)
    turned = tuple(o.reference for o in found if o.outcome in instead_of)
    return _each(ledger, turned, attempt=0, outcome=outcome)


def _opened(ledger: Ledger, entry: Entry, opened: ObligationOpened) -> Ledger:
    number = number_of(opened.reference)
    obligation = Obligation(
        number=number,
        reference=opened.reference,
        worker=opened.worker,
        person=opened.person,
        uid=opened.uid,
        day=opened.day,
        duty=opened.duty,
        direction=opened.direction,
        reader=opened.reader,
        at=opened.at,
        seq=entry.seq,
    )
    return replace(
        ledger,
        obligations=ledger.obligations.put(number, obligation),
        waiting=_waits(ledger.waiting, obligation),
        days=_with_day(ledger, opened.day, opened.worker, number),
        opened=max(ledger.opened, number),
    )


def _with_day(
    ledger: Ledger, day: dt.date, worker: int, number: int
) -> Mapping[dt.date, Shelf[int, int]]:
    return {**ledger.days, day: ledger.days.get(day, _NONE).put(worker, number)}


def _each(ledger: Ledger, references: tuple[str, ...], **changes: object) -> Ledger:
    obligations, waiting = ledger.obligations, ledger.waiting
    for reference in references:
        before = ledger.of(reference)
        if before is not None:
            after = replace(before, **changes)  # type: ignore[arg-type]
            obligations = obligations.put(after.number, after)
            waiting = _waits(waiting, after)
    return replace(ledger, obligations=obligations, waiting=waiting)


def _waits(
    waiting: Mapping[dt.date, Shelf[int, int]], after: Obligation
) -> Mapping[dt.date, Shelf[int, int]]:
    shelf = waiting.get(after.day, _NONE)
    if after.waiting:
        return {**waiting, after.day: shelf.put(after.number, after.number)}
    if after.number not in shelf:
        return waiting
    rest = {**waiting, after.day: shelf.drop(after.number)}
    return {day: numbers for day, numbers in rest.items() if len(numbers)}


def _released(ledger: Ledger, ended: AttemptEnded) -> Ledger:
    """Frees what the attempt carried and no answer settled.

    What a whole answer left out may count already, like what had no answer at all.
    """
    carried = tuple(
        reference
        for reference in ledger.flights.get(ended.attempt, ())
        if (obligation := ledger.of(reference)) and obligation.attempt == ended.attempt
    )
    flights = {n: refs for n, refs in ledger.flights.items() if n != ended.attempt}
    changes = {"unsure": True} if ended.unsure or not ended.failure else {}
    return replace(_each(ledger, carried, attempt=0, **changes), flights=flights)


def _amended(ledger: Ledger, reference: str, worker: int, person: Worker) -> Ledger:
    before = ledger.of(reference)
    if before is None:
        return ledger
    ledger = _each(
        ledger, (reference,), worker=worker, person=person, outcome=None, attempt=0, errors=()
    )
    return replace(ledger, days=_with_day(ledger, before.day, worker, before.number))


def _let_go(ledger: Ledger, began: DayBegan) -> Ledger:
    obligations = ledger.obligations
    for obligation in ledger.obligations.values():
        if obligation.day < began.keep_from and obligation.outcome is not None:
            obligations = obligations.drop(obligation.number)
    return replace(
        ledger,
        obligations=obligations,
        days={day: shelf for day, shelf in ledger.days.items() if day >= began.keep_from},
        opened=max(ledger.opened, began.obligations),
    )
