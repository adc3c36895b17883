"""The loop with everything real around it but time, on good days and bad."""

from __future__ import annotations

import datetime as dt
import email.utils
import random
from collections.abc import Iterator
from dataclasses import fields
from zoneinfo import ZoneInfo

import pytest

from agent.core.clock_records import ClockChanged, EntriesDated, ServerTimeCompared
from agent.core.journal_events import DamagedErasureAsked
from agent.core.journal_records import DamagedErased
from agent.core.moment import Trust
from agent.core.obligations import Outcome
from agent.core.records import DeviceFailed, WritingFailed
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Cut, Fault, Faults, Garbled
from agent.sandbox.people import DECLARATION, crew, roster_csv
from agent.sandbox.simulation import Simulation
from drivers.base import DeviceBack, DeviceGone, SeveralCards

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
RULES = Rules(BRUSSELS, DECLARATION, lines=(Line("ciaw", "checkinatwork"),))
PEOPLE = crew(4, random.Random(4))
UID = PEOPLE[0].uid


@pytest.fixture
def gate() -> Iterator[Simulation]:
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as simulation:
        simulation.run_until(1)
        yield simulation


def outcomes(gate: Simulation) -> list[Outcome | None]:
    return [o.outcome for o in gate.daemon.keeper.state.ledger.obligations.values()]


def _said(faults: Faults) -> list[str]:
    """What is wrong, in as many words."""
    wrong = ((f.name, getattr(faults, f.name)) for f in fields(faults))
    return [
        f"{name}={value.code if isinstance(value, Fault) else value}"
        for name, value in wrong
        if value != getattr(Faults(), name)
    ]


def shown(gate: Simulation) -> list[str]:
    return [name for _, name in gate.panel.patterns]


def records(gate: Simulation, kind: type) -> list[object]:
    entries = gate.daemon.keeper.journal.entries_for_state()
    return [entry.record for entry in entries if isinstance(entry.record, kind)]


def test_a_tap_becomes_a_receipt(gate: Simulation) -> None:
    gate.later(2, UID)
    gate.run_until(4)
    assert outcomes(gate) == [Outcome.REGISTERED]
    assert shown(gate) == ["stored", "registered"]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(unreachable=True),
        Faults(silent=True),
        Faults(latency_s=30),
        Faults(drip_body_s=1),
        Faults(status=200),
        Faults(status=404),
        Faults(status=503),
        Faults(status=429, retry_after="30"),
        Faults(status=302, redirect_to="https://login.example/"),
        Faults(content_type="text/html"),
        Faults(drop_first=True),
        Faults(add_stray=True),
        Faults(repeat_first=True),
        *(Faults(cut=cut) for cut in Cut),
        *(Faults(garbled=garbled) for garbled in Garbled),
        *(
            Faults(fault=Fault(code))
            for code in (
                *("SOA-00001", "SOA-01001", "SOA-01002", "SOA-02001", "SOA-02002"),
                *(f"SOA-0300{n}" for n in range(1, 8)),
            )
        ),
    ],
    ids=lambda faults: "-".join(_said(faults)),
)
def test_whatever_the_service_does_the_tap_is_kept_and_registered_once_when_it_is_well(
    gate: Simulation, faults: Faults
) -> None:
    gate.service.faults = faults
    gate.later(2, UID)
    gate.later(10, PEOPLE[1].uid)
    gate.run_until(120)
    assert shown(gate).count("stored") == 2
    gate.service.faults = Faults()
    gate.run_until(900)
    assert outcomes(gate) == [Outcome.REGISTERED] * 2
    assert len(gate.service.ledger.accepted) == 2


