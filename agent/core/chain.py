"""The seal of the journal: every entry is hashed onto the one before it.

    seal(n) = SHA-256( "werfpoort-entry-1" ‖ seal(n-1) ‖ length ‖ head ‖ digest )
    head    = seq ␟ kind ␟ unix_ms ␟ mono_ms ␟ boot_id ␟ trust     UTF-8; ␟ is the byte 1F
    length  = of the head in bytes: 4 bytes, the most significant first
    digest  = SHA-256( salt ‖ payload )                             32 bytes; the salt has 16

Numbers are decimal, seal(0) is 32 zero bytes. So a payload can be erased with its salt and the
chain still verifies, while nothing that stays behind lets it be guessed (DOMAIN.md, section 5).
The order is that of the sequence numbers, never of time: a clock may jump.

A checkpoint is the gate's signature (Ed25519) on "werfpoort-checkpoint-1" ‖ n, 8 bytes, the most
significant first ‖ seal(n): whoever rewrites the journal from
some entry on can seal it anew, and cannot sign it.
"""

from __future__ import annotations

from hashlib import sha256 as _sha256

from agent.core.moment import Moment

SALT_BYTES = 16
START = bytes(32)
"""What the first entry is sealed onto."""
_DOMAIN = b"werfpoort-entry-1"
_SIGNED = b"werfpoort-checkpoint-1"
_MANIFEST = b"werfpoort-manifest-1"


def digest(salt: bytes, payload: bytes) -> bytes:
    """32 bytes that bind `payload` and tell nothing of it without `salt`."""
    return _sha256(salt + payload).digest()


def seal(before: bytes, seq: int, kind: str, at: Moment, payload_digest: bytes) -> bytes:
    """32 bytes: the chain's new head after this entry."""
    return seal_of(
        before, seq, kind, at.unix_ms, at.mono_ms, at.boot_id, at.trust.value, payload_digest
    )


def seal_of(
    before: bytes,
    seq: int,
    kind: str,
    unix_ms: int,
    mono_ms: int,
    boot_id: str,
    trust: str,
    payload_digest: bytes,
) -> bytes:
    """The same from a row as it is stored, for who checks a million of them."""
    head = f"{seq}\x1f{kind}\x1f{unix_ms}\x1f{mono_ms}\x1f{boot_id}\x1f{trust}".encode()
    return _sha256(
        b"%b%b%b%b%b" % (_DOMAIN, before, len(head).to_bytes(4, "big"), head, payload_digest)
    ).digest()


def statement(upto: int, head: bytes) -> bytes:
    """What a checkpoint signs: entry `upto` has the seal `head`."""
    return _SIGNED + upto.to_bytes(8, "big") + head


def of_manifest(manifest: bytes) -> bytes:
    """What is signed of a bundle: its manifest, that names the hash of all else in it."""
    return _MANIFEST + _sha256(manifest).digest()
