"""The command line: each command in a few lines; what it does lies in the room it belongs to."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import click

from agent import __version__
from agent.cli.asking import CONFIG, ask, config_option, explained, loaded, told
from agent.cli.bundle import bundle, keys, stick
from agent.cli.incident import incident
from agent.cli.init import init
from agent.cli.journal import journal
from agent.cli.notice import notice
from agent.cli.paper import code, fallback, list_
from agent.cli.taps import taps

REASONS = ("HOLIDAY", "DISEASE", "PLANNING", "C32A")
"""Of a cancellation (WIRE.md, section 1); a test holds them to the core's."""


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Werfpoort: the gate agent for Belgian building sites."""


@main.command()
@config_option
def run(config_file: Path) -> None:
    """Run the gate until it is told to stop."""
    from agent import logs
    from agent.memory import give_back
    from agent.service import Service
    from agent.watcher import Watcher

    logs.to_stderr()
    give_back()
    with explained():
        Service(config_file, Watcher()).serve()


@main.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(config_file: Path, as_json: bool) -> None:
    """Show today: what is registered, what waits, what is broken."""
    from agent.desk.status import as_text

    answer = ask(loaded(config_file), {"ask": "status"})
    stand = answer["status"]
    click.echo(json.dumps(stand, ensure_ascii=False, indent=2) if as_json else as_text(stand))


@main.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.argument("date", type=click.DateTime(["%Y-%m-%d"]), required=False)
def day(config_file: Path, as_json: bool, date: dt.datetime | None) -> None:
    """Report what DATE came to (2026-11-24; today without it), firm by firm, and who must act."""
    from agent.journal.days import read_day
    from agent.reports.day import as_text, day_report

    settings = loaded(config_file)
    today = dt.datetime.now(settings.zone).date()
    asked = date.date() if date is not None else today
    with explained():
        past = read_day(settings.gate.journal, asked, settings.rules)
    firms = {employer.number: employer.name for employer in settings.employers}
    report = day_report(past, asked, today, firms)
    click.echo(json.dumps(report, ensure_ascii=False, indent=2) if as_json else as_text(report))


@main.command()
@config_option
@click.option(
    "--reason",
    type=click.Choice(REASONS, case_sensitive=False),
    required=True,
    help="The service's: DISEASE is health data and stands in no log.",
)
@click.argument("receipt")
def cancel(config_file: Path, reason: str, receipt: str) -> None:
    """Take back the registration with that RECEIPT number, while the service still takes it."""
    told(ask(loaded(config_file), {"ask": "cancel", "receipt": receipt, "reason": reason.upper()}))


@main.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--confirm", "employer", default="", help="This firm's crew comes tomorrow.")
@click.option("--without", multiple=True, help="Of that crew, not this worker (w12).")
@click.option("--cancel-missing", is_flag=True, help="Take back who did not come today.")
def ahead(
    config_file: Path, as_json: bool, employer: str, without: tuple[str, ...], cancel_missing: bool
) -> None:
    """List tomorrow's crews, register one that its employer confirmed, or cancel who is missing."""
    from agent.cli.ahead import as_text, confirmation

    settings = loaded(config_file)
    if employer:
        told(ask(settings, confirmation(employer, without)))
    elif cancel_missing:
        told(ask(settings, {"ask": "ahead-cancel-missing"}))
    else:
        stand = ask(settings, {"ask": "ahead"})["ahead"]
        click.echo(json.dumps(stand, ensure_ascii=False, indent=2) if as_json else as_text(stand))


@main.group()
def config() -> None:
    """The configuration file."""


@config.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=CONFIG)
def config_check(file: Path) -> None:
    """Report everything that is wrong with FILE, at once."""
    from agent.config import check_config
    from agent.findings import report

    _, findings = check_config(file)
    if findings:
        click.echo(report(findings))
    if any(not finding.warning for finding in findings):
        sys.exit(1)
    click.echo(f"{file}: good")


@config.command("schema")
def config_schema() -> None:
    """Print the JSON schema of the configuration, for editors."""
    from agent.config.schema import schema_text

    click.echo(schema_text(), nl=False)


@main.group()
def roster() -> None:
    """The workers and badges that this gate knows."""


