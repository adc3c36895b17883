"""Which line is used for what: order, failover, probes, and taking back.

The first line of a duty that is up carries it, also while it rests. A line that fails in a way that
retrying cannot mend, or for longer than its budget, is given up: the next one takes over, and it is
probed, by a question or with one registration, until it has been well for long enough. When none is
up, whichever answers first carries on.

One registration can make a service refuse a whole call. So a call that was refused whole is
followed by smaller ones, down to one alone; what is refused alone again and again while others are
taken is the cause itself: it goes to the next line, and where there is none it is rejected with
the reason.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator

from agent.core.delivery import schedule
from agent.core.delivery.delivery_records import LineGivenUp, LineTakenBack
from agent.core.delivery.dispatch import Dispatch, Way
from agent.core.delivery.inquiries import Ability
from agent.core.events import Failure
from agent.core.moment import Moment
from agent.core.obligations import Hold, Ledger, Obligation
from agent.core.rules import Line, Rules
from agent.core.state import State
from agent.core.turn import Turn

BLIND_AFTER = 3
"""Searches in a row that failed or were cut short: then what is in doubt is sent again without."""
PROBES_UNTIL_TAKEN_BACK = 3


def in_charge(
    lines: Dispatch, rules: Rules, duty: str, passed_by: tuple[str, ...] = ()
) -> Line | None:
    """The line that carries this duty now; None while none is up and none recovers."""
    mine = [line for line in rules.lines if line.duty == duty and line.name not in passed_by]
    up = (line for line in mine if not lines.way(line.name).down)
    recovering = (line for line in mine if lines.way(line.name).well_ms)
    return next(up, None) or next(recovering, None)


def next_load(state: State, now: Moment) -> tuple[Line, tuple[Obligation, ...]] | None:
    """What to send now and by which line; None while there is nothing, or no way for it."""
    if not state.ledger.waiting:
        return None
    for line in state.rules.lines:
        way = state.lines.way(line.name)
        if way.free(now.mono_ms):
            load = _load(state, line, way, now)
            if load:
                return line, load
    return None


def _load(state: State, line: Line, way: Way, now: Moment) -> tuple[Obligation, ...]:
    chief = in_charge(state.lines, state.rules, line.duty)
    first = list(_delicate(state, line, now))
    others = [o for o in first if o.hold is None]
    probing = way.down and not known_receipt(state, line)
    if chief is None or chief is line or probing:
        plain = _plain(state.ledger, line, _sendable(now, state.rules))
    else:
        plain = iter(())
    most = min(line.batch, way.load or line.batch) if chief is line or not way.down else 1
    load = tuple(itertools.islice(itertools.chain(others, plain), most))
    # What was refused alone goes alone, each in its turn, and only when nothing else waits for it.
    return load or tuple(sorted(first, key=_held_ms)[:1])


def _plain(ledger: Ledger, line: Line, days: Iterable[dt.date]) -> Iterator[Obligation]:
    for obligation in ledger.waiting_on(days):
        if obligation.duty == line.duty and not obligation.delicate:
            yield obligation


def _delicate(state: State, line: Line, now: Moment) -> Iterator[Obligation]:
    """Those in doubt, refused alone or passed on that this line may send now."""
    days, rests_ms = _sendable(now, state.rules), _rest_together_ms(state, line.name)
    served = state.lines.way(line.name).served
    for o in state.ledger.those(state.ledger.delicate):
        if o.duty != line.duty or o.day not in days or line.name in o.passed_by:
            continue
        if o.hold and o.hold.channel == line.name:
            stuck = o.hold.served == served
            if max(o.hold.until_unix_ms, rests_ms if stuck else 0) > now.unix_ms:
                continue
        carrier = in_charge(state.lines, state.rules, o.duty, o.passed_by)
        searched = o.doubt and can_search(line, state.lines.way(line.name))
        if not searched and carrier in (None, line):
            yield o


def _held_ms(obligation: Obligation) -> int:
    return obligation.hold.until_unix_ms if obligation.hold is not None else 0


def stuck_on(state: State, name: str) -> dict[str, Hold]:
    """By reference, those that this line refused alone, and it has carried nothing since.

    Then it may well be the line, and one of them tells as much as all: they rest together.
    """
    served = state.lines.way(name).served
    held = ((o.reference, o.hold) for o in state.ledger.those(state.ledger.delicate))
    return {r: h for r, h in held if h and h.channel == name and h.served == served}


def _rest_together_ms(state: State, name: str) -> int:
    """Unix ms until which all rest that are stuck on this line; 0 where none is."""
    return max((hold.until_unix_ms for hold in stuck_on(state, name).values()), default=0)


def _sendable(now: Moment, rules: Rules) -> tuple[dt.date, dt.date]:
    """Today and tomorrow: nothing is ever sent for yesterday (DOMAIN.md, section 5.6)."""
    today = rules.day(now)
    return today, today + dt.timedelta(days=1)


def may_ask(line: Line, way: Way, ability: Ability) -> bool:
    """Whether this line can be asked such a thing, as far as it is known."""
    return ability in line.abilities and ability not in way.refuses


def known_receipt(state: State, line: Line) -> str:
    """A receipt that this line can be asked about; empty: there is none."""
    if not may_ask(line, state.lines.way(line.name), Ability.LOOK_UP):
        return ""
    obligations = state.ledger.obligations.values()
    return next((o.receipt for o in obligations if o.receipt and o.duty == line.duty), "")


def can_search(line: Line, way: Way) -> bool:
    """Whether a search by this line is worth waiting for."""
    return may_ask(line, way, Ability.SEARCH) and way.blind < BLIND_AFTER


def due_ms(state: State, now: Moment) -> int | None:
    """Monotonic time in ms at which a line may be tried for what waits."""
    if not state.ledger.waiting:
        return None
    ways = state.lines.ways.values()
    wanted = [way.rests_until_ms for way in ways if way.rests_until_ms > now.mono_ms]
    held_ms = [_held_ms(o) for o in state.ledger.those(state.ledger.delicate)]
    held_ms += [_rest_together_ms(state, name) for name in state.lines.ways] if held_ms else []
    wanted += [now.mono_ms + ms - now.unix_ms for ms in held_ms if ms > now.unix_ms]
    return min(wanted, default=None)


# --- how long a line rests, and whether it is up ---------------------------------------------


def pause_ms(
    turn: Turn,
    name: str,
    failure: Failure | None,
    jitter: float,
    *,
    known: bool = False,
) -> int:
    """How long the line rests after a call that failed, or that it carried while it is down.

    `known`: what was refused alone before was so again, which says nothing of the line.
    """
    rules, way = turn.state.rules, turn.state.lines.way(name)
    line = _named(rules, name)
    if failure is None:
        chief = in_charge(turn.state.lines, rules, line.duty) if line is not None else None
        probing = way.down and chief is not None and chief is not line
        return rules.taken_back_ms // PROBES_UNTIL_TAKEN_BACK if probing else 0
    if known:
        return schedule.SHORTEST_PAUSE_MS
    wait = failure.retry_after_ms
    if _hopeless(failure, way.alone + (way.size == 1)) and failure.kind != "Unavailable":
        wait = max(wait, rules.longest_retry_ms)
    oldest_ms = line.oldest_ms if line is not None else 0
    return schedule.pause_ms(way.failures + 1, jitter, wait, turn.at, rules, oldest_ms)


def judge(turn: Turn, name: str, failure: Failure | None) -> None:
    """Gives the line up, or takes it back, after a call that ended and is recorded."""
    rules, way, now = turn.state.rules, turn.state.lines.way(name), turn.at.mono_ms
    line = _named(rules, name)
    if line is None:
        return
    if failure is None:
        if way.down and now - way.well_ms >= rules.taken_back_ms:
            turn.record(LineTakenBack(name, now - way.well_ms))
    elif not way.down and way.failures:
        down_ms = now - way.since_ms
        if _hopeless(failure, way.alone) or down_ms >= line.budget_ms:
            others = in_charge(turn.state.lines, rules, line.duty, (name,))
            reason = f"{failure.kind}: {failure.message}"
            next_name = others.name if others is not None else ""
            turn.record(LineGivenUp(name, next_name, reason, way.failures, down_ms))


def _hopeless(failure: Failure, alone: int) -> bool:
    """What was refused whole speaks against the line once something else was refused alone, too."""
    return failure.hopeless and (not failure.whole or alone > 1)


def _named(rules: Rules, name: str) -> Line | None:
    return next((line for line in rules.lines if line.name == name), None)
