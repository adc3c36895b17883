"""The commands that look at outages: read from the journal, also beside a running agent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asking import config_option, explained, loaded
from agent.cli.outage import SAYING
from agent.locale import LANGUAGES

if TYPE_CHECKING:
    from agent.config import Config
    from agent.core.outage.incident_report import Report
    from agent.reports.incident_page import Page


@click.group()
def incident() -> None:
    """Outages: whose they were, and the evidence for it."""


for command in SAYING:
    incident.add_command(command)


@incident.command("list")
@config_option
def incident_list(config_file: Path) -> None:
    """List all outages of the journal, the oldest first."""
    from agent.reports.incident_page import judged

    settings = loaded(config_file)
    found = _reports(settings)
    if not found:
        click.echo("no outage in this journal")
    for report in found.values():
        until = f"{report.until.local(settings.zone):%H:%M:%S}" if report.until else "still lasts"
        click.echo(
            f"{report.name}  {report.since.local(settings.zone):%Y-%m-%d %H:%M:%S} to {until}  "
            f"{judged(report).value}  [{report.row}]"
        )


@incident.command("show")
@config_option
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.argument("name", metavar="ID", required=False, default="")
def incident_show(config_file: Path, language: str, name: str) -> None:
    """Show an outage (the last one, where none is named) on the screen."""
    shown = _page(loaded(config_file), name, language, names=False)
    if shown.training:
        click.echo(shown.training)
    for label, value in shown.facts:
        click.echo(f"{label + ':':36} {value}")
    for title, lines in (shown.course, shown.tries):
        if lines:
            click.echo(f"\n{title}")
        for line in lines:
            click.echo(f"  {line}")
    click.echo(f"\n{shown.checkpoint}")


@incident.command("report")
@config_option
@click.option("--html", "kind", flag_value="html", help="One file for a browser.")
@click.option("--pdf", "kind", flag_value="pdf", default="pdf", help="To print and sign.")
@click.option("--names", is_flag=True, help="Name the workers affected, numbers masked.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: the site's first one.")
@click.option("--to", type=click.Path(path_type=Path), help="The file; default: named after it.")
@click.argument("name", metavar="ID", required=False, default="")
def incident_report(
    config_file: Path, kind: str, names: bool, language: str | None, to: Path | None, name: str
) -> None:
    """Write the report that an inspector is handed (the last outage, where none is named).

    It names nobody unless --names asks for it. `--to -` writes to the standard output.
    """
    settings = loaded(config_file)
    shown = _page(settings, name, language or settings.gate.languages[0], names=names)
    if kind == "html":
        from agent.reports.incident_html import as_html

        made = as_html(shown).encode()
    else:
        from agent.reports.incident_pdf import as_pdf
        from drivers.base import DeviceError

        try:
            made = as_pdf(shown)
        except DeviceError as error:
            raise click.ClickException(f"{error}; to do: {error.hint}") from error
    if str(to) == "-":
        sys.stdout.buffer.write(made)
        return
    file = to or Path(f"incident-{shown.facts[0][1].partition(',')[0]}-{shown.language}.{kind}")
    try:
        file.write_bytes(made)
    except OSError as error:
        raise click.ClickException(f"{file}: {error}; name another file with --to") from error
    click.echo(f"the report is in {file}")


def _reports(settings: Config) -> dict[str, Report]:
    """Every outage of the journal."""
    from agent.reports.incidents import read

    with explained():
        return read(settings.gate.journal)


def _page(settings: Config, name: str, language: str, *, names: bool) -> Page:
    from agent.reports.incidents import IncidentUnknown, heading_of, reported

    heading = heading_of(settings, names=names)
    try:
        with explained():
            return reported(settings.gate.journal, name, heading, language)
    except IncidentUnknown as error:
        raise click.ClickException(str(error)) from error
