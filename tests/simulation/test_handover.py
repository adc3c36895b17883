"""A gate breaks in the morning rush; a spare one takes its place by the old one's export."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from contextlib import ExitStack
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery.inquiries import Ability
from agent.core.obligations import Outcome
from agent.core.predecessor import PlaceTaken, Predecessor
from agent.core.rules import Line, Rules
from agent.core.succession import predecessor_of
from agent.sandbox.faults import Cut, Faults
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 50, tzinfo=BRUSSELS)
PEOPLE = crew(9, random.Random(9))
LINE = Line("ciaw", "checkinatwork", abilities=frozenset({Ability.SEARCH, Ability.LOOK_UP}))
RULES = Rules(BRUSSELS, DECLARATION, lines=(LINE,))
TROUBLES: dict[str, Faults] = {
    "nothing": Faults(),
    "no way out": Faults(unreachable=True),
    "every answer lost": Faults(cut=Cut.MID_BODY),
    "a call under way": Faults(latency_s=15),
}


def exported(old: Simulation) -> Predecessor:
    """What the old gate's journal leaves, as its export tells."""
    keeper, now = old.daemon.keeper, old.clock.now()
    _, head = keeper.journal.head
    return predecessor_of(
        keeper.state,
        now,
        gate="simulated",
        site="Werf",
        company=MAIN_CONTRACTOR,
        head=head.hex(),
        key="",
    )


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whoever_tapped_at_the_old_gate_or_the_new_one_is_registered_once(trouble: str) -> None:
    ledger = PresenceLedger()
    with ExitStack() as stack:
        old = stack.enter_context(Simulation(PEOPLE, RULES, MORNING, 1, ledger))
        for n, person in enumerate(PEOPLE[:6]):
            old.later(10 + 5 * n, person.uid)
        old.run_until(24)
        old.service.faults = TROUBLES[trouble]
        old.run_until(44)
        left = exported(old)
        later = MORNING + dt.timedelta(minutes=20)
        new = stack.enter_context(Simulation(PEOPLE, RULES, later, 2, ledger))
        new.run_until(1)
        new.daemon.keeper.do(PlaceTaken(new.clock.now(), left))
        for n, person in enumerate(PEOPLE):  # all of them, to be sure
            new.later(20 + 5 * n, person.uid)
        new.run_until(900)
        obligations = tuple(new.daemon.keeper.state.ledger.obligations.values())
        known = [o for o in left.obligations if o.outcome is Outcome.REGISTERED]
        shown = [name for at, name in new.panel.patterns if at <= 20_000 + 5_000 * len(known)]
    assert {o.outcome for o in obligations} == {Outcome.REGISTERED}
    assert len(obligations) == len(PEOPLE)
    accepted = Counter(e.submitted.inss for e in ledger.accepted)
    assert accepted == {p.worker.inss: 1 for p in PEOPLE}
    assert known
    assert "registered" in shown
