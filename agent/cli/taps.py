"""The commands for taps that no clock could date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from agent.cli.asking import ask, config_option, loaded, told


@click.group()
def taps() -> None:
    """Taps of an earlier start whose clock was never right: a person names their day."""


@taps.command("list")
@config_option
def taps_list(config_file: Path) -> None:
    """List the taps that wait for their day, in the order in which they were held."""
    for tap in ask(loaded(config_file), {"ask": "taps-list"})["taps"]:
        row = (f"tap {tap['tap']}", tap["start"], tap["after"], tap["reader"], tap["who"])
        click.echo("  ".join(row))


@taps.command("confirm")
@config_option
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("numbers", metavar="[TAP]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--by", required=True, help="Who says so: it is kept in the journal.")
def taps_confirm(config_file: Path, day: dt.datetime, numbers: tuple[int, ...], by: str) -> None:
    """Say that these taps (all that wait, where none is named) are of DAY.

    For today they are registered; for a day that is over nothing is sent any more.
    """
    question = {"day": day.date().isoformat(), "taps": list(numbers), "by": by.strip()}
    told(ask(loaded(config_file), {"ask": "taps-confirm", **question}))
