"""Everything a gate can measure, in the rounds that `agent/evidence_watch.py` asks for.

What could not be measured is `unknown`, and what it means is never judged here.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent.core.events import Event
from agent.core.outage.facts import Medium
from agent.core.outage.measurements import (
    FAILING,
    UNKNOWN,
    WELL,
    Channel,
    Elsewhere,
    Gate,
    Internet,
    Link,
    Local,
    Measurement,
    Names,
    Power,
    Reading,
    Value,
)
from agent.evidence import neighbours
from agent.evidence.anchors import SLOW_S, Anchor, Rung, ring
from agent.evidence.beside import begun
from agent.evidence.clock import Steadiness
from agent.evidence.endpoint import Endpoint, is_address, reach
from agent.evidence.hops import Network, judged, way_to
from agent.evidence.naming import configured_resolvers, resolvers_answer
from agent.evidence.portal import EmptyPage, login_page
from agent.evidence.power import supply_voltage
from agent.seams import Clock, Round

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Threads of a full round: most of its time is waiting for what does not answer."""

Taken = tuple[Value, str]
"""A value, and the uplink or channel that it is of."""


_Job = Callable[[], list[Taken]]


@dataclass(frozen=True, slots=True)
class WayOut:
    """An uplink. `device` empty: the one that the default route takes."""

    name: str
    medium: Medium = Medium.WIRED
    device: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, as configured. `resolvers` empty: those of this machine.

    `witness`: address of a mains-fed device of the site without battery. `networks`: the
    provider's own. `ca_file`: who vouches for the anchors, None for the system's authorities.
    """

    ways: tuple[WayOut, ...] = (WayOut("uplink"),)
    anchors: tuple[Anchor, ...] = ()
    ca_file: Path | None = None
    resolvers: tuple[str, ...] = ()
    other_resolvers: tuple[str, ...] = ()
    page: EmptyPage | None = None
    networks: tuple[Network, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    witness: str = ""


@dataclass(slots=True)
class _Seen:
    """The device and gateway of an uplink as last known: they stand in when a route is gone."""

    device: str = ""
    gateway: str = ""


@dataclass(slots=True)
class MachineGauges:
    """What this machine can measure. `gate`: how reader, journal and credentials stand; `tell`
    takes what happened beside a measurement."""

    plan: Plan
    clock: Clock
    gate: Callable[[], Gate]
    tell: Callable[[Event], None]
    mains: Reading = UNKNOWN
    """As the sensor says; set by whoever hears it."""
    _steadiness: Steadiness = field(default_factory=Steadiness)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _modems: dict[str, object] = field(default_factory=dict)
    _turn: int = 0
    _slow_s: float = 0.0
    """What a connection took when all anchors were last dialled, where that is long."""
    _tls: ssl.SSLContext | None = None

    def take(self, what: Round, of: str = "") -> Iterator[Measurement]:
        """Each measurement as soon as it is made."""
        jobs: list[_Job] = [self._here, *self._near(look_around=what is Round.ALL)]
        match what:
            case Round.HERE:
                pass
            case Round.ANCHOR:
                jobs = [self._one_anchor]
            case Round.NAMES:
                jobs = [self._names]
            case Round.CHANNEL:
                jobs = [partial(self._channel, e) for e in self.plan.endpoints if e.name == of]
            case Round.ALL:
                jobs += [partial(self._internet, way) for way in self.plan.ways]
        if len(jobs) == 1:
            yield from self._stamped(jobs[0])
            return
        yield from self._beside(jobs)
        if what is Round.ALL:  # now it is known how slow the line is
            yield from self._beside(self._beyond())

    def _beside(self, jobs: list[_Job]) -> Iterator[Measurement]:
        slots = threading.Semaphore(AT_ONCE)

        def run(job: _Job) -> list[Measurement]:
            return list(self._stamped(job))

        for done in as_completed([begun(partial(run, job), slots) for job in jobs]):
            yield from done.result()

    def _stamped(self, job: _Job) -> Iterator[Measurement]:
        """What the job took, dated when it was done; a defect of ours leaves it unknown."""
        try:
            taken = job()
        except Exception:  # nothing that fails to be measured may stop the measuring
            log.exception("a measurement failed")
            return
        at = self.clock.now()
        for value, of in taken:
            yield Measurement(at, value, of)

    def _beyond(self) -> list[_Job]:
        """What is asked of others over a line that is known by now."""
        jobs: list[_Job] = [self._names]
        jobs += [partial(self._channel, endpoint) for endpoint in self.plan.endpoints]
        if len(self.plan.ways) > 1:
            jobs.append(self._second_uplink)
        return jobs

    # --- here ---------------------------------------------------------------------------------

    def _here(self) -> list[Taken]:
        witness = neighbours.answers(self.plan.witness) if self.plan.witness else UNKNOWN
        power = Power(self.mains, supply_voltage(), witness)
        return [(self._steadiness.seen(self.clock.now()), ""), (power, ""), (self.gate(), "")]

    def _near(self, *, look_around: bool) -> list[_Job]:
        look = partial(self._link_and_local, look_around=look_around)
        return [partial(look, way) for way in self.plan.ways]

    def _modem(self, way: WayOut, device: str, *, look_around: bool) -> Link:
        from agent.evidence.modem import Modem  # late: few gates have one

        modem = self._modems.setdefault(way.name, Modem())
        assert isinstance(modem, Modem)
        return modem.link(device, look_around=look_around)

    def _link_and_local(self, way: WayOut, *, look_around: bool = False) -> list[Taken]:
        seen = self._found(way)
        if not seen.device:
            return [(Link(), way.name), (Local(), way.name)]
        there = neighbours.carrier(seen.device)
        match way.medium:
            case Medium.WIRED:
                link = Link(carrier=there)
            case Medium.WIFI:  # the kernel gives a Wi-Fi device a carrier once it is associated
                link = Link(association=there)
            case Medium.MOBILE:
                link = self._modem(way, seen.device, look_around=look_around)
        local = Local(address=neighbours.address(seen.device))
        if seen.gateway and local.address is WELL:
            device = self._bound(way)
            local = Local(local.address, neighbours.answers(seen.gateway, device))
        return [(link, way.name), (local, way.name)]

    def _found(self, way: WayOut) -> _Seen:
        """Device and gateway of this uplink now, or as they were when a route last led there."""
        seen = self._seen.setdefault(way.name, _Seen(way.device))
        try:
            for route in neighbours.default_routes():
                if way.device in ("", route.device):
                    seen.device, seen.gateway = route.device, route.gateway
                    return seen
            devices = neighbours.devices()
        except (OSError, ValueError) as error:
            log.warning("routes cannot be read: %s", error)
            return seen
        if not seen.device and len(devices) == 1:
            seen.device = devices[0]
        return seen

    def _bound(self, way: WayOut) -> str:
        """The device to leave by: with one uplink the routes decide, as they do for a delivery."""
        return self._found(way).device if len(self.plan.ways) > 1 else ""

    # --- the internet -------------------------------------------------------------------------

    def _one_anchor(self) -> list[Taken]:
        """The next anchor by TCP, over the next uplink; where it is silent, all of them.

        Uplinks take turns: that two were lost together shows only if each was asked of late, and
        one that is asked no more often costs no more traffic.
        """
        anchors, ways = self.plan.anchors, self.plan.ways
        if not anchors:
            return []
        self._turn = (self._turn + 1) % (len(anchors) * len(ways))
        way, next_ = ways[self._turn % len(ways)], self._turn // len(ways)
        rung = ring([anchors[next_]], None, self._bound(way), patience_s=0)
        if rung.answers != (WELL,):
            return [(Internet(ring(anchors, None, self._bound(way)).answers), way.name)]
        answers = [UNKNOWN] * len(anchors)
        answers[next_] = WELL
        return [(Internet(tuple(answers), steady=rung.steady), way.name)]

    def _internet(self, way: WayOut) -> list[Taken]:
        anchors, device = self.plan.anchors, self._bound(way)
        if not anchors:
            return [(Internet(), way.name)]
        target = anchors[0].place
        ringing = begun(partial(ring, anchors, self._verifier(), device))
        walking = begun(partial(way_to, target.address, device, port=target.port))
        looking = begun(partial(self._portal, device))
        rung: Rung = ringing.result()
        self._slow_s = rung.took_s if rung.took_s >= SLOW_S else 0.0
        portal = looking.result()
        gateway = self._found(way).gateway
        hops = walking.result()
        hop, beyond = judged(hops, WELL in rung.answers, gateway, self.plan.networks)
        last = hops[-1].address if hops else ""
        return [
            (
                Internet(rung.answers, hop, beyond, portal, steady=rung.steady, last_hop=last),
                way.name,
            ),
        ]

    def _verifier(self) -> ssl.SSLContext | None:
        """What judges the anchors' certificates; None while the clock cannot."""
        if not self.clock.now().trusted:
            return None
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self.plan.ca_file)
        return self._tls

    def _portal(self, device: str) -> Reading:
        if self.plan.page is None:
            return UNKNOWN
        stand_in = self.plan.anchors[0].place.address if self.plan.anchors else ""
        return login_page(self.plan.page, self._resolvers(), stand_in, device)

    def _resolvers(self) -> tuple[str, ...]:
        """Whoever may know a name, the configured ones first."""
        return (*self._own_resolvers(), *self.plan.other_resolvers)

    def _own_resolvers(self) -> tuple[str, ...]:
        return self.plan.resolvers or configured_resolvers()

    def _names(self) -> list[Taken]:
        names = [e.host for e in self.plan.endpoints if not is_address(e.host)]
        names += [anchor.name for anchor in self.plan.anchors]
        wanted = [name for name in names if name != "localhost"][:2]
        if not wanted:
            return [(Names(), "")]
        ask = partial(resolvers_answer, names=wanted, slow_s=self._slow_s)
        own = begun(partial(ask, self._own_resolvers()))
        others = begun(partial(ask, self.plan.other_resolvers))
        return [(Names(own.result(), others.result()), "")]

    # --- channels -----------------------------------------------------------------------------

    def _channel(self, endpoint: Endpoint) -> list[Taken]:
        reached = reach(endpoint, self._resolvers(), slow_s=self._slow_s, dated=True)
        heard = self.clock.heard(endpoint.name, reached.server_date)
        if heard is not None:
            self.tell(heard)
        return [(reached.channel, endpoint.name)]

    def _second_uplink(self) -> list[Taken]:
        """Whether the first endpoint is reached over another uplink whose anchors answer."""
        if not self.plan.endpoints or not self.plan.anchors:
            return []
        for way in self.plan.ways[1:]:
            device = self._bound(way)
            if not device:
                continue
            rung = ring(self.plan.anchors, self._verifier(), device)
            if WELL in rung.answers:
                channel = reach(self.plan.endpoints[0], self._resolvers(), device).channel
                return [(Elsewhere(uplink=_reached(channel)), "")]
        return []


def _reached(channel: Channel) -> Reading:
    if channel.tls is WELL and channel.certificate is WELL:
        return WELL
    return FAILING if FAILING in (channel.name, channel.tcp) else UNKNOWN
