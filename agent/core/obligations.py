"""Each worker's day and its one outcome.

An obligation is opened by a tap and ends its day with exactly one outcome (DOMAIN.md, section 4).
Between the two it waits, or it is in flight (`attempt` names the attempt that carries it), or it is
handed over to a supplier. Where an answer was lost on the way it is in doubt: it may count already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from agent.core.delivery.registrations import ALREADY_REGISTERED, ItemError, Registration
from agent.core.moment import Moment
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
class Hold:
    """By which line a call with this alone in it was refused, how often, and until when it rests
    there; see `ItemHeld`."""

    channel: str
    times: int
    tries: int
    served: int
    until_unix_ms: int


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
    outcome: Outcome | None = None
    receipt: str = ""
    status: str = ""
    """What the service last said of it: SUCCESSFULLY REGISTERED, VALIDATED, FAILED."""
    ahead: bool = False
    """Its worker is registered ahead and has not tapped yet."""
    remarks: tuple[str, ...] = ()
    errors: tuple[ItemError, ...] = ()
    lists: tuple[str, ...] = ()
    """The attendance lists on which it stands, proof or not."""
    list_number: str = ""
    list_reference: str = ""
    """Of the first of them that is proof. It is sent all the same as long as its day lasts."""
    doubt: str = ""
    """The line at which an answer was lost, so that it may count already."""
    handed_to: str = ""
    """The line whose supplier has accepted it."""
    handed_at: Moment | None = None
    asked_at: Moment | None = None
    """When the last inquiry about it began."""
    overdue: bool = False
    """Handed over for too long, with no other line to take over."""
    hold: Hold | None = None
    passed_by: tuple[str, ...] = ()
    """Lines that could not bring it to an end: the next one carries it."""
    left: Moment | None = None  # since when its worker is off the site (passages.py)

    @property
    def unsure(self) -> bool:
        """True where an answer was lost, so that it may count already."""
        return bool(self.doubt)

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
        """True while it has neither an outcome nor anybody who carries it."""
        return self.outcome is None and not self.attempt and not self.handed_to

    @property
    def handed_over(self) -> bool:
        """True while it is only handed over: a state and no outcome."""
        return self.outcome is None and not self.attempt and bool(self.handed_to)

    @property
    def delicate(self) -> bool:
        """True where not just any line may send it at once."""
        return self.waiting and bool(self.doubt or self.hold or self.passed_by)

    @property
    def late(self) -> bool:
        """True where midnight came first, or a person took it back, and yet it may count."""
        over = self.outcome not in (None, Outcome.REGISTERED, Outcome.REJECTED)
        return over and bool(self.doubt or self.handed_to)

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
    delicate: Shelf[int, int] = field(default_factory=Shelf)
    """Of those that wait: the ones that not just any line may send at once."""
    handed: Shelf[int, int] = field(default_factory=Shelf)
    """Those that are only handed over."""
    late: Shelf[int, int] = field(default_factory=Shelf)
    """Those that are over and may count all the same."""
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
            yield from self.those(self.waiting.get(day, _NONE))

    def those(self, shelf: Shelf[int, int]) -> Iterator[Obligation]:
        """The obligations on a shelf of numbers."""
        for number in shelf:
            obligation = self.obligations.get(number)
            if obligation is not None:
                yield obligation

    def oldest_unsettled(self) -> Obligation | None:
        """The first one that has no outcome: waiting, handed over or in flight."""
        handed = next(self.those(self.handed), None)
        undelivered = self.oldest_undelivered()
        found = [o for o in (handed, undelivered) if o is not None]
        return min(found, key=lambda o: o.number, default=None)

    def oldest_undelivered(self, duty: str = "", since: dt.date = dt.date.min) -> Obligation | None:
        """The first one that nobody has accepted, waiting or in flight; if named, of this duty, and
        of a day from `since` on. Who is registered ahead and not here yet waits for nothing."""
        if not self.waiting and not self.flights:
            return None
        open_ = [self.waiting_on((day,)) for day in self.waiting]
        for references in self.flights.values():
            flying = (self.of(reference) for reference in references)
            open_.append(o for o in flying if o is not None and o.outcome is None)
        wanted = ((o for o in some if duty in ("", o.duty) and o.day >= since) for some in open_)
        first = (next((o for o in some if not o.ahead), None) for some in wanted)
        return min((o for o in first if o is not None), key=lambda o: o.number, default=None)

    def for_tap(self, worker: int, at: Moment, duty: Duty, rules: Rules) -> Obligation | None:
        """The obligation that a tap now belongs to; None: it opens a new one.

        A tap within the shift's length after the first one of a shift that began yesterday
        belongs to that shift and opens no new day (DOMAIN.md, section 4).
        """
        if duty.per is Per.TAP:
            return None
        today = rules.day(at)
        return self._standing(worker, today) or self.of_last_night(worker, at, rules)

    def of_last_night(self, worker: int, at: Moment, rules: Rules) -> Obligation | None:
        """The obligation of this worker's shift that began yesterday, while it may last."""
        before = self._standing(worker, rules.day(at) - dt.timedelta(days=1))
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
            return replace(each(ledger, references, attempt=attempt), flights=flights)
        case AttemptEnded() as ended:
            return _released(ledger, ended)
        case ReceiptStored() as stored:
            changes = {**SETTLED, "outcome": Outcome.REGISTERED, "receipt": stored.receipt}
            changes |= {"status": stored.status, "remarks": stored.remarks}
            return each(ledger, (stored.reference,), **changes)
        case RejectionStored(reference, _, errors):
            changes = {**SETTLED, "outcome": Outcome.REJECTED, "errors": errors}
            return each(ledger, (reference,), **changes)
        case ObligationAmended(reference, worker, person):
            return _amended(ledger, reference, worker, person)
        case ObligationExpired(reference):
            return each(ledger, (reference,), attempt=0, hold=None, outcome=Outcome.EXPIRED)
        case DayBegan() as began:
            return _let_go(ledger, began)
    return ledger


