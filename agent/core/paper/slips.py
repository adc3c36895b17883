"""What stands on the slips that tell people what to do: data → blocks. A gate has no screen.

    instruction     registering does not work: what to do now, whom to call, what to quote and type
    evidence        what was measured of an outage, for whoever verifies an exemption
    completion      the reference number of a list that was printed without
    after a list    copy it today, keep it, who comes later
    restart         the gate was dark: tap now, or be written on the list
    claim ended     "nothing to do" is over
    keypad          every short command, and the employers by number

Whoever knows the state fills in these dataclasses; nothing here decides. All times are in the
site's zone. Each language has its steps together, in order; what is the same in all, such as the
numbers to quote and the codes, stands once below.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.outage.measurements import Layer, Reading
from agent.core.outage.whose import Whose
from agent.core.paper.attendance_list import Reference

CENTRE_PHONE = "02 511 51 51"
CONTACT_FORM = (
    "https://www.socialsecurity.be/app028/contactform/site_nl/enterprise/contact.jsp"
    "?targetApplics=checkinatwork"
)
"""Both from the official procedure; the form gives a number by itself at any hour."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What every slip says of itself: which gate, for whom, when."""

    site: str
    gate: str
    firm: str
    firm_number: str
    declaration: str
    printed: dt.datetime
    address: str = ""
    training: bool = False


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who made or hosts the registration software; all as configured."""

    name: str
    phone: str
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is pressed for each thing, as `1 #`; empty: the keypad has no such command, and no
    slip speaks of it. `keypad`: there is one. `code`: it asks for the operator code first.
    `reference`: what comes before a reference number; empty: nothing."""

    keypad: bool = True
    code: bool = True
    reference: str = ""
    provisional: str = ""
    cause: str = ""
    phone_opens: str = ""
    phone_fails: str = ""
    addendum: str = ""
    filled_in: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """Registering does not work since `since`, and `whose` says what follows from that.

    `layer`: where it is broken, as far as measured. `waiting`: how many people are not registered.
    `agreed`: the channel agreed with the subcontractors. `phone`, `hours`, `form`: of the contact
    centre; `menu`: what is pressed there, empty: what the procedure names. `online`: address of
    the official online service; empty: the usual one. `exemptible`: False for Check In and Out at
    Work, from which nothing exempts (DOMAIN.md, section 3). `habit`: too many days were exempt
    without a reference, so that another arrangement is due (ibid.).
    """

    incident: str
    since: dt.datetime
    whose: Whose
    layer: Layer | None = None
    waiting: int = 0
    supplier: Supplier | None = None
    agreed: str = ""
    phone: str = CENTRE_PHONE
    menu: str = ""
    hours: str = ""
    form: str = CONTACT_FORM
    online: str = ""
    keys: Keys = field(default_factory=Keys)
    exemptible: bool = True
    habit: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """One layer as it was measured. `of`: which uplink or channel, where there are several."""

    layer: Layer
    reading: Reading
    at: dt.datetime
    of: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An outage as evidence. `until` None: it lasts. `reference`: the third party's ticket, given
    by `party`. `delivered`: when the path delivered last before it. `people`: whom it touched."""

    incident: str
    since: dt.datetime
    until: dt.datetime | None
    whose: Whose
    measured: tuple[Measured, ...]
    checkpoint: str
    layer: Layer | None = None
    delivered: dt.datetime | None = None
    people: int = 0
    party: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """The number of lists that were printed without; it belongs to them from now on."""

    lists: tuple[str, ...]
    day: dt.date
    reference: Reference
    checkpoint: str


@dataclass(frozen=True, slots=True)
class AfterList:
    """What to do with lists once they are printed. `pages`: of all together. `lines`: each list
    that has some to fill in, with how many. `provisional`: their number is still to come."""

    lists: tuple[str, ...]
    pages: int
    lines: tuple[tuple[str, int], ...] = ()
    provisional: bool = False
    keys: Keys = field(default_factory=Keys)


@dataclass(frozen=True, slots=True)
class Restart:
    """The gate saw nobody from `since` to `until`. `since` None: nobody knows since when.
    `list_number`: the list of today, where there is one already."""

    since: dt.datetime | None
    until: dt.datetime
    list_number: str = ""
    keys: Keys = field(default_factory=Keys)


class Ended(StrEnum):
    """Why a claim to an exemption ended."""

    PATH_BACK = "path-back"
    OTHER_CHANNEL = "other-channel"
    OTHER_CAUSE = "other-cause"


@dataclass(frozen=True, slots=True)
class ClaimEnded:
    """Since `ended` nothing exempts any more; `waiting` people were told that they need nothing."""

    incident: str
    ended: dt.datetime
    why: Ended
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class KeypadHelp:
    """What may be typed, to be hung up beside the keypad. `employers`: name and company number, in
    the order in which they are chosen by number. `code`: as in `Keys`."""

    employers: tuple[tuple[str, str], ...]
    code: bool = True


Slip = Instruction | Evidence | Completion | AfterList | Restart | ClaimEnded | KeypadHelp
