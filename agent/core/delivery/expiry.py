"""What can no longer be delivered: midnight came first, or the age at which its service refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agent.core.moment import Moment
from agent.core.obligations import Obligation
from agent.core.records import ObligationExpired
from agent.core.state import State
from agent.core.turn import Turn


def is_over(state: State, today: dt.date) -> bool:
    """Whether anything is still open of the days before `today`."""
    ledger = state.ledger
    first = next(ledger.those(ledger.handed), None)
    handed = first is not None and first.day < today
    return handed or any(day < today for day in ledger.waiting)


def days_over(turn: Turn, today: dt.date) -> None:
    """Ends what is open of the days before: nothing of it is ever sent again."""
    ledger = turn.state.ledger
    over = sorted(day for day in ledger.waiting if day < today)
    handed = (o for o in ledger.those(ledger.handed) if o.day < today)
    for o in (*ledger.waiting_on(over), *handed):
        turn.record(ObligationExpired(o.reference, o.day, o.unsure))


def grown_old(turn: Turn) -> None:
    """Ends what waited longer than its service allows."""
    for o in tuple(_ageing(turn.state)):
        oldest_ms = _oldest_ms(turn.state, o.duty)
        if turn.at.unix_ms - o.at.unix_ms > oldest_ms:
            reason = f"older than {oldest_ms // 1000} s: its service takes only what just happened"
            turn.record(ObligationExpired(o.reference, o.day, o.unsure, reason))


def due_ms(state: State, now: Moment) -> int | None:
    """Monotonic time in ms at which the first one that waits becomes too old."""
    left = [o.at.unix_ms + _oldest_ms(state, o.duty) - now.unix_ms for o in _ageing(state)]
    return now.mono_ms + max(0, min(left)) + 1 if left else None


def _ageing(state: State) -> Iterator[Obligation]:
    """Those that wait for a service that minds their age."""
    duties = {line.duty for line in state.rules.lines if line.oldest_ms}
    if not duties:
        return iter(())
    return (o for o in state.ledger.waiting_on(state.ledger.waiting) if o.duty in duties)


def _oldest_ms(state: State, duty: str) -> int:
    """The most that any line of the duty takes."""
    return max(line.oldest_ms for line in state.rules.lines if line.duty == duty)
