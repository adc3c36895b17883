"""Whom to call when nothing goes through: all of it configuration, hours without claim of being
official."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

FORM = (
    "https://www.socialsecurity.be/app028/contactform/site_nl/enterprise/"
    "contact.jsp?targetApplics=checkinatwork"
)
"""The procedure: gives a reference number by itself at any hour."""


CENTRE_PHONE = "02 511 51 51"
CENTRE_MENU = "1 (Nederlands) - 5 (Andere) - 6"
ONLINE_SERVICE = "https://www.checkinatwork.be"


@dataclass(frozen=True, slots=True)
class Contacts:
    """`opens`, `closes`: minutes after midnight between which the contact centre is worth a call,
    on weekdays."""

    centre_phone: str = CENTRE_PHONE
    centre_menu: str = CENTRE_MENU
    centre_form: str = FORM
    opens: int = 7 * 60
    closes: int = 20 * 60
    supplier_name: str = ""
    supplier_phone: str = ""
    supplier_hours: str = ""
    online_service: str = ONLINE_SERVICE
    agreed_channel: str = ""
    """The channel that was agreed with the subcontractors for when the usual one does not work."""

    def open_at(self, minute: int, weekday: int) -> bool:
        """True when the centre is worth a call; Monday is 0."""
        return weekday < 5 and self.opens <= minute < self.closes

    @property
    def hours(self) -> str:
        """`07:00-20:00`."""
        return "-".join(f"{m // 60:02}:{m % 60:02}" for m in (self.opens, self.closes))


def minute_of(clock: str) -> int:
    """`07:30` → 450 minutes after midnight. Raises ValueError."""
    time = dt.time.fromisoformat(clock)
    return time.hour * 60 + time.minute
