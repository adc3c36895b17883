"""A different request, where Checkinatwork says that a failure is its own.

What the service says of one kind of request, or of one registration, is no outage of the service:
it counts once a different request fails likewise (DOMAIN.md, section 3, layer answer). Asked is a
receipt that is known, and without one what stands on this site today. What came of it is evidence
like any other (outage/observed.py).
"""

from __future__ import annotations

from agent.core.delivery.inquiries import Ability, LookUp, Query, Search
from agent.core.delivery.lines import known_receipt
from agent.core.delivery.wishes import Wish
from agent.core.moment import Moment
from agent.core.outage.facts import Party
from agent.core.rules import Line
from agent.core.state import State

AGAIN_MS = 300_000
"""Ours: what is said of it is four times as fresh as it must be to count."""
_DIFFERENT = (Ability.LOOK_UP, Ability.SEARCH)


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """The question, at once after the first such answer, and every few minutes while they last."""
    since_ms = state.observed.evidence.blamed_ms(line.name, now)
    if since_ms is None or not _is_checkinatwork(state, line):
        return None
    closed = state.lines.way(line.name).closed_ms
    asked_ms = max((closed.get(ability, -1) for ability in _DIFFERENT), default=-1)
    due_ms = asked_ms + AGAIN_MS if asked_ms >= since_ms else now.mono_ms
    receipt = known_receipt(state, line)
    if receipt:
        return Wish(due_ms, LookUp((receipt,)))
    today = state.rules.day(now)
    return Wish(due_ms, Search(Query(state.rules.declaration, today, today)))


def _is_checkinatwork(state: State, line: Line) -> bool:
    ways = state.rules.facts.ways
    return any(way.name == line.name and way.party is Party.CHECKINATWORK for way in ways)
