"""What could be delivered was: a path that works for long brings every obligation to its end, and a
number that was mended in time is registered (DOMAIN.md, section 4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agent.core.obligations import Outcome
from agent.sandbox.world.edits import other_number
from agent.sandbox.world.held_by_services import HeldByServices
from agent.sandbox.world.owing import Owed
from agent.sandbox.world.timeline import Standing, Timeline
from agent.sandbox.world.values import MINUTE_MS, World

LONG_MS = 75 * MINUTE_MS
"""Four of the longest pauses between two attempts, and a quarter of an hour more."""
ENDED = (Outcome.REGISTERED, Outcome.REJECTED, Outcome.CANCELLED)
"""What an answer makes of it; a list may go before a refusal all the same."""
RULE = "4. what can be delivered is"


class Reaching:
    """`mended`: by worker, when the roster got the right number again. `odd`: the days on which the
    clock was wrong for a while: nothing is asked of them."""

    def __init__(
        self,
        world: World,
        timeline: Timeline,
        services: HeldByServices,
        finds: Callable[[str, str], None],
    ) -> None:
        self.mended: dict[int, list[int]] = {}
        self._services = services
        self.odd: set[dt.date] = set()
        self._world, self._timeline, self._finds = world, timeline, finds
        people = enumerate(world.people)
        self._nobodys = {other_number(somebody.worker): n for n, somebody in people}

    def settled(self, owed: Owed) -> None:
        """After its day."""
        if owed.duty != "checkinatwork" or owed.ahead or owed.day in self.odd:
            return
        midnight = self._world.ms(owed.day + dt.timedelta(days=1))
        if owed.marks.isdisjoint(ENDED) and self._works_ms(owed.opened_ms, midnight) > LONG_MS:
            minutes = self._works_ms(owed.opened_ms, midnight) // MINUTE_MS
            self._finds(
                RULE, f"{owed.reference}: {owed.outcome}, and a path was there {minutes} min"
            )
        who = self._nobodys.get(owed.person.inss or owed.person.limosa)
        if who is None or self._services.of_day(self._world.people[who].worker, owed.day):
            return  # or the right number has a registration of that day, by another tap
        for mended_ms in self.mended.get(who, ()):
            inside = owed.opened_ms < mended_ms < midnight
            if inside and self._works_ms(mended_ms, midnight) > LONG_MS:
                self._finds(RULE, f"{owed.reference}: {owed.outcome}, and its number was mended")

    def _works_ms(self, begins_ms: int, ends_ms: int) -> int:
        return self._timeline.longest(begins_ms, ends_ms).get(Standing.WORKS, 0)
