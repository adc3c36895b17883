"""A look at a known receipt, the smallest question there is, where it saves a registration.

A line that is down, while another carries its duty, is probed by it. And what was refused alone is
the cause itself only if the same line serves something else meanwhile: where nothing else is to be
sent, it is asked.
"""

from __future__ import annotations

from agent.core.delivery.dispatch import Way
from agent.core.delivery.inquiries import LookUp
from agent.core.delivery.lines import in_charge, known_receipt
from agent.core.delivery.wishes import Wish
from agent.core.moment import Moment
from agent.core.rules import Line
from agent.core.state import State


def wanted(state: State, line: Line, now: Moment) -> Wish | None:
    """The look, as soon as the line has rested."""
    way = state.lines.way(line.name)
    if not _is_down(state, line, way) and not _refuses_one(state, line, way):
        return None
    receipt = known_receipt(state, line)
    return Wish(way.rests_until_ms, LookUp((receipt,))) if receipt else None


def _is_down(state: State, line: Line, way: Way) -> bool:
    chief = in_charge(state.lines, state.rules, line.duty) if way.down else None
    return chief is not None and chief is not line


def _refuses_one(state: State, line: Line, way: Way) -> bool:
    held = (o.hold for o in state.ledger.those(state.ledger.delicate) if o.hold is not None)
    return any(hold.channel == line.name and hold.served == way.served for hold in held)
