"""`python -m agent.export.making`: makes one bundle in a process of its own.

In: an order as JSON. Out: the bundle as JSON, or why there is none. So what it takes of memory is
given back, the loop has its core for itself, and a card that hangs hangs nobody's tap.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from agent.export.bundle import Made, Order, make
from agent.journal.fault import JournalError
from drivers.base import DeviceError

LONGEST_S = 1_500.0
"""Less than the gate waits for an export."""
NICER = 10
"""Taps come first."""


class NotMade(Exception):
    """There is no bundle; the text says why, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class _Said(msgspec.Struct):
    made: Made | None = None
    error: str = ""
    hint: str = ""


def in_a_child(order: Order) -> Made:
    """The bundle, made by another process. Raises NotMade."""
    command = (sys.executable, "-P", "-m", __name__)
    try:
        done = subprocess.run(
            command,
            input=msgspec.json.encode(order, enc_hook=str),
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
        said = msgspec.json.decode(done.stdout, type=_Said)
    except subprocess.TimeoutExpired as error:
        raise NotMade(
            f"no bundle after {LONGEST_S:.0f} s", "see whether the card works (dmesg); try again"
        ) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise NotMade(
            f"the process that makes bundles ended without one ({error})",
            "see the agent's log, and whether memory is short",
        ) from error
    if said.made is None:
        raise NotMade(said.error, said.hint)
    return said.made


def main() -> None:
    """Makes the bundle that standard input orders."""
    with suppress(OSError):  # the agent's unit allows no change of priorities
        os.nice(NICER)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order, dec_hook=_path)
    sys.stdout.buffer.write(msgspec.json.encode(_made(order)))


def _path(kind: type, value: Any) -> Any:
    return Path(value) if kind is Path else value


def _made(order: Order) -> _Said:
    import pyrage

    try:
        return _Said(make(order))
    except (JournalError, DeviceError) as error:
        return _Said(error=str(error), hint=error.hint)
    except OSError as error:
        hint = "free space on the journal's disk, and see that its folder is the agent's own"
        return _Said(error=f"the bundle could not be written: {error}", hint=hint)
    except (pyrage.EncryptError, pyrage.RecipientError) as error:
        hint = "free space on the journal's disk; check the recipient of this contractor"
        return _Said(error=f"the bundle could not be encrypted: {error}", hint=hint)


if __name__ == "__main__":
    main()
