"""A line on which every packet is late."""

from __future__ import annotations

import fcntl
import os
import struct
import threading

from agent.sandbox.small_internet import in_namespace, within


class LongWay:
    """Between router and internet a line on which every packet takes `delay_s`: a router of our
    own over a TUN device, for this kernel has no netem."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._device = in_namespace("provider", _tun)
        within("provider", "ip link set late0 up")
        within("provider", "ip route add default dev late0 table 100")
        within("provider", "ip rule add iif line0 lookup 100")
        within("provider", "sysctl -qw net.ipv4.conf.all.rp_filter=0")
        within("provider", "sysctl -qw net.ipv4.conf.late0.rp_filter=0")
        threading.Thread(target=self._carry, daemon=True).start()

    def _carry(self) -> None:
        while True:
            packet = os.read(self._device, 65535)
            threading.Timer(self._delay_s, os.write, (self._device, packet)).start()


def _tun() -> int:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, 0x400454CA, struct.pack("16sH22s", b"late0", 0x1001, b""))  # TUNSETIFF
    return device
