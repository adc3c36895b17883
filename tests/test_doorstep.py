"""What stands at the gate while its journal cannot be opened."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.control import ask
from agent.core.outage.measurements import FAILING
from agent.core.records import WritingFailed
from agent.core.rules import Line, Rules
from agent.doorstep import Doorstep, Stoppable, ToldToStop
from agent.journal.fault import JournalUnwritable
from agent.sandbox.people import DECLARATION, crew
from agent.sandbox.simulation import Shown, Simulation
from drivers.base import BadgeSeen, DeviceBack, DeviceGone, KeyPressed, MainsSeen

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS)
RULES = Rules(BRUSSELS, DECLARATION, lines=(Line("ciaw", "checkinatwork"),))
PEOPLE = crew(2, random.Random(4))
FULL = JournalUnwritable("journal: database or disk is full", "free space on its disk")


@pytest.fixture
def gate() -> Iterator[Simulation]:
    """The daemon that is there in the end."""
    with Simulation(PEOPLE, RULES, MORNING, seed=1) as simulation:
        simulation.run_until(1)
        yield simulation


class Step:
    """A doorstep with what it told, before a journal that opens at the second try."""

    def __init__(self, gate: Simulation, folder: Path) -> None:
        self.panel = Shown(gate.clock)
        self.stood: list[str] = []
        self.socket = folder / "control.sock"
        self.tries = 0
        self.said = ""
        places = (folder, self.socket)
        self.shows: list[Callable[[], tuple[str, str]]] = []
        self.closed = 0
        self.step = Doorstep(self.panel, gate.clock, places, self.began, lambda: None, self.show)

    def show(self, why: Callable[[], tuple[str, str]]) -> Callable[[], None]:
        self.shows.append(why)
        return self.close

    def close(self) -> None:
        self.closed += 1

    def began(self, gate: Stoppable, stands: str) -> None:
        self.stood.append(stands)

    def open(self) -> str:
        self.tries += 1
        if self.tries == 1:
            raise FULL
        self.said = ask(self.socket, {"ask": "status"})["text"]
        return "open"


@pytest.fixture
def before(gate: Simulation, tmp_path: Path) -> Step:
    return Step(gate, tmp_path)


def test_badges_are_refused_in_red_until_the_journal_opens_and_the_journal_tells_how_many(
    gate: Simulation, before: Step
) -> None:
    for _ in range(2):
        before.step.report(BadgeSeen("entrance", PEOPLE[0].uid))
    assert before.step.patient(before.open) == "open"
    assert [name for _, name in before.panel.patterns] == ["not-stored", "not-stored"]
    assert before.panel.resting == "out-of-order"
    said = "taps are refused: journal: database or disk is full; to do: free space on its disk"
    assert before.stood == [before.said] == [said]
    assert [why() for why in before.shows] == [(str(FULL), FULL.hint)]
    assert before.closed == 0
    before.step.hand_over(gate.daemon)
    assert not before.socket.exists()
    assert before.closed == 1
    gate.run_until(5)
    failed = [e.record for e in gate.daemon.keeper.journal.entries_for_state()]
    assert [r.refused for r in failed if isinstance(r, WritingFailed)] == [2]


def test_who_comes_while_the_journal_opens_counts_and_devices_keep_their_last_word(
    gate: Simulation, before: Step
) -> None:
    before.step.report(DeviceGone("exit", "unplugged", "plug it in"))
    before.step.report(MainsSeen(True))
    before.step.report(MainsSeen(False))
    before.step.report(KeyPressed("keypad", "1"))
    before.step.patient(before.open)
    before.step.report(BadgeSeen("entrance", PEOPLE[0].uid))
    before.step.report(DeviceBack("entrance"))
    before.step.hand_over(gate.daemon)
    before.step.report(BadgeSeen("entrance", PEOPLE[1].uid))
    gate.run_until(20)
    state = gate.daemon.keeper.state
    assert len(state.ledger.obligations) == 2
    assert state.broken["exit"].cause == "unplugged"
    assert gate.layers.mains is FAILING
    assert before.panel.patterns == []


def test_a_gate_that_is_told_to_stop_meanwhile_waits_no_longer(before: Step) -> None:
    before.step.stop("SIGTERM")
    with pytest.raises(ToldToStop, match="SIGTERM"):
        before.step.patient(before.open)
    before.step.close()
    assert before.tries == 1
    assert not before.socket.exists()
