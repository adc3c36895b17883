"""How obligations end besides by a receipt: on paper, exempt, cancelled; and what comes after."""

from __future__ import annotations

from agent.core.delivery.receipt_records import ObligationCancelled, ReceiptFollowed
from agent.core.obligations import SETTLED, Ledger, Obligation, Outcome, each
from agent.core.outage.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.paper.paper_records import ListStands, ObligationOnPaper, PersonListed
from agent.core.records import Entry, TapCounted, TapStored


def apply(ledger: Ledger, entry: Entry) -> Ledger:
    """The ledger after this entry."""
    match entry.record:
        case ReceiptFollowed(reference, receipt, status, remarks):
            return each(ledger, (reference,), receipt=receipt, status=status, remarks=remarks)
        case TapStored(obligation=reference) | TapCounted(obligation=reference) if reference:
            known = ledger.of(reference)
            if known is None or not known.ahead:
                return ledger
            return each(ledger, (reference,), ahead=False, at=entry.at)
        case ObligationCancelled(reference):
            cancelled = {**SETTLED, "outcome": Outcome.CANCELLED, "remarks": ()}
            cancelled["handed_to"] = _accepted_by(ledger.of(reference))
            return each(ledger, (reference,), **cancelled)
        case PersonListed(number, reference):
            known = ledger.of(reference)
            return each(ledger, (reference,), lists=(*known.lists, number)) if known else ledger
        case ListStands(number, list_reference):
            stand = (
                o.reference
                for o in ledger.obligations.values()
                if number in o.lists and not o.list_reference
            )
            numbers = {"list_number": number, "list_reference": list_reference}
            return each(ledger, tuple(stand), **numbers)
        case ObligationOnPaper(reference):
            return each(ledger, (reference,), attempt=0, outcome=Outcome.ON_PAPER)
        case ObligationsExempted(references=references):
            return _turned(ledger, references, (None, Outcome.EXPIRED), Outcome.EXEMPT)
        case ExemptionsWithdrawn(references=references):
            return _turned(ledger, references, (Outcome.EXEMPT,), Outcome.EXPIRED)
    return ledger


def _accepted_by(known: Obligation | None) -> str:
    """The line whose supplier accepted it before another one took it over: it may register it yet,
    though what the other one registered was taken back."""
    taken_over = known is not None and known.handed_at is not None and known.passed_by
    return known.passed_by[-1] if known is not None and taken_over else ""


def _turned(
    ledger: Ledger,
    references: tuple[str, ...],
    instead_of: tuple[Outcome | None, ...],
    outcome: Outcome,
) -> Ledger:
    """What a third party's failure makes of a day never goes before a receipt or a list."""
    found = (o for reference in references if (o := ledger.of(reference)) is not None)
    turned = tuple(o.reference for o in found if o.outcome in instead_of)
    return each(ledger, turned, attempt=0, outcome=outcome)
