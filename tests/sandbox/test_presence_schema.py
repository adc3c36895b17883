"""Our rules of shape and the official schema agree on every request, good or spoilt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from agent.sandbox.presence_shape import WrongShape, check_shape

P = "http://socialsecurity.be/presenceregistration/v1"
T = "http://socialsecurity.be/presenceregistration/schemas/v1"

MESSAGES = [
    "<p:RegisterPresencesRequest><p:PresenceRegistrationRequest>"
    "<t:RegistrationDate>2026-11-24</t:RegistrationDate><t:INSS>85011512355</t:INSS>"
    "<t:CompanyID>448181966</t:CompanyID><t:WorkPlaceId>1Y1000NF9KCQZ</t:WorkPlaceId>"
    "<t:ClientPresenceRegistrationReference>r</t:ClientPresenceRegistrationReference>"
    "</p:PresenceRegistrationRequest><p:PresenceRegistrationRequest><t:LimosaId>1</t:LimosaId>"
    "<t:WorkPlaceId>x</t:WorkPlaceId></p:PresenceRegistrationRequest></p:RegisterPresencesRequest>",
    "<p:CancelPresencesRequest><p:CancelPresenceRequest>"
    "<t:PresenceRegistrationId>1000000001</t:PresenceRegistrationId>"
    "<t:CancellationReason>C32A</t:CancellationReason>"
    "</p:CancelPresenceRequest></p:CancelPresencesRequest>",
    "<p:SearchPresencesRequest><p:SearchPresenceRequest><t:SearchPresenceRegistrationCriteria>"
    "<t:INSS>85011512355</t:INSS><t:CompanyID>1</t:CompanyID><t:WorkPlaceId>x</t:WorkPlaceId>"
    "<t:StatusList><t:Status>FAILED</t:Status></t:StatusList>"
    "<t:RemarkList><t:Remark>EMPLOYER NOT ACTIVE</t:Remark></t:RemarkList>"
    "<t:RegistrationPeriodList><t:RegistrationPeriod>"
    "<t:RegistrationPeriodStartDate>2026-11-24</t:RegistrationPeriodStartDate>"
    "<t:RegistrationPeriodEndDate>2026-11-24</t:RegistrationPeriodEndDate>"
    "</t:RegistrationPeriod></t:RegistrationPeriodList>"
    "<t:CreationStartDate>2026-11-24T06:00:00Z</t:CreationStartDate>"
    "<t:CreationEndDate>2026-11-24T06:00:00.5+01:00</t:CreationEndDate><t:Sector>1</t:Sector>"
    "</t:SearchPresenceRegistrationCriteria>"
    "<t:PaginationProperties><t:FirstRow>0</t:FirstRow><t:FetchSize>50</t:FetchSize>"
    "</t:PaginationProperties><t:SortingProperties><t:SortDirection>ASCENDING</t:SortDirection>"
    "<t:SortCriteria>ID</t:SortCriteria></t:SortingProperties>"
    "</p:SearchPresenceRequest></p:SearchPresencesRequest>",
    "<p:GetPresenceRegistrationRequest><p:GetPresenceRegistrationRequest>"
    "<t:PresenceRegistrationId>1</t:PresenceRegistrationId>"
    "</p:GetPresenceRegistrationRequest></p:GetPresenceRegistrationRequest>",
]

VALUES = [
    "",
    " ",
    "0",
    "-1",
    "+7",
    " 12 ",
    "1.0",
    "1e3",
    "12345678901",
    "0012345678901",
    "9" * 15,
    "9" * 16,
    "85011512355",
    "8501151235",
    "85011512355\n",
    "2026-11-24",
    "2026-11-24Z",
    "2026-11-24+01:00",
    "2026-11-24+14:00",
    "2026-11-24+14:01",
    "2026-11-24+01:60",
    " 2026-11-24 ",
    "2026-02-29",
    "2024-02-29",
    "2026-13-01",
    "2026-1-1",
    "20261124",
    "2026-11-24T06:00:00",
    "2026-11-24T06:00:60",
    "2026-11-24T06:00",
    "2026-11-24 06:00:00",
    "2026-11-24T06:00:00+15:00",
    "2026-11-24T06:00:00.123456789Z",
    "C32A",
    "x" * 13,
    "x" * 14,
    "x" * 24,
    "x" * 25,
    "VALIDATED",
    "validated",
    "DESCENDING",
    "COMPANY IS NOT KNOWN  AS BUILDER OR  SUBCONTRACTOR IN THIS DUC",
    "COMPANY IS NOT KNOWN AS BUILDER OR SUBCONTRACTOR IN THIS DUC",
]


def parse(text: str) -> Any:
    root = etree.fromstring(f'<x xmlns:p="{P}" xmlns:t="{T}">{text}</x>')
    return root[0]


def agrees(message: Any, official: Any) -> bool:
    try:
        check_shape(message)
    except WrongShape:
        return not official.validate(message)
    return bool(official.validate(message))


@pytest.mark.parametrize("number", range(len(MESSAGES)))
def test_each_whole_message_is_valid_by_both(official: Any, number: int) -> None:
    message = parse(MESSAGES[number])

    check_shape(message)
    official.assertValid(message)


@pytest.mark.parametrize("value", VALUES)
def test_both_agree_on_every_odd_value_in_every_place(official: Any, value: str) -> None:
    for text in MESSAGES:
        for place in range(len(leaves(parse(text)))):
            message = parse(text)
            leaves(message)[place].text = value
            assert agrees(message, official), etree.tostring(message)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=400)
@given(st.sampled_from(MESSAGES), st.integers(0, 40), st.text("0123456789-+TZ:. ", max_size=30))
def test_both_agree_on_any_value(official: Any, text: str, place: int, value: str) -> None:
    message = parse(text)
    chosen = leaves(message)
    chosen[place % len(chosen)].text = value

    assert agrees(message, official), etree.tostring(message)


def leaves(message: Any) -> list[Any]:
    return [element for element in message.iter() if not len(element)]


@pytest.mark.parametrize(
    ("text", "place", "value"), [(0, 1, "٨٥٠١١٥١٢٣٥٥"), (2, 7, "2026-11-24T24:00:00")]
)
def test_where_the_schema_is_looser_than_any_service_we_are_not(
    official: Any, text: int, place: int, value: str
) -> None:
    message = parse(MESSAGES[text])
    leaves(message)[place].text = value

    assert official.validate(message)
    with pytest.raises(WrongShape):
        check_shape(message)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=400)
@given(
    st.sampled_from(MESSAGES),
    st.lists(
        st.tuples(
            st.sampled_from(["drop", "repeat", "swap", "rename", "move", "text", "attribute"]),
            st.integers(0, 40),
            st.integers(0, 40),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_both_agree_on_every_arrangement(
    official: Any, text: str, changes: list[tuple[str, int, int]]
) -> None:
    message = parse(text)
    for change, first, second in changes:
        spoil(message, change, first, second)

    assert agrees(message, official), etree.tostring(message)


def spoil(message: Any, change: str, first: int, second: int) -> None:
    """Changes `message` at the element number `first`."""
    import copy

    elements = list(message.iter())[1:]
    if not elements:
        return
    element, other = elements[first % len(elements)], elements[second % len(elements)]
    parent = element.getparent()
    match change:
        case "drop":
            parent.remove(element)
        case "repeat":
            for _ in range(1 + second % 35):
                parent.insert(parent.index(element), copy.deepcopy(element))
        case "swap":
            parent.append(element)
        case "rename":
            element.tag = other.tag
        case "move":
            other.append(copy.deepcopy(element))
        case "text":
            element.tail = "x" if second % 2 else "\n  "
        case _:
            element.set("unknown", "1")
