"""Which credentials are about to end: told once at each threshold, in time to order new ones."""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.delivery.credential_records import CredentialExpiring, CredentialRenewed
from agent.core.records import DayBegan, Entry

THRESHOLDS_DAYS = (30, 14, 3, 1, 0)
"""A new certificate takes days to get: ordered at the first, missed at the last."""

Expiries = Mapping[str, CredentialExpiring]
"""By channel: the last that was told of it."""


def apply(expiries: Expiries, entry: Entry) -> Expiries:
    """What was told by this entry; a day takes it along from the one before."""
    match entry.record:
        case CredentialExpiring(channel) as told:
            return {**expiries, channel: told}
        case CredentialRenewed(channel):
            return {name: told for name, told in expiries.items() if name != channel}
        case DayBegan(expiries=told):
            return {each.channel: each for each in told}
    return expiries
