"""The commands of the journal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli_asking import ask, config_option, explained, loaded


@click.group()
def journal() -> None:
    """The journal: verify it, take it away, erase what its term has ended."""


@journal.command("verify")
@config_option
@click.option("--checkpoint", "texts", multiple=True, help="WP1:… of a list, slip or bundle.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
def journal_verify(config_file: Path, texts: tuple[str, ...], file: Path | None) -> None:
    """Say what is wrong with a journal FILE, and where. Without FILE: with this gate's.

    A FILE needs neither a gate nor its configuration; nothing is changed in it.
    """
    from agent.journal.checkpoint import CheckpointUnreadable, parse_checkpoint
    from agent.journal.verify import verify

    try:
        checkpoints = [parse_checkpoint(text) for text in texts]
    except CheckpointUnreadable as error:
        raise click.ClickException(str(error)) from error
    with explained():
        verdict = verify(file or loaded(config_file).gate.journal, checkpoints)
    click.echo(verdict.text())
    sys.exit(0 if verdict.sound else 1)


@journal.command("checkpoint")
@config_option
def journal_checkpoint(config_file: Path) -> None:
    """Print the last checkpoint: kept elsewhere, it shows a journal that was changed since."""
    click.echo(ask(loaded(config_file), {"ask": "journal-checkpoint"})["text"])
