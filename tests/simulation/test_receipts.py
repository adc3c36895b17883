"""What becomes of a registration after it counted: followed up, or taken back."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery.inquiries import Ability, CancelReason
from agent.core.delivery.registrations import ALREADY_REGISTERED
from agent.core.delivery.remarks import DIMONA_NOT_OK
from agent.core.events import CancellationAsked
from agent.core.obligations import Obligation, Outcome
from agent.core.rules import Line, Rules
from agent.desk.status import as_text, status
from agent.sandbox.faults import Cut, Faults
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.simulation import Simulation

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 7, 0, tzinfo=BRUSSELS)
LATE = dt.datetime(2026, 11, 24, 23, 0, tzinfo=BRUSSELS)
ALL = frozenset({Ability.SEARCH, Ability.LOOK_UP, Ability.CANCEL})
PEOPLE = crew(12, random.Random(12))
WITHOUT_DIMONA = PEOPLE[0].worker.inss
HOUR = 3600
REMARKS = {WITHOUT_DIMONA: (DIMONA_NOT_OK,)}


def site(abilities: frozenset[Ability] = ALL, starts: dt.datetime = MORNING) -> Simulation:
    lines = (Line("ciaw", "checkinatwork", abilities=abilities),)
    simulation = Simulation(PEOPLE, Rules(BRUSSELS, DECLARATION, lines=lines), starts, seed=1)
    simulation.service.ledger = PresenceLedger(REMARKS)
    return simulation


@pytest.fixture
def gate() -> Iterator[Simulation]:
    with site() as simulation:
        yield simulation


def all_tap(gate: Simulation, from_s: float = 60) -> None:
    for place, person in enumerate(gate.people):
        gate.later(from_s + 60 * place, person.uid)


def known(gate: Simulation) -> tuple[Obligation, ...]:
    return tuple(gate.daemon.keeper.state.ledger.obligations.values())


def states(gate: Simulation) -> Counter[str]:
    return Counter(o.status for o in known(gate))


def calls(gate: Simulation) -> Counter[str]:
    return Counter(call.operation for call in gate.service.calls)


def cancel(gate: Simulation, after_s: float, *numbers: int, reason: str = "PLANNING") -> None:
    def asks() -> None:
        references = tuple(known(gate)[number].reference for number in numbers)
        event = CancellationAsked(gate.clock.now(), references, CancelReason(reason))
        gate.inbox.put(event)

    gate.inbox.later(round(after_s * 1000), asks)


# --- followed up ---------------------------------------------------------------------------------


def test_one_search_of_site_and_day_tells_what_validation_made_of_everybody(
    gate: Simulation,
) -> None:
    all_tap(gate)
    gate.run_until(2 * HOUR)
    assert states(gate) == {"SUCCESSFULLY REGISTERED": 12}
    gate.run_until(3 * HOUR)
    assert states(gate) == {"VALIDATED": 11, "FAILED": 1}
    assert calls(gate) == {"registerPresences": 12, "searchPresences": 1}
    (failed,) = (o for o in known(gate) if o.remarks)
    assert (failed.person.inss, failed.outcome) == (WITHOUT_DIMONA, Outcome.REGISTERED)
    text = as_text(status(gate.daemon.keeper.state, gate.clock.now()))
    assert "receipts: 1 FAILED, 11 VALIDATED" in text
    assert "RELATED DIMONA NOT OK: no Dimona declares this worker" in text
    assert "the employer: make or correct the Dimona" in text


def test_a_remark_is_asked_after_until_it_is_mended(gate: Simulation) -> None:
    all_tap(gate)
    gate.run_until(5 * HOUR)
    assert states(gate)["FAILED"] == 1
    assert calls(gate)["searchPresences"] == 2
    gate.service.ledger._remarks.clear()  # the employer made the Dimona
    gate.run_until(12 * HOUR)
    assert states(gate) == {"VALIDATED": 12}
    assert calls(gate)["searchPresences"] == 3
    text = as_text(status(gate.daemon.keeper.state, gate.clock.now()))
    assert "DIMONA" not in text


def test_where_nothing_can_be_searched_receipts_are_looked_up_a_few_at_a_time() -> None:
    with site(ALL - {Ability.SEARCH}) as gate:
        all_tap(gate)
        gate.run_until(3 * HOUR)
        assert states(gate) == {"VALIDATED": 11, "FAILED": 1}
        assert calls(gate) == {"registerPresences": 12, "getPresenceRegistration": 12}
        asked = [c.at for c in gate.service.calls if c.operation == "getPresenceRegistration"]
        most = max(sum(0 <= (a - at).total_seconds() < 55 for a in asked) for at in asked)
        assert most <= 5


def test_an_account_that_turns_out_not_to_search_looks_up_instead() -> None:
    with site() as gate:
        gate.service.faults = Faults(search_refused=True)
        all_tap(gate)
        gate.run_until(4 * HOUR)
        assert states(gate) == {"VALIDATED": 11, "FAILED": 1}
        assert calls(gate)["searchPresences"] == 1


def test_yesterdays_receipts_are_read_after_midnight_and_nothing_is_sent_for_yesterday() -> None:
    with site(starts=LATE) as gate:
        all_tap(gate)
        gate.run_until(0.9 * HOUR)
        assert states(gate) == {"SUCCESSFULLY REGISTERED": 12}
        gate.run_until(3 * HOUR)
        assert states(gate) == {"VALIDATED": 11, "FAILED": 1}
        after = [c.operation for c in gate.service.calls if c.at.astimezone(BRUSSELS).hour == 1]
        assert after == ["searchPresences"]
        text = as_text(status(gate.daemon.keeper.state, gate.clock.now()))
        assert "w1 (2026-11-24): RELATED DIMONA NOT OK" in text


def test_a_power_cut_forgets_no_receipt_that_is_to_be_followed_up(gate: Simulation) -> None:
    all_tap(gate)
    gate.run_until(HOUR)
    gate.cut_power(dark_s=120)
    gate.run_until(3 * HOUR)
    assert states(gate) == {"VALIDATED": 11, "FAILED": 1}
    assert calls(gate)["searchPresences"] <= 2


def test_a_service_that_is_down_is_asked_again_later(gate: Simulation) -> None:
    all_tap(gate)
    gate.run_until(HOUR)
    gate.service.faults = Faults(status=503)
    gate.run_until(4 * HOUR)
    assert states(gate) == {"SUCCESSFULLY REGISTERED": 12}
    gate.service.faults = Faults()
    gate.run_until(7 * HOUR)
    assert states(gate) == {"VALIDATED": 11, "FAILED": 1}


def test_the_receipt_of_the_first_registration_replaces_that_of_a_duplicate(
    gate: Simulation,
) -> None:
    gate.service.faults = Faults(cut=Cut.MID_BODY)
    gate.later(60, PEOPLE[1].uid)
    gate.run_until(62)
    gate.service.faults = Faults()
    gate.run_until(3 * HOUR)
    (accepted,) = gate.service.ledger.accepted
    (obligation,) = known(gate)
    assert obligation.receipt == str(accepted.number)
    assert obligation.status == "VALIDATED"
    assert ALREADY_REGISTERED not in obligation.remarks


def test_what_was_cancelled_in_the_online_service_is_cancelled_here_too(gate: Simulation) -> None:
    all_tap(gate)
    gate.run_until(HOUR)
    entry = gate.service.ledger.accepted[3]
    gate.service.ledger.cancel(entry.number, gate.now())
    gate.run_until(4 * HOUR)
    (cancelled,) = (o for o in known(gate) if o.outcome is Outcome.CANCELLED)
    assert cancelled.receipt == str(entry.number)


# --- taken back ----------------------------------------------------------------------------------


def test_a_registration_is_cancelled_and_who_taps_again_is_registered_anew(
    gate: Simulation,
) -> None:
    gate.later(60, PEOPLE[1].uid)
    cancel(gate, 120, 0)
    gate.run_until(125)
    assert [o.outcome for o in known(gate)] == [Outcome.CANCELLED]
    assert gate.service.ledger.accepted == ()
    gate.later(600, PEOPLE[1].uid)
    gate.run_until(605)
    assert [o.outcome for o in known(gate)] == [Outcome.CANCELLED, Outcome.REGISTERED]
    assert len(gate.service.ledger.accepted) == 1


def test_a_cancellation_waits_for_the_network_and_its_lost_answer_is_found_out(
    gate: Simulation,
) -> None:
    gate.later(60, PEOPLE[1].uid)
    gate.run_until(100)
    gate.service.faults = Faults(unreachable=True)
    cancel(gate, 120, 0)
    gate.run_until(600)
    assert [o.outcome for o in known(gate)] == [Outcome.REGISTERED]
    assert status(gate.daemon.keeper.state, gate.clock.now())["cancelling"]
    gate.service.faults = Faults(cut=Cut.MID_BODY)
    gate.run_until(1200)
    gate.service.faults = Faults()
    gate.run_until(2 * HOUR)
    assert [o.outcome for o in known(gate)] == [Outcome.CANCELLED]


def test_a_cancellation_outlives_a_power_cut(gate: Simulation) -> None:
    gate.later(60, PEOPLE[1].uid)
    gate.run_until(100)
    gate.service.faults = Faults(unreachable=True)
    cancel(gate, 120, 0)
    gate.run_until(200)
    gate.cut_power(dark_s=60)
    gate.service.faults = Faults()
    gate.run_until(900)
    assert [o.outcome for o in known(gate)] == [Outcome.CANCELLED]


def test_what_midnight_overtakes_is_not_cancelled_and_is_told() -> None:
    with site(starts=LATE) as gate:
        gate.later(60, PEOPLE[1].uid)
        gate.run_until(100)
        gate.service.faults = Faults(unreachable=True)
        cancel(gate, 120, 0)
        gate.run_until(1.1 * HOUR)
        gate.service.faults = Faults()
        gate.run_until(2 * HOUR)
        assert [o.outcome for o in known(gate)] == [Outcome.REGISTERED]
        assert calls(gate)["cancelPresences"] == 0
        text = as_text(status(gate.daemon.keeper.state, gate.clock.now()))
        assert "not cancelled: no answer came before midnight" in text


def test_a_service_that_refuses_says_what_a_person_does_next(gate: Simulation) -> None:
    gate.later(60, PEOPLE[1].uid)
    gate.run_until(100)
    (entry,) = gate.service.ledger.accepted
    gate.service.ledger._entries[entry.number] = type(entry)(
        entry.number, entry.submitted, entry.created, "another account"
    )
    cancel(gate, 120, 0)
    gate.run_until(200)
    assert [o.outcome for o in known(gate)] == [Outcome.REGISTERED]
    text = as_text(status(gate.daemon.keeper.state, gate.clock.now()))
    assert "not cancelled: refused: 1 Not authorised" in text
    assert "cancel it in the online service" in text


def test_an_illness_stands_in_no_log_and_no_status(
    gate: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", logger="agent"):
        gate.later(60, PEOPLE[1].uid)
        gate.run_until(100)
        gate.service.faults = Faults(unreachable=True)
        cancel(gate, 120, 0, reason="DISEASE")
        gate.run_until(200)
        said = json.dumps(status(gate.daemon.keeper.state, gate.clock.now()))
        gate.service.faults = Faults()
        gate.run_until(900)
    assert [o.outcome for o in known(gate)] == [Outcome.CANCELLED]
    assert "cancellation-wanted" in caplog.text
    assert "DISEASE" not in caplog.text + said + repr(gate.daemon.keeper.state.cancellations)
