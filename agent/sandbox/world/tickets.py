"""A third party's number comes to the gate, by somebody who knows from when to when its trouble
lasted and gives it for an incident of that time: at the keypad for the latest one, by the command
for an earlier one. What else failed meanwhile this person does not know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.core.events import CauseConfirmationAsked
from agent.core.outage.incident_log import Incident
from agent.core.outage.procedure_records import By
from agent.core.outage.whose import Whose
from agent.sandbox.world.values import MINUTE_MS, Ticket

if TYPE_CHECKING:
    from agent.sandbox.world.play import Play

HOW = {
    "right": "it is given as it is",
    "twice": "it is given twice",
    "mistyped": "the second time another number is typed, so that it is given once more",
    "no number": "the third party gave none",
    "own first": "somebody took it for a cause of the site's own before",
}
"""How it may be given."""
PARTIES = {"grid-out": "grid", "rsz": "service"}
"""By cause, or what its name begins with; any other third party is the provider."""
KEYS = {"own": "1", "grid": "2", "provider": "3", "service": "4"}
"""At the keypad, after `7 #`."""
BEFORE_MS, AFTER_MS = 3 * MINUTE_MS, 10 * MINUTE_MS
"""By how much an incident may begin before the trouble, or end after it, and still be taken for
its: a gate dates it by the first tap, and notices late that it is over."""
AGAIN_MS = 4 * MINUTE_MS
NOTICES_MS = 25 * MINUTE_MS
"""So long after it was mended somebody finds that nothing is better."""


def given(play: Play, ticket: Ticket) -> None:
    """Gives it, once the gate runs, for the latest incident that it can be for, if there is one."""
    if not play.watch.running:
        play.after(AGAIN_MS * 5, lambda: given(play, ticket))
        return
    incident = _meant(play, ticket)
    if incident is None:
        return
    party = PARTIES.get(ticket.kind) or PARTIES.get(ticket.kind.partition("-")[0], "provider")
    number = "" if ticket.how == "no number" else str(play.operator.number())
    said = [(party, number, number)]
    match ticket.how:
        case "twice":
            said *= 2
        case "mistyped":
            said.insert(0, (party, number, f"{number}0"))
        case "own first":
            said.insert(0, ("own", "", ""))
    play.watch.claims.said[incident.name] = ticket.until_ms
    play.operator.numbered.append((play.clock.true_ms, ticket.kind))
    for n, words in enumerate(said):
        play.after(n * AGAIN_MS, partial(_says, play, incident.name, *words))
    mended_ms = max(play.clock.true_ms, ticket.until_ms)
    play.after(
        mended_ms - play.clock.true_ms + NOTICES_MS, partial(_mended, play, incident, ticket)
    )


def _meant(play: Play, ticket: Ticket) -> Incident | None:
    """The latest incident that lasted no longer than the trouble, by the gate's own times. One that
    ended under a clock that was days behind seems to end before it began: its beginning counts."""
    begun_ms = round(play.world.starts.timestamp() * 1000)
    now_ms = play.clock.true_ms
    known_ms = min(now_ms, ticket.until_ms) + AFTER_MS
    for incident in reversed(tuple(play.daemon.keeper.state.log.incidents.values())):
        since_ms = incident.since.unix_ms - begun_ms
        until_ms = incident.until.unix_ms - begun_ms if incident.until is not None else now_ms
        if ticket.since_ms - BEFORE_MS <= since_ms <= max(since_ms, until_ms) <= known_ms:
            return incident
    return None


def _mended(play: Play, incident: Incident, ticket: Ticket) -> None:
    """The third party has mended its trouble: whoever then finds that the incident went on says
    that it was not, or not only, the third party's; until the gate has taken it."""
    known = play.daemon.keeper.state.log.of(incident.name)
    if known is None or known.corrected is Whose.OWN:
        return
    begun_ms = round(play.world.starts.timestamp() * 1000)
    over_ms = known.until.unix_ms - begun_ms if known.until is not None else play.clock.true_ms
    if over_ms > ticket.until_ms + AFTER_MS:
        _says(play, known.name, "own", "", "")
        play.after(AGAIN_MS, partial(_mended, play, incident, ticket))


def _says(play: Play, name: str, party: str, number: str, again: str) -> None:
    if not play.watch.running:
        return
    if party == "own":
        play.operator.owned.append(play.clock.true_ms)
    latest = play.daemon.keeper.state.log.of("")
    if latest is not None and latest.name == name:
        told = f"{number}#{again}#" if number else "#"
        play.operator.types(f"7#{KEYS[party]}#" + ("" if party == "own" else told))
    elif number == again:
        now = play.clock.now()
        play.inbox.put(CauseConfirmationAsked(now, name, party, By.COMMAND, reference=number))
