"""What a technician may write of the page in the configuration: [page]."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.identifiers import IdentifierError


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """[page]; `listen` empty: there is no page. `code` is a hash, as that of [operator]."""

    listen: str = ""
    code: str = field(default="", repr=False)
    certificate: Path | None = None
    key: Path | None = None
    proxy: str = ""
    names: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, int]:
        """The address and the port to listen on."""
        return place_of(self.listen)

    @property
    def local(self) -> bool:
        """True where only this machine itself reaches it, and no proxy passes others on."""
        return not self.proxy and ipaddress.ip_address(self.place[0]).is_loopback

    @property
    def encrypted(self) -> bool:
        """True where browsers speak TLS: with the gate itself, or with its proxy."""
        return self.certificate is not None or bool(self.proxy)


def place_of(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8417`, `[::1]:8417` → address and port. Raises ValueError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError("has no port")
    address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    return str(address), int(port)


def place_to_listen(text: str) -> str:
    """The rule of `page.listen`. Raises IdentifierError."""
    try:
        _, port = place_of(text)
    except ValueError:
        raise IdentifierError(
            "is no place to listen", 'write address and port, as "127.0.0.1:8417"'
        ) from None
    if not 1024 <= port <= 65535:
        raise IdentifierError(
            "has a port that the agent may not take", "choose one from 1024 to 65535"
        )
    return text


def host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The rule of `page.names`. Raises IdentifierError."""
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", name):
            raise IdentifierError(
                f"holds {name!r}, which is no name of a host", 'write each as "gate.example.be"'
            )
    return names
