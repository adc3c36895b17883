"""What the journal holds of inquiries: that one was made, about what, and how it ended.

What an inquiry found out stands in entries of its own (a receipt, for one), as what a
registration's answer said does.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from agent.core.delivery.inquiries import Ability
from agent.core.delivery.registrations import Ticket


@dataclass(frozen=True, slots=True)
class InquiryBegan:
    """A service is being asked. `references`: what of ours the answer shall settle.

    `declaration`, `day` and `employer` (empty: all of them) are those of a search.
    """

    LOGGED: ClassVar = ("inquiry", "channel", "asks", "declaration", "day", "employer", "size")
    inquiry: int
    channel: str
    asks: Ability
    references: tuple[str, ...] = ()
    declaration: str = ""
    day: dt.date | None = None
    employer: str = ""

    @property
    def size(self) -> int:
        """How many obligations it is about."""
        return len(self.references)


@dataclass(frozen=True, slots=True)
class InquiryClosed:
    """An inquiry is over. `failure` is empty when a whole answer came; else its kind.

    `found`: how many registrations or answers it brought. `absent`: which of the obligations that
    it was about are not there. `hopeless`: the line is not asked such
    a thing again before the agent is started anew, a day begins or its credential is renewed.
    `pause_ms`: how long the line rests. `cut_short`: the service listed less than it may have.
    """

    LOGGED: ClassVar = (
        *("inquiry", "channel", "asks", "found", "failure", "message", "hint", "calls"),
        *("pause_ms", "cut_short"),
    )
    inquiry: int
    channel: str
    asks: Ability
    found: int = 0
    absent: tuple[str, ...] = ()
    failure: str = ""
    message: str = ""
    hint: str = ""
    hopeless: bool = False
    calls: int = 1
    pause_ms: int = 0
    ticket: Ticket = Ticket()
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    cut_short: bool = False
