"""What people may ask of taps that no clock could date, by the control socket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agent.control import Answer, Question
from agent.core.events import TapDayNamed
from agent.core.identifiers import mask_uid
from agent.core.moment import Moment
from agent.core.state import State
from agent.core.taps import LooseTap
from agent.seams import Decide


class TapsDesk:
    """Answers the questions that begin with `taps-`; from any thread."""

    def __init__(
        self, state: Callable[[], State], now: Callable[[], Moment], decide: Decide
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide

    def answer(self, question: Question) -> Answer:
        """The answer, as `Desk` gives it."""
        match question:
            case {"ask": "taps-list"}:
                return {"done": True, "taps": self._waiting()}
            case {"ask": "taps-confirm", "day": str(day), "taps": list(taps), "by": str(by)}:
                return self._confirm(day, tuple(map(int, taps)), by)
        return {"done": False, "text": f"of taps this is not asked: {question.get('ask')}"}

    def _waiting(self) -> list[dict[str, object]]:
        """By start of the machine, and from each the time since its first tap: it has no other."""
        now, state = self._now(), self._state()
        starts: dict[str, LooseTap] = {}
        found = []
        for tap in state.taps.loose:
            if not tap.waits_for_a_person(now):
                continue
            first = starts.setdefault(tap.at.boot_id, tap)
            held = state.book.holder(tap.uid)
            found.append(
                {
                    "tap": tap.seq,
                    "start": f"start {list(starts).index(tap.at.boot_id) + 1}",
                    "after": f"+{dt.timedelta(milliseconds=tap.at.mono_ms - first.at.mono_ms)}",
                    "reader": tap.reader,
                    "who": f"w{held[0]}" if held else f"unknown badge {mask_uid(tap.uid)}",
                }
            )
        return found

    def _confirm(self, day: str, taps: tuple[int, ...], by: str) -> Answer:
        if not by:
            return {"done": False, "text": "nobody was named; say who confirms it: --by NAME"}
        try:
            named = dt.date.fromisoformat(day)
        except ValueError:
            return {"done": False, "text": f"{day} is no day; write it as 2026-11-24"}
        done, said, _ = self._decide(lambda asked: TapDayNamed(self._now(), named, by, taps, asked))
        return {"done": done, "text": said}
