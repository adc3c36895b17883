"""What can be pulled in the world around the gate, and what that does to the wires.

Where the machine allows namespaces, all of it is real: a cable without carrier, a router that no
longer answers, a line whose far end is down, resolvers that are silent. Elsewhere everything stands
on loopback, and three of the parts cannot be had: `missing` says why.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Protocol

from agent.sandbox.authority import LOOPBACK, Authority
from agent.sandbox.browser.gate_config import GATE, INTERNET_EVIDENCE
from agent.sandbox.serving import HttpsServer, Service
from agent.sandbox.site import LOOPBACK_EVIDENCE, Ground
from agent.sandbox.small_internet import (
    AT_THE_GATE,
    ENTERING,
    SERVICE,
    SERVICE_NAME,
    SUPPLIER,
    SUPPLIER_NAME,
    SmallInternet,
    in_namespace,
    sh,
    within,
)
from agent.sandbox.world_time import WorldTime
from drivers.emulators.escpos import EscposEmulator

NEEDED = ("unshare", "nsenter", "ip", "mount", "sysctl")


class Part(StrEnum):
    """What somebody or something takes away, from the gate outwards."""

    MAINS = "mains"
    CABLE = "cable"
    ROUTER = "router"
    LINE = "line"
    """Between the site's router and the provider's first one; no button of the page pulls it."""
    PROVIDER = "provider"
    NAMES = "names"
    SERVICE = "service"
    SUPPLIER = "supplier"


class Wires(Protocol):
    """The network between gate and services."""

    ground: Ground
    missing: dict[Part, str]
    """What cannot be pulled here, and why."""

    def supplier(self, service: Service, authority: Authority) -> HttpsServer:
        """The supplier's server, where the gate's configuration expects it."""
        ...

    def serve(self, authority: Authority) -> None:
        """Puts up the hosts that prove that there is an internet."""
        ...

    def pulled(self, parts: Collection[Part]) -> None:
        """From now on exactly these are away; services and mains sensor are not its affair."""
        ...

    def close(self) -> None:
        """Takes all of it down."""
        ...


def possible() -> str:
    """Empty where a small internet can be put up; else what stands in its way."""
    for command in NEEDED:
        if shutil.which(command) is None:
            return f"the command {command} is missing (sudo apt install iproute2 procps)"
    trial = [*ENTERING, "mount", "-t", "tmpfs", "tmpfs", "/run"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        return "this kernel or container allows no network namespaces"
    return ""


class InternetWires:
    """A small internet. The process runs in namespaces of its own (`ENTERING`)."""

    def __init__(self, folder: Path, time: WorldTime) -> None:
        self.missing: dict[Part, str] = {}
        self._internet = SmallInternet(folder)
        self._out: set[str] = set()
        self.ground = Ground(
            SERVICE,
            443,
            SERVICE_NAME,
            GATE,
            INTERNET_EVIDENCE,
            AT_THE_GATE,
            partial(in_namespace, "gate", EscposEmulator),
            time,
        )

    def supplier(self, service: Service, authority: Authority) -> HttpsServer:
        """On an address of its own."""
        context = authority.server_context(authority.server(SUPPLIER_NAME))
        return HttpsServer(service, context, SUPPLIER, 443)

    def serve(self, authority: Authority) -> None:
        """Anchors, and the empty page."""
        self._internet.serve(authority)

    def close(self) -> None:
        """The kernel takes the namespaces away with the process."""
        self._internet.__exit__()

    def pulled(self, parts: Collection[Part]) -> None:
        """A router without mains has no carrier on either side."""
        dark = Part.MAINS in parts
        self._switch("cable", dark or Part.CABLE in parts, _cable)
        self._switch("line", dark or Part.LINE in parts, _line)
        self._switch("router", Part.ROUTER in parts, _router)
        self._switch("provider", Part.PROVIDER in parts, _provider)
        for resolver in self._internet.resolvers:
            resolver.down = Part.NAMES in parts

    def _switch(self, name: str, out: bool, act: Callable[[bool], None]) -> None:
        if out != (name in self._out):
            act(out)
            (self._out.add if out else self._out.discard)(name)


def _cable(out: bool) -> None:
    within("router", f"ip link set lan0 {'down' if out else 'up'}")


def _line(out: bool) -> None:
    within("router", f"ip link set wan0 {'down' if out else 'up'}")
    if not out:
        within("router", "ip route replace default via 198.51.100.1")


def _router(out: bool) -> None:
    change = "flush dev lan0" if out else "replace 192.168.77.1/24 dev lan0"
    within("router", f"ip address {change}")


def _provider(out: bool) -> None:
    """The provider's equipment is well and passes on what comes; beyond it nobody takes it."""
    if out:
        sh("ip address flush dev net0")
    else:
        sh("ip address replace 203.0.113.1/24 dev net0")
        sh("ip route replace default via 203.0.113.2")


class LoopbackWires:
    """Everything on 127.0.0.1: what lies between cannot be taken away piece by piece."""

    def __init__(self, time: WorldTime, why: str) -> None:
        self.ground = Ground(config=GATE, more=LOOPBACK_EVIDENCE, time=time)
        pieces = (Part.CABLE, Part.ROUTER, Part.LINE, Part.NAMES)
        self.missing = dict.fromkeys(pieces, f"Not here: {why}.")

    def supplier(self, service: Service, authority: Authority) -> HttpsServer:
        """On a port of its own."""
        return HttpsServer(service, authority.server_context(authority.server(*LOOPBACK)))

    def serve(self, authority: Authority) -> None:
        """The service stands in for the anchors."""

    def pulled(self, parts: Collection[Part]) -> None:
        """The provider is down: nobody answers (`TrainingSite` lets the services do so)."""

    def close(self) -> None:
        """Nothing to take down."""
