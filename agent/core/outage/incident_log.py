"""The state of all incidents: their records folded in order, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core.moment import Moment
from agent.core.obligations import Ledger
from agent.core.outage.facts import WorkDay
from agent.core.outage.incident_records import (
    CauseCorrected,
    ClaimsKept,
    DarknessDated,
    DayWorked,
    Ending,
    ExemptionsWithdrawn,
    GateWasDark,
    IncidentBarred,
    IncidentClosed,
    IncidentOpened,
    IncidentReopened,
    ObligationsExempted,
    PathConfigured,
    PeopleCalled,
    RowTurned,
    Taken,
)
from agent.core.outage.table import UNREACHED
from agent.core.outage.whose import EXEMPTING, Bar, Whose
from agent.core.records import DayBegan, Entry, ReceiptStored, RejectionStored

AWAY_WEIGHS = 10
"""Ours: a second in which another row decides outweighs ten of the incident's own."""
KEPT_WORKED_DAYS = 60
"""Ours: worked days that are remembered; what they must answer reaches back ten."""
KEPT_DAYS = 100
"""Ours: a ticket that comes later than three months after an incident changes nothing by itself."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time without any delivery; `until` and `ending` are None while it lasts."""

    since: Moment
    until: Moment | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One deciding row, and what persons said of it.

    `away`: since when another row decides; `back`: since when its own does again; `against_ms`:
    how much others stood against it before.
    """

    name: str
    duty: str
    row: str
    measured: Whose
    opened: dt.date
    stretches: tuple[Stretch, ...]
    bars: tuple[str, ...] = ()
    after: str = ""
    corrected: Whose | None = None
    reference: str = ""
    away: Moment | None = None
    back: Moment | None = None
    against_ms: int = 0
    called: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """True while it lasts."""
        return self.stretches[-1].until is None

    @property
    def since(self) -> Moment:
        """When it began."""
        return self.stretches[0].since

    @property
    def until(self) -> Moment | None:
        """When it ended; None while it lasts."""
        return self.stretches[-1].until

    @property
    def whose(self) -> Whose:
        """Measured, or corrected by a person; barred it is never an exempting one."""
        whose = self.corrected or self.measured
        if whose in EXEMPTING and self._barred():
            return Whose.UNDETERMINED
        return whose

    @property
    def exempts(self) -> bool:
        """True when it carries an exemption as things stand."""
        return self.whose in EXEMPTING

    def _barred(self) -> bool:
        return bool(set(self.bars) - ({Bar.HABIT} if self.reference else set()))

    def against(self, at: Moment) -> int:
        """How long, in ms, other rows stood against its own by `at`."""
        if self.away is None:
            return 0
        return self.against_ms + elapsed_ms(self.away, at)


@dataclass(frozen=True, slots=True)
class Claim:
    """Obligations of a day that ended with only these incidents in the way; `exempt` as it
    stands."""

    day: dt.date
    incidents: tuple[str, ...]
    references: tuple[str, ...]
    exempt: bool


@dataclass(frozen=True, slots=True)
class Log:
    """All of it. `answered`: by duty, today's last answer to a registration, with the
    configuration it was delivered under. `days`: by duty, the past. `dark`: a darkness that no
    trusted clock has dated yet."""

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    open: Mapping[str, str] = field(default_factory=dict)
    """By duty: the name of the incident that is open."""
    answered: Mapping[str, tuple[Moment, str]] = field(default_factory=dict)
    days: Mapping[str, tuple[WorkDay, ...]] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    configuration: str = ""
    dark: GateWasDark | None = None
    numbered: int = 0

    def running(self, duty: str) -> Incident | None:
        """The open incident of this duty."""
        return self.incidents.get(self.open.get(duty, ""))

    def of(self, name: str) -> Incident | None:
        """The incident of that name; empty: the one that opened last."""
        if name:
            return self.incidents.get(name)
        return next(reversed(tuple(self.incidents.values())), None)

    def followed(self, incident: Incident) -> tuple[str, ...]:
        """The incidents of one outage, from this one back: each began as the one before ended."""
        names: list[str] = []
        found: Incident | None = incident
        while found is not None and found.name not in names:
            names.append(found.name)
            found = self.incidents.get(found.after)
        return tuple(names)

    def in_vain_counts(self, duty: str, began: Moment, said: Moment) -> bool:
        """Whether that another way to the service was tried in vain at `said` says anything of the
        stretch that began at `began`: in the same outage, while the service was not reached. What
        no phone opened while the service itself answered badly says nothing of a firewall.
        """
        running = self.running(duty)
        if running is None:
            return not said.precedes(began)
        for name in self.followed(running):
            incident = self.incidents[name]
            last = incident.stretches[-1]
            turned = incident.away if incident is running else None
            since = last.since if incident.row in UNREACHED else turned
            if since is not None and not said.precedes(since):
                return last.until is None or not last.until.precedes(said)
            if len(incident.stretches) > 1:
                break
        return False

    def referenced(self) -> frozenset[str]:
        """Incidents that carry a third party's reference."""
        return frozenset(i.name for i in self.incidents.values() if i.reference)


