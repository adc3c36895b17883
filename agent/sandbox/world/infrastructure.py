"""The infrastructure of a site as it truly stands: what a gate can measure of it, and what becomes
of a call. Both follow from the same failures, so that neither can know what the other does not.

What a real gate cannot measure (a modem without ModemManager, hops behind a dead line) is unknown
here too.
"""

from __future__ import annotations

import errno
import random
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx

from agent.core.outage.facts import Medium
from agent.core.outage.measurements import (
    FAILING,
    UNKNOWN,
    WELL,
    Channel,
    Internet,
    Link,
    Local,
    Names,
    Power,
    Reading,
    Value,
)
from agent.sandbox.faults import Cut, Fault, Faults, Garbled
from agent.sandbox.world.values import Site

UPLINK, SECOND = "uplink", "second"
ANCHORS = 4
LOSS = 0.6
"""Of the calls over a bad line."""

WEATHERS: Mapping[str, Faults] = {
    "slow": Faults(latency_s=6),
    "very slow": Faults(latency_s=25),
    "unreachable": Faults(unreachable=True),
    "silent": Faults(silent=True),
    **{f"cut {cut.value}": Faults(cut=cut) for cut in Cut},
    "empty answers": Faults(garbled=Garbled.EMPTY),
    "half answers": Faults(garbled=Garbled.MALFORMED),
    "oversized answers": Faults(garbled=Garbled.OVERSIZED),
    "drips": Faults(drip_body_s=0.01),
    "drips for ever": Faults(drip_body_s=2.0),
    "a redirect": Faults(redirect_to="https://login.test/"),
    "403": Faults(status=403),
    "404": Faults(status=404),
    "429": Faults(status=429, retry_after="60"),
    "500": Faults(status=500),
    "503": Faults(status=503),
    "SOA-02002": Faults(fault=Fault("SOA-02002", retry=True)),
    "SOA-02001": Faults(fault=Fault("SOA-02001")),
    "SOA-00001": Faults(fault=Fault("SOA-00001")),
    "leaves out the first": Faults(drop_first=True),
    "adds a stray": Faults(add_stray=True),
    "repeats the first": Faults(repeat_first=True),
    "search refused": Faults(search_refused=True),
}
"""How a service can behave for a while, by name."""

_OF_TROUBLES: Mapping[str, Faults] = {
    "rsz-503": WEATHERS["503"],
    "rsz-fault": WEATHERS["SOA-02002"],
    "rsz-garbled": WEATHERS["half answers"],
    "rsz-loses-answers": WEATHERS["cut mid-body"],
    "sender-refused": Faults(fault=Fault("SOA-01001", "Consumer")),
    "account-refused": Faults(fault=Fault("SOA-01002", "Consumer")),
    "message-refused": Faults(fault=Fault("SOA-03006", "Consumer")),
}
"""What Checkinatwork does while such a trouble lasts."""


def reading(well: bool) -> Reading:
    """Well or failing."""
    return WELL if well else FAILING


def _connecting(cause: OSError) -> httpx.ConnectError:
    """What httpx raises where connecting fails for this reason."""
    error = httpx.ConnectError(str(cause))
    error.__cause__ = cause
    return error


