"""Who may read what of the journal: each firm its own workers, everybody what befell the site.

    whole     the details with their salt, so that they verify
    masked    the details as this firm may read them; the digest stands for the rest
    nothing   the digest alone

The main contractor reads all, other firms' national numbers masked except on lists that it made
itself (DOMAIN.md, section 6). What a person said of an incident is for all, who said it only for
that person's firm and the main contractor. Why a registration was cancelled may be health data:
it is for the worker's own firm alone, the main contractor included. A kind of entry that nobody
thought of here is for all if all of it may be logged, else for the main contractor alone.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from agent.core.clock_records import TapsDated
from agent.core.delivery.delivery_records import HandoverStored, ItemHeld
from agent.core.delivery.receipt_records import (
    CancellationRefused,
    CancellationWanted,
    CrewConfirmed,
    ObligationCancelled,
    ReceiptFollowed,
)
from agent.core.identifiers import mask_inss
from agent.core.obligations import number_of
from agent.core.outage.incident_records import CauseCorrected
from agent.core.outage.procedure_records import StepTaken
from agent.core.paper.paper_records import (
    ListMade,
    ObligationOnPaper,
    PersonListed,
    ReferenceGot,
)
from agent.core.records import (
    BadgeAssigned,
    BadgeDismissed,
    Entry,
    ObligationAmended,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    Record,
    RejectionStored,
    RosterRefused,
    RosterTaken,
    TapCounted,
    TapStored,
    WorkerDelisted,
    WorkerListed,
)
from agent.logs import NUMBER
from agent.logs import masked as without_numbers

_NUMBERS = frozenset({"inss", "limosa"})
_SUSPECT = re.compile(rb'"(inss|limosa)":"[^"]|' + NUMBER.pattern.encode())
"""Most details hold nothing of the kind: they need not be taken apart to know it."""
_SPOKEN = frozenset(
    {StepTaken, CauseCorrected, TapsDated, CancellationWanted, ReferenceGot, ListMade}
)


class Share(StrEnum):
    """How much of an entry a firm reads."""

    WHOLE = "whole"
    MASKED = "masked"
    NOTHING = "nothing"


class _Whose(StrEnum):
    """Whose an entry is when it is no single firm's."""

    SITE = "site"
    MAIN = "main"


SITE, MAIN = _Whose.SITE, _Whose.MAIN


@dataclass(frozen=True, slots=True)
class Reader:
    """A firm that takes a bundle away; `main`: the main contractor."""

    company: str
    main: bool = False


@dataclass(slots=True)
class Owners:
    """Which firm's a worker, an obligation and a list are; learned from entries in their order."""

    workers: dict[int, str] = field(default_factory=dict)
    obligations: dict[int, str] = field(default_factory=dict)
    """By number: ten years of a large site are some ten MiB of them."""
    lists: dict[str, str] = field(default_factory=dict)

    def learn(self, record: Record | None) -> None:
        """Takes what the next entry says of it."""
        match record:
            case WorkerListed(number, worker):
                self.workers[number] = worker.employer
            case ObligationOpened(reference, person=person) | ObligationAmended(
                reference, person=person
            ):
                firm = sys.intern(person.employer)
                self.obligations[number_of(reference)] = firm
            case ListMade() as made:
                self.lists[made.number] = made.firm

    def firm(self, reference: str) -> str:
        """The firm of an obligation; "" when it is not known."""
        return self.obligations.get(number_of(reference), "")

    def of(self, record: Record) -> str:
        """The company number of the firm that a record is about, or SITE, or MAIN."""
        match record:
            case WorkerListed(_, worker):
                return worker.employer or MAIN
            case WorkerDelisted(number) | BadgeAssigned(_, number):
                return self.workers.get(number) or MAIN
            case TapStored(worker=number):
                return self.workers.get(number) or MAIN
            case ObligationOpened(person=person) | ObligationAmended(person=person):
                return person.employer or MAIN
            case PersonListed(person=person):
                return person.employer or MAIN
            case (
                TapCounted(obligation=reference)
                | ObligationExpired(reference)
                | ReceiptStored(reference)
                | RejectionStored(reference)
                | ObligationOnPaper(reference)
                | ReceiptFollowed(reference)
                | CancellationWanted(reference)
                | CancellationRefused(reference)
                | ObligationCancelled(reference)
                | HandoverStored(reference)
                | ItemHeld(reference)
            ):
                return self.firm(reference) or MAIN
            case CrewConfirmed(employer):
                return employer or MAIN
            case RosterTaken() | RosterRefused() | BadgeDismissed():
                return MAIN
        return SITE if _may_be_logged(record) or type(record) in FOR_ALL else MAIN


