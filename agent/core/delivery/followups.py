"""Which receipts are followed up, and how far the present round of questions has come.

A registration that counts is validated by the service hours later. What was validated or cancelled
is asked after no more; the rest, round by round, for as long as its day is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryBegan, InquiryClosed
from agent.core.delivery.receipt_records import ObligationCancelled, ReceiptFollowed
from agent.core.delivery.registrations import CANCELLED, VALIDATED
from agent.core.moment import Moment
from agent.core.obligations import Ledger, number_of
from agent.core.records import DayBegan, Entry, ReceiptStored
from agent.core.rules import DUTIES, Per
from agent.core.shelf import Shelf

FINAL = frozenset({VALIDATED, CANCELLED})
"""FAILED is none: it is validated anew once somebody has mended what was behind its remarks."""

Place = tuple[str, dt.date]
"""A declaration of works and a day: what one search tells of."""


@dataclass(frozen=True, slots=True)
class Followups:
    """`pending`: when its receipt came, by the number of the obligation. A round asks after each
    of them in the order of these numbers, and has come to `reached`; it began at `began`."""

    pending: Shelf[int, Moment] = field(default_factory=Shelf)
    reached: int = 0
    began: Moment | None = None
    searched: frozenset[Place] = frozenset()
    """In this round."""
    crowded: bool = False
    """A search was cut short today: it does not tell of everybody."""

    @property
    def round_over(self) -> bool:
        """True when nothing is left to be asked in this round."""
        return next(self.pending.beyond(self.reached), None) is None

    def next(self) -> tuple[int, Moment] | None:
        """Who is next, in this round or the one after it."""
        beyond = next(self.pending.beyond(self.reached), None)
        return beyond if beyond is not None else next(self.pending.items(), None)

    def without(self, reference: str) -> Followups:
        """This one is asked after no more."""
        return replace(self, pending=self.pending.drop(number_of(reference)))


def apply(followups: Followups, ledger: Ledger, entry: Entry) -> Followups:
    """The receipts to follow up after this entry; `ledger` is after it, too."""
    match entry.record:
        case ReceiptStored(reference, status=status):
            known = ledger.of(reference)
            if known is None or DUTIES[known.duty].per is not Per.DAY or status in FINAL:
                return followups.without(reference) if followups.pending else followups
            return replace(followups, pending=followups.pending.put(known.number, entry.at))
        case InquiryBegan() as began if followups.pending:
            return _asked(followups, ledger, entry, began)
        case InquiryClosed(asks=Ability.SEARCH, hopeless=True):
            return Followups(followups.pending)  # nothing was told: another way is tried at once
        case InquiryClosed(cut_short=True) if not followups.crowded:
            return Followups(followups.pending, crowded=True)
        case ReceiptFollowed(reference, status=status) if status in FINAL:
            return followups.without(reference)
        case ObligationCancelled(reference):
            return followups.without(reference)
        case DayBegan():
            pending = followups.pending
            for number in followups.pending:
                if number not in ledger.obligations:
                    pending = pending.drop(number)
            return Followups(pending)
    return followups


def _asked(followups: Followups, ledger: Ledger, entry: Entry, began: InquiryBegan) -> Followups:
    if began.asks is Ability.SEARCH and began.day is not None and not began.employer:
        return _searched(followups, ledger, entry, (began.declaration, began.day))
    if began.asks not in (Ability.LOOK_UP, Ability.ASK_AFTER):
        return followups
    numbers = [n for n in map(number_of, began.references) if n in followups.pending]
    if not numbers:
        return followups
    if followups.began is None or min(numbers) <= followups.reached:
        followups = _new_round(followups, entry.at)
    return replace(followups, reached=max(numbers))


def _searched(followups: Followups, ledger: Ledger, entry: Entry, place: Place) -> Followups:
    """A search of a whole site tells of everybody there that day, whatever it was made for."""
    if followups.began is None or followups.round_over:
        followups = _new_round(followups, entry.at)
    searched, reached = followups.searched | {place}, followups.reached
    for number, _ in followups.pending.beyond(reached):
        if place_of(ledger, number) not in searched:
            break
        reached = number
    return replace(followups, searched=searched, reached=reached)


def _new_round(followups: Followups, at: Moment) -> Followups:
    return Followups(followups.pending, 0, at, crowded=followups.crowded)


def place_of(ledger: Ledger, number: int) -> Place | None:
    """Where and on which day this registration counts; None: it was let go."""
    known = ledger.obligations.get(number)
    return None if known is None else (known.person.declaration, known.day)


def references(ledger: Ledger, numbers: Iterable[int]) -> tuple[str, ...]:
    """Our references of these obligations."""
    known = map(ledger.obligations.get, numbers)
    return tuple(o.reference for o in known if o is not None)
