"""The journal told by days: each worker's obligation with its outcome, and what befell the site.

Days come out whole: one that an earlier bundle began is told again from its beginning, so that a
sheet never shows half a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent.core.delivery.receipt_records import ObligationCancelled, ReceiptFollowed
from agent.core.moment import Moment
from agent.core.obligations import Outcome
from agent.core.outage.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.paper.paper_records import ListMade, ListStands, ObligationOnPaper, PersonListed
from agent.core.records import (
    AttemptStarted,
    DayBegan,
    Entry,
    ObligationAmended,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    RejectionStored,
    TapStored,
)
from agent.core.roster import Worker

STRAGGLE_DAYS = 3
"""So long after its day an obligation mostly gets an entry of its own; later ones are foreseen."""
OPEN = "open"
_FINAL = frozenset({Outcome.REGISTERED, Outcome.CANCELLED})
_LESSER = frozenset(set(Outcome) - _FINAL)


@dataclass(slots=True)
class Line:
    """One obligation as its entries leave it; they change it in place, for there are many.

    `outcome` is OPEN or an Outcome's value. `tapped`: None as long as only its employer said that
    the worker comes.
    `listed_by`: the firms that made the attendance lists that name the worker. `list_reference`:
    the reference number of the list that proves the day, also of whoever got a receipt after all.
    `incidents`: those that exempt.
    `sent_by`: the last channel that carried it. `stored`: when the receipt came.
    """

    reference: str
    worker: int
    person: Worker
    day: dt.date
    duty: str
    direction: str
    reader: str
    tapped: Moment | None
    outcome: str = OPEN
    sent_by: str = ""
    receipt: str = ""
    status: str = ""
    remarks: tuple[str, ...] = ()
    stored: Moment | None = None
    errors: tuple[str, ...] = ()
    answer_lost: bool = False
    listed_by: tuple[str, ...] = ()
    list_number: str = ""
    list_reference: str = ""
    incidents: tuple[str, ...] = ()


@dataclass(slots=True)
class Day:
    """A day of the site; `touched`: something of it is new."""

    day: dt.date
    lines: dict[str, Line] = field(default_factory=dict)
    events: list[Entry] = field(default_factory=list)
    touched: bool = False


class Days:
    """Gathers entries into days. `first`: from which entry on they are new; `kept`: days that get
    late entries, and so wait until the end."""

    def __init__(
        self, zone: dt.tzinfo, first: int, kept: Iterable[dt.date], noted: frozenset[str]
    ) -> None:
        self._zone, self._first = zone, first
        self._kept = frozenset(kept)
        self._noted = noted
        self._days: dict[dt.date, Day] = {}
        self._where: dict[str, dt.date] = {}
        self._lists: dict[str, str] = {}
        self._named: dict[str, list[str]] = {}
        """By list: the references of whom it names."""

    def take(self, entry: Entry) -> Iterable[Day]:
        """The next entry; the touched days that are over with it, in order."""
        self._take(entry)
        if isinstance(entry.record, DayBegan):
            before = entry.record.keep_from - dt.timedelta(days=STRAGGLE_DAYS)
            return self._over(before, self._kept)
        return ()

    def rest(self) -> Iterator[Day]:
        """The touched days that are left when no entry comes any more."""
        return self._over(dt.date.max, frozenset())

    def _over(self, before: dt.date, kept: frozenset[dt.date]) -> Iterator[Day]:
        for day in sorted(day for day in self._days if day < before and day not in kept):
            whole = self._days.pop(day)
            for reference in whole.lines:
                del self._where[reference]
            if whole.touched:
                yield whole

    def _take(self, entry: Entry) -> None:
        if entry.kind in self._noted and entry.record is not None:
            day = self._day(entry.at.day(self._zone))
            day.events.append(entry)
            day.touched |= entry.seq >= self._first
        match entry.record:
            case None:
                pass
            case ObligationOpened() as opened:
                self._open(entry, opened)
            case AttemptStarted(_, channel, references):
                self._change(entry, references, sent_by=channel)
            case ReceiptStored() as stored:
                self._change(
                    entry,
                    (stored.reference,),
                    outcome=Outcome.REGISTERED.value,
                    receipt=stored.receipt,
                    status=stored.status,
                    remarks=stored.remarks,
                    stored=entry.at,
                    errors=(),
                )
            case RejectionStored(reference, _, errors):
                said = tuple(f"{error.code} {error.text}".strip() for error in errors)
                self._change(entry, (reference,), outcome=Outcome.REJECTED.value, errors=said)
            case ObligationAmended(reference, worker, person):
                changes = {"worker": worker, "person": person, "outcome": OPEN, "errors": ()}
                self._change(entry, (reference,), **changes)
            case ObligationExpired(reference, _, lost):
                expired = Outcome.EXPIRED.value
                self._change(entry, (reference,), outcome=expired, answer_lost=lost)
            case TapStored(obligation=reference) if reference in self._where:
                line = self._days[self._where[reference]].lines[reference]
                if line.tapped is None:
                    self._change(entry, (reference,), tapped=entry.at)
            case _:
                self._take_later(entry)

    def _take_later(self, entry: Entry) -> None:
        """What comes where no receipt did, and what comes after one."""
        match entry.record:
            case ListMade() as made:
                self._lists[made.number] = made.firm
            case PersonListed(number, reference) if reference in self._where:
                known = self._days[self._where[reference]].lines[reference]
                firms = (*known.listed_by, self._lists.get(number, ""))
                self._change(entry, (reference,), listed_by=firms)
                self._named.setdefault(number, []).append(reference)
            case ListStands(number, proof):
                self._stands(entry, number, proof)
            case ObligationOnPaper(reference, _, number, proof):
                self._change(
                    entry,
                    (reference,),
                    outcome=Outcome.ON_PAPER.value,
                    list_number=number,
                    list_reference=proof,
                )
            case ObligationsExempted(_, incidents, references):
                turned = self._with_outcome(references, OPEN, Outcome.EXPIRED)
                self._change(entry, turned, outcome=Outcome.EXEMPT.value, incidents=incidents)
            case ExemptionsWithdrawn(_, _, references):
                turned = self._with_outcome(references, Outcome.EXEMPT)
                self._change(entry, turned, outcome=Outcome.EXPIRED.value, incidents=())
            case ReceiptFollowed(reference, receipt, status, remarks):
                followed = {"receipt": receipt, "status": status, "remarks": remarks}
                self._change(entry, (reference,), **followed)
            case ObligationCancelled(reference):
                cancelled = Outcome.CANCELLED.value
                self._change(entry, (reference,), outcome=cancelled, remarks=())

    def _stands(self, entry: Entry, number: str, proof: str) -> None:
        """The list is proof from here on: the first one that is counts, as it does at the gate."""
        for reference in self._named.pop(number, ()):
            where = self._where.get(reference)
            if where is not None and not self._days[where].lines[reference].list_reference:
                self._change(entry, (reference,), list_number=number, list_reference=proof)

    def _open(self, entry: Entry, opened: ObligationOpened) -> None:
        day = self._day(opened.day)
        self._where[opened.reference] = opened.day
        day.touched |= entry.seq >= self._first
        day.lines[opened.reference] = Line(
            reference=opened.reference,
            worker=opened.worker,
            person=opened.person,
            day=opened.day,
            duty=opened.duty,
            direction=opened.direction,
            reader=opened.reader,
            tapped=None if opened.ahead else opened.at,
        )

    def _with_outcome(self, references: Iterable[str], *outcomes: str) -> list[str]:
        lines = ((r, self._days[self._where[r]].lines[r]) for r in references if r in self._where)
        return [reference for reference, line in lines if line.outcome in outcomes]

    def _change(self, entry: Entry, references: Iterable[str], **changes: object) -> None:
        for reference in references:
            where = self._where.get(reference)
            if where is None:
                continue
            day = self._days[where]
            before = day.lines[reference]
            day.touched |= entry.seq >= self._first
            if before.outcome in _FINAL and changes.get("outcome") in _LESSER:
                continue  # a receipt counts before all else
            for name, value in changes.items():
                setattr(before, name, value)

    def _day(self, day: dt.date) -> Day:
        return self._days.setdefault(day, Day(day))
