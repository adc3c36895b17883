"""Registrations that a person wants taken back: which are still to be asked for, and refusals."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agent.core.delivery.inquiries import CancelReason
from agent.core.delivery.receipt_records import (
    CancellationRefused,
    CancellationWanted,
    ObligationCancelled,
)
from agent.core.obligations import Ledger, number_of
from agent.core.records import DayBegan, Entry
from agent.core.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Cancellations:
    """All by the number of the obligation. `refused`: the last word on a registration that
    stands although a person wanted it cancelled. `done`: why it was, where a supplier may register
    it yet (see `Obligation.late`)."""

    wanted: Shelf[int, CancellationWanted] = field(default_factory=Shelf)
    refused: Shelf[int, CancellationRefused] = field(default_factory=Shelf)
    done: Shelf[int, CancelReason] = field(default_factory=Shelf)

    def without(self, number: int) -> Cancellations:
        """Nothing is known of this one any more."""
        shelves = self.wanted, self.refused, self.done
        return Cancellations(*(shelf.drop(number) for shelf in shelves))  # type: ignore[arg-type]


def apply(cancellations: Cancellations, ledger: Ledger, entry: Entry) -> Cancellations:
    """The cancellations after this entry; `ledger` is after it, too."""
    match entry.record:
        case CancellationWanted(reference) as wanted if ledger.of(reference) is not None:
            number = number_of(reference)
            rest = cancellations.without(number)
            return replace(rest, wanted=rest.wanted.put(number, wanted))
        case CancellationRefused(reference) as refused if ledger.of(reference) is not None:
            number = number_of(reference)
            rest = cancellations.without(number)
            return replace(rest, refused=rest.refused.put(number, refused))
        case ObligationCancelled(reference):
            return _done(cancellations, ledger, reference)
        case DayBegan():
            for number in (*cancellations.wanted, *cancellations.refused, *cancellations.done):
                if number not in ledger.obligations:
                    cancellations = cancellations.without(number)
    return cancellations


def _done(cancellations: Cancellations, ledger: Ledger, reference: str) -> Cancellations:
    known, wanted = ledger.of(reference), cancellations.wanted.get(number_of(reference))
    rest = cancellations.without(number_of(reference))
    if known is None or wanted is None or not known.late:
        return rest
    return replace(rest, done=rest.done.put(known.number, wanted.reason))
