"""What systemd is told: that the gate is ready, that its loop turns, that it stops.

One datagram each to the socket that NOTIFY_SOCKET names (sd_notify(3)); nothing without one.
The watchdog is fed by the one loop alone: a loop that is stuck is restarted, whatever else runs.
"""

from __future__ import annotations

import os
import socket


class Watcher:
    """Whoever started the agent and watches it; nobody, when it was started by hand."""

    def __init__(self, address: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address

    def ready(self, status: str) -> None:
        """Taps are accepted from now on."""
        self._tell(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """The loop has turned once more."""
        self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """The configuration is read again; `ready` follows, whatever came of it."""
        self._tell("RELOADING=1")

    def stopping(self) -> None:
        """The agent ends by itself."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
                wire.settimeout(1.0)
                wire.connect(address)
                wire.send(message.encode())
        except OSError:
            return  # no manager listens: the gate works on all the same
