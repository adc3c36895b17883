"""An age recipient: the public half of a contractor's key, to which its bundles are encrypted.

Its six last characters are a checksum (Bech32, BIP 173): a recipient with a mistyped character is
found when the configuration is checked, not when a bundle turns out to be readable by nobody.
"""

from __future__ import annotations

import re
from itertools import accumulate

from agent.core.identifiers import IdentifierError

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_KIND = "age"
_DATA_CHARACTERS = 58
"""32 bytes in groups of five bits, and the checksum of six."""


def parse_recipient(text: str) -> str:
    """The recipient (`age1…`) in small letters; IdentifierError when it is none."""
    bare = text.strip()
    if bare.upper().startswith("AGE-SECRET-KEY-"):
        raise IdentifierError(
            "is the secret half of a key",
            "write the other half, that begins with age1, and make a new pair: this one is known",
        )
    plain = bare.lower()
    if not re.fullmatch(rf"{_KIND}1[{_ALPHABET}]{{{_DATA_CHARACTERS}}}", plain):
        raise IdentifierError(
            "is not an age recipient",
            "write the contractor's public key, age1… (werfpoort keys contractor makes a pair)",
        )
    if _checksum(plain) != 1:
        raise IdentifierError(
            "is not an age recipient: its check characters do not fit",
            "copy the whole line that begins with age1 again",
        )
    return plain


def _checksum(text: str) -> int:
    """1 for a text whose checksum fits (BIP 173)."""
    kind, _, data = text.partition("1")
    values = [*(ord(c) >> 5 for c in kind), 0, *(ord(c) & 31 for c in kind)]
    values += map(_ALPHABET.index, data)
    return list(accumulate(values, _step, initial=1))[-1]


def _step(before: int, value: int) -> int:
    top = before >> 25
    after = (before & 0x1FFFFFF) << 5 ^ value
    for bit, generator in enumerate(_GENERATORS):
        if top >> bit & 1:
            after ^= generator
    return after
