"""Enrolling at the gate: a badge for a worker, by national number and employer.

Whom the roster names gets the badge. Whom it does not name is taken without a name, which no
keypad can type: a registration needs the number and the employer alone, and on an attendance list
the name is a line to fill in. That is a stop-gap: it ends after some days, or as soon as a roster
names the person.
"""

from __future__ import annotations

import datetime as dt

from agent.core.entrance import badge_assigned
from agent.core.events import BadgeAssignmentAsked
from agent.core.identifiers import mask_inss
from agent.core.paper.paper_events import EnrolmentAsked
from agent.core.records import WorkerDelisted, WorkerListed
from agent.core.roster import Worker
from agent.core.state import State
from agent.core.turn import Turn

ENROLLED_DAYS = 7
"""Ours: so long somebody whom the roster does not name may tap; the office has it put right."""


def named_by_roster(state: State, inss: str, employer: str) -> tuple[int, ...]:
    """The listed workers of this number and employer, one for each declaration."""
    return tuple(
        number
        for number, listing in state.book.listed.items()
        if (listing.worker.inss, listing.worker.employer) == (inss, employer)
    )


def enrolment_asked(turn: Turn, event: EnrolmentAsked) -> None:
    """Links the badge to the worker of this number and employer, whether the roster names them."""
    found = named_by_roster(turn.state, event.inss, event.employer)
    if len(found) > 1:
        whose = f"{mask_inss(event.inss)} of employer {event.employer}"
        why = f"{whose} stands on the roster under {len(found)} declarations; name the badge there"
        turn.reply(event.asked, False, f"badge not linked: {why}")
        return
    if not found:
        refusal, worker = _unnamed(turn, event)
        if worker is None:
            turn.reply(event.asked, False, f"badge not linked: {refusal}")
            return
        number = turn.state.book.numbers.get("/".join(worker.identity)) or turn.state.book.given + 1
        turn.record(WorkerListed(number, worker, (), enrolled=True))
        found = (number,)
    badge_assigned(turn, BadgeAssignmentAsked(event.at, event.uid, f"w{found[0]}", event.asked))


def _unnamed(turn: Turn, event: EnrolmentAsked) -> tuple[str, Worker | None]:
    """Somebody whom the roster does not name; or why that cannot be."""
    listed = [listing.worker for _, listing in turn.state.book.listed.items()]
    others = {worker.employer for worker in listed if worker.inss == event.inss}
    if others:
        known = ", ".join(sorted(others))
        return f"the roster names {mask_inss(event.inss)} with employer {known}; choose that", None
    under = {worker.declaration for worker in listed if worker.employer == event.employer}
    if len(under) > 1:
        return f"employer {event.employer} works under several declarations; add a row", None
    day = turn.state.rules.day(turn.at) if turn.at.trusted else turn.state.day
    if day is None:
        return "no clock ever told the day, so nobody knows until when it counts; add a row", None
    until = day + dt.timedelta(days=ENROLLED_DAYS - 1)
    declaration = next(iter(under), turn.state.rules.declaration)
    worker = Worker("", "", event.employer, declaration, inss=event.inss, valid_until=until)
    return "", worker


def let_go(turn: Turn, today: dt.date) -> None:
    """Whoever was enrolled and whose days are over, the night after them included, is on the
    roster no more: from then on the term of their details runs."""
    yesterday = today - dt.timedelta(days=1)
    for number, listing in tuple(turn.state.book.listed.items()):
        if listing.enrolled and not listing.worker.valid_on(yesterday):
            turn.record(WorkerDelisted(number))
