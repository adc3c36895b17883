"""`python -m agent.export.making`: makes one bundle in a process of its own."""

from __future__ import annotations

import msgspec

from agent import child
from agent.export.bundle import Made, Order, make
from agent.journal.fault import JournalError
from drivers.base import DeviceError

LONGEST_S = 1_500.0
"""Less than the gate waits for an export."""


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
    try:
        said = child.told(__name__, order, _Said, LONGEST_S)
    except child.Late as error:
        hint = "see whether the card works (dmesg); try again"
        raise NotMade(f"no bundle: {error}", hint) from error
    except child.Silent as error:
        raise NotMade(
            f"the process that makes bundles ended without one ({error})",
            "see the agent's log, and whether memory is short",
        ) from error
    if said.made is None:
        raise NotMade(said.error, said.hint)
    return said.made


def main() -> None:
    """Makes the bundle that standard input orders."""
    child.obey(Order, _made)


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
