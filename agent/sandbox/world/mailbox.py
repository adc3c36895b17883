"""Where a simulated gate's events arrive: what is measured at one instant is one event."""

from __future__ import annotations

import heapq

from agent.core.events import Event, Measured
from agent.sandbox.virtual import VirtualInbox


class Mailbox(VirtualInbox[Event]):
    """What is measured at the same instant arrives together: one step instead of eight."""

    def _joined(self, item: Event | None, due: int) -> Event | None:
        while isinstance(item, Measured) and self._due and self._due[0][0] == due:
            other = self._due[0][2]
            if not isinstance(other, Measured):
                break
            heapq.heappop(self._due)
            item = Measured(item.at, (*item.measurements, *other.measurements))
        return item
