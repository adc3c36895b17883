"""What may be erased, and when: a plan, made by reading alone. The loop carries it out.

Two terms (DOMAIN.md, section 6): what ended with a receipt, and what proves a day without one.
Never: what is not settled, and the roster in force; all of that lies beyond the base that the last
`DayBegan` names, or among the listings that count. An obligation is erased with all that belongs to
it, so that none is half known; that there was an entry, when, and of what kind stays for ever.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from agent.core.clock_records import TapsDated
from agent.core.delivery.receipt_records import (
    CancellationRefused,
    CancellationWanted,
    ObligationCancelled,
    ReceiptFollowed,
)
from agent.core.outage.incident_records import CauseCorrected, IncidentClosed, IncidentReopened
from agent.core.outage.procedure_records import StepTaken
from agent.core.paper.paper_records import ListMade, PersonListed, ReferenceGot
from agent.core.records import (
    BadgeAssigned,
    BadgeDismissed,
    Entry,
    ObligationAmended,
    ObligationOpened,
    ReceiptStored,
    RejectionStored,
    TapCounted,
    TapStored,
    WorkerDelisted,
    WorkerListed,
    kind_of,
)
from agent.core.spans import Span, spans_of
from agent.journal.damaged import Damaged
from agent.journal.rows import LAST, Row, base_of
from agent.journal.schema import INDEXED

WARNED_DAYS = 30
"""How long before its erasure something that nobody took away is warned of."""
BATCH_ENTRIES = 500
"""Erased in one commit: taps wait for it (measured: 10 ms on a laptop)."""
NEVER_MS = 250_000_000_000_000
"""The year 9892: when what no clock ever dated would be old enough."""
STRAGGLE_DAYS = 3
"""What belongs to an obligation is written at most so long after its day."""

_OF_OBLIGATIONS = (
    TapStored,
    TapCounted,
    ObligationOpened,
    ObligationAmended,
    ReceiptStored,
    RejectionStored,
    ReceiptFollowed,
    CancellationWanted,
    CancellationRefused,
    ObligationCancelled,
    BadgeDismissed,
    PersonListed,
    TapsDated,
    StepTaken,
    ReferenceGot,
    ListMade,
)
_OF_WORKERS = (WorkerListed, WorkerDelisted, BadgeAssigned)
_OF_INCIDENTS = (CauseCorrected, IncidentReopened, IncidentClosed)
ERASABLE = (*_OF_OBLIGATIONS, *_OF_WORKERS, CauseCorrected)
"""Every kind whose details name a person or a badge."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what is kept, and whether what nobody took away is kept beyond that."""

    receipt_months: int = 13
    proof_years: int = 7
    keep_until_exported: bool = False

    def receipt_ends(self, today: dt.date) -> dt.date:
        """What ended with a receipt before this day is erased."""
        return _months_before(today, self.receipt_months)

    def proof_ends(self, today: dt.date) -> dt.date:
        """What proves a day without a receipt before this day is erased."""
        return _months_before(today, 12 * self.proof_years)

    def last_end(self, day: dt.date) -> dt.date:
        """When of `day` nothing is left at the latest: of which it is not known how it ended."""
        return _months_before(day, -max(self.receipt_months, 12 * self.proof_years))


