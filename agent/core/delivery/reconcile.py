"""Lost answers: whether what was sent counts is found out before anything else.

A search of site and day tells, where the account may: what is found is registered, what is not is
sent again. One that was cut short finds, but says of nobody that he is not there. Where nothing can
be searched it is sent again, and ALREADY REGISTERED is a success. After midnight only a search can
tell (DOMAIN.md, section 4), and then there is no hurry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import chain

from agent.core.delivery.inquiries import Ability, Found, Query, Search
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.delivery.lines import can_search, in_charge, may_ask
from agent.core.delivery.wishes import Wish
from agent.core.events import InquiryEnded
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.records import ReceiptStored
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn

CANCELLED = "SUCCESSFULLY CANCELLED"

RARER, MOST_APART_MS = 16, 3_600_000
"""What is late is searched for after so much of its age, and an hour at the most: there is no
hurry, and a search may bring 500 registrations."""

Key = tuple[dt.date | None, str, str, str]


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """The search that tells of the first one in doubt, and of all like it."""
    ledger, way = state.ledger, state.lines.way(line.name)
    if not (ledger.delicate or ledger.late) or not may_ask(line, way, Ability.SEARCH):
        return None
    doubtful = list(_doubtful(state, line)) if can_search(line, way) else []
    if doubtful:
        return _search(now.mono_ms, doubtful[0], doubtful)
    late = [o for o in ledger.those(ledger.late) if o.doubt and o.duty == line.duty]
    if not late:
        return None
    first = min(late, key=lambda o: _late_turn_ms(o, now, state))
    return _search(now.mono_ms + max(0, _late_turn_ms(first, now, state)), first, late)


def _search(due_ms: int, first: Obligation, doubtful: Iterable[Obligation]) -> Wish:
    """Each employer apart: the service lists only so many."""
    place = declaration, day, employer = _place(first)
    asked = tuple(o.reference for o in doubtful if _place(o) == place)
    return Wish(due_ms, Search(Query(declaration, day, day, employer)), asked)


def _place(o: Obligation) -> tuple[str, dt.date, str]:
    # Who is registered by a Limosa number is so without an employer, and not found by one.
    return o.person.declaration, o.day, o.person.employer if o.person.inss else ""


def _late_turn_ms(o: Obligation, now: Moment, state: State) -> int:
    """In how many ms it is searched for; negative: it should have been by now."""
    if o.asked_at is None:
        return 0
    rest_ms = min((o.asked_at.unix_ms - o.at.unix_ms) // RARER, MOST_APART_MS)
    return o.asked_at.unix_ms + max(rest_ms, state.rules.longest_retry_ms) - now.unix_ms


def _doubtful(state: State, line: Line) -> Iterator[Obligation]:
    ledger = state.ledger
    for o in ledger.those(ledger.delicate):
        if o.doubt and o.duty == line.duty:
            carrier = in_charge(state.lines, state.rules, o.duty, o.passed_by)
            if o.doubt == line.name or carrier in (None, line):
                yield o


def found(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> None:
    """Settles whatever is open, in doubt or late and stands in what a search has found. What was
    taken back is not: somebody else may have registered that day anew."""
    if began.asks is not Ability.SEARCH or not event.found:
        return
    standing = _by_key(event.found)
    ledger = turn.state.ledger
    open_ = map(ledger.those, (ledger.delicate, ledger.handed, ledger.late))
    for o in tuple(chain.from_iterable(open_)):
        hit = standing.get(_key(o)) or standing.get(o.reference)
        if hit is not None and o.outcome is not Outcome.CANCELLED:
            receipt = hit.receipt
            turn.record(
                ReceiptStored(o.reference, 0, receipt.number, receipt.status, receipt.remarks)
            )


def _by_key(found: Iterable[Found]) -> dict[Key | str, Found]:
    """The registration that stands for each worker and day: no cancelled one, no duplicate.

    A search may leave out whose it is (WIRE.md, section 1): then our reference tells.
    """
    standing: dict[Key | str, Found] = {}
    for one in found:
        key: Key | str = (one.day, one.declaration, *_person(one.inss, one.limosa, one.employer))
        if not one.inss and not one.limosa:
            key = one.reference
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
    if event.failure is not None or event.cut_short:
        return ()
    ledger = turn.state.ledger
    match began.asks:
        case Ability.SEARCH:
            asked = (ledger.of(reference) for reference in began.references)
            return tuple(o.reference for o in asked if o is not None and o.doubt)
        case Ability.ASK_AFTER:
            return tuple(r for r in event.missing if r in began.references)
    return ()
