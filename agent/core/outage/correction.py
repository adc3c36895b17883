"""Corrections: a person says whose an incident was (DOMAIN.md, section 3).

Towards own fault always. Towards an exemption only from `undetermined` or `supplier fault`, never
against a cause of ours nor for a path that is degraded and not down, and only with the third
party's reference; without one it is kept as claimed and changes nothing. Nor does a reference help
of a party at whose layer nothing fails: a provider's while the network was measured well up to the
service, the service's while nothing of it could be tried. Corrections append.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.outage.incident_log import Incident
from agent.core.outage.incident_records import CauseCorrected, Taken
from agent.core.outage.measurements import Layer
from agent.core.outage.procedure_records import By
from agent.core.outage.table import DEGRADED, NOT_MEASURED, ROWS
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
    "correct.not-theirs": "by what was measured it fails elsewhere than at that party: give the "
    "number of the one whose part fails, see what would settle it",
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
    if stated is Whose.UNDETERMINED and _fails_elsewhere(incident.row, whose):
        return Taken.REFUSED, "correct.not-theirs"
    if not reference:
        return Taken.CLAIMED, "correct.reference-missing"
    if set(incident.bars) - {Bar.HABIT}:
        return Taken.REFUSED, "correct.barred"
    return Taken.TAKEN, ""


_OF_THE_SERVICE = frozenset((Layer.CHANNEL, Layer.ANSWER))
_BELOW_IT = frozenset((Layer.POWER, Layer.LINK, Layer.LOCAL, Layer.INTERNET, Layer.NAMES))
_FAILS_AT = {r.key: r.layer for r in ROWS if r not in (DEGRADED, NOT_MEASURED)}


def _fails_elsewhere(row: str, whose: Whose) -> bool:
    """Whether what fails by this row is not that party's: of several layers the lowest decides."""
    layer = _FAILS_AT.get(row)
    return layer in (_OF_THE_SERVICE if whose is Whose.INFRASTRUCTURE else _BELOW_IT)
