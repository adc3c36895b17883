"""The commands by which people say something of an outage, and ask what to do now."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agent.cli.asking import ask, config_option, loaded, told
from agent.core.outage.correction import PARTIES
from agent.core.outage.procedure_records import PERSONS
from agent.locale import LANGUAGES


@click.command("confirm")
@config_option
@click.argument("name", metavar="ID")
@click.option("--cause", type=click.Choice(tuple(PARTIES)), required=True, help="Whose it was.")
@click.option("--reference", default="", help="The third party's ticket, or the RSZ's notice.")
@click.option("--by", "who", default="", help="Who says so.")
def confirm(config_file: Path, name: str, cause: str, reference: str, who: str) -> None:
    """Say whose outage ID was; it is kept, and counts as far as the reference carries it."""
    question = {"ask": "outage-confirm", "incident": name, "cause": cause}
    told(ask(loaded(config_file), {**question, "reference": reference, "who": who}))


@click.command("phone")
@config_option
@click.argument("name", metavar="ID")
@click.argument("answer", type=click.Choice(("yes", "no", "silent")))
@click.option("--by", "who", default="", help="Who says so.")
def phone(config_file: Path, name: str, answer: str, who: str) -> None:
    """Answer whether the online service opens on a phone; `silent`: nobody could say."""
    step = f"phone-{answer}"
    told(
        ask(loaded(config_file), {"ask": "outage-step", "incident": name, "step": step, "who": who})
    )


@click.command("step")
@config_option
@click.argument("name", metavar="ID")
@click.argument("step", type=click.Choice([step.value for step in PERSONS]))
@click.option("--firm", default="", help="Company number; default: the firm that reports.")
@click.option("--by", "who", default="", help="Who took it.")
@click.option("--note", default="", help="What was said.")
def step_(config_file: Path, name: str, step: str, firm: str, who: str, note: str) -> None:
    """Note a step of the emergency procedure that somebody took in outage ID."""
    question = {"ask": "outage-step", "incident": name, "step": step, "firm": firm}
    told(ask(loaded(config_file), {**question, "who": who, "note": note}))


@click.command("now")
@config_option
@click.option("--firm", default="", help="Company number; default: the firm that reports.")
@click.option("--language", type=click.Choice(LANGUAGES), default="", help="Default: the site's.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def now(config_file: Path, firm: str, language: str, as_json: bool) -> None:
    """Say what people must do now, with the numbers to call and to quote."""
    question = {"ask": "outage-now", "firm": firm, "language": language}
    answer = ask(loaded(config_file), question)
    if as_json:
        click.echo(json.dumps(answer["now"], ensure_ascii=False, indent=2))
    else:
        told(answer)


SAYING = (confirm, phone, step_, now)
"""Of `werfpoort incident`, beside those that look (incident.py)."""
