"""Who passed out again, as later taps of an obligation's day tell it.

Checkinatwork wants a worker once a day, so that a second tap opens nothing. Where a reader leads
out, it says all the same that he is not on the site any more.
"""

from __future__ import annotations

from agent.core.obligations import Ledger, each
from agent.core.records import Entry, TapStored

OUT = "out"
"""The direction of a tap at a reader that leads off the site."""


def apply(ledger: Ledger, entry: Entry) -> Ledger:
    """The ledger after this entry. Nearly all taps change nothing here."""
    match entry.record:
        case TapStored(obligation=reference, direction=direction) if reference:
            known = ledger.of(reference)
            left = entry.at if direction == OUT else None
            if known is not None and (left or known.left) is not None:
                return each(ledger, (reference,), left=left)
    return ledger
