"""The services that a simulated gate registers with: one authority behind all, a channel to each.

A line's name says which: `ciaw`, `cio`, `supplier`. They keep one ledger, since the authority
counts a worker's day once, whichever way it came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.channels.base import Channel
from agent.channels.checkinatwork import Checkinatwork
from agent.channels.checkinout import CheckInOut
from agent.channels.credentials import BearerToken, CredentialFiles, Credentials, SigningKey
from agent.channels.delivery import Post
from agent.channels.supplier import Supplier
from agent.channels.tokens import AccessTokens
from agent.channels.wire import Wire
from agent.sandbox import checkinout, presence, supplier
from agent.sandbox.authority import Authority, Pair
from agent.sandbox.checkinout import CheckInOutService
from agent.sandbox.json_service import JsonService
from agent.sandbox.presence import PresenceService
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.presence_rules import Rules
from agent.sandbox.serving import InProcess
from agent.sandbox.supplier import SupplierService
from agent.sandbox.virtual import VirtualClock

CALL_S = 20.0
CLIENT = "simulated-gate"
TOKEN = "made-up-token"
PLACE = {"coordinates": {"longitude": 4.35, "latitude": 50.85}}
NUMBER_AFTER = dt.timedelta(minutes=3)
"""What the supplier takes from accepting a registration to making it."""
LONG = dt.timedelta(days=800)
"""The gate's certificate outlives two simulated years."""


Between = Callable[[str, httpx.BaseTransport], httpx.BaseTransport]
"""Puts something between a line, by its name, and the service behind it."""


def _nothing(_: str, transport: httpx.BaseTransport) -> httpx.BaseTransport:
    return transport


@cache
def _papers(day: dt.date) -> tuple[Authority, Pair]:
    """An authority, and what it certified for the gate; once a process for sites of that day:
    keys cost time, and nothing that a run records depends on them."""
    authority = Authority(now=dt.datetime.combine(day, dt.time(), dt.UTC))
    return authority, authority.sender("simulated gate", expires_in=LONG)


class Offices:
    """The emulated services, as far as they are asked for, on a simulated clock. `ledger`: the
    authority's own, where several gates register with it."""

    def __init__(
        self,
        folder: Path,
        clock: VirtualClock,
        now: Callable[[], dt.datetime],
        between: Between = _nothing,
        ledger: PresenceLedger | None = None,
    ) -> None:
        authority, pair = _papers(now().date())
        self._between = between
        files = CredentialFiles(*pair.write(folder, "gate"))
        assert files.key is not None  # written as PEM
        # Read once a site, and not at each of its gate's starts: to check a key costs a lot.
        self._credentials, self._key = Credentials(files), SigningKey(files.key)
        self._token = folder / "token"
        self._token.touch(0o600)
        self._token.write_text(TOKEN)
        self._clock, self._now = clock, now
        self.ledger = ledger if ledger is not None else PresenceLedger()
        self.ciaw = PresenceService(now, authority.certificate, ledger=self.ledger)
        public = x509.load_pem_x509_certificate(pair.certificate_pem).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.cio = CheckInOutService(now, {CLIENT: pem}, ledger=self.ledger)
        self.supplier = SupplierService(
            now, {TOKEN: "simulated gate"}, ledger=self.ledger, number_after=NUMBER_AFTER
        )

    def know(self, rules: Rules) -> None:
        """From now on the authority knows so much of workers and firms."""
        for service in (self.ciaw, self.cio, self.supplier):
            service.rules = rules

    def posts(self, names: Iterable[str]) -> dict[str, Post]:
        """New channels, as a process has them that has just started."""
        return {name: Post(self._channel(name), CALL_S) for name in names}

    def service(self, name: str) -> PresenceService | JsonService:
        """The service behind the line of this name."""
        match name:
            case "ciaw":
                return self.ciaw
            case "cio":
                return self.cio
            case "supplier":
                return self.supplier
        raise ValueError(f"there is no service for a line named {name}")

    def _channel(self, name: str) -> Channel:
        transport = self._between(name, InProcess(self.service(name), self._sleep))
        wire = Wire(transport, monotonic=self._monotonic)
        host = f"https://{name}.test"
        match name:
            case "ciaw":
                return Checkinatwork(
                    name,
                    host + presence.PATH,
                    self._credentials,
                    wire,
                    environment="Simulation",
                    clock=self._by_the_gate,
                )
            case "cio":
                return self._cio(name, host, wire)
        return Supplier(
            name,
            host + supplier.BASE_PATH,
            lambda _: wire,
            duty="checkinatwork",
            clock=self._by_the_gate,
            token=BearerToken(self._token),
        )

    def _cio(self, name: str, host: str, wire: Wire) -> CheckInOut:
        tokens = AccessTokens(
            host + checkinout.TOKEN_PATH,
            CLIENT,
            self._key,
            wire,
            clock=self._by_the_gate,
            monotonic=self._monotonic,
        )
        return CheckInOut(
            name,
            host + checkinout.BASE_PATH,
            tokens,
            wire,
            place=PLACE,
            clock=self._by_the_gate,
            monotonic=self._monotonic,
        )

    def _by_the_gate(self) -> dt.datetime:
        """What the gate's own wall clock says: it signs and judges ages by that."""
        return dt.datetime.fromtimestamp(self._clock.now().unix_ms / 1000, dt.UTC)

    def _sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    def _monotonic(self) -> float:
        return self._clock.now().mono_ms / 1000