def elapsed_ms(since: Moment, at: Moment) -> int:
    """Milliseconds between the two, never negative: monotonic within a boot, else by the wall."""
    if since.boot_id == at.boot_id:
        return max(0, at.mono_ms - since.mono_ms)
    return max(0, at.unix_ms - since.unix_ms)


def not_after(one: Moment, other: Moment) -> bool:
    """True when `one` was before `other`, or with it: judged as in `elapsed_ms`."""
    return not other.precedes(one)


def later(one: Moment, other: Moment | None) -> Moment:
    """The later of the two."""
    return one if other is None or not_after(other, one) else other


def _answered(log: Log, duty: str, at: Moment) -> Log:
    """After a receipt or a business error for this duty: the path works."""
    return replace(log, answered={**log.answered, duty: (at, log.configuration)})


def apply(log: Log, entry: Entry, ledger: Ledger) -> Log:
    """The log after this entry; `ledger`: what is owed after it."""
    record, at = entry.record, entry.at
    match record:
        case ReceiptStored(reference) | RejectionStored(reference):
            owed = ledger.of(reference)
            return log if owed is None else _answered(log, owed.duty, at)
        case IncidentOpened() as opened:
            return _with(log, _made(opened, at))
        case (
            IncidentReopened(incident=name)
            | RowTurned(incident=name)
            | IncidentBarred(incident=name)
            | IncidentClosed(incident=name)
            | PeopleCalled(incident=name)
            | CauseCorrected(incident=name)
        ):
            known = log.incidents.get(name)
            return log if known is None else _with(log, _after(known, at, record))
        case ObligationsExempted() | ClaimsKept() | ExemptionsWithdrawn():
            return replace(log, claims=_claims(log.claims, record))
        case DayWorked() as worked:
            days = (*log.days.get(worked.duty, ()), _work_day(worked))[-KEPT_WORKED_DAYS:]
            return replace(log, days={**log.days, worked.duty: days})
        case PathConfigured(digest):
            return replace(log, configuration=digest)
        case GateWasDark() as dark:
            return replace(log, dark=dark)
        case DarknessDated():
            return replace(log, dark=None)
        case DayBegan() as began:
            return _let_go(log, began)
    return log


def _claims(claims: tuple[Claim, ...], record: object) -> tuple[Claim, ...]:
    match record:
        case ObligationsExempted(day, names, references):
            exempt = True
        case ClaimsKept(day, names, references) | ExemptionsWithdrawn(day, names, references):
            exempt = False
        case _:
            return claims
    same = (day, names, references)
    kept = (c for c in claims if (c.day, c.incidents, c.references) != same)
    return (*kept, Claim(*same, exempt))


def _work_day(worked: DayWorked) -> WorkDay:
    return WorkDay(
        worked.day,
        worked.well_ms,
        tuple(worked.down_ms.items()),
        worked.delivered,
        worked.configuration,
        worked.claims,
    )


def _let_go(log: Log, began: DayBegan) -> Log:
    """What a new day needs no more; and each day people are called anew."""
    oldest = began.day - dt.timedelta(days=KEPT_DAYS)
    kept = (i for i in log.incidents.values() if i.open or i.opened >= oldest)
    return replace(
        log,
        incidents={i.name: replace(i, called=()) for i in kept},
        claims=tuple(claim for claim in log.claims if claim.day >= oldest),
        answered={},
    )


def _with(log: Log, incident: Incident) -> Log:
    number = int(incident.name.removeprefix("i"))
    others = {duty: name for duty, name in log.open.items() if name != incident.name}
    return replace(
        log,
        incidents={**log.incidents, incident.name: incident},
        open={**others, incident.duty: incident.name} if incident.open else others,
        numbered=max(log.numbered, number),
    )


def _made(opened: IncidentOpened, at: Moment) -> Incident:
    return Incident(
        opened.incident,
        opened.duty,
        opened.row,
        opened.whose,
        dt.datetime.fromtimestamp(at.unix_ms / 1000, dt.UTC).date() if at.trusted else dt.date.max,
        (Stretch(opened.since),),
        bars=opened.bars,
        after=opened.after,
        back=opened.since,
    )


def _after(incident: Incident, at: Moment, record: object) -> Incident:
    match record:
        case IncidentReopened(_, since):
            stretches = (*incident.stretches, Stretch(since))
            return replace(
                incident, stretches=stretches, back=since, away=None, against_ms=0, called=()
            )
        case RowTurned(away=True):
            credit = elapsed_ms(incident.back or at, at) // AWAY_WEIGHS
            return replace(incident, away=at, against_ms=max(0, incident.against_ms - credit))
        case RowTurned():
            return replace(incident, away=None, back=at, against_ms=incident.against(at))
        case IncidentBarred(_, bars):
            return replace(incident, bars=(*incident.bars, *bars))
        case IncidentClosed(_, until, ending):
            last = replace(incident.stretches[-1], until=until, ending=ending)
            return replace(incident, stretches=(*incident.stretches[:-1], last), away=None)
        case PeopleCalled(_, text):
            return replace(incident, called=(*incident.called, text))
        case CauseCorrected(taken=Taken.TAKEN) as said:
            reference = said.reference if said.whose in EXEMPTING else ""
            return replace(incident, corrected=said.whose, reference=reference)
    return incident
