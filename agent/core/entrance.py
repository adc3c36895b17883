"""At the entrance: what a tap obliges to, at once or once its badge, worker or day is known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agent.core import badges
from agent.core.badges import Book
from agent.core.commands import Record, Show
from agent.core.dating import open_obligation, settle_loose
from agent.core.events import (
    BadgeAssignmentAsked,
    BadgeDismissalAsked,
    RosterOffered,
    RosterUnreadable,
    Tapped,
)
from agent.core.identifiers import is_random_uid
from agent.core.obligations import Obligation, Outcome, reference_for
from agent.core.records import (
    BadgeAssigned,
    BadgeDismissed,
    ObligationAmended,
    RejectionStored,
    RosterRefused,
    RosterTaken,
    TapStored,
    Verdict,
    WorkerDelisted,
    WorkerListed,
)
from agent.core.roster import Worker
from agent.core.signals import Signal
from agent.core.taps import LooseTap
from agent.core.turn import Turn


def tapped(turn: Turn, event: Tapped) -> None:
    """Stores the tap, opens what it obliges to, and shows which of these it was."""
    state = turn.state
    if state.taps.repeats(event.uid, turn.at, state.rules):
        return
    tap = TapStored(event.reader, event.direction, event.uid, Verdict.UNKNOWN)
    held = state.book.holder(event.uid)
    if is_random_uid(event.uid):
        _store(turn, Signal.CARD_UNUSABLE, replace(tap, verdict=Verdict.UNUSABLE))
    elif held is None:
        _store(turn, Signal.REFUSED, tap)
    elif not turn.at.trusted:
        _store(turn, Signal.STORED, replace(tap, verdict=Verdict.WORKER, worker=held[0]))
    elif not held[1].valid_on(state.rules.day(turn.at)):
        _store(turn, Signal.REFUSED, replace(tap, verdict=Verdict.EXPIRED, worker=held[0]))
    else:
        _count(turn, replace(tap, verdict=Verdict.WORKER, worker=held[0]), held[1])


def _store(turn: Turn, signal: Signal, tap: TapStored) -> int:
    seq = turn.record(tap)
    turn.say(Show(signal, tap.reader))
    return seq


def _count(turn: Turn, tap: TapStored, worker: Worker) -> None:
    rules = turn.state.rules
    duty = rules.duty_of(worker.employer)
    known = turn.state.ledger.for_tap(tap.worker, turn.at, duty, rules)
    if known is not None and known.ahead:  # his night shift goes before today's
        known = turn.state.ledger.of_last_night(tap.worker, turn.at, rules) or known
    if known is not None:
        _store(turn, _signal_of(known), replace(tap, obligation=known.reference))
        return
    reference = reference_for(turn.state.journal, turn.state.ledger.opened + 1)
    seq = _store(turn, Signal.STORED, replace(tap, obligation=reference))
    loose = LooseTap(seq, turn.at, tap.uid, tap.reader, tap.direction, Verdict.WORKER)
    open_obligation(turn, loose, tap.worker, worker, rules.day(turn.at))


def _signal_of(obligation: Obligation) -> Signal:
    match obligation.outcome:
        case Outcome.REGISTERED:
            return Signal.REGISTERED
        case Outcome.REJECTED | Outcome.EXPIRED | Outcome.CANCELLED:
            return Signal.REFUSED
    return Signal.STORED


def roster_offered(turn: Turn, event: RosterOffered) -> None:
    """Takes the roster, journals its differences, and lets what waited for it go on."""
    book = turn.state.book
    if badges.loses_too_many(book, event.roster) and not event.force:
        reason = (
            f"more than a third of the {len(book.listed)} workers in force are not in it; the old "
            "roster stays in force. Check the file; if it is right: "
            "werfpoort roster import FILE --force"
        )
        turn.record(RosterRefused(event.source, reason))
        turn.reply(event.asked, False, f"roster {event.source} not taken: {reason}")
        return
    today = turn.state.rules.day(turn.at) if turn.at.trusted else turn.state.day
    changes = tuple(badges.differences(book, event.roster, today or dt.date.min))
    if not changes and event.problems == book.problems:
        turn.reply(event.asked, True, f"roster {event.source}: nothing has changed")
        return
    removed = sum(isinstance(change, WorkerDelisted) for change in changes)
    added = sum(
        isinstance(change, WorkerListed) and change.number not in book.listed for change in changes
    )
    changed = len(changes) - removed - added
    for change in changes:
        turn.record(change)
    listed, uids = len(turn.state.book.listed), len(turn.state.book.badges)
    turn.record(RosterTaken(event.source, listed, uids, added, removed, changed, event.problems))
    mend(turn, book)
    turn.reply(
        event.asked,
        True,
        f"roster {event.source} is in force: {listed} workers, {uids} badges "
        f"({added} added, {removed} removed, {changed} changed)"
        + "".join(f"\nleft out: {problem}" for problem in event.problems),
    )


def roster_unreadable(turn: Turn, event: RosterUnreadable) -> None:
    """Keeps the old roster in force."""
    turn.record(RosterRefused(event.source, event.reason))
    turn.reply(event.asked, False, f"roster {event.source} not taken: {event.reason}")


def badge_assigned(turn: Turn, event: BadgeAssignmentAsked) -> None:
    """Links a badge to a worker; today's taps of that badge count from now on."""
    book = turn.state.book
    held, found = book.holder(event.uid), book.named(event.worker)
    if held is not None:
        refusal = f"the badge belongs to worker w{held[0]}; change the roster file to move it"
    elif is_random_uid(event.uid):
        refusal = "a number that begins with 08 is a phone's and new at every tap; use a card"
    elif len(found) > 1:
        refusal = (
            f"{len(found)} workers have that name; name one by its number (werfpoort roster list)"
        )
    elif not found:
        refusal = "no worker on the roster has that number or name (werfpoort roster list)"
    else:
        before = len(turn.state.taps.loose)
        turn.record(BadgeAssigned(event.uid, found[0]))
        mend(turn)
        counted = before - len(turn.state.taps.loose)
        turn.reply(
            event.asked, True, f"badge linked to worker w{found[0]}; {counted} tap(s) counted"
        )
        return
    turn.reply(event.asked, False, f"badge not linked: {refusal}")


