"""A deadline over a whole call, for the network layer under httpx.

httpx bounds each read by itself, so a server that sends a byte now and then holds a call for ever,
even inside its headers. `DeadlineBackend` gives every connect, read and write only what is left of
the call. Finding the addresses of a name has half of it at most; they share the rest, so that a
dead IPv6 route leaves time for IPv4.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import httpcore

from agent.channels.names import Names

Remaining = Callable[[], float]
"""Seconds left of the call; below zero once it is over."""

_remaining: ContextVar[Remaining | None] = ContextVar("remaining", default=None)

UNBOUNDED_S = 60.0
"""For a lookup outside any deadline."""
LEAST_WAIT_S = 0.001
"""A socket takes 0 as "do not wait": a call that is over must time out, not fail otherwise."""


@contextlib.contextmanager
def deadline(remaining: Remaining) -> Iterator[None]:
    """Bounds what this thread does over a `DeadlineBackend` inside the block."""
    token = _remaining.set(remaining)
    try:
        yield
    finally:
        _remaining.reset(token)


def _bounded(timeout: float | None, share: int = 1) -> float | None:
    """`timeout`, or what is left of the call divided by `share`, whichever is shorter."""
    remaining = _remaining.get()
    if remaining is None:
        return timeout
    left = max(LEAST_WAIT_S, remaining() / share)
    return left if timeout is None else min(timeout, left)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every operation ends with the call."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to `max_bytes`; raises httpcore.ReadTimeout at the deadline."""
        return self._stream.read(max_bytes, _bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Writes all of `buffer`; raises httpcore.WriteTimeout at the deadline."""
        self._stream.write(buffer, _bounded(timeout))

    def close(self) -> None:
        """Lets the connection go."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection under TLS; raises httpcore.ConnectError."""
        return DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, _bounded(timeout))
        )

    def get_extra_info(self, info: str) -> Any:
        """What the inner stream knows."""
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections that end with the call, to the addresses that `names` gives of a host."""

    def __init__(self, names: Names | None = None) -> None:
        self._backend = httpcore.SyncBackend()
        self._names = names or Names()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address of `host` that takes it; raises httpcore.ConnectError."""
        failure: Exception | None = None
        addresses = self._addresses(host, _bounded(timeout, 2))
        for place, address in enumerate(addresses):
            share = _bounded(timeout, len(addresses) - place)
            try:
                stream = self._backend.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlineStream(stream)
        raise failure or httpcore.ConnectError("the name has no address")

    def _addresses(self, host: str, wait_s: float | None) -> list[str]:
        try:
            return self._names.addresses(host, UNBOUNDED_S if wait_s is None else wait_s)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
