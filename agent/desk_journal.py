"""What people may ask of the journal, by the control socket."""

from __future__ import annotations

from collections.abc import Callable

from agent.control import Answer, Question
from agent.core.state import State
from agent.journal.checkpoint import Checkpoint


class JournalDesk:
    """Answers the questions that begin with `journal-`; from any thread."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        match question:
            case {"ask": "journal-checkpoint"}:
                return self._checkpoint()
        return {"done": False, "text": f"the journal is not asked this: {question.get('ask')}"}

    def _checkpoint(self) -> Answer:
        state = self._state()
        if state.checkpoint is None:
            return {"done": False, "text": "no checkpoint yet today; start the agent, then ask"}
        return {"done": True, "text": Checkpoint.of(state.journal, state.checkpoint).text()}
