"""What this machine says of its own uplinks: carrier, address, gateway, and if a neighbour answers.

From netdevice(7), arp(7) and the tables under /proc/net that proc(5) documents: no library, no
privilege, no shell. A library for netlink would cost 20 MiB of the gate's memory.
"""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import selectors
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from agent.core.measurements import FAILING, UNKNOWN, WELL, Reading
from agent.evidence.dialling import new_socket

ROUTES = Path("/proc/net/route")
ADDRESSES_6 = Path("/proc/net/if_inet6")
NEIGHBOURS = Path("/proc/net/arp")

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
ANSWERS_S = 3.0
FORGOTTEN_S = 10.0
"""By then the kernel has asked a silent neighbour again and forgotten it: 5 s, then 3 tries of 1 s
(arp(7): delay_first_probe_time, ucast_solicit, retrans_time)."""


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
    """Whether `neighbour`, in the same local network, answers at all; takes up to 10 s.

    It is knocked at: any answer counts, a refusal too. One that drops all of that still answers
    who it is (ARP), and the kernel asks that again because we sent something.
    """
    begun = time.monotonic()
    with selectors.DefaultSelector() as selector:
        knocks = _knocks(neighbour, device, selector)
        try:
            if not knocks:
                return UNKNOWN
            said = _heard(selector, begun + ANSWERS_S)
        finally:
            for knock in knocks:
                knock.close()
    if said is not UNKNOWN:
        return said
    while (known := _known(neighbour)) is True and time.monotonic() < begun + FORGOTTEN_S:
        time.sleep(0.5)
    return UNKNOWN if known is None else WELL if known else FAILING


def _knocks(neighbour: str, device: str, selector: selectors.BaseSelector) -> list[socket.socket]:
    made: list[socket.socket] = []
    for kind, port in (
        (socket.SOCK_DGRAM, DISCARD_PORT),
        *((socket.SOCK_STREAM, port) for port in KNOCKED_PORTS),
    ):
        try:
            knock = new_socket(socket.AF_INET, kind, device)
        except OSError:
            continue
        made.append(knock)
        knock.setblocking(False)
        knock.connect_ex((neighbour, port))
        if kind is socket.SOCK_DGRAM:
            knock.send(b"")
        selector.register(
            knock, selectors.EVENT_READ if kind is socket.SOCK_DGRAM else selectors.EVENT_WRITE
        )
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
