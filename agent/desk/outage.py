"""What people may say and ask of an outage, by the control socket."""

from __future__ import annotations

from collections.abc import Callable

from agent.control import Answer, Question
from agent.core.events import CauseConfirmationAsked, Event, StepAsked
from agent.core.identifiers import IdentifierError, parse_company
from agent.core.moment import Moment
from agent.core.outage import instructions
from agent.core.outage.procedure_records import Step
from agent.core.state import State
from agent.desk.paper import way
from agent.locale import texts
from agent.seams import Decide


class OutageDesk:
    """Answers the questions that begin with `outage-`; from any thread."""

    def __init__(
        self,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        language: str,
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide
        self._language = language

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        try:
            firm = parse_company(firm) if (firm := str(question.get("firm", ""))) else ""
            match question:
                case {"ask": "outage-now"}:
                    return self._told(firm, str(question.get("language") or self._language))
                case {"ask": "outage-confirm", "incident": str(name), "cause": str(cause)}:
                    return self._asked(lambda asked: self._cause(question, name, cause, asked))
                case {"ask": "outage-step", "incident": str(name), "step": str(step)}:
                    taken = Step(step)
                    return self._asked(lambda asked: self._step(question, name, taken, firm, asked))
        except IdentifierError as error:
            return {"done": False, "text": f"firm: {error}; {error.mend}"}
        except ValueError as error:
            return {"done": False, "text": f"{error}; see werfpoort incident step --help"}
        return {"done": False, "text": f"no outage is asked this: {question.get('ask')}"}

    def _asked(self, event: Callable[[int], Event]) -> Answer:
        done, said, why = self._decide(event)
        return {"done": done, "text": said, "why": why or ""}

    def _cause(self, question: Question, name: str, cause: str, asked: int) -> Event:
        return CauseConfirmationAsked(
            self._now(),
            name,
            cause,
            way(question),
            str(question.get("who", "")),
            str(question.get("reference", "")),
            asked,
        )

    def _step(self, question: Question, name: str, step: Step, firm: str, asked: int) -> Event:
        who, note = str(question.get("who", "")), str(question.get("note", ""))
        return StepAsked(self._now(), name, step, way(question), firm, who, note, asked)

    def _told(self, firm: str, language: str) -> Answer:
        """What people must do now, in words and for machines."""
        asked = instructions.now(self._state(), self._now(), firm)
        if asked is None:
            return {"done": True, "text": "nothing is to be done: no outage runs", "now": None}
        words = texts(language, "procedure")
        does, cause = words[asked.key].format(**asked.parameters), words[asked.cause]
        return {
            "done": True,
            "text": f"{asked.parameters['incident']}: {cause}\n{does}",
            "now": {"key": asked.key, "cause": asked.cause, **asked.parameters, "text": does},
        }
