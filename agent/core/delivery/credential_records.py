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
    """Another one took its place: one that holds for long, or other files. `until`: its end in UTC,
    None where nobody says. What the channel was refused may be asked of it again."""

    LOGGED: ClassVar = ("channel", "what", "until")
    channel: str
    what: str
    until: dt.datetime | None


CredentialRecord = CredentialExpiring | CredentialRenewed
