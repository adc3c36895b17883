"""What came back: every item of an answer is settled by itself (DOMAIN.md, section 4)."""

from __future__ import annotations

from agent.core import schedule
from agent.core.commands import Measure, Show
from agent.core.events import BurstEnded
from agent.core.obligations import Obligation, Outcome
from agent.core.records import AttemptEnded, ReceiptStored, RejectionStored
from agent.core.registrations import Answer
from agent.core.signals import Signal
from agent.core.turn import Turn

ANSWER_SHOWN_MS = 10_000
"""A worker stands there for seconds: a later answer is for nobody's eyes."""
INCOMPLETE = "Incomplete"
"""The kind of failure of a whole answer that leaves out what was asked."""


def burst_ended(turn: Turn, event: BurstEnded) -> None:
    """Settles what was answered, frees the rest, and says how long the line rests."""
    settled = [o for answer in event.answers if (o := _settle(turn, event.attempt, answer))]
    turn.record(_ending(turn, event))
    if event.failure is not None:
        turn.say(Measure(event.channel))
    for reader, reference in turn.state.taps.last.items():
        # Green only for the one who tapped last: the next in the queue must not take it for his.
        for obligation in settled:
            young = turn.at.mono_ms - obligation.at.mono_ms < ANSWER_SHOWN_MS
            if obligation.reference == reference and young:
                turn.say(Show(_signal(obligation), reader))


def _settle(turn: Turn, attempt: int, answer: Answer) -> Obligation | None:
    """The obligation as this answer leaves it; None if it was settled or let go before.

    Handed over is no outcome (DOMAIN.md, section 4): it stays open and is asked for again.
    """
    before = turn.state.ledger.of(answer.reference)
    if before is None or before.outcome is Outcome.REGISTERED or answer.handed_over:
        return None
    if answer.receipt is not None:
        receipt = answer.receipt
        turn.record(
            ReceiptStored(
                answer.reference, attempt, receipt.number, receipt.status, receipt.remarks
            )
        )
    else:
        turn.record(RejectionStored(answer.reference, attempt, answer.errors))
    return turn.state.ledger.of(answer.reference)


def _signal(obligation: Obligation) -> Signal:
    registered = obligation.outcome is Outcome.REGISTERED
    return Signal.REGISTERED if registered else Signal.REFUSED


def _ending(turn: Turn, event: BurstEnded) -> AttemptEnded:
    failure = event.failure
    handed = tuple(answer.reference for answer in event.answers if answer.handed_over)
    unsettled = event.missing + handed
    if failure is None and not unsettled:
        return AttemptEnded(
            event.attempt, event.channel, calls=event.calls, ticket=event.ticket, stray=event.stray
        )
    failures = turn.state.lines.way(event.channel).failures + 1
    rules = turn.state.rules
    if failure is None:
        return AttemptEnded(
            event.attempt,
            event.channel,
            failure=INCOMPLETE,
            message=f"{len(unsettled)} registration(s) without receipt, {len(handed)} handed over",
            hint="sent again by itself; if it stays, show the log to the channel's support",
            unsure=True,
            calls=event.calls,
            pause_ms=schedule.pause_ms(failures, event.jitter, 0, turn.at, rules),
            ticket=event.ticket,
            missing=unsettled,
            stray=event.stray,
        )
    hopeless = rules.longest_retry_ms if failure.hopeless else 0
    wait = max(failure.retry_after_ms, hopeless)
    return AttemptEnded(
        event.attempt,
        event.channel,
        failure=failure.kind,
        message=failure.message,
        hint=failure.hint,
        unsure=failure.unsure,
        calls=event.calls,
        pause_ms=schedule.pause_ms(failures, event.jitter, wait, turn.at, rules),
        ticket=failure.ticket,
    )
