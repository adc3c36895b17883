"""Handed over: a supplier has it, and the RSZ's number is not known yet. A state, no outcome.

The supplier is asked after it, gently. Once the supplier's line is down, or when midnight is near,
the next line takes it over; where there is none it is reported as open (DOMAIN.md, section 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from heapq import nsmallest
from itertools import chain

from agent.core.delivery import schedule
from agent.core.delivery.answers import settle
from agent.core.delivery.delivery_records import HandoversOverdue
from agent.core.delivery.inquiries import Ability, AskAfter
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.delivery.lines import in_charge
from agent.core.delivery.wishes import Wish
from agent.core.events import InquiryEnded
from agent.core.moment import Moment, midnight_ending
from agent.core.obligations import Obligation, Outcome
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn

ASKED_AT_ONCE = 20
"""A call each: a line carries nothing else meanwhile."""
RARER = 8
"""The longer it takes the rarer it is asked: after so much of its age, at the soonest."""

TAKEN_BACK_MS = 600_000
"""What was taken back, and its supplier may register yet, is asked after so often: it can be taken
back again until midnight only."""


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """The question after those whose turn it is, or the time when it is the first one's."""
    ledger = state.ledger
    shelves = (ledger.handed, ledger.delicate, ledger.late)
    if Ability.ASK_AFTER not in line.abilities or not any(shelves):
        return None
    last = state.lines.way(line.name).closed_ms.get(Ability.ASK_AFTER)
    if last is not None and last + state.rules.ask_after_ms > now.mono_ms:
        return Wish(last + state.rules.ask_after_ms, AskAfter(()))  # which ones is seen to then
    open_ = chain.from_iterable(map(ledger.those, shelves))
    turns = [(_turn_ms(o, now, state), o.reference) for o in open_ if _has_it(line, o)]
    if not turns:
        return None
    first = nsmallest(ASKED_AT_ONCE, turns)
    references = tuple(reference for due, reference in first if due <= max(0, first[0][0]))
    return Wish(now.mono_ms + max(0, first[0][0]), AskAfter(references), references)


def _has_it(line: Line, o: Obligation) -> bool:
    """True where the supplier of this line accepted it, also once another line has taken it over:
    its number may come all the same."""
    taken_over = o.handed_at is not None and line.name in o.passed_by
    return o.handed_to == line.name or taken_over


def _turn_ms(o: Obligation, now: Moment, state: State) -> int:
    """In how many ms it is asked after again; negative: it should have been by now."""
    handed_unix_ms = o.handed_at.unix_ms if o.handed_at else now.unix_ms
    asked_unix_ms = o.asked_at.unix_ms if o.asked_at else handed_unix_ms
    rest_ms = max(state.rules.ask_after_ms, (asked_unix_ms - handed_unix_ms) // RARER)
    if o.outcome is Outcome.CANCELLED and o.day >= state.rules.day(now):
        rest_ms = min(rest_ms, max(state.rules.ask_after_ms, TAKEN_BACK_MS))
    return asked_unix_ms + rest_ms - now.unix_ms


def answered(turn: Turn, began: InquiryBegan, event: InquiryEnded) -> None:
    """Settles what the supplier knows by now."""
    if began.asks is Ability.ASK_AFTER:
        for answer in event.answers:
            if not answer.handed_over:
                settle(turn, 0, answer)


def take_over(turn: Turn) -> None:
    """Lets the next line carry what was handed over for too long, or says that there is none."""
    ledger, rules = turn.state.ledger, turn.state.rules
    left_ms = schedule.until_midnight_ms(turn.at, rules)
    down = any(way.down for way in turn.state.lines.ways.values())
    if not ledger.handed or (left_ms > rules.take_over_ms and not down):
        return
    late: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for o in ledger.those(ledger.handed):
        near = _midnight_is_near(o, turn.at, turn.state)
        gone = turn.state.lines.way(o.handed_to).down
        after = in_charge(turn.state.lines, rules, o.duty, (*o.passed_by, o.handed_to))
        up = after is not None and not turn.state.lines.way(after.name).down
        takes_over = after.name if after is not None and up else ""
        if (gone or near) and (takes_over or (near and not o.overdue)):
            reason = "midnight is near" if near else "the line is down"
            late[o.handed_to, takes_over, reason].append(o.reference)
    for (channel, takes_over, reason), references in late.items():
        turn.record(HandoversOverdue(channel, tuple(references), takes_over, reason))


def _midnight_is_near(o: Obligation, now: Moment, state: State) -> bool:
    left_ms = midnight_ending(o.day, state.rules.zone) - now.unix_ms
    return left_ms <= state.rules.take_over_ms


def due_ms(state: State, now: Moment) -> int | None:
    """Monotonic time in ms from which what was handed over for today is taken over."""
    if not state.ledger.handed:
        return None
    near = now.mono_ms + schedule.until_midnight_ms(now, state.rules) - state.rules.take_over_ms
    return near if near > now.mono_ms else None


def open_handovers(state: State) -> Iterable[Obligation]:
    """Those that nobody takes over: a person must see to it."""
    return (o for o in state.ledger.those(state.ledger.handed) if o.overdue)
