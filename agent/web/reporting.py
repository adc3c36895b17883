"""`python -m agent.web.reporting`: makes the report of an incident in a process of its own.

A journal of years is read whole for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from agent import child

LONGEST_S = 60.0
"""A journal of a million entries takes some ten, on a slow card more."""

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
        said = child.told(__name__, order, _Said, LONGEST_S)
    except child.Late as error:
        raise NoReport(f"no report: {error}; see whether the card works") from error
    except child.Silent as error:
        raise NoReport("the report could not be made; see the agent's log, and memory") from error
    if not said.made:
        raise NoReport(said.error)
    return said.made


def main() -> None:
    """Makes the report that standard input orders."""
    child.obey(Order, _made)


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
