"""What people may ask of the journal, by the control socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from agent.config import Config
from agent.control import Answer, Question
from agent.core.journal_events import CheckpointAsked
from agent.core.moment import Moment
from agent.core.state import State
from agent.journal.checkpoint import Checkpoint
from agent.journal.erase import Plan
from agent.journal.fault import JournalError
from agent.retention import TO_DO_ASIDE, Retention, soon
from agent.seams import Decide


class JournalDesk:
    """Answers the questions that begin with `journal-`; from any thread."""

    def __init__(
        self,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        config: Config,
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide
        self.retention = Retention(config, now, decide)

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        try:
            match question:
                case {"ask": "journal-checkpoint"}:
                    return self._checkpoint()
                case {"ask": "journal-erase", "damaged": str(file), "really": bool(really)}:
                    return self._erase_damaged(file, really=really)
                case {"ask": "journal-erase", "worker": int(worker), "really": bool(really)}:
                    return self._erase(worker or None, really=really)
        except JournalError as error:
            return {"done": False, "text": f"{error}; to do: {error.hint}"}
        return {"done": False, "text": f"the journal is not asked this: {question.get('ask')}"}

    def _checkpoint(self) -> Answer:
        done, said, _ = self._decide(lambda asked: CheckpointAsked(self._now(), asked))
        state = self._state()
        if not done or state.checkpoint is None:
            return {"done": False, "text": said}
        return {"done": True, "text": Checkpoint.of(state.journal, state.checkpoint).text()}

    def _erase(self, worker: int | None, *, really: bool) -> Answer:
        plan = self.retention.plan(worker)
        lines = _in_words(plan, self.retention.to_do)
        if worker is not None and worker in self._state().book.listed:
            lines.append(f"w{worker} is on the roster: that stays until it is taken off the roster")
        lines += [f"{damaged}; it goes only whole: {TO_DO_ASIDE}" for damaged in plan.aside]
        if not really:
            lines.append("nothing was erased; to erase it, add --yes" if plan.erasures else "")
            return {"done": True, "text": "\n".join(filter(None, lines))}
        count, failure = self.retention.carry_out(plan)
        lines.append(f"{count} entries were erased")
        return {"done": not failure, "text": "\n".join([*lines, *filter(None, [failure])])}

    def _erase_damaged(self, file: str, *, really: bool) -> Answer:
        if really:
            done, said = self.retention.erase_damaged(file, "asked for by a person")
            return {"done": done, "text": said}
        known = [str(damaged) for damaged in self.retention.plan().aside if damaged.file == file]
        said = f"{known[0]}\nnothing was erased; to erase it, add --yes" if known else ""
        return {"done": bool(known), "text": said or f"there is no damaged journal {file}"}


def _in_words(plan: Plan, to_do: str) -> list[str]:
    counts: Counter[str] = Counter()
    for erasure in plan.erasures:
        counts[erasure.reason] += erasure.count
    lines = [f"{count} entries: {reason}" for reason, count in counts.items()]
    if plan.held:
        lines.append(f"{plan.held} entries are over their term, and kept until they are exported")
    lines.append(soon(plan, to_do))
    return [line for line in lines if line] or ["nothing may be erased today"]
