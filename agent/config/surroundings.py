"""What the gate stands in, as a technician writes it: power, uplinks, and what is measured.

`facts_of` is what decisions need of it, `plan_of` what measuring needs. What is not stated counts
as the site's own: nobody is exempt because of a line that was left out.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from agent.core.outage.facts import Facts, Medium, Party, Uplink, Way
from drivers.base import MainsSettings

if TYPE_CHECKING:
    from agent.channels.names import Names
    from agent.config.settings import ChannelSettings, Config
    from agent.evidence.gauges import Plan

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSettings:
    """[power]"""

    feed: Literal["grid", "generator", "site"] = "site"
    battery: bool = True
    mains_pin: int | None = None
    mains_when_low: bool = True
    witness: str = ""

    @property
    def sensor(self) -> MainsSettings | None:
        """The mains sensor; None where there is none."""
        return (
            None if self.mains_pin is None else MainsSettings(self.mains_pin, self.mains_when_low)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSettings:
    """[[uplinks]]"""

    name: str = "uplink"
    medium: Medium = Medium.WIRED
    device: str = ""
    provider: str = ""
    equipment: str = ""
    box: Literal["site", "provider"] = "site"
    box_on_mains: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSettings:
    """[evidence]; an anchor is its name, its address and, where it is not 443, its port."""

    anchors: tuple[str, ...] = (
        "one.one.one.one 1.1.1.1",
        "dns.google 8.8.8.8",
        "dns.quad9.net 9.9.9.9",
        "dns.opendns.com 208.67.222.222",
    )
    anchors_ca_file: Path | None = None
    resolvers: tuple[str, ...] = ()
    other_resolvers: tuple[str, ...] = ("1.1.1.1", "9.9.9.9")
    empty_page: str = "http://connectivitycheck.gstatic.com/generate_204"
    provider_networks: tuple[str, ...] = ()
    no_infrastructure: bool = False
    other_gate_apart: bool = False


def anchor_parts(text: str) -> tuple[str, str, int]:
    """Name, address and port of an anchor. Raises ValueError."""
    name, address, *rest = text.split()
    port = int(rest.pop()) if rest else HTTPS_PORT
    if rest or not 0 < port < 2**16:
        raise ValueError(f"{text} names no port")
    return name, str(ipaddress.ip_address(address)), port


def facts_of(config: Config) -> Facts:
    """What the configuration says of the site, for the core."""
    evidence = config.evidence
    return Facts(
        uplinks=tuple(
            Uplink(
                name=uplink.name,
                medium=uplink.medium,
                provider=uplink.provider,
                equipment=uplink.equipment,
                providers_box=uplink.box == "provider",
                box_on_mains=uplink.box_on_mains,
            )
            for uplink in config.uplinks
        ),
        ways=tuple(map(_way, config.channels)),
        grid_fed=config.power.feed == "grid",
        battery=config.power.battery,
        no_infrastructure=evidence.no_infrastructure,
        other_gate_apart=evidence.other_gate_apart,
        configuration=_digest(config),
    )


def _way(channel: ChannelSettings) -> Way:
    return Way(channel.name, Party(channel.kind), channel.duty, not channel.address)


def _digest(config: Config) -> str:
    """Differs when a path does: other uplinks, other endpoints. No secret is in it."""
    paths: Sequence[object] = (
        *sorted((u.name, u.medium.value, u.device, u.provider, u.box) for u in config.uplinks),
        *sorted((c.name, c.kind, c.environment, c.endpoint) for c in config.channels),
    )
    return hashlib.sha256(repr(paths).encode()).hexdigest()[:16]


def names_of(config: Config) -> Names:
    """Who says where the hosts of the channels are."""
    from agent.channels.names import Names

    return Names((*config.evidence.resolvers, *config.evidence.other_resolvers))


def plan_of(config: Config) -> Plan:
    """What is to be measured."""
    from agent.evidence.anchors import Anchor
    from agent.evidence.dialling import Place
    from agent.evidence.endpoint import Endpoint
    from agent.evidence.gauges import Plan, WayOut
    from agent.evidence.portal import EmptyPage

    evidence = config.evidence
    page = urlsplit(evidence.empty_page)
    anchors = [anchor_parts(text) for text in evidence.anchors]
    calls = [(channel, urlsplit(channel.endpoint)) for channel in config.channels]
    return Plan(
        ways=tuple(WayOut(u.name, u.medium, u.device) for u in config.uplinks),
        anchors=tuple(Anchor(name, Place(address, port)) for name, address, port in anchors),
        ca_file=evidence.anchors_ca_file,
        resolvers=evidence.resolvers,
        other_resolvers=evidence.other_resolvers,
        page=EmptyPage(page.hostname, page.path, page.port or 80) if page.hostname else None,
        networks=tuple(map(ipaddress.ip_network, evidence.provider_networks)),
        endpoints=tuple(
            Endpoint(channel.name, url.hostname, url.port or HTTPS_PORT, channel.ca_file)
            for channel, url in calls
            if url.hostname
        ),
        witness=config.power.witness,
    )
