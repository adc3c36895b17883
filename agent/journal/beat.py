"""The agent's last sign of life, and what it says about the time the gate was dark."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.events import Gap
from agent.core.moment import Moment
from agent.core.outage.incident_records import Stop
from agent.core.outage.measurements import UNKNOWN, Reading

EVERY_MS = 60_000
"""A minute: 4 KiB a time, 6 MiB a day, whatever happens at the gate."""


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life of an agent. `orderly`: it was asked to stop, and did."""

    at: Moment
    mains: Reading = UNKNOWN
    orderly: bool = False


def darkness(last: Beat | None, now: Moment) -> Gap | None:
    """For how long the gate did not run before `now`, and why; None before its first start.

    | boot id | stopped in order | why                                                     |
    |---------|------------------|---------------------------------------------------------|
    | same    | yes              | stopped                                                 |
    | same    | no               | crash: of the agent, the machine went on                |
    | another | yes              | reboot: whoever shuts a machine down stops its services |
    | another | no               | power cut, or as good as one: nothing was shut down     |
    """
    if last is None:
        return None
    same_boot = last.at.boot_id == now.boot_id
    if last.orderly:
        why = Stop.STOPPED if same_boot else Stop.REBOOT
    else:
        why = Stop.CRASH if same_boot else Stop.POWER_CUT
    return Gap(last.at, why, last.mains)
