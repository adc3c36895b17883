"""What the journal holds of the emergency procedure: its steps, with who took them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Step(StrEnum):
    """What the procedure knows, in its order; the value is what a person writes in a command.

    What comes after these, the reference number and the list, has kinds of its own
    (paper_records.py).
    """

    SUPPLIER_MENDS = "supplier-mends"
    """The supplier was contacted, and can mend it."""
    SUPPLIER_CANNOT = "supplier-cannot"
    """The supplier was contacted, and cannot."""
    CHANNELS_TRIED = "channels-tried"
    PHONE_ASKED = "phone-asked"
    """People were asked if the online service opens on a phone."""
    PHONE_YES = "phone-yes"
    PHONE_NO = "phone-no"
    PHONE_SILENT = "phone-silent"
    """Nobody answered."""
    GATE_DELIVERS = "other-gate-delivers"
    """Another gate of the site registers people: nobody is exempt at this one."""
    GATE_FAILS = "other-gate-fails"
    """It does not either: a second way out, where it has a line of its own."""
    EXEMPT = "exempt"
    CENTRE_CALLED = "centre-called"
    CENTRE_NOT_REACHED = "centre-not-reached"
    CENTRE_SOLVED = "centre-solved"
    """The contact centre's agent found a solution with them."""


AGENTS = (Step.CHANNELS_TRIED, Step.PHONE_ASKED, Step.EXEMPT)
"""Steps that the agent alone takes; all others are a person's."""
PERSONS = tuple(step for step in Step if step not in AGENTS)


class By(StrEnum):
    """Who took a step, or said something, and on what way it came in."""

    AGENT = "agent"
    KEYPAD = "keypad"
    PAGE = "page"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step of the procedure. `firm`: company number of the firm whose it is, "" for all.

    `detail`: what was noted of it. `who`: the person's name.
    """

    LOGGED: ClassVar = ("incident", "firm", "step", "by", "detail")
    incident: str
    firm: str
    step: Step
    by: By
    who: str = ""
    detail: str = ""
