"""The commands of contractors: key pairs, and bundles opened. Neither gate nor config is needed."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asking import config_option, loaded

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

STICK_WAIT_S = 1_800.0
"""For one answer of the agent: it may be making a bundle meanwhile."""

identity_option = click.option(
    "--identity",
    type=click.Path(path_type=Path),
    help="The file with your secret key (werfpoort keys contractor made it).",
)


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


@click.group()
def bundle() -> None:
    """Bundles that a gate made for a contractor."""


@bundle.command("open")
@identity_option
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Where it is unpacked. Default: beside FILE, by its name.",
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def bundle_open(file: Path, identity: Path | None, folder: Path | None) -> None:
    """Verify the bundle FILE and unpack it. Needs neither a gate nor its configuration."""
    from agent.export.opening import opened

    target = folder or file.with_name(file.name.removesuffix(".age").removesuffix(".zip"))
    if target == file:
        target = file.with_name(f"{file.name}.opened")
    with bundle_errors():
        found = opened(file, keys_for(file, identity), target)
    click.echo(
        f"{found.text()}\nunpacked into {target}: personal data, keep it where only you read it"
    )
    sys.exit(0 if found.sound else 1)


def keys_for(file: Path, identity: Path | None) -> Sequence[Identity]:
    """The keys that may open `file`; none for a folder, into which it was unpacked already."""
    from agent.export.keys import identities_in

    if identity is not None:
        return identities_in(identity)
    if file.is_dir():
        return ()
    raise click.ClickException(
        f"{file} is encrypted; name the file with your secret key: --identity KEY"
    )


@contextmanager
def bundle_errors() -> Iterator[None]:
    """Turns what a person can mend into one message and exit code 1."""
    from agent.export.keys import KeyFileError
    from agent.export.opening import BundleError

    try:
        yield
    except (BundleError, KeyFileError, OSError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@config_option
@click.argument("device", type=click.Path(path_type=Path))
def stick(config_file: Path, device: Path) -> None:
    """Write each contractor's bundle onto the stick DEVICE; systemd calls this when one is put in.

    Only what is new on that stick. The running agent makes the bundles and shows on the panel when
    the stick may be pulled out.
    """
    from agent import control
    from agent.export.carrying import CarryError, carry
    from agent.export.stick import Stick

    settings = loaded(config_file)

    def asks(question: control.Question) -> control.Answer:
        return control.ask(settings.gate.control_socket, question, STICK_WAIT_S)

    try:
        carried = carry(asks, settings.gate.name, Stick(device), stick=True)
    except CarryError as error:
        raise click.ClickException(f"{device}: {error}") from error
    click.echo(f"{carried.text}\npull it out")
