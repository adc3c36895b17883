"""Today at a glance, as values: what `werfpoort status` tells, who is here, and what to do now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from agent.config import Config
from agent.control import Answer, Question
from agent.core.moment import Moment
from agent.core.outage import instructions
from agent.core.outage.incident_log import Incident
from agent.core.outage.instructions import Instruction
from agent.core.presence import Present, present
from agent.core.signals import Signal
from agent.core.state import State
from agent.desk.status import Warned, warnings
from drivers.base import Direction

STUCK_MS = 90_000
"""The loop turns every 30 s at least; as systemd's watchdog in werfpoort.service."""
MOST_CONCERNS = 12
"""On one page; the others are counted."""

TONES: Mapping[Signal, str] = {
    Signal.READY: "well",
    Signal.WAITING: "waits",
    Signal.STICK_WORKING: "waits",
}
"""What is not here asks for a person."""


@dataclass(frozen=True, slots=True)
class Seam:
    """What the page knows of the agent: values that the loop published, and questions to it."""

    config: Config
    state: Callable[[], State]
    now: Callable[[], Moment]
    ask: Callable[[Question], Answer]
    looked: Callable[[], Moment]
    """When the loop last turned."""
    writes: Callable[[], bool]
    """Whether the journal can be written."""

    def stuck(self) -> bool:
        """True when the loop does not turn any more."""
        return self.now().mono_ms - self.looked().mono_ms > STUCK_MS

    def firm(self, number: str) -> str:
        """The name of a firm, or its number where the configuration names none."""
        config = self.config
        names = {c.company: c.name for c in config.contractors}
        names |= {e.number: e.name for e in config.employers}
        return names.get(number, number)


@dataclass(frozen=True, slots=True)
class Firm:
    """Who is here of one firm; `share`: of the largest one, 0 to 100."""

    name: str
    people: tuple[Present, ...]
    share: int = 0

    @property
    def count(self) -> int:
        """How many."""
        return len(self.people)


@dataclass(frozen=True, slots=True)
class Glance:
    """One look: the state, and all that is shown of it in whatever language."""

    state: State
    now: Moment
    stand: Mapping[str, Any]
    signal: Signal
    people: tuple[Firm, ...]
    strangers: int
    attention: tuple[Mapping[str, str], ...]
    warnings: tuple[Warned, ...]
    asked: Instruction | None
    incident: Incident | None

    @property
    def tone(self) -> str:
        """`well`, `waits` or `acts`."""
        return TONES.get(self.signal, "acts")

    @property
    def count(self) -> int:
        """How many are on the site, as far as is known."""
        return sum(firm.count for firm in self.people) + self.strangers


def look(seam: Seam) -> Glance:
    """How things stand now."""
    state, now = seam.state(), seam.now()
    stand = seam.ask({"ask": "status"})["status"]
    here = present(state, now)
    sound = seam.writes() and not seam.stuck()
    asked = instructions.now(state, now)
    return Glance(
        state=state,
        now=now,
        stand=stand,
        signal=Signal(stand["signal"]) if sound else Signal.OUT_OF_ORDER,
        people=by_firm(here, seam.firm),
        strangers=sum(1 for one in here if one.unknown),
        attention=tuple(_named(concern, state) for concern in stand["attention"]),
        warnings=tuple(warnings(dict(stand))),
        asked=asked,
        incident=state.log.incidents[asked.parameters["incident"]] if asked is not None else None,
    )


def by_firm(here: Iterable[Present], name: Callable[[str], str]) -> tuple[Firm, ...]:
    """Who is here, firm by firm, the largest first; without unknown badges."""
    known = (one for one in here if not one.unknown)
    firms = [(name(number), tuple(some)) for number, some in groupby(known, lambda p: p.employer)]
    firms.sort(key=lambda firm: (-len(firm[1]), firm[0]))
    most = max((len(some) for _, some in firms), default=1)
    return tuple(Firm(firm, some, round(100 * len(some) / most)) for firm, some in firms)


def _named(concern: Mapping[str, str], state: State) -> Mapping[str, str]:
    """A concern with the name of its worker in the place of the number."""
    listing = state.book.listed.get(int(concern["worker"].removeprefix("w")))
    if listing is None:
        return {**concern, "name": concern["worker"]}
    return {**concern, "name": listing.worker.called}


def uses_out(config: Config) -> bool:
    """True where some reader tells who leaves."""
    return any(reader.direction is Direction.OUT for reader in config.readers)
