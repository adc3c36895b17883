"""What was found wrong, and the two places from which a run is looked at: keeper and log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.commands import Command
from agent.core.events import Event
from agent.core.state import State
from agent.journal.keeper import Keeper
from agent.logs import Masked

if TYPE_CHECKING:
    from agent.sandbox.world.checks import Watch


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that should never have been: when, which rule, and what was seen."""

    at_ms: int
    rule: str
    text: str


class Watched(Keeper):
    """The keeper as the loop has it, with somebody who looks on."""

    def __init__(self, keeper: Keeper, watch: Watch) -> None:
        self._keeper, self._watch = keeper, watch
        self.journal, self.lost = keeper.journal, keeper.lost

    @property
    def state(self) -> State:  # type: ignore[override]
        """The state that counts."""
        return self._keeper.state

    def do(self, event: Event) -> tuple[Command, ...]:
        """What the keeper does, told to who looks on once it is durable."""
        before = self._keeper.state.seq
        commands = self._keeper.do(event)
        self._watch.heard(event, commands, before, self.journal.head)
        self._watch.seen.carried_out(commands, self._keeper.state, event.at)
        return commands


class Scribe(logging.Handler):
    """Reads every line of the log as it would be written."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(Masked("%(levelname)s %(message)s"))
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """No line holds a full number."""
        self._watch.seen.read("the log", self.format(record))
