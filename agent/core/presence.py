"""Who is on the site now, as far as taps tell: for the page, and for the list that is called out
when everybody must leave.

Only who tapped is known; without a reader that leads out, nobody is known to have left. It holds no
national number: those serve the registration alone (DOMAIN.md, section 6).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.concerns import standing
from agent.core.moment import Moment
from agent.core.obligations import Obligation
from agent.core.passages import OUT
from agent.core.state import State
from agent.core.taps import LooseTap

UNCOUNTED = "not counted"
"""How it stands with whoever tapped and owes nothing so far: no day is known for the tap, or the
badge is unknown or not valid today."""


@dataclass(frozen=True, slots=True)
class Present:
    """One person on the site, since `since`. `standing`: of the registration, in a word or two.

    `unknown`: without a name, the number that the badge has among today's unknown ones.
    """

    surname: str
    given_name: str
    employer: str
    since: Moment
    standing: str
    unknown: int = 0


def present(state: State, now: Moment) -> tuple[Present, ...]:
    """Everybody who tapped and did not leave, by employer and name; unknown badges at the end."""
    here: dict[int, Present] = {}
    gone: set[int] = set()
    for obligation in _of_today(state, now):
        here.pop(obligation.worker, None)
        if obligation.left is not None or obligation.direction == OUT:
            gone.add(obligation.worker)
        else:
            gone.discard(obligation.worker)
            here[obligation.worker] = _obliged(obligation)
    for number, one in _uncounted(state).items():
        if number not in gone:
            here.setdefault(number, one)
    known = sorted(here.values(), key=lambda p: (p.employer, p.surname, p.given_name))
    return (*known, *_strangers(state))


def _of_today(state: State, now: Moment) -> Iterator[Obligation]:
    """The latest obligation of each worker who tapped, last night's shift first."""
    today = state.rules.day(now)
    for day in (today - dt.timedelta(days=1), today):
        for number in state.ledger.days.get(day, {}).values():
            known = state.ledger.obligations.get(number)
            if known is None or known.ahead:
                continue
            if day == today or now.unix_ms - known.at.unix_ms < state.rules.shift_ms:
                yield known


def _obliged(obligation: Obligation) -> Present:
    person = obligation.person
    return Present(
        person.surname, person.given_name, person.employer, obligation.at, standing(obligation)
    )


def _uncounted(state: State) -> dict[int, Present]:
    """Who is on the roster and tapped, and owes nothing by it so far."""
    found: dict[int, Present] = {}
    for tap in state.taps.loose:
        held = state.book.holder(tap.uid)
        if held is None:
            continue
        number, worker = held
        found.pop(number, None)
        if tap.direction != OUT:
            names = (worker.surname, worker.given_name, worker.employer)
            found[number] = Present(*names, tap.at, UNCOUNTED)
    return found


def _strangers(state: State) -> Iterator[Present]:
    """The unknown badges whose last tap was not one out."""
    last: dict[str, LooseTap] = {}
    for tap in state.taps.loose:
        if state.book.holder(tap.uid) is None:
            last[tap.uid] = tap
    for number, uid in enumerate(state.taps.unknown(), 1):
        if uid in last and last[uid].direction != OUT:
            yield Present("", "", "", last[uid].at, UNCOUNTED, number)
