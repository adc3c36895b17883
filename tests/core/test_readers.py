"""One device's failure never stops another: what the panel says while one of several readers is
broken."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agent.core import gate
from agent.core.events import DeviceCame, DeviceWent, JournalMade, RosterOffered, Started, Tapped
from agent.core.moment import Moment
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.signals import Signal
from agent.core.state import State
from drivers.base import Direction

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = round(dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS).timestamp() * 1000)
IN, OUT, ANY = Direction.IN, Direction.OUT, Direction.ANY
WORKER = Worker("Peeters", "An", "0448181966", "1A23B4C567890", inss="85011500155")


def at(ms: int = 0) -> Moment:
    return Moment(MORNING + ms, 1_000 + ms, "boot")


def standing(duty: str, ways: list[Direction], dead: list[int], *more: str) -> Signal:
    """What the panel shows at a gate with these readers, of which some are broken."""
    readers = {f"reader-{number}": way for number, way in enumerate(ways)}
    state = State(Rules(BRUSSELS, duty=duty, readers=readers, keypad="keypad"))
    state, _ = gate.step(state, JournalMade(at(), "j1", "gate", True))
    state, _ = gate.step(state, Started(at(), "1"))
    for device in (*(f"reader-{number}" for number in dead), *more):
        state, _ = gate.step(state, DeviceWent(at(), device, "unplugged", "plug it in"))
    return gate.standing(state, at())


@pytest.mark.parametrize(
    ("duty", "ways", "dead", "shown"),
    [
        ("checkinatwork", [ANY], [0], Signal.OUT_OF_ORDER),
        ("checkinatwork", [ANY, ANY], [], Signal.READY),
        ("checkinatwork", [ANY, ANY], [1], Signal.READER_OUT),
        ("checkinatwork", [IN, OUT], [0], Signal.READER_OUT),
        ("checkinatwork", [IN, OUT], [0, 1], Signal.OUT_OF_ORDER),
        ("checkinout", [IN, OUT], [0], Signal.OUT_OF_ORDER),
        ("checkinout", [IN, OUT, IN], [0], Signal.READER_OUT),
        ("checkinout", [IN, OUT, IN], [0, 1], Signal.OUT_OF_ORDER),
        ("checkinout", [IN, ANY], [0], Signal.READER_OUT),
    ],
)
def test_the_gate_is_out_of_order_only_while_no_other_reader_takes_the_tap(
    duty: str, ways: list[Direction], dead: list[int], shown: Signal
) -> None:
    assert standing(duty, ways, dead) is shown


def test_what_is_no_reader_and_stops_every_tap_is_out_of_order_all_the_same() -> None:
    assert standing("checkinatwork", [ANY, ANY], [0], "journal") is Signal.OUT_OF_ORDER
    assert standing("checkinatwork", [ANY, ANY], [0], "keypad") is Signal.READER_OUT
    assert standing("checkinatwork", [ANY, ANY], [], "keypad") is Signal.READY


def test_a_tap_at_the_reader_that_works_counts_and_the_broken_one_is_forgotten_when_back() -> None:
    rules = Rules(
        BRUSSELS,
        readers={"in": IN, "out": OUT},
        lines=(Line("rsz", "checkinatwork"),),
    )
    state = State(rules)
    for event in (
        JournalMade(at(), "j1", "gate", True),
        Started(at(), "1"),
        RosterOffered(at(), Roster({"04AABBCC": WORKER}), "roster.csv"),
        DeviceWent(at(), "in", "unplugged", "plug it in"),
        Tapped(at(1), "out", "04AABBCC", "out"),
    ):
        state, _ = gate.step(state, event)
    assert state.ledger.opened == 1
    assert gate.standing(state, at(2)) is Signal.READER_OUT
    state, _ = gate.step(state, DeviceCame(at(3), "in"))
    assert gate.standing(state, at(4)) is Signal.READY
