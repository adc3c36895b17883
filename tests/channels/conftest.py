"""The emulated Checkinatwork with a channel to it, in process and over real HTTPS on loopback."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lxml import etree

from agent.channels.base import Channel, ChannelError, Registration
from agent.channels.checkinatwork import Checkinatwork
from agent.channels.checkinout import CheckInOut
from agent.channels.credentials import BearerToken, CredentialFiles, Credentials, SigningKey
from agent.channels.supplier import Supplier
from agent.channels.tokens import AccessTokens
from agent.channels.wire import Wire, gate_transport
from agent.sandbox import checkinout as checkinout_service
from agent.sandbox import supplier as supplier_service
from agent.sandbox.authority import Authority
from agent.sandbox.checkinout import CheckInOutService
from agent.sandbox.faults import Faults
from agent.sandbox.presence import PATH, PresenceService
from agent.sandbox.presence_ledger import DIMONA_NOT_OK, PresenceLedger
from agent.sandbox.presence_rules import Rules
from agent.sandbox.serving import HttpsServer, InProcess
from agent.sandbox.supplier import SupplierService

SCHEMA = Path(__file__).parents[3] / "shared" / "checkinatwork" / "schema"
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
FAULT = "{http://schemas.xmlsoap.org/soap/envelope/}Fault"

START = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)
"""06:58 in Brussels: START.date() is the day there, too."""
DECLARATION = "1Y1000NF9KCQZ"
EMPLOYER = "0448181966"
UNKNOWN_EMPLOYER = "0101010157"
JAN = "85011512355"
NORA = "05011512353"
BIS = "90231512323"
LIMOSA = "24910158641968060"


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += dt.timedelta(**time)


class Recorder(httpx.BaseTransport):
    """Passes everything on, and keeps what went over the wire."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.requests: list[httpx.Request] = []
        self.answers: list[bytearray] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = self._inner.handle_request(request)
        self.answers.append(bytearray())
        response.stream = Tee(response.stream, self.answers[-1])
        return response

    def close(self) -> None:
        self._inner.close()


class Tee(httpx.SyncByteStream):
    def __init__(self, stream: Any, copy: bytearray) -> None:
        self._stream = stream
        self._copy = copy

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._copy += chunk
            yield chunk

    def close(self) -> None:
        self._stream.close()


class Schemas:
    """The official schemas, where they lie beside the project."""

    def __init__(self) -> None:
        self._messages = etree.XMLSchema(file=SCHEMA / "PresenceRegistration_protocol_v1.xsd")
        self._errors = etree.XMLSchema(file=SCHEMA / "socsec-errors-schema-v1.xsd")

    def check(self, envelope: bytes) -> None:
        """Fails unless what the envelope holds is valid."""
        content = etree.fromstring(envelope).find(BODY)[0]
        if content.tag == FAULT:
            self._errors.assertValid(content.find("detail")[0])
        else:
            self._messages.assertValid(content)

    def valid(self, message: Any) -> bool:
        """Whether `message`, the element in a Body, is valid."""
        return bool(self._messages.validate(message))


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    if not SCHEMA.is_dir():
        pytest.skip(f"the official schemas do not lie at {SCHEMA}")
    return Schemas()


class Site:
    """An emulated service, its clock, and channels to it."""

    def __init__(
        self,
        folder: Path,
        credentials: Credentials,
        senders: Authority,
        tls: Authority,
        *,
        real: bool,
    ) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.slept_s = 0.0
        self.senders = senders
        self.tls = tls
        self.recorder: Recorder | None = None
        self.service = PresenceService(
            self.clock,
            senders.certificate,
            ledger=PresenceLedger(remarks={NORA: (DIMONA_NOT_OK,)}),
            rules=Rules(unknown_companies=frozenset({int(UNKNOWN_EMPLOYER)})),
        )
        self.real = real
        self.server = HttpsServer(self.service, tls.server_context()) if self.real else None
        self.address = (self.server.address if self.server else "https://presence.test") + PATH
        self._channels: list[Checkinatwork] = []
        self._credentials = credentials

    def _sleep(self, seconds: float) -> None:
        self.slept_s += seconds

    def credentials(self, pair: Any = None) -> Credentials:
        if pair is None:
            return self._credentials
        certificate, key = pair.write(self.folder, "sender")
        return Credentials(CredentialFiles(certificate, key))

    def channel(self, pair: Any = None, **options: Any) -> Checkinatwork:
        """A channel of its own connection; `options` as of Checkinatwork."""
        if self.real:
            inner: httpx.BaseTransport = gate_transport(self.tls.client_context())
        else:
            inner = InProcess(self.service, self._sleep)
        self.recorder = Recorder(inner)
        wire = Wire(self.recorder, monotonic=time.monotonic if self.real else self._slept)
        settings = {"environment": "Simulation", "clock": self.clock} | options
        address = settings.pop("address", self.address)
        channel = Checkinatwork("direct", address, self.credentials(pair), wire, **settings)
        self._channels.append(channel)
        return channel

    def _slept(self) -> float:
        return self.slept_s

    def close(self) -> None:
        for channel in self._channels:
            channel.close()
        if self.server:
            self.server.stop()


@pytest.fixture(scope="session")
def senders() -> Authority:
    return Authority(now=START)