def _may_be_logged(record: Record) -> bool:
    return set(record.__slots__) <= set(record.LOGGED)


def _for_all() -> frozenset[type[Record]]:
    """Kinds that name nobody, though not every field of theirs stands in a log line."""
    from agent.core import journal_records as journal
    from agent.core import records
    from agent.core.delivery import delivery_records as deliveries
    from agent.core.delivery import inquiry_records as inquiries
    from agent.core.outage import incident_records as incidents

    return frozenset(
        (
            *(records.WritingFailed, records.DayBegan, ListMade, ReferenceGot),
            *(CauseCorrected, StepTaken, TapsDated),
            *(records.AttemptStarted, records.AttemptEnded),
            deliveries.HandoversOverdue,
            *(inquiries.InquiryBegan, inquiries.InquiryClosed),
            *(journal.CheckpointSigned, journal.PayloadsErased, journal.BundleExported),
            *(incidents.EvidenceTaken, incidents.GateWasDark, incidents.DarknessDated),
            *(incidents.IncidentOpened, incidents.IncidentReopened, incidents.IncidentClosed),
            *(incidents.ObligationsExempted, incidents.ClaimsKept, incidents.ExemptionsWithdrawn),
            *(incidents.DayWorked, incidents.RowTurned),
        )
    )


FOR_ALL = _for_all()


def shared(
    reader: Reader, owners: Owners, entry: Entry, body: bytes
) -> tuple[Share, dict[str, Any] | None]:
    """How much of `entry` a firm reads, and the details where they are masked."""
    record = entry.record
    if record is None:
        return Share.NOTHING, None
    owner = owners.of(record)
    if owner == reader.company or (reader.main and _on_own_list(reader, owners, record)):
        return Share.WHOLE, None
    if owner is not SITE and not reader.main:
        return Share.NOTHING, None
    if not _SUSPECT.search(body) and type(record) not in _SPOKEN:
        return Share.WHOLE, None
    details = msgspec.json.decode(body)
    veiled = _without_words(_without_numbers(details), record, reader)
    return (Share.WHOLE, None) if veiled == details else (Share.MASKED, veiled)


def _on_own_list(reader: Reader, owners: Owners, record: Record) -> bool:
    return isinstance(record, PersonListed) and owners.lists.get(record.number) == reader.company


def _without_words(details: Any, record: Record, reader: Reader) -> Any:
    """Without what somebody said that is not for this reader; the reason of a cancellation is
    gone whatever it was, or its absence would tell it."""
    match record:
        case CancellationWanted():
            return {key: value for key, value in details.items() if key != "reason"}
        case StepTaken(firm=firm, who=who) if who and not reader.main and firm != reader.company:
            return {**details, "who": ""}
        case ReferenceGot(firm=firm, who=who) | ListMade(firm=firm, who=who) if (
            who and not reader.main and firm != reader.company
        ):
            return {**details, "who": ""}
        case CauseCorrected(who=who) if who and not reader.main:
            return {**details, "who": ""}
        case TapsDated() if not reader.main:
            return {**details, "by": ""}
    return details


def _without_numbers(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return {name: _without_numbers(inner, name) for name, inner in value.items()}
        case list():
            return [_without_numbers(inner, key) for inner in value]
        case str() if key in _NUMBERS:
            return mask_inss(value)
        case str():
            return without_numbers(value)
    return value
