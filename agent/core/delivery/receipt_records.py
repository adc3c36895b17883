"""What the journal holds of a registration after it counted: what validation said, and its end.

The reason of a cancellation may be health data (DISEASE): it stands in the payload of
`CancellationWanted`, in the call to the service, and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import ClassVar

from agent.core.delivery.inquiries import CancelReason


@dataclass(frozen=True, slots=True)
class ReceiptFollowed:
    """The service says more of a registration than when it counted it: VALIDATED, or FAILED with
    remarks that somebody must mend. `receipt`: the number that counts, another one only where the
    one before was that of a duplicate."""

    LOGGED: ClassVar = ("reference", "receipt", "status", "remarks")
    reference: str
    receipt: str
    status: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancellationWanted:
    """A person wants this registration taken back, for `reason`; the service was not asked yet."""

    LOGGED: ClassVar = ("reference", "receipt")
    reference: str
    receipt: str
    reason: CancelReason = field(repr=False)


@dataclass(frozen=True, slots=True)
class CancellationRefused:
    """The registration stands: the service did not take it back, or was not asked in time."""

    LOGGED: ClassVar = ("reference", "receipt", "problem", "hint")
    reference: str
    receipt: str
    problem: str
    hint: str


@dataclass(frozen=True, slots=True)
class ObligationCancelled:
    """Nobody owes this registration any more. `receipt` empty: it was never made. `elsewhere`: it
    was taken back in another way than by this gate."""

    LOGGED: ClassVar = ("reference", "receipt", "elsewhere")
    reference: str
    receipt: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class CrewConfirmed:
    """An employer confirmed who comes on `day`: these are registered ahead."""

    LOGGED: ClassVar = ("employer", "day", "size")
    employer: str
    day: dt.date
    workers: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.workers)


ReceiptRecord = (
    ReceiptFollowed | CancellationWanted | CancellationRefused | ObligationCancelled | CrewConfirmed
)
