"""Lost answers: whether what was sent counts is found out before anything else.

A search of site and day tells, where the account may: what is found is registered, what is not is
sent again. Where nothing can be searched it is sent again, and ALREADY REGISTERED is a success.
After midnight only a search can tell (DOMAIN.md, section 4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from agent.core.delivery.inquiries import Ability, Found, Query, Search
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.delivery.lines import can_search, in_charge, may_ask
from agent.core.delivery.wishes import Wish
from agent.core.events import InquiryEnded
from agent.core.moment import Moment
from agent.core.obligations import Obligation
from agent.core.records import ReceiptStored
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn

CANCELLED = "SUCCESSFULLY CANCELLED"

Key = tuple[dt.date | None, str, str, str]


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """The search of one site and day that tells of the first one in doubt, and all like it."""
    if not state.ledger.delicate and not state.ledger.late:
        return None
    if not may_ask(line, state.lines.way(line.name), Ability.SEARCH):
        return None
    doubtful = list(_doubtful(state, line))
    if not doubtful:
        return None
    declaration, day = doubtful[0].person.declaration, doubtful[0].day
    asked = [o for o in doubtful if (o.person.declaration, o.day) == (declaration, day)]
    employers = {o.person.employer for o in asked}
    employer = employers.pop() if len(employers) == 1 else ""
    query = Query(declaration, day, day, employer)
    return Wish(now.mono_ms, Search(query), tuple(o.reference for o in asked))


def _doubtful(state: State, line: Line) -> Iterator[Obligation]:
    ledger, way = state.ledger, state.lines.way(line.name)
    if can_search(line, way):
        for o in ledger.those(ledger.delicate):
            if o.doubt and o.duty == line.duty:
                carrier = in_charge(state.lines, state.rules, o.duty, o.passed_by)
                if o.doubt == line.name or carrier in (None, line):
                    yield o
    yield from (o for o in ledger.those(ledger.late) if o.doubt and o.duty == line.duty)


def found(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> None:
    """Settles whatever is open, in doubt or late and stands in what a search has found."""
    if began.asks is not Ability.SEARCH or not event.found:
        return
    standing = _by_key(event.found)
    ledger = turn.state.ledger
    for o in (*ledger.those(ledger.delicate), *ledger.those(ledger.handed), *_late(turn)):
        hit = standing.get(_key(o))
        if hit is not None:
            receipt = hit.receipt
            turn.record(
                ReceiptStored(o.reference, 0, receipt.number, receipt.status, receipt.remarks)
            )


def _late(turn: Turn) -> Iterator[Obligation]:
    ledger = turn.state.ledger
    return ledger.those(ledger.late)


def _by_key(found: Iterable[Found]) -> dict[Key, Found]:
    """The registration that stands for each worker and day: no cancelled one, no duplicate."""
    standing: dict[Key, Found] = {}
    for one in found:
        key = (one.day, one.declaration, *_person(one.inss, one.limosa, one.employer))
        if one.receipt.status != CANCELLED and not one.receipt.duplicate:
            standing.setdefault(key, one)
    return standing


def _key(o: Obligation) -> Key:
    person = o.person
    return o.day, person.declaration, *_person(person.inss, person.limosa, person.employer)


def _person(inss: str, limosa: str, employer: str) -> tuple[str, str]:
    """A Limosa number stands alone, an INSS with its employer (WIRE.md, section 1)."""
    return (inss, employer) if inss else (limosa, "")


def absent(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> tuple[str, ...]:
    """Which of those that were asked for are not there, once `found` has settled the others."""
    if event.failure is not None:
        return ()
    ledger = turn.state.ledger
    match began.asks:
        case Ability.SEARCH:
            asked = (ledger.of(reference) for reference in began.references)
            return tuple(o.reference for o in asked if o is not None and o.doubt)
        case Ability.ASK_AFTER:
            return tuple(r for r in event.missing if r in began.references)
    return ()
