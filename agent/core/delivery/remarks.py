"""What the service remarks on a registration after it counted it, what that means, and who acts.

The texts are those of the service, spelling and all (WIRE.md, section 1); double spaces are read
as one. A remark takes nothing back: the registration stands, and somebody has to mend what is
behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.core.delivery.registrations import ALREADY_REGISTERED

DIMONA_NOT_OK = "RELATED DIMONA NOT OK"


class Who(StrEnum):
    """Who must act, in words."""

    EMPLOYER = "the employer"
    MAIN = "the main contractor"
    ROSTER = "whoever keeps the roster"
    MANAGER = "the site manager"


@dataclass(frozen=True, slots=True)
class Remark:
    """`means` in plain words; `who` must `do` what; nobody for a remark that asks for nothing.
    `key`: by which the page has the same in its languages.
    """

    means: str
    who: Who | None = None
    do: str = ""
    key: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.means}; {self.who}: {self.do}" if self.who else self.means


_FOUNDER = Remark(
    "the worker is not known as self-employed in that firm",
    Who.ROSTER,
    "mend the company number, or have the firm declare the worker (Dimona)",
    "founder",
)
_LIMOSA = Remark(
    "there is no valid Limosa declaration for that day",
    Who.EMPLOYER,
    "make or extend the Limosa declaration, and give its number to whoever keeps the roster",
    "limosa",
)
_WORKS = Remark(
    "the declaration of works does not cover that day",
    Who.MAIN,
    "check the number of the declaration of works, or extend it in the online service",
    "works",
)
_FIRM = Remark(
    "the firm is not known or not active",
    Who.ROSTER,
    "check the company number with the firm",
    "firm",
)

REMARKS: Mapping[str, Remark] = {
    DIMONA_NOT_OK: Remark(
        "no Dimona declares this worker for that day",
        Who.EMPLOYER,
        "make or correct the Dimona, today",
        "dimona",
    ),
    "GIVEN INSS IS NOT THE FOUNDER OF THE COMPANY": _FOUNDER,
    "EMPLOYER IS NOT KNOWN AS COMPANY FOUNDER": _FOUNDER,
    "INDEPENDANT IS NOT KNOWN AS COMPANY FOUNDER": _FOUNDER,
    "THE COMPANY DOESN'T EXISTS": _FIRM,
    "EMPLOYER NOT ACTIVE": _FIRM,
    "THE COMPANY ID ASSOCIATED AT A NOT ACTIVE CONTRACT": Remark(
        "the firm's contract for these works is not active",
        Who.MAIN,
        "check the firm's contract in the declaration of works",
        "contract",
    ),
    "LIMOSA ID IS NOT KNOWN": _LIMOSA,
    "LIMOSA ID IS NOT ACTIVE AT DATE": _LIMOSA,
    "NISS-BIS IS NOT KNOWN IN LIMOSA": _LIMOSA,
    "NISS-BIS IS NOT ACTIVE AT THIS DATE IN LIMOSA": _LIMOSA,
    "DUC IS NOT EXISTING": _WORKS,
    "DUC IS NOT ACTIVE AT THIS DATE": _WORKS,
    "COMPANY IS NOT KNOWN AS BUILDER OR SUBCONTRACTOR IN THIS DUC": Remark(
        "the firm is not named in the declaration of works",
        Who.MAIN,
        "add the firm as a subcontractor to the declaration of works",
        "unnamed",
    ),
    "SITE IS NOT SUBJECT TO PRESENCE REGISTRATION": Remark(
        "these works are not known as subject to registration",
        Who.MAIN,
        "check the number of the declaration of works",
        "not-subject",
    ),
    ALREADY_REGISTERED: Remark("the day was registered before, and counts"),
    "NISS IS NOT KNOW IN THE NATIONAL REGISTER": Remark(
        "the national number is not known",
        Who.ROSTER,
        "check the number on the worker's identity card",
        "inss",
    ),
}
"""By the service's text with single spaces."""

UNKNOWN = Remark(
    "a remark that this gate does not know",
    Who.MANAGER,
    "ask the contact centre, 02 511 51 51",
    "unknown",
)


def explained(text: str) -> Remark:
    """What this remark of the service means."""
    return REMARKS.get(" ".join(text.split()).upper(), UNKNOWN)
