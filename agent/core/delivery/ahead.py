"""Registered ahead: tomorrow's crew, as its employer confirmed it, where the site agreed on that.

Checkinatwork takes tomorrow, too. Check In and Out never: there a worker registers himself, and an
employer neither for him nor ahead (WIRE.md, at its top). Whoever does not come is put up for
cancelling at a set hour; a person cancels, while the service still takes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agent.core.badges import Listing
from agent.core.delivery.receipt_records import CrewConfirmed, ObligationCancelled
from agent.core.events import CrewConfirmationAsked
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome, reference_for
from agent.core.records import ObligationOpened
from agent.core.rules import Per
from agent.core.state import State
from agent.core.turn import Turn

OFF = (
    "registering ahead is off in the configuration: set ahead.enabled = true, then"
    " systemctl reload werfpoort"
)


def tomorrow(state: State, now: Moment) -> dt.date:
    """The day for which a crew may be confirmed now."""
    return state.rules.day(now) + dt.timedelta(days=1)


def crew(state: State, employer: str, day: dt.date) -> Iterator[tuple[int, Listing]]:
    """Who of this employer may work on `day`, as the roster says."""
    for number, listing in state.book.listed.items():
        if listing.worker.employer == employer and listing.worker.valid_on(day):
            yield number, listing


def missing(state: State, now: Moment) -> tuple[Obligation, ...]:
    """Who is registered ahead for today and has not tapped by the set hour."""
    local = now.local(state.rules.zone)
    if not now.trusted or local.hour * 60 + local.minute < state.rules.here_by_min:
        return ()
    today, ended = local.date(), (None, Outcome.REGISTERED)
    known = state.ledger.obligations.values()
    return tuple(o for o in known if o.ahead and o.day == today and o.outcome in ended)


def crew_confirmed(turn: Turn, event: CrewConfirmationAsked) -> None:
    """Opens what tomorrow's crew will owe, once for each; it is sent at once."""
    refusal = _refusal(turn, event)
    if refusal:
        turn.reply(event.asked, False, f"not confirmed: {refusal}")
        return
    state, day = turn.state, tomorrow(turn.state, turn.at)
    chosen = [
        (n, who) for n, who in crew(state, event.employer, day) if n not in set(event.without)
    ]
    known = (state.ledger.latest(number, day) for number, _ in chosen)
    owed = {o.worker for o in known if o is not None and o.outcome is not Outcome.CANCELLED}
    turn.record(CrewConfirmed(event.employer, day, tuple(number for number, _ in chosen)))
    for number, listing in chosen:
        if number not in owed:
            _open(turn, number, listing, day)
    fresh = len(chosen) - len(owed)
    already = f", {len(owed)} were before" if owed else ""
    text = f"{fresh} of {event.employer} are being registered for {day}{already}; werfpoort ahead"
    turn.reply(event.asked, True, text)


def _refusal(turn: Turn, event: CrewConfirmationAsked) -> str:
    state = turn.state
    numbers = {number for number, _ in crew(state, event.employer, tomorrow(state, turn.at))}
    if not state.rules.ahead:
        return OFF
    if not turn.at.trusted:
        return "the clock is not trusted, so that no day is certain; set the clock (NTP)"
    if state.rules.duty_of(event.employer).per is Per.TAP:
        return "who owes Check In and Out registers himself; nobody can do it for him or ahead"
    if strange := [f"w{n}" for n in event.without if n not in numbers]:
        return f"{', '.join(strange)}: not of this crew; werfpoort roster list shows the numbers"
    if not numbers - set(event.without):
        return f"the roster names nobody of {event.employer} for that day"
    return ""


def _open(turn: Turn, number: int, listing: Listing, day: dt.date) -> None:
    state = turn.state
    turn.record(
        ObligationOpened(
            reference=reference_for(state.journal, state.ledger.opened + 1),
            worker=number,
            person=listing.worker,
            uid=listing.badges[0] if listing.badges else "",
            day=day,
            duty=state.rules.duty_of(listing.worker.employer).name,
            direction="",
            reader="",
            tap=0,
            at=turn.at,
            ahead=True,
        )
    )


def nobody_came(turn: Turn, today: dt.date) -> None:
    """Ends what was never made for who never came: nobody owed it, so that nothing expires."""
    over = [day for day in turn.state.ledger.waiting if day < today]
    for obligation in tuple(turn.state.ledger.waiting_on(over)):
        if obligation.ahead and not obligation.unsure:
            turn.record(ObligationCancelled(obligation.reference))
