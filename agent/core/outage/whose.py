"""The words of a classification: whose it is, how sure, and what stands against an exemption."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.core.outage.measurements import Layer


class Whose(StrEnum):
    """The classifications of DOMAIN.md, section 3."""

    INFRASTRUCTURE = "infrastructure"
    SERVICE = "service"
    SUPPLIER = "supplier fault"
    OWN = "own fault"
    NO_INFRASTRUCTURE = "no infrastructure"
    UNDETERMINED = "undetermined"


EXEMPTING = frozenset((Whose.INFRASTRUCTURE, Whose.SERVICE))


class Confidence(StrEnum):
    """`measured`: seen itself. `inferred`: from what answers around it. `open`: not known."""

    MEASURED = "measured"
    INFERRED = "inferred"
    OPEN = "open"


class Bar(StrEnum):
    """Why a row that would exempt does not."""

    OTHER_CHANNEL = "another channel works"
    NO_PATH_BEFORE = "no path delivered before"
    HABIT = "three exempt days in ten without a reference"
    DUTY = "nothing exempts from check in and out"
    NO_COVERAGE = "network or power lacks here always"


@dataclass(frozen=True, slots=True)
class Classification:
    """Whose the outage is. `row`: the deciding row's key; `bars`: why a row does not exempt, or
    would not if a person confirmed it; `confirmed`: a person's reference carries it."""

    whose: Whose
    row: str
    layer: Layer
    confidence: Confidence
    settles: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()
    confirmed: bool = False

    @property
    def exempts(self) -> bool:
        """True when the evidence carries an exemption."""
        return self.whose in EXEMPTING


@dataclass(frozen=True, slots=True)
class Limits:
    """Times of an incident. `hysteresis_ms`: without any delivery, before it is one. `call_ms`:
    people are called by then (DOMAIN.md, section 4). `deliver_ms`: long enough to deliver, a call
    with its time-out fits in it (ours). `reopen_ms`: the same failure again is the same incident
    (ours)."""

    hysteresis_ms: int = 120_000
    call_ms: int = 300_000
    deliver_ms: int = 30_000
    reopen_ms: int = 1_200_000
