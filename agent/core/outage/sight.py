"""What the rows of the table look at, and the conditions they are made of.

A condition named `…_well` asks that it was measured and is well; an `unknown` never is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from agent.core.outage.evidence import Picture
from agent.core.outage.facts import Facts, Medium, Party, Uplink, Way
from agent.core.outage.measurements import (
    FAILING,
    UNKNOWN,
    WELL,
    Answer,
    Channel,
    Internet,
    Link,
    Local,
    Reading,
    Said,
)
from agent.core.outage.whose import Limits

SEVEN_DAYS_MS = 7 * 24 * 3600 * 1000
TOGETHER_MS = 3 * 60 * 1000
"""Ours: two uplinks were lost together when their last anchors answered this close in time. In
peace they are asked in turn, a minute apart, and in trouble at once; a round may take most of a
minute. Longer would call together what two causes did, one of them ours."""
FEWEST_ANCHORS = 2
"""DOMAIN.md, section 3: at least two of several independent anchors."""


_NO_UPLINK = Uplink()
_NO_WAY = Way("", Party.CHECKINATWORK)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a row looks at: the picture, and the uplink or channel in question."""

    picture: Picture
    facts: Facts
    limits: Limits
    uplink: Uplink = _NO_UPLINK
    way: Way = _NO_WAY

    @property
    def link(self) -> Link:
        """The link of the uplink in question."""
        return self.picture.link(self.uplink.name)

    @property
    def local(self) -> Local:
        """Its local network."""
        return self.picture.local(self.uplink.name)

    @property
    def internet(self) -> Internet:
        """The internet over it."""
        return self.picture.internet(self.uplink.name)

    @property
    def channel(self) -> Channel:
        """The endpoint in question."""
        return self.picture.channel(self.way.name)

    @property
    def answer(self) -> Answer:
        """What it answered last."""
        return self.picture.answer(self.way.name)

    @property
    def rsz(self) -> bool:
        """True when the channel in question is Checkinatwork itself."""
        return self.way.party is Party.CHECKINATWORK


def anchors(internet: Internet) -> Reading:
    """Well when one answers; failing when at least two are silent, and every other one too."""
    if WELL in internet.anchors:
        return WELL
    silent = internet.anchors.count(FAILING)
    return FAILING if silent >= FEWEST_ANCHORS and UNKNOWN not in internet.anchors else UNKNOWN


def others_lit(s: Sight) -> bool:
    """A mains-fed device of the site without battery still answers while ours are lost."""
    boxes = (u.name for u in s.facts.uplinks if u.box_on_mains)
    return not s.picture.lit.isdisjoint(("", *boxes))


def _witness(s: Sight) -> bool:
    """A mains-fed device of the site without battery answers: there is mains."""
    boxes = (s.picture.local(u.name).gateway for u in s.facts.uplinks if u.box_on_mains)
    return s.picture.power().witness is WELL or WELL in boxes


def power_well(s: Sight) -> bool:
    """Mains are shown to be there, and the voltage is right."""
    power = s.picture.power()
    shown = power.mains is WELL or not s.facts.battery or _witness(s)
    return shown and power.mains is not FAILING and power.voltage is WELL


def link_well(s: Sight) -> bool:
    """The cable, the association or the modem of this uplink is well."""
    match s.uplink.medium:
        case Medium.WIRED:
            return s.link.carrier is WELL
        case Medium.WIFI:
            return s.link.association is WELL
    return s.link.sim is WELL and s.link.registered is WELL


def gate_well(s: Sight) -> bool:
    """Reader, journal, credentials and configuration are well."""
    gate = s.picture.gate()
    return all(r is WELL for r in (gate.reader, gate.journal, gate.credentials, gate.configuration))


def ground(s: Sight) -> bool:
    """Clock, power and gate are well: what every row that exempts stands on."""
    clock = s.picture.clock()
    trusted = clock.trusted is WELL and clock.steady is WELL
    return trusted and power_well(s) and gate_well(s)


def local_well(s: Sight) -> bool:
    """There is an address, and the gateway answers."""
    return s.local.address is WELL and s.local.gateway is WELL


def no_anchor(s: Sight) -> bool:
    """None of several independent anchors answers."""
    return anchors(s.internet) is FAILING


def provider_dead(s: Sight) -> bool:
    """All of ours is well, a hop of the provider answers, and nothing beyond it does."""
    net = s.internet
    way_out = s.uplink.medium is not Medium.MOBILE and link_well(s) and local_well(s)
    hop = net.provider_hop is WELL and net.beyond is FAILING and net.portal is WELL
    return ground(s) and way_out and no_anchor(s) and hop


def operator_gone(s: Sight) -> bool:
    """After a reset the modem hears others, and no longer its own, heard here within seven days."""
    link = s.link
    age_ms = s.picture.unix_ms - s.picture.heard_ms.get(s.uplink.name, -SEVEN_DAYS_MS)
    hears = link.reset is WELL and link.other_cells is WELL and link.own_cells is FAILING
    here_before = 0 <= age_ms <= SEVEN_DAYS_MS
    unregistered = link.sim is WELL and link.registered is FAILING
    return ground(s) and unregistered and hears and here_before


