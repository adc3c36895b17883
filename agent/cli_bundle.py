"""The commands of contractors: key pairs, and bundles opened. Neither gate nor config is needed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click


@click.group()
def keys() -> None:
    """Key pairs."""


@keys.command("contractor")
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path),
    default=Path("werfpoort-identity.txt"),
    show_default=True,
    help="Where the secret half goes.",
)
def keys_contractor(file: Path) -> None:
    """Make a pair: the secret half that opens bundles, the public half for the gate."""
    from agent.export.keys import KeyFileError, make_pair

    try:
        recipient = make_pair(file, dt.datetime.now().astimezone())
    except (KeyFileError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"The secret key lies in {file}. Keep it, and a copy elsewhere: whoever has it reads the\n"
        "bundles, and without it nobody does. The gate's configuration takes the public half:\n\n"
        f'    recipient = "{recipient}"\n\nin its [[contractors]] section.'
    )
