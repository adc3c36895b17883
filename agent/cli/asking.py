"""What commands share: the configuration, and how the agent or its journal is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent.config import Config
    from agent.core.events import Event

CONFIG = Path("/etc/werfpoort/werfpoort.toml")

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=CONFIG,
    envvar="WERFPOORT_CONFIG",
    show_default=True,
    help="The gate's configuration.",
)


def loaded(file: Path) -> Config:
    """The configuration in `file`; ends the command when it cannot be used."""
    from agent.config import ConfigError, load_config

    try:
        return load_config(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def ask(settings: Config, question: dict[str, Any], timeout_s: float = 60.0) -> dict[str, Any]:
    """The answer of the running agent, or of the journal itself while none runs."""
    from agent import control

    try:
        answer = control.ask(settings.gate.control_socket, question, timeout_s)
    except control.NobodyAnswers:
        answer = _alone(settings, question)
    except OSError as error:
        raise click.ClickException(
            f"{settings.gate.control_socket}: {error}; run this as the agent's user or with sudo"
        ) from error
    if not answer["done"]:
        raise click.ClickException(answer["text"])
    return answer


def _alone(settings: Config, question: dict[str, Any]) -> dict[str, Any]:
    with _own_desk(settings) as answer:
        return answer(question)


@contextmanager
def asking(settings: Config, timeout_s: float) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """What answers questions that belong together: the running agent all along, or, while none
    runs, this journal, held until the last of them.
    """
    from agent import control

    place = settings.gate.control_socket
    try:
        control.ask(place, {"ask": "status"}, timeout_s)
    except control.NobodyAnswers:
        with _own_desk(settings) as answer:
            yield answer
    except OSError as error:
        raise click.ClickException(
            f"{place}: {error}; run this as the agent's user or with sudo"
        ) from error
    else:
        yield lambda question: control.ask(place, question, timeout_s)


@contextmanager
def _own_desk(settings: Config) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    from agent.assembly import clock_of, owned
    from agent.core.commands import Print, PrintSlip, Reply
    from agent.core.paper.paper_events import SlipAsked
    from agent.core.refusals import Refused
    from agent.desk import Desk

    clock = clock_of(settings)
    with explained(), owned(settings, clock) as keeper:

        def decide(event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
            event = event_for(1)
            commands = keeper.do(event)
            (reply,) = (c for c in commands if isinstance(c, Reply))
            if isinstance(event, SlipAsked) and any(isinstance(c, PrintSlip) for c in commands):
                said = "no slip is printed while no agent runs: systemctl start werfpoort"
                return False, said, None
            if settings.rules.printer and any(isinstance(c, Print) for c in commands):
                said = f"{reply.text}; no agent runs: it is printed once one does"
                return reply.done, said, reply.why
            return reply.done, reply.text, reply.why

        yield Desk(lambda: keeper.state, clock.now, decide, settings).answer


def told(answer: dict[str, Any]) -> None:
    """Prints what was answered."""
    click.echo(answer["text"])


class explained:
    """Turns what a person can mend into one message and exit code 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from agent.config import ConfigError
        from agent.journal.fault import JournalError
        from agent.lock import Locked

        match error:
            case ConfigError():
                raise click.ClickException(str(error)) from error
            case JournalError():
                raise click.ClickException(f"{error}; to do: {error.hint}") from error
            case Locked():
                raise click.ClickException(str(error)) from error
            case OSError():
                raise click.ClickException(
                    f"{error}; gate.data_dir must be a folder that is the agent's own"
                ) from error
