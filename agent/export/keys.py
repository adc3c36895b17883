"""A contractor's key pair: the identity stays with the contractor, the recipient goes to the gate.

The identity file is that of age itself (https://age-encryption.org), so that its own programs
open a bundle too.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

MOST_BYTES = 65_536
"""Of an identity file: some hundred keys with their comments."""
_SECRET = "AGE-SECRET-KEY-"


class KeyFileError(Exception):
    """An identity file cannot be made or used; the text says why and what to do."""


def make_pair(path: Path, made: dt.datetime) -> str:
    """The recipient of a new pair, whose identity lies in `path` now, readable by its owner alone.

    Raises KeyFileError where a file is there already, OSError where none can be written.
    """
    from pyrage import x25519

    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    text = (
        f"# created: {made.isoformat(timespec='seconds')}\n# public key: {recipient}\n{identity}\n"
    )
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise KeyFileError(
            f"{path} is there already: without its key no bundle made for it opens; "
            "name another file"
        ) from error
    with open(number, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(number)
    return recipient


def identities_in(path: Path) -> list[Identity]:
    """The secret keys in an identity file. Raises KeyFileError."""
    from pyrage import IdentityError, x25519

    try:
        with path.open("rb") as file:
            lines = file.read(MOST_BYTES).decode("utf-8", "replace").splitlines()
        found = [line.strip() for line in lines if line.strip().upper().startswith(_SECRET)]
        identities = [x25519.Identity.from_str(line) for line in found]
    except (OSError, IdentityError) as error:
        raise KeyFileError(f"{path} cannot be used as a key: {error}") from error
    if not identities:
        raise KeyFileError(
            f"{path} holds no key: it is the file that werfpoort keys contractor or age-keygen made"
        )
    return identities
