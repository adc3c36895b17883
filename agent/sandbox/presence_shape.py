"""Whether a request has the shape of the schema, checked by our own rules.

The schema itself is not part of the product. A content model is written as a regular expression
over the names of the children, in their order, as a document type would say it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

Element = Any

PROTOCOL = "http://socialsecurity.be/presenceregistration/v1"
TYPES = "http://socialsecurity.be/presenceregistration/schemas/v1"

_REMARKS = frozenset(
    {
        "RELATED DIMONA NOT OK",
        "GIVEN INSS IS NOT THE FOUNDER OF THE COMPANY",
        "EMPLOYER IS NOT KNOWN AS COMPANY FOUNDER",
        "THE COMPANY DOESN'T EXISTS",
        "INDEPENDANT IS NOT KNOWN AS COMPANY FOUNDER",
        "LIMOSA ID IS NOT KNOWN",
        "LIMOSA ID IS NOT ACTIVE AT DATE",
        "NISS-BIS IS NOT KNOWN IN LIMOSA",
        "NISS-BIS IS NOT ACTIVE AT THIS DATE IN LIMOSA",
        "DUC IS NOT EXISTING",
        "DUC IS NOT ACTIVE AT THIS DATE",
        "COMPANY IS NOT KNOWN  AS BUILDER OR  SUBCONTRACTOR IN THIS DUC",
        "SITE IS NOT SUBJECT TO PRESENCE REGISTRATION",
        "SAME DECLARATION HAS ALREADY BEEN REGISTERED",
        "NISS IS NOT KNOW IN THE NATIONAL REGISTER",
        "EMPLOYER NOT ACTIVE",
        "THE COMPANY ID ASSOCIATED AT A NOT ACTIVE CONTRACT",
    }
)
_STATUSES = frozenset({"SUCCESSFULLY REGISTERED", "SUCCESSFULLY CANCELLED", "VALIDATED", "FAILED"})
_CRITERIA = frozenset(
    [
        "ID",
        "REGISTRATION DATE",
        "CREATION DATE",
        "STATUS",
        "PLACE OF WORK",
        "COMPANY ID",
        "CHANNEL",
        "SENDER ID",
    ]
)

_ZONE = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_DATE = re.compile(rf"(\d{{4}}-\d\d-\d\d){_ZONE}", re.ASCII)
_INSTANT = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?{_ZONE}", re.ASCII)
_WHITE_SPACE = " \t\r\n"
"""Of XML: what a schema collapses, and nothing else."""


class WrongShape(Exception):
    """A request breaks the schema; the text names the element, never its content."""


def _whole_number(digits: int, bits: int) -> Callable[[str], bool]:
    """xs:int or xs:long of at most so many significant digits."""

    def check(text: str) -> bool:
        text = text.strip(_WHITE_SPACE)
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            return False
        significant = text.lstrip("+-").lstrip("0")
        return len(significant) <= digits and -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1)

    return check


def _at_most(characters: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= characters


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        dt.date.fromisoformat(found[1])
    except ValueError:
        return False
    return True


def _is_instant(text: str) -> bool:
    if not _INSTANT.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def as_date(text: str) -> dt.date:
    """The day of an xs:date that passed the shape; a zone behind it does not move the day."""
    return dt.date.fromisoformat(text[:10])


_MODELS = {
    "/p:RegisterPresencesRequest": "(p:PresenceRegistrationRequest ){1,200}",
    "p:PresenceRegistrationRequest": "(t:RegistrationDate )?(t:INSS t:CompanyID |t:LimosaId )"
    "t:WorkPlaceId (t:ClientPresenceRegistrationReference )?",
    "/p:CancelPresencesRequest": "(p:CancelPresenceRequest ){1,200}",
    "p:CancelPresenceRequest": "t:PresenceRegistrationId t:CancellationReason ",
    "/p:SearchPresencesRequest": "p:SearchPresenceRequest ",
    "p:SearchPresenceRequest": "t:SearchPresenceRegistrationCriteria "
    "(t:PaginationProperties )?(t:SortingProperties )?",
    "t:SearchPresenceRegistrationCriteria": "(t:INSS )?(t:CompanyID )?(t:WorkPlaceId )?"
    "(t:StatusList )?(t:RemarkList )?t:RegistrationPeriodList "
    "(t:CreationStartDate )?(t:CreationEndDate )?(t:Sector )?",
    "t:StatusList": "(t:Status ){1,4}",
    "t:RemarkList": "(t:Remark ){1,17}",
    "t:RegistrationPeriodList": "(t:RegistrationPeriod ){1,31}",
    "t:RegistrationPeriod": "t:RegistrationPeriodStartDate t:RegistrationPeriodEndDate ",
    "t:PaginationProperties": "t:FirstRow t:FetchSize ",
    "t:SortingProperties": "t:SortDirection t:SortCriteria ",
    "/p:GetPresenceRegistrationRequest": "p:GetPresenceRegistrationRequest ",
    "p:GetPresenceRegistrationRequest": "t:PresenceRegistrationId ",
}
"""Element → its children in order; the message itself has a slash before its name."""

_CONTENTS: dict[str, Callable[[str], bool]] = {
    "t:RegistrationDate": _is_date,
    "t:RegistrationPeriodStartDate": _is_date,
    "t:RegistrationPeriodEndDate": _is_date,
    "t:CreationStartDate": _is_instant,
    "t:CreationEndDate": _is_instant,
    "t:INSS": lambda text: re.fullmatch(r"[0-9]{11}", text) is not None,
    "t:CompanyID": _whole_number(10, 64),
    "t:LimosaId": lambda text: True,
    "t:WorkPlaceId": _at_most(13),
    "t:ClientPresenceRegistrationReference": _at_most(24),
    "t:PresenceRegistrationId": _whole_number(15, 64),
    "t:CancellationReason": _at_most(15),
    "t:Sector": _whole_number(3, 32),
    "t:FirstRow": _whole_number(9, 32),
    "t:FetchSize": _whole_number(9, 32),
    "t:Status": _STATUSES.__contains__,
    "t:Remark": _REMARKS.__contains__,
    "t:SortDirection": {"ASCENDING", "DESCENDING"}.__contains__,
    "t:SortCriteria": _CRITERIA.__contains__,
}


def check_shape(message: Element) -> None:
    """Raises WrongShape unless the schema has `message`, an element of the Body, as a request."""
    _check(message, "/" + short_name(message))


def short_name(element: Element) -> str:
    """`p:…` or `t:…`; any other namespace gives a name that no model has."""
    namespace, _, name = element.tag.rpartition("}")
    prefix = {"{" + PROTOCOL: "p", "{" + TYPES: "t"}.get(namespace, "?")
    return f"{prefix}:{name}"


def _check(element: Element, name: str) -> None:
    if element.attrib:
        raise WrongShape(f"{name} has an attribute")
    children = list(element)
    content = _CONTENTS.get(name)
    if content is not None:
        if children or not content(element.text or ""):
            raise WrongShape(f"the value of {name} is not valid")
        return
    model = _MODELS.get(name)
    if model is None:
        raise WrongShape(f"{name} is unknown")
    if any(
        part.strip(_WHITE_SPACE) for part in [element.text or "", *(c.tail or "" for c in children)]
    ):
        raise WrongShape(f"{name} holds text between its elements")
    names = [short_name(child) for child in children]
    if not re.fullmatch(model, "".join(f"{child} " for child in names)):
        raise WrongShape(f"the elements in {name} are not those of the schema, in its order")
    for child, child_name in zip(children, names, strict=True):
        _check(child, child_name)
