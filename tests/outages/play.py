"""Plays one outage in a small internet and prints what was measured and whose it is, as JSON.

Run by the tests: `unshare --user --map-root-user --net --mount python play.py NAME FOLDER`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from long_way import LongWay

from agent.core.outage.classification import classify
from agent.core.outage.evidence import gather
from agent.core.outage.facts import Facts, Past
from agent.core.outage.measurements import WELL, Gate, Measurement, readings
from agent.evidence.anchors import Anchor
from agent.evidence.clock import SystemClock
from agent.evidence.dialling import Place
from agent.evidence.endpoint import Endpoint
from agent.evidence.gauges import MachineGauges, Plan
from agent.evidence.portal import EmptyPage
from agent.sandbox.authority import Authority
from agent.sandbox.serving import HttpsServer
from agent.sandbox.small_internet import (
    ANCHORS,
    OTHER_RESOLVER,
    PAGE_NAME,
    SERVICE,
    SERVICE_NAME,
    THEIR_RESOLVER,
    Empty,
    SmallInternet,
    in_namespace,
    within,
)
from agent.seams import Round

UPLINK = "uplink"
CHANNEL = "checkinatwork"


@dataclass
class World:
    """What an outage can break."""

    internet: SmallInternet
    service: HttpsServer
    authority: Authority


def all_well(world: World) -> None:
    pass


def cable_out(world: World) -> None:
    within("router", "ip link set lan0 down")


def gateway_silent(world: World) -> None:
    within("router", "ip address flush dev lan0")


def provider_down(world: World) -> None:
    within("provider", "ip link set core0 down")


def provider_down_tcp_only(world: World) -> None:
    """A firewall on the site lets no probe of traceroute out."""
    within("router", "nft add table ip wall")
    within("router", "nft 'add chain ip wall c { type filter hook forward priority 0; }'")
    within("router", "nft 'add rule ip wall c udp dport 33434-33534 drop'")
    provider_down(world)


def dns_down(world: World) -> None:
    for resolver in world.internet.resolvers:
        resolver.down = True


def their_resolver_down(world: World) -> None:
    world.internet.resolvers[0].down = True


def service_down(world: World) -> None:
    world.service.stop()


def service_gone(world: World) -> None:
    within("provider", f"ip route add blackhole {SERVICE}/32")


def tls_broken(world: World) -> None:
    world.service.stop()
    other = Authority("Somebody else")
    context = other.server_context(other.server(SERVICE_NAME))
    HttpsServer(Empty(), context, SERVICE, 443).start()


def other_host(world: World) -> None:
    world.service.stop()
    context = world.authority.server_context(world.authority.server("login.test"))
    HttpsServer(Empty(), context, SERVICE, 443).start()


def loss(world: World) -> None:
    within("provider", "nft add table ip lossy")
    within(
        "provider",
        "nft 'add chain ip lossy c { type filter hook forward priority 0; }'",
    )
    within("provider", "nft 'add rule ip lossy c iif core0 numgen random mod 100 < 60 drop'")


def latency(world: World) -> None:
    LongWay(30.0)
    time.sleep(0.5)


OUTAGES: Mapping[str, Callable[[World], None]] = {
    name.replace("_", "-"): play
    for name, play in list(globals().items())
    if callable(play) and getattr(play, "__annotations__", {}).get("world") == "World"
}


def plan(folder: Path) -> Plan:
    return Plan(
        anchors=tuple(Anchor(name, Place(address, 443)) for name, address in ANCHORS.items()),
        ca_file=folder / "authority.crt",
        resolvers=(THEIR_RESOLVER,),
        other_resolvers=(OTHER_RESOLVER,),
        page=EmptyPage(PAGE_NAME),
        endpoints=(Endpoint(CHANNEL, SERVICE_NAME, 443, folder / "authority.crt"),),
    )


def measured(gauges: MachineGauges) -> list[Measurement]:
    found = in_namespace("gate", lambda: list(gauges.take(Round.ALL)))
    assert isinstance(found, list)
    return found


def main(name: str, folder: Path) -> None:
    authority = Authority()
    (folder / "authority.crt").write_bytes(authority.pem)
    clock = SystemClock(believed=True)
    gauges = MachineGauges(plan(folder), clock, lambda: Gate(WELL, WELL, WELL, WELL), print)
    with SmallInternet(folder) as internet:
        internet.serve(authority)
        context = authority.server_context(authority.server(SERVICE_NAME))
        service = HttpsServer(Empty(), context, SERVICE, 443)
        service.start()
        before = measured(gauges)
        OUTAGES[name](World(internet, service, authority))
        time.sleep(1.5)  # the kernel tells of a lost carrier within a second
        begun = time.monotonic()
        found = measured(gauges)
        took_s = time.monotonic() - begun
    picture = gather((*before, *found)).picture(clock.now())
    said = classify(picture, Facts(battery=False), Past(path_before=True))
    told = {f"{m.layer}/{m.of}".rstrip("/"): readings(m.value) for m in found}
    print(json.dumps({"row": said.row, "whose": said.whose, "took_s": took_s, "measured": told}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    import os

    os._exit(0)
