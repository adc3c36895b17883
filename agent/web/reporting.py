"""`python -m agent.web.reporting`: makes the report of an incident in a process of its own.

In: an order as JSON. Out: the file, or why there is none. A journal of years is read whole for it:
what that takes of memory is given back, and no tap waits for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

LONGEST_S = 60.0
"""A journal of a million entries takes some ten, on a slow card more."""
NICER = 10

Form = Literal["html", "pdf"]


class NoReport(Exception):
    """There is no report; the text says why and what to do."""


class Order(msgspec.Struct):
    """What is to be made: of which incident, in which language, under which heading."""

    journal: Path
    name: str
    form: Form
    language: str
    site: str
    declaration: str
    company: str
    zone: str
    training: bool


class _Said(msgspec.Struct):
    made: bytes = b""
    error: str = ""


def in_a_child(order: Order) -> bytes:
    """The report, made by another process. Raises NoReport."""
    try:
        done = subprocess.run(
            (sys.executable, "-P", "-m", __name__),
            input=msgspec.json.encode(order, enc_hook=str),
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
        said = msgspec.json.decode(done.stdout, type=_Said)
    except subprocess.TimeoutExpired as error:
        raise NoReport(f"no report after {LONGEST_S:.0f} s; see whether the card works") from error
    except (OSError, msgspec.MsgspecError) as error:
        raise NoReport("the report could not be made; see the agent's log, and memory") from error
    if not said.made:
        raise NoReport(said.error)
    return said.made


def main() -> None:
    """Makes the report that standard input orders."""
    with suppress(OSError):  # the agent's unit allows no change of priorities
        os.nice(NICER)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order, dec_hook=_path)
    sys.stdout.buffer.write(msgspec.json.encode(_made(order)))


def _path(kind: type, value: Any) -> Any:
    return Path(value) if kind is Path else value


def _made(order: Order) -> _Said:
    from agent.journal.fault import JournalError
    from agent.reports.incident_page import Heading
    from agent.reports.incidents import IncidentUnknown, reported
    from drivers.base import DeviceError

    heading = Heading(
        order.site, order.declaration, order.company, ZoneInfo(order.zone), order.training
    )
    try:
        page = reported(order.journal, order.name, heading, order.language)
        if order.form == "pdf":
            from agent.reports.incident_pdf import as_pdf

            return _Said(as_pdf(page))
        from agent.reports.incident_html import as_html

        return _Said(as_html(page).encode())
    except IncidentUnknown as error:
        return _Said(error=str(error))
    except (JournalError, DeviceError) as error:
        return _Said(error=f"{error}; to do: {error.hint}")


if __name__ == "__main__":
    main()
