"""Registrations that a person wants taken back: which are still to be asked for, and refusals."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
    """Both by the number of the obligation. `refused`: the last word on a registration that
    stands although a person wanted it cancelled."""

    wanted: Shelf[int, CancellationWanted] = field(default_factory=Shelf)
    refused: Shelf[int, CancellationRefused] = field(default_factory=Shelf)

    def without(self, number: int) -> Cancellations:
        """Nothing is known of this one any more."""
        return Cancellations(self.wanted.drop(number), self.refused.drop(number))


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
            return cancellations.without(number_of(reference))
        case DayBegan():
            for number in (*cancellations.wanted, *cancellations.refused):
                if number not in ledger.obligations:
                    cancellations = cancellations.without(number)
    return cancellations
