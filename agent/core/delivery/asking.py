"""What the gate wants to know of a service, when, and what it makes of the answer.

Each need has an asker: a function of the state that says which question a line shall be put next,
and from when on. `URGENT` ones go before what waits to be sent, `GENTLE` ones when nothing does.
The answer settles what it can, whoever asked: a registration that is found is found. Whoever needs
more of it than that hears it in `FOLLOWERS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.core.commands import Inquire
from agent.core.delivery import cancelling, following, handover, likewise, lines, probing, reconcile
from agent.core.delivery.inquiries import Search
from agent.core.delivery.inquiry_records import InquiryBegan, InquiryClosed
from agent.core.delivery.wishes import Asker, Follower, Wish
from agent.core.events import Failure, InquiryEnded
from agent.core.moment import Moment
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn

URGENT: tuple[Asker, ...] = (cancelling.wanted, reconcile.wanted, likewise.wanted)
GENTLE: tuple[Asker, ...] = (probing.wanted, handover.wanted, following.wanted)
FOLLOWERS: tuple[Follower, ...] = (
    reconcile.found,
    handover.answered,
    cancelling.answered,
    following.followed,
)


def ask(turn: Turn, askers: Iterable[Asker]) -> None:
    """Puts to every line that is free the first question that is wanted now."""
    for line in turn.state.rules.lines:
        way = turn.state.lines.way(line.name)
        if way.busy or way.rests_until_ms > turn.at.mono_ms:
            continue
        for asker in askers:
            wish = _wish(asker, turn.state, line, turn.at)
            if wish is not None and wish.due_ms <= turn.at.mono_ms:
                _put(turn, line, wish)
                break


def due_ms(state: State, now: Moment) -> int | None:
    """Monotonic time in ms at which a line that is free by then is wanted for a question."""
    wanted = [
        max(wish.due_ms, state.lines.way(line.name).rests_until_ms)
        for line in state.rules.lines
        if not state.lines.way(line.name).busy
        for asker in (*URGENT, *GENTLE)
        if (wish := _wish(asker, state, line, now)) is not None
    ]
    return min(wanted, default=None)


def _wish(asker: Asker, state: State, line: Line, now: Moment) -> Wish | None:
    """Nothing that the line cannot answer, or has refused to."""
    wish = asker(state, line, now)
    if wish is None or not lines.may_ask(line, state.lines.way(line.name), wish.question.needs):
        return None
    return wish


def _put(turn: Turn, line: Line, wish: Wish) -> None:
    number = turn.state.lines.inquiries + 1
    began = InquiryBegan(number, line.name, wish.question.needs, wish.references)
    if isinstance(wish.question, Search):
        query = wish.question.query
        began = replace(
            began, declaration=query.declaration, day=query.first, employer=query.employer
        )
    turn.record(began)
    until = turn.at.mono_ms + turn.state.rules.burst_ms
    turn.say(Inquire(number, line.name, wish.question, until))


def inquiry_ended(turn: Turn, event: InquiryEnded) -> None:
    """Lets the followers hear it, and closes it; what an earlier start asked is nobody's."""
    asked = turn.state.lines.asked.get(event.inquiry)
    if asked is None:
        return
    for follower in FOLLOWERS:
        follower(turn, asked.began, event)
    closing = _closing(turn, asked.began, event)
    turn.record(closing)
    if not closing.hopeless:
        lines.judge(turn, event.channel, event.failure)


def interrupted(turn: Turn) -> None:
    """Closes what was asked when the agent stopped: no answer comes any more."""
    for number, asked in sorted(turn.state.lines.asked.items()):
        turn.record(
            InquiryClosed(
                number,
                asked.began.channel,
                asked.began.asks,
                failure="Interrupted",
                message="the agent stopped before the answer came",
            )
        )


def _closing(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> InquiryClosed:
    failure = event.failure or Failure("", "")
    # The right to ask may be missing, and the request be refused, while all else is well. Only the
    # service's own word counts: a login page or a proxy says 302 or 403, too, and is gone later.
    hopeless = failure.kind in ("NotAuthorised", "Refused") and bool(failure.ticket.code)
    pause_ms = 0
    if not hopeless:
        pause_ms = lines.pause_ms(turn, event.channel, event.failure, event.jitter)
    return InquiryClosed(
        event.inquiry,
        event.channel,
        began.asks,
        len(event.found) + len(event.answers),
        reconcile.absent(turn, began, event),
        failure.kind,
        failure.message,
        failure.hint,
        hopeless,
        event.calls,
        pause_ms,
        failure.ticket if event.failure else event.ticket,
        event.missing,
        event.stray,
        event.cut_short,
    )
