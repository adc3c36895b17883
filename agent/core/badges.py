"""Who holds which badge: the roster in force, with what persons added to it.

A worker keeps the number given at first sight for as long as the journal lives, whatever file
names it, so that nothing in the journal ever points at a national number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agent.core.journal_records import PayloadsErased
from agent.core.records import BadgeAssigned, Record, RosterTaken, WorkerDelisted, WorkerListed
from agent.core.roster import Roster, Worker
from agent.core.shelf import Shelf

THIRD = 3
"""A roster that loses more than one in three workers is asked about first."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One worker in force with its badges from the file; `enrolled`: not from it, but from a
    person at the gate."""

    worker: Worker
    badges: tuple[str, ...]
    enrolled: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """`listed`: who is on the roster now. `numbers`: every identity ever seen → its number."""

    listed: Shelf[int, Listing] = field(default_factory=Shelf)
    numbers: Shelf[str, int] = field(default_factory=Shelf)
    badges: Shelf[str, int] = field(default_factory=Shelf)
    assigned: Shelf[str, int] = field(default_factory=Shelf)
    problems: tuple[str, ...] = ()
    """What is wrong with the rows that the file in force left out."""
    given: int = 0
    """The highest number ever given: also that of a worker who was forgotten is not given again."""

    def holder(self, uid: str) -> tuple[int, Worker] | None:
        """The worker to whom this badge leads, with its number. The file goes before persons."""
        number = self.badges.get(uid) or self.assigned.get(uid) or 0
        listing = self.listed.get(number)
        return None if listing is None else (number, listing.worker)

    def named(self, text: str) -> tuple[int, ...]:
        """Numbers of the listed workers that `text` names: `12`, `w12` or a full name."""
        digits = text.strip().lower().removeprefix("w")
        if digits.isdecimal():
            return (int(digits),) if int(digits) in self.listed else ()
        wanted = sorted(text.casefold().split())
        return tuple(
            number
            for number, listing in self.listed.items()
            if wanted
            and sorted(f"{listing.worker.surname} {listing.worker.given_name}".casefold().split())
            == wanted
        )


def differences(
    book: Book, roster: Roster, today: dt.date
) -> Iterator[WorkerListed | WorkerDelisted]:
    """What must be journaled so that the book becomes this roster; nothing when it is. Whoever a
    person enrolled stays until the roster names them or their days are over."""
    fresh = book.given
    kept: set[int] = set()
    for identity, listing in _listings(roster).items():
        number = book.numbers.get(identity)
        if number is None:
            number = fresh = fresh + 1
        kept.add(number)
        if book.listed.get(number) != listing:
            yield WorkerListed(number, listing.worker, listing.badges)
    named = {_person(worker) for worker in roster.workers}
    for number, listing in book.listed.items():
        stays = listing.enrolled and listing.worker.valid_on(today)
        if number not in kept and not (stays and _person(listing.worker) not in named):
            yield WorkerDelisted(number)


def _listings(roster: Roster) -> dict[str, Listing]:
    workers: dict[str, Worker] = {_key(worker): worker for worker in roster.unbadged}
    badges: dict[str, list[str]] = {}
    for uid, worker in roster.badges.items():
        workers[_key(worker)] = worker
        badges.setdefault(_key(worker), []).append(uid)
    return {
        identity: Listing(worker, tuple(sorted(badges.get(identity, ()))))
        for identity, worker in workers.items()
    }


def _key(worker: Worker) -> str:
    return "/".join(worker.identity)


def loses_too_many(book: Book, roster: Roster) -> bool:
    """True when more than a third of the workers in force could not tap any more: likely the
    wrong file, or one whose badge column was lost.

    Whose badge is still named has not gone (a row was mended), nor who has another badge now.
    """
    tapping = {_person(worker) for worker in roster.badges.values()}
    known = tapping | {_person(worker) for worker in roster.unbadged}
    gone = sum(
        not listing.enrolled
        and roster.badges.keys().isdisjoint(listing.badges)
        and _person(listing.worker) not in (tapping if listing.badges else known)
        for listing in book.listed.values()
    )
    return gone * THIRD > len(book.listed)


def _person(worker: Worker) -> tuple[str, str]:
    return (worker.inss or worker.limosa, worker.employer)


def apply(book: Book, record: Record) -> Book:
    """The book after this record."""
    match record:
        case WorkerListed(number, worker, uids, enrolled):
            badges = _without(book, number)
            for uid in uids:
                badges = badges.put(uid, number)
            return replace(
                book,
                listed=book.listed.put(number, Listing(worker, uids, enrolled)),
                numbers=book.numbers.put(_key(worker), number),
                badges=badges,
                given=max(book.given, number),
            )
        case WorkerDelisted(number):
            return replace(
                book,
                listed=book.listed.drop(number),
                badges=_without(book, number),
                given=max(book.given, number),
            )
        case RosterTaken(problems=problems):
            return replace(book, problems=problems)
        case BadgeAssigned(uid, number):
            return replace(book, assigned=book.assigned.put(uid, number))
        case PayloadsErased(workers=workers) if workers:
            return _forgetting(book, frozenset(workers))
    return book


def _forgetting(book: Book, workers: frozenset[int]) -> Book:
    """The book without those of whom the journal knows nothing any more."""
    numbers, assigned = book.numbers, book.assigned
    for identity, number in book.numbers.items():
        if number in workers:
            numbers = numbers.drop(identity)
    for uid, number in book.assigned.items():
        if number in workers:
            assigned = assigned.drop(uid)
    return replace(book, numbers=numbers, assigned=assigned)


def _without(book: Book, number: int) -> Shelf[str, int]:
    """The badges without those that still lead to this worker."""
    listing, badges = book.listed.get(number), book.badges
    for uid in listing.badges if listing is not None else ():
        if badges.get(uid) == number:
            badges = badges.drop(uid)
    return badges
