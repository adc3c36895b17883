"""`werfpoort init`: a gate from nothing, or in the place of another one; once."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.asking import config_option
from agent.cli.bundle import bundle_errors, identity_option, keys_for

if TYPE_CHECKING:
    from agent.config import Config
    from agent.core.predecessor import Predecessor


@click.command()
@config_option
@click.option(
    "--answers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A configuration with what cannot be found out: nothing is asked.",
)
@click.option(
    "--from",
    "export",
    type=click.Path(path_type=Path, exists=True),
    help="The main contractor's bundle of the gate that this one replaces, or a stick with it.",
)
@identity_option
@click.option("--force", is_flag=True, help="Also where a configuration lies already.")
def init(
    config_file: Path,
    answers: Path | None,
    export: Path | None,
    identity: Path | None,
    *,
    force: bool,
) -> None:
    """Detect the devices, ask the rest, write a configuration that is good, make the keys."""
    from agent.commissioning.detection import detected
    from agent.commissioning.questions import asked, devices_of
    from agent.commissioning.writing import toml

    if config_file.exists() and not force:
        raise click.ClickException(f"{config_file} is there already; --force writes it anew")
    old = None if export is None else _predecessor(export, identity)
    click.echo("Looking for readers and printers ...")
    found = detected()
    for path in (*found.nfc_serial, *found.nfc_usb):
        click.echo(f"  NFC reader: {path}")
    for address in found.printers:
        click.echo(f"  printer: {address}")
    if answers is None:
        config: dict[str, Any] = asked(_Terminal(), found, _known(old))
    else:
        config = {**devices_of(found), **_read(answers)}
    _written(config_file, toml(config), old)


def _predecessor(export: Path, identity: Path | None) -> Predecessor:
    from agent.commissioning.predecessor import ZONE, fingerprint, predecessor_in
    from agent.export.opening import is_bundle

    with bundle_errors():
        unpacked = export.is_dir() and is_bundle(export)
        keys = () if unpacked and identity is None else keys_for(export, identity)
        old = predecessor_in(export, keys)
    click.echo(
        f"In the place of gate {old.gate} ({old.site}): journal {old.journal} up to entry "
        f"{old.upto}, {old.until.local(ZONE):%Y-%m-%d %H:%M}\n"
        f"  signed by key {fingerprint(old)}: compare it with the code on a list that it printed"
    )
    return old


def _known(old: Predecessor | None) -> dict[str, str]:
    if old is None:
        return {}
    return {"gate.name": old.gate, "site.name": old.site, "site.company": old.company}


def _read(answers: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(answers.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{answers} is not TOML: {error}") from error


def _written(file: Path, text: str, old: Predecessor | None) -> None:
    from agent.commissioning.writing import ROSTER_MODE, give, write_whole
    from agent.config import check_config
    from agent.findings import report
    from agent.journal.checkpoint import signer_at
    from agent.journal.fault import JournalError
    from agent.lock import Locked
    from agent.roster.file import COLUMNS

    draft = file.with_name(file.name + ".draft")
    try:
        write_whole(draft, text)
        config, findings = check_config(draft)
        if config is None:
            raise click.ClickException(f"{report(findings)}\nnothing was written; {draft} is kept")
        gate = config.gate
        gate.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not gate.roster.exists() and gate.roster.parent.is_dir():
            write_whole(gate.roster, ",".join(COLUMNS) + "\n", ROSTER_MODE)
            give(gate.roster, gate.data_dir)
            click.echo(f"Made an empty roster: {gate.roster}")
        signer = signer_at(gate.signing_key)
        if old is not None:
            _succeed(config, old)
        for made in gate.data_dir.iterdir():
            give(made, gate.data_dir)
        give(draft, gate.data_dir, group_only=True)
        draft.replace(file)
    except Locked as error:
        raise click.ClickException(f"{error}; stop it first") from error
    except (OSError, JournalError) as error:
        raise click.ClickException(
            f"{error}; run this with sudo -u werfpoort, or as root"
        ) from error
    click.echo(f"Wrote {file}. Key of the journal's checkpoints: {signer.public.hex()}")
    _, findings = check_config(file)
    wrong = [finding for finding in findings if not finding.warning]
    if wrong:
        click.echo(f"\nStill to do:\n{report(wrong)}")
        sys.exit(1)
    click.echo("Next: werfpoort doctor, then: sudo systemctl enable --now werfpoort")


def _succeed(config: Config, old: Predecessor) -> None:
    """Begins this gate's journal with what the old one knew, and says what it does not take."""
    from agent.commissioning.succession import NotTaken, succeed

    try:
        taken = succeed(config, old)
    except NotTaken as error:
        raise click.ClickException(str(error)) from error
    click.echo(taken.text)


class _Terminal:
    """A technician at a terminal."""

    def text(self, question: str, proposed: str = "") -> str:
        return str(click.prompt(question, default=proposed or None))

    def choice(self, question: str, among: tuple[str, ...]) -> str:
        return str(click.prompt(question, type=click.Choice(among), default=among[0]))

    def told(self, text: str) -> None:
        click.echo(f"  {text}")
