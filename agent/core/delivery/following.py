"""Receipts followed up: what validation made of a registration is read back, gently.

One search tells of a whole site and day, where the account may search and the service lists all of
them; else a few are looked up by receipt number at a time; a supplier is asked after its own.
Reading changes nothing, so yesterday's receipts are followed up, too: nothing is *sent* for
yesterday.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from agent.core.delivery.followups import place_of, references
from agent.core.delivery.inquiries import Ability, AskAfter, Found, LookUp, Query, Question, Search
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.delivery.lines import may_ask
from agent.core.delivery.receipt_records import ObligationCancelled, ReceiptFollowed
from agent.core.delivery.registrations import CANCELLED, Receipt
from agent.core.delivery.wishes import Wish
from agent.core.events import InquiryEnded
from agent.core.moment import Moment
from agent.core.obligations import Ledger, Obligation, Outcome
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn

ASKED_AT_ONCE = 5
"""A call each: a line carries nothing else meanwhile, about a second."""
APART_MS = 60_000
"""Between two questions of a round: 300 an hour, where nothing can be searched."""
_BEST_FIRST = (Ability.SEARCH, Ability.LOOK_UP, Ability.ASK_AFTER)
_CROWDED = (Ability.LOOK_UP, Ability.ASK_AFTER, Ability.SEARCH)
"""Where more stand than one search lists."""

_OF_SOME: Mapping[Ability, Question] = {
    Ability.LOOK_UP: LookUp(()),
    Ability.ASK_AFTER: AskAfter(()),
}


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """The question about whoever is next, once the receipt is old enough and the round due."""
    followups, every_ms = state.followups, state.rules.follow_up_ms
    found = followups.next() if every_ms else None
    known = state.ledger.obligations.get(found[0]) if found is not None else None
    ability = _ability(state, known.duty) if known is not None else None
    if found is None or known is None or known.duty != line.duty or ability is None:
        return None
    if not may_ask(line, state.lines.way(line.name), ability):
        return None
    due_ms = _after(found[1], every_ms, now)
    if followups.round_over and followups.began is not None:
        due_ms = max(due_ms, _after(followups.began, every_ms, now))
    last_ms = state.lines.way(line.name).closed_ms.get(ability)
    if last_ms is not None:
        due_ms = max(due_ms, last_ms + APART_MS)
    if due_ms > now.mono_ms and ability in _OF_SOME:
        return Wish(due_ms, _OF_SOME[ability])  # which ones is seen to then
    question, asked = _question(state, ability, found[0], now)
    return Wish(due_ms, question, asked)


def _after(at: Moment, every_ms: int, now: Moment) -> int:
    """So long after `at`; at once when that was before the machine was started anew."""
    return at.mono_ms + every_ms if at.boot_id == now.boot_id else now.mono_ms


def _ability(state: State, duty: str) -> Ability | None:
    """The gentlest way in which any line of this duty can tell."""
    order = _CROWDED if state.followups.crowded else _BEST_FIRST
    for ability in order:
        for line in state.rules.lines:
            if line.duty == duty and may_ask(line, state.lines.way(line.name), ability):
                return ability
    return None


def _question(
    state: State, ability: Ability, first: int, now: Moment
) -> tuple[Question, tuple[str, ...]]:
    if ability is Ability.SEARCH:
        place = place_of(state.ledger, first)
        assert place is not None  # `wanted` has just found it
        return Search(Query(place[0], place[1], place[1])), ()
    numbers = tuple(islice(_old_enough(state, first, now), ASKED_AT_ONCE))
    asked = references(state.ledger, numbers)
    if ability is Ability.ASK_AFTER:
        return AskAfter(asked), asked
    known = (state.ledger.of(reference) for reference in asked)
    return LookUp(tuple(o.receipt for o in known if o is not None)), asked


def _old_enough(state: State, first: int, now: Moment) -> Iterator[int]:
    """Who is next, and those after it whose receipt is old enough, too; all of one duty."""
    duty = _duty(state, first)
    for number, at in state.followups.pending.beyond(first - 1):
        young = _after(at, state.rules.follow_up_ms, now) > now.mono_ms
        if number != first and (young or _duty(state, number) != duty):
            return
        yield number


def _duty(state: State, number: int) -> str:
    known = state.ledger.obligations.get(number)
    return known.duty if known is not None else ""


def followed(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> None:
    """Notes what is new in an answer, whoever asked the question."""
    pending = turn.state.followups.pending
    if not pending or began.asks is Ability.CANCEL:
        return
    for reference, receipt in _told(turn, event).items():
        known = turn.state.ledger.of(reference)
        if known is not None and known.outcome is Outcome.REGISTERED and known.number in pending:
            _note(turn, known, receipt)


def _told(turn: Turn, event: InquiryEnded) -> Mapping[str, Receipt]:
    """What was said of our registrations, by our references: of each the one that counts."""
    ledger, pending = turn.state.ledger, turn.state.followups.pending
    known = (ledger.obligations.get(number) for number in pending) if event.found else iter(())
    by_receipt = {o.receipt: o.reference for o in known if o is not None}
    told: dict[str, Receipt] = {}
    for found in event.found:
        reference = by_receipt.get(found.receipt.number, "") or _twin(ledger, found)
        if reference and (reference not in told or told[reference].duplicate):
            told[reference] = found.receipt
    for answer in event.answers:
        if answer.receipt is not None:
            told[answer.reference] = answer.receipt
    return told


def _twin(ledger: Ledger, found: Found) -> str:
    """The reference of ours that came back as a duplicate of this one, whose answer was lost."""
    known = ledger.of(found.reference) if found.reference else None
    counts = not found.receipt.duplicate and found.receipt.status != CANCELLED
    return known.reference if known is not None and known.duplicate and counts else ""


def _note(turn: Turn, known: Obligation, receipt: Receipt) -> None:
    if receipt.status == CANCELLED:
        turn.record(ObligationCancelled(known.reference, receipt.number, elsewhere=True))
    elif (receipt.number, receipt.status, receipt.remarks) != (
        known.receipt,
        known.status,
        known.remarks,
    ):
        turn.record(
            ReceiptFollowed(known.reference, receipt.number, receipt.status, receipt.remarks)
        )