@pytest.fixture(scope="session")
def gate_credentials(senders: Authority, tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Those of gate 1, made once: an RSA key takes a while."""
    certificate, key = senders.sender("gate 1").write(tmp_path_factory.mktemp("keys"), "gate-1")
    return Credentials(CredentialFiles(certificate, key))


@pytest.fixture(scope="session")
def tls() -> Authority:
    """The authority of TLS, which lives in real time."""
    return Authority()


@pytest.fixture(params=["in process", "https"])
def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    gate_credentials: Credentials,
    senders: Authority,
    tls: Authority,
) -> Iterator[Site]:
    """The service both ways; whatever the test sends and gets is held against the schemas."""
    made = Site(tmp_path, gate_credentials, senders, tls, real=request.param == "https")
    if made.server:
        made.server.start()
    # Asked for only where it is, so that a missing folder skips no other test.
    schemas = request.getfixturevalue("schemas") if SCHEMA.is_dir() else None
    yield made
    made.close()
    if schemas is not None and made.recorder is not None:
        hold_against_schemas(made.recorder, schemas)


def hold_against_schemas(recorder: Recorder, schemas: Schemas) -> None:
    for sent in recorder.requests:
        schemas.check(sent.content)
    for answer in recorder.answers:
        if answer.rstrip().endswith(b"Envelope>"):
            schemas.check(bytes(answer))


@pytest.fixture
def registration() -> Callable[..., Registration]:
    """Makes a registration of Jan today; `changes` as of Registration."""

    def make(reference: str = "tap-1", **changes: Any) -> Registration:
        values: dict[str, Any] = {
            "day": START.date(),
            "declaration": DECLARATION,
            "employer": EMPLOYER,
            "inss": JAN,
            "unix_ms": round(START.timestamp() * 1000),
            "direction": "in",
        } | changes
        return Registration(reference, **values)

    return make


# --- every kind of channel --------------------------------------------------------------------

TOKEN = "made-up-token-0123456789"
CLIENT = "gate-1"
PLACE = {"coordinates": {"longitude": 4.35, "latitude": 50.85}}


class Party:
    """An emulated service over HTTPS on loopback, and channels of its kind to it."""

    def __init__(self, kind: str, folder: Path, gate: Credentials, tls: Authority) -> None:
        self.kind = kind
        self.clock = SetClock()
        self.rules = Rules(unknown_companies=frozenset({int(UNKNOWN_EMPLOYER)}))
        self.ledger = PresenceLedger(remarks={NORA: (DIMONA_NOT_OK,)})
        self.tls = tls
        self.gate = gate
        self.folder = folder
        self.client_context = tls.client_context
        self._parts: list[Any] = []

    def start(self, senders: Authority) -> Party:
        kept: dict[str, Any] = {"ledger": self.ledger, "rules": self.rules}
        self.service: Any
        match self.kind:
            case "checkinatwork":
                self.service = PresenceService(self.clock, senders.certificate, **kept)
            case "checkinout":
                self.service = CheckInOutService(self.clock, {CLIENT: self._public()}, **kept)
            case _:
                self.service = SupplierService(self.clock, {TOKEN: "gate 1"}, **kept)
        self.address = self.serve().address
        return self

    def serve(self, pair: Any = None) -> HttpsServer:
        """The service on one more port, with a certificate of its own."""
        server = HttpsServer(self.service, self.tls.server_context(pair))
        server.start()
        self._parts.insert(0, server.stop)
        return server

    def channel(self, address: str = "", **options: Any) -> Channel:
        """A channel with a connection of its own; the access token is there already."""
        address = address or self.address
        made: Channel
        match self.kind:
            case "checkinatwork":
                options = {"environment": "Simulation"} | options
                made = Checkinatwork(
                    "c", address + PATH, self.gate, self._wire(), clock=self.clock, **options
                )
            case "checkinout":
                made = self._checkinout(address, **options)
            case _:
                file = self.folder / "token"
                file.touch(0o600)
                file.write_text(TOKEN)
                made = Supplier(
                    "s",
                    address + supplier_service.BASE_PATH,
                    lambda _: self._wire(),
                    **{"duty": "checkinatwork", "clock": self.clock, "token": BearerToken(file)}
                    | options,
                )
        self._parts.insert(0, made.close)
        return made

    def _checkinout(self, address: str, warm: bool = True, **options: Any) -> CheckInOut:
        wire = self._wire()
        token_address = self.address + checkinout_service.TOKEN_PATH
        key = self.gate.files.key
        assert key is not None
        tokens = AccessTokens(token_address, CLIENT, SigningKey(key), wire, clock=self.clock)
        faults, self.service.faults = self.service.faults, Faults()
        if warm:
            with contextlib.suppress(ChannelError):
                tokens.current(20.0)
        self.service.faults = faults
        base = address + checkinout_service.BASE_PATH
        settings: dict[str, Any] = {"place": PLACE, "clock": self.clock} | options
        return CheckInOut("cio", base, tokens, wire, **settings)

    def _wire(self) -> Wire:
        return Wire(self.client_context())

    def _public(self) -> bytes:
        certificate = x509.load_der_x509_certificate(self.gate.current().certificate_der)
        return certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def registering(self) -> list[Any]:
        """The calls that were to register, without those for a token."""
        return [call for call in self.service.calls if call.operation != "token"]

    def close(self) -> None:
        for part in self._parts:
            part()


@pytest.fixture
def party_of(
    tmp_path: Path, gate_credentials: Credentials, senders: Authority, tls: Authority
) -> Iterator[Callable[[str], Party]]:
    """Makes a Party of a kind."""
    made: list[Party] = []

    def make(kind: str) -> Party:
        made.append(Party(kind, tmp_path, gate_credentials, tls).start(senders))
        return made[-1]

    yield make
    for party in made:
        party.close()


@pytest.fixture(params=["checkinatwork", "checkinout", "supplier"])
def party(request: pytest.FixtureRequest, party_of: Callable[[str], Party]) -> Party:
    return party_of(request.param)
