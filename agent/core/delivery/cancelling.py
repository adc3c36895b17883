"""Taking registrations back: what a person asks for, what the service makes of it.

The service takes a cancellation until the day is over; so does the gate, which asks for as long as
no answer comes. Whatever came of it is journaled, and the person is told what to do next.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice

from agent.core.delivery.inquiries import Ability, Cancel, Cancellation, CancelReason
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.delivery.lines import may_ask
from agent.core.delivery.receipt_records import (
    CancellationRefused,
    CancellationWanted,
    ObligationCancelled,
)
from agent.core.delivery.registrations import CANCELLED, Answer
from agent.core.delivery.wishes import Wish
from agent.core.events import CancellationAsked, InquiryEnded
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.records import ReceiptStored
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn

MOST_AT_ONCE = 200
"""Of one call (WIRE.md, section 1)."""
ALREADY_CANCELLED = "8"
ONLINE = "cancel it in the online service of the social security office"
_MENDS = {
    "1": f"it was made by another account: {ONLINE}",
    "7": "check the number (werfpoort day), and look for it in the online service",
    "9": "the registration stands; if it is wrong, tell the contact centre, 02 511 51 51",
    "10": "check the number (werfpoort day), and look for it in the online service",
    "11": "call support: the service does not know the reason any more",
}
"""By the service's code (WIRE.md, section 1)."""
_MEND = f"{ONLINE}, or ask the contact centre, 02 511 51 51"


def cancellation_asked(turn: Turn, event: CancellationAsked) -> None:
    """Notes each registration that can be taken back, and says why another cannot."""
    said = [_wanted(turn, reference, event.reason) for reference in event.references]
    done = [text for good, text in said if good]
    refused = [text for good, text in said if not good]
    turn.reply(event.asked, bool(done) and not refused, "\n".join([*refused, *done]))


def _wanted(turn: Turn, reference: str, reason: CancelReason) -> tuple[bool, str]:
    known = turn.state.ledger.of(reference)
    if known is None or known.day < turn.state.rules.day(turn.at):
        name = known.receipt if known is not None else reference
        return False, f"{name}: too late, the service takes cancellations until the day is over"
    name = known.receipt or f"w{known.worker}"
    match known.outcome:
        case Outcome.CANCELLED:
            return True, f"{name}: is cancelled already"
        case Outcome.REGISTERED:
            if not can_cancel(turn.state, known.duty):
                return False, f"{name}: no channel of this gate can cancel: {ONLINE}"
            turn.record(CancellationWanted(reference, known.receipt, reason))
            return True, f"{name}: is being cancelled; werfpoort status shows what becomes of it"
        case None if known.waiting and not known.unsure:
            if known.handed_at is not None:  # should its supplier register it, this is why
                turn.record(CancellationWanted(reference, "", reason))
            turn.record(ObligationCancelled(reference))
            if turn.state.cancellations.done.get(known.number) is not None:
                return True, f"{name}: is cancelled; if its supplier registers it, so again"
            return True, f"{name}: was not registered yet, and will not be"
        case None:
            return False, f"{name}: is being registered; ask again once it has its receipt"
    return False, f"{name}: was not registered ({known.outcome}); there is nothing to cancel"


def can_cancel(state: State, duty: str) -> bool:
    """Whether any channel of this duty takes registrations back."""
    mine = (line for line in state.rules.lines if line.duty == duty)
    return any(may_ask(line, state.lines.way(line.name), Ability.CANCEL) for line in mine)


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """All that is to be cancelled, in one call."""
    if not state.cancellations.wanted or Ability.CANCEL not in line.abilities:
        return None
    ledger, today = state.ledger, state.rules.day(now)
    mine = (
        asked
        for number, asked in state.cancellations.wanted.items()
        if (known := ledger.obligations.get(number)) is not None
        and known.duty == line.duty
        and known.day >= today
    )
    asked = tuple(islice(mine, MOST_AT_ONCE))
    if not asked:
        return None
    cancellations = tuple(Cancellation(each.receipt, each.reason) for each in asked)
    return Wish(now.mono_ms, Cancel(cancellations), tuple(each.reference for each in asked))


def answered(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> None:
    """Settles what was answered; what got no answer at all is asked for again."""
    if began.asks is not Ability.CANCEL:
        return
    answers = {answer.reference: answer for answer in event.answers}
    for reference in began.references:
        known = turn.state.ledger.of(reference)
        if known is None or known.number not in turn.state.cancellations.wanted:
            continue
        answer = answers.get(known.receipt)
        if answer is not None:
            _settle(turn, known, answer)
        elif event.failure is None:
            hint = "ask again; if it stays so, cancel it in the online service"
            refuse(turn, known, "the service left it out of its answer", hint)
        elif event.failure.hopeless:
            refuse(turn, known, event.failure.message, event.failure.hint or ONLINE)


def _settle(turn: Turn, known: Obligation, answer: Answer) -> None:
    codes = {error.code for error in answer.errors}
    if answer.receipt is not None or codes == {ALREADY_CANCELLED}:
        turn.record(ObligationCancelled(known.reference, known.receipt))
        return
    said = ", ".join(f"{error.code} {error.text}".rstrip() for error in answer.errors)
    hints = [_MENDS[code] for code in sorted(codes) if code in _MENDS]
    refuse(turn, known, f"refused: {said}", hints[0] if hints else _MEND)


def refuse(turn: Turn, known: Obligation, problem: str, hint: str) -> None:
    """Notes that the registration stands, why, and what a person does about it."""
    turn.record(CancellationRefused(known.reference, known.receipt, problem, hint))


def came_back(turn: Turn, known: Obligation, answer: Answer) -> None:
    """Takes back what a supplier says that it registered after a person had taken back what another
    line had; after midnight it stands, and that is told. Whoever came all the same owes another one
    by now, to which it belongs."""
    receipt = answer.receipt
    latest = turn.state.ledger.latest(known.worker, known.day)
    if latest is not None and latest.outcome is not Outcome.CANCELLED:
        return
    if receipt is None or receipt.number == known.receipt:
        return
    if receipt.duplicate or receipt.status == CANCELLED:
        return
    reason = turn.state.cancellations.done.get(known.number)
    turn.record(ReceiptStored(known.reference, 0, receipt.number, receipt.status, receipt.remarks))
    if reason is not None:
        turn.record(CancellationWanted(known.reference, receipt.number, reason))
        if known.day < turn.state.rules.day(turn.at):
            _midnight_came_first(turn, known.reference)


def too_late(turn: Turn, today: dt.date) -> None:
    """Gives up what midnight made impossible."""
    for number in tuple(turn.state.cancellations.wanted):
        known = turn.state.ledger.obligations.get(number)
        if known is not None and known.day < today:
            _midnight_came_first(turn, known.reference)


def _midnight_came_first(turn: Turn, reference: str) -> None:
    known = turn.state.ledger.of(reference)
    if known is not None:
        refuse(turn, known, "no answer came before midnight", _MENDS["9"])
