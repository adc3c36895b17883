"""What may be asked of the journal itself; every event carries its moment, as in events.py."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.moment import Moment
from agent.core.spans import Span


@dataclass(frozen=True, slots=True)
class ErasureAsked:
    """The details of these entries are to go, by rule or because a person asks for it.

    `workers`: those of whom the journal will know nothing then.
    """

    at: Moment
    spans: tuple[Span, ...]
    reason: str
    workers: tuple[int, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True)
class DamagedErasureAsked:
    """A damaged journal that was put aside is to go, whole: `file`, beside the one in use."""

    at: Moment
    file: str
    reason: str
    asked: int = 0


@dataclass(frozen=True, slots=True)
class CheckpointAsked:
    """Somebody takes the gate's signature away: it is to cover everything up to now."""

    at: Moment
    asked: int = 0


JournalEvent = ErasureAsked | DamagedErasureAsked | CheckpointAsked
