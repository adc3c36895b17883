"""Attendance lists: what becomes of the obligations that stand on one."""

from __future__ import annotations

import datetime as dt

from agent.core.obligations import Outcome
from agent.core.paper_records import ObligationOnPaper
from agent.core.turn import Turn

_WORSE = (None, Outcome.REJECTED, Outcome.EXPIRED)
"""What a list goes before (DOMAIN.md, section 4)."""


def settle_on_paper(turn: Turn, today: dt.date) -> None:
    """Ends the days before `today` of whoever stands on a list that is proof."""
    for obligation in tuple(turn.state.ledger.obligations.values()):
        ended = obligation.day < today and not obligation.attempt
        if ended and obligation.on_paper and obligation.outcome in _WORSE:
            turn.record(
                ObligationOnPaper(
                    obligation.reference,
                    obligation.day,
                    obligation.list_number,
                    obligation.list_reference,
                )
            )
