"""What the emulated authority keeps: every registration, in order, and what became of it.

One ledger may stand behind several emulated services (SOAP, a supplier's endpoint), since the
authority counts a worker's day once over all of them. Pure: time comes in with each call.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

ALREADY_REGISTERED = "SAME DECLARATION HAS ALREADY BEEN REGISTERED"
DIMONA_NOT_OK = "RELATED DIMONA NOT OK"
FIRST_NUMBER = 1_000_000_001
"""Of the receipts; they count up, within 15 digits."""
VALIDATE_AFTER = dt.timedelta(minutes=30)
"""Default wait until a registration is validated: minutes to hours at the real service."""

Key = tuple[str, int | None, str, dt.date, str, dt.datetime | None]


class Status(StrEnum):
    """StatusType of the schema."""

    REGISTERED = "SUCCESSFULLY REGISTERED"
    CANCELLED = "SUCCESSFULLY CANCELLED"
    VALIDATED = "VALIDATED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Submitted:
    """One registration as submitted; `company` is a number, as the wire drops its leading 0."""

    day: dt.date
    declaration: str
    inss: str = field(default="", repr=False)
    company: int | None = None
    limosa: str = field(default="", repr=False)
    reference: str = ""
    direction: str = ""
    at: dt.datetime | None = None
    """With `direction`: of Check In and Out, which registers an instant."""

    @property
    def key(self) -> Key:
        """What may be registered once: worker, employer, declaration, day (or way and instant)."""
        worker = self.inss or self.limosa
        return (worker, self.company, self.declaration, self.day, self.direction, self.at)


@dataclass(frozen=True, slots=True)
class Validation:
    """The state of an entry at an instant."""

    status: Status
    at: dt.datetime | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One receipt number. A duplicate has its own, but is no accepted registration."""

    number: int
    submitted: Submitted
    created: dt.datetime
    sender: str
    duplicate: bool = False
    cancelled: dt.datetime | None = None


class PresenceLedger:
    """Entries by number. Safe to use from several threads.

    `remarks`: worker number → the remarks that validation will leave.
    """

    def __init__(
        self,
        remarks: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        validate_after: dt.timedelta = VALIDATE_AFTER,
    ) -> None:
        self._remarks = dict(remarks)
        self._validate_after = validate_after
        self._entries: dict[int, Entry] = {}
        self._of_day: dict[dt.date, list[int]] = {}
        self._standing: dict[Key, int] = {}
        self._lock = threading.RLock()

    def register(self, submitted: Submitted, now: dt.datetime, sender: str) -> Entry:
        """A new entry: an accepted registration, or a duplicate of one that stands."""
        with self._lock:
            number = FIRST_NUMBER + len(self._entries)
            duplicate = submitted.key in self._standing
            entry = Entry(number, submitted, now, sender, duplicate)
            self._entries[number] = entry
            self._of_day.setdefault(submitted.day, []).append(number)
            if not duplicate:
                self._standing[submitted.key] = number
            return entry

    def cancel(self, number: int, now: dt.datetime) -> Entry:
        """The entry, cancelled; the same worker's day may then be registered again."""
        with self._lock:
            entry = self._entries[number] = replace(self._entries[number], cancelled=now)
            if self._standing.get(entry.submitted.key) == number:
                del self._standing[entry.submitted.key]
            return entry

    def get(self, number: int) -> Entry | None:
        """The entry with that number."""
        with self._lock:
            return self._entries.get(number)

    def find(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Every entry that is wanted, in the order of numbers."""
        with self._lock:
            return [entry for entry in self._entries.values() if wanted(entry)]

    def of_days(self, periods: Iterable[tuple[dt.date, dt.date]]) -> list[Entry]:
        """Every entry for a day from the first to the last of one of these periods, unordered."""
        wanted = tuple(periods)
        with self._lock:
            return [
                self._entries[number]
                for day, numbers in self._of_day.items()
                if any(first <= day <= last for first, last in wanted)
                for number in numbers
            ]

    def since(self, count: int) -> list[Entry]:
        """The entries after the first `count`, as they stand."""
        with self._lock:
            numbers = range(FIRST_NUMBER + count, FIRST_NUMBER + len(self._entries))
            return [self._entries[number] for number in numbers]

    @property
    def accepted(self) -> tuple[Entry, ...]:
        """The registrations that stand: no duplicates, none cancelled."""
        return tuple(self.find(lambda entry: not entry.duplicate and entry.cancelled is None))

    def validation(self, entry: Entry, now: dt.datetime) -> Validation:
        """The state of `entry` at `now`."""
        return self.history(entry, now)[-1]

    def history(self, entry: Entry, now: dt.datetime) -> tuple[Validation, ...]:
        """Every state that `entry` went through until `now`, oldest first."""
        if entry.duplicate:
            return (Validation(Status.FAILED, entry.created, (ALREADY_REGISTERED,)),)
        states = [Validation(Status.REGISTERED)]
        due = entry.created + self._validate_after
        if due <= now and (entry.cancelled is None or due <= entry.cancelled):
            remarks = self._remarks.get(entry.submitted.inss or entry.submitted.limosa, ())
            states.append(Validation(Status.FAILED if remarks else Status.VALIDATED, due, remarks))
        if entry.cancelled is not None:
            states.append(Validation(Status.CANCELLED, entry.cancelled))
        return tuple(states)
