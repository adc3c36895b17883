"""What this machine says of its own uplinks: carrier, address, gateway, and if a neighbour answers.

From netdevice(7), arp(7) and the tables under /proc/net that proc(5) documents: no library, no
privilege, no shell. A library for netlink would cost 20 MiB of the gate's memory.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import selectors
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Reading
from agent.evidence.dialling import new_socket

ROUTES = Path("/proc/thread-self/net/route")
ADDRESSES_6 = Path("/proc/thread-self/net/if_inet6")
NEIGHBOURS = Path("/proc/thread-self/net/arp")

SIOCGIFFLAGS = 0x8913  # linux/sockios.h
SIOCGIFADDR = 0x8915
IFREQ_BYTES = 40  # sizeof(struct ifreq) on 64-bit Linux
NAME_BYTES = 16  # IFNAMSIZ
IFF_UP = 0x1  # linux/if.h
IFF_RUNNING = 0x40
RTF_UP = 0x1  # linux/route.h
RTF_GATEWAY = 0x2
ATF_COM = 0x2  # linux/if_arp.h: the entry holds a hardware address that answered
NO_SCOPE_6 = "00"  # global, in /proc/net/if_inet6

KNOCKED_PORTS = (53, 80, 443)
"""What a router usually listens on; a refusal is as good an answer."""
DISCARD_PORT = 9
FIRST_KNOCK_S = 0.5
"""Most answer the first knock, one packet each way, and are spared the others."""
ANSWERS_S = 3.0
KNOCKS_AGAIN_S = 2.0
FORGOTTEN_S = 55.0
"""By then the kernel has forgotten a silent neighbour that it had just heard: it believes in it for
up to 45 s, waits 5 s for an answer, and asks three times (arp(7): base_reachable_time,
delay_first_probe_time, ucast_solicit)."""


_Door = tuple[socket.SocketKind, int]


@dataclass(frozen=True, slots=True)
class Route:
    """A default route over a device; `gateway` empty where the line has none, as a modem's."""

    device: str
    gateway: str
    metric: int


def default_routes() -> tuple[Route, ...]:
    """The default routes of IPv4, the preferred one first. Raises OSError."""
    found = []
    for line in ROUTES.read_text("ascii").splitlines()[1:]:
        device, destination, gateway, flags, _, _, metric, mask = line.split()[:8]
        if destination == mask == "00000000" and int(flags, 16) & RTF_UP:
            has_one = int(flags, 16) & RTF_GATEWAY
            found.append(Route(device, _address(gateway) if has_one else "", int(metric)))
    return tuple(sorted(found, key=lambda route: route.metric))


def _address(kernels_hex: str) -> str:
    return socket.inet_ntoa(struct.pack("=L", int(kernels_hex, 16)))


def devices() -> tuple[str, ...]:
    """Every network device of this machine but loopback. Raises OSError."""
    return tuple(name for _, name in socket.if_nameindex() if name != "lo")


def carrier(device: str) -> Reading:
    """Whether the cable is in, or the Wi-Fi associated; unknown where the device is not there."""
    try:
        flags = struct.unpack("<H", _asked(device, SIOCGIFFLAGS)[NAME_BYTES : NAME_BYTES + 2])[0]
    except OSError:
        return UNKNOWN
    return WELL if flags & IFF_UP and flags & IFF_RUNNING else FAILING


def address(device: str) -> Reading:
    """Whether the device has an address that leads beyond it."""
    try:
        raw = _asked(device, SIOCGIFADDR)[NAME_BYTES + 4 : NAME_BYTES + 8]
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            return UNKNOWN
    else:
        if not ipaddress.IPv4Address(raw).is_link_local:
            return WELL
    return WELL if _has_global_6(device) else FAILING


def _asked(device: str, request: int) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
        return fcntl.ioctl(
            asking, request, device.encode()[: NAME_BYTES - 1].ljust(IFREQ_BYTES, b"\0")
        )


def _has_global_6(device: str) -> bool:
    try:
        rows = [line.split() for line in ADDRESSES_6.read_text("ascii").splitlines()]
    except OSError:  # a kernel without IPv6
        return False
    return any(row[5] == device and row[3] == NO_SCOPE_6 for row in rows)


def answers(neighbour: str, device: str = "") -> Reading:
    """Whether `neighbour`, in the same local network, answers at all; takes up to a minute.

    It is knocked at: any answer counts, a refusal too. One that drops all of that still answers
    who it is (ARP), and the kernel asks that again because we send something.
    """
    begun = time.monotonic()
    said = _knocked(neighbour, device, ((socket.SOCK_DGRAM, DISCARD_PORT),), FIRST_KNOCK_S)
    if said is UNKNOWN:
        doors = tuple((socket.SOCK_STREAM, port) for port in KNOCKED_PORTS)
        said = _knocked(neighbour, device, doors, ANSWERS_S)
    while said is UNKNOWN and _known(neighbour) and time.monotonic() < begun + FORGOTTEN_S:
        said = _knocked(neighbour, device, ((socket.SOCK_DGRAM, DISCARD_PORT),), KNOCKS_AGAIN_S)
    if said is not UNKNOWN:
        return said
    known = _known(neighbour)
    return UNKNOWN if known is None else WELL if known else FAILING


def _knocked(neighbour: str, device: str, doors: Sequence[_Door], for_s: float) -> Reading:
    with selectors.DefaultSelector() as selector:
        knocks = _knocks(neighbour, device, doors, selector)
        try:
            return _heard(selector, time.monotonic() + for_s)
        finally:
            for knock in knocks:
                knock.close()


def _knocks(
    neighbour: str, device: str, doors: Sequence[_Door], selector: selectors.BaseSelector
) -> list[socket.socket]:
    made: list[socket.socket] = []
    for kind, port in doors:
        try:
            knock = new_socket(socket.AF_INET, kind, device)
        except OSError:
            continue
        made.append(knock)
        knock.setblocking(False)
        awaited = selectors.EVENT_WRITE
        if knock.connect_ex((neighbour, port)) == 0 and kind is socket.SOCK_DGRAM:
            awaited = selectors.EVENT_READ
            with contextlib.suppress(OSError):  # what it says is read like an answer
                knock.send(b"")
        selector.register(knock, awaited)
    return made


def _heard(selector: selectors.BaseSelector, until_s: float) -> Reading:
    """Well at the first answer; failing once the kernel has found nobody there."""
    lost = False
    while selector.get_map() and (left := until_s - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            selector.unregister(key.fileobj)
            assert isinstance(key.fileobj, socket.socket)
            code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code in (0, errno.ECONNREFUSED):
                return WELL
            lost = True
    return FAILING if lost else UNKNOWN


def _known(neighbour: str) -> bool | None:
    """Whether the kernel holds its hardware address; None when that cannot be told."""
    try:
        rows = [line.split() for line in NEIGHBOURS.read_text("ascii").splitlines()[1:]]
    except OSError:
        return None
    flags = [int(row[2], 16) for row in rows if row[0] == neighbour]
    return any(flag & ATF_COM for flag in flags) if flags else None
