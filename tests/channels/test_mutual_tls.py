"""A supplier that knows its callers by the certificates they show in TLS."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from agent.channels.base import ChannelError, NotAuthenticated, Registration
from agent.channels.credentials import Authorities, CredentialFiles, Credentials
from agent.channels.mutual_tls import open_wire
from agent.channels.supplier import Supplier
from agent.channels.wire import Wire
from agent.sandbox.authority import Authority, Pair
from agent.sandbox.serving import HttpsServer
from agent.sandbox.supplier import BASE_PATH, SupplierService

Make = Callable[..., Registration]

TIMEOUT_S = 20.0


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


class Mutual:
    """A supplier that knows its callers by their certificates alone."""

    def __init__(self, tls: Authority, clock: Callable[[], dt.datetime], folder: Path) -> None:
        self._clock = clock
        self.folder = folder
        self.callers = Authority("callers")
        self.service = SupplierService(clock, None)
        context = tls.server_context()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self.callers.pem.decode())
        self.server = HttpsServer(self.service, context)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(tls.pem)

    def channel(self, credentials: Credentials) -> Supplier:
        trusted = Authorities(self.ca_file)
        return Supplier(
            "s",
            self.server.address + BASE_PATH,
            lambda shown: open_wire(trusted, None, shown),
            duty="checkinatwork",
            clock=self._clock,
            credentials=credentials,
            authorities=trusted,
        )

    def files(self, pair: Pair) -> CredentialFiles:
        return CredentialFiles(*pair.write(self.folder, "gate"))


@pytest.fixture
def mutual(tls: Authority, tmp_path: Path, registration: Make) -> Iterator[Mutual]:
    now = dt.datetime.fromtimestamp(registration().unix_ms / 1000, dt.UTC)
    made = Mutual(tls, lambda: now, tmp_path)
    with made.server:
        yield made


def test_mutual_tls_needs_no_token(mutual: Mutual, registration: Make) -> None:
    pair = mutual.callers.sender("gate 1")
    channel = mutual.channel(Credentials(mutual.files(pair), rsa=False))

    assert channel.register([registration()], TIMEOUT_S).answers[0].receipt is not None
    channel.close()


def test_mutual_tls_takes_a_key_of_any_kind_and_a_signature_only_rsa(mutual: Mutual) -> None:
    elliptic = mutual.files(mutual.callers.server())

    assert Credentials(elliptic, rsa=False).current().fingerprint
    assert "RSA" in str(failure(Credentials(elliptic).current))


def test_pkcs12_serves_for_mutual_tls_and_leaves_no_file_behind(
    mutual: Mutual, registration: Make
) -> None:
    pair = mutual.callers.sender("gate 1")
    file = mutual.folder / "gate.p12"
    file.touch(0o600)
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"gate",
            serialization.load_pem_private_key(pair.key_pem, None),  # type: ignore[arg-type]
            x509.load_pem_x509_certificate(pair.certificate_pem),
            [mutual.callers.certificate],
            serialization.NoEncryption(),
        )
    )
    before = sorted(mutual.folder.iterdir())
    channel = mutual.channel(Credentials(CredentialFiles(file), rsa=False))

    assert channel.register([registration()], TIMEOUT_S).answers[0].receipt is not None
    channel.close()
    assert sorted(mutual.folder.iterdir()) == before


def test_a_renewed_certificate_is_shown_without_restart(mutual: Mutual, registration: Make) -> None:
    stranger = Authority("another").sender("gate 1")
    channel = mutual.channel(Credentials(mutual.files(stranger), rsa=False))
    error = failure(lambda: channel.register([registration()], TIMEOUT_S))
    mutual.files(mutual.callers.sender("gate 1"))

    reply = channel.register([registration()], TIMEOUT_S)
    channel.close()

    assert (type(error), error.sent) == (NotAuthenticated, False)
    assert reply.answers[0].receipt is not None


def test_without_its_certificate_a_caller_is_not_known(
    mutual: Mutual, tls: Authority, registration: Make, tmp_path: Path
) -> None:
    channel = Supplier(
        "s",
        mutual.server.address + BASE_PATH,
        lambda _: Wire(tls.client_context()),
        duty="checkinatwork",
        clock=lambda: dt.datetime(2026, 11, 24, 6, tzinfo=dt.UTC),
    )
    error = failure(lambda: channel.register([registration()], TIMEOUT_S))
    channel.close()

    assert (type(error), error.sent) == (NotAuthenticated, False)
