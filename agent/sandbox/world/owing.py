"""Obligations folded from the journal's records once more, by rules of our own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from agent.core.delivery.delivery_records import HandoverStored
from agent.core.delivery.inquiry_records import InquiryClosed
from agent.core.delivery.receipt_records import CancellationRefused, ObligationCancelled
from agent.core.obligations import Outcome
from agent.core.outage.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.paper.paper_records import ObligationOnPaper
from agent.core.records import (
    AttemptEnded,
    AttemptStarted,
    ObligationAmended,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    Record,
    RejectionStored,
    TapCounted,
)
from agent.core.roster import Worker


@dataclass(slots=True)
class Owed:
    """An obligation. `tapped_ms`: true time of its first tap; `opened_ms`: of when the gate knew of
    it; `early`: it was registered ahead, `ahead`: and nobody came yet; `unsure`: it was sent, and
    no answer, or only a supplier's, said what became of it."""

    reference: str
    person: Worker
    day: dt.date
    duty: str
    tapped_ms: int
    marks: set[Outcome] = field(default_factory=set)
    opened_ms: int = 0
    receipt: str = ""
    unsure: bool = False
    ahead: bool = False
    early: bool = False
    taken_back: bool = False
    """A person took it back here, and nothing said since that it stands all the same."""

    @property
    def outcome(self) -> Outcome | None:
        """The first that holds (DOMAIN.md, section 4); what a person cancelled is over."""
        if Outcome.CANCELLED in self.marks:
            return Outcome.CANCELLED
        return next((outcome for outcome in Outcome if outcome in self.marks), None)


class Owing:
    """All of them by reference. `exempted`: those that a record has just made exempt, with the
    incidents that it names for that."""

    def __init__(self) -> None:
        self.all: dict[str, Owed] = {}
        self.open: dict[str, Owed] = {}
        """Those that were not looked at yet after their day."""
        self.exempted: list[tuple[Owed, tuple[str, ...]]] = []
        self._carried: dict[int, tuple[str, ...]] = {}

    def hears(self, record: Record, tapped_ms: int, now_ms: int = 0) -> None:
        """Takes one record."""
        match record:
            case ObligationOpened() as o:
                owed = Owed(o.reference, o.person, o.day, o.duty, tapped_ms, ahead=o.ahead)
                owed.opened_ms, owed.early = max(now_ms, tapped_ms), o.ahead
                self.all[o.reference] = self.open[o.reference] = owed
            case TapCounted(_, reference) if (counted := self.all.get(reference)) and counted.ahead:
                counted.ahead, counted.tapped_ms = False, max(now_ms, tapped_ms)
            case ObligationAmended(reference, _, person):
                owed = self.all[reference]
                owed.person, owed.opened_ms = person, max(owed.opened_ms, now_ms)
                owed.marks.discard(Outcome.REJECTED)
            case AttemptStarted(attempt, _, references):
                self._carried[attempt] = references
            case AttemptEnded(attempt) as ended:
                carried = self._carried.pop(attempt, ())
                for reference in carried if ended.unsure else ended.missing:
                    self.all[reference].unsure = True
            case InquiryClosed(absent=absent):
                for reference in absent:
                    self.all[reference].unsure = False
            case HandoverStored(reference):
                self.all[reference].unsure = True
            case ReceiptStored(reference) as stored:
                owed = self.all[reference]
                owed.marks.add(Outcome.REGISTERED)
                owed.marks.discard(Outcome.CANCELLED)  # a supplier's, of before it was taken back
                owed.receipt = stored.receipt
            case RejectionStored(reference):
                self.all[reference].marks.add(Outcome.REJECTED)
                self.all[reference].unsure = False
            case ObligationOnPaper(reference):
                self.all[reference].marks.add(Outcome.ON_PAPER)
            case ObligationExpired(reference):
                self.all[reference].marks.add(Outcome.EXPIRED)
            case ObligationCancelled(reference, elsewhere=elsewhere):
                self.all[reference].marks.add(Outcome.CANCELLED)
                self.all[reference].taken_back = not elsewhere
            case CancellationRefused(reference):
                self.all[reference].taken_back = False
            case ObligationsExempted(incidents=incidents, references=references):
                for reference in references:
                    self.all[reference].marks.add(Outcome.EXEMPT)
                    self.exempted.append((self.all[reference], incidents))
            case ExemptionsWithdrawn(references=references):
                for reference in references:
                    self.all[reference].marks.discard(Outcome.EXEMPT)
                    self.all[reference].marks.add(Outcome.EXPIRED)

    def over(self, today: dt.date) -> list[Owed]:
        """Those of days before `today`, each once."""
        over = [owed for owed in self.open.values() if owed.day < today]
        for owed in over:
            del self.open[owed.reference]
        return over
