"""What the journal holds of certificates, keys and tokens: how long they still hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class CredentialExpiring:
    """What a channel proves itself with holds for `days` more at most; 0: no more. `until`: its end
    in UTC."""

    LOGGED: ClassVar = ("channel", "what", "days", "until")
    channel: str
    what: str
    days: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class CredentialRenewed:
    """Another one that holds for long took the place of one that was about to end."""

    LOGGED: ClassVar = ("channel", "what", "until")
    channel: str
    what: str
    until: dt.datetime


CredentialRecord = CredentialExpiring | CredentialRenewed