@pytest.mark.parametrize(
    ("ailment", "said"),
    [("full", "free space on its disk"), ("read_only", "it was made read-only or it fails")],
)
def test_a_disk_that_takes_no_writes_refuses_taps_with_the_red_signal_and_recovers_by_itself(
    gate: Simulation, caplog: pytest.LogCaptureFixture, ailment: str, said: str
) -> None:
    setattr(gate.disk, ailment, True)
    gate.later(2, UID)
    gate.run_until(4)
    assert shown(gate) == ["not-stored"]
    assert gate.panel.resting == "out-of-order"
    assert said in caplog.text
    setattr(gate.disk, ailment, False)
    gate.run_until(20)
    assert gate.panel.resting == "ready"
    (failed,) = records(gate, WritingFailed)
    assert isinstance(failed, WritingFailed)
    assert failed.refused == 1
    gate.later(22, UID)
    gate.run_until(25)
    assert outcomes(gate) == [Outcome.REGISTERED]


def test_what_is_due_while_the_disk_takes_no_writes_is_tried_every_few_seconds_and_no_more(
    gate: Simulation,
) -> None:
    gate.service.faults = Faults(unreachable=True)
    gate.later(2, UID)
    gate.run_until(4)
    gate.disk.read_only, gate.inbox.horizon_ms = True, 600_000
    turns = 0
    while gate.clock.true_ms < 600_000 and turns < 1_000:
        gate.daemon.turn()
        turns += 1
    assert gate.clock.true_ms >= 600_000
    assert gate.panel.resting == "out-of-order"
    gate.service.faults, gate.disk.read_only = Faults(), False
    gate.run_until(900)
    assert outcomes(gate) == [Outcome.REGISTERED]


def test_a_keypad_that_somebody_left_open_keeps_no_gate_busy_whose_card_is_full(
    gate: Simulation,
) -> None:
    gate.service.faults = Faults(unreachable=True)
    gate.later(2, UID)
    gate.press(4, "4321#")
    gate.run_until(8)
    gate.disk.full, gate.inbox.horizon_ms = True, 600_000
    turns = 0
    while gate.clock.true_ms < 600_000 and turns < 1_000:
        gate.daemon.turn()
        turns += 1
    assert gate.clock.true_ms >= 600_000


def test_what_was_refused_to_who_erases_a_damaged_journal_is_not_noted_as_done_later(
    gate: Simulation,
) -> None:
    gate.disk.full = True
    gate.inbox.put(DamagedErasureAsked(gate.clock.now(), "journal-damaged.db", "asked", 1))
    gate.run_until(4)
    gate.disk.full = False
    gate.run_until(20)
    assert len(records(gate, WritingFailed)) == 1
    assert records(gate, DamagedErased) == []


