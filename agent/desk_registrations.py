"""What people may ask about registrations that were made, by the control socket."""

from __future__ import annotations

from collections.abc import Callable

from agent.control import Answer, Question
from agent.core.events import CancellationAsked
from agent.core.inquiries import CancelReason
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.state import State
from agent.seams import Decide

LOOK_S = 0.25
LOOKS = 80
"""The service answers in under a second; a person is kept waiting for twenty at most."""

Wait = Callable[[float], bool]
"""Waits so many seconds; True when the agent stops."""


class RegistrationDesk:
    """Answers `cancel`; from any thread. Without `wait` no agent runs that could carry it out."""

    def __init__(
        self,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        wait: Wait | None = None,
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide
        self._wait = wait

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        match question:
            case {"ask": "cancel", "receipt": str(receipt), "reason": str(reason)}:
                return self._cancel(receipt.strip(), reason)
        return {"done": False, "text": f"not a question here: {question.get('ask')}"}

    def _cancel(self, receipt: str, reason: str) -> Answer:
        if reason not in set(CancelReason):
            known = ", ".join(CancelReason)
            return {"done": False, "text": f"reason {reason} is not one of the service's: {known}"}
        found = self._with(receipt)
        if found is None:
            text = (
                f"no registration of this gate since yesterday has the receipt number {receipt}; "
                "werfpoort day shows the numbers; what was made elsewhere is cancelled there"
            )
            return {"done": False, "text": text}
        why = CancelReason(reason)
        done, said = self._decide(
            lambda asked: CancellationAsked(self._now(), (found.reference,), why, asked)
        )
        if done and self._wait is None:
            said += "; the service is asked once the agent runs"
        elif done and self._wait is not None:
            done, said = self._became(found.number, self._wait) or (done, said)
        return {"done": done, "text": said}

    def _with(self, receipt: str) -> Obligation | None:
        wanted = receipt.lstrip("0")
        known = self._state().ledger.obligations.values()
        return next((o for o in known if wanted and o.receipt.lstrip("0") == wanted), None)

    def _became(self, number: int, wait: Wait) -> tuple[bool, str] | None:
        """What the service said, if it did in time."""
        for _ in range(LOOKS):
            state = self._state()
            known = state.ledger.obligations.get(number)
            refused = state.cancellations.refused.get(number)
            if known is None or known.outcome is Outcome.CANCELLED:
                return True, f"receipt {known.receipt if known else ''}: cancelled"
            if refused is not None:
                return False, f"receipt {refused.receipt}: {refused.problem}; {refused.hint}"
            if wait(LOOK_S):
                return None
        return None
