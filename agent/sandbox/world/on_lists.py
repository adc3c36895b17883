"""Who stands on which attendance list, and what is truly on paper of it.

A list names everybody who is open then, no one twice under the same number, and proves a day only
once all of it came out whole and its reference number with it (DOMAIN.md, sections 3 and 4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from agent.core.obligations import Outcome
from agent.core.paper.attendance_list import PEOPLE_A_PAGE
from agent.core.paper.paper_records import (
    ListCompleted,
    ListMade,
    ListStands,
    ObligationOnPaper,
    Paper,
    PaperDue,
    PersonListed,
)
from agent.core.records import Record
from agent.sandbox.world.owing import Owed

DUTY = "checkinatwork"
PRESENT = (None, Outcome.REGISTERED, Outcome.REJECTED)
"""Whoever came and was not cancelled, and whose day is not over."""
LATER = (Outcome.REGISTERED, Outcome.ON_PAPER, Outcome.CANCELLED)
"""What becomes of whoever stands on a list that is proof."""
RULE = "4. on paper"

Whole = Collection[tuple[int, int]]
"""The parts that came out whole, by job and part."""


@dataclass(slots=True)
class _List:
    made: ListMade
    rows: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """What each stands for, and whose: a number that is mended afterwards is not on it."""
    reference: str = ""
    stands: bool = False
    jobs: dict[Paper, list[int]] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        entries = len(self.rows) + self.made.lines_to_fill_in
        return max(1, -(-entries // PEOPLE_A_PAGE))

    def came_out(self, whole: Whole) -> bool:
        """Every page is on paper, and so is its number."""
        pages = all(
            any((job, page) in whole for job in self.jobs.get(Paper.LIST, ()))
            for page in range(1, self.pages + 1)
        )
        late = self.jobs.get(Paper.COMPLETION, ())
        return pages and (bool(self.made.reference) or any((job, 1) in whole for job in late))


class OnLists:
    """`finds`: what is told of something wrong, the rule and what was seen. `whole`: gives what
    came out of the printer whole so far."""

    def __init__(self, finds: Callable[[str, str], None], whole: Callable[[], Whole]) -> None:
        self._finds, self._whole = finds, whole
        self._lists: dict[str, _List] = {}
        self._fresh: list[_List] = []
        self._completed = False
        """A provisional list got its number in this step: who stands on it is not listed again."""

    def hears(self, seq: int, record: Record) -> None:
        """Takes one record."""
        match record:
            case ListMade() as made:
                self._lists[made.number] = _List(made, reference=made.reference)
                self._fresh.append(self._lists[made.number])
            case PersonListed(number) as row:
                self._lists[number].rows.append((row.obligation, row.person.identity))
            case ListCompleted(number, reference):
                self._lists[number].reference = reference
                self._completed = True
            case PaperDue(paper, number):
                self._lists[number].jobs.setdefault(paper, []).append(seq)
            case ListStands(number, reference):
                self._stands(self._lists[number], reference)
            case ObligationOnPaper(reference, day, number, list_reference):
                self._on_paper(reference, day, self._lists.get(number), list_reference)

    def _on_paper(
        self, reference: str, day: dt.date, known: _List | None, list_reference: str
    ) -> None:
        named = {obligation for obligation, _ in known.rows} if known is not None else set()
        if known is None or not known.stands or reference not in named or known.made.day != day:
            name = known.made.number if known is not None else "that nobody made"
            self._finds(RULE, f"{reference} of {day}: list {name} does not prove it")
        elif list_reference != known.reference:
            text = f"list {known.made.number} bears {known.reference or 'no number'}"
            self._finds(RULE, text)

    def _stands(self, known: _List, reference: str) -> None:
        known.stands = True
        if not reference or reference != known.reference:
            self._finds(RULE, f"list {known.made.number} stands without its number")
        if not known.came_out(self._whole()):
            self._finds(RULE, f"list {known.made.number} stands, and not all of it came out")

    def judged(self, owed: Iterable[Owed], loose: int) -> None:
        """After a step that made lists. `loose`: taps of workers that no day is known of yet."""
        if self._fresh:
            present = [o for o in owed if o.outcome in PRESENT and o.duty == DUTY and not o.ahead]
            for made in self._fresh:
                self._complete(made, present, loose)
            self._fresh.clear()
        self._completed = False

    def _complete(self, new: _List, present: list[Owed], loose: int) -> None:
        made = new.made
        if loose:
            self._finds(RULE, f"list {made.number} was made while {loose} tap(s) have no day")
        same = [k for k in self._lists.values() if k.made.day == made.day]
        whole = not made.addendum_to and not self._completed
        named = set(new.rows) if whole else {row for known in same for row in known.rows}
        for owed in present:
            mine = owed.day == made.day and owed.person.declaration == made.declaration
            if mine and (owed.reference, owed.person.identity) not in named:
                self._finds(RULE, f"{owed.reference} is open, and not on list {made.number}")
        for known in same:
            twice = {row for row in {*known.rows} & {*new.rows} if row[0]}
            if known is not new and twice and known.reference == new.reference:
                text = f"{min(twice)[0]} is on {known.made.number} and {made.number}"
                self._finds(RULE, f"{text}, both with “{new.reference}”")

    def proved(self, owed: Owed) -> None:
        """After its day: whoever stands on a list that is proof ended on paper, or better."""
        for known in self._lists.values():
            row = owed.reference, owed.person.identity
            on_it = known.stands and row in known.rows and known.made.day == owed.day
            if on_it and owed.outcome not in LATER and not owed.ahead:
                number = known.made.number
                self._finds(RULE, f"{owed.reference}: {owed.outcome}, and list {number} proves it")

    def over(self, before: dt.date) -> None:
        """What was made before that day matters no more."""
        self._lists = {n: k for n, k in self._lists.items() if k.made.day >= before}
