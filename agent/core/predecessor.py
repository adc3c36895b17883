"""What a spare gate knows of the gate in whose place it stands, and the event that it takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.moment import Moment
from agent.core.obligations import Obligation
from agent.core.paper.paper_records import ReferenceGot
from agent.core.roster import Worker


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The other gate, as far as an export of its journal tells: up to entry `upto`, whose seal is
    `head`, signed with `key` (both in hex), written at `until`.

    `site` and `company` are what people called its site and who took the export. The national
    numbers of other firms' workers are masked in it. `obligations`: those of its last two days, and
    older ones that are open. `assigned`: badges that persons linked, with their workers.
    `strangers`: how many taps count for nothing yet.
    """

    journal: str
    gate: str
    training: bool
    upto: int
    head: str
    key: str
    until: Moment
    site: str = ""
    company: str = ""
    obligations: tuple[Obligation, ...] = field(default=(), repr=False)
    assigned: Mapping[str, Worker] = field(default_factory=dict, repr=False)
    references: tuple[ReferenceGot, ...] = ()
    strangers: int = 0


@dataclass(frozen=True, slots=True)
class PlaceTaken:
    """This gate, which has registered nobody yet, takes the place of that one."""

    at: Moment
    predecessor: Predecessor
    asked: int = 0
