"""A spare gate in the old one's place: the old one's day goes on here, and nobody is sent twice.

What the old gate had settled is settled here; what it had not is owed here, under the reference
that it had there (a supplier knows it by that), and is in doubt: the old gate may have sent it
after the export, so it is found out about before anything else (delivery/reconcile.py). Evidence
and incidents stay in the old journal, so that nothing is exempt here by what another gate measured.

The export masks national numbers of other firms. So each worker is looked up in the roster of this
gate: by what the mask leaves, employer and declaration, and by name or badge. Who is not found
there stays with the old journal, and is named to whoever puts the spare gate up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from agent.core.badges import Book
from agent.core.delivery.delivery_records import HandoverStored
from agent.core.delivery.inquiries import Ability
from agent.core.delivery.receipt_records import ObligationCancelled
from agent.core.identifiers import mask_inss
from agent.core.journal_records import JournalContinued
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.paper.attendance_list import Mark
from agent.core.paper.paper_records import ListStands, ObligationOnPaper, PersonListed
from agent.core.predecessor import PlaceTaken, Predecessor
from agent.core.records import (
    BadgeAssigned,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    RejectionStored,
)
from agent.core.roster import Worker
from agent.core.rules import Rules
from agent.core.state import State
from agent.core.turn import Turn

KEPT_DAYS = 2
"""The old gate's last day, and the one before it for night shifts."""

Look = tuple[str, str, str, str]


def predecessor_of(
    old: State,
    until: Moment,
    *,
    gate: str,
    site: str,
    company: str,
    head: str,
    key: str,
) -> Predecessor:
    """What a journal that was read up to `until` leaves to the gate after it."""
    since = (old.day or until.day(old.rules.zone)) - dt.timedelta(days=KEPT_DAYS - 1)
    owed = (o for o in old.ledger.obligations.values() if o.outcome is None or o.day >= since)
    assigned = {
        uid: held[1]
        for uid, _ in old.book.assigned.items()
        if (held := old.book.holder(uid)) is not None
    }
    return Predecessor(
        journal=old.journal,
        gate=gate,
        training=old.training,
        upto=old.seq,
        head=head,
        key=key,
        until=until,
        site=site,
        company=company,
        obligations=tuple(o for o in owed if o.outcome is not Outcome.EXEMPT),
        assigned=assigned,
        references=tuple(r.got for r in old.papers.references if r.got.day >= since),
        strangers=len(old.taps.loose),
    )


def place_taken(turn: Turn, event: PlaceTaken) -> None:
    """Takes over what the old gate knew; refused where this one has registered already."""
    old = event.predecessor
    refusal = refuses(turn.state, old)
    if refusal:
        turn.reply(event.asked, False, f"the place of {old.gate} was not taken: {refusal}")
        return
    roster = _Roster(turn.state.book)
    found = {o.reference: who for o in old.obligations if (who := roster.who(o.person, o.uid))}
    kept = [o for o in old.obligations if o.reference in found]
    left = tuple(o.reference for o in old.obligations if o.reference not in found)
    turn.record(
        JournalContinued(old.journal, old.gate, old.upto, old.head, old.key, len(kept), left)
    )
    for uid, number in roster.assigned(old.assigned):
        turn.record(BadgeAssigned(uid, number))
    for got in old.references:
        turn.record(got)
    for obligation in kept:
        _carry(turn, old.gate, obligation, *found[obligation.reference])
    for proof in dict.fromkeys((o.list_number, o.list_reference) for o in kept if o.list_number):
        turn.record(ListStands(*proof))
    settled = sum(o.outcome is not None for o in kept)
    text = f"{len(kept)} registrations of {old.gate} go on here, {settled} of them settled"
    turn.reply(event.asked, True, text + (f"; {len(left)} do not" if left else ""))


