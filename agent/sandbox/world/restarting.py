"""What a start would know, and what it would have to read for that, held against the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import fields

from agent.core import gate
from agent.journal.keeper import Keeper

KEPT_DAYS = 21
"""No entry that is older is read by a start, beside lasting kinds and taps without a day: two
weeks follow a receipt, and a day's list may be completed for some days more."""


class Restarts:
    """Looks at each day's end, and tries a start at every so manieth. `finds` takes the rule that
    was broken, and how."""

    def __init__(self, every_days: int, finds: Callable[[str, str], None]) -> None:
        self._every_days, self._finds = every_days, finds
        self._days = 0
        self._ends: deque[int] = deque(maxlen=KEPT_DAYS)
        """The last entries of the days before."""

    def look(self, keeper: Keeper) -> None:
        """The day has just ended."""
        state = keeper.state
        self._days += 1
        if self._days % self._every_days == 0:
            self._start(keeper)
        if len(self._ends) == KEPT_DAYS and state.base() < self._ends[0]:
            text = f"entry {state.base()} is still read, of {KEPT_DAYS} days ago or before"
            self._finds("a start reads days, not years", text)
        self._ends.append(state.seq)

    def _start(self, keeper: Keeper) -> None:
        state = keeper.state
        again = gate.restore(state.rules, keeper.journal.entries_for_state())
        differ = [f.name for f in fields(state) if getattr(again, f.name) != getattr(state, f.name)]
        if differ:
            self._finds("5.5 a start knows what the run knew", f"other: {', '.join(differ)}")
