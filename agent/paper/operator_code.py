"""The operator code: as it stands in the configuration, and whether one that was typed is it.

    made("482915")  →  "scrypt:14:8:1:<salt>:<hash>"

scrypt (RFC 7914) with N = 2^14, r = 8, p = 1 takes some 50 ms and 16 MB on a laptop, several times
as long on a Pi: a code of six digits is short, and the lock at the keypad does the rest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re

LOG2_N, R, P = 14, 8, 1
LEAST_LOG2_N = 10
SALT_BYTES, HASH_BYTES = 16, 32
MOST_LOG2_N = 17
"""128 MB: a gate has no more to spare."""
CODE = re.compile(r"[0-9]{4,12}")


class CodeUnusable(ValueError):
    """A code, or what should be the hash of one, cannot be used; the message says the mend."""


def made(code: str, salt: bytes | None = None, log2_n: int = LOG2_N) -> str:
    """What the configuration holds of this code; `log2_n`: what trying it costs. Raises
    CodeUnusable for too short a one."""
    if not CODE.fullmatch(code):
        raise CodeUnusable("choose 4 to 12 digits, better 6, that are no date and no sequence")
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    parts = (log2_n, R, P, _text(salt), _text(_hashed(code, salt, log2_n, R, P)))
    return ":".join(("scrypt", *map(str, parts)))


def parse(text: str) -> tuple[int, int, int, bytes, bytes]:
    """log2 N, r, p, salt and hash. Raises CodeUnusable."""
    try:
        kind, log2_n, r, p, salt, hashed = text.split(":")
        parsed = (int(log2_n), int(r), int(p), _bytes(salt), _bytes(hashed))
    except (ValueError, binascii.Error) as error:
        raise CodeUnusable("is not the hash of a code; make it with: werfpoort code") from error
    if kind != "scrypt" or not (LEAST_LOG2_N <= parsed[0] <= MOST_LOG2_N and parsed[1] == R):
        raise CodeUnusable("is another hash than scrypt's; make it with: werfpoort code")
    if not (0 < parsed[2] <= 4 and len(parsed[3]) >= 8 and len(parsed[4]) == HASH_BYTES):
        raise CodeUnusable("is cut off or changed; make it with: werfpoort code")
    return parsed


def right(code: str, text: str) -> bool:
    """True when `code` is the one of which `text` was made; takes its time."""
    log2_n, r, p, salt, hashed = parse(text)
    return hmac.compare_digest(_hashed(code, salt, log2_n, r, p), hashed)


def _hashed(code: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    most = 256 * r * (2**log2_n + p)  # twice what the algorithm needs
    return hashlib.scrypt(
        code.encode(), salt=salt, n=2**log2_n, r=r, p=p, maxmem=most, dklen=HASH_BYTES
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
