"""Whose outage is it? The table of DOMAIN.md, section 3, as a table: measurements in, whose out.

How the table is read:

1. The lowest failing layer decides; its first row that holds is the deciding row.
2. In a layer our own rows come first, then the supplier's, then those that exempt; the general
   row of the layer, `undetermined`, comes last.
3. Beside a known cause of ours (clock, credentials, configuration, gate) nothing is exempt: if
   such a row holds, it decides over any row that is not ours.
4. A row that exempts asks for *well* below it; what was not measured is not well. It is not
   failing either: over an uplink that was not measured, a row of ours in any layer above decides.
5. A row that exempts is barred while any other channel works, without a path that delivered
   before, by a habit, and for the duty Check In and Out. A barred row is `undetermined`.
   Another uplink is no other channel to a service that is reached and answers badly itself.
6. Where coverage is lacking always, what would be the network's or the power's is
   `no infrastructure`; what would be the service's is barred.

So `whose` is `infrastructure` or `service` exactly when the evidence carries an exemption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.core.outage.evidence import Picture
from agent.core.outage.facts import Facts, Past
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Layer
from agent.core.outage.sight import Sight, anchors, channel_well
from agent.core.outage.table import (
    DEGRADED,
    GATE_ROWS,
    NOT_MEASURED,
    NOTHING_FAILS,
    ROWS,
    SITE_ROWS,
    TWO_PROVIDERS,
    UPLINK_ROWS,
    WAY_ROWS,
    Row,
)
from agent.core.outage.whose import EXEMPTING, Bar, Classification, Limits, Whose

DEFAULT = Limits()
_OWN, _OPEN = Whose.OWN, Whose.UNDETERMINED
KEYS = tuple(row.key for row in ROWS)
_ORDER = {row.key: n for n, row in enumerate(ROWS)}
_DEPTH = {layer: n for n, layer in enumerate(Layer)}
_BESIDE = frozenset((Layer.CLOCK, Layer.ANSWER, Layer.GATE))
"""Layers whose own rows are no consequence of what failed below: a second cause, rule 3."""


def deciding(picture: Picture, facts: Facts, duty: str, limits: Limits) -> Row:
    """The row that decides, before bars and confirmations."""
    sight = Sight(picture, facts, limits)
    ways = [Sight(picture, facts, limits, way=way) for way in facts.ways if way.duty == duty]
    uplinks = _uplinks(sight)
    beside = [*_held(GATE_ROWS, sight)]
    for way in ways:
        beside += [r for r in _held(WAY_ROWS, way) if r.layer in _BESIDE and r.whose is _OWN]
    if NOT_MEASURED in uplinks:
        beside += [row for row in _of_ways(ways) if row.whose is _OWN]
    lowest = _first(_held(SITE_ROWS, sight)) or _together(uplinks, sight)
    lowest = lowest or _lowest(_of_ways(ways))
    if lowest is None:
        lowest = _first(beside) or (DEGRADED if _degraded(sight) else NOTHING_FAILS)
    if lowest.whose is not _OWN and beside:
        return min(beside, key=_place)
    return lowest


def _held(rows: Iterable[Row], sight: Sight) -> Iterator[Row]:
    return (row for row in rows if row.holds(sight))


def _first(rows: Iterable[Row]) -> Row | None:
    return next(iter(rows), None)


def _place(row: Row) -> tuple[int, int]:
    return _DEPTH[row.layer], _ORDER[row.key]


def _lowest(rows: Iterable[Row]) -> Row | None:
    return min(rows, key=_place, default=None)


def _uplinks(sight: Sight) -> list[Row]:
    """The row of each uplink; none when one of them has a path."""
    found: list[Row] = []
    for uplink in sight.facts.uplinks:
        of = Sight(sight.picture, sight.facts, sight.limits, uplink)
        row = _first(_held(UPLINK_ROWS, of))
        if row is None:
            return []
        found.append(row)
    return found


def _together(uplinks: list[Row], sight: Sight) -> Row | None:
    """Their row, of all of them; None when there is a path."""
    ours = [row for row in uplinks if row.whose is _OWN]
    if uplinks and not ours and TWO_PROVIDERS.holds(sight):
        return TWO_PROVIDERS
    return _lowest(ours or [row for row in uplinks if row.whose is _OPEN] or uplinks)


def _of_ways(ways: list[Sight]) -> list[Row]:
    """The row of each channel that has one."""
    return [row for way in ways if (row := _first(_held(WAY_ROWS, way)))]


def _degraded(sight: Sight) -> bool:
    """No uplink has a path without loss or delay."""
    nets = [sight.picture.internet(u.name) for u in sight.facts.uplinks]
    return not any(
        anchors(net) is WELL and FAILING not in (*net.anchors, net.steady) for net in nets
    )


NETWORK = frozenset((Layer.POWER, Layer.LINK, Layer.LOCAL, Layer.INTERNET))


def classify(
    picture: Picture,
    facts: Facts,
    past: Past,
    *,
    duty: str = "checkinatwork",
    confirmed: Whose | None = None,
    limits: Limits = DEFAULT,
) -> Classification:
    """Whose outage the picture shows. `confirmed`: what a person's taken correction says.

    A correction never helps against a row of ours, nor where coverage always lacks.
    """
    row = deciding(picture, facts, duty, limits)
    whose, with_reference = row.whose, False
    if confirmed is not None and whose is not _OWN:
        with_reference = confirmed in EXEMPTING
        whose = confirmed
    if not past.coverage and (whose is Whose.INFRASTRUCTURE or _coverage_matters(row, whose)):
        whose = Whose.NO_INFRASTRUCTURE
    answered = row.layer is Layer.ANSWER and _all_reached(picture, facts, duty, limits)
    bars = barred(picture, past, duty, with_reference, answered=answered)
    if bars and whose in EXEMPTING:
        whose = _OPEN
    return Classification(
        whose, row.key, row.layer, row.confidence, row.settles, bars, with_reference
    )


def _coverage_matters(row: Row, whose: Whose) -> bool:
    return whose is _OPEN and row.layer in NETWORK


def _all_reached(picture: Picture, facts: Facts, duty: str, limits: Limits) -> bool:
    ways = (Sight(picture, facts, limits, way=way) for way in facts.ways if way.duty == duty)
    return all(channel_well(way) for way in ways)


def barred(
    picture: Picture, past: Past, duty: str, reference: bool, *, answered: bool = False
) -> tuple[Bar, ...]:
    """What stands against an exemption, whatever row decides. `answered`: each service of the
    duty is reached from here and answers badly itself, so that another uplink, which leads to the
    same one, opens nothing; a phone or another gate that got through does."""
    other = picture.elsewhere()
    uplink = UNKNOWN if answered else other.uplink
    bars = {
        Bar.OTHER_CHANNEL: WELL in (uplink, other.other_gate, other.phone),
        Bar.NO_PATH_BEFORE: not past.path_before,
        Bar.HABIT: past.habit and not reference,
        Bar.DUTY: duty != "checkinatwork",
        Bar.NO_COVERAGE: not past.coverage,
    }
    return tuple(bar for bar, holds in bars.items() if holds)
