"""What came back: every item of an answer is settled by itself (DOMAIN.md, section 4)."""

from __future__ import annotations

from agent.core.commands import Measure, Show
from agent.core.delivery import cancelling, lines, schedule
from agent.core.delivery.delivery_records import HandoverStored, ItemHeld
from agent.core.delivery.registrations import Answer, ItemError
from agent.core.events import BurstEnded, Failure
from agent.core.obligations import Obligation, Outcome
from agent.core.records import AttemptEnded, ObligationExpired, ReceiptStored, RejectionStored
from agent.core.rules import DUTIES, Per
from agent.core.signals import Signal
from agent.core.turn import Turn

ANSWER_SHOWN_MS = 10_000
"""A worker stands there for seconds: a later answer is for nobody's eyes."""
INCOMPLETE = "Incomplete"
"""The kind of failure of a whole answer that leaves out what was asked."""
TOO_OLD = "TOO-OLD"
"""What a channel of Check In and Out does not send any more."""
DAY_REFUSED = "6"
"""Only today or tomorrow (WIRE.md, section 1)."""
CLOCKS_DIFFER_MS = 15 * 60_000
"""So near midnight the service's day may be over while ours is not."""
REST_ALONE_MS = (0, 30_000, 300_000)
"""How long what was refused alone once, twice, … waits at least: long enough for a service to mend,
and for others to be taken meanwhile. As often as this holds numbers, and it is the cause itself."""


def burst_ended(turn: Turn, event: BurstEnded) -> None:
    """Settles what was answered, frees the rest, and says how long the line rests."""
    alone = _refused_alone(turn, event)
    known = alone is not None and alone.hold is not None and alone.hold.channel == event.channel
    settled = [o for answer in event.answers if (o := settle(turn, event.attempt, answer))]
    turn.record(_ending(turn, event, known=known))
    if alone is not None and event.failure is not None:
        _hold(turn, event, event.failure, alone)
    if event.failure is not None:
        turn.say(Measure(event.channel))
    lines.judge(turn, event.channel, event.failure or _incomplete(event))
    for reader, reference in turn.state.taps.last.items():
        # Green only for the one who tapped last: the next in the queue must not take it for his.
        for obligation in settled:
            young = turn.at.mono_ms - obligation.at.mono_ms < ANSWER_SHOWN_MS
            if obligation.reference == reference and young:
                turn.say(Show(_signal(obligation), reader))


def settle(turn: Turn, attempt: int, answer: Answer) -> Obligation | None:
    """The obligation as this answer leaves it; None if there is nothing to show for it.

    Handed over is no outcome (DOMAIN.md, section 4): it stays open and is asked after.
    """
    before = turn.state.ledger.of(answer.reference)
    if before is None or before.outcome is Outcome.REGISTERED:
        return None
    if before.outcome is Outcome.CANCELLED:
        cancelling.came_back(turn, before, answer)
        return None
    if answer.handed_over:
        channel = turn.state.lines.carrier(attempt)
        if channel:
            turn.record(HandoverStored(answer.reference, attempt, channel))
        return None
    if answer.receipt is not None:
        receipt = answer.receipt
        turn.record(
            ReceiptStored(
                answer.reference, attempt, receipt.number, receipt.status, receipt.remarks
            )
        )
    elif before.outcome in (Outcome.EXPIRED, Outcome.EXEMPT, Outcome.ON_PAPER):
        return None  # its day is over: a refusal says nothing any more
    elif _too_late(turn, before, answer.errors):
        reason = ", ".join(f"{error.code} {error.text}" for error in answer.errors)
        turn.record(ObligationExpired(answer.reference, before.day, before.unsure, reason))
    else:
        turn.record(RejectionStored(answer.reference, attempt, answer.errors))
    return turn.state.ledger.of(answer.reference)


