"""What a simulated gate measures of its surroundings, and the way of its calls to a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from email.utils import format_datetime

import httpx

from agent.core.events import Event
from agent.core.outage.measurements import (
    UNKNOWN,
    WELL,
    Elsewhere,
    Gate,
    Internet,
    Measurement,
    Value,
)
from agent.evidence.clock import Steadiness
from agent.sandbox.faults import Faults
from agent.sandbox.virtual import VirtualClock
from agent.sandbox.world.infrastructure import ANCHORS, Infrastructure, reading
from agent.seams import Round

CONNECTING_S = 5.0
"""How long a connection is tried where nothing answers."""
ANSWERS_S = 0.05
"""How long one takes where all answers: two rounds are never of one instant."""
WAITING_S = 4.0
"""How long a full round waits for what is silent."""


class Surroundings:
    """The gauges of a simulated gate. `gate`: how reader, journal and credentials stand; `tell`
    takes what happened beside a measurement."""

    def __init__(
        self,
        truth: Infrastructure,
        lines: Iterable[str],
        clock: VirtualClock,
        gate: Callable[[], Gate],
        tell: Callable[[Event], None],
    ) -> None:
        self.mains = reading(truth.mains)
        self._truth, self._lines, self._clock = truth, tuple(lines), clock
        self._gate, self._tell = gate, tell
        self._turn, self._steadiness = 0, Steadiness()

    def take(self, what: Round, of: str = "") -> Iterator[Measurement]:
        """What holds now; a full round takes its time where nothing answers."""
        truth = self._truth
        if what in (Round.HERE, Round.ALL):
            yield from self._stamped(truth.near(self.mains))
            clock = self._steadiness.seen(self._clock.now())
            yield from self._stamped([(clock, ""), (self._gate(), "")])
        if what is Round.ANCHOR:
            yield from self._stamped(self._one_anchor())
        if what is Round.ALL:
            self._clock.sleep(ANSWERS_S if truth.beyond else WAITING_S)
            yield from self._stamped(truth.internet())
        if what in (Round.NAMES, Round.ALL):
            yield from self._stamped([(truth.resolvers(), "")])
        for line in self._lines if what is Round.ALL else (of,) if what is Round.CHANNEL else ():
            yield from self._stamped(self._channel(line))
        if what is Round.ALL and truth.second:
            there = truth.by_second(self._lines[0])
            yield from self._stamped([(Elsewhere(uplink=there), "")])

    def _stamped(self, taken: Iterable[tuple[Value, str]]) -> Iterator[Measurement]:
        for value, of in taken:
            yield Measurement(self._clock.now(), value, of)

    def _one_anchor(self) -> Iterator[tuple[Value, str]]:
        """The next one in turn; all of them where it is silent. Over each uplink: of the rounds of
        a quiet time, in which uplinks take turns, only the last one is made (`Play._doze_ms`)."""
        self._turn = (self._turn + 1) % ANCHORS
        for whole, uplink in self._truth.internet():
            assert isinstance(whole, Internet)
            if whole.anchors[self._turn] is WELL:
                anchors = [UNKNOWN] * ANCHORS
                anchors[self._turn] = WELL
                yield Internet(tuple(anchors), steady=whole.steady), uplink
            else:
                yield Internet(whole.anchors), uplink

    def _channel(self, line: str) -> Iterator[tuple[Value, str]]:
        channel = self._truth.channel(line)
        if channel.tls is WELL and channel.certificate is WELL:
            date = format_datetime(self._clock.truth(), usegmt=True)
            heard = self._clock.heard(line, date)
            if heard is not None:
                self._tell(heard)
        yield channel, line


class Layered(httpx.BaseTransport):
    """The way from the gate to a service: what fails on it, and what the service does. `crossed`
    hears of each call as it leaves and as its answer comes."""

    def __init__(
        self,
        line: str,
        truth: Infrastructure,
        behind: httpx.BaseTransport,
        clock: VirtualClock,
        behave: Callable[[str, Faults], None],
        crossed: Callable[[], None],
    ) -> None:
        self._line, self._truth, self._behind = line, truth, behind
        self._clock, self._behave, self._crossed = clock, behave, crossed

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The service's answer, or what httpx raises where there is none."""
        self._crossed()
        failure = self._truth.call_fails(self._line)
        if failure is not None:
            self._clock.sleep(CONNECTING_S)
            raise failure
        faults = self._truth.faults(self._line)
        if faults.poison or not faults.latency_s:
            faults = replace(faults, latency_s=self._truth.site.latency_ms / 1000)
        self._behave(self._line, faults)
        response = self._behind.handle_request(request)
        self._crossed()
        return response