def badge_dismissed(turn: Turn, event: BadgeDismissalAsked) -> None:
    """Lets an unknown badge's taps of today count for nothing."""
    if event.uid not in turn.state.taps.unknown():
        turn.reply(event.asked, False, "no unknown badge with that number was tapped today")
        return
    turn.record(BadgeDismissed(event.uid))
    turn.reply(event.asked, True, "dismissed: its taps of today oblige to nothing")


def mend(turn: Turn, before: Book | None = None) -> None:
    """After a change of the roster, or once the clock tells the day again: loose taps may count,
    rejected ones are sent once more, and what was not sent yet goes with the number that was put
    right. `before`: the book until now."""
    settle_loose(turn)
    if not turn.at.trusted:
        return
    today = turn.state.rules.day(turn.at)
    for obligation in tuple(turn.state.ledger.obligations.values()):
        if obligation.day < today:
            continue
        held = _held_now(obligation, turn.state.book, before)
        if held is None or held[1] == obligation.person:
            continue
        unsent = _unsent(obligation) and _put_right(obligation, held[1], turn.state.book)
        if not unsent and obligation.outcome is not Outcome.REJECTED:
            continue
        known = turn.state.ledger.latest(held[0], obligation.day)
        if known is None or known.number == obligation.number:
            turn.record(ObligationAmended(obligation.reference, held[0], held[1]))


def _unsent(owed: Obligation) -> bool:
    """Nobody has got it yet, for certain."""
    return owed.outcome is None and not (owed.attempt or owed.doubt or owed.handed_to)


def _put_right(owed: Obligation, worker: Worker, book: Book) -> bool:
    """Whether this is the one who tapped with another number, and not whoever has the badge now."""
    was = owed.person
    alike = (was.surname, was.given_name, was.employer)
    return owed.worker not in book.listed and alike == (
        worker.surname,
        worker.given_name,
        worker.employer,
    )


def rejected(turn: Turn) -> None:
    """After an answer: what it rejected is sent once more where the roster was mended while it was
    under way."""
    said = (c.record for c in turn.commands if isinstance(c, Record))
    if any(isinstance(record, RejectionStored) for record in said):
        mend(turn)


def _held_now(owed: Obligation, book: Book, before: Book | None) -> tuple[int, Worker] | None:
    """Who holds the badge that was tapped, or the one that replaced it until now."""
    found = book.holder(owed.uid)
    listing = before.listed.get(owed.worker) if found is None and before is not None else None
    others = (book.holder(uid) for uid in (listing.badges if listing is not None else ()))
    return found or next(filter(None, others), None)
