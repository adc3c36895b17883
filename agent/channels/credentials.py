"""The certificate and key that a channel signs with, read from files and taken up anew.

`Credentials.current()` costs two or three `stat` calls; the files are read again only when one of
them was replaced or rewritten. While a new pair is broken or half there, the old one stays in
force and `problem` says what is wrong with the new one.
"""

from __future__ import annotations

import datetime as dt
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.channels.base import NotAuthenticated

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SHARED_WITH_OTHERS = 0o037
"""Refused on a file that holds a key. Reading by the group passes: systemd's own credentials show
their access list as group bits, and a package gives the service a group."""

_Stamp = tuple[int, int, int]


class CredentialError(NotAuthenticated):
    """Certificate or key cannot be used: the gate's own fault; nothing was sent."""


@dataclass(frozen=True, slots=True)
class CredentialFiles:
    """Where certificate and key lie: two PEM files, or one PKCS#12 file with `key` None.

    `password_file` holds the key's pass phrase, where it has one; its last line break is dropped.
    """

    certificate: Path
    key: Path | None = None
    password_file: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files there are, certificate first."""
        return tuple(p for p in (self.certificate, self.key, self.password_file) if p is not None)


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key, checked to belong together.

    Its subject is left out on purpose: that of a Belgian eID holds a national number.
    """

    certificate_der: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)
    fingerprint: str
    """SHA-256 of the certificate in lower-case hex: what the portal shows next to it."""
    not_before: dt.datetime
    not_after: dt.datetime


class Credentials:
    """The credential in those files, as they are now."""

    def __init__(self, files: CredentialFiles) -> None:
        self.files = files
        self.problem: CredentialError | None = None
        self._credential: Credential | None = None
        self._stamps: tuple[_Stamp | None, ...] = ()
        self._lock = threading.Lock()

    def current(self) -> Credential:
        """The credential in force. Raises CredentialError while none was ever good."""
        with self._lock:
            stamps = tuple(_stamp(path) for path in self.files.paths)
            if stamps != self._stamps:
                self._stamps = stamps
                self._take_up()
            if self._credential is None:
                assert self.problem is not None
                raise CredentialError(str(self.problem), self.problem.hint)
            return self._credential

    def _take_up(self) -> None:
        try:
            self._credential = load(self.files)
            self.problem = None
        except CredentialError as error:
            self.problem = error


def load(files: CredentialFiles) -> Credential:
    """Reads and checks the files. Raises CredentialError; no text of it holds a secret."""
    holder = files.key if files.key is not None else files.certificate
    password = None
    if files.password_file is not None:
        password = _read(files.password_file, secret=True).rstrip(b"\r\n")
    data = _read(holder, secret=True)
    if files.key is None:
        key, certificate = _from_pkcs12(data, password, holder)
    else:
        key = _from_pem(data, password, holder)
        certificate = _certificate(_read(files.certificate, secret=False), files.certificate)
    _check_pair(key, certificate, files)
    return _credential(key, certificate)


def _read(path: Path, *, secret: bool) -> bytes:
    try:
        mode = path.stat().st_mode
        if secret and stat.S_IMODE(mode) & SHARED_WITH_OTHERS:
            raise CredentialError(
                f"{path} holds a secret that others may read (mode {stat.S_IMODE(mode):04o})",
                f"chmod 600 {path}, owned by the user the agent runs as; if others could read it"
                " for long, ask for a new certificate",
            )
        return path.read_bytes()
    except OSError as error:
        raise CredentialError(
            f"{path} cannot be read: {error.strerror}",
            "check the path in the configuration, and that the agent's user may read it",
        ) from None


def _from_pem(data: bytes, password: bytes | None, path: Path) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(data, password)
    except TypeError:
        needed = password is None
        raise CredentialError(
            f"the key in {path} {'needs a pass phrase' if needed else 'has no pass phrase'}",
            "set password_file" if needed else "leave password_file out",
        ) from None
    except Exception:
        # Whatever the library raises for a broken key; its text may quote the key.
        raise _unreadable("a private key in PEM form", path, password) from None


def _from_pkcs12(data: bytes, password: bytes | None, path: Path) -> tuple[object, Certificate]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    except Exception:
        raise _unreadable("a PKCS#12 file", path, password) from None
    if key is None or certificate is None:
        raise CredentialError(
            f"{path} holds no {'key' if key is None else 'certificate'}",
            "export certificate and key together from the browser or the portal",
        )
    return key, certificate


def _certificate(data: bytes, path: Path) -> Certificate:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(data)[0]
    except Exception:
        raise _unreadable("a certificate in PEM form", path, None) from None


def _unreadable(what: str, path: Path, password: bytes | None) -> CredentialError:
    perhaps = " or its pass phrase is wrong" if password is not None else ""
    return CredentialError(
        f"{path} is not {what}{perhaps}",
        f"copy it again from where it was made; `openssl` must show it as {what}",
    )


def _check_pair(key: object, certificate: Certificate, files: CredentialFiles) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    holder = files.key if files.key is not None else files.certificate
    if not isinstance(key, RSAPrivateKey):
        raise CredentialError(
            f"the key in {holder} is no RSA key, and the service takes only RSA signatures",
            "ask for a certificate with an RSA key of at least 2048 bits",
        )
    if key.public_key() != certificate.public_key():
        raise CredentialError(
            f"the key in {holder} does not belong to the certificate in {files.certificate}",
            "install the certificate and the key that were made together",
        )


def _credential(key: object, certificate: Certificate) -> Credential:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    assert isinstance(key, RSAPrivateKey)
    return Credential(
        certificate_der=certificate.public_bytes(serialization.Encoding.DER),
        key_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _stamp(path: Path) -> _Stamp | None:
    """What changes when a file is replaced or rewritten; None: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
