"""What the channels prove themselves with, as it comes near its end."""

from __future__ import annotations

from agent.core.delivery.credential_records import CredentialExpiring, CredentialRenewed
from agent.core.delivery.expiries import THRESHOLDS_DAYS
from agent.core.events import CredentialSeen
from agent.core.turn import Turn

DAY_S = 86_400


def credential_seen(turn: Turn, event: CredentialSeen) -> None:
    """Tells that there is another one, and what has come nearer to its end than was told before."""
    if event.renewed:
        turn.record(CredentialRenewed(event.channel, event.what, event.until))
    if not turn.at.trusted or event.until is None:
        return
    told = turn.state.expiries.get(event.channel)
    if told is not None and told.until != event.until:
        told = None
    left_days = (event.until.timestamp() - turn.at.unix_ms / 1000) / DAY_S
    near = [days for days in THRESHOLDS_DAYS if left_days <= days]
    if near and (told is None or near[-1] < told.days):
        turn.record(CredentialExpiring(event.channel, event.what, near[-1], event.until))
    elif not near and event.channel in turn.state.expiries:
        turn.record(CredentialRenewed(event.channel, event.what, event.until))
