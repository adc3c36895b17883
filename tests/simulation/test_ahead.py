"""Tomorrow's crew, registered the day before as its employer confirmed it."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery import ahead
from agent.core.delivery.inquiries import Ability, CancelReason
from agent.core.events import CancellationAsked, CrewConfirmationAsked, Event
from agent.core.obligations import Obligation, Outcome
from agent.core.rules import Line, Rules
from agent.desk.status import as_text, status
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, EMPLOYERS, crew
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
FOUR = dt.datetime(2026, 11, 24, 16, 0, tzinfo=BRUSSELS)
TOMORROW = dt.date(2026, 11, 25)
ALL = frozenset({Ability.SEARCH, Ability.LOOK_UP, Ability.CANCEL})
PEOPLE = crew(8, random.Random(8))
LINDE, MEUNIER = EMPLOYERS
HOUR = 3600
LINES = (Line("ciaw", "checkinatwork", abilities=ALL),)
RULES = Rules(BRUSSELS, DECLARATION, lines=LINES, ahead=True)


@pytest.fixture
def gate() -> Iterator[Simulation]:
    with Simulation(PEOPLE, RULES, FOUR, seed=1) as simulation:
        simulation.run_until(1)
        yield simulation


def put(gate: Simulation, after_s: float, event: Callable[[], Event]) -> None:
    gate.inbox.later(round(after_s * 1000), lambda: gate.inbox.put(event()))


def confirm(gate: Simulation, after_s: float, employer: str = LINDE, *without: int) -> None:
    put(gate, after_s, lambda: CrewConfirmationAsked(gate.clock.now(), employer, without))


def cancel_missing(gate: Simulation, after_s: float) -> None:
    def event() -> Event:
        gone = ahead.missing(gate.daemon.keeper.state, gate.clock.now())
        references = tuple(o.reference for o in gone)
        return CancellationAsked(gate.clock.now(), references, CancelReason.PLANNING)

    put(gate, after_s, event)


def known(gate: Simulation) -> tuple[Obligation, ...]:
    return tuple(gate.daemon.keeper.state.ledger.obligations.values())


def accepted(gate: Simulation) -> Counter[tuple[str, dt.date]]:
    return Counter((e.submitted.inss, e.submitted.day) for e in gate.service.ledger.accepted)


def text(gate: Simulation) -> str:
    return as_text(status(gate.daemon.keeper.state, gate.clock.now()))


LINDES = [p for p in PEOPLE if p.worker.employer == LINDE]


def test_a_confirmed_crew_is_registered_for_tomorrow_but_for_who_stays_away(
    gate: Simulation,
) -> None:
    confirm(gate, 60, LINDE, 1)
    gate.run_until(70)
    assert accepted(gate) == {(p.worker.inss, TOMORROW): 1 for p in LINDES[1:]}
    assert "registered ahead for tomorrow: 3 registered" in text(gate)


def test_a_crew_confirmed_twice_is_registered_once(gate: Simulation) -> None:
    confirm(gate, 60, LINDE, 1)
    confirm(gate, 120)
    gate.run_until(130)
    assert accepted(gate) == {(p.worker.inss, TOMORROW): 1 for p in LINDES}


def test_who_is_registered_ahead_taps_green_and_is_not_sent_again(gate: Simulation) -> None:
    confirm(gate, 60)
    gate.later(15 * HOUR, LINDES[0].uid)
    gate.run_until(15 * HOUR + 5)
    assert [name for _, name in gate.panel.patterns] == ["registered"]
    assert max(accepted(gate).values()) == 1
    assert Counter(c.operation for c in gate.service.calls)["registerPresences"] == 1


def test_who_has_not_tapped_by_the_hour_is_put_up_and_cancelled_by_a_person(
    gate: Simulation,
) -> None:
    confirm(gate, 60)
    gate.later(15 * HOUR, LINDES[0].uid)
    gate.run_until(16.9 * HOUR)
    assert "not here" not in text(gate)
    gate.run_until(17.1 * HOUR)
    assert "registered ahead and not here: w3 w5 w7" in text(gate)
    cancel_missing(gate, 17.2 * HOUR)
    gate.run_until(17.3 * HOUR)
    assert accepted(gate) == {(LINDES[0].worker.inss, TOMORROW): 1}
    assert "not here" not in text(gate)
    gate.later(18 * HOUR, LINDES[1].uid)
    gate.run_until(18.1 * HOUR)
    assert accepted(gate) == {(p.worker.inss, TOMORROW): 1 for p in LINDES[:2]}


def test_who_never_came_and_was_never_registered_does_not_expire() -> None:
    patient = replace(RULES, burst_ms=1_000, longest_retry_ms=4 * 3_600_000)
    with Simulation(PEOPLE, patient, FOUR, seed=1) as gate:
        gate.service.faults = Faults(unreachable=True)
        confirm(gate, 60)
        gate.later(31 * HOUR, LINDES[0].uid)  # at 23:00
        gate.run_until(32.1 * HOUR)
        ended = {o.worker: o.outcome for o in known(gate)}
    assert ended == {
        1: Outcome.EXPIRED,
        3: Outcome.CANCELLED,
        5: Outcome.CANCELLED,
        7: Outcome.CANCELLED,
    }


def test_who_never_came_and_was_only_handed_over_owed_nothing_and_may_stand_there() -> None:
    line = Line("supplier", "checkinatwork", abilities=frozenset({Ability.ASK_AFTER}))
    with Simulation(PEOPLE, replace(RULES, lines=(line,)), FOUR, seed=1) as gate:
        gate.offices.supplier.number_after = dt.timedelta(days=9)
        confirm(gate, 10)
        gate.run_until(33 * HOUR)
        assert {(o.outcome, o.handed_to) for o in known(gate)} == {(Outcome.EXPIRED, "supplier")}
        stand = status(gate.daemon.keeper.state, gate.clock.now())
        (said,) = {(concern["problem"], concern["do"][:38]) for concern in stand["attention"]}
        assert said == (
            "registered ahead, nobody came: sent, and its answer lost",
            "nothing was owed; if it stands in the ",
        )


def test_a_crew_that_cannot_be_registered_yet_calls_nobody_to_the_gate(gate: Simulation) -> None:
    gate.service.faults = Faults(unreachable=True)
    confirm(gate, 60)
    gate.run_until(1 * HOUR)
    assert gate.panel.resting == "ready"
    gate.service.faults = Faults()
    gate.run_until(2 * HOUR)
    assert accepted(gate) == {(p.worker.inss, TOMORROW): 1 for p in LINDES}


def test_a_power_cut_in_the_night_forgets_no_crew(gate: Simulation) -> None:
    confirm(gate, 60)
    gate.run_until(2 * HOUR)
    gate.cut_power(dark_s=HOUR)
    gate.later(15 * HOUR, LINDES[0].uid)
    gate.run_until(17.1 * HOUR)
    assert "registered ahead and not here: w3 w5 w7" in text(gate)
    assert max(accepted(gate).values()) == 1


def test_the_night_shift_of_yesterday_does_not_count_for_todays_crew(gate: Simulation) -> None:
    gate.later(6 * HOUR, LINDES[0].uid)  # 22:00
    confirm(gate, 6.5 * HOUR)
    gate.later(9 * HOUR, LINDES[0].uid)  # 01:00, on his way home
    gate.run_until(17.1 * HOUR)
    assert "registered ahead and not here: w1 w3 w5 w7" in text(gate)


def refused(rules: Rules, employer: str = LINDE, *without: int) -> str:
    with Simulation(PEOPLE, rules, FOUR, seed=1) as gate:
        gate.run_until(1)
        said = gate.daemon.keeper.do(
            CrewConfirmationAsked(gate.clock.now(), employer, without, asked=1)
        )
        assert known(gate) == ()
        return getattr(said[-1], "text", "")


def test_what_cannot_be_registered_ahead_is_told_with_the_reason() -> None:
    assert "ahead.enabled = true" in refused(Rules(BRUSSELS, DECLARATION, lines=LINES))
    cleaning = Rules(BRUSSELS, DECLARATION, duty="checkinout", lines=LINES, ahead=True)
    assert "Check In and Out" in refused(cleaning)
    assert "w99" in refused(RULES, LINDE, 99)
    assert "nobody" in refused(RULES, "0400000022")
