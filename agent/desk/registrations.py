"""What people may ask about registrations that were made, by the control socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from agent.control import Answer, Question
from agent.core.concerns import standing
from agent.core.delivery import ahead
from agent.core.delivery.inquiries import CancelReason
from agent.core.events import CancellationAsked, CrewConfirmationAsked
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.rules import Per
from agent.core.state import State
from agent.seams import Decide

LOOK_S = 0.25
LOOKS = 80
"""The service answers in under a second; a person is kept waiting for twenty at most."""

Wait = Callable[[float], bool]
"""Waits so many seconds; True when the agent stops."""


class RegistrationDesk:
    """Answers `cancel` and `ahead`; from any thread. `firms`: names by company number.

    Without `wait` no agent runs that could carry it out.
    """

    def __init__(
        self,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        wait: Wait | None = None,
        firms: Mapping[str, str] | None = None,
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide
        self._wait = wait
        self._firms = firms or {}

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        match question:
            case {"ask": "ahead"}:
                return {"done": True, "ahead": self._ahead()}
            case {"ask": "ahead-confirm", "employer": str(employer), "without": list(without)}:
                numbers = tuple(number for number in without if isinstance(number, int))
                done, said, _ = self._decide(
                    lambda asked: CrewConfirmationAsked(self._now(), employer, numbers, asked)
                )
                return {"done": done, "text": said}
            case {"ask": "ahead-cancel-missing"}:
                return self._cancel_missing()
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
        done, said, _ = self._decide(
            lambda asked: CancellationAsked(self._now(), (found.reference,), why, asked)
        )
        if done and self._wait is None:
            said += "; the service is asked once the agent runs"
        elif done and self._wait is not None:
            done, said = self._became(found.number, self._wait) or (done, said)
        return {"done": done, "text": said}

    def _ahead(self) -> dict[str, Any]:
        state, now = self._state(), self._now()
        day = ahead.tomorrow(state, now)
        listed = {listing.worker.employer for listing in state.book.listed.values()}
        daily = [n for n in sorted(listed) if n and state.rules.duty_of(n).per is Per.DAY]
        firms = []
        for employer in daily:
            known = [
                state.ledger.latest(number, day) for number, _ in ahead.crew(state, employer, day)
            ]
            owed = [standing(o) for o in known if o is not None]
            firms.append(
                {
                    "employer": employer,
                    "name": self._firms.get(employer, ""),
                    "crew": len(known),
                    "obligations": dict(Counter(owed)),
                }
            )
        gone = [f"w{o.worker}" for o in ahead.missing(state, now)]
        return {
            "on": state.rules.ahead,
            "day": day.isoformat(),
            "employers": firms,
            "missing_today": gone,
        }

    def _cancel_missing(self) -> Answer:
        gone = ahead.missing(self._state(), self._now())
        if not gone:
            return {"done": True, "text": "nobody who is registered ahead is missing by now"}
        references = tuple(o.reference for o in gone)
        done, said, _ = self._decide(
            lambda asked: CancellationAsked(self._now(), references, CancelReason.PLANNING, asked)
        )
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
