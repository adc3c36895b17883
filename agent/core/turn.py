"""One step in the making: the state so far and the commands so far."""

from __future__ import annotations

from agent.core import commands
from agent.core.moment import Moment
from agent.core.records import Entry, Record, kind_of
from agent.core.refusals import Refused
from agent.core.state import State, apply


class Turn:
    """Gathers what one event leads to. Only `gate.step` makes one, and it never outlives it."""

    def __init__(self, state: State, at: Moment) -> None:
        self.state = state
        self.at = at
        self.commands: list[commands.Command] = []

    def record(self, record: Record) -> int:
        """The number of the entry that will hold `record`; the state goes on from it."""
        entry = Entry(self.state.seq + 1, self.at, kind_of(record), record)
        self.state = apply(self.state, entry)
        self.commands.append(commands.Record(record))
        return entry.seq

    def say(self, command: commands.Command) -> None:
        """Adds what is to be done once the records are durable."""
        self.commands.append(command)

    def reply(self, asked: int, done: bool, text: str, why: Refused | None = None) -> None:
        """Answers a person's question, if there was one."""
        if asked:
            self.say(commands.Reply(asked, done, text, why))
