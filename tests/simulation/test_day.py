"""One day at the gate, on virtual time: 80 workers, bad luck, a power cut; twice the same."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from zoneinfo import ZoneInfo

from agent.core import chain
from agent.core.obligations import Outcome
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Cut, Fault, Faults
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
DAY = dt.datetime(2026, 11, 24, 6, 0, tzinfo=BRUSSELS)
RULES = Rules(BRUSSELS, DECLARATION, lines=(Line("ciaw", "checkinatwork"),))
PEOPLE = crew(80, random.Random(80))
HOUR = 3600
LOST = (900.0, 3420.0)
"""Seconds after six: when a badge is held while the machine is dark."""


def a_day(seed: int) -> tuple[bytes, Counter[str], int]:
    """The journal's last seal, how today's obligations ended, and how many taps were stored."""
    luck = random.Random(seed)
    with Simulation(PEOPLE, RULES, DAY, seed) as day:
        for person in PEOPLE:
            came = luck.uniform(0.5 * HOUR, 1.5 * HOUR)
            day.later(came, person.uid)
            day.later(came + luck.uniform(6 * HOUR, 9 * HOUR), person.uid)
        weather = (
            (0.6 * HOUR, Faults(latency_s=2.0)),
            (0.7 * HOUR, Faults(cut=Cut.MID_BODY)),
            (0.8 * HOUR, Faults(fault=Fault("SOA-02002", retry=True))),
            (0.9 * HOUR, Faults(drop_first=True)),
            (1.0 * HOUR, Faults(unreachable=True)),
            (1.3 * HOUR, Faults(silent=True)),
            (1.4 * HOUR, Faults()),
        )
        for when, faults in weather:
            day.inbox.later(
                round(when * 1000), lambda faults=faults: setattr(day.service, "faults", faults)
            )
        day.run_until(0.95 * HOUR)
        day.cut_power(dark_s=90)
        day.run_until(17 * HOUR)
        state = day.daemon.keeper.state
        seq, head = day.daemon.keeper.journal.head
        assert seq == state.seq
        assert head != chain.START
        accepted = Counter(entry.submitted.inss for entry in day.service.ledger.accepted)
        assert max(accepted.values()) == 1
        assert {entry.submitted.day for entry in day.service.ledger.accepted} == {DAY.date()}
        obligations = tuple(state.ledger.obligations.values())
        registered = {o.person.inss for o in obligations if o.outcome is Outcome.REGISTERED}
        assert registered == set(accepted)
        stored = sum(name in ("stored", "registered") for _, name in day.panel.patterns)
        return head, Counter(str(o.outcome) for o in obligations), stored


def test_a_day_of_eighty_workers_ends_with_a_receipt_for_each_twice_the_same() -> None:
    first = a_day(7)
    head, outcomes, stored = first
    assert outcomes == {"registered": 80}
    assert stored >= 160
    assert a_day(7) == first
    assert a_day(8)[0] != head
