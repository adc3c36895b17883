"""The state and its journal, kept together: a state counts once its records are durable."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from agent.core import gate
from agent.core.commands import Command, Record
from agent.core.events import Event
from agent.core.rules import Rules
from agent.journal.store import Journal, JournalMismatch


class Keeper:
    """Owns the journal. `state` is immutable and may be read from any thread."""

    def __init__(self, journal: Journal, rules: Rules) -> None:
        self.journal = journal
        self.state = gate.restore(rules, journal.entries_for_state())

    def do(self, event: Event) -> tuple[Command, ...]:
        """What is to be done after `event`, its records durable by now, in order.

        Raises JournalError when they could not be made durable: then nothing happened.
        """
        state, commands = gate.step(self.state, event)
        records = [command.record for command in commands if isinstance(command, Record)]
        if records:
            self.journal.append(event.at, records)
        self.state = state
        return commands


def opened(database: Path | str, rules: Rules, chance: random.Random, *, training: bool) -> Keeper:
    """The keeper of this journal. Raises JournalError, and JournalMismatch when the journal
    holds real registrations and the gate is for training, or the other way round.
    """
    keeper = Keeper(Journal(database, chance), rules)
    state = keeper.state
    if state.journal and state.training is not training:
        keeper.journal.close()
        holds, wanted = ("training", "real") if state.training else ("real", "training")
        raise JournalMismatch(
            f"journal {database} holds {holds} registrations, and this gate is configured for "
            f"{wanted} ones",
            "set gate.training as it was, or give gate.data_dir another folder",
        )
    return keeper


def records_of(commands: Sequence[Command]) -> list[Record]:
    """The record commands among these."""
    return [command for command in commands if isinstance(command, Record)]
