"""The services that a simulated gate registers with: one authority behind all, a channel to each.

A line's name says which: `ciaw`, `cio`, `supplier`. They keep one ledger, since the authority
counts a worker's day once, whichever way it came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

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
from agent.sandbox.authority import Authority
from agent.sandbox.checkinout import CheckInOutService
from agent.sandbox.json_service import JsonService
from agent.sandbox.presence import PresenceService
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.serving import InProcess
from agent.sandbox.supplier import SupplierService
from agent.sandbox.virtual import VirtualClock

CALL_S = 20.0
CLIENT = "simulated-gate"
TOKEN = "made-up-token"
PLACE = {"coordinates": {"longitude": 4.35, "latitude": 50.85}}
NUMBER_AFTER = dt.timedelta(minutes=3)
"""What the supplier takes from accepting a registration to making it."""


class Offices:
    """The emulated services, as far as they are asked for, on a simulated clock."""

    def __init__(self, folder: Path, clock: VirtualClock, now: Callable[[], dt.datetime]) -> None:
        authority = Authority(now=now())
        pair = authority.sender("simulated gate")
        self._files = CredentialFiles(*pair.write(folder, "gate"))
        self._credentials = Credentials(self._files)
        self._token = folder / "token"
        self._token.touch(0o600)
        self._token.write_text(TOKEN)
        self._clock, self._now = clock, now
        self.ledger = PresenceLedger()
        self.ciaw = PresenceService(now, authority.certificate, ledger=self.ledger)
        public = x509.load_pem_x509_certificate(pair.certificate_pem).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.cio = CheckInOutService(now, {CLIENT: pem}, ledger=self.ledger)
        self.supplier = SupplierService(
            now, {TOKEN: "simulated gate"}, ledger=self.ledger, number_after=NUMBER_AFTER
        )

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
        wire = Wire(InProcess(self.service(name), self._sleep), monotonic=self._monotonic)
        host = f"https://{name}.test"
        match name:
            case "ciaw":
                return Checkinatwork(
                    name,
                    host + presence.PATH,
                    self._credentials,
                    wire,
                    environment="Simulation",
                    clock=self._now,
                )
            case "cio":
                return self._cio(name, host, wire)
        return Supplier(
            name,
            host + supplier.BASE_PATH,
            lambda _: wire,
            duty="checkinatwork",
            clock=self._now,
            token=BearerToken(self._token),
        )

    def _cio(self, name: str, host: str, wire: Wire) -> CheckInOut:
        key = self._files.key
        assert key is not None  # written as PEM
        tokens = AccessTokens(
            host + checkinout.TOKEN_PATH,
            CLIENT,
            SigningKey(key),
            wire,
            clock=self._now,
            monotonic=self._monotonic,
        )
        return CheckInOut(
            name,
            host + checkinout.BASE_PATH,
            tokens,
            wire,
            place=PLACE,
            clock=self._now,
            monotonic=self._monotonic,
        )

    def _sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    def _monotonic(self) -> float:
        return self._clock.now().mono_ms / 1000
