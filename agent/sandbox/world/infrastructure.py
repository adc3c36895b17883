"""The infrastructure of a site as it truly stands: what a gate can measure of it, and what becomes
of a call. Both follow from the same failures, so that neither can know what the other does not.

What a real gate cannot measure (its modem, hops behind a dead line) is unknown here too.
"""

from __future__ import annotations

import errno
import random
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime

import httpx

from agent.core.events import Event
from agent.core.outage.facts import Medium
from agent.core.outage.measurements import (
    FAILING,
    UNKNOWN,
    WELL,
    Channel,
    Clock,
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
from agent.sandbox.faults import Cut, Fault, Faults, Garbled
from agent.sandbox.virtual import VirtualClock
from agent.sandbox.world.values import Site
from agent.seams import Round

UPLINK, SECOND = "uplink", "second"
ANCHORS = 4
CONNECTING_S = 5.0
"""How long a connection is tried where nothing answers."""
WAITING_S = 4.0
"""How long a full round waits for what is silent."""
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


def _reading(well: bool) -> Reading:
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
        return any(kind in self.failing for kind in kinds)

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
        mobile = ("sim-unpaid", "mast-out", "low-voltage", "firewall")
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
        return self.site.second and not self.has("both-providers")

    @property
    def online(self) -> bool:
        """It is there at all."""
        return self.beyond or self.second

    @property
    def names(self) -> bool:
        """Some resolver answers."""
        return self.online and not self.has("names-dead")

    def reached(self, line: str) -> bool:
        """Whether the service of this line can be reached from here."""
        blocked = ("rsz-unreachable", "rsz-firewalled") if line == "ciaw" else ()
        down = ("supplier-down",) if line == "supplier" else ()
        return self.names and not self.has(*blocked, *down)

    def works(self, line: str) -> bool:
        """Whether a registration by this line gets a receipt now, from a gate that is in order."""
        spoilt = ("rsz-certificate", *_OF_TROUBLES) if line == "ciaw" else ()
        well = not self.has("proxy", "loss", *spoilt) and not self.weathers.get(line)
        return well and self.reached(line)

    def opens_on_a_phone(self) -> bool:
        """Whether the online service opens on a phone with its own subscription."""
        return not self.has("rsz-unreachable", "rsz-certificate", *_OF_TROUBLES) or self.has(
            "sender-refused", "account-refused", "message-refused"
        )

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
        witness = _reading(self._witness()) if self.site.witness else UNKNOWN
        yield Power(mains, _reading(not self.has("low-voltage")), witness), ""
        if self.site.medium is Medium.MOBILE:
            yield Link(), UPLINK  # no file of the kernel tells of SIM and operator
            yield Local(WELL), UPLINK
        else:
            wired = self.site.medium is Medium.WIRED
            there = _reading(self.carrier)
            yield Link(carrier=there) if wired else Link(association=there), UPLINK
            answers = _reading(self.gateway) if self.carrier else UNKNOWN
            yield Local(there, answers), UPLINK
        if self.site.second:
            yield Link(), SECOND
            yield Local(WELL), SECOND

    def _witness(self) -> bool:
        """The site's camera is fed by the grid, before the board that can trip."""
        return not self.has("grid-out")

    def internet(self) -> Iterator[tuple[Value, str]]:
        """Each uplink by itself."""
        yield self._net(self.beyond, self.hop, portal=self.has("login-page")), UPLINK
        if self.site.second:
            yield self._net(self.second, True, portal=False), SECOND

    def _net(self, beyond: bool, hop: bool, *, portal: bool) -> Internet:
        anchors = [_reading(beyond)] * ANCHORS
        lossy = beyond and self.has("loss")
        if lossy:
            anchors[1:3] = [FAILING, FAILING]
        return Internet(
            tuple(anchors),
            provider_hop=_reading(hop),
            beyond=_reading(beyond),
            portal=_reading(not portal),
            steady=_reading(beyond and not lossy),
        )

    def resolvers(self) -> Names:
        """The configured ones and others."""
        return Names(_reading(self.names), _reading(self.names))

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
        self.mains = _reading(truth.mains)
        self._truth, self._lines, self._clock = truth, tuple(lines), clock
        self._gate, self._tell = gate, tell
        self._turn = 0

    def take(self, what: Round, of: str = "") -> Iterator[Measurement]:
        """What holds now; a full round takes its time where nothing answers."""
        truth = self._truth
        if what in (Round.HERE, Round.ALL):
            yield from self._stamped(truth.near(self.mains))
            trusted = self._clock.now().trusted
            yield from self._stamped([(Clock(_reading(trusted), WELL), ""), (self._gate(), "")])
        if what is Round.ANCHOR:
            yield from self._stamped(self._one_anchor())
        if what is Round.ALL:
            if not truth.beyond:
                self._clock.sleep(WAITING_S)
            yield from self._stamped(truth.internet())
        if what in (Round.NAMES, Round.ALL):
            yield from self._stamped([(truth.resolvers(), "")])
        for line in self._lines if what is Round.ALL else (of,) if what is Round.CHANNEL else ():
            yield from self._stamped(self._channel(line))
        if what is Round.ALL and truth.site.second and truth.second and not truth.beyond:
            there = _reading(truth.reached(self._lines[0]))
            yield from self._stamped([(Elsewhere(uplink=there), "")])

    def _stamped(self, taken: Iterable[tuple[Value, str]]) -> Iterator[Measurement]:
        for value, of in taken:
            yield Measurement(self._clock.now(), value, of)

    def _one_anchor(self) -> Iterator[tuple[Value, str]]:
        """The next one in turn; all of them where it is silent."""
        whole = next(self._truth.internet())
        assert isinstance(whole[0], Internet)
        self._turn = (self._turn + 1) % ANCHORS
        if whole[0].anchors[self._turn] is WELL:
            anchors = [UNKNOWN] * ANCHORS
            anchors[self._turn] = WELL
            yield Internet(tuple(anchors), steady=whole[0].steady), UPLINK
        else:
            yield Internet(whole[0].anchors), UPLINK

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
