"""Connecting to several places at once, each by its address, over one uplink.

What answers is told apart from what is silent; a refusal is an answer too. Whoever waits on a
building site waits for a mobile network: where nothing answers soon, it is given time.
"""

from __future__ import annotations

import errno
import ipaddress
import selectors
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SOON_S = 5.0
"""Three tries of a TCP connection: it is tried again after 1 s and after 3 s (RFC 6298)."""

_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_NOT_ALLOWED = (errno.EPERM, errno.EACCES, errno.ENODEV, errno.EMFILE, errno.ENFILE, errno.ENOBUFS)


@dataclass(frozen=True, slots=True)
class Place:
    """A numeric address with its port."""

    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        six = ipaddress.ip_address(self.address).version == 6
        return socket.AF_INET6 if six else socket.AF_INET


@dataclass(frozen=True, slots=True)
class Dialled:
    """What became of one call. `after_s`: until it was connected, None if it never was.

    `refused`: somebody there said no, which is an answer. `unmade`: it could not even be tried.
    """

    after_s: float | None = None
    refused: bool = False
    unmade: bool = False

    @property
    def connected(self) -> bool:
        """True when a connection stood."""
        return self.after_s is not None


def new_socket(family: socket.AddressFamily, kind: socket.SocketKind, device: str) -> socket.socket:
    """A socket that leaves by `device` alone, empty for any. Raises OSError."""
    made = socket.socket(family, kind | socket.SOCK_CLOEXEC)
    try:
        if device:  # needs no privilege since Linux 5.7
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    except OSError:
        made.close()
        raise
    return made


class Calls:
    """Calls under way, each on a socket of its own; use as a context manager."""

    def __init__(self, places: Iterable[Place], device: str = "") -> None:
        self._begun = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[Place, socket.socket] = {}
        self.ended: dict[Place, Dialled] = {}
        for place in dict.fromkeys(places):
            self._begin(place, device)

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for each in self._sockets.values():
            each.close()

    def _begin(self, place: Place, device: str) -> None:
        try:
            made = new_socket(place.family, socket.SOCK_STREAM, device)
        except OSError:
            self.ended[place] = Dialled(unmade=True)
            return
        self._sockets[place] = made
        made.setblocking(False)
        code = made.connect_ex((place.address, place.port))
        if code in _PENDING:
            self._selector.register(made, selectors.EVENT_WRITE, place)
        else:
            self.ended[place] = self._outcome(code)

    def _outcome(self, code: int) -> Dialled:
        if code == 0:
            return Dialled(after_s=time.monotonic() - self._begun)
        return Dialled(refused=code == errno.ECONNREFUSED, unmade=code in _NOT_ALLOWED)

    def wait(self, until_s: float, *, first: bool = False) -> Mapping[Place, Dialled]:
        """What has ended by so many seconds after the beginning; `first`: until one connected."""
        while self._selector.get_map():
            if first and any(d.connected for d in self.ended.values()):
                break
            left = self._begun + until_s - time.monotonic()
            ready = self._selector.select(max(0.0, left))
            if not ready and left <= 0:
                break
            for key, _ in ready:
                made = self._sockets[key.data]
                self._selector.unregister(made)
                code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                self.ended[key.data] = self._outcome(code)
        return self.ended

    def take(self, place: Place) -> socket.socket:
        """The connected socket, now the caller's."""
        return self._sockets.pop(place)
