"""Obligations on ways that are not straight: handed over, held, passed on, found out about."""

from __future__ import annotations

from agent.core.delivery.delivery_records import HandoversOverdue, HandoverStored, ItemHeld
from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryBegan, InquiryClosed
from agent.core.obligations import Hold, Ledger, each
from agent.core.records import Entry


def apply(ledger: Ledger, entry: Entry) -> Ledger:
    """The ledger after this entry."""
    match entry.record:
        case HandoverStored(reference, _, channel):
            handed = {"handed_to": channel, "handed_at": entry.at, "asked_at": None}
            return each(ledger, (reference,), attempt=0, doubt="", hold=None, **handed)
        case HandoversOverdue(_, references, ""):
            return each(ledger, references, overdue=True)
        case HandoversOverdue(channel, references):
            for reference in references:
                ledger = _passed(ledger, reference, channel)
            return each(ledger, references, doubt=channel, handed_to="", overdue=False)
        case ItemHeld(passed_on=True) as held:
            return _passed(ledger, held.reference, held.channel)
        case ItemHeld() as held:
            hold = Hold(held.channel, held.times, held.tries, held.served, held.until_unix_ms)
            return each(ledger, (held.reference,), hold=hold)
        case InquiryBegan(references=references):
            return each(ledger, references, asked_at=entry.at)
        case InquiryClosed(asks=Ability.SEARCH, absent=absent):
            return each(ledger, absent, doubt="")
        case InquiryClosed(asks=Ability.ASK_AFTER, absent=absent, channel=channel):
            own = tuple(r for r in absent if (o := ledger.of(r)) and o.doubt in ("", channel))
            return each(ledger, own, doubt="", handed_to="", handed_at=None, overdue=False)
    return ledger


def _passed(ledger: Ledger, reference: str, channel: str) -> Ledger:
    """The line could not bring it to an end: the next one carries it."""
    before = ledger.of(reference)
    by = before.passed_by if before is not None else ()
    return each(ledger, (reference,), hold=None, passed_by=(*by, channel))