def lost(s: Sight) -> bool:
    """This uplink has no path, and all of it that is ours is well."""
    if s.uplink.medium is Medium.MOBILE:
        return s.link.sim is WELL and (s.link.registered is FAILING or no_anchor(s))
    return link_well(s) and local_well(s) and no_anchor(s)


def two_providers(s: Sight) -> bool:
    """Every uplink is lost, two of them together, of two providers, on separate equipment."""
    up = s.facts.uplinks
    reached = s.picture.reached_ms

    def apart(a: Uplink, b: Uplink) -> bool:
        stated = all((a.provider, b.provider, a.equipment, b.equipment))
        known = a.name in reached and b.name in reached
        return (
            stated
            and a.provider != b.provider
            and a.equipment != b.equipment
            and known
            and abs(reached[a.name] - reached[b.name]) <= TOGETHER_MS
        )

    none_left = all(lost(Sight(s.picture, s.facts, s.limits, u)) for u in up)
    return ground(s) and none_left and any(apart(a, b) for a, b in combinations(up, 2))


def resolved(s: Sight) -> bool:
    """Some resolver answers."""
    names = s.picture.names()
    return WELL in (names.configured, names.others)


def nobody_resolves(s: Sight) -> bool:
    """Every resolver was asked, and none answers."""
    names = s.picture.names()
    return names.configured is FAILING and names.others is FAILING


def network_well(s: Sight) -> bool:
    """An uplink is well from end to end, with no loss, no delay and every anchor; names answer."""

    def well(u: Uplink) -> bool:
        of = Sight(s.picture, s.facts, s.limits, u)
        local = of.local.address is WELL and (of.local.gateway is WELL or u.medium is Medium.MOBILE)
        whole = len(of.internet.anchors) >= FEWEST_ANCHORS and set(of.internet.anchors) == {WELL}
        own = of.internet.portal is WELL and of.internet.subscription is not FAILING
        return link_well(of) and local and whole and own and of.internet.steady is WELL

    return ground(s) and resolved(s) and any(well(u) for u in s.facts.uplinks)


def unreachable(s: Sight) -> bool:
    """A service of the RSZ is not reached; a default name that nobody knows is just that."""
    by_name = s.channel.name is FAILING and s.way.default_address and resolved(s)
    return not supplier(s) and (by_name or s.channel.tcp is FAILING)


def service_unreachable(s: Sight) -> bool:
    """The RSZ is not reached, by a second way out neither, while the network is well."""
    sound = s.channel.certificate is not FAILING and s.channel.impostor is not FAILING
    return s.rsz and unreachable(s) and sound and second_way_fails(s) and network_well(s)


def second_way_fails(s: Sight) -> bool:
    """Another uplink, a phone or another gate on its own line does not reach it either."""
    other = s.picture.elsewhere()
    gate = other.other_gate is FAILING and s.facts.other_gate_apart
    # Where one uplink alone has a path, what was tried over it is the first way, not a second one.
    paths = [u for u in s.facts.uplinks if anchors(s.picture.internet(u.name)) is WELL]
    uplink = other.uplink is FAILING and len(paths) > 1
    # Where the gate's own mobile uplink has no path, a phone may hang on the same dead mast.
    mobile = [u for u in s.facts.uplinks if u.medium is Medium.MOBILE]
    dark = any(anchors(s.picture.internet(u.name)) is FAILING for u in mobile)
    return uplink or (other.phone is FAILING and not dark) or gate


def channel_fails(s: Sight) -> bool:
    """A layer of the way to this endpoint fails."""
    c = s.channel
    return FAILING in (c.name, c.tcp, c.tls, c.certificate, c.http)


def channel_well(s: Sight) -> bool:
    """Every layer of the way to this endpoint is well."""
    c = s.channel
    way = all(r is WELL for r in (c.name, c.tcp, c.tls, c.certificate, c.impostor))
    return way and c.http is not FAILING


def sender(s: Sight) -> bool:
    """The answer finds the sender at fault, or one before it did and nothing was taken since."""
    return s.answer.blames_sender or s.way.name in s.picture.refused


def service_fault(s: Sight) -> bool:
    """The answer finds the service at fault, and a different request fails likewise (WIRE.md,
    section 1)."""
    return s.answer.blames_service and s.answer.likewise is FAILING and served(s)


def service_silent(s: Sight) -> bool:
    """A gateway answers for the service (502-504) for longer than the hysteresis."""
    long = s.picture.silent_ms.get(s.way.name, 0) > s.limits.hysteresis_ms
    return long and s.answer.verified is WELL and served(s)


def served(s: Sight) -> bool:
    """The RSZ itself was reached, in the right environment, over a network that is well."""
    mine = s.rsz and s.answer.environment is not FAILING
    return mine and s.answer.verified is WELL and channel_well(s) and network_well(s)


def answered_badly(s: Sight) -> bool:
    """An answer came, and it is no receipt."""
    return s.answer.said in (Said.FAULT, Said.STATUS, Said.UNREADABLE)


def supplier(s: Sight) -> bool:
    """This way is the supplier's."""
    return s.way.party is Party.SUPPLIER