def _too_late(turn: Turn, before: Obligation, errors: tuple[ItemError, ...]) -> bool:
    """Whether only the time speaks against it: nobody can mend that."""
    codes = {error.code for error in errors}
    left_ms = schedule.until_midnight_ms(turn.at, turn.state.rules)
    day_ms = 86_400_000
    at_midnight = left_ms <= CLOCKS_DIFFER_MS or left_ms >= day_ms - CLOCKS_DIFFER_MS
    of_an_instant = DUTIES[before.duty].per is Per.TAP  # it was to be sent at once
    return codes == {TOO_OLD} or (codes == {DAY_REFUSED} and (at_midnight or of_an_instant))


def _signal(obligation: Obligation) -> Signal:
    registered = obligation.outcome is Outcome.REGISTERED
    return Signal.REGISTERED if registered else Signal.REFUSED


def _incomplete(event: BurstEnded) -> Failure | None:
    if not event.missing:
        return None
    return Failure(
        INCOMPLETE,
        f"{len(event.missing)} registration(s) without an answer",
        "sent again by itself; if it stays, show the log to the channel's support",
        unsure=True,
        ticket=event.ticket,
    )


def _ending(turn: Turn, event: BurstEnded, *, known: bool) -> AttemptEnded:
    failure = event.failure or _incomplete(event)
    pause_ms = lines.pause_ms(turn, event.channel, failure, event.jitter, known=known)
    if failure is None:
        return AttemptEnded(
            event.attempt,
            event.channel,
            calls=event.calls,
            pause_ms=pause_ms,
            ticket=event.ticket,
            stray=event.stray,
        )
    return AttemptEnded(
        event.attempt,
        event.channel,
        failure=failure.kind,
        message=failure.message,
        hint=failure.hint,
        unsure=failure.unsure,
        calls=event.calls,
        pause_ms=pause_ms,
        ticket=failure.ticket,
        missing=event.missing,
        stray=event.stray,
        whole=failure.whole,
        known=known,
    )


# --- refused alone -----------------------------------------------------------------------------


def _refused_alone(turn: Turn, event: BurstEnded) -> Obligation | None:
    """The one registration of a call that the service answered and refused as a whole."""
    if event.failure is None or not event.failure.whole:
        return None
    carried = turn.state.ledger.flights.get(event.attempt, ())
    return turn.state.ledger.of(carried[0]) if len(carried) == 1 else None


def _hold(turn: Turn, event: BurstEnded, failure: Failure, before: Obligation) -> None:
    """Keeps it back for a while; what fails alone while others are taken leaves this line."""
    way = turn.state.lines.way(event.channel)
    hold = before.hold if before.hold and before.hold.channel == event.channel else None
    times = 1 if hold is None else hold.times + (way.served != hold.served)
    tries = 1 if hold is None else hold.tries + 1
    passed_by = (*before.passed_by, event.channel)
    after = lines.in_charge(turn.state.lines, turn.state.rules, before.duty, passed_by)
    proven = times >= len(REST_ALONE_MS)
    code = failure.ticket.code or failure.kind
    if proven and after is None:
        text = f"refused alone {times} times while others were taken: {failure.message}"
        turn.record(RejectionStored(before.reference, event.attempt, (ItemError(code, text),)))
        return
    stuck = lines.stuck_on(turn.state, event.channel).items()
    # The first refusal of each says nothing of how long the line has carried nothing.
    failures = tries + sum(held.tries - 1 for of, held in stuck if of != before.reference)
    pause_ms = schedule.pause_ms(
        failures, event.jitter, failure.retry_after_ms, turn.at, turn.state.rules
    )
    rest_ms = max(REST_ALONE_MS[min(times, len(REST_ALONE_MS) - 1)], pause_ms)
    turn.record(
        ItemHeld(
            before.reference,
            event.attempt,
            event.channel,
            times,
            tries,
            way.served,
            turn.at.unix_ms + rest_ms,
            code,
            passed_on=after is not None and (proven or failure.hopeless),
        )
    )
