"""What the gate says of a stick, and to whoever writes one."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agent.core import gate
from agent.core.commands import Command, Record, Reply, Show
from agent.core.events import DeviceWent, Event, JournalMade, Started, TimePassed
from agent.core.export_events import ExportAsked, ExportOver
from agent.core.exports import FAILED_SHOWN_MS, LONGEST_MS
from agent.core.journal_records import ExportBegun, ExportEnded
from agent.core.moment import Moment
from agent.core.rules import Rules
from agent.core.signals import Signal
from agent.core.state import State

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = round(dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS).timestamp() * 1000)


class Bench:
    def __init__(self) -> None:
        self.state = State(Rules(BRUSSELS))
        self.ms = 0
        self.boot = "b1"
        self.do(JournalMade(self.at, "j1", "gate", True))
        self.do(Started(self.at, "1"))

    @property
    def at(self) -> Moment:
        return Moment(MORNING + self.ms, self.ms, self.boot)

    def do(self, event: Event) -> tuple[Command, ...]:
        self.state, commands = gate.step(self.state, event)
        return commands

    def begin(self, target: str = "stick sda1", *, stick: bool = True) -> tuple[Command, ...]:
        return self.do(ExportAsked(self.at, target, stick, asked=1))

    def end(self, failure: str = "", target: str = "stick sda1") -> tuple[Command, ...]:
        return self.do(ExportOver(self.at, target, True, failure, asked=1))

    @property
    def shows(self) -> Signal:
        return gate.standing(self.state, self.at)


def replies(commands: tuple[Command, ...]) -> list[tuple[bool, str]]:
    return [(c.done, c.text) for c in commands if isinstance(c, Reply)]


def records(commands: tuple[Command, ...]) -> list[object]:
    return [c.record for c in commands if isinstance(c, Record)]


def test_the_panel_works_while_a_stick_is_written_and_says_when_it_is_safe() -> None:
    bench = Bench()
    assert ExportBegun("stick sda1", True) in records(bench.begin())
    assert bench.shows is Signal.STICK_WORKING
    assert Show(Signal.STICK_SAFE, "") in bench.end()
    assert bench.shows is Signal.READY


def test_a_stick_that_is_being_written_shows_before_a_broken_reader() -> None:
    bench = Bench()
    bench.do(DeviceWent(bench.at, "reader", "unplugged", "plug it in"))
    bench.begin()
    assert bench.shows is Signal.STICK_WORKING
    bench.end("full")
    assert bench.shows is Signal.OUT_OF_ORDER


def test_a_failure_is_shown_for_a_while_and_never_called_safe() -> None:
    bench = Bench()
    bench.begin()
    commands = bench.end("no space left on the stick")
    assert not [c for c in commands if isinstance(c, Show)]
    assert bench.shows is Signal.STICK_FAILED
    bench.ms += FAILED_SHOWN_MS
    assert bench.shows is Signal.READY


def test_a_stick_that_cannot_even_be_mounted_is_told_without_an_export_having_begun() -> None:
    bench = Bench()
    assert ExportEnded("stick sda1", "no file system", True) in records(bench.end("no file system"))
    assert bench.shows is Signal.STICK_FAILED


def test_one_export_at_a_time() -> None:
    bench = Bench()
    bench.begin()
    assert replies(bench.begin("folder /tmp", stick=False))[0][0] is False
    assert replies(bench.end(target="folder /tmp"))[0][0] is False
    assert bench.shows is Signal.STICK_WORKING
    bench.end()
    assert replies(bench.begin("folder /tmp", stick=False))[0][0] is True


def test_a_stick_whose_writer_was_killed_may_be_put_in_again() -> None:
    bench = Bench()
    bench.begin()
    commands = bench.begin()
    assert replies(commands) == [(True, "export to stick sda1 begins")]
    ended, begun = records(commands)[:2]
    assert isinstance(ended, ExportEnded)
    assert ended.failure == "broken off: the same was asked anew"
    assert isinstance(begun, ExportBegun)
    assert bench.shows is Signal.STICK_WORKING


def test_an_export_into_a_folder_is_no_matter_of_the_panel() -> None:
    bench = Bench()
    bench.begin("folder /tmp", stick=False)
    assert bench.shows is Signal.READY


def test_an_export_of_which_no_word_comes_is_ended_by_the_gate() -> None:
    bench = Bench()
    bench.begin()
    assert gate.due_ms(bench.state, bench.at) <= bench.ms + LONGEST_MS
    bench.ms += LONGEST_MS
    ended = [r for r in records(bench.do(TimePassed(bench.at))) if isinstance(r, ExportEnded)]
    assert [r.failure for r in ended] == ["no word of it came for 30 minutes"]
    assert bench.shows is Signal.STICK_FAILED


def test_a_restart_forgets_the_stick() -> None:
    bench = Bench()
    bench.begin()
    bench.boot, bench.ms = "b2", 0
    bench.do(Started(bench.at, "1"))
    assert bench.shows is Signal.READY
    assert replies(bench.begin())[0][0] is True
