"""What somebody who is not at the gate should hear of, by subject: names no person, no badge."""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.falls import in_a_loop
from agent.core.moment import Moment
from agent.core.state import State

PRINTER = "printer"
LOOP_TO_DO = "send what journalctl -u werfpoort says to the supplier of this software"
"""Of an agent that falls again and again, and is started anew each time."""


def subjects(state: State, now: Moment) -> Mapping[str, str]:
    """What stands against this gate now; a subject that is not there any more is over."""
    told = {f"device {name}": f"{b.cause}; to do: {b.hint}" for name, b in state.broken.items()}
    for name in state.log.open.values():
        incident = state.log.incidents[name]
        since = incident.since.local(state.rules.zone)
        told[f"incident {name}"] = (
            f"nothing is delivered ({incident.duty}) since {since:%Y-%m-%d %H:%M}: "
            f"{incident.whose.value}"
        )
    if any(job.held for job in state.papers.jobs.values()):
        told["printer waits"] = "a list is not printed whole: look at paper and cover"
    if unknown := len(state.taps.unknown()):
        told["unknown badges"] = (
            f"{unknown} today; to do: werfpoort badge assign, or werfpoort badge dismiss"
        )
    if falls := in_a_loop(state.falls, now):
        told["the agent falls"] = f"{falls} times within an hour; to do: {LOOP_TO_DO}"
    for told_of in state.expiries.values():  # a subject of its own at each threshold: told again
        told[f"credential {told_of.channel}, {told_of.days} days"] = (
            f"the {told_of.what} of channel {told_of.channel} ends on "
            f"{told_of.until.astimezone(state.rules.zone):%Y-%m-%d %H:%M}; to do: order a new one "
            "and put it in the old one's place"
        )
    if not now.trusted:
        told["clock"] = "not set: taps are kept, nothing is sent; to do: let NTP out (UDP 123)"
    return told
