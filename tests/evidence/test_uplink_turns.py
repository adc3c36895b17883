"""In peace the uplinks take turns, against real anchors on loopback."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from itertools import chain

from agent.core.outage.measurements import UNKNOWN, WELL, Gate, Internet
from agent.evidence.anchors import Anchor
from agent.evidence.clock import SystemClock
from agent.evidence.dialling import Place
from agent.evidence.gauges import MachineGauges, Plan, WayOut
from agent.seams import Round

BOTH = (WayOut("fibre", device="lo"), WayOut("mobile", device="lo"))


def gauges(ways: tuple[WayOut, ...], anchors: tuple[Anchor, ...]) -> MachineGauges:
    return MachineGauges(Plan(ways, anchors), SystemClock(believed=True), Gate, print)


def asked(of: MachineGauges, rounds: int) -> list[tuple[str, tuple[str, ...]]]:
    taken = chain.from_iterable(of.take(Round.ANCHOR) for _ in range(rounds))
    nets = [(m.of, m.value) for m in taken]
    return [(name, net.anchors) for name, net in nets if isinstance(net, Internet)]


def test_each_uplink_is_asked_in_turn_of_each_anchor_and_no_more_than_one_is_in_a_round() -> None:
    with ExitStack() as open_:
        listening = [open_.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        places = [Place("127.0.0.1", one.getsockname()[1]) for one in listening]
        anchors = tuple(Anchor(f"anchor-{n}", place) for n, place in enumerate(places))
        both = asked(gauges(BOTH, anchors), 4)
        alone = asked(gauges(BOTH[:1], anchors), 4)
    first, second = (WELL, UNKNOWN), (UNKNOWN, WELL)
    every = {(name, which) for name in ("fibre", "mobile") for which in (first, second)}
    assert set(both) == every
    assert [name for name, _ in both] in (["fibre", "mobile"] * 2, ["mobile", "fibre"] * 2)
    assert sorted(alone) == sorted([("fibre", first), ("fibre", second)] * 2)
