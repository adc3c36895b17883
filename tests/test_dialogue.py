"""A newcomer at the keypad, against the real loop with a simulated printer, on virtual time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from agent.core.badges import differences, loses_too_many
from agent.core.moment import Trust
from agent.core.obligations import Outcome
from agent.core.outage.correction import PARTIES
from agent.core.outage.incident_records import CauseCorrected
from agent.core.paper.dialogue import FREE_TRIES, IDLE_MS
from agent.core.paper.keypad_codes import CAUSES
from agent.core.paper.paper_events import CodeChecked, SlipKind
from agent.core.paper.paper_records import PAGE
from agent.core.records import WorkerDelisted, WorkerListed, described
from agent.core.roster import Roster
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew
from agent.sandbox.simulation import CODE, Simulation
from agent.sandbox.tray import PART_MS
from drivers.base import DeviceBack, DeviceGone

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
PEOPLE = crew(20, random.Random(4))
RULES = Rules(
    BRUSSELS,
    DECLARATION,
    firm=MAIN_CONTRACTOR,
    lines=(Line("ciaw", "checkinatwork"),),
    employers=tuple(dict.fromkeys(person.worker.employer for person in PEOPLE)),
    keypad="keypad",
)
NUMBER = "2026112417"
OPEN = f"{CODE}#"
UNKNOWN = "04FFEE11"


@pytest.fixture
def gate() -> Iterator[Simulation]:
    """Seven people have tapped, and nothing can be delivered."""
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as simulation:
        simulation.service.faults = Faults(unreachable=True)
        for place, person in enumerate(PEOPLE[:7]):
            simulation.later(2 + place, person.uid)
        simulation.run_until(20)
        yield simulation


def typed(gate: Simulation, keys: str, wait_s: float = 15) -> list[str]:
    """What was heard at the keypad while these keys were typed, beside the beeps of the keys."""
    before = len(gate.panel.patterns)
    now_s = gate.clock.true_ms / 1000
    gate.press(now_s + 0.1, keys)
    gate.run_until(now_s + wait_s)
    heard = (name for _, name in gate.panel.patterns[before:])
    return [name for name in heard if name in ("entry-taken", "entry-refused")]


def lists(gate: Simulation) -> list[tuple[str, int, bool]]:
    """Every list: its reference number, how many names, whether it proves their day."""
    sheets = gate.daemon.keeper.state.papers.sheets.values()
    return [(sheet.reference, len(sheet.rows), sheet.stands) for sheet in sheets]


def pages(gate: Simulation) -> list[tuple[int, bool]]:
    """What lies on the floor: each part, and whether it says that it is a duplicate."""
    return [(sheet.part, sheet.marked) for sheet in gate.tray.sheets]


def test_a_code_and_a_number_typed_twice_print_the_list_that_proves_the_day(
    gate: Simulation,
) -> None:
    assert typed(gate, OPEN) == ["entry-taken"]
    assert typed(gate, f"{NUMBER}#{NUMBER}#", 30) == ["entry-taken", "entry-taken"]
    assert lists(gate) == [(NUMBER, 7, True)]
    assert pages(gate) == [(1, False), (2, False)]
    assert gate.tray.slips[-1] is SlipKind.KEEP_LIST
    gate.run_until(18 * 3600)
    outcomes = {o.outcome for o in gate.daemon.keeper.state.ledger.obligations.values()}
    assert outcomes == {Outcome.ON_PAPER}


def test_every_key_is_answered_by_a_beep(gate: Simulation) -> None:
    before = len(gate.panel.patterns)
    typed(gate, "12*", 3)
    assert [name for _, name in gate.panel.patterns[before:]] == ["key"] * 3


def test_without_the_code_nothing_is_printed(gate: Simulation) -> None:
    assert typed(gate, f"{NUMBER}#{NUMBER}#") == ["entry-refused", "entry-refused"]
    assert lists(gate) == []


def test_a_wrong_code_is_refused_and_the_right_one_taken(gate: Simulation) -> None:
    assert typed(gate, "1111#") == ["entry-refused"]
    assert typed(gate, OPEN) == ["entry-taken"]


def test_wrong_codes_lock_the_keypad_longer_each_time_also_across_a_restart(
    gate: Simulation,
) -> None:
    for _ in range(FREE_TRIES):
        assert typed(gate, "1111#", 3) == ["entry-refused"]
    assert typed(gate, OPEN, 3) == ["entry-refused"]
    gate.cut_power(5)
    assert typed(gate, OPEN, 3) == ["entry-refused"]
    gate.run_until(gate.clock.true_ms / 1000 + 60)
    assert typed(gate, "1111#", 3) == ["entry-refused"]  # the fourth: two minutes now
    gate.run_until(gate.clock.true_ms / 1000 + 90)
    assert typed(gate, OPEN, 3) == ["entry-refused"]
    gate.run_until(gate.clock.true_ms / 1000 + 30)
    assert typed(gate, OPEN, 3) == ["entry-taken"]


def test_wrong_codes_on_the_page_do_not_lock_the_keypad_and_a_right_one_there_frees_it_not(
    gate: Simulation,
) -> None:
    def on_the_page(right: bool) -> None:
        gate.inbox.put(CodeChecked(gate.clock.now(), PAGE, right))
        gate.run_until(gate.clock.true_ms / 1000 + 1)

    for _ in range(4 * FREE_TRIES):
        on_the_page(False)
    assert typed(gate, OPEN, 3) == ["entry-taken"]
    typed(gate, "*", IDLE_MS / 1000 + 3)
    for _ in range(FREE_TRIES):
        assert typed(gate, "1111#", 3) == ["entry-refused"]
    on_the_page(True)
    assert typed(gate, OPEN, 3) == ["entry-refused"]


def test_half_a_number_is_refused_and_a_short_one_is_no_number(gate: Simulation) -> None:
    typed(gate, OPEN)
    assert typed(gate, f"{NUMBER}#{NUMBER[:5]}#") == ["entry-taken", "entry-refused"]
    assert typed(gate, "123#") == ["entry-refused"]
    assert lists(gate) == []
    assert typed(gate, f"{NUMBER}#{NUMBER}#") == ["entry-taken", "entry-taken"]


def test_two_different_numbers_are_refused(gate: Simulation) -> None:
    typed(gate, OPEN)
    assert typed(gate, f"{NUMBER}#2026112418#") == ["entry-taken", "entry-refused"]
    assert lists(gate) == []


def test_a_star_clears_what_was_typed_and_then_steps_back(gate: Simulation) -> None:
    typed(gate, OPEN)
    assert typed(gate, f"999*{NUMBER}#*{NUMBER}#") == ["entry-taken", "entry-taken"]
    assert lists(gate) == []  # the star left the question for the number again
    assert typed(gate, f"{NUMBER}#") == ["entry-taken"]
    assert len(lists(gate)) == 1


def test_who_waits_too_long_begins_again_with_the_code(gate: Simulation) -> None:
    typed(gate, OPEN, 5)
    assert typed(gate, f"{NUMBER}#", 5) == ["entry-taken"]
    assert typed(gate, "", IDLE_MS / 1000 + 1) == ["entry-refused"]
    assert typed(gate, f"{NUMBER}#") == ["entry-refused"]
    assert lists(gate) == []


def test_paper_that_runs_out_in_the_middle_goes_on_with_the_part_that_is_not_certain(
    gate: Simulation,
) -> None:
    gate.tray.roll = 1
    typed(gate, OPEN)
    typed(gate, f"{NUMBER}#{NUMBER}#", 40)
    assert lists(gate) == [(NUMBER, 7, False)]
    assert gate.panel.resting == "printer-waits"
    gate.tray.roll = 100
    gate.run_until(gate.clock.true_ms / 1000 + 20)
    assert pages(gate) == [(1, False), (2, False)]  # page 2 had not begun
    assert lists(gate) == [(NUMBER, 7, True)]
    assert gate.panel.resting != "printer-waits"


def test_a_power_cut_after_the_first_page_goes_on_and_never_prints_twice_silently(
    gate: Simulation,
) -> None:
    for place, person in enumerate(PEOPLE[7:]):
        gate.later(gate.clock.true_ms / 1000 + place, person.uid)
    gate.run_until(40)
    typed(gate, OPEN, 5)
    typed(gate, f"{NUMBER}#{NUMBER}#", 22 * 0.3 + 1.5 * PART_MS / 1000)  # in the second page
    assert pages(gate) == [(1, False), (2, False)]
    gate.cut_power(60)
    gate.run_until(gate.clock.true_ms / 1000 + 60)
    first, *rest = pages(gate)[2:]
    assert first == (2, True)
    assert [part for part, _ in rest] == [3, 4]
    assert not rest[-1][1]
    assert lists(gate) == [(NUMBER, 20, True)]


def test_a_list_without_a_number_keeps_asking_until_the_number_completes_it(
    gate: Simulation,
) -> None:
    typed(gate, OPEN)
    assert typed(gate, "2#", 30) == ["entry-taken"]
    assert lists(gate) == [("", 7, False)]
    assert gate.panel.resting == "number-wanted"
    assert typed(gate, f"{NUMBER}#{NUMBER}#", 30) == ["entry-taken", "entry-taken"]
    assert lists(gate) == [(NUMBER, 7, True)]
    assert gate.panel.resting != "number-wanted"


def test_who_comes_later_is_put_on_an_addendum_and_a_copy_says_so(gate: Simulation) -> None:
    typed(gate, OPEN)
    assert typed(gate, "3#", 5) == ["entry-refused"]  # no list yet
    typed(gate, f"{NUMBER}#{NUMBER}#", 30)
    gate.later(gate.clock.true_ms / 1000 + 1, PEOPLE[8].uid)
    assert typed(gate, "**", 5) == []
    assert typed(gate, f"{OPEN}3#", 30) == ["entry-taken", "entry-taken"]
    assert lists(gate) == [(NUMBER, 7, True), (NUMBER, 1, True)]
    before = len(gate.tray.sheets)
    assert typed(gate, "4#", 30) == ["entry-taken"]
    assert all(sheet.marked for sheet in gate.tray.sheets[before:])
    assert len(gate.tray.sheets) == 2 * before


def test_the_panel_asks_for_an_addendum_when_somebody_came_after_the_list(
    gate: Simulation,
) -> None:
    typed(gate, f"{OPEN}{NUMBER}#{NUMBER}#", 40)
    gate.later(gate.clock.true_ms / 1000 + 1, PEOPLE[8].uid)
    gate.run_until(gate.clock.true_ms / 1000 + 400)
    assert gate.panel.resting == "number-wanted"
    typed(gate, f"{OPEN}3#", 40)
    gate.run_until(gate.clock.true_ms / 1000 + 100)
    assert gate.panel.resting != "number-wanted"


def test_a_keypad_that_is_gone_never_says_that_taps_are_not_taken(gate: Simulation) -> None:
    gate.daemon.report(DeviceGone("keypad", "unplugged", "plug it in"))
    gate.run_until(25)
    assert "keypad" in gate.daemon.keeper.state.broken
    assert gate.panel.resting != "out-of-order"
    gate.daemon.report(DeviceBack("keypad"))
    gate.run_until(26)
    assert "keypad" in gate.daemon.keeper.state.working


def test_a_cause_typed_at_the_keypad_is_one_that_the_gate_knows(gate: Simulation) -> None:
    assert set(CAUSES.values()) <= set(PARTIES)
    gate.run_until(300)  # an incident by now
    assert typed(gate, f"{OPEN}7#3#", 10) == ["entry-taken"] * 3
    assert typed(gate, "4711#4712#", 5) == ["entry-taken", "entry-refused"]
    heard = typed(gate, "7#3#4711#4711#", 10)  # refused: this gate had never delivered before
    assert heard == ["entry-taken"] * 3 + ["entry-refused"]
    assert typed(gate, "7#1#", 5) == ["entry-taken"] * 2
    entries = gate.daemon.keeper.journal.entries_for_state()
    said = [entry.record for entry in entries if isinstance(entry.record, CauseCorrected)]
    assert [(one.party, one.reference) for one in said] == [("provider", "4711"), ("own", "")]


def test_an_answer_about_the_phone_is_taken_while_an_incident_runs(gate: Simulation) -> None:
    assert typed(gate, f"{OPEN}20#", 5) == ["entry-taken", "entry-refused"]
    gate.run_until(300)
    assert typed(gate, f"{OPEN}20#", 5) == ["entry-taken", "entry-taken"]


def test_blank_lines_count_once_their_number_is_typed(gate: Simulation) -> None:
    gate.later(21, UNKNOWN)
    gate.run_until(25)
    typed(gate, OPEN)
    assert typed(gate, "5#1#", 5) == ["entry-taken", "entry-refused"]  # no list yet
    typed(gate, f"{NUMBER}#{NUMBER}#", 30)
    assert typed(gate, "5#1#", 5) == ["entry-taken", "entry-taken"]
    (sheet,) = gate.daemon.keeper.state.papers.sheets.values()
    assert (sheet.filled, sheet.made.lines_to_fill_in) == (1, 9)


def test_an_unknown_badge_is_enrolled_by_national_number_and_employer(gate: Simulation) -> None:
    late = PEOPLE[15].worker
    employer = RULES.employers.index(late.employer) + 1
    typed(gate, OPEN, 5)
    assert typed(gate, "0#", 3) == ["entry-taken"]
    gate.later(gate.clock.true_ms / 1000 + 0.5, PEOPLE[0].uid)  # a badge that has its worker
    assert typed(gate, "", 2) == ["entry-refused"]
    gate.later(gate.clock.true_ms / 1000 + 0.5, UNKNOWN)
    assert typed(gate, "", 2) == ["entry-taken"]
    wrong = f"{late.inss[:-1]}{(int(late.inss[-1]) + 1) % 10}"
    assert typed(gate, f"{wrong}#", 6) == ["entry-refused"]  # the check digits
    assert typed(gate, f"{late.inss}#", 6) == ["entry-taken"]
    assert typed(gate, "99#", 3) == ["entry-refused"]
    assert typed(gate, f"{employer}#", 3) == ["entry-taken"]
    held = gate.daemon.keeper.state.book.holder(UNKNOWN)
    assert held is not None and held[1] == late
    assert len(gate.daemon.keeper.state.ledger.obligations) == 8


STRANGER = "72052912369"


def enrolled(gate: Simulation, keys: str) -> list[str]:
    """What is heard at the last entry of an enrolment of an unknown badge."""
    typed(gate, f"{OPEN}0#", 5)
    gate.later(gate.clock.true_ms / 1000 + 0.5, UNKNOWN)
    typed(gate, "", 2)
    return typed(gate, keys, 12)


def test_somebody_whom_no_roster_names_is_enrolled_without_a_name_until_one_does(
    gate: Simulation,
) -> None:
    assert enrolled(gate, f"{STRANGER}#1#{STRANGER}#") == ["entry-taken"] * 3
    book = gate.daemon.keeper.state.book
    held = book.holder(UNKNOWN)
    assert held is not None
    number, worker = held
    assert (worker.inss, worker.employer, worker.surname) == (STRANGER, RULES.employers[0], "")
    assert worker.valid_until == MORNING.date() + dt.timedelta(days=6)
    assert len(gate.daemon.keeper.state.ledger.obligations) == 8  # and is to be registered
    gate.service.faults = Faults()
    gate.run_until(gate.clock.true_ms / 1000 + 600)
    owed = gate.daemon.keeper.state.ledger.latest(number, MORNING.date())
    assert owed is not None and owed.outcome is Outcome.REGISTERED
    same = Roster({p.uid: p.worker for p in PEOPLE})
    assert not list(differences(book, same, MORNING.date()))
    (gone,) = differences(book, same, MORNING.date() + dt.timedelta(days=7))
    assert gone == WorkerDelisted(number)
    named = replace(worker, surname="Nieuw", given_name="Nel", valid_until=None)
    (now,) = differences(book, replace(same, unbadged=(named,)), MORNING.date())
    assert now == WorkerListed(number, named, ())  # the same worker, who has a name now
    assert not loses_too_many(book, same)


def test_a_stick_that_nobody_writes_is_told_on_the_panel_and_asked_for_in_vain(
    gate: Simulation,
) -> None:
    assert typed(gate, f"{OPEN}9#", 10) == ["entry-taken"] * 2
    gate.run_until(gate.clock.true_ms / 1000 + 20)
    assert gate.panel.resting == "stick-failed"
    export = gate.daemon.keeper.state.export
    assert export is not None and "put one in" in export.failure
    assert not list(gate.folder.glob("export-asked"))


def test_where_several_lists_have_blank_lines_the_list_is_named_by_its_last_digits(
    gate: Simulation,
) -> None:
    typed(gate, f"{OPEN}2#", 30)
    gate.later(gate.clock.true_ms / 1000 + 1, UNKNOWN)
    typed(gate, "", 3)
    typed(gate, "3#", 30)
    assert typed(gate, "5#7#1#3#", 10) == [
        *("entry-taken", "entry-refused", "entry-taken", "entry-taken")
    ]
    assert typed(gate, "5#2#1#", 5) == ["entry-taken"] * 3
    sheets = gate.daemon.keeper.state.papers.sheets.values()
    assert [sheet.filled for sheet in sheets] == [3, 1]


def test_the_overview_of_the_keypad_is_printed_whenever_it_is_asked_for(gate: Simulation) -> None:
    assert typed(gate, f"{OPEN}00#", 5) == ["entry-taken"] * 2
    assert gate.tray.slips == [SlipKind.KEYPAD]


def test_two_different_numbers_enrol_nobody(gate: Simulation) -> None:
    other = PEOPLE[15].worker.inss
    assert enrolled(gate, f"{STRANGER}#1#{other}#") == ["entry-taken"] * 2 + ["entry-refused"]
    assert gate.daemon.keeper.state.book.holder(UNKNOWN) is None


def test_whom_the_roster_names_with_another_employer_is_not_enrolled_with_this_one(
    gate: Simulation,
) -> None:
    known = next(person.worker for person in PEOPLE if person.worker.inss)
    place = next(n for n, firm in enumerate(RULES.employers, 1) if firm != known.employer)
    heard = enrolled(gate, f"{known.inss}#{place}#{known.inss}#")
    assert heard == ["entry-taken"] * 2 + ["entry-refused"]


def test_a_slip_comes_when_people_are_called_and_as_often_as_it_is_asked_for(
    gate: Simulation,
) -> None:
    assert typed(gate, f"{OPEN}1#8#", 10) == ["entry-taken", "entry-refused", "entry-refused"]
    gate.run_until(300)  # by now it is an incident, and people were called
    assert gate.tray.slips == [SlipKind.INSTRUCTION]
    assert typed(gate, f"{OPEN}1#8#1#", 10) == ["entry-taken"] * 4
    assert gate.tray.slips[1:] == [
        SlipKind.INSTRUCTION,
        SlipKind.EVIDENCE,
        SlipKind.INSTRUCTION,
    ]


def test_a_channel_that_recovers_still_delivers_who_is_on_the_list(gate: Simulation) -> None:
    typed(gate, f"{OPEN}{NUMBER}#{NUMBER}#", 40)
    gate.service.faults = Faults()
    gate.run_until(900)
    obligations = tuple(gate.daemon.keeper.state.ledger.obligations.values())
    assert {o.outcome for o in obligations} == {Outcome.REGISTERED}
    assert {o.list_reference for o in obligations} == {NUMBER}


def test_where_no_clock_tells_the_day_it_is_asked_for(gate: Simulation) -> None:
    gate.cut_power(30)
    gate.clock.trust = Trust.UNKNOWN
    gate.run_until(gate.clock.true_ms / 1000 + 5)
    gate.later(gate.clock.true_ms / 1000 + 1, PEOPLE[9].uid)
    typed(gate, OPEN, 5)
    assert typed(gate, f"{NUMBER}#{NUMBER}#", 10) == ["entry-taken"] * 2
    assert lists(gate) == []
    assert typed(gate, "2411#32112026#24112026#", 40) == [
        "entry-refused",
        "entry-refused",
        "entry-taken",
    ]
    assert lists(gate) == [(NUMBER, 8, True)]


def test_where_no_code_is_asked_for_the_number_alone_is_enough() -> None:
    rules = replace(RULES, ask_code=False)
    with Simulation(PEOPLE, rules, MORNING, seed=1) as gate:
        gate.service.faults = Faults(unreachable=True)
        gate.later(1, PEOPLE[0].uid)
        gate.run_until(3)
        assert typed(gate, f"{NUMBER}#{NUMBER}#") == ["entry-taken", "entry-taken"]
        assert lists(gate) == [(NUMBER, 1, True)]


def test_neither_code_nor_national_number_stands_in_any_line_of_the_log(gate: Simulation) -> None:
    typed(gate, f"{OPEN}{NUMBER}#{NUMBER}#", 40)
    typed(gate, "0#", 3)
    entries = gate.daemon.keeper.journal.entries_for_state()
    said = " ".join(described(entry.record) for entry in entries if entry.record)
    assert not any(person.worker.inss in said for person in PEOPLE if person.worker.inss)
    assert f" {CODE}" not in said
