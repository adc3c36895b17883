"""The way to one endpoint: its name, its port, its TLS, its certificate, and its clock.

Nothing is asked of the service itself but whether it speaks HTTP: what it answers to a delivery is
told by that delivery.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Channel, Reading
from agent.evidence.dialling import Calls, Place
from agent.evidence.naming import Told, ask

PATIENCE_S = 15.0
"""Five tries of a TCP connection: on a line that loses more than half, one of them gets there."""
MOST_HEAD_BYTES = 8192

_OTHER_HOST = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a channel lives: `ca_file` None stands for the system's authorities."""

    name: str
    host: str
    port: int = 443
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """What was measured of an endpoint, and the Date that it named if it was asked for one."""

    channel: Channel
    server_date: str = ""


def is_address(host: str) -> bool:
    """True where there is no name to ask for."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def looked_up(
    host: str, resolvers: Sequence[str], device: str = "", slow_s: float = 0.0
) -> tuple[Reading, list[str]]:
    """Whether the name is known, and its addresses, from the first resolver that knows it.

    Failing when resolvers answer and none knows it; unknown when none answers.
    """
    if is_address(host) or host == "localhost":
        return WELL, [host if host != "localhost" else "127.0.0.1"]
    denied = False
    for resolver in resolvers:
        answer = ask(resolver, host, device, slow_s)
        if answer.addresses:
            return WELL, list(answer.addresses)
        denied = denied or answer.told in (Told.KNOWN, Told.NO_SUCH_NAME)
    return (FAILING if denied else UNKNOWN), []


def reach(
    endpoint: Endpoint,
    resolvers: Sequence[str],
    device: str = "",
    *,
    slow_s: float = 0.0,
    dated: bool = False,
) -> Reached:
    """The way to `endpoint`, layer by layer as far as it goes; `slow_s`: what this line is known to
    take. With `dated` its clock too."""
    name, found = looked_up(endpoint.host, resolvers, device, slow_s)
    if not found:
        return Reached(Channel(name=name))
    places = [Place(address, endpoint.port) for address in found]
    with Calls(places, device) as calls:
        patience_s = PATIENCE_S + slow_s
        ended = calls.wait(patience_s, first=True)
        there = next((place for place, call in ended.items() if call.connected), None)
        if there is None:
            unmade = all(ended[p].unmade for p in places if p in ended) and len(ended) == len(
                places
            )
            return Reached(Channel(name=name, tcp=UNKNOWN if unmade else FAILING))
        with calls.take(there) as open_socket:
            open_socket.settimeout(patience_s)
            return _greeted(endpoint, open_socket, name, dated)


def _greeted(endpoint: Endpoint, plain: socket.socket, name: Reading, dated: bool) -> Reached:
    """TLS over an open connection, and what it answers to HTTP if it is asked for its Date."""
    context = ssl.create_default_context(cafile=endpoint.ca_file)
    up = Channel(name=name, tcp=WELL)
    try:
        with context.wrap_socket(plain, server_hostname=endpoint.host) as secured:
            there = _channel(up, WELL, WELL, WELL)
            http, date = _head(endpoint.host, secured) if dated else (UNKNOWN, "")
            return Reached(replace(there, http=http), date)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _OTHER_HOST:
            return Reached(_channel(up, WELL, FAILING, FAILING))
        return Reached(_channel(up, WELL, FAILING, UNKNOWN))
    except ssl.SSLError as error:
        # An alert comes after its certificate was found good: it wants ours, which a delivery
        # shows. Anything else is no TLS at all: plain text of a proxy or a login page.
        if "_ALERT_" in (error.reason or ""):
            return Reached(_channel(up, WELL, WELL, WELL))
        plain_text = error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
        return Reached(_channel(up, FAILING, UNKNOWN, FAILING if plain_text else UNKNOWN))
    except OSError:
        return Reached(_channel(up, FAILING, UNKNOWN, UNKNOWN))


def _channel(up: Channel, tls: Reading, certificate: Reading, impostor: Reading) -> Channel:
    return Channel(up.name, up.tcp, tls, certificate, impostor)


def _head(host: str, secured: ssl.SSLSocket) -> tuple[Reading, str]:
    """Whether it speaks HTTP, and its Date header; empty where it names none."""
    try:
        secured.sendall(
            b"HEAD / HTTP/1.1\r\nHost: " + host.encode("idna") + b"\r\n"
            b"User-Agent: werfpoort\r\nConnection: close\r\n\r\n"
        )
        head = b""
        while b"\r\n\r\n" not in head and len(head) < MOST_HEAD_BYTES:
            if not (part := secured.recv(MOST_HEAD_BYTES)):
                break
            head += part
    except ssl.SSLError:  # it wants our certificate first
        return UNKNOWN, ""
    except OSError:
        return FAILING, ""
    if not head.startswith(b"HTTP/"):
        return FAILING, ""
    for line in head.decode("latin-1").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "date":
            return WELL, value.strip()
    return WELL, ""
