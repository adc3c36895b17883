"""Each kind of channel as the configuration opens it, on the real clock, over real HTTPS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from agent.channels import open_channel
from agent.channels.base import (
    Ability,
    CertificateRefused,
    ChannelError,
    NotAuthenticated,
    Registration,
)
from agent.config.settings import ChannelSettings, PlaceSettings
from agent.sandbox import checkinout, presence, supplier
from agent.sandbox.authority import Authority
from agent.sandbox.checkinout import CheckInOutService
from agent.sandbox.presence import PresenceService
from agent.sandbox.serving import HttpsServer
from agent.sandbox.supplier import SupplierService

TIMEOUT_S = 20.0
PLACE = PlaceSettings(latitude=50.85, longitude=4.35)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def item() -> Registration:
    return Registration(
        "tap-1",
        now().astimezone(ZoneInfo("Europe/Brussels")).date(),
        "1Y1000NF9KCQZ",
        "0448181966",
        "85011512355",
        unix_ms=round(now().timestamp() * 1000),
        direction="in",
    )


class World:
    """The files that a configuration names, and the services behind its addresses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        (folder / "ca.pem").write_bytes(self.authority.pem)
        pair = self.authority.sender("gate 1")
        self.certificate, self.key = pair.write(folder, "gate")
        self.token = folder / "token"
        self.token.touch(0o600)
        self.token.write_text("made-up-token")
        public = x509.load_pem_x509_certificate(pair.certificate_pem).public_key()
        self._public = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def service(self, kind: str) -> Any:
        match kind:
            case "checkinatwork":
                return PresenceService(now, self.authority.certificate)
            case "checkinout":
                return CheckInOutService(now, {"gate-1": self._public})
        return SupplierService(now, {"made-up-token": "gate 1"})

    def settings(self, kind: str, address: str) -> ChannelSettings:
        keys: dict[str, Any]
        match kind:
            case "checkinatwork":
                keys = {
                    "address": address + presence.PATH,
                    "certificate": self.certificate,
                    "key": self.key,
                }
            case "checkinout":
                keys = {
                    "address": address + checkinout.BASE_PATH,
                    "token_address": address + checkinout.TOKEN_PATH,
                    "client_id": "gate-1",
                    "key": self.key,
                }
            case _:
                keys = {"address": address + supplier.BASE_PATH, "token_file": self.token}
        return ChannelSettings(
            name="c",
            kind=kind,
            environment="Simulation",
            ca_file=self.folder / "ca.pem",
            **keys,
        )


KINDS: dict[str, frozenset[Ability]] = {
    "checkinatwork": frozenset({Ability.SEARCH, Ability.LOOK_UP, Ability.CANCEL}),
    "checkinout": frozenset(),
    "supplier": frozenset({Ability.ASK_AFTER, Ability.ROSTER}),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_opened_by_its_settings_registers(world: World, kind: str) -> None:
    service = world.service(kind)
    with HttpsServer(service, world.authority.server_context()) as server:
        channel = open_channel(world.settings(kind, server.address), PLACE)
        channel.prepare()
        reply = channel.register([item()], TIMEOUT_S)
        channel.close()

    assert reply.answers[0].receipt is not None
    assert channel.abilities == KINDS[kind]
    assert len(service.ledger.accepted) == 1


def test_a_supplier_opened_for_mutual_tls_shows_the_certificate(world: World) -> None:
    context = world.authority.server_context()
    context.verify_mode = context.verify_mode.CERT_REQUIRED
    context.load_verify_locations(cadata=world.authority.pem.decode())
    service = SupplierService(now, None)
    with HttpsServer(service, context) as server:
        settings = ChannelSettings(
            name="c",
            kind="supplier",
            address=server.address + supplier.BASE_PATH,
            certificate=world.certificate,
            key=world.key,
            ca_file=world.folder / "ca.pem",
        )
        channel = open_channel(settings)
        reply = channel.register([item()], TIMEOUT_S)
        channel.close()

    assert reply.answers[0].receipt is not None


Break = Callable[[World], object]


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("checkinatwork", lambda w: w.key.unlink()),
        ("checkinout", lambda w: w.key.write_text("rubbish")),
        ("checkinout", lambda w: w.key.chmod(0o644)),
        ("supplier", lambda w: w.token.write_text("")),
        ("supplier", lambda w: w.token.chmod(0o644)),
    ],
)
def test_a_broken_secret_is_told_when_a_channel_is_prepared_and_mended_without_restart(
    world: World, kind: str, damage: Break
) -> None:
    kept = {path: path.read_bytes() for path in (world.key, world.token)}
    damage(world)
    service = world.service(kind)
    with HttpsServer(service, world.authority.server_context()) as server:
        channel = open_channel(world.settings(kind, server.address), PLACE)
        with pytest.raises(ChannelError) as caught:
            channel.prepare()
        for path, content in kept.items():
            path.unlink(missing_ok=True)
            path.touch(0o600)
            path.write_bytes(content)
        reply = channel.register([item()], TIMEOUT_S)
        channel.close()

    assert (caught.value.sent, caught.value.retry) == (False, False)
    assert caught.value.hint
    assert reply.answers[0].receipt is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_authority_file_is_told_and_taken_up_once_it_is_mended(
    world: World, kind: str
) -> None:
    good = (world.folder / "ca.pem").read_bytes()
    (world.folder / "ca.pem").write_text("rubbish")
    service = world.service(kind)
    with HttpsServer(service, world.authority.server_context()) as server:
        channel = open_channel(world.settings(kind, server.address), PLACE)
        for call in (channel.prepare, lambda: channel.register([item()], TIMEOUT_S)):
            with pytest.raises(NotAuthenticated, match=r"ca\.pem") as caught:
                call()
            assert (caught.value.sent, caught.value.retry) == (False, False)
            assert "PEM" in caught.value.hint
        (world.folder / "ca.pem").write_bytes(good)
        reply = channel.register([item()], TIMEOUT_S)
        channel.close()
    assert reply.answers[0].receipt is not None
    assert channel.abilities == KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_another_authority_is_trusted_without_a_restart_and_a_broken_one_changes_nothing(
    world: World, kind: str
) -> None:
    service, other = world.service(kind), Authority()
    (world.folder / "ca.pem").write_bytes(other.pem)
    with HttpsServer(service, world.authority.server_context()) as server:
        channel = open_channel(world.settings(kind, server.address), PLACE)
        with pytest.raises(CertificateRefused):
            channel.register([item()], TIMEOUT_S)
        (world.folder / "ca.pem").write_bytes(world.authority.pem + other.pem)
        assert channel.register([item()], TIMEOUT_S).answers[0].receipt is not None
        (world.folder / "ca.pem").write_text("rubbish")
        assert channel.register([item()], TIMEOUT_S).answers
        channel.close()
