"""The commands of the journal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli.asking import ask, asking, config_option, explained, loaded, told
from agent.cli.bundle import bundle_errors, identity_option, keys_for

EXPORT_WAIT_S = 1_800.0
"""For one bundle: a process of its own makes it, in half of that at most."""
ERASURE_WAIT_S = 3_600.0
"""Ten years of a large site, on a slow card."""


@click.group()
def journal() -> None:
    """The journal: verify it, take it away, erase what its term has ended."""


@journal.command("verify")
@config_option
@click.option("--checkpoint", "texts", multiple=True, help="WP1:… of a list, slip or bundle.")
@identity_option
@click.argument("file", type=click.Path(path_type=Path), required=False)
def journal_verify(
    config_file: Path, texts: tuple[str, ...], identity: Path | None, file: Path | None
) -> None:
    """Say what is wrong with a journal FILE, and where. Without FILE: with this gate's.

    FILE is a journal, a bundle, or the folder into which one was unpacked. It needs neither a gate
    nor its configuration; nothing is changed in it.
    """
    from agent.export.opening import is_bundle, looked_into
    from agent.journal.checkpoint import CheckpointUnreadable, parse_checkpoint
    from agent.journal.verify import verify

    try:
        checkpoints = [parse_checkpoint(text) for text in texts]
    except CheckpointUnreadable as error:
        raise click.ClickException(str(error)) from error
    if file is not None and is_bundle(file):
        with bundle_errors():
            found = looked_into(file, keys_for(file, identity), checkpoints)
        click.echo(found.text())
        sys.exit(0 if found.sound else 1)
    with explained():
        verdict = verify(file or loaded(config_file).gate.journal, checkpoints)
    click.echo(verdict.text())
    sys.exit(0 if verdict.sound else 1)


@journal.command("erase")
@config_option
@click.option("--worker", default="", help="One worker (w12), whatever the term.")
@click.option("--damaged", default="", help="A damaged journal that was put aside, by its file.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased. The default.")
@click.option("--yes", is_flag=True, help="Erase it.")
def journal_erase(config_file: Path, worker: str, damaged: str, dry_run: bool, yes: bool) -> None:
    """Erase the details whose term has ended, those of one worker, or a damaged journal whole.

    What is not settled, and the roster in force, stays; so does the proof that nothing was changed.
    """
    really = yes and not dry_run
    if damaged:
        told(
            ask(loaded(config_file), {"ask": "journal-erase", "damaged": damaged, "really": really})
        )
        return
    number = worker.strip().lower().removeprefix("w")
    if worker and not (number.isdecimal() and int(number)):
        raise click.ClickException(
            f"{worker} is no worker's number; name one as w12 (werfpoort roster list)"
        )
    question = {"ask": "journal-erase", "worker": int(number or 0), "really": really}
    click.echo(ask(loaded(config_file), question, timeout_s=ERASURE_WAIT_S)["text"])


@journal.command("checkpoint")
@config_option
@click.option("--qr", is_flag=True, help="Draw it as a QR code too, for a phone's camera.")
def journal_checkpoint(config_file: Path, qr: bool) -> None:
    """Sign the journal up to now: kept elsewhere, the line shows a journal changed since."""
    text = ask(loaded(config_file), {"ask": "journal-checkpoint"})["text"]
    if qr:
        import qrcode

        code = qrcode.QRCode(border=4)
        code.add_data(text)
        code.print_ascii(invert=True)
    click.echo(text)


@journal.command("export")
@config_option
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    help="Where the bundles go: a folder that is there.",
)
def journal_export(config_file: Path, folder: Path) -> None:
    """Write each contractor's bundle into a folder, without a stick: only what is new there."""
    from agent.export.carrying import CarryError, Folder, carry

    settings = loaded(config_file)
    try:
        with asking(settings, EXPORT_WAIT_S) as asks:
            carried = carry(asks, settings.gate.name, Folder(folder), stick=False)
    except CarryError as error:
        raise click.ClickException(f"{folder}: {error}") from error
    click.echo(carried.text)
