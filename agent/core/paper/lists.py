"""Attendance lists: who stands on one, what number it bears, and what becomes of the obligations.

A list covers everybody whom the reporting firm answers for: all of the site for the firm that
reports for it, its own workers for any other one (DOMAIN.md, section 3: the procedure binds each
firm). There is one list for each declaration of works.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace

from agent.core.dating import refuses_day, today_named
from agent.core.obligations import Obligation, Outcome
from agent.core.paper.attendance_list import How, Mark
from agent.core.paper.paper_events import CopyAsked, LinesCounted, ListAsked, ReferenceEntered
from agent.core.paper.paper_records import (
    LinesFilled,
    ListCompleted,
    ListMade,
    Paper,
    PersonListed,
    ReferenceGot,
)
from agent.core.paper.papers import Papers, Sheet
from agent.core.paper.print_jobs import due, on_paper
from agent.core.refusals import Refused
from agent.core.roster import Worker
from agent.core.taps import LooseTap, Taps
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
    refusal = _refusal(number, event.how)
    today = _today(turn, event)
    if refusal or not isinstance(today, dt.date):
        why = Refused.NO_NUMBER if refusal else Refused.NO_DAY
        turn.reply(event.asked, False, f"reference number not taken: {refusal or today}", why)
        return
    firm, declaration = event.firm or turn.state.rules.firm, event.declaration
    known = _is_known(turn, number, firm, today, declaration)
    if not known:
        by = event.by.value
        turn.record(ReferenceGot(number, firm, today, event.how, by, declaration, event.who))
    wanted = _Wanted(today, firm, event, declaration, number)
    said = [_completed(turn, sheet, number, event) for sheet in _provisional(turn, wanted)]
    said += _make(turn, wanted, whole=not said and not known)
    if not said:
        text = f"{number} was entered before, and everybody is on its list; ask for a copy instead"
        turn.reply(event.asked, False, text, Refused.ENTERED_BEFORE)
    else:
        turn.reply(event.asked, True, "; ".join(said))


def _refusal(number: str, how: str) -> str:
    """Why this is no number; empty when it may be one."""
    if not NUMBER.fullmatch(number):
        return NO_NUMBER
    return "" if how in set(How) else f"{how} gives none; say centre or form"


def _is_known(turn: Turn, number: str, firm: str, today: dt.date, declaration: str) -> bool:
    """True when the firm gave this number before, for this declaration or for all."""
    return any(
        (r.got.number, r.got.firm, r.got.day) == (number, firm, today)
        and r.got.declaration in ("", declaration)
        for r in turn.state.papers.references
    )


def list_asked(turn: Turn, event: ListAsked) -> None:
    """A list without waiting for a number, or of those who came since the last one. Where there is
    a number for its declaration already, it bears it."""
    firm, today = event.firm or turn.state.rules.firm, _today(turn, event)
    if not isinstance(today, dt.date):
        turn.reply(event.asked, False, f"no list: {today}", Refused.NO_DAY)
        return
    before = turn.state.papers.of_firm(firm, today)
    if event.addendum and not before:
        text = "no addendum: no list was made today; ask for a list"
        turn.reply(event.asked, False, text, Refused.NO_LIST_YET)
        return
    said = _make(turn, _Wanted(today, firm, event), whole=not before)
    text = "; ".join(said) or "everybody is on a list of today; ask for a copy instead"
    turn.reply(event.asked, bool(said), text, None if said else Refused.ALL_LISTED)


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
    text = "there is no such list of today or yesterday"
    if sheets:
        text = on_paper(turn, f"copy of {numbers}")
    turn.reply(event.asked, bool(sheets), text, None if sheets else Refused.NO_SUCH_LIST)


def lines_counted(turn: Turn, event: LinesCounted) -> None:
    """Notes that blank lines were filled in: from now on they count."""
    known = [s for s in turn.state.papers.sheets.values() if s.made.lines_to_fill_in]
    sheet = next((s for s in reversed(known) if event.number in ("", s.made.number)), None)
    if sheet is None:
        text = "no list of today or yesterday has blank lines"
        turn.reply(event.asked, False, text, Refused.NO_BLANK_LINES)
    elif not 0 <= event.count <= sheet.made.lines_to_fill_in:
        most = sheet.made.lines_to_fill_in
        text = f"list {sheet.made.number} has {most} blank lines, not {event.count}"
        turn.reply(event.asked, False, text, Refused.NOT_SO_MANY_LINES)
    else:
        turn.record(LinesFilled(sheet.made.number, event.count, event.by.value))
        text = f"{event.count} blank lines of list {sheet.made.number} count now"
        turn.reply(event.asked, True, text)


# --- making one ------------------------------------------------------------------------------


class _Wanted:
    """For whom a list is made, and who wants it. `reference` empty: whatever number there is."""

    def __init__(
        self,
        day: dt.date,
        firm: str,
        event: ReferenceEntered | ListAsked,
        declaration: str = "",
        reference: str = "",
    ) -> None:
        self.day = day
        self.firm = firm
        self.by, self.who, self.expected = event.by.value, event.who, event.expected
        self.declaration = declaration
        self._reference = reference

    def covers(self, worker: Worker, turn: Turn) -> bool:
        """True when this firm answers for that worker."""
        own = self.firm in (turn.state.rules.firm, worker.employer)
        return own and self.declaration in ("", worker.declaration)

    def number(self, papers: Papers, declaration: str) -> str:
        """The reference number of a list of this declaration; empty: it is provisional."""
        known = papers.reference(self.firm, self.day, declaration)
        return self._reference or (known.got.number if known is not None else "")


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
    for sheet in turn.state.papers.of_firm(wanted.firm, wanted.day):
        if wanted.declaration in ("", sheet.made.declaration) and not sheet.reference:
            yield sheet


def _completed(turn: Turn, sheet: Sheet, number: str, event: ReferenceEntered) -> str:
    turn.record(ListCompleted(sheet.made.number, number))
    due(turn, Paper.COMPLETION, sheet.made.number, event.by.value)
    return on_paper(turn, f"slip that completes list {sheet.made.number}")


def _make(turn: Turn, wanted: _Wanted, *, whole: bool) -> list[str]:
    """Makes a list for each declaration; `whole`: of everybody, else of who is on none yet."""
    before = turn.state.papers.of_firm(wanted.firm, wanted.day)
    listed = {(row.obligation, row.worker) for sheet in before for row in sheet.rows}
    rows = _rows(turn, wanted)
    if not whole:
        rows = [row for row in rows if (row.obligation, row.worker) not in listed]
    last = max((sheet.seq for sheet in before), default=0)
    unknown = strangers(turn.state.taps, 0 if whole else last)
    named = {row.person.declaration for row in rows}
    if not named and (whole or unknown):
        named = {_of_strangers(turn, wanted, before)}
    said = []
    for declaration in sorted(named):
        mine = [row for row in rows if row.person.declaration == declaration]
        known = [s.made.number for s in before if s.made.declaration == declaration]
        adds_to = known[-1] if known and not whole else ""
        mine = [_late(row) for row in mine] if adds_to else mine
        said.append(_write(turn, wanted, declaration, mine, unknown, adds_to))
    return said


def strangers(taps: Taps, since: int) -> list[LooseTap]:
    """The first tap of each unknown badge that came after entry `since`."""
    first: dict[str, LooseTap] = {}
    for tap in taps.loose:
        first.setdefault(tap.uid, tap)
    return [first[uid] for uid in taps.unknown() if first[uid].seq > since]


def _of_strangers(turn: Turn, wanted: _Wanted, before: tuple[Sheet, ...]) -> str:
    """The declaration on whose list stand those of whom none is known: the site's, else the one
    that was listed last."""
    own = wanted.declaration or turn.state.rules.declaration
    made = [sheet.made.declaration for sheet in before]
    return own if own in made or not made else made[-1]


def _write(
    turn: Turn,
    wanted: _Wanted,
    declaration: str,
    rows: list[PersonListed],
    unknown: list[LooseTap],
    adds_to: str,
) -> str:
    state, day = turn.state, wanted.day
    number = f"{state.journal}-{day:%m%d}-{len(state.papers.of_day(day)) + 1}"
    timed = tuple(tap.at for tap in unknown if tap.at.trusted)
    blank = (0 if adds_to else SPARE_LINES) + len(unknown) - len(timed)
    reference = wanted.number(state.papers, declaration)
    turn.record(
        ListMade(
            number,
            day,
            declaration,
            wanted.firm,
            reference,
            wanted.by,
            blank,
            timed,
            adds_to,
            who=wanted.who,
        )
    )
    for row in sorted(rows, key=_place):
        turn.record(replace(row, number=number))
    due(turn, Paper.LIST, number, wanted.by)
    kind = "addendum" if adds_to else "list" if reference else "provisional list"
    lines = f" and {len(unknown)} unknown badge(s)" if unknown else ""
    return on_paper(turn, f"{kind} {number} of {len(rows)} name(s){lines}")


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
    return replace(row, mark=Mark.LATE) if row.mark is Mark.OPEN else row
