"""Attendance lists: who stands on one, what number it bears, and what becomes of the obligations.

A list covers everybody whom the reporting firm answers for: all of the site for the firm that
reports for it, its own workers for any other one (DOMAIN.md, section 3: the procedure binds each
firm). There is one list for each declaration of works.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from agent.core.dating import refuses_day, today_named
from agent.core.obligations import Obligation, Outcome
from agent.core.paper.attendance_list import Mark
from agent.core.paper.paper_events import CopyAsked, LinesCounted, ListAsked, ReferenceEntered
from agent.core.paper.paper_records import (
    LinesFilled,
    ListCompleted,
    ListMade,
    Paper,
    PersonListed,
    ReferenceGot,
)
from agent.core.paper.papers import Sheet
from agent.core.paper.print_jobs import due
from agent.core.roster import Worker
from agent.core.turn import Turn

DUTY = "checkinatwork"
"""The procedure's list is that of Checkinatwork; for Check In and Out nothing like it exists."""
SPARE_LINES = 8
"""Blank lines for those who come later, beside one for each unknown badge."""
NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./-]{2,30}[0-9A-Za-z]")
"""A reference number as far as its form is known: 4 to 32 characters."""
NO_NUMBER = "it has 4 to 32 letters and digits; type all of it, as it was given"
NO_DAY = (
    "the clock is not trusted: say which day it is (at the keypad it is asked; --day), or set it"
)

_PRESENT = (None, Outcome.REGISTERED, Outcome.REJECTED)


def reference_entered(turn: Turn, event: ReferenceEntered) -> None:
    """Takes the number, completes what was provisional, and lists whoever stands on nothing yet.

    Another number than before makes another whole list: it may be for another cause.
    """
    number = " ".join(event.number.split())
    refusal = "" if NUMBER.fullmatch(number) else NO_NUMBER
    today = _today(turn, event)
    if refusal or not isinstance(today, dt.date):
        turn.reply(event.asked, False, f"reference number not taken: {refusal or today}")
        return
    papers, firm = turn.state.papers, event.firm or turn.state.rules.firm
    numbers = [r.got.number for r in papers.references if (r.got.firm, r.got.day) == (firm, today)]
    if number not in numbers:
        got = ReferenceGot(number, firm, today, event.how, event.by.value, event.declaration)
        turn.record(got)
    wanted = _Wanted(today, firm, number, event.by.value, event.expected, event.declaration)
    said = [_completed(turn, sheet, number, event) for sheet in _provisional(turn, wanted)]
    whole = not said and number not in numbers
    said += _make(turn, wanted, whole=whole)
    if not said:
        text = f"{number} was entered before, and everybody is on its list; ask for a copy instead"
        turn.reply(event.asked, False, text)
    else:
        turn.reply(event.asked, True, "; ".join(said))


def list_asked(turn: Turn, event: ListAsked) -> None:
    """A list without waiting for a number, or of those who came since the last one."""
    firm, today = event.firm or turn.state.rules.firm, _today(turn, event)
    if not isinstance(today, dt.date):
        turn.reply(event.asked, False, f"no list: {today}")
        return
    before = [s for s in turn.state.papers.of_day(today) if s.made.firm == firm]
    if event.addendum and not before:
        turn.reply(event.asked, False, "no addendum: no list was made today; ask for a list")
        return
    reference = turn.state.papers.reference(firm, today)
    number = reference.got.number if reference is not None else ""
    wanted = _Wanted(today, firm, number, event.by.value, event.expected)
    said = _make(turn, wanted, whole=not before)
    text = "; ".join(said) or "everybody is on a list of today; ask for a copy instead"
    turn.reply(event.asked, bool(said), text)


def copy_asked(turn: Turn, event: CopyAsked) -> None:
    """Prints lists of today again, each part marked as a duplicate; of the last day with a list
    while no clock tells which day it is."""
    known = turn.state.papers.sheets.values()
    day = max((sheet.made.day for sheet in known), default=None)
    if turn.at.trusted:
        day = turn.state.rules.day(turn.at)
    sheets = [
        sheet
        for sheet in known
        if sheet.made.number == event.number or (not event.number and sheet.made.day == day)
    ]
    for sheet in sheets:
        due(turn, Paper.LIST, sheet.made.number, event.by.value, copy=True)
        if sheet.reference and not sheet.made.reference:
            due(turn, Paper.COMPLETION, sheet.made.number, event.by.value, copy=True)
    numbers = ", ".join(sheet.made.number for sheet in sheets)
    text = f"printed again: {numbers}" if sheets else "there is no such list of today or yesterday"
    turn.reply(event.asked, bool(sheets), text)


def lines_counted(turn: Turn, event: LinesCounted) -> None:
    """Notes that blank lines were filled in: from now on they count."""
    sheets = [s for s in turn.state.papers.sheets.values() if s.made.lines_to_fill_in]
    sheet = next((s for s in reversed(sheets) if event.number in ("", s.made.number)), None)
    if sheet is None:
        turn.reply(event.asked, False, "no list of today or yesterday has blank lines")
    elif not 0 <= event.count <= sheet.made.lines_to_fill_in:
        most = sheet.made.lines_to_fill_in
        text = f"list {sheet.made.number} has {most} blank lines, not {event.count}"
        turn.reply(event.asked, False, text)
    else:
        turn.record(LinesFilled(sheet.made.number, event.count, event.by.value))
        text = f"{event.count} blank lines of list {sheet.made.number} count now"
        turn.reply(event.asked, True, text)