def test_what_cannot_be_written_at_all_is_told_once_and_holds_nothing_up(
    gate: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    gate.daemon.report(DeviceGone("printer", "/dev/\udcff is gone", "plug it in"))
    gate.later(2, UID)
    gate.run_until(60)
    assert outcomes(gate) == [Outcome.REGISTERED]
    assert caplog.text.count("device-failed cannot be written") == 1
    assert records(gate, WritingFailed) == []


def test_an_answer_that_comes_while_the_disk_is_full_is_kept_until_it_can_be_recorded(
    gate: Simulation,
) -> None:
    gate.service.faults = Faults(latency_s=5)
    gate.later(2, UID)
    gate.inbox.later(4_000, lambda: setattr(gate.disk, "full", True))
    gate.run_until(10)
    assert outcomes(gate) == [None]
    gate.disk.full = False
    gate.run_until(30)
    assert outcomes(gate) == [Outcome.REGISTERED]
    assert len(gate.service.calls) == 1


def test_a_power_cut_loses_no_tap_that_showed_amber(gate: Simulation) -> None:
    gate.service.faults = Faults(unreachable=True)
    for place, person in enumerate(PEOPLE):
        gate.later(2 + place, person.uid)
    gate.run_until(7)
    gate.cut_power(dark_s=600)
    gate.service.faults = Faults()
    gate.run_until(1200)
    assert outcomes(gate) == [Outcome.REGISTERED] * 4
    assert len(gate.service.ledger.accepted) == 4


def test_a_clock_that_jumps_is_journaled_and_the_gate_goes_on(gate: Simulation) -> None:
    gate.inbox.later(2_000, lambda: gate.clock.set_wall(-3_600_000))
    gate.inbox.later(3_000, lambda: gate.clock.set_wall(3_600_000))
    gate.later(2.5, UID)
    gate.later(4, PEOPLE[1].uid)
    gate.run_until(80)
    shifts = [r.shift_ms for r in records(gate, ClockChanged) if isinstance(r, ClockChanged)]
    assert shifts == [-3_600_000, 3_600_000]
    assert outcomes(gate) == [Outcome.REGISTERED] * 2


def test_taps_before_the_clock_is_trusted_are_dated_and_sent_once_it_is(
    gate: Simulation,
) -> None:
    gate.clock.trust = Trust.UNKNOWN
    gate.clock.set_wall(-30 * 86_400_000)
    gate.run_until(61)
    gate.later(62, UID)
    gate.run_until(90)
    assert outcomes(gate) == []
    assert shown(gate) == ["stored"]
    gate.clock.trust = Trust.NTP
    gate.clock.set_wall(30 * 86_400_000)
    gate.run_until(200)
    assert outcomes(gate) == [Outcome.REGISTERED]
    (entry,) = gate.service.ledger.accepted
    assert entry.submitted.day == MORNING.date()


def test_two_servers_that_say_another_time_take_the_trust_from_the_clock_until_it_is_right(
    gate: Simulation,
) -> None:
    gate.later(2, UID)
    gate.run_until(5)
    gate.inbox.later(6_000, lambda: gate.clock.set_wall(600_000))
    gate.later(10, PEOPLE[1].uid)
    gate.run_until(20)
    assert [(r.agrees, r.off_ms // 60_000) for r in records(gate, ServerTimeCompared)] == [
        (True, 0),
        (False, 10),
    ]
    right = email.utils.format_datetime(gate.now(), usegmt=True)
    gate.clock.heard("an anchor", right)
    gate.later(30, PEOPLE[2].uid)
    gate.run_until(60)
    assert gate.clock.now().trust is Trust.UNKNOWN
    assert len(outcomes(gate)) == 2
    gate.clock.set_wall(-600_000)
    gate.run_until(120)
    assert outcomes(gate) == [Outcome.REGISTERED] * 3
    assert len(records(gate, EntriesDated)) == 1


def test_a_lost_reader_shows_red_is_journaled_once_and_recovers(gate: Simulation) -> None:
    gate.daemon.report(DeviceGone("entrance", "unplugged", "plug it in"))
    gate.run_until(2)
    gate.run_until(70)
    assert gate.panel.resting == "out-of-order"
    assert len(records(gate, DeviceFailed)) == 1
    gate.daemon.report(DeviceBack("entrance"))
    gate.run_until(80)
    assert gate.panel.resting == "ready"


def test_two_cards_at_once_are_told_and_store_nothing(gate: Simulation) -> None:
    gate.daemon.report(SeveralCards("entrance"))
    gate.run_until(2)
    assert shown(gate) == ["card-clash"]
    assert outcomes(gate) == []


def test_a_roster_file_that_is_replaced_is_taken_up_while_running(gate: Simulation) -> None:
    newcomer = crew(5, random.Random(5))[4]
    gate.later(2, newcomer.uid)
    gate.run_until(3)
    assert shown(gate) == ["refused"]
    gate.roster.write_text(roster_csv((*PEOPLE, newcomer)), encoding="utf-8")
    gate.run_until(20)
    assert outcomes(gate) == [Outcome.REGISTERED]


def test_a_broken_roster_file_leaves_the_old_one_in_force(gate: Simulation) -> None:
    gate.roster.write_bytes(b"\xff\xfe not a roster")
    gate.run_until(20)
    gate.later(21, UID)
    gate.run_until(25)
    assert outcomes(gate) == [Outcome.REGISTERED]


def test_nothing_in_the_log_holds_a_national_number(
    gate: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="agent"):
        gate.later(2, UID)
        gate.run_until(5)
    assert "tap-stored" in caplog.text
    assert all(person.worker.inss not in caplog.text for person in PEOPLE)
    assert UID not in caplog.text
