"""What is to be printed, how far it is, and what a list is worth once it is on paper.

A list is proof only when every part of it is on paper for certain: the printer said so after
printing, or a person looked. Before the first byte of anything goes out its job is journaled, so
that whatever stops in the middle goes on with the part that is not certain, marked DUPLICATE.
"""

from __future__ import annotations

import datetime as dt

from agent.core.commands import DropPrint, Print, PrintSlip
from agent.core.obligations import Outcome
from agent.core.paper.paper_events import PaperChecked, PaperMoved, SlipAsked, SlipKind
from agent.core.paper.paper_records import (
    ListStands,
    ObligationOnPaper,
    Paper,
    PaperDone,
    PaperDropped,
    PaperDue,
    PaperHeld,
    PartBegun,
    PartPrinted,
)
from agent.core.paper.papers import Job
from agent.core.refusals import Refused
from agent.core.turn import Turn
from drivers.paper import JobDone, PartDone, PartStarted

FIRST_RETRY_MS, LONGEST_RETRY_MS = 5_000, 30_000
"""How long after a stop the printer is tried again: who puts paper in at once waits for no more
than the first; each try starts a process, which a Pi feels."""
EVERY_PART = 1_000_000
"""A copy: every part may have been printed before."""

NO_SLIP = (
    "there is no printer, so no slip; on the screen: werfpoort incident now (what to do), "
    "werfpoort incident show (what was measured)"
)
_WORSE = (None, Outcome.EXEMPT, Outcome.REJECTED, Outcome.EXPIRED)
"""What a list goes before (DOMAIN.md, section 4)."""


def on_paper(turn: Turn, what: str) -> str:
    """What becomes of it, in words for whoever asked: nothing is printed without a printer."""
    if turn.state.rules.printer:
        return f"{what} goes to the printer"
    todo = "put it on paper (werfpoort list --pdf FILE), then say so (werfpoort fallback printed)"
    return f"{what} is made, and there is no printer: {todo}"


def due(turn: Turn, paper: Paper, number: str, by: str, *, copy: bool = False) -> None:
    """Lets this be printed, and remembers it until it is."""
    job = turn.record(PaperDue(paper, number, by, copy))
    _go_on(turn, job)


def resume(turn: Turn) -> None:
    """After a start: what was on its way to paper goes on."""
    for job in tuple(turn.state.papers.jobs.values()):
        if not job.unsure:
            _go_on(turn, job.number)


def paper_moved(turn: Turn, event: PaperMoved) -> None:
    """Remembers how far the printer is; goes on by itself, unless only a person can tell."""
    job = turn.state.papers.jobs.get(event.job)
    if job is None:
        return  # given up meanwhile
    match event.event:
        case PartStarted(part):
            turn.record(PartBegun(job.number, part, event.parts))
        case PartDone(part, certain):
            turn.record(PartPrinted(job.number, part, certain))
        case JobDone() as ended:
            _ended(turn, job, event.parts, ended)


def paper_checked(turn: Turn, event: PaperChecked) -> None:
    """A person looked: every page is there, or what is not certain is printed once more. Of a
    list that is named also when it came from another printer, as a PDF does; else only where
    every page was sent: what never went out is not there, whoever looks."""
    held = [job for job in turn.state.papers.jobs.values() if job.held is not None]
    if event.whole and not event.number and held and not any(job.unsure for job in held):
        said = "not every page was sent yet: mend the printer, it goes on by itself"
        turn.reply(event.asked, False, said, Refused.NOT_ALL_SENT)
        return
    jobs = [
        job
        for job in turn.state.papers.jobs.values()
        if (event.whole and event.number == job.due.number)
        or (job in held and event.number in ("", job.due.number) and _may_say(job, event))
    ]
    for job in jobs:
        if event.whole:
            _done(turn, job, event.by.value)
            turn.say(DropPrint(job.number))
        else:
            _go_on(turn, job.number)
    if not jobs:
        said = "nothing waits for somebody to look at the printer"
        turn.reply(event.asked, False, said, Refused.NOTHING_TO_SEE)
    elif event.whole:
        turn.reply(event.asked, True, f"noted: every page is there{_left_behind(jobs)}")
    else:
        turn.reply(event.asked, True, "what is not certain is printed again, marked as duplicate")


