"""One order carried out by a process of its own: what it takes of memory is given back, the loop
has its core for itself, and a card that hangs hangs nobody's tap.

    said = told(__name__, order, Said, LONGEST_S)     # in the agent
    obey(Order, carry_out)                            # in main() of the same module

The order goes in as JSON, and what came of it comes out as JSON.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

NICER = 10
"""Taps come first."""

Order = TypeVar("Order")
Said = TypeVar("Said")


class Silent(Exception):
    """The process ended without an answer; the text says how."""


class Late(Exception):
    """The process took too long, and was killed."""


def told(module: str, order: object, kind: type[Said], longest_s: float) -> Said:
    """What `python -m module` says to this order. Raises Silent and Late."""
    try:
        done = subprocess.run(
            (sys.executable, "-P", "-m", module),
            input=msgspec.json.encode(order, enc_hook=str),
            capture_output=True,
            timeout=longest_s,
            check=False,
        )
        return msgspec.json.decode(done.stdout, type=kind)
    except subprocess.TimeoutExpired as error:
        raise Late(f"no answer after {longest_s:.0f} s") from error
    except (OSError, msgspec.MsgspecError) as error:
        raise Silent(str(error)) from error


def obey(kind: type[Order], carry_out: Callable[[Order], object]) -> None:
    """Carries out the order of standard input, and says what came of it on standard output."""
    with suppress(OSError):  # the agent's unit allows no change of priorities
        os.nice(NICER)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=kind, dec_hook=_path)
    sys.stdout.buffer.write(msgspec.json.encode(carry_out(order)))


def _path(kind: type, value: Any) -> Any:
    return Path(value) if kind is Path else value
