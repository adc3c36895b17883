"""A gate that was dark: what its last sign of life and the sensor say of the time without it.

Only a power cut can be another's than ours. Whoever came meanwhile is unknown: nobody is invented,
and what nobody waited for is no incident.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.core.moment import Moment
from agent.core.outage.classification import barred
from agent.core.outage.facts import Facts
from agent.core.outage.incident_log import elapsed_ms
from agent.core.outage.incident_records import (
    Ending,
    GateWasDark,
    IncidentClosed,
    IncidentOpened,
    IncidentRecord,
    PeopleCalled,
    Stop,
)
from agent.core.outage.incidents import opens_from, past_of, picture
from agent.core.outage.measurements import WELL
from agent.core.outage.procedure import WAS_DARK
from agent.core.outage.whose import Whose
from agent.core.state import State

STOPPED, UNPLUGGED, CUT, GENERATOR = (
    "gate.stopped",
    "power.gate-unplugged",
    "power.cut",
    "power.generator",
)
ROWS = (STOPPED, UNPLUGGED, CUT)
"""Rows of a darkness, beside those of the table."""


def lost(
    state: State, duty: str, oldest: Moment, dark: GateWasDark, until: Moment, at: Moment
) -> Iterator[IncidentRecord]:
    """What a darkness that ended at `until` leaves behind for `duty`, of which something waited:
    `oldest` is its first tap. A darkness within the hysteresis is none. `at`: now, that the clock
    is trusted; an incident that began since the gate is back, for want of that, ends here.
    """
    since, running = dark.since, state.log.running(duty)
    if elapsed_ms(since, until) < state.rules.limits.hysteresis_ms:
        return
    came_after = running is not None and not running.stretches[-1].since.precedes(until)
    if running is not None:
        yield IncidentClosed(running.name, at if came_after else since, Ending.ROW_CHANGED)
    else:
        # Less than the hysteresis before it, or an incident would be running: one outage.
        since = opens_from(state, duty, oldest)
    row, whose = _whose(dark, state.rules.facts)
    before = past_of(state.log, duty, since, until, state.rules)
    if whose is Whose.UNDETERMINED and not before.coverage:
        whose = Whose.NO_INFRASTRUCTURE
    bars = barred(picture(state, dark.since), before, duty, reference=False)
    name = f"i{state.log.numbered + 1}"
    yield IncidentOpened(
        name,
        duty,
        since,
        row,
        whose,
        tuple(bar.value for bar in bars),
        running.name if running is not None and not came_after else "",
    )
    yield IncidentClosed(name, until, Ending.ROW_CHANGED)


def told(state: State, dark: GateWasDark, until: Moment) -> Iterator[PeopleCalled]:
    """After a darkness that nobody meant, people are asked to tap now or to be written down."""
    meant = dark.why in (Stop.STOPPED, Stop.REBOOT)
    if not meant and elapsed_ms(dark.since, until) >= state.rules.limits.hysteresis_ms:
        yield PeopleCalled("", WAS_DARK)


def _whose(dark: GateWasDark, facts: Facts) -> tuple[str, Whose]:
    if dark.why in (Stop.STOPPED, Stop.CRASH, Stop.REBOOT):
        return STOPPED, Whose.OWN
    if not facts.grid_fed:
        return GENERATOR, Whose.OWN
    if facts.battery and dark.mains == WELL:  # it would have outlived a cut, and told of it
        return UNPLUGGED, Whose.OWN
    return CUT, Whose.UNDETERMINED
