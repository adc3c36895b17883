"""The state of the gate: the journal's records folded in order, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from agent.core import badges, endings, exports, falls, obligations, passages, taps
from agent.core.delivery import cancellations, detours, dispatch, expiries, followups, troubles
from agent.core.doubt import Doubt
from agent.core.doubt import apply as apply_doubt
from agent.core.journal_records import CheckpointSigned
from agent.core.outage import incident_log, observed, procedure
from agent.core.paper import papers
from agent.core.records import (
    AgentStarted,
    DayBegan,
    DeviceFailed,
    DeviceRecovered,
    Entry,
    JournalOpened,
    ObligationOpened,
)
from agent.core.rules import Rules


@dataclass(frozen=True, slots=True)
class Broken:
    """A device that does not work: since which entry, why, and what to do."""

    seq: int
    cause: str
    hint: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Immutable: other threads read the last one without a lock."""

    rules: Rules
    seq: int = 0
    journal: str = ""
    training: bool = False
    day: dt.date | None = None
    book: badges.Book = field(default_factory=badges.Book)
    ledger: obligations.Ledger = field(default_factory=obligations.Ledger)
    taps: taps.Taps = field(default_factory=taps.Taps)
    lines: dispatch.Dispatch = field(default_factory=dispatch.Dispatch)
    papers: papers.Papers = field(default_factory=papers.Papers)
    troubles: troubles.Troubles = field(default_factory=dict)
    observed: observed.Observed = field(default_factory=observed.Observed)
    log: incident_log.Log = field(default_factory=incident_log.Log)
    cases: procedure.Cases = field(default_factory=procedure.Cases)
    followups: followups.Followups = field(default_factory=followups.Followups)
    cancellations: cancellations.Cancellations = field(default_factory=cancellations.Cancellations)
    broken: Mapping[str, Broken] = field(default_factory=dict)
    working: frozenset[str] = frozenset()
    """Devices that said they work since the agent started."""
    doubt: Doubt | None = None
    export: exports.Export | None = None
    expiries: expiries.Expiries = field(default_factory=dict)
    checkpoint: CheckpointSigned | None = None
    """The last one; there is none between the beginning of a day and its first checkpoint."""
    falls: falls.Falls = ()

    def base(self) -> int:
        """The earliest entry from which this state can be rebuilt, beside the lasting kinds and
        undated taps: one of which nobody names the day would else keep all that came after it."""
        earliest = [self.seq]
        earliest += [o.seq for o in self.ledger.obligations.values()]
        earliest += [tap.seq for tap in self.taps.loose if not tap.undated]
        earliest += [fall.seq for fall in self.falls]
        earliest += self.lines.seqs.values()
        earliest += [asked.seq for asked in self.lines.asked.values()]
        earliest += self.papers.base()
        earliest += self.observed.base()
        earliest += [broken.seq for broken in self.broken.values()]
        earliest += [self.doubt.first] if self.doubt else []
        earliest += [self.export.seq] if self.export else []
        return min(earliest)


def settled(ledger: obligations.Ledger, entry: Entry) -> obligations.Ledger:
    """The ledger after this entry, by every way in which an obligation goes."""
    passed = passages.apply(obligations.apply(ledger, entry), entry)
    return endings.apply(detours.apply(passed, entry), entry)


def apply(state: State, entry: Entry) -> State:
    """The state after this entry. An erased entry changes nothing but the count."""
    record = entry.record
    if record is None:
        return replace(state, seq=entry.seq)
    ledger = settled(state.ledger, entry)
    after = State(  # spelled out: `replace` would cost a restart of 10,000 taps a second more
        state.rules,
        entry.seq,
        state.journal,
        state.training,
        state.day,
        badges.apply(state.book, record),
        ledger,
        taps.apply(state.taps, entry, state.rules),
        dispatch.apply(state.lines, entry),
        papers.apply(state.papers, entry),
        troubles.apply(state.troubles, entry),
        observed.apply(state.observed, entry),
        incident_log.apply(state.log, entry, ledger),
        procedure.apply(state.cases, entry),
        followups.apply(state.followups, ledger, entry),
        cancellations.apply(state.cancellations, ledger, entry),
        state.broken,
        state.working,
        apply_doubt(state.doubt, entry),
        exports.apply(state.export, entry),
        expiries.apply(state.expiries, entry),
        state.checkpoint,
        falls.apply(state.falls, entry),
    )
    return _with_own(after, entry)


def _with_own(state: State, entry: Entry) -> State:
    """What is of no part alone: the journal, the day, the start and the devices."""
    match entry.record:
        case JournalOpened(journal, _, training):
            return replace(state, journal=journal, training=training)
        case AgentStarted():
            lines = dispatch.rested(state.lines)
            return replace(state, lines=lines, broken={}, working=frozenset())
        case DeviceFailed(device, cause, hint, kind):
            broken = {**state.broken, device: Broken(entry.seq, cause, hint, kind)}
            return replace(state, broken=broken, working=state.working - {device})
        case DeviceRecovered(device):
            broken = {name: b for name, b in state.broken.items() if name != device}
            return replace(state, broken=broken, working=state.working | {device})
        case DayBegan(day, working=working):
            return replace(state, day=day, working=frozenset(working), checkpoint=None)
        case CheckpointSigned() as signed:
            return replace(state, checkpoint=signed)
    return state


def restore(rules: Rules, entries: Iterable[Entry]) -> State:
    """The state that these entries make: the lasting kinds, and all from the last base on."""
    state = State(rules)
    for entry in entries:
        state = apply(state, _with_the_rosters_worker(entry, state.book))
    return state


def _with_the_rosters_worker(entry: Entry, book: badges.Book) -> Entry:
    """The entry with its worker as the roster holds it, where they are alike: of 10,000 read from a
    journal each would else be there twice, 0.7 KiB a worker."""
    opened = entry.record
    if not isinstance(opened, ObligationOpened):
        return entry
    listing = book.listed.get(opened.worker)
    if listing is None or listing.worker != opened.person:
        return entry
    return replace(entry, record=replace(opened, person=listing.worker))