SETTLED: dict[str, Any] = {
    **{"attempt": 0, "doubt": "", "handed_to": "", "overdue": False, "hold": None, "errors": ()}
}
"""Nothing is under way for it any more."""


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
        ahead=opened.ahead,
        doubt=opened.elsewhere,
    )
    return replace(
        ledger,
        obligations=ledger.obligations.put(number, obligation),
        waiting=_by_day(ledger.waiting, obligation),
        delicate=_on(ledger.delicate, number, obligation.delicate),
        days=_with_day(ledger, opened.day, opened.worker, number),
        opened=max(ledger.opened, number),
    )


def _with_day(
    ledger: Ledger, day: dt.date, worker: int, number: int
) -> Mapping[dt.date, Shelf[int, int]]:
    return {**ledger.days, day: ledger.days.get(day, _NONE).put(worker, number)}


def each(ledger: Ledger, references: tuple[str, ...], **changes: Any) -> Ledger:
    """The ledger with these obligations changed; what it does not hold is passed over."""
    obligations, waiting = ledger.obligations, ledger.waiting
    delicate, handed, late = ledger.delicate, ledger.handed, ledger.late
    for reference in references:
        before = ledger.of(reference)
        if before is not None:
            after = replace(before, **changes)
            obligations = obligations.put(after.number, after)
            waiting = _by_day(waiting, after)
            delicate = _on(delicate, after.number, after.delicate)
            handed = _on(handed, after.number, after.handed_over)
            late = _on(late, after.number, after.late)
    return replace(
        ledger,
        obligations=obligations,
        waiting=waiting,
        delicate=delicate,
        handed=handed,
        late=late,
    )


def _on(shelf: Shelf[int, int], number: int, belongs: bool) -> Shelf[int, int]:
    if not belongs:
        return shelf.drop(number)
    return shelf if number in shelf else shelf.put(number, number)


def _by_day(
    waiting: Mapping[dt.date, Shelf[int, int]], after: Obligation
) -> Mapping[dt.date, Shelf[int, int]]:
    before = waiting.get(after.day, _NONE)
    shelf = _on(before, after.number, after.waiting)
    if shelf is before:
        return waiting
    if shelf:
        return {**waiting, after.day: shelf}
    return {day: numbers for day, numbers in waiting.items() if day != after.day}


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
    changes = {"doubt": ended.channel} if ended.unsure or not ended.failure else {}
    return replace(each(ledger, carried, attempt=0, **changes), flights=flights)


def _amended(ledger: Ledger, reference: str, worker: int, person: Worker) -> Ledger:
    if (before := ledger.of(reference)) is None:
        return ledger
    anew: dict[str, Any] = {"attempt": 0, "errors": (), "hold": None, "passed_by": ()}
    if worker != before.worker:  # a list that bears another number is no proof
        anew |= {"lists": (), "list_number": "", "list_reference": ""}
    ledger = each(ledger, (reference,), worker=worker, person=person, outcome=None, **anew)
    return replace(ledger, days=_with_day(ledger, before.day, worker, before.number))


def _let_go(ledger: Ledger, began: DayBegan) -> Ledger:
    obligations, late = ledger.obligations, ledger.late
    for obligation in ledger.obligations.values():
        if obligation.day < began.keep_from and obligation.outcome is not None:
            obligations = obligations.drop(obligation.number)
            late = late.drop(obligation.number)
    return replace(
        ledger,
        obligations=obligations,
        late=late,
        days={day: shelf for day, shelf in ledger.days.items() if day >= began.keep_from},
        opened=max(ledger.opened, began.obligations),
    )
