"""A throw-away certificate authority for the virtual site: in memory, trusted by nobody else."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RSA_BITS = 2048
"""Of a sender: the least that Belgian certificates have."""
LIFE_DAYS = 30
LOOPBACK = ("localhost", "127.0.0.1")

_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, both PEM."""

    certificate_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """`name`.crt and `name`.key (mode 0600) in `folder`."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.certificate_pem)
        key.touch(mode=0o600)
        key.write_bytes(self.key_pem)
        return certificate, key


class Authority:
    """Issues certificates valid from a day before `now` (aware; default: the real time)."""

    def __init__(self, name: str = "Werfpoort virtual", now: dt.datetime | None = None) -> None:
        self._now = now if now is not None else dt.datetime.now(dt.UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, name, self._key, dt.timedelta(days=LIFE_DAYS))
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        self.certificate = builder.sign(self._key, hashes.SHA256())
        self._name = name

    @property
    def pem(self) -> bytes:
        """The authority's own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sender(self, name: str, *, expires_in: dt.timedelta = dt.timedelta(days=LIFE_DAYS)) -> Pair:
        """A certificate to sign messages with, as a gate or a supplier has one."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        return self._issue(key, name, expires_in, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def server(self, *hosts: str, expires_in: dt.timedelta = dt.timedelta(days=LIFE_DAYS)) -> Pair:
        """A certificate for a server under `hosts` (names or addresses; default: loopback)."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = hosts or LOOPBACK
        return self._issue(key, names[0], expires_in, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def server_context(self, pair: Pair | None = None) -> ssl.SSLContext:
        """TLS 1.2 and later for a server with `pair` (default: a new one for loopback)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory() as folder:
            context.load_cert_chain(*(pair or self.server()).write(Path(folder), "server"))
        return context

    def client_context(self) -> ssl.SSLContext:
        """TLS for a client that trusts this authority and no other."""
        return ssl.create_default_context(cadata=self.pem.decode("ascii"))

    def _issue(
        self,
        key: _Key,
        name: str,
        expires_in: dt.timedelta,
        usage: x509.ObjectIdentifier,
        hosts: tuple[str, ...],
    ) -> Pair:
        builder = self._builder(name, self._name, key, expires_in)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Pair(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def _builder(
        self, subject: str, issuer: str, key: _Key, expires_in: dt.timedelta
    ) -> x509.CertificateBuilder:
        end = self._now + expires_in
        builder = x509.CertificateBuilder(
            issuer_name=_distinguished(issuer),
            subject_name=_distinguished(subject),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=min(self._now, end) - dt.timedelta(days=1),
            not_valid_after=end,
        )
        # Both key identifiers and the usage are asked for by Python 3.13's strict verification.
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return builder.add_extension(ours, critical=False).add_extension(own, critical=False)


def _distinguished(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
