"""An agent that falls again and again is started anew each time, and a person hears of it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agent.core import gate
from agent.core.commands import Record
from agent.core.events import Gap, JournalMade, Started, TimePassed
from agent.core.falls import LOOP, WITHIN_MS, in_a_loop
from agent.core.moment import Moment
from agent.core.outage.incident_records import Stop
from agent.core.records import Entry, kind_of
from agent.core.rules import Rules
from agent.core.standing import subjects
from agent.core.state import State

BRUSSELS = ZoneInfo("Europe/Brussels")
EVENING = round(dt.datetime(2026, 11, 24, 23, 30, tzinfo=BRUSSELS).timestamp() * 1000)


def at(ms: int) -> Moment:
    return Moment(EVENING + ms, 1_000 + ms, "boot")


class Gate:
    def __init__(self) -> None:
        self.state = State(Rules(BRUSSELS))
        self.entries: list[Entry] = []
        self.do(JournalMade(at(0), "j1", "gate", True))

    def do(self, event: JournalMade | Started | TimePassed) -> None:
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            if isinstance(command, Record):
                entry = Entry(
                    len(self.entries) + 1, event.at, kind_of(command.record), command.record
                )
                self.entries.append(entry)

    def starts(self, ms: int, why: Stop = Stop.CRASH) -> None:
        self.do(Started(at(ms), "1", Gap(at(ms - 3_000), why)))


def test_three_falls_within_an_hour_are_told_with_what_to_do() -> None:
    fallen = Gate()
    for number in range(1, LOOP + 1):
        assert "the agent falls" not in subjects(fallen.state, at(number * 10_000))
        fallen.starts(number * 10_000)
    told = subjects(fallen.state, at(60_000))["the agent falls"]
    assert told.startswith("3 times within an hour")
    assert "journalctl" in told


def test_it_is_over_an_hour_after_the_last_ones() -> None:
    fallen = Gate()
    for number in range(1, LOOP + 1):
        fallen.starts(number * 10_000)
    assert in_a_loop(fallen.state.falls, at(WITHIN_MS)) == LOOP
    assert in_a_loop(fallen.state.falls, at(WITHIN_MS + 20_000)) == 0


def test_a_stop_a_reboot_and_a_power_cut_are_no_falls() -> None:
    stopped = Gate()
    for number, why in enumerate((Stop.STOPPED, Stop.REBOOT, Stop.POWER_CUT) * 2, 1):
        stopped.starts(number * 10_000, why)
    assert stopped.state.falls == ()


def test_falls_before_midnight_count_after_it_and_after_a_start_from_the_journal() -> None:
    fallen = Gate()
    for number in range(1, LOOP + 1):
        fallen.starts(20 * 60_000 + number * 10_000)
    fallen.do(TimePassed(at(40 * 60_000)))
    assert in_a_loop(fallen.state.falls, at(41 * 60_000)) == LOOP
    base = fallen.state.base()
    kept = [e for e in fallen.entries if e.seq >= base or e.kind == "journal-opened"]
    assert gate.restore(fallen.state.rules, kept).falls == fallen.state.falls
