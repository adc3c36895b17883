"""Signed checkpoints: the gate's word on how far its journal had grown, to be kept outside it.

The key (Ed25519) is made beside the journal at the first start, readable by the agent alone, and
never leaves the gate; its public half stands in every checkpoint. A checkpoint on paper or on a
stick shows a journal that was cut short or written anew since.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core import chain
from agent.core.journal_records import CheckpointSigned
from agent.journal.fault import JournalError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

EVERY_ENTRIES = 256
"""Entries between two checkpoints at most: under a day of a small site; costs 0.2 % of writing."""
MARK_BYTES = 8
"""Of the key's SHA-256: enough to tell two keys apart, short enough for a QR code."""
_PREFIX = "WP1"


class CheckpointUnreadable(ValueError):
    """A text is not a checkpoint; the message says what is wrong and what to do."""


class Signer:
    """Signs checkpoints with one key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    def vouches(self, manifest: bytes) -> bytes:
        """The signature that says: this gate made what `manifest` lists."""
        return self._key.sign(chain.of_manifest(manifest))

    def signed(self, upto: int, head: bytes) -> CheckpointSigned:
        """The record that says: entry `upto` has the seal `head`."""
        signature = self._key.sign(chain.statement(upto, head))
        return CheckpointSigned(upto, head, signature, self.public)


def signer_from(seed: bytes) -> Signer:
    """The signer of these 32 secret bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(Ed25519PrivateKey.from_private_bytes(seed))


def signer_at(path: Path) -> Signer:
    """The signer whose key lies in `path` (PEM); made there if the file is missing.

    Raises JournalError when it holds something else, OSError when it cannot be read or made.
    """
    if not path.exists():
        _keep(path, _fresh())
    return signer_in(path)


def _fresh() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def signer_in(path: Path) -> Signer:
    """The signer whose key lies in `path`. Raises JournalError when none does, OSError when it
    cannot be read.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not path.exists():
        raise JournalError(
            f"{path}, the key that signs the journal, is missing",
            "put it back from a backup before the agent is started, which else makes a new one; "
            "verification will tell from which entry on",
        )
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise _not_a_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key(path)
    return Signer(key)


def _not_a_key(path: Path) -> JournalError:
    return JournalError(
        f"{path} is not the key that signs the journal (Ed25519, PEM)",
        "put it back from your backup; or move it away: a new one is made, and verification will "
        "tell from which entry on",
    )


def _keep(path: Path, content: bytes) -> None:
    """Whole or not at all, and durable before anything is signed with it."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def holds(signed: CheckpointSigned) -> bool:
    """True when the signature is that of its key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(signed.key)
        key.verify(signed.signature, chain.statement(signed.upto, signed.head))
    except (InvalidSignature, ValueError, OverflowError):
        return False
    return True


def vouched(manifest: bytes, signature: bytes, key: bytes) -> bool:
    """True when the holder of `key` signed the manifest."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, chain.of_manifest(manifest))
    except (InvalidSignature, ValueError):
        return False
    return True


def mark_of(key: bytes) -> str:
    """The key's fingerprint, 13 characters."""
    return _text(hashlib.sha256(key).digest()[:MARK_BYTES])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as it is kept outside the gate. `mark`: the key's fingerprint."""

    journal: str
    upto: int
    head: bytes
    signature: bytes
    mark: str

    @classmethod
    def of(cls, journal: str, signed: CheckpointSigned) -> Checkpoint:
        """The one that a journal holds."""
        return cls(journal, signed.upto, signed.head, signed.signature, mark_of(signed.key))

    def text(self) -> str:
        """`WP1:JOURNAL:ENTRY:SEAL:SIGNATURE:KEY`, only of characters that make a QR code small."""
        parts = (_text(self.head), _text(self.signature), self.mark)
        return ":".join((_PREFIX, self.journal.upper(), str(self.upto), *parts))

    def signed_by(self, key: bytes) -> CheckpointSigned:
        """The record, if `key` is the public key that it was signed with."""
        return CheckpointSigned(self.upto, self.head, self.signature, key)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in `text`, however it was broken into lines. Raises CheckpointUnreadable."""
    parts = "".join(text.split()).upper().split(":")
    try:
        prefix, journal, upto, head, signature, mark = parts
        found = Checkpoint(journal.lower(), int(upto), _bytes(head), _bytes(signature), mark)
    except (ValueError, binascii.Error):
        prefix, found = "", None
    if found is None or prefix != _PREFIX or not 0 < found.upto < 1 << 63 or len(found.head) != 32:
        raise CheckpointUnreadable(
            "this is not a checkpoint; scan the whole QR code of a list, or copy the whole line "
            f"that begins with {_PREFIX}:"
        )
    return found


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b32decode(text + "=" * (-len(text) % 8))