@dataclass(slots=True)
class Infrastructure:
    """`failing`: the keys of causes.py that hold now, each as often as it began and did not end."""

    site: Site
    chance: random.Random
    failing: dict[str, int] = field(default_factory=dict)
    weathers: dict[str, list[str]] = field(default_factory=dict)
    changes: int = 0
    """How often anything of it changed."""
    shown: frozenset[str] = frozenset()
    """Those that failed at some time while Checkinatwork could be reached, which says so then."""

    def begins(self, kind: str) -> None:
        """From now on this fails."""
        self.failing[kind] = self.failing.get(kind, 0) + 1
        self._changed()

    def ends(self, kind: str) -> None:
        """Now it is mended."""
        left = self.failing.get(kind, 0) - 1
        self.failing = {k: n for k, n in self.failing.items() if k != kind}
        if left > 0:
            self.failing[kind] = left
        self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self.shown &= self.failing.keys()
        if self.reached("ciaw"):
            self.shown |= self.failing.keys()

    def turns(self, service: str, how: str, *, begins: bool) -> None:
        """This service behaves so from now on, or no more."""
        told = self.weathers.setdefault(service, [])
        if begins:
            told.append(how)
        else:
            told.remove(how)
        self.changes += 1

    def has(self, *kinds: str) -> bool:
        """True while one of these fails."""
        return not self.failing.keys().isdisjoint(kinds)

    # --- what stands on what ---------------------------------------------------------------------

    @property
    def mains(self) -> bool:
        """The site has power."""
        return not self.has("grid-out", "board-tripped", "generator-dry")

    @property
    def carrier(self) -> bool:
        """There is a device at the other end of the cable, or a Wi-Fi."""
        fed = self.mains and not self.has("router-off", "low-voltage")
        return fed and not self.has("cable-out")

    @property
    def gateway(self) -> bool:
        """The router answers."""
        return self.carrier and not self.has("router-hangs")

    @property
    def hop(self) -> bool:
        """The provider's first router answers."""
        cut = ("line-cut-in-the-street", "line-cut-on-the-site", "firewall")
        mobile = ("sim-unpaid", "mast-out", "antenna-off", "low-voltage", "firewall")
        if self.site.medium is Medium.MOBILE:  # the provider's radio network outlives the site's
            return not self.has(*mobile)
        return self.gateway and not self.has(*cut)

    @property
    def beyond(self) -> bool:
        """The internet is there, over the first uplink."""
        return self.hop and not self.has("backbone", "both-providers", "login-page")

    @property
    def second(self) -> bool:
        """It is there over the second one."""
        lost = self.has("both-providers", "second-unpaid", "second-mast-out")
        return self.site.second and not lost

    @property
    def online(self) -> bool:
        """It is there at all."""
        return self.beyond or self.second

    @property
    def names(self) -> bool:
        """Some resolver answers."""
        return self.online and not self.has("names-dead")

    def reached(self, line: str) -> bool:
        """Whether the service of this line can be reached from here, by the first uplink that has a
        path."""
        if not self.beyond:
            return self.reached_by_second(line)
        blocked = line == "ciaw" and self.has("rsz-firewalled")
        return self.names and not blocked and self._is_up(line)

    def reached_by_second(self, line: str) -> bool:
        """Whether it can over the second uplink, which no router of the site stands before."""
        filtered = line == "ciaw" and self.has("second-filtered")
        return self.second and self.names and not filtered and self._is_up(line)

    def _is_up(self, line: str) -> bool:
        down = {"ciaw": "rsz-unreachable", "supplier": "supplier-down"}.get(line, "")
        return not self.has(down)

    def works(self, line: str) -> bool:
        """Whether a registration by this line gets a receipt now, from a gate that is in order."""
        spoilt = ("rsz-certificate", *_OF_TROUBLES) if line == "ciaw" else ()
        well = not self.has("proxy", "loss", *spoilt) and not self.weathers.get(line)
        return well and self.reached(line)

    def opens_on_a_phone(self) -> bool:
        """Whether the online service opens on a phone of somebody at the gate."""
        ours = ("sender-refused", "account-refused", "message-refused")
        down = self.has("rsz-unreachable", "rsz-certificate", *(set(_OF_TROUBLES) - set(ours)))
        return not down and not self.has("mast-out", "second-mast-out", "both-providers")

    # --- what the services do --------------------------------------------------------------------

    def faults(self, line: str) -> Faults:
        """How the service of this line behaves now."""
        if line == "ciaw":
            for kind, faults in _OF_TROUBLES.items():
                if self.has(kind):
                    return faults
        told = self.weathers.get(line)
        if told:
            return WEATHERS[told[-1]]
        return Faults(latency_s=self.site.latency_ms / 1000)

    def call_fails(self, line: str) -> httpx.TransportError | None:
        """Why a call by this line does not even reach its service; None: it does."""
        if self.has("proxy") and self.names:
            return _connecting(ssl.SSLCertVerificationError("hostname mismatch"))
        if line == "ciaw" and self.has("rsz-certificate") and self.names:
            return _connecting(ssl.SSLCertVerificationError("certificate has expired"))
        if not self.online:
            silent = self.has("backbone", "both-providers", "firewall")
            return (
                httpx.ConnectTimeout("timed out")
                if silent
                else _connecting(OSError(errno.ENETUNREACH, "Network is unreachable"))
            )
        if not self.names:
            return _connecting(socket.gaierror(socket.EAI_AGAIN, "no resolver answers"))
        if not self.reached(line):
            return httpx.ConnectTimeout("timed out")
        if self.has("loss") and not self.second and self.chance.random() < LOSS:
            return httpx.ConnectTimeout("timed out")
        return None

    # --- what is measured ------------------------------------------------------------------------

    def near(self, mains: Reading) -> Iterator[tuple[Value, str]]:
        """Power, link and local network."""
        witness = reading(self._witness()) if self.site.witness else UNKNOWN
        yield Power(mains, reading(not self.has("low-voltage")), witness), ""
        if self.site.medium is Medium.MOBILE:
            yield self._modem("mast-out", "antenna-off"), UPLINK
            yield Local(WELL), UPLINK
        else:
            wired = self.site.medium is Medium.WIRED
            there = reading(self.carrier)
            yield Link(carrier=there) if wired else Link(association=there), UPLINK
            answers = reading(self.gateway) if self.carrier else UNKNOWN
            yield Local(there, answers), UPLINK
        if self.site.second:
            yield self._modem("second-mast-out"), SECOND
            yield Local(WELL), SECOND

    def _modem(self, *deaf: str) -> Link:
        """What a modem tells that hears nobody of its own while one of these fails: no file of the
        kernel tells of SIM and operator, ModemManager does. It was not reset since."""
        if not self.site.modem:
            return Link()
        if not self.has(*deaf):
            return Link(sim=WELL, registered=WELL, own_cells=WELL)
        others = reading(not self.has("antenna-off"))
        return Link(sim=WELL, registered=FAILING, own_cells=FAILING, other_cells=others)

    def _witness(self) -> bool:
        """The site's camera is fed by the grid, before the board that can trip."""
        return not self.has("grid-out")

    def internet(self) -> Iterator[tuple[Value, str]]:
        """Each uplink by itself."""
        yield self._net(self.beyond, self.hop, portal=self.has("login-page")), UPLINK
        if self.site.second:
            yield self._net(self.second, True, portal=False), SECOND

    def _net(self, beyond: bool, hop: bool, *, portal: bool) -> Internet:
        anchors = [reading(beyond)] * ANCHORS
        lossy = beyond and self.has("loss")
        if lossy:
            anchors[1:3] = [FAILING, FAILING]
        return Internet(
            tuple(anchors),
            provider_hop=reading(hop),
            beyond=reading(beyond),
            portal=reading(not portal),
            steady=reading(beyond and not lossy),
        )

    def resolvers(self) -> Names:
        """The configured ones and others."""
        return Names(reading(self.names), reading(self.names))

    def channel(self, line: str) -> Channel:
        """The way to the service of this line; unknown where nothing leads anywhere."""
        if not self.names:
            return Channel()
        if self.has("proxy"):
            return Channel(WELL, WELL, FAILING, UNKNOWN, FAILING)
        if not self.reached(line):
            return Channel(WELL, FAILING, UNKNOWN, UNKNOWN, UNKNOWN)
        if line == "ciaw" and self.has("rsz-certificate"):
            return Channel(WELL, WELL, FAILING, FAILING, WELL)
        return Channel(WELL, WELL, WELL, WELL, WELL, WELL)

    def by_second(self, line: str) -> Reading:
        """Whether its TLS is reached over the second uplink, as a gauge tells it: who answers with
        a certificate that is not in order says neither."""
        if self.has("proxy") or (line == "ciaw" and self.has("rsz-certificate")):
            return UNKNOWN if self.reached_by_second(line) else FAILING
        return reading(self.reached_by_second(line))
