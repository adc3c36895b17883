"""The way out, hop by hop: which routers answer when a packet may go only so far.

UDP with a small time to live, and the opening of a TCP connection where that is not answered; what
the routers answer is read from the socket's error queue (ip(7), IP_RECVERR), which needs no
privilege.
"""

from __future__ import annotations

import errno
import ipaddress
import selectors
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Reading
from agent.evidence.dialling import new_socket

IP_RECVERR = 11  # linux/in.h
EXTENDED_ERROR = struct.Struct("=IBBBxII")  # struct sock_extended_err, linux/errqueue.h
FROM_ICMP = 2  # SO_EE_ORIGIN_ICMP
HTTPS_PORT = 443
FIRST_PORT = 33434  # the ports of traceroute, which firewalls know
MOST_HOPS = 10
"""The provider's own equipment is among the first five; a few more show what lies beyond."""
HEARD_S = 3.0
ROUNDS = (socket.SOCK_DGRAM, socket.SOCK_DGRAM, socket.SOCK_STREAM)
"""A router answers so many of these a second: who was silent is asked once more. Many a firewall
lets only TCP out."""

PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"))
)
"""What a site's own routers have (RFC 1918, 3927). 100.64.0.0/10 (RFC 6598) is a provider's."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Hop:
    """A router that answered: how many steps away, and its address."""

    distance: int
    address: str


def way_to(
    target: str,
    device: str = "",
    *,
    port: int = HTTPS_PORT,
    most: int = MOST_HOPS,
    heard_s: float = HEARD_S,
) -> tuple[Hop, ...] | None:
    """The hops towards `target`, the nearest first; None when it could not be tried. `port`: where
    it listens."""
    found: dict[int, Hop] = {}
    for kind in ROUNDS:
        silent = [n for n in range(1, most + 1) if n not in found and n < _end(found, target)]
        heard = _round(_Way(target, port, device, kind), silent, heard_s)
        if heard is None:
            return None if not found else _ordered(found)
        found.update(heard)
    return _ordered(found)


def _end(found: dict[int, Hop], target: str) -> int:
    reached = [n for n, hop in found.items() if hop.address == target]
    return min(reached, default=MOST_HOPS + 1)


def _ordered(found: dict[int, Hop]) -> tuple[Hop, ...]:
    """Each router once, where it answered first: one that knows no way on answers all others."""
    first: dict[str, Hop] = {}
    for n in sorted(found):
        first.setdefault(found[n].address, found[n])
    return tuple(first.values())


@dataclass(frozen=True, slots=True)
class _Way:
    target: str
    port: int
    device: str
    kind: socket.SocketKind


def _round(way: _Way, distances: Sequence[int], heard_s: float) -> dict[int, Hop] | None:
    found: dict[int, Hop] = {}
    probes: dict[socket.socket, int] = {}
    with selectors.DefaultSelector() as selector:
        try:
            for distance in distances:
                probe = _sent(way, distance)
                probes[probe] = distance
                selector.register(probe, _AWAITED[way.kind])
            until = time.monotonic() + heard_s
            while selector.get_map() and (left := until - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    assert isinstance(key.fileobj, socket.socket)
                    if address := _answered(key.fileobj):
                        found[probes[key.fileobj]] = Hop(probes[key.fileobj], address)
                    selector.unregister(key.fileobj)
        except OSError:
            return found or None
        finally:
            for probe in probes:
                probe.close()
    return found


_AWAITED = {
    socket.SOCK_DGRAM: selectors.EVENT_READ,
    socket.SOCK_STREAM: selectors.EVENT_WRITE,  # connected, refused, or told of on the way
}


def _sent(way: _Way, distance: int) -> socket.socket:
    probe = new_socket(socket.AF_INET, way.kind, way.device)
    try:
        probe.setblocking(False)
        probe.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, distance)
        if way.kind is socket.SOCK_STREAM:
            probe.connect_ex((way.target, way.port))
        else:
            probe.sendto(b"", (way.target, FIRST_PORT + distance))
    except OSError:
        probe.close()
        raise
    return probe


def _answered(probe: socket.socket) -> str:
    """Who answered the probe; empty when it was this machine itself."""
    try:
        _, control, _, _ = probe.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
            return _connected_to(probe)
        raise
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IP, IP_RECVERR):
            _, origin, *_ = EXTENDED_ERROR.unpack_from(data)
            if origin == FROM_ICMP:  # then the router's address follows, a struct sockaddr_in
                start = EXTENDED_ERROR.size + 4
                return socket.inet_ntoa(data[start : start + 4])
    return ""


def _connected_to(probe: socket.socket) -> str:
    """The target itself, where the probe reached it."""
    try:
        address: str = probe.getpeername()[0] if probe.type is socket.SOCK_STREAM else ""
    except OSError:
        return ""
    return address


def judged(
    hops: Iterable[Hop] | None, anchor_answers: bool, gateway: str, networks: Sequence[Network]
) -> tuple[Reading, Reading]:
    """Whether a hop of the provider answers, and whether one beyond it does.

    The provider's are those of `networks`; none stated, the first one that is no private address:
    there the provider's own equipment begins. What lies after it counts as beyond, so that less is
    claimed and never more.
    """
    if hops is None:
        return UNKNOWN, WELL if anchor_answers else UNKNOWN
    outer = [hop for hop in hops if hop.address != gateway]
    theirs = [hop for hop in outer if _of_provider(hop, networks)]
    if not networks:
        theirs = theirs[:1]
    last = max((hop.distance for hop in theirs), default=0)
    beyond = anchor_answers or any(last and hop.distance > last for hop in outer)
    if not theirs:
        return FAILING, WELL if beyond else UNKNOWN
    return WELL, WELL if beyond else FAILING


def _of_provider(hop: Hop, networks: Sequence[Network]) -> bool:
    address = ipaddress.ip_address(hop.address)
    if networks:
        return any(address in network for network in networks)
    return not any(address in network for network in PRIVATE)
