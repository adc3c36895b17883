"""What the journal holds of deliveries that did not go straight: by way of a supplier, past a line
that is down, around one registration that a service cannot take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class HandoverStored:
    """A supplier has accepted this registration; the RSZ's number is not known yet."""

    LOGGED: ClassVar = ("reference", "channel")
    reference: str
    attempt: int
    channel: str


@dataclass(frozen=True, slots=True)
class HandoversOverdue:
    """These were only handed over for too long. `takes_over`: the line that sends them now; empty:
    there is none, they stay open with `channel`, and a person must see to it.
    """

    LOGGED: ClassVar = ("channel", "takes_over", "reason", "size")
    channel: str
    references: tuple[str, ...]
    takes_over: str
    reason: str

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.references)


@dataclass(frozen=True, slots=True)
class ItemHeld:
    """The service refused a call with this registration alone in it, for the `tries`-th time.

    `served` is how many other calls the line had carried by then, `times` counts the refusals
    between which it carried some: what fails alone while others are taken is the cause itself. Not
    sent by this line again before `until_unix_ms`; never again where `passed_on`, then the next
    line tries it.
    """

    LOGGED: ClassVar = ("reference", "channel", "times", "tries", "code", "passed_on")
    reference: str
    attempt: int
    channel: str
    times: int
    tries: int
    served: int
    until_unix_ms: int
    code: str
    passed_on: bool = False


@dataclass(frozen=True, slots=True)
class LineGivenUp:
    """A line is down: its failure is none that retrying mends, or it lasted past its budget.

    `takes_over`: the line that carries its duty from now on; empty: there is none. Until it is
    taken back, the line is only probed.
    """

    LOGGED: ClassVar = ("channel", "takes_over", "reason", "failures", "down_ms")
    channel: str
    takes_over: str
    reason: str
    failures: int
    down_ms: int


@dataclass(frozen=True, slots=True)
class LineTakenBack:
    """A line that was down has been well for long enough: it carries its duty again."""

    LOGGED: ClassVar = ("channel", "well_ms")
    channel: str
    well_ms: int


DeliveryRecord = HandoverStored | HandoversOverdue | ItemHeld | LineGivenUp | LineTakenBack
