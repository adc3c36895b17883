"""A building site and an internet in network namespaces: real cables, routers, resolvers, hosts.

    gate 192.168.77.2 ── router 192.168.77.1 │ 198.51.100.2 ── provider 198.51.100.1 │ 203.0.113.2
                                                                     ── internet 203.0.113.1

In the internet: four anchors 192.0.2.1 to .4, the provider's resolver .53, another one .54, the
service .80, a supplier .81, an empty page .90. Runs as root of its own user, network and mount
namespaces (`ENTERING`), and needs `ip` and `nsenter`.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from agent.sandbox.authority import Authority
from agent.sandbox.faults import Faults
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer

ANCHORS = {f"anchor{n}.test": f"192.0.2.{n}" for n in (1, 2, 3, 4)}
THEIR_RESOLVER, OTHER_RESOLVER = "192.0.2.53", "192.0.2.54"
SERVICE, SERVICE_NAME = "192.0.2.80", "checkinatwork.test"
SUPPLIER, SUPPLIER_NAME = "192.0.2.81", "supplier.test"
PAGE, PAGE_NAME = "192.0.2.90", "empty.test"
GATEWAY, PROVIDER = "192.168.77.1", "198.51.100.1"
CLONE_NEWNET = 0x40000000
NAMESPACES = ("gate", "router", "provider")

NAMES = {SERVICE_NAME: SERVICE, SUPPLIER_NAME: SUPPLIER, PAGE_NAME: PAGE, **ANCHORS}
ENTERING = ("unshare", "--user", "--map-root-user", "--net", "--mount")
"""In front of a command: it runs where a SmallInternet can be put up."""
AT_THE_GATE = ("nsenter", "--net=/run/netns/gate", "--")
"""In front of a command: it runs at the site's end of the cable."""
T = TypeVar("T")


def sh(command: str) -> None:
    """Runs it. Raises CalledProcessError."""
    subprocess.run(command, shell=True, check=True)


def within(namespace: str, command: str) -> None:
    """Runs it in that network namespace. Raises CalledProcessError."""
    sh(f"nsenter --net=/run/netns/{namespace} {command}")


class Empty:
    """Answers every request by nothing."""

    faults = Faults()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Nothing."""
        return HttpAnswer(204)


class Resolver:
    """Knows `names`, and answers at `address` and `port` (0: any that is free); silent while
    `down`."""

    def __init__(
        self, address: str, port: int = 53, names: Mapping[str, str] | None = None
    ) -> None:
        self.down = False
        self.asked = 0
        self._names = NAMES if names is None else names
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, whose = self._socket.recvfrom(512)
            self.asked += 1
            if not self.down:
                with contextlib.suppress(OSError):  # there is no way back to whoever asked
                    self._socket.sendto(answer_to(question, self._names), whose)


def answer_to(question: bytes, names: Mapping[str, str]) -> bytes:
    """The answer to a question about an address (RFC 1035), from `names` alone."""
    labels, place = [], 12
    while length := question[place]:
        labels.append(question[place + 1 : place + 1 + length].decode("ascii"))
        place += 1 + length
    asked = question[12 : place + 5]
    wants_a = question[place + 1 : place + 3] == b"\0\1"
    address = names.get(".".join(labels).lower())
    code = 0 if address else 3
    records = b""
    if address and wants_a:
        records = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, int(bool(records)), 0, 0)
    return head + asked + records


class SmallInternet:
    """Everything but the site's own agent and the service; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._parts = ExitStack()
        _namespaces(folder)
        _cables()
        self.resolvers = [Resolver(THEIR_RESOLVER), Resolver(OTHER_RESOLVER)]

    def serve(self, authority: Authority) -> None:
        """Anchors with their certificates, and the empty page."""
        for name, address in ANCHORS.items():
            context = authority.server_context(authority.server(name))
            self._parts.enter_context(HttpsServer(Empty(), context, address, 443))
        self._parts.enter_context(HttpsServer(Empty(), None, PAGE, 80))

    def __enter__(self) -> SmallInternet:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()


def _namespaces(folder: Path) -> None:
    sh("mount --make-rprivate /; mount -t tmpfs tmpfs /run; mkdir /run/netns")
    (folder / "resolv.conf").write_text(f"nameserver {THEIR_RESOLVER}\noptions timeout:1\n")
    sh(f"mount --bind {folder}/resolv.conf /etc/resolv.conf")
    # What a Raspberry Pi says of its supply; this kernel has no such driver.
    sh("mount -t tmpfs tmpfs /sys; mkdir -p /sys/class/hwmon/hwmon0")
    Path("/sys/class/hwmon/hwmon0/name").write_text("rpi_volt\n")
    Path("/sys/class/hwmon/hwmon0/in0_lcrit_alarm").write_text("0\n")
    for name in NAMESPACES:
        sh(f"ip netns add {name}")
        within(name, "ip link set lo up")


def _cables() -> None:
    sh("ip link set lo up")
    hosts = (THEIR_RESOLVER, OTHER_RESOLVER, SERVICE, SUPPLIER, PAGE)
    for address in (*ANCHORS.values(), *hosts):
        sh(f"ip address add {address}/32 dev lo")
    _cable(("gate", "eth0", "192.168.77.2/24"), ("router", "lan0", "192.168.77.1/24"))
    _cable(("router", "wan0", "198.51.100.2/24"), ("provider", "line0", "198.51.100.1/24"))
    sh("ip link add core0 type veth peer name net0")
    sh("ip link set core0 netns provider")
    within("provider", "ip address add 203.0.113.2/24 dev core0")
    within("provider", "ip link set core0 up")
    sh("ip address add 203.0.113.1/24 dev net0; ip link set net0 up")
    within("gate", f"ip route add default via {GATEWAY}")
    within("router", f"ip route add default via {PROVIDER}")
    within("provider", "ip route add default via 203.0.113.1")
    within("provider", "ip route add 192.168.77.0/24 via 198.51.100.2")
    sh("ip route add default via 203.0.113.2")
    for name in ("router", "provider"):
        within(name, "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0")
    sh("sysctl -qw net.ipv4.ip_forward=1")


def _cable(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    (ns1, dev1, _), (ns2, dev2, _) = one, other
    sh(f"ip link add {dev1} netns {ns1} type veth peer name {dev2} netns {ns2}")
    for namespace, device, address in (one, other):
        within(namespace, f"ip address add {address} dev {device}")
        within(namespace, f"ip link set {device} up")


def in_namespace(name: str, do: Callable[[], T]) -> T:
    """What `do` gives on a thread in that network namespace; its sockets stay there."""
    said: list[T] = []

    def run() -> None:
        with open(f"/run/netns/{name}") as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        said.append(do())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return said[0]