def _left_behind(jobs: list[Job]) -> str:
    """What to do with paper that the gate's own printer began, while the list came elsewhere."""
    begun = any(job.sent and not job.unsure for job in jobs)
    todo = "strike through what came out of the gate's own printer, so that there is one list"
    return f"; nothing more of it is printed: {todo}" if begun else ""


def _may_say(job: Job, event: PaperChecked) -> bool:
    return job.unsure or not event.whole or bool(event.number)


def slip_asked(turn: Turn, event: SlipAsked) -> None:
    """Prints a slip; it proves nothing, so that nothing of it is journaled."""
    incidents = turn.state.log.incidents.values()
    if event.slip is SlipKind.INSTRUCTION and not any(i.open for i in incidents):
        turn.reply(event.asked, False, "nothing is amiss: there is nothing to do")
        return
    if event.slip is SlipKind.EVIDENCE and not incidents:
        turn.reply(event.asked, False, "there was no incident: there is nothing to prove")
        return
    if not turn.state.rules.printer:
        turn.reply(event.asked, False, NO_SLIP)
        return
    turn.say(PrintSlip(event.slip))
    turn.reply(event.asked, True, f"the {event.slip.value} slip goes to the printer")


def drop_old(turn: Turn, keep_from: dt.date) -> None:
    """Gives up what nobody printed while its day counted."""
    for job in tuple(turn.state.papers.jobs.values()):
        sheet = turn.state.papers.sheets.get(job.due.number)
        if sheet is None or sheet.made.day < keep_from:
            turn.record(PaperDropped(job.number, "its day is over"))
            turn.say(DropPrint(job.number))


def settle_on_paper(turn: Turn, today: dt.date) -> None:
    """Ends the days before `today` of whoever stands on a list that is proof."""
    for obligation in tuple(turn.state.ledger.obligations.values()):
        came = not obligation.ahead  # who was announced and never came worked nowhere
        ended = obligation.day < today and not obligation.attempt and came
        if ended and obligation.on_paper and obligation.outcome in _WORSE:
            turn.record(
                ObligationOnPaper(
                    obligation.reference,
                    obligation.day,
                    obligation.list_number,
                    obligation.list_reference,
                )
            )


def _ended(turn: Turn, job: Job, parts: int, ended: JobDone) -> None:
    if ended.certain >= parts:
        _done(turn, job, "printer")
        return
    unsure = job.taken >= parts
    held = PaperHeld(
        job.number,
        ended.certain,
        ended.sent,
        ended.status.value,
        ended.problem,
        ended.hint,
        unsure,
    )
    if held != job.held:
        turn.record(held)
    if not unsure:
        _go_on(turn, job.number, after_ms=_pause_ms(turn, job.number))


def _pause_ms(turn: Turn, number: int) -> int:
    """A quarter of the time that it has stood, within bounds."""
    since = turn.state.papers.jobs[number].held_at
    known = since is not None and since.boot_id == turn.at.boot_id
    stood_ms = turn.at.mono_ms - since.mono_ms if since is not None and known else 0
    return min(max(FIRST_RETRY_MS, stood_ms // 4), LONGEST_RETRY_MS)


def _done(turn: Turn, job: Job, by: str) -> None:
    turn.record(PaperDone(job.number, by))
    sheet = turn.state.papers.sheets.get(job.due.number)
    if sheet is None:
        return
    if sheet.ready and not sheet.stands:
        turn.record(ListStands(sheet.made.number, sheet.reference))
        turn.say(PrintSlip(SlipKind.KEEP_LIST))
        if turn.at.trusted:
            settle_on_paper(turn, turn.state.rules.day(turn.at))
    elif not sheet.reference and not job.due.copy:  # the slip says how its number is entered
        turn.say(PrintSlip(SlipKind.KEEP_LIST))


def _go_on(turn: Turn, number: int, after_ms: int = 0) -> None:
    job = turn.state.papers.jobs[number]
    sheet = turn.state.papers.sheets[job.due.number]
    reference = turn.state.papers.of_sheet(sheet)
    sent = EVERY_PART if job.due.copy else job.sent + job.lost
    turn.say(Print(job.number, job.due.paper, sheet, reference, job.certain, sent, after_ms))
