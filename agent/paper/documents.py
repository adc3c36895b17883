"""Lists and slips as documents: what the journal knows, with the names of the configuration."""

from __future__ import annotations

import datetime as dt

from agent.config import Config
from agent.config.settings import NONE
from agent.core.commands import Print, PrintSlip
from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment
from agent.core.paper.attendance_list import (
    AttendanceList,
    How,
    Person,
    Stranger,
    attendance_document,
)
from agent.core.paper.attendance_list import Reference as ReferenceOnPaper
from agent.core.paper.paper_events import SlipKind
from agent.core.paper.paper_records import Paper, PersonListed
from agent.core.paper.papers import Reference, Sheet
from agent.core.paper.slip_writing import slip_document
from agent.core.paper.slips import Completion, Heading, Slip
from agent.core.state import State
from agent.journal.checkpoint import Checkpoint
from agent.locale import texts
from agent.paper.slip_contents import after_list, claim_ended, evidence, instruction, keys, restart
from drivers.paper import Document


class Documents:
    """Makes what is printed; from any thread."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._texts = [texts(language) for language in config.gate.languages[:2]]
        self._firms = {
            **{contractor.company: contractor.name for contractor in config.contractors},
            **{employer.number: employer.name for employer in config.employers},
        }

    def ordered(self, order: Print, state: State, now: Moment) -> Document:
        """The list, or the slip that completes it."""
        if order.paper is Paper.LIST:
            return self.list(order.sheet, order.reference, state)
        assert order.reference is not None  # a completion is due once there is one
        completion = Completion(
            (order.sheet.made.number,),
            order.sheet.made.day,
            self._reference(order.reference),
            self._checkpoint(order.sheet, state),
        )
        return slip_document(completion, self._heading(state, now, order.sheet), self._texts)

    def list(
        self,
        sheet: Sheet,
        reference: Reference | None,
        state: State,
        *,
        completed: bool = False,
    ) -> Document:
        """The list as it was made; the same each time. `completed`: with the number that came
        after it was made, in place of the slip."""
        made = sheet.made
        known = reference if made.reference or completed else None
        return attendance_document(
            AttendanceList(
                list_number=made.number,
                declaration=made.declaration,
                day=made.day,
                site=self._site(),
                gate=self._config.gate.name,
                firm=self._firms.get(made.firm, ""),
                firm_number=made.firm,
                made_by=made.who or made.by,
                printed=self._on(sheet.at, made.day),
                checkpoint=self._checkpoint(sheet, state),
                people=tuple(self._person(row) for row in sheet.rows),
                reference=self._reference(known) if known is not None else None,
                blank_lines=made.blank_lines,
                strangers=tuple(
                    Stranger(f"#{n}", self._local(tapped))
                    for n, tapped in enumerate(made.strangers, _strangers_before(sheet, state))
                ),
                addendum_to=made.addendum_to,
                training=state.training,
            ),
            self._texts,
        )

    def slip(self, order: PrintSlip, state: State, now: Moment) -> Document | None:
        """The slip as things stand now; None when there is nothing that it could say."""
        config = self._config
        pressed = keys(keypad=config.keypad.kind != NONE, code=config.operator.ask_code)
        said: Slip | None
        match order.slip:
            case SlipKind.INSTRUCTION:
                said = instruction(state, now, pressed)
            case SlipKind.EVIDENCE:
                said = evidence(state, self._signed(state, state.checkpoint))
            case SlipKind.KEEP_LIST:
                said = after_list(state, now, pressed)
            case SlipKind.CLAIM_ENDED:
                said = claim_ended(state, now)
            case SlipKind.RESTART:
                said = restart(state, now, order.since, pressed)
        return slip_document(said, self._heading(state, now), self._texts) if said else None

    def _heading(self, state: State, now: Moment, sheet: Sheet | None = None) -> Heading:
        site = self._config.site
        firm = sheet.made.firm if sheet is not None else site.company
        return Heading(
            site=site.name,
            gate=self._config.gate.name,
            firm=self._firms.get(firm, ""),
            firm_number=firm,
            declaration=sheet.made.declaration if sheet is not None else site.declaration,
            printed=self._on(now, sheet.made.day) if sheet is not None else self._local(now),
            address=site.address,
            training=state.training,
        )

    def _site(self) -> str:
        site = self._config.site
        return ", ".join(filter(None, (site.name, site.address)))

    def _person(self, row: PersonListed) -> Person:
        worker = row.person
        return Person(
            surname=worker.surname,
            given_name=worker.given_name,
            employer=worker.employer,
            employer_name=self._firms.get(worker.employer, ""),
            inss=worker.inss,
            limosa=worker.limosa,
            latin=worker.latin,
            tapped=self._local(row.tapped) if row.tapped is not None else None,
            mark=row.mark,
            receipt=row.receipt,
        )

    def _reference(self, reference: Reference) -> ReferenceOnPaper:
        got = reference.got
        how, by = How(got.how), got.who or got.by
        return ReferenceOnPaper(got.number, how, self._on(reference.at, got.day), by)

    def _checkpoint(self, sheet: Sheet, state: State) -> str:
        return self._signed(state, sheet.made.checkpoint)

    def _signed(self, state: State, signed: CheckpointSigned | None) -> str:
        return Checkpoint.of(state.journal, signed).text() if signed is not None else ""

    def _local(self, moment: Moment) -> dt.datetime:
        return moment.local(self._config.zone)

    def _on(self, moment: Moment, day: dt.date) -> dt.datetime:
        """With its time where a right clock told it; else the day alone, by a person's word."""
        return self._local(moment) if moment.trusted else dt.datetime.combine(day, dt.time())


def _strangers_before(sheet: Sheet, state: State) -> int:
    """The number of a list's first unknown badge: an addendum goes on counting."""
    made = sheet.made
    if not made.addendum_to:
        return 1
    before = (s for s in state.papers.of_firm(made.firm, made.day) if s.seq < sheet.seq)
    same = (s for s in before if s.made.declaration == made.declaration)
    return 1 + sum(len(other.made.strangers) for other in same)
