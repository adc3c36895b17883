"""What the emulated authority accepts in a well-formed request: the codes of WIRE.md, section 1.

The number checks are written here again rather than taken from the core, so that a mistake there
does not hide in the service that it is tested against.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from agent.sandbox.presence_answers import Error
from agent.sandbox.presence_ledger import Entry, Submitted

CANCEL_REASONS = frozenset({"HOLIDAY", "DISEASE", "PLANNING", "C32A"})
_DECLARATION = re.compile(r"[A-HJ-NP-Z0-9]{13}")
_LIMOSA = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """What this authority knows beyond the form of numbers; empty: nothing is unknown to it."""

    unknown_companies: frozenset[int] = frozenset()
    unknown_declarations: frozenset[str] = frozenset()
    unknown_workers: frozenset[str] = field(default=frozenset(), repr=False)


def registration_errors(submitted: Submitted, today: dt.date, rules: Rules) -> list[Error]:
    """What is wrong with one registration, codes 2 to 6; empty: it is accepted."""
    errors: list[Error] = []
    if submitted.company is not None:
        if not _is_company(submitted.company):
            errors.append(("2", "The company number is not valid."))
        elif submitted.company in rules.unknown_companies:
            errors.append(("3", "The company number is not known."))
    if (
        not _DECLARATION.fullmatch(submitted.declaration)
        or submitted.declaration in rules.unknown_declarations
    ):
        errors.append(("4", "The declaration of works number is not valid."))
    if not _is_worker(submitted) or (submitted.inss or submitted.limosa) in rules.unknown_workers:
        errors.append(("5", "The INSS is not valid."))
    if submitted.day not in (today, today + dt.timedelta(days=1)):
        errors.append(("6", "The registration date can only be today or tomorrow."))
    return errors


def cancellation_errors(
    entry: Entry | None, reason: str, sender: str, today: dt.date
) -> list[Error]:
    """What is wrong with one cancellation, codes 1 and 7 to 11; empty: it is cancelled."""
    if entry is None:
        return [("7", "The presence registration id is not known.")]
    checks = (
        (entry.sender != sender, ("1", "Not authorised to cancel this registration.")),
        (entry.duplicate, ("10", "No presence registration was found for this id.")),
        (entry.cancelled is not None, ("8", "The registration is already cancelled.")),
        (entry.submitted.day < today, ("9", "It is too late to cancel this registration.")),
        (reason not in CANCEL_REASONS, ("11", "The cancellation reason is not valid.")),
    )
    return [error for wrong, error in checks if wrong][:1]


def _is_worker(submitted: Submitted) -> bool:
    if submitted.limosa:
        return _LIMOSA.fullmatch(submitted.limosa) is not None
    first_nine, check = int(submitted.inss[:9]), int(submitted.inss[9:])
    return check in (97 - first_nine % 97, 97 - (2 * 10**9 + first_nine) % 97)


def _is_company(number: int) -> bool:
    return 0 < number < 2 * 10**9 and number % 100 == 97 - number // 100 % 97