def _months_before(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (dt.date(year + month // 11, (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))


@dataclass(frozen=True, slots=True)
class Erasure:
    """One commit's worth: which details go, why, and who is forgotten with them."""

    spans: tuple[Span, ...]
    reason: str
    workers: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many entries they are."""
        return sum(map(len, self.spans))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to erase now. `held`: kept only because nobody took it away. `soon`: erased within 30
    days although nobody took it away.
    """

    erasures: tuple[Erasure, ...] = ()
    held: int = 0
    soon: int = 0
    aside: tuple[Damaged, ...] = ()
    """Damaged journals that were put aside, due or not."""


@dataclass(slots=True)
class _Obligation:
    day: dt.date | None = None
    workers: set[int] = field(default_factory=set)
    registered: bool = False
    seqs: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Worker:
    """`over`: since when (unix ms) it is on the roster no more; None while it is."""

    listed: list[tuple[int, int]] = field(default_factory=list)
    badges: list[int] = field(default_factory=list)
    over: int | None = None


def planned(
    connection: sqlite3.Connection,
    terms: Terms,
    today: dt.date,
    *,
    exported: int,
    worker: int | None = None,
) -> Plan:
    """The plan for `today`; for one `worker`, all that is settled of it, whatever its age.

    `exported`: the entry up to which everybody took theirs away.
    """
    base = base_of(connection)
    soon = today + dt.timedelta(days=WARNED_DAYS)
    latest = max(terms.receipt_ends(soon), terms.proof_ends(soon))
    horizon = latest + dt.timedelta(days=STRAGGLE_DAYS)
    until_ms = None if worker is not None else _ms(horizon)
    fold, dates = _Fold(), _Dates(connection)
    for entry in chain(_erasable(connection, base, until_ms), _listings(connection)):
        fold.take(entry, dates.latest_ms(entry))
    due = _Due(terms, today, exported)
    fold.sort(due, base, worker)
    return Plan(tuple(_batches(due.now, due.forgotten)), due.held, due.soon)


class _Dates:
    """When an entry was written at the latest: a clock that nobody set may say any year."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known = (0, 0, NEVER_MS)
        """Entries from one to another, the first whose clock was right, and when that was."""

    def latest_ms(self, entry: Entry) -> int:
        """Its own time, or that of the next entry whose clock is trusted."""
        if entry.at.trusted:
            return entry.at.unix_ms
        first, last, unix_ms = self._known
        if not first <= entry.seq < last:
            following = (
                "SELECT seq, unix_ms FROM entry WHERE seq > ? AND trust <> 'unknown' "
                "ORDER BY seq LIMIT 1"
            )
            found = self._connection.execute(following, (entry.seq,)).fetchone()
            last, unix_ms = found or (LAST, NEVER_MS)
            self._known = (entry.seq, last, unix_ms)
        return unix_ms


def _ms(day: dt.date) -> int:
    return round(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp() * 1000)


def _kinds(kinds: Sequence[type]) -> str:
    return ", ".join(f"'{kind_of(kind)}'" for kind in kinds)


def _erasable(connection: sqlite3.Connection, base: int, until_ms: int | None) -> Iterator[Entry]:
    """Entries before `base` that still have details, up to the first one that is young."""
    ends = base
    if until_ms is not None:
        young = "SELECT min(seq) FROM entry WHERE unix_ms >= ? AND trust <> 'unknown'"
        (found_at,) = connection.execute(young, (until_ms,)).fetchone()
        ends = found_at or base
    found = connection.execute(
        "SELECT e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, e.digest, e.seal, "
        "p.salt, p.body FROM payload p JOIN entry e ON e.seq = p.seq "
        f"WHERE p.seq < ? AND e.kind IN ({_kinds(_OF_OBLIGATIONS)}) ORDER BY p.seq",
        (min(ends, base),),
    )
    return (Row._make(row).entry() for row in found)


def _listings(connection: sqlite3.Connection) -> Iterator[Entry]:
    """Listings of all times and what was said of incidents, by the index, in order; details erased
    or not.
    """
    found = connection.execute(
        "SELECT e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, e.digest, e.seal, "
        "p.salt, p.body FROM entry e LEFT JOIN payload p ON p.seq = e.seq "
        f"WHERE {INDEXED} AND e.kind IN ({_kinds((*_OF_WORKERS, *_OF_INCIDENTS))}) ORDER BY e.seq"
    )
    return (Row._make(row).entry() for row in found)


class _Due:
    """Sorts what is old enough from what is not."""

    def __init__(self, terms: Terms, today: dt.date, exported: int) -> None:
        soon = today + dt.timedelta(days=WARNED_DAYS)
        self.now: dict[str, list[int]] = defaultdict(list)
        self.forgotten: dict[int, int] = {}
        """Worker → the last entry that goes of all that named it."""
        self.held = self.soon = 0
        self._terms, self._exported = terms, exported
        self._ends = {True: terms.receipt_ends(today), False: terms.proof_ends(today)}
        self._soon = {True: terms.receipt_ends(soon), False: terms.proof_ends(soon)}

    def judge(self, day: dt.date, seqs: Iterable[int], *, receipt: bool) -> bool:
        """True when these go now."""
        seqs = list(seqs)
        unexported = sum(seq > self._exported for seq in seqs)
        if day >= self._ends[receipt]:
            self.soon += unexported if day < self._soon[receipt] else 0
            return False
        if unexported and self._terms.keep_until_exported:
            self.held += len(seqs)
            return False
        years, months = self._terms.proof_years, self._terms.receipt_months
        term = f"{months} months after a receipt" if receipt else f"{years} years without a receipt"
        self.now[f"its term ended: {term}"] += seqs
        return True


class _Fold:
    """What belongs together, gathered from entries in their order."""

    def __init__(self) -> None:
        self._obligations: dict[str, _Obligation] = defaultdict(_Obligation)
        self._loose: dict[int, tuple[int, int]] = {}
        """Taps that count for nothing yet, and dismissals: entry → worker (0: nobody), unix ms."""
        self._expected: dict[int, tuple[int, int]] = {}
        """Names on a list of who had not tapped, likewise: proof of a day like the rest of it."""
        self._workers: dict[int, _Worker] = defaultdict(_Worker)
        self._said: list[tuple[str, int, int]] = []
        """What people said of incidents: of which, entry, unix ms."""
        self._closed: set[str] = set()

    def take(self, entry: Entry, now: int) -> None:
        """The next entry, written at `now` (unix ms) at the latest."""
        seq = entry.seq
        match entry.record:
            case TapStored(worker=worker, obligation=""):
                self._loose[seq] = (worker, now)
            case TapStored(obligation=reference):
                self._obligations[reference].seqs.append(seq)
            case TapCounted(tap, reference):
                if self._loose.pop(tap, None):
                    self._obligations[reference].seqs.append(tap)
            case BadgeDismissed():
                self._loose[seq] = (0, now)
            case PersonListed(obligation="", worker=worker):
                self._expected[seq] = (worker, now)
            case TapsDated() | StepTaken():
                self._expected[seq] = (0, now)
            case ReferenceGot(who=who) | ListMade(who=who) if who:
                self._expected[seq] = (0, now)
            case CauseCorrected(incident):
                self._said.append((incident, seq, now))
            case IncidentClosed(incident):
                self._closed.add(incident)
            case IncidentReopened(incident):
                self._closed.discard(incident)
            case PersonListed(obligation=reference):
                self._belongs(reference, seq)
            case ObligationOpened(reference, worker, day=day):
                self._belongs(reference, seq).day = day
                self._obligations[reference].workers.add(worker)
            case ObligationAmended(reference, worker):
                self._belongs(reference, seq).workers.add(worker)
            case ReceiptStored(reference):
                self._belongs(reference, seq).registered = True
            case ObligationCancelled(reference):  # nobody was there: there is nothing to prove
                self._belongs(reference, seq).registered = True
            case (
                RejectionStored(reference)
                | ReceiptFollowed(reference)
                | CancellationWanted(reference)
                | CancellationRefused(reference)
            ):
                self._belongs(reference, seq)
            case WorkerListed(number):
                self._workers[number].listed.append((seq, now))
                self._workers[number].over = None
            case WorkerDelisted(number):
                self._workers[number].over = now
            case BadgeAssigned(_, number):
                self._workers[number].badges.append(seq)

    def _belongs(self, reference: str, seq: int) -> _Obligation:
        obligation = self._obligations[reference]
        obligation.seqs.append(seq)
        return obligation

    def sort(self, due: _Due, base: int, worker: int | None) -> None:
        """Hands everything that is settled to `due`; of one worker everything at once."""
        asked = f"asked for worker w{worker}"
        for obligation in self._obligations.values():
            # Without its opening (erased by a plan that was broken off) its last day is not known.
            if worker is not None and obligation.day and worker in obligation.workers:
                due.now[asked] += obligation.seqs
            elif worker is None and obligation.day:
                due.judge(obligation.day, obligation.seqs, receipt=obligation.registered)
            elif worker is None:
                due.judge(dt.date.min, obligation.seqs, receipt=False)
        for single, receipt in ((self._loose, True), (self._expected, False)):
            for seq, (number, unix_ms) in single.items():
                if worker is None:
                    due.judge(_day(unix_ms), (seq,), receipt=receipt)
                elif number == worker:
                    due.now[asked].append(seq)
        for incident, seq, unix_ms in self._said:
            if worker is None and incident in self._closed and seq < base:
                due.judge(_day(unix_ms), (seq,), receipt=False)
        for number, known in self._workers.items():
            if worker is None or number == worker:
                self._sort_worker(due, number, known, base, asked if worker else "")

    def _sort_worker(self, due: _Due, number: int, known: _Worker, base: int, asked: str) -> None:
        """Listings that another one followed, and all of whoever is on the roster no more."""
        # No listing is left where all were erased before: that the number left the roster stays.
        ends = [*(now for _, now in known.listed[1:]), known.over][: len(known.listed)]
        gone = 0
        for (seq, _), over in zip(known.listed, ends, strict=True):
            if over is not None and seq < base:
                gone += self._goes(due, over, seq, asked)
        if known.over is None:
            return
        for seq in known.badges:
            gone += seq < base and self._goes(due, known.over, seq, asked)
        if gone and gone == len(known.listed) + len(known.badges):
            due.forgotten[number] = max([seq for seq, _ in known.listed] + known.badges)

    @staticmethod
    def _goes(due: _Due, over: int, seq: int, asked: str) -> bool:
        if asked:
            due.now[asked].append(seq)
            return True
        return due.judge(_day(over), (seq,), receipt=True)


def _day(unix_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(unix_ms / 1000, dt.UTC).date()


def _batches(due: dict[str, list[int]], forgotten: dict[int, int]) -> Iterator[Erasure]:
    for reason, seqs in due.items():
        seqs.sort()
        for start in range(0, len(seqs), BATCH_ENTRIES):
            batch = seqs[start : start + BATCH_ENTRIES]
            last = set(batch)
            workers = tuple(sorted(n for n, seq in forgotten.items() if seq in last))
            yield Erasure(spans_of(batch), reason, workers)