def refuses(state: State, old: Predecessor) -> str:
    """Why this gate cannot take the place of that one; empty when it can."""
    if state.ledger.opened or state.journal == old.journal:
        return (
            "the journal here has registrations of its own; to do: give gate.data_dir an empty "
            "folder"
        )
    if state.training is not old.training:
        holds = "training" if old.training else "real"
        return (
            f"its registrations are {holds} ones, and this gate's are not; set gate.training alike"
        )
    if not state.book.listed:
        return (
            "the roster is empty here, and the export masks national numbers; to do: put the "
            "roster (CSV) where gate.roster says, then repeat this"
        )
    return ""


def left_out(state: State, old: Predecessor) -> tuple[Obligation, ...]:
    """What does not go on here, since the roster names nobody who is certainly meant."""
    roster = _Roster(state.book)
    return tuple(o for o in old.obligations if roster.who(o.person, o.uid) is None)


def _carry(turn: Turn, gate: str, o: Obligation, number: int, worker: Worker) -> None:
    """The same obligation here, with all that became of it."""
    turn.record(
        ObligationOpened(
            reference=o.reference,
            worker=number,
            person=worker,
            uid=o.uid,
            day=o.day,
            duty=o.duty,
            direction=o.direction,
            reader=o.reader,
            tap=0,
            at=o.at,
            ahead=o.ahead,
            elsewhere=(o.doubt or gate) if o.outcome is None or o.doubt else "",
        )
    )
    if o.list_number:
        mark = Mark.REGISTERED if o.receipt else Mark.OPEN
        turn.record(PersonListed(o.list_number, o.reference, number, worker, o.at, mark, o.receipt))
    match o.outcome:
        case Outcome.REGISTERED:
            turn.record(ReceiptStored(o.reference, 0, o.receipt, o.status, o.remarks))
        case Outcome.REJECTED:
            turn.record(RejectionStored(o.reference, 0, o.errors))
        case Outcome.EXPIRED:
            turn.record(ObligationExpired(o.reference, o.day, o.unsure))
        case Outcome.CANCELLED:
            turn.record(ObligationCancelled(o.reference, o.receipt))
        case Outcome.ON_PAPER:
            turn.record(ObligationOnPaper(o.reference, o.day, o.list_number, o.list_reference))
        case None if o.handed_to and _can_ask(turn.state.rules, o.handed_to):
            turn.record(HandoverStored(o.reference, 0, o.handed_to))


def _can_ask(rules: Rules, name: str) -> bool:
    """True where what was handed over there can be asked after here."""
    return any(line.name == name and Ability.ASK_AFTER in line.abilities for line in rules.lines)


class _Roster:
    """Finds in this gate's roster whom the old gate meant; nobody where it is not certain."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._alike: dict[Look, list[int]] = {}
        for number, listing in book.listed.items():
            self._alike.setdefault(_look(listing.worker), []).append(number)

    def who(self, worker: Worker, uid: str) -> tuple[int, Worker] | None:
        """The worker with its number here: that of the same name, or who holds badge `uid`."""
        found = []
        for number in self._alike.get(_look(worker), ()):
            listing = self._book.listed.get(number)
            if listing is None:
                continue
            if _names(listing.worker) == _names(worker) or uid in listing.badges:
                found.append((number, listing.worker))
        return found[0] if len(found) == 1 else None

    def assigned(self, badges: Mapping[str, Worker]) -> Iterator[tuple[str, int]]:
        """Badges that persons linked at the old gate, to the numbers of their workers here."""
        for uid, worker in badges.items():
            found = self.who(worker, uid)
            if found is not None and self._book.holder(uid) is None:
                yield uid, found[0]


def _look(worker: Worker) -> Look:
    """What tells a worker from others where the number may be masked; a masked one stays so."""
    masked = mask_inss(worker.inss), mask_inss(worker.limosa)
    return (*masked, worker.employer, worker.declaration)


def _names(worker: Worker) -> tuple[str, str]:
    return worker.surname.casefold(), worker.given_name.casefold()