# --- making one ------------------------------------------------------------------------------


class _Wanted:
    """For whom a list is made, with which number, and who wants it."""

    def __init__(
        self,
        day: dt.date,
        firm: str,
        reference: str,
        by: str,
        expected: tuple[int, ...] = (),
        declaration: str = "",
    ) -> None:
        self.day = day
        self.firm = firm
        self.reference = reference
        self.by = by
        self.expected = expected
        self.declaration = declaration

    def covers(self, worker: Worker, turn: Turn) -> bool:
        """True when this firm answers for that worker."""
        own = self.firm in (turn.state.rules.firm, worker.employer)
        return own and self.declaration in ("", worker.declaration)


def _today(turn: Turn, event: ReferenceEntered | ListAsked) -> dt.date | str:
    """The day that the list is for; why there is none. By the clock, else by a person's word."""
    if turn.at.trusted:
        today = turn.state.rules.day(turn.at)
        return today if event.day in (None, today) else f"it is {today}, says a right clock"
    if event.day is None:
        return NO_DAY
    if refusal := refuses_day(turn, event.day):
        return refusal
    today_named(turn, event.day, event.by.value)
    return event.day


def _provisional(turn: Turn, wanted: _Wanted) -> Iterator[Sheet]:
    for sheet in turn.state.papers.of_day(wanted.day):
        mine = sheet.made.firm == wanted.firm
        if mine and wanted.declaration in ("", sheet.made.declaration) and not sheet.reference:
            yield sheet


def _completed(turn: Turn, sheet: Sheet, number: str, event: ReferenceEntered) -> str:
    turn.record(ListCompleted(sheet.made.number, number))
    due(turn, Paper.COMPLETION, sheet.made.number, event.by.value)
    return f"list {sheet.made.number} is completed by a slip"


def _make(turn: Turn, wanted: _Wanted, *, whole: bool) -> list[str]:
    """Makes a list for each declaration; `whole`: of everybody, else of who is on none yet."""
    rows = _rows(turn, wanted)
    named = {row.person.declaration for row in rows}
    declarations = named or {wanted.declaration or turn.state.rules.declaration}
    said = []
    for declaration in sorted(declarations):
        mine = [row for row in rows if row.person.declaration == declaration]
        before = [
            sheet.made.number
            for sheet in turn.state.papers.of_day(wanted.day)
            if (sheet.made.firm, sheet.made.declaration) == (wanted.firm, declaration)
        ]
        if not whole:
            listed = {
                (row.obligation, row.worker)
                for number in before
                for row in turn.state.papers.sheets[number].rows
            }
            mine = [_late(row) for row in mine if (row.obligation, row.worker) not in listed]
        if mine or whole:
            adds_to = before[-1] if before and not whole else ""
            said.append(_write(turn, wanted, declaration, mine, adds_to))
    return said


def _write(
    turn: Turn, wanted: _Wanted, declaration: str, rows: list[PersonListed], adds_to: str
) -> str:
    state, day = turn.state, wanted.day
    number = f"{state.journal}-{day:%m%d}-{len(state.papers.of_day(day)) + 1}"
    first = {tap.uid: tap.at for tap in reversed(state.taps.loose)}
    came = [] if adds_to else [first[uid] for uid in state.taps.unknown()]
    strangers = tuple(at for at in came if at.trusted)
    blank = 0 if adds_to else SPARE_LINES + len(came) - len(strangers)
    turn.record(
        ListMade(
            number,
            day,
            declaration,
            wanted.firm,
            wanted.reference,
            wanted.by,
            blank,
            strangers,
            adds_to,
            state.checkpoint,
        )
    )
    for row in sorted(rows, key=_place):
        turn.record(
            PersonListed(
                number,
                row.obligation,
                row.worker,
                row.person,
                row.tapped,
                row.mark,
                row.receipt,
            )
        )
    due(turn, Paper.LIST, number, wanted.by)
    kind = "addendum" if adds_to else "list" if wanted.reference else "provisional list"
    return f"{kind} {number} of {len(rows)} name(s) is printed"


def _place(row: PersonListed) -> tuple[str, str, str]:
    person = row.person
    return person.employer, person.surname.casefold(), person.given_name.casefold()


def _rows(turn: Turn, wanted: _Wanted) -> list[PersonListed]:
    rows = [
        PersonListed(
            "",
            o.reference,
            o.worker,
            o.person,
            o.at if o.at.trusted and not o.ahead else None,
            _mark(o),
            o.receipt,
        )
        for o in turn.state.ledger.obligations.values()
        if o.day == wanted.day
        and o.duty == DUTY
        and o.outcome in _PRESENT
        and wanted.covers(o.person, turn)
    ]
    here = {row.worker for row in rows}
    for worker in dict.fromkeys(wanted.expected):
        listing = turn.state.book.listed.get(worker)
        if listing is not None and worker not in here and wanted.covers(listing.worker, turn):
            rows.append(PersonListed("", "", worker, listing.worker, None, Mark.EXPECTED))
    return rows


def _mark(obligation: Obligation) -> Mark:
    """Who was announced and has not tapped yet is only expected, unless a receipt says more."""
    if obligation.outcome is Outcome.REGISTERED:
        return Mark.REGISTERED
    return Mark.EXPECTED if obligation.ahead else Mark.OPEN


def _late(row: PersonListed) -> PersonListed:
    if row.mark is not Mark.OPEN:
        return row
    return PersonListed(
        row.number, row.obligation, row.worker, row.person, row.tapped, Mark.LATE, row.receipt
    )
