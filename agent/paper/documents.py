"""Lists and slips as documents: what the journal knows, with the names of the configuration."""

from __future__ import annotations

from agent.config import Config
from agent.config.settings import NONE
from agent.core.commands import Print, PrintSlip
from agent.core.moment import Moment
from agent.core.paper.attendance_list import (
    attendance_document,
)
from agent.core.paper.paper_events import SlipKind
from agent.core.paper.paper_records import Paper
from agent.core.paper.papers import Reference, Sheet
from agent.core.paper.slip_writing import slip_document
from agent.core.paper.slips import Completion, Heading, KeypadHelp, Slip
from agent.core.state import State
from agent.locale import texts
from agent.paper.listing import Place
from agent.paper.slip_contents import after_list, claim_ended, evidence, instruction, keys, restart
from drivers.paper import Document


def firm_names(config: Config) -> dict[str, str]:
    """The firms of the configuration: name by company number."""
    return {
        **{contractor.company: contractor.name for contractor in config.contractors},
        **{employer.number: employer.name for employer in config.employers},
    }


class Documents:
    """Makes what is printed; from any thread."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._texts = [texts(language) for language in config.gate.languages[:2]]
        self._firms = firm_names(config)

    def _place(self, state: State) -> Place:
        site, gate = self._config.site, self._config.gate
        where = ", ".join(filter(None, (site.name, site.address)))
        zone = self._config.zone
        return Place(where, gate.name, zone, state.journal, self._firms, state.training)

    def ordered(self, order: Print, state: State, now: Moment) -> Document:
        """The list, or the slip that completes it."""
        if order.paper is Paper.LIST:
            return self.list(order.sheet, order.reference, state)
        assert order.reference is not None  # a completion is due once there is one
        made, place = order.sheet.made, self._place(state)
        completion = Completion(
            (made.number,),
            made.day,
            place.reference(order.reference),
            place.signed(state.papers.signed(order.sheet)),
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
        listed = self._place(state).listed(sheet, reference, state.papers, completed=completed)
        return attendance_document(listed, self._texts)

    def slip(self, order: PrintSlip, state: State, now: Moment) -> Document | None:
        """The slip as things stand now; None when there is nothing that it could say."""
        config = self._config
        pressed = keys(keypad=config.keypad.kind != NONE, code=config.operator.ask_code)
        said: Slip | None
        match order.slip:
            case SlipKind.INSTRUCTION:
                said = instruction(state, now, pressed)
            case SlipKind.EVIDENCE:
                said = evidence(state, self._place(state).signed(state.checkpoint))
            case SlipKind.KEEP_LIST:
                said = after_list(state, now, pressed)
            case SlipKind.CLAIM_ENDED:
                said = claim_ended(state, now)
            case SlipKind.RESTART:
                said = restart(state, now, order.since, pressed)
            case SlipKind.KEYPAD:
                firms = tuple((self._firms[n], n) for n in state.rules.employers)
                said = KeypadHelp(firms, pressed.code)
        return slip_document(said, self._heading(state, now), self._texts) if said else None

    def _heading(self, state: State, now: Moment, sheet: Sheet | None = None) -> Heading:
        site, printed = self._config.site, now.local(self._config.zone)
        if sheet is not None:
            printed = self._place(state).on(now, sheet.made.day)
        firm = sheet.made.firm if sheet is not None else site.company
        return Heading(
            site=site.name,
            gate=self._config.gate.name,
            firm=self._firms.get(firm, ""),
            firm_number=firm,
            declaration=sheet.made.declaration if sheet is not None else site.declaration,
            printed=printed,
            address=site.address,
            training=state.training,
        )
