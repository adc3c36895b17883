"""What may be typed at the keypad: one table, for the dialogue, the slip and `docs/keypad.md`.

Each entry ends with `#`. Numbers of 4 digits and more are reference numbers; shorter ones are
these.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from agent.core.outage.procedure_records import Step


class Short(StrEnum):
    """The short commands; the value is what is typed."""

    INSTRUCTION = "1"
    LIST = "2"
    ADDENDUM = "3"
    COPY = "4"
    LINES = "5"
    LOOKED = "6"
    CAUSE = "7"
    EVIDENCE = "8"
    EXPORT = "9"
    ENROL = "0"
    HELP = "00"


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "20": Step.PHONE_NO,
        "21": Step.PHONE_YES,
        "30": Step.SUPPLIER_CANNOT,
        "31": Step.SUPPLIER_MENDS,
        "40": Step.CENTRE_NOT_REACHED,
        "41": Step.CENTRE_CALLED,
        "42": Step.CENTRE_SOLVED,
    }
)
"""Steps of the procedure that a person took, or an answer to "does it open on a phone?"."""

SAID: Mapping[str, str] = MappingProxyType(
    {
        **{short.value: short.name.lower() for short in Short},
        **{k: v.value for k, v in STEPS.items()},
    }
)
"""What is typed → the name of its text on the keypad's slip."""

CAUSES: Mapping[str, str] = MappingProxyType(
    {"1": "own", "2": "grid", "3": "provider", "4": "service"}
)
"""After `7 #`: whose it was."""

EVERY_PAGE, PRINT_AGAIN = "1", "2"
"""After `6 #`: what a look at the printer showed."""
