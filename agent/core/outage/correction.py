"""Corrections: a person says whose an incident was (DOMAIN.md, section 3).

Towards own fault always. Towards an exemption only from `undetermined` or `supplier fault`, never
against a cause of ours nor for a path that is degraded and not down, and only with the third
party's reference; without one it is kept as claimed and changes nothing. Corrections append.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.outage.incident_log import Incident
from agent.core.outage.incident_records import CauseCorrected, Taken
from agent.core.outage.procedure_records import By
from agent.core.outage.table import DEGRADED
from agent.core.outage.whose import EXEMPTING, Bar, Whose

PARTIES: Mapping[str, Whose] = {
    "own": Whose.OWN,
    "grid": Whose.INFRASTRUCTURE,
    "provider": Whose.INFRASTRUCTURE,
    "service": Whose.SERVICE,
    "supplier": Whose.SUPPLIER,
}
"""What a person may name as the cause, and the classification that it means."""

REASONS: Mapping[str, str] = {
    "correct.own-cause": "a cause of this site was measured, or confirmed before",
    "correct.no-infrastructure": "this site lacks network or power always: nothing exempts here",
    "correct.not-from-here": "only what is undetermined or the supplier's can be confirmed so",
    "correct.degraded": "the path is degraded and not down: keep trying, that never exempts",
    "correct.barred": "something else stands against an exemption: see the incident's bars",
    "correct.reference-missing": "kept as claimed; it counts once you give the reference "
    "(ticket, notice) of the third party",
}
"""Why a correction was not taken, in words for the command line."""


def correct(
    incident: Incident, party: str, *, by: By, who: str = "", reference: str = ""
) -> CauseCorrected:
    """A person's correction, and what becomes of it. `party`: one of PARTIES."""
    whose, reference = PARTIES[party], reference.strip()
    taken, reason = _weighed(incident, whose, reference)
    return CauseCorrected(incident.name, party, whose, taken, by, who, reference, reason)


def _weighed(incident: Incident, whose: Whose, reference: str) -> tuple[Taken, str]:
    if whose is Whose.OWN:
        return Taken.TAKEN, ""
    if Whose.OWN in (incident.measured, incident.corrected):
        return Taken.REFUSED, "correct.own-cause"
    if incident.measured is Whose.NO_INFRASTRUCTURE:
        return Taken.REFUSED, "correct.no-infrastructure"
    if whose not in EXEMPTING:
        return Taken.TAKEN, ""
    stated = incident.corrected or incident.measured
    if stated not in (Whose.UNDETERMINED, Whose.SUPPLIER, whose):
        return Taken.REFUSED, "correct.not-from-here"
    if incident.row == DEGRADED.key:
        return Taken.REFUSED, "correct.degraded"
    if not reference:
        return Taken.CLAIMED, "correct.reference-missing"
    if set(incident.bars) - {Bar.HABIT}:
        return Taken.REFUSED, "correct.barred"
    return Taken.TAKEN, ""
