"""The incidents of a journal, read by who only reads, and the report of one of them."""

from __future__ import annotations

import time
from pathlib import Path

from agent.config.settings import Config
from agent.core.outage.incident_report import Report, reports
from agent.journal.rows import reading, rows
from agent.reports.incident_page import Heading, Page, page


class IncidentUnknown(Exception):
    """The journal knows no such incident; the message names those that it knows."""


def read(journal: Path) -> dict[str, Report]:
    """Every incident by its name, the oldest first. Raises JournalError."""
    with reading(journal) as connection:
        entries = (row.entry() for row in rows(connection))
        return reports(entries, _now_ms())


def reported(journal: Path, name: str, heading: Heading, language: str) -> Page:
    """The report of incident `name`, of the last one for an empty name. Raises IncidentUnknown,
    JournalError."""
    found = read(journal)
    report = found.get(name) if name else next(reversed(list(found.values())), None)
    if report is None:
        known = f"known: {', '.join(found)}" if found else "the journal knows none"
        raise IncidentUnknown(f"no outage {name or 'yet'}; {known}")
    return page(report, heading, language, _now_ms())


def heading_of(config: Config, *, names: bool = False) -> Heading:
    """Whose site it is. `names`: name the workers affected, their numbers masked."""
    site = config.site
    return Heading(
        site=f"{site.name}, {site.address}" if site.address else site.name,
        declaration=site.declaration,
        company=site.company,
        zone=config.zone,
        training=config.gate.training,
        names=names,
    )


def _now_ms() -> int:
    return round(time.time() * 1000)
