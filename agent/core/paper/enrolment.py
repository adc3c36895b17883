"""Enrolling at the gate: a badge for a worker whom the roster names, by national number."""

from __future__ import annotations

from agent.core.entrance import badge_assigned
from agent.core.events import BadgeAssignmentAsked
from agent.core.identifiers import mask_inss
from agent.core.paper.paper_events import EnrolmentAsked
from agent.core.turn import Turn


def enrolment_asked(turn: Turn, event: EnrolmentAsked) -> None:
    """Links the badge to the worker of this number and employer; refused for whom the roster
    does not name: without a name nobody could stand on a list."""
    found = [
        number
        for number, listing in turn.state.book.listed.items()
        if (listing.worker.inss, listing.worker.employer) == (event.inss, event.employer)
    ]
    if len(found) == 1:
        worker = f"w{found[0]}"
        badge_assigned(turn, BadgeAssignmentAsked(event.at, event.uid, worker, event.asked))
        return
    whose = f"{mask_inss(event.inss)} of employer {event.employer}"
    reason = (
        f"the roster names no worker {whose}; add a row, then enrol again"
        if not found
        else f"{whose} stands on the roster under {len(found)} declarations; name the badge there"
    )
    turn.reply(event.asked, False, f"badge not linked: {reason}")
