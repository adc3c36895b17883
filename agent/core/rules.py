"""The configuration as far as decisions need it: one frozen value, part of the state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.delivery.inquiries import Ability
from agent.core.moment import Moment
from agent.core.outage.contacts import Contacts
from agent.core.outage.facts import Facts
from agent.core.outage.whose import Limits
from drivers.base import Direction


class Per(StrEnum):
    """What one obligation stands for."""

    DAY = "day"
    TAP = "tap"


@dataclass(frozen=True, slots=True)
class Duty:
    """Which registration a worker owes. `per` day: a second tap obliges to nothing more."""

    name: str
    per: Per


DUTIES: Mapping[str, Duty] = {
    duty.name: duty
    for duty in (
        Duty("checkinatwork", Per.DAY),
        Duty("checkinout", Per.TAP),
    )
}
"""DOMAIN.md, section 1: two duties, never served by each other's channels."""


@dataclass(frozen=True, slots=True)
class Line:
    """One way out, in the order in which the configuration names them.

    `abilities`: what it can be asked besides registering; to search only where the account may.
    `budget_ms`: how long it may fail before the next one takes over. `oldest_ms`: what is older is
    not sent any more; 0: midnight alone counts.
    """

    name: str
    duty: str
    batch: int = 200
    abilities: frozenset[Ability] = frozenset()
    budget_ms: int = 60_000
    oldest_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What the technician decided. All times in milliseconds."""

    zone: dt.tzinfo
    declaration: str = ""
    firm: str = ""
    """Company number of the firm that reports for the site."""
    duty: str = "checkinatwork"
    duties: Mapping[str, str] = field(default_factory=dict)
    """Duty by the employer's company number, where it is not the site's."""
    lines: tuple[Line, ...] = ()
    debounce_ms: int = 3_000
    shift_ms: int = 12 * 3600 * 1000
    burst_ms: int = 60_000
    first_retry_ms: int = 2_000
    longest_retry_ms: int = 300_000
    waiting_after_ms: int = 5_000
    ahead: bool = False
    """Whether tomorrow's crew may be registered, as its employer confirmed it."""
    here_by_min: int = 9 * 60
    """Minutes after midnight by which who is registered ahead has tapped."""
    follow_up_ms: int = 2 * 3600 * 1000
    """After a receipt, and between two rounds of questions about receipts; 0: none are asked."""
    facts: Facts = field(default_factory=Facts)
    limits: Limits = field(default_factory=Limits)
    readers: Mapping[str, Direction] = field(default_factory=dict)
    """By name: which way a tap there goes."""
    keypad: str = ""
    """Its name: while it alone is broken, taps are taken."""
    ask_code: bool = True
    """The keypad asks for the operator code first."""
    printer: bool = True
    """Whether there is one: what is to be put on paper elsewhere is said to be so."""
    employers: tuple[str, ...] = ()
    """Company numbers in the order in which people choose them at the keypad."""
    contacts: Contacts = field(default_factory=Contacts)
    taken_back_ms: int = 60_000
    """How long a line that was down must be well before it is preferred again."""
    ask_after_ms: int = 60_000
    """Between two questions about what was handed over."""
    take_over_ms: int = 2 * 3600 * 1000
    """Before midnight: what is only handed over by then is taken over."""

    def duty_of(self, employer: str) -> Duty:
        """The duty of this employer's workers."""
        return DUTIES[self.duties.get(employer, self.duty)]

    def day(self, at: Moment) -> dt.date:
        """The day of a tap: its date in Belgium (DOMAIN.md, section 4)."""
        return at.day(self.zone)
