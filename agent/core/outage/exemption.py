"""Which obligations that midnight finds open are exempt (DOMAIN.md, section 4).

`exempt` is for one worker and one day, and only if from its first tap to midnight incidents
stood in the way without a gap, each of them a third party's. A delivery, a path that came back
and any stretch of another fault end the claim, for good. Who tapped without a trusted clock, and
whose answer was lost (it was sent: a path was there), is never exempt.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

from agent.core.moment import Moment, midnight_ending
from agent.core.obligations import Obligation
from agent.core.outage.incident_log import Claim, Incident, Log, Stretch
from agent.core.outage.incident_records import (
    ClaimsKept,
    Ending,
    ExemptionsWithdrawn,
    ObligationsExempted,
)

EXEMPTING_DUTY = "checkinatwork"
"""Nothing exempts from Check In and Out at Work (DOMAIN.md, section 3)."""

Chain = tuple[Incident, ...]


CLOCK_SET_MS = 60_000
"""Ours: a midnight that came sooner than by the monotonic clock, by more than this, was set."""


def at_midnight(
    log: Log, owed: Iterable[Obligation], zone: dt.tzinfo, now: Moment
) -> Iterator[ObligationsExempted | ClaimsKept]:
    """What becomes of these, whose days are over, where only incidents stood in their way; the
    others just expire.

    `ClaimsKept`: they expire as well, and a later correction may turn that.
    """
    alike: dict[tuple[dt.date, tuple[str, ...]], list[str]] = defaultdict(list)
    exempt: dict[tuple[dt.date, tuple[str, ...]], bool] = {}
    parts = _Parts(log, now)
    for obligation in owed:
        midnight_ms = midnight_ending(obligation.day, zone)
        chain = parts.standing_in_the_way(obligation, midnight_ms)
        if chain and _has_come(midnight_ms, obligation.at, now):
            key = obligation.day, tuple(dict.fromkeys(incident.name for incident in chain))
            alike[key].append(obligation.reference)
            exempt[key] = all(incident.exempts for incident in chain)
    for (day, names), references in alike.items():
        kind = ObligationsExempted if exempt[day, names] else ClaimsKept
        yield kind(day, names, tuple(references))


def _has_come(midnight_ms: int, tapped: Moment, now: Moment) -> bool:
    """False where a clock that was set ahead brought that midnight about: the day is not over, and
    what of it nobody has seen yet exempts nobody."""
    if tapped.boot_id != now.boot_id:
        return True
    return midnight_ms - tapped.unix_ms <= now.mono_ms - tapped.mono_ms + CLOCK_SET_MS


def after_correction(log: Log) -> Iterator[ObligationsExempted | ExemptionsWithdrawn]:
    """Obligations of past days that the corrections so far turn: expired ones into exempt ones,
    and back."""
    for claim in log.claims:
        exempt = _carries(log, claim)
        if exempt and not claim.exempt:
            yield ObligationsExempted(claim.day, claim.incidents, claim.references, corrected=True)
        elif claim.exempt and not exempt:
            yield ExemptionsWithdrawn(claim.day, claim.incidents, claim.references)


def _carries(log: Log, claim: Claim) -> bool:
    chain = [log.incidents.get(name) for name in claim.incidents]
    return all(incident is not None and incident.exempts for incident in chain)


class _Parts:
    """Every stretch of the incidents, in the order of time, dated by the clock as it is known now:
    it may have been wrong while they lasted. What nothing dates any more covers nothing."""

    def __init__(self, log: Log, now: Moment) -> None:
        self._now = now
        found = ((s, i) for i in log.incidents.values() for s in i.stretches)
        dated = ((self._ms(s.since), s, i) for s, i in found if self._has_dates(s))
        self._parts = sorted(dated, key=lambda part: part[0])

    def _ms(self, moment: Moment) -> int:
        same_boot = moment.boot_id == self._now.boot_id
        return moment.seen_from(self._now).unix_ms if same_boot else moment.unix_ms

    def _has_dates(self, stretch: Stretch) -> bool:
        moments = (stretch.since, stretch.until or stretch.since)
        return all(m.trusted or m.boot_id == self._now.boot_id for m in moments)

    def standing_in_the_way(self, owed: Obligation, midnight_ms: int) -> Chain:
        """The incidents that cover the time from the first tap to midnight without a gap, in
        order; empty when something else happened in between, or nothing could ever exempt it."""
        if owed.duty != EXEMPTING_DUTY or owed.unsure or not owed.at.trusted:
            return ()
        chain: list[Incident] = []
        tapped_ms = covered_ms = self._ms(owed.at)
        for since_ms, stretch, incident in self._parts:
            if incident.duty != owed.duty or since_ms > covered_ms:
                continue
            until_ms = midnight_ms if stretch.until is None else self._ms(stretch.until)
            if until_ms >= midnight_ms:
                return (*chain, incident)
            if until_ms <= tapped_ms:
                continue
            if stretch.ending is not Ending.ROW_CHANGED:
                return ()
            chain.append(incident)
            covered_ms = until_ms
        return ()
