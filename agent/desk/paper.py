"""What people may ask of the paper procedure, by the control socket."""

from __future__ import annotations

import base64
import datetime as dt
import threading
from collections.abc import Callable

from agent.config import Config
from agent.control import Answer, Question
from agent.core.events import Event
from agent.core.identifiers import INSS_DIGITS, IdentifierError, mask_inss, parse_company
from agent.core.moment import Moment
from agent.core.outage.procedure_records import By
from agent.core.paper.paper_events import (
    CodeChecked,
    CopyAsked,
    LinesCounted,
    ListAsked,
    PaperChecked,
    ReferenceEntered,
    SlipAsked,
    SlipKind,
)
from agent.core.paper.paper_records import PAGE
from agent.core.paper.papers import Sheet, lacks
from agent.core.refusals import Refused
from agent.core.state import State
from agent.paper.documents import Documents
from agent.paper.operator_code import right
from agent.seams import Decide
from drivers.base import DeviceError
from drivers.paper_pdf import as_pdf


class _NotOne(IdentifierError):
    """Nobody of the roster is named so, or several are."""


def way(question: Question) -> By:
    """On what way a question came in: by a command, unless the page asks it (`"by": "page"`)."""
    return By.PAGE if question.get("by") == PAGE else By.COMMAND


class PaperDesk:
    """Answers the questions that begin with `paper-`; from any thread.

    What a question may carry beside what it asks: `by` is `page` where the page asks it, `who` the
    name of the person. `paper-code` compares an operator code and journals what came of it: whoever
    serves people that have not shown who they are asks it before all that bears national numbers,
    and limits their guesses (`agent/web/door.py` does); the keypad's lock is the keypad's alone.
    """

    def __init__(
        self,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        config: Config,
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide
        self._documents = Documents(config)
        self._languages = config.gate.languages
        self._code = config.operator
        self._one_code = threading.Lock()

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        try:
            match question:
                case {"ask": "paper-lists"}:
                    return {"done": True, "lists": [*map(self._told, self._sheets())]}
                case {"ask": "paper-pdf", "number": str(number)}:
                    return self._pdf(number)
                case {"ask": "paper-code", "code": str(code)}:
                    return self._admit(code)
            event = self._event(question)
        except IdentifierError as error:
            unknown = Refused.UNKNOWN_WORKER if isinstance(error, _NotOne) else ""
            return {"done": False, "text": f"{error}; {error.mend}", "why": unknown}
        if event is None:
            return {"done": False, "text": f"no paper is asked this: {question.get('ask')}"}
        done, said, why = self._decide(event)
        return {"done": done, "text": said, "why": why or ""}

    def _event(self, question: Question) -> Callable[[int], Event] | None:
        now, by, number = self._now(), way(question), str(question.get("number", ""))
        who = str(question.get("who", ""))
        match question:
            case {"ask": "paper-reference", "number": str()}:
                entered = (number, by, _firm(question), str(question.get("how", "")))
                more = (str(question.get("declaration", "")), self._expected(question))
                day = _day(question)
                return lambda asked: ReferenceEntered(now, *entered, *more, day, asked, who)
            case {"ask": "paper-list"}:
                addendum, firm = bool(question.get("addendum")), _firm(question)
                expected, day = self._expected(question), _day(question)
                return lambda asked: ListAsked(now, by, addendum, firm, expected, day, asked, who)
            case {"ask": "paper-copy"}:
                return lambda asked: CopyAsked(now, by, number, asked)
            case {"ask": "paper-looked", "whole": bool(whole)}:
                return lambda asked: PaperChecked(now, by, whole, number, asked)
            case {"ask": "paper-filled", "count": int(count)}:
                return lambda asked: LinesCounted(now, by, count, number, asked)
            case {"ask": "paper-slip", "slip": str(slip)} if slip in set(SlipKind):
                return lambda asked: SlipAsked(now, SlipKind(slip), by, asked)
        return None

    def _admit(self, code: str) -> Answer:
        """Whether it is the operator code; one at a time, so that nobody tries many at once."""
        with self._one_code:
            if not self._code.ask_code:
                return {"done": True, "text": "no operator code is asked for"}
            if not self._code.code:
                text = "no operator code is configured: make one with werfpoort code"
                return {"done": False, "text": text}
            try:
                matches = right(code, self._code.code)
            except (ValueError, MemoryError):
                matches = False  # nobody is let in by a hash that cannot be used
            done, said, _ = self._decide(
                lambda asked: CodeChecked(self._now(), PAGE, matches, asked)
            )
            return {"done": done, "text": said}

    def _expected(self, question: Question) -> tuple[int, ...]:
        """The workers who come later today, by number or full name. Raises _NotOne."""
        numbers: list[int] = []
        for text in map(str, question.get("expected", ())):
            found = self._state().book.named(text)
            if len(found) != 1:
                # Somebody may have typed a national number, which no answer repeats in full.
                shown = mask_inss(text) if sum(map(str.isdecimal, text)) >= INSS_DIGITS else text
                raise _NotOne(
                    f"{len(found)} workers of the roster are {shown[:80]}",
                    "name each by its number (werfpoort roster list)",
                )
            numbers += found
        return tuple(numbers)

    def _sheets(self) -> list[Sheet]:
        return list(self._state().papers.sheets.values())

    def _told(self, sheet: Sheet) -> dict[str, object]:
        return {
            "number": sheet.made.number,
            "day": sheet.made.day.isoformat(),
            "declaration": sheet.made.declaration,
            "firm": sheet.made.firm,
            "reference": sheet.reference,
            "addendum_to": sheet.made.addendum_to,
            "names": len(sheet.rows),
            "lines": sheet.made.lines_to_fill_in,
            "filled_in": sheet.filled,
            "proof": sheet.stands,
            "waits_for": lacks(sheet, self._state().papers.jobs.values())[1],
        }

    def _pdf(self, number: str) -> Answer:
        """The list as PDF; of today's, or yesterday's, the last one where no number is named."""
        sheet = next((s for s in reversed(self._sheets()) if number in ("", s.made.number)), None)
        if sheet is None:
            text = "there is no such list of today or yesterday; werfpoort list shows them"
            return {"done": False, "text": text}
        state = self._state()
        reference = state.papers.of_sheet(sheet)
        document = self._documents.list(sheet, reference, state, completed=True)
        try:
            pdf = as_pdf(document, sheet.made.number, self._languages[0])
        except DeviceError as error:
            return {"done": False, "text": f"{error}; to do: {error.hint}"}
        encoded = base64.b64encode(pdf).decode()
        return {"done": True, "number": sheet.made.number, "pdf": encoded}


def _day(question: Question) -> dt.date | None:
    """Which day it is by whoever asks. Raises IdentifierError."""
    text = str(question.get("day", ""))
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise IdentifierError(f"{text} is no day", "write it as 2026-11-24") from None


def _firm(question: Question) -> str:
    firm = str(question.get("firm", ""))
    return parse_company(firm) if firm else ""
