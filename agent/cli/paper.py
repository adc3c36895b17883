"""The commands of the paper procedure."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import click

from agent.cli.asking import ask, config_option, loaded, told

_PDF_S = 90.0
"""A list of 500 people takes some 10 s on a slow Pi."""


@click.command("code")
def code() -> None:
    """Make the hash of an operator code, for the configuration."""
    from agent.paper.operator_code import CodeUnusable, made

    typed = click.prompt("Operator code (digits)", hide_input=True, confirmation_prompt="Again")
    try:
        hashed = made(typed.strip())
    except CodeUnusable as error:
        raise click.ClickException(str(error)) from error
    click.echo(f'[operator]\ncode = "{hashed}"')


@click.command("list")
@config_option
@click.option("--pdf", type=click.Path(path_type=Path), help="Write the list to this file.")
@click.argument("number", default="")
def list_(config_file: Path, pdf: Path | None, number: str) -> None:
    """Show the attendance lists of today and yesterday, or write one as PDF (the last one)."""
    settings = loaded(config_file)
    if pdf is not None:
        answer = ask(settings, {"ask": "paper-pdf", "number": number}, _PDF_S)
        _write(pdf, base64.b64decode(answer["pdf"]))
        click.echo(f"list {answer['number']} is in {pdf}; once it is on paper, say so: ")
        click.echo(f"werfpoort fallback printed {answer['number']}")
        return
    lists = ask(settings, {"ask": "paper-lists"})["lists"]
    shown = [one for one in lists if number in ("", one["number"])]
    for one in shown:
        click.echo("\n".join(_lines(one)))
    if not shown:
        click.echo("no list of today or yesterday")


def _lines(one: dict[str, Any]) -> list[str]:
    reference = one["reference"] or "PROVISIONAL, no reference number"
    filled = "nobody said how many" if one["filled_in"] is None else one["filled_in"]
    lines = [
        f"{one['number']}  {one['day']}  {one['declaration']}  firm {one['firm']}  {reference}",
        f"  {one['names']} names, {one['lines']} lines to fill in (filled in: {filled})",
    ]
    lines.append("  proof" if one["proof"] else f"  no proof yet, waits for {one['waits_for']}")
    return lines


def _write(path: Path, content: bytes) -> None:
    """For its owner alone: national numbers stand in it."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}; name another file") from error


@click.group()
def fallback() -> None:
    """The paper procedure: when no channel works and nothing exempts."""


_expect = click.option("--expect", multiple=True, help="A worker who comes later today: w12.")
_day = click.option("--day", default="", help="Today, for a clock that is wrong: 2026-11-24.")
_by = click.option("--by", "who", default="", help="Who says so: a name, which stands on the list.")
_firm = click.option("--firm", default="", help="Company number, if not the site's own firm.")


@fallback.command("enter")
@config_option
@click.option("--how", type=click.Choice(["centre", "form"]), default="centre", show_default=True)
@_firm
@click.option("--declaration", default="", help="Only for this declaration of works.")
@_day
@_expect
@_by
@click.argument("number")
def enter(
    config_file: Path,
    how: str,
    firm: str,
    declaration: str,
    day: str,
    expect: tuple[str, ...],
    who: str,
    number: str,
) -> None:
    """Enter the reference NUMBER of the contact centre: the list is printed."""
    question = {"ask": "paper-reference", "number": number, "how": how, "firm": firm}
    more = {"declaration": declaration, "day": day, "expected": list(expect), "who": who}
    told(ask(loaded(config_file), {**question, **more}))


@fallback.command("list")
@config_option
@click.option("--addendum", is_flag=True, help="Only who is on no list of today yet.")
@_firm
@_day
@_expect
@_by
def make_list(
    config_file: Path, addendum: bool, firm: str, day: str, expect: tuple[str, ...], who: str
) -> None:
    """Print a list now: provisional, as long as there is no reference number."""
    question = {"ask": "paper-list", "addendum": addendum, "firm": firm, "day": day, "who": who}
    told(ask(loaded(config_file), {**question, "expected": list(expect)}))


@fallback.command("copy")
@config_option
@click.argument("number", default="")
def copy(config_file: Path, number: str) -> None:
    """Print list NUMBER (all of today) again, each page marked as a duplicate."""
    told(ask(loaded(config_file), {"ask": "paper-copy", "number": number}))


@fallback.command("printed")
@config_option
@click.option("--again", is_flag=True, help="Not every page is there: print those again.")
@click.argument("number", default="")
def printed(config_file: Path, again: bool, number: str) -> None:
    """Say that you looked: every page of list NUMBER is on paper."""
    question = {"ask": "paper-looked", "whole": not again, "number": number}
    told(ask(loaded(config_file), question))


@fallback.command("filled")
@config_option
@click.option("--list", "number", default="", help="The list, if not the last one.")
@click.argument("count", type=click.IntRange(0))
def filled(config_file: Path, number: str, count: int) -> None:
    """Say that COUNT blank lines of the list were filled in: from then on they count."""
    told(ask(loaded(config_file), {"ask": "paper-filled", "count": count, "number": number}))


@fallback.command("slip")
@config_option
@click.argument("slip", type=click.Choice(["instruction", "evidence", "keep-list", "keypad"]))
def slip(config_file: Path, slip: str) -> None:
    """Print the slip that says what to do now, what was measured, or what may be typed."""
    told(ask(loaded(config_file), {"ask": "paper-slip", "slip": slip}))
