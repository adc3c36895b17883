"""The dialogue at the keypad, as the loop keeps it: in memory alone, beside the state."""

from __future__ import annotations

from functools import partial

from agent.core.commands import CheckCode
from agent.core.events import Event
from agent.core.moment import Moment
from agent.core.paper import dialogue
from agent.core.paper.paper_events import CodeChecked
from agent.core.state import State
from agent.paper.operator_code import CodeUnusable, right
from agent.seams import Clock, Inbox, Work


class Keypad:
    """Hears every event after the core did. `code`: the hash of the operator code."""

    def __init__(self, clock: Clock, inbox: Inbox[Event], work: Work, code: str) -> None:
        self._clock = clock
        self._inbox = inbox
        self._work = work
        self._code = code
        self._dialogue = dialogue.Dialogue()

    def hear(self, state: State, event: Event) -> dialogue.Said:
        """What comes of it: commands, and events for the core."""
        self._dialogue, said = dialogue.hear(self._dialogue, state, event)
        return said

    def due_ms(self, now: Moment) -> int | None:
        """Monotonic time in ms at which somebody who left is no longer waited for."""
        return dialogue.due_ms(self._dialogue)

    def check(self, command: CheckCode) -> None:
        """Compares the code on a thread of its own: the hash is slow on purpose."""
        self._work.start("operator code", partial(self._check, command))

    def _check(self, command: CheckCode) -> None:
        try:
            matches = right(command.code, self._code)
        except (CodeUnusable, ValueError, MemoryError):
            matches = False  # nobody is let in by a hash that cannot be used
        self._inbox.put(CodeChecked(self._clock.now(), command.keypad, matches))
