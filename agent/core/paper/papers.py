"""Reference numbers, attendance lists and what is being printed, as the journal knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment
from agent.core.paper.paper_records import (
    PAGE,
    CodeRefused,
    LinesFilled,
    ListCompleted,
    ListMade,
    ListStands,
    OperatorAdmitted,
    Paper,
    PaperDone,
    PaperDropped,
    PaperDue,
    PaperHeld,
    PartBegun,
    PartPrinted,
    PersonListed,
    ReferenceGot,
)
from agent.core.records import AgentStarted, DayBegan, Entry
from drivers.paper import PrinterStatus


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference number, and when it was entered."""

    seq: int
    at: Moment
    got: ReferenceGot


@dataclass(frozen=True, slots=True)
class Sheet:
    """One attendance list. `reference`: its number by now, empty while it is provisional.

    `printed`: all of it is on paper. `completed`: so is the slip that gives it its number, where
    it was made without. `filled`: how many blank lines count; None: nobody said.
    """

    seq: int
    at: Moment
    made: ListMade
    rows: tuple[PersonListed, ...] = ()
    reference: str = ""
    printed: bool = False
    completed: bool = False
    stands: bool = False
    filled: int | None = None
    pages: int = 0
    checkpoint: CheckpointSigned | None = None
    """The one that stands on it: the first one after it was made, of the same commit."""

    @property
    def ready(self) -> bool:
        """True when nothing is missing for it to be proof."""
        numbered = bool(self.made.reference) or self.completed
        return bool(self.reference) and self.printed and numbered


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be printed and is not on paper yet, as far as is known.

    The first `certain` parts are on paper; the first `sent` may be.
    """

    number: int
    at: Moment
    due: PaperDue
    certain: int = 0
    sent: int = 0
    parts: int = 0
    taken: int = 0
    """The last part that the printer took whole, printed or not."""
    lost: bool = False
    """The agent was started anew while it was printed: one part more may have begun."""
    held: PaperHeld | None = None
    held_at: Moment | None = None
    """Since when it has stood as it does."""

    @property
    def in_flight(self) -> bool:
        """True while a part may have begun of which nothing is known: but where a stop is known,
        the part that is sent next is one that is known to have been sent."""
        return self.held is None or self.sent <= self.certain

    @property
    def unsure(self) -> bool:
        """True when all was sent and only a person can see what came out."""
        return self.held is not None and self.held.unsure


class Lack(StrEnum):
    """What a list waits for before it is proof."""

    REFERENCE = "reference"
    PRINTER = "printer"
    LOOK = "look"
    """Somebody who looks whether every page came out."""
    PAPER_OUT = "paper-out"
    COVER_OPEN = "cover-open"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    """The printer stopped, and does not say why."""


_STOPPED: Mapping[str, Lack] = {
    PrinterStatus.PAPER_OUT: Lack.PAPER_OUT,
    PrinterStatus.COVER_OPEN: Lack.COVER_OPEN,
    PrinterStatus.OFFLINE: Lack.OFFLINE,
}


def lacks(sheet: Sheet, jobs: Iterable[Job]) -> tuple[Lack | None, str]:
    """What a list waits for before it is proof, and in words; None and empty once it is."""
    if sheet.stands:
        return None, ""
    mine = [job for job in jobs if job.due.number == sheet.made.number]
    held = next((job.held for job in mine if job.held is not None), None)
    if held is not None:
        stopped = _STOPPED.get(held.status, Lack.UNKNOWN)
        words = f"{held.cause}; to do: {held.hint}"
        return Lack.LOOK if held.unsure else stopped, words
    if not sheet.reference:
        to_do = "type it at the keypad, or werfpoort fallback enter"
        return Lack.REFERENCE, f"its reference number; to do: {to_do}"
    return Lack.PRINTER, "the printer"


@dataclass(frozen=True, slots=True)
class Papers:
    """Numbers and lists of the days that count, jobs that are open, and wrong codes in a row.

    `refused`: those typed at a keypad. The page limits its own (`agent/web/door.py`): the keypad is
    what is left on the worst morning, and nobody can lock it from the network.
    """

    references: tuple[Reference, ...] = ()
    sheets: Mapping[str, Sheet] = field(default_factory=dict)
    jobs: Mapping[int, Job] = field(default_factory=dict)
    refused: int = 0
    refused_at: Moment | None = None

    def base(self) -> Iterator[int]:
        """The entries from which this can be rebuilt."""
        yield from (reference.seq for reference in self.references)
        yield from (sheet.seq for sheet in self.sheets.values())
        yield from self.jobs

    def of_sheet(self, sheet: Sheet) -> Reference | None:
        """The number that this list has by now, with how it was got."""
        return next(
            (
                reference
                for reference in reversed(self.references)
                if (reference.got.number, reference.got.firm) == (sheet.reference, sheet.made.firm)
                and reference.got.day == sheet.made.day
            ),
            None,
        )

    def signed(self, sheet: Sheet) -> CheckpointSigned | None:
        """The checkpoint that stands on this list; also for a copy of it from before it was
        signed, as orders hold one that were given in the same commit.
        """
        return self.sheets.get(sheet.made.number, sheet).checkpoint

    def of_day(self, day: dt.date) -> tuple[Sheet, ...]:
        """The lists of `day`, in the order in which they were made."""
        return tuple(sheet for sheet in self.sheets.values() if sheet.made.day == day)

    def to_fill_in(self) -> tuple[Sheet, ...]:
        """The lists of the last day with one that have blank lines, in their order."""
        known = [sheet for sheet in self.sheets.values() if sheet.made.lines_to_fill_in]
        last = max((sheet.made.day for sheet in known), default=None)
        return tuple(sheet for sheet in known if sheet.made.day == last)

    def of_firm(self, firm: str, day: dt.date) -> tuple[Sheet, ...]:
        """Those of them that this firm made."""
        return tuple(sheet for sheet in self.of_day(day) if sheet.made.firm == firm)

    def reference(self, firm: str, day: dt.date, declaration: str = "") -> Reference | None:
        """The last number that this firm got for `day`, and for this declaration if it matters."""
        return next(
            (
                reference
                for reference in reversed(self.references)
                if reference.got.firm == firm
                and reference.got.day == day
                and reference.got.declaration in ("", declaration)
            ),
            None,
        )


def apply(papers: Papers, entry: Entry) -> Papers:
    """The papers after this entry."""
    match entry.record:
        case ReferenceGot() as got:
            reference = Reference(entry.seq, entry.at, got)
            return replace(papers, references=(*papers.references, reference))
        case ListMade() as made:
            sheet = Sheet(
                entry.seq, entry.at, made, reference=made.reference, checkpoint=made.checkpoint
            )
            return replace(papers, sheets={**papers.sheets, made.number: sheet})
        case CheckpointSigned() as signed:
            bare = (n for n, sheet in papers.sheets.items() if sheet.checkpoint is None)
            for number in tuple(bare):
                papers = _sheet(papers, number, checkpoint=signed)
            return papers
        case PersonListed(number) as row:
            known = papers.sheets.get(number)
            return _sheet(papers, number, rows=(*known.rows, row)) if known else papers
        case ListCompleted(number, reference):
            return _sheet(papers, number, reference=reference)
        case ListStands(number):
            return _sheet(papers, number, stands=True)
        case LinesFilled(number, count):
            return _sheet(papers, number, filled=count)
        case CodeRefused(keypad) if keypad != PAGE:
            return replace(papers, refused=papers.refused + 1, refused_at=entry.at)
        case OperatorAdmitted(keypad) if keypad != PAGE:
            return replace(papers, refused=0, refused_at=None)
        case AgentStarted():
            jobs = {n: replace(job, lost=job.in_flight) for n, job in papers.jobs.items()}
            return replace(papers, jobs=jobs)
        case DayBegan(keep_from=keep_from):
            return _let_go(replace(papers, refused=0, refused_at=None), keep_from)
    return _printing(papers, entry)


def _printing(papers: Papers, entry: Entry) -> Papers:
    match entry.record:
        case PaperDue() as due:
            return _job(papers, Job(entry.seq, entry.at, due))
        case PartBegun(number, part, parts) if job := papers.jobs.get(number):
            sent = max(job.sent, part)
            job = replace(job, sent=sent, parts=parts, taken=part - 1, lost=False, held=None)
            return _job(papers, job)
        case PartPrinted(number, part, certain) if job := papers.jobs.get(number):
            return _job(papers, replace(job, taken=part, certain=part if certain else job.certain))
        case PaperHeld(number, certain, sent) as held if job := papers.jobs.get(number):
            job = replace(job, certain=certain, sent=sent, lost=False, held=held)
            return _job(papers, replace(job, held_at=entry.at))
        case PaperDone(number) if job := papers.jobs.get(number):
            papers = _without(papers, number)
            if job.due.paper is Paper.LIST:
                return _sheet(papers, job.due.number, printed=True, pages=job.parts)
            return _sheet(papers, job.due.number, completed=True)
        case PaperDropped(number):
            return _without(papers, number)
    return papers


def _job(papers: Papers, job: Job) -> Papers:
    return replace(papers, jobs={**papers.jobs, job.number: job})


def _without(papers: Papers, number: int) -> Papers:
    return replace(papers, jobs={n: job for n, job in papers.jobs.items() if n != number})


def _sheet(papers: Papers, number: str, **changes: object) -> Papers:
    known = papers.sheets.get(number)
    if known is None:
        return papers
    after = replace(known, **changes)  # type: ignore[arg-type]
    return replace(papers, sheets={**papers.sheets, number: after})


def _let_go(papers: Papers, keep_from: dt.date) -> Papers:
    """Forgets the days before; what is still being printed keeps its list."""
    printing = {job.due.number for job in papers.jobs.values()}
    return replace(
        papers,
        references=tuple(r for r in papers.references if r.got.day >= keep_from),
        sheets={
            number: sheet
            for number, sheet in papers.sheets.items()
            if sheet.made.day >= keep_from or number in printing
        },
    )
