"""What the services hold, looked at as it comes in: each day once, none for another day, and
nothing sent twice before it was found out what became of it (DOMAIN.md, 5.2 and 5.6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryClosed
from agent.core.records import AgentStarted, AttemptEnded, DayBegan, Record
from agent.core.roster import Worker
from agent.sandbox.presence_ledger import Entry, PresenceLedger
from agent.sandbox.world.owing import Owed, Owing
from agent.sandbox.world.values import ZONE, Site

BLIND_AFTER = 3
"""Searches in vain after which what is in doubt may be sent again (WIRE.md, section 1)."""
ONLINE = "the online service"


class HeldByServices:
    """`finds`: what is told of something wrong, the rule and what was seen. `ledger` is None until
    the services are there."""

    def __init__(self, site: Site, owing: Owing, finds: Callable[[str, str], None]) -> None:
        self.ledger: PresenceLedger | None = None
        self._site, self._owing, self._finds = site, owing, finds
        self._entries = 0
        self._standing: dict[tuple[str, dt.date], list[Entry]] = {}
        self._refused = False
        """The account may not search, as the service said today."""
        self._blind = 0
        """Searches in vain since anything was answered."""

    def hears(self, record: Record) -> None:
        """Takes what the gate wrote of its questions to the services."""
        match record:
            case InquiryClosed(asks=Ability.SEARCH) as closed:
                self._refused = self._refused or closed.hopeless
                self._blind = self._blind + 1 if closed.failure else 0
            case DayBegan() | AgentStarted():
                self._refused, self._blind = False, 0
            case AttemptEnded(channel="ciaw", failure=""):
                self._blind = 0

    def of(self, owed: Owed) -> list[Entry]:
        """What they hold of this worker's day."""
        return self.of_day(owed.person, owed.day)

    def of_day(self, person: Worker, day: dt.date) -> list[Entry]:
        """What they hold of that day of this person."""
        self.look()
        found = self._standing.get((person.inss or person.limosa, day), [])
        return [e for e in found if e.submitted.declaration == person.declaration]

    def look(self) -> None:
        """Looks at what came in since the last time."""
        if self.ledger is None:
            return  # the gate is only being switched on
        for entry in self.ledger.since(self._entries):
            self._entries += 1
            self._registered(entry)

    def _registered(self, entry: Entry) -> None:
        submitted = entry.submitted
        day = submitted.at.astimezone(ZONE).date() if submitted.at else submitted.day
        received = entry.created.astimezone(ZONE).date()
        owed = self._owing.all.get(submitted.reference)
        early = owed is not None and owed.early and day == received + dt.timedelta(days=1)
        if day != received and not early:
            self._finds("5.6 nothing for another day", f"registered on {received} for {day}")
        known = self._standing.setdefault((submitted.inss or submitted.limosa, day), [])
        stand = (e for e in known if not e.duplicate and not self.cancelled(e))
        same = [e for e in stand if e.submitted.key == submitted.key]
        if same and not entry.duplicate:
            self._finds("5.2 once a day", f"registered twice for {day}: {submitted.reference}")
        searchable = submitted.at is None  # in and out cannot be searched: sent again is all
        if entry.duplicate and entry.sender != ONLINE and searchable:
            self._again(entry, same[0])
        known.append(entry)

    def cancelled(self, entry: Entry) -> bool:
        """Whether it was taken back since it came in."""
        now = self.ledger.get(entry.number) if self.ledger is not None else None
        return now is not None and now.cancelled is not None

    def _again(self, entry: Entry, first: Entry) -> None:
        """Sent twice, and only the service's own care kept it from counting twice."""
        if not self._site.searches or "supplier" in self._site.lines or first.sender == ONLINE:
            return
        if self._blind < BLIND_AFTER and not self._refused:
            self._finds(
                "a lost answer is found out",
                f"{entry.submitted.reference} was sent again after {self._blind} searches in vain",
            )
