"""What a channel proves itself with, read from files and taken up anew.

    Credentials   certificate and key: to sign SOAP, or for mutual TLS
    SigningKey    a key alone: to sign the JWT that asks for an access token
    BearerToken   a token as the supplier gave it
    Authorities   whom it trusts in TLS, where the configuration names them

`current()` costs one to three `stat` calls; the files are read again only when one of them was
replaced or rewritten. While a new one is broken or half there, the old one stays in force and
`problem` says what is wrong with the new one.
"""

from __future__ import annotations

import datetime as dt
import ssl
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from agent.channels.base import NotAuthenticated

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SHARED_WITH_OTHERS = 0o037
"""Refused on a file that holds a key. Reading by the group passes: systemd's own credentials show
their access list as group bits, and a package gives the service a group."""

RSA_LEAST_BITS = 2048
"""RFC 7518, section 3.3, and the least that Belgian certificates have."""
TOKEN_MOST_CHARACTERS = 8192
"""Of a header in the servers in use: Apache and nginx take 8 kB."""

Stamp = tuple[int, int, int]
_Secret = TypeVar("_Secret")


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
    chain_der: tuple[bytes, ...] = field(default=(), repr=False)
    """The certificates that stand in the file after it: what mutual TLS shows besides it."""


class Renewed(Generic[_Secret]):
    """What `load` reads from `paths`, as they are now. Safe to use from several threads."""

    def __init__(self, paths: tuple[Path, ...], load: Callable[[], _Secret]) -> None:
        self.problem: CredentialError | None = None
        self._paths = paths
        self._load = load
        self._secret: _Secret | None = None
        self._stamps: tuple[Stamp | None, ...] = ()
        self._lock = threading.Lock()

    def current(self) -> _Secret:
        """What is in force. Raises CredentialError while none was ever good."""
        with self._lock:
            stamps = tuple(stamp(path) for path in self._paths)
            if stamps != self._stamps:
                self._stamps = stamps
                self._take_up()
            if self._secret is None:
                assert self.problem is not None
                raise CredentialError(str(self.problem), self.problem.hint)
            return self._secret

    def _take_up(self) -> None:
        try:
            self._secret = self._load()
            self.problem = None
        except CredentialError as error:
            self.problem = error


class Credentials(Renewed[Credential]):
    """Certificate and key. `rsa` False: any kind of key, as TLS takes it."""

    def __init__(self, files: CredentialFiles, *, rsa: bool = True) -> None:
        self.files = files
        super().__init__(files.paths, partial(load, files, rsa=rsa))


class SigningKey(Renewed[bytes]):
    """An RSA key, as PEM without pass phrase; the other side knows its public half."""

    def __init__(self, key: Path, password_file: Path | None = None) -> None:
        paths = (key,) if password_file is None else (key, password_file)
        super().__init__(paths, partial(load_key, key, password_file))


class BearerToken(Renewed[str]):
    """A token of visible ASCII, fit for a header."""

    def __init__(self, file: Path) -> None:
        super().__init__((file,), partial(load_token, file))


class Authorities(Renewed[ssl.SSLContext]):
    """The authorities in a PEM file, trusted besides no other."""

    def __init__(self, file: Path) -> None:
        self.file = file
        super().__init__((file,), partial(load_authorities, file))


def load_authorities(path: Path) -> ssl.SSLContext:
    """A context that trusts the authorities in that file alone. Raises CredentialError."""
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise CredentialError(
            f"{path} holds no authority to trust: {error.strerror or error}",
            "write the authority's certificate there in PEM form, or leave ca_file out",
        ) from None


def load(files: CredentialFiles, *, rsa: bool = True) -> Credential:
    """Reads and checks the files. Raises CredentialError; no text of it holds a secret."""
    holder = files.key if files.key is not None else files.certificate
    password = _password(files.password_file)
    data = _read(holder, secret=True)
    if files.key is None:
        key, certificate, *chain = _from_pkcs12(data, password, holder)
    else:
        key = _from_pem(data, password, holder)
        certificate, *chain = _certificates(
            _read(files.certificate, secret=False), files.certificate
        )
    _check_pair(key, certificate, files, rsa=rsa)
    return _credential(key, certificate, chain)


def load_key(path: Path, password_file: Path | None = None) -> bytes:
    """An RSA key as PEM without pass phrase. Raises CredentialError without a secret in it."""
    key = _from_pem(_read(path, secret=True), _password(password_file), path)
    _check_rsa(key, path)
    return _key_pem(key)


def load_token(path: Path) -> str:
    """The token in a file, without the line break at its end. Raises CredentialError."""
    try:
        token = _read(path, secret=True).decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not 0 < len(token) <= TOKEN_MOST_CHARACTERS or not token.isprintable() or " " in token:
        raise CredentialError(
            f"{path} holds no token: one line of visible characters without spaces",
            "copy the token again as its maker shows it, alone on one line",
        )
    return token


def end_of_token(token: str) -> dt.datetime | None:
    """Until when a token that is a JWT says that it holds (`exp`, RFC 7519); None: it says nothing.

    It is not verified: that is for whom it is shown to.
    """
    if token.count(".") != 2:
        return None
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return dt.datetime.fromtimestamp(claims["exp"], dt.UTC)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _password(path: Path | None) -> bytes | None:
    return None if path is None else _read(path, secret=True).rstrip(b"\r\n")


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


def _from_pkcs12(
    data: bytes, password: bytes | None, path: Path
) -> tuple[object, Certificate, *tuple[Certificate, ...]]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, password)
    except Exception:
        raise _unreadable("a PKCS#12 file", path, password) from None
    if key is None or certificate is None:
        raise CredentialError(
            f"{path} holds no {'key' if key is None else 'certificate'}",
            "export certificate and key together from the browser or the portal",
        )
    return key, certificate, *others


def _certificates(data: bytes, path: Path) -> list[Certificate]:
    """At least one, the sender's own first."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(data)
    except Exception:
        raise _unreadable("a certificate in PEM form", path, None) from None


def _unreadable(what: str, path: Path, password: bytes | None) -> CredentialError:
    perhaps = " or its pass phrase is wrong" if password is not None else ""
    return CredentialError(
        f"{path} is not {what}{perhaps}",
        f"copy it again from where it was made; `openssl` must show it as {what}",
    )


def _check_rsa(key: object, holder: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey) or key.key_size < RSA_LEAST_BITS:
        raise CredentialError(
            f"the key in {holder} is no RSA key of {RSA_LEAST_BITS} bits or more, and the service"
            " takes only signatures of such",
            "ask for a certificate with an RSA key of at least 2048 bits",
        )


def _check_pair(
    key: object, certificate: Certificate, files: CredentialFiles, *, rsa: bool
) -> None:
    holder = files.key if files.key is not None else files.certificate
    if rsa:
        _check_rsa(key, holder)
    if key.public_key() != certificate.public_key():  # type: ignore[attr-defined]
        raise CredentialError(
            f"the key in {holder} does not belong to the certificate in {files.certificate}",
            "install the certificate and the key that were made together",
        )


def _credential(key: object, certificate: Certificate, chain: list[Certificate]) -> Credential:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    return Credential(
        certificate_der=certificate.public_bytes(Encoding.DER),
        key_pem=_key_pem(key),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        chain_der=tuple(link.public_bytes(Encoding.DER) for link in chain),
    )


def _key_pem(key: object) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem


def stamp(path: Path) -> Stamp | None:
    """What changes when a file is replaced or rewritten; None: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
