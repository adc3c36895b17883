"""The morning at the entrance: what happens when, and how every tap must end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class End(StrEnum):
    """How a tap ends, as the worker and the service see it."""

    RECEIPT = "receipt"
    """Amber, then green; the service holds one registration."""
    STORED = "stored, receipt later"
    """Amber, and no green before the way is well again; one registration by the end."""
    KNOWN = "already registered"
    """Green at once; nothing is sent."""
    REFUSED = "refused"
    """Red; nothing is sent."""
    REFUSED_FIRST = "refused, receipt once assigned"
    """Red; the badge is assigned later, and the service holds one registration by the end."""
    UNUSABLE = "card cannot be used"
    """Neither green nor a registration."""


@dataclass(frozen=True, slots=True)
class Tap:
    """`who`: a worker's place in the crew, or `unknown` or `phone`."""

    at_s: float
    who: int | str
    end: End


@dataclass(frozen=True, slots=True)
class Weather:
    """From `at_s` on, this is wrong with the service and the way to it."""

    at_s: float
    said: str
    faults: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assign:
    """Somebody links the unknown badge to a worker of the crew."""

    at_s: float
    who: int


Happening = Tap | Weather | Assign

CREW = 14
UNBADGED = 13
"""The place of the worker whose badge the roster does not know."""

MORNING: tuple[Happening, ...] = (
    *(Tap(0.5 + 1.2 * place, place, End.RECEIPT) for place in range(8)),
    Tap(10.5, 2, End.KNOWN),
    Tap(12.0, "unknown", End.REFUSED_FIRST),
    Tap(13.5, "phone", End.UNUSABLE),
    Weather(15.0, "somebody pulls the network", {"unreachable": True}),
    Tap(15.2, 8, End.STORED),
    Tap(16.4, 9, End.STORED),
    Weather(19.0, "the network is back"),
    Tap(24.0, 10, End.RECEIPT),
    Weather(25.5, "the service is down", {"status": 503}),
    Tap(25.7, 11, End.STORED),
    Weather(28.5, "the service is back"),
    Tap(33.0, 12, End.RECEIPT),
    Assign(34.5, UNBADGED),
)
END_S = 38.0
