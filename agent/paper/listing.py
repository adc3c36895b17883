"""A list of the journal as the value that is put on paper, with the names of the configuration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment
from agent.core.paper.attendance_list import AttendanceList, How, Person, Reference, Stranger
from agent.core.paper.paper_records import PersonListed
from agent.core.paper.papers import Papers, Sheet
from agent.core.paper.papers import Reference as ReferenceHeld
from agent.journal.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Place:
    """What no entry says: `site` with its address, the gate's name, the zone of the site, the
    journal's name, and the firms' names by company number."""

    site: str
    gate: str
    zone: dt.tzinfo
    journal: str
    firms: Mapping[str, str]
    training: bool = False

    def listed(
        self,
        sheet: Sheet,
        reference: ReferenceHeld | None,
        papers: Papers,
        *,
        completed: bool = False,
    ) -> AttendanceList:
        """The list as it was made; the same each time. `completed`: with the number that came
        after it was made, in place of the slip."""
        made = sheet.made
        known = reference if made.reference or completed else None
        first = _strangers_before(sheet, papers) + 1
        return AttendanceList(
            list_number=made.number,
            declaration=made.declaration,
            day=made.day,
            site=self.site,
            gate=self.gate,
            firm=self.firms.get(made.firm, ""),
            firm_number=made.firm,
            made_by=made.who or made.by,
            printed=self.on(sheet.at, made.day),
            checkpoint=self.signed(papers.signed(sheet)),
            people=tuple(self._person(row) for row in sheet.rows),
            reference=self.reference(known) if known is not None else None,
            blank_lines=made.blank_lines,
            strangers=tuple(
                Stranger(f"#{n}", tapped.local(self.zone))
                for n, tapped in enumerate(made.strangers, first)
            ),
            addendum_to=made.addendum_to,
            training=self.training,
        )

    def reference(self, reference: ReferenceHeld) -> Reference:
        """A reference number as it is printed."""
        got = reference.got
        how, by = How(got.how), got.who or got.by
        return Reference(got.number, how, self.on(reference.at, got.day), by)

    def signed(self, signed: CheckpointSigned | None) -> str:
        """A checkpoint as text; empty where nothing is signed."""
        return Checkpoint.of(self.journal, signed).text() if signed is not None else ""

    def _person(self, row: PersonListed) -> Person:
        worker = row.person
        return Person(
            surname=worker.surname,
            given_name=worker.given_name,
            employer=worker.employer,
            employer_name=self.firms.get(worker.employer, ""),
            inss=worker.inss,
            limosa=worker.limosa,
            latin=worker.latin,
            tapped=row.tapped.local(self.zone) if row.tapped is not None else None,
            mark=row.mark,
            receipt=row.receipt,
        )

    def on(self, moment: Moment, day: dt.date) -> dt.datetime:
        """With its time where a right clock told it; else the day alone, by a person's word."""
        if moment.trusted:
            return moment.local(self.zone)
        return dt.datetime.combine(day, dt.time())


def _strangers_before(sheet: Sheet, papers: Papers) -> int:
    """How many unknown badges stand on the lists that an addendum adds to: it goes on counting."""
    made = sheet.made
    if not made.addendum_to:
        return 0
    before = (s for s in papers.of_firm(made.firm, made.day) if s.seq < sheet.seq)
    return sum(len(s.made.strangers) for s in before if s.made.declaration == made.declaration)