@roster.command("check")
@config_option
@click.argument("file", type=click.Path(path_type=Path))
def roster_check(config_file: Path, file: Path) -> None:
    """Report everything that is wrong with a roster FILE, without taking it."""
    from agent.findings import report
    from agent.roster.file import read_roster

    reading = read_roster(file, loaded(config_file).site.declaration)
    if reading.findings:
        click.echo(report(reading.findings))
    click.echo(f"{file}: {len(reading.roster.badges)} badges of {reading.rows} rows are good")
    sys.exit(any(not finding.warning for finding in reading.findings))


@roster.command("import")
@config_option
@click.option("--force", is_flag=True, help="Also when more than a third of the workers go.")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def roster_import(config_file: Path, force: bool, file: Any) -> None:
    """Check FILE whole, and let it take the roster's place."""
    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f'{file.name} is not UTF-8 ({error}); save it as "CSV UTF-8"'
        ) from error
    question = {"ask": "roster-import", "text": text, "name": file.name, "force": force}
    told(ask(loaded(config_file), question))


@roster.command("list")
@config_option
def roster_list(config_file: Path) -> None:
    """List the workers with the numbers by which commands name them."""
    for worker in ask(loaded(config_file), {"ask": "roster-list"})["workers"]:
        badges = " ".join(worker["badges"]) or "no badge"
        row = (worker["number"], worker["name"], worker["identity"], worker["employer"], badges)
        click.echo("  ".join(row))


@main.group()
def badge() -> None:
    """Badges that the roster does not know."""


@badge.command("assign")
@config_option
@click.argument("uid")
@click.argument("worker")
def badge_assign(config_file: Path, uid: str, worker: str) -> None:
    """Link badge UID (or #1, the first unknown one of today) to WORKER, by number or name."""
    told(ask(loaded(config_file), {"ask": "badge-assign", "uid": uid, "worker": worker}))


@badge.command("dismiss")
@config_option
@click.argument("uid")
def badge_dismiss(config_file: Path, uid: str) -> None:
    """Let today's taps of unknown badge UID oblige to nothing."""
    told(ask(loaded(config_file), {"ask": "badge-dismiss", "uid": uid}))


@main.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="For machines: nothing is asked.")
def doctor(config_file: Path, as_json: bool) -> None:
    """Test every part where it stands, and say which is broken and what to do."""
    from agent.doctor.examination import examine
    from agent.doctor.verdicts import as_json as plain
    from agent.doctor.verdicts import exit_code, summary

    guide = None if as_json or not sys.stdin.isatty() else _Terminal()
    verdicts = []
    for verdict in examine(config_file, guide):
        verdicts.append(verdict)
        if not as_json:
            click.echo(str(verdict))
    if as_json:
        click.echo(json.dumps(plain(verdicts), ensure_ascii=False, indent=2))
    else:
        click.echo(f"\n{summary(verdicts)}")
    sys.exit(exit_code(verdicts))


class _Terminal:
    """A technician at a terminal, for what only a person can do or see."""

    def say(self, text: str) -> None:
        click.echo(f"    {text}")

    def sees(self, question: str) -> bool:
        return click.confirm(f"    {question}", default=True)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def story(file: Path, as_json: bool) -> None:
    """Replay the story of an outage: whose it was, what people were told, how each day ended."""
    from agent.sandbox.story import told

    sys.exit(told(file, as_json=as_json))


@main.command()
@click.option("--page", is_flag=True, help="Serve its page also without a terminal, until told.")
@click.option("--port", type=click.IntRange(0, 65535), default=8642, show_default=True)
def sandbox(page: bool, port: int) -> None:
    """Play the virtual site: a gate, a morning at its entrance, and no hardware.

    At a terminal a page shows it too, on this machine alone: the gate on one side, the world on the
    other. Without one it plays the morning; SCENARIO names another scenario or a story.
    """
    from agent.sandbox.stage import play

    sys.exit(play(page=page, port=port))


main.add_command(init)
main.add_command(incident)
main.add_command(code)
main.add_command(list_)
main.add_command(fallback)
main.add_command(journal)
main.add_command(notice)
main.add_command(taps)
main.add_command(bundle)
main.add_command(keys)
main.add_command(stick)
