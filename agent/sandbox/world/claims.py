"""Every exemption held against what failed in truth (DOMAIN.md, 5.4).

What somebody said in good faith, of a trouble that was the third party's then, may turn out to be
not all of it: that nobody at the gate could know. Such an exemption must be gone once somebody
could, and said so (tickets.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agent.core.obligations import Outcome
from agent.sandbox.world.owing import Owed, Owing
from agent.sandbox.world.timeline import Timeline, false_because
from agent.sandbox.world.values import HOUR_MS, MINUTE_MS, World

TOLERATED_MS = 7 * MINUTE_MS
"""What a gate may miss: two minutes of hysteresis, and the longest pause between two attempts."""
TAKEN_BACK_MS = 3 * HOUR_MS
"""By then whoever gave a third party's number knows that its trouble was not all, and says so."""
RULE = "5.4 no false exemption"


class Claims:
    """`said`: by incident, when the trouble was mended for which somebody gave a third party's
    number. `finds`: what is told of something wrong, the rule and what was seen."""

    def __init__(self, world: World, timeline: Timeline, finds: Callable[[str, str], None]) -> None:
        self.said: dict[str, int] = {}
        self._world, self._timeline, self._finds = world, timeline, finds
        self._in_good_faith: list[tuple[Owed, int, str]] = []

    def judged(self, owing: Owing, now_ms: int) -> None:
        """Looks at what a step made exempt."""
        for owed, incidents in owing.exempted:
            if owed.outcome is Outcome.EXEMPT:  # a receipt or a list goes before it
                self._judge(owed, incidents, now_ms)
        owing.exempted.clear()

    def _judge(self, owed: Owed, incidents: tuple[str, ...], now_ms: int) -> None:
        midnight = self._world.ms(owed.day + dt.timedelta(days=1))
        early_min = (midnight - now_ms) // MINUTE_MS
        if early_min > 0:
            text = f"{owed.reference} of {owed.day}: exempt {early_min} min before its day was over"
            self._finds(RULE, text)
        why = false_because(self._timeline, owed.tapped_ms, midnight, TOLERATED_MS)
        text = f"{owed.reference} of {owed.day}: {why}"
        mended_ms = [self.said[name] for name in incidents if name in self.said]
        if why and mended_ms:
            self._in_good_faith.append((owed, max(*mended_ms, now_ms), text))
        elif why:
            self._finds(RULE, text)

    def over(self, now_ms: int) -> None:
        """The world ends: what was said in good faith was taken back."""
        for owed, known_ms, text in self._in_good_faith:
            if owed.outcome is Outcome.EXEMPT and now_ms - known_ms > TAKEN_BACK_MS:
                self._finds(RULE, f"{text}; nobody took it back")
