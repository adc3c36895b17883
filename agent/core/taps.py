"""Taps: which of them count, and those that count for nothing yet.

A loose tap is one that may still become an obligation: its badge is unknown so far, its worker
was not valid, or the clock could not date it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core.clock_records import EntriesDated, TapsDated
from agent.core.moment import Moment
from agent.core.records import (
    BadgeDismissed,
    DayBegan,
    Entry,
    ObligationOpened,
    TapCounted,
    TapStored,
    Verdict,
)
from agent.core.rules import Rules


@dataclass(frozen=True, slots=True)
class LooseTap:
    """A stored tap without an obligation; `seq` is its entry."""

    seq: int
    at: Moment
    uid: str
    reader: str
    direction: str
    verdict: Verdict
    day: dt.date | None = None
    """That a person named, since no clock could date it."""

    @property
    def undated(self) -> bool:
        """True while neither the clock nor a person has said of which day it is."""
        return self.day is None and not self.at.trusted

    def waits_for_a_person(self, now: Moment) -> bool:
        """True while it is undated, and the clock of its boot will not date it any more."""
        return self.undated and self.at.boot_id != now.boot_id

    def over(self, today: dt.date, rules: Rules) -> bool:
        """True when it is known to be of an earlier day."""
        if self.undated:
            return False
        return (self.day or rules.day(self.at)) < today


@dataclass(frozen=True, slots=True)
class Taps:
    """`recent`: monotonic ms of the last tap by badge, as long as it may bounce. `last`: the
    obligation of the last tap at each reader, empty if it had none."""

    loose: tuple[LooseTap, ...] = ()
    recent: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, str] = field(default_factory=dict)

    def repeats(self, uid: str, at: Moment, rules: Rules) -> bool:
        """True for the same badge within the debounce time: one tap, not two."""
        before = self.recent.get(uid)
        return before is not None and 0 <= at.mono_ms - before < rules.debounce_ms

    def unknown(self) -> tuple[str, ...]:
        """Badges tapped today that lead to nobody, in the order of their first tap."""
        return tuple(dict.fromkeys(tap.uid for tap in self.loose if tap.verdict is Verdict.UNKNOWN))


def apply(taps: Taps, entry: Entry, rules: Rules) -> Taps:
    """The taps after this entry."""
    match entry.record:
        case TapStored() as tap:
            return _stored(taps, entry, tap, rules)
        case ObligationOpened(tap=seq) | TapCounted(tap=seq):
            return replace(taps, loose=tuple(t for t in taps.loose if t.seq != seq))
        case BadgeDismissed(uid):
            return replace(taps, loose=tuple(t for t in taps.loose if t.uid != uid))
        case DayBegan(day):
            return Taps(loose=tuple(t for t in taps.loose if not t.over(day, rules)))
        case EntriesDated(first, last):
            # Else a tap that leads to nobody would wait for its day for ever, once this boot is
            # over, and each start would read the journal from there on.
            return replace(
                taps,
                loose=tuple(
                    replace(t, at=t.at.seen_from(entry.at)) if _dated(t, first, last, entry) else t
                    for t in taps.loose
                ),
            )
        case TapsDated(seqs, day):
            dated = (replace(t, day=day) if t.seq in seqs else t for t in taps.loose)
            today = rules.day(entry.at)
            return replace(taps, loose=tuple(t for t in dated if not t.over(today, rules)))
    return taps


def _dated(tap: LooseTap, first: int, last: int, entry: Entry) -> bool:
    """Whether `entry`, which says so of `first` to `last`, dates this tap."""
    same_boot = tap.at.boot_id == entry.at.boot_id
    return first <= tap.seq <= last and same_boot and not tap.at.trusted


def _stored(taps: Taps, entry: Entry, tap: TapStored, rules: Rules) -> Taps:
    now = entry.at.mono_ms
    recent = {u: ms for u, ms in taps.recent.items() if 0 <= now - ms < rules.debounce_ms}
    loose = taps.loose
    if not tap.obligation and tap.verdict is not Verdict.UNUSABLE:
        loose += (LooseTap(entry.seq, entry.at, tap.uid, tap.reader, tap.direction, tap.verdict),)
    return Taps(loose, {**recent, tap.uid: now}, {**taps.last, tap.reader: tap.obligation})
