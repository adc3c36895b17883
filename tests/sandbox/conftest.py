"""A service with a clock that stands still, and a sender it knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from agent.channels.credentials import Credential, CredentialFiles, load
from agent.channels.soap import sign
from agent.sandbox.authority import Authority, Pair
from agent.sandbox.presence import PATH, PresenceService
from agent.sandbox.serving import HttpAnswer, HttpRequest

NOW = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)
PROTOCOL = "http://socialsecurity.be/presenceregistration/v1"
SCHEMA = Path(__file__).parents[3] / "shared" / "checkinatwork" / "schema"


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority(now=NOW)


@pytest.fixture(scope="session")
def credential_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Pair], Credential]:
    """Reads a pair as the agent does."""

    def read(pair: Pair) -> Credential:
        certificate, key = pair.write(tmp_path_factory.mktemp("keys"), "sender")
        return load(CredentialFiles(certificate, key))

    return read


@pytest.fixture(scope="session")
def credential(authority: Authority, credential_of: Callable[[Pair], Credential]) -> Credential:
    return credential_of(authority.sender("gate 1"))


@pytest.fixture
def service(authority: Authority) -> PresenceService:
    return PresenceService(lambda: NOW, authority.certificate)


@pytest.fixture(scope="session")
def message() -> Callable[..., Any]:
    """Makes a registerPresences message of one item from the texts of its elements."""

    def make(**changes: str | None) -> Any:
        texts: dict[str, str | None] = {
            "RegistrationDate": "2026-11-24",
            "INSS": "85011512355",
            "CompanyID": "448181966",
            "WorkPlaceId": "1Y1000NF9KCQZ",
            "ClientPresenceRegistrationReference": "tap-1",
        } | changes
        inner = "".join(f"<t:{n}>{v}</t:{n}>" for n, v in texts.items() if v is not None)
        return etree.fromstring(
            f'<p:RegisterPresencesRequest xmlns:p="{PROTOCOL}"'
            ' xmlns:t="http://socialsecurity.be/presenceregistration/schemas/v1">'
            f"<p:PresenceRegistrationRequest>{inner}</p:PresenceRegistrationRequest>"
            "</p:RegisterPresencesRequest>"
        )

    return make


@pytest.fixture
def post(service: PresenceService) -> Callable[..., HttpAnswer]:
    """Posts bytes to the service as registerPresences, unless `headers` say otherwise."""

    def send(body: bytes, **headers: str) -> HttpAnswer:
        usual = {
            "content-type": "text/xml; charset=utf-8",
            "soapaction": f'"{PROTOCOL}/registerPresences"',
        }
        return service.answer(HttpRequest("POST", PATH, usual | headers, body))

    return send


@pytest.fixture
def signed(credential: Credential, message: Callable[..., Any]) -> Callable[..., bytes]:
    """A signed message; made now unless told otherwise."""

    def make(content: Any = None, now: dt.datetime = NOW, by: Credential = credential) -> bytes:
        return sign(message() if content is None else content, by, now).content

    return make


@pytest.fixture(scope="session")
def official() -> Any:
    """The official schema of the messages."""
    if not SCHEMA.is_dir():
        pytest.skip(f"the official schemas do not lie at {SCHEMA}")
    return etree.XMLSchema(file=SCHEMA / "PresenceRegistration_protocol_v1.xsd")
