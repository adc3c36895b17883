"""What a technician may write of outages in the configuration: [outage] and [contacts]."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.outage.contacts import (
    CENTRE_MENU,
    CENTRE_PHONE,
    FORM,
    ONLINE_SERVICE,
    Contacts,
    minute_of,
)
from agent.core.outage.whose import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageSettings:
    """[outage]"""

    hysteresis_s: float = 120.0
    call_s: float = 300.0

    @property
    def limits(self) -> Limits:
        """As the core takes them."""
        return Limits(round(self.hysteresis_s * 1000), round(self.call_s * 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSettings:
    """[contacts]: hours as `HH:MM`, without claim of being official."""

    centre_phone: str = CENTRE_PHONE
    centre_menu: str = CENTRE_MENU
    centre_form: str = FORM
    centre_opens: str = "07:00"
    centre_closes: str = "20:00"
    supplier_name: str = ""
    supplier_phone: str = ""
    supplier_hours: str = ""
    online_service: str = ONLINE_SERVICE
    agreed_channel: str = ""

    @property
    def contacts(self) -> Contacts:
        """As the core takes them."""
        return Contacts(
            self.centre_phone,
            self.centre_menu,
            self.centre_form,
            minute_of(self.centre_opens),
            minute_of(self.centre_closes),
            self.supplier_name,
            self.supplier_phone,
            self.supplier_hours,
            self.online_service,
            self.agreed_channel,
        )
