"""The emulated service refuses what the real one would, by the same codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from agent.sandbox.presence import PATH, PresenceService
from agent.sandbox.presence_shape import WrongShape, check_shape
from agent.sandbox.serving import HttpAnswer, HttpRequest

P = "http://socialsecurity.be/presenceregistration/v1"
T = "http://socialsecurity.be/presenceregistration/schemas/v1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

Post = Callable[..., HttpAnswer]
Signed = Callable[..., bytes]
Message = Callable[..., Any]
Ask = Callable[[str, Any], HttpAnswer]


def code(answer: HttpAnswer) -> str:
    root = etree.fromstring(answer.body)
    return str(root.findtext(".//{http://socialsecurity.be/errors/v1}Code") or "")


def item_codes(answer: HttpAnswer) -> list[str]:
    return [e.text or "" for e in etree.fromstring(answer.body).iter(f"{{{T}}}ErrorCode")]


def enveloped(text: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}">{text}</s:Envelope>'.encode()


# --- envelopes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "SOA-03001"),
        (b"<x>", "SOA-03001"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "SOA-03001"),
        (b"<x/>", "SOA-03002"),
        (f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(), "SOA-03003"),
        (f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(), "SOA-03003"),
        (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/><b/></s:Body></s:Envelope>'.encode(),
            "SOA-03004",
        ),
        (f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/></s:Body></s:Envelope>'.encode(), "SOA-01001"),
    ],
)
def test_a_message_that_is_none_gets_its_fault_with_500(
    post: Post, body: bytes, expected: str
) -> None:
    answer = post(body)

    assert (answer.status, code(answer)) == (500, expected)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("", "SOA-03004"),
        (f"{P}/registerPresences", "SOA-03004"),
        (f'"{P}/cancelPresences"', "SOA-03005"),
        ('""', "SOA-03005"),
    ],
)
def test_the_soap_action_is_quoted_and_fits(
    post: Post, signed: Signed, action: str, expected: str
) -> None:
    assert code(post(signed(), soapaction=action)) == expected


def test_an_operation_that_is_none_is_refused(post: Post, signed: Signed) -> None:
    assert code(post(signed(etree.Element(f"{{{P}}}Register")))) == "SOA-03005"


@pytest.mark.parametrize(
    ("method", "path", "kind", "status"),
    [
        ("GET", PATH, "text/xml", 405),
        ("POST", "/", "text/xml", 404),
        ("POST", PATH, "application/json", 415),
        ("POST", PATH, "application/soap+xml", 415),
    ],
)
def test_what_is_no_soap_call_gets_a_page(
    service: PresenceService, method: str, path: str, kind: str, status: int
) -> None:
    answer = service.answer(HttpRequest(method, path, {"content-type": kind}))

    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("text/html")


# --- the schema ------------------------------------------------------------------------------

BROKEN = [
    {"INSS": None},
    {"CompanyID": None},
    {"LimosaId": "1"},
    {"WorkPlaceId": None},
    {"INSS": "8501151235"},
    {"INSS": " 85011512355"},
    {"INSS": "85.01.15-123.55"},
    {"CompanyID": "12345678901"},
    {"CompanyID": "0448.181.966"},
    {"WorkPlaceId": "1Y1000NF9KCQZZ"},
    {"ClientPresenceRegistrationReference": "x" * 25},
    {"RegistrationDate": "24/11/2026"},
    {"RegistrationDate": "2026-02-30"},
    {"RegistrationDate": ""},
    {"Extra": "1"},
]


@pytest.mark.parametrize("change", BROKEN, ids=str)
def test_what_breaks_the_schema_refuses_the_whole_batch(
    post: Post,
    signed: Signed,
    message: Message,
    service: PresenceService,
    change: dict[str, str | None],
) -> None:
    batch = message()
    batch.append(message(**change)[0])

    assert code(post(signed(batch))) == "SOA-03006"
    assert service.ledger.accepted == ()


def test_two_hundred_and_one_are_too_many(post: Post, signed: Signed, message: Message) -> None:
    batch = message()
    for _ in range(200):
        batch.append(message()[0])

    assert code(post(signed(batch))) == "SOA-03006"


def test_elements_have_their_order(message: Message) -> None:
    batch = message()
    batch[0].append(batch[0][0])

    with pytest.raises(WrongShape, match="in its order"):
        check_shape(batch)


def test_a_fault_never_repeats_what_was_sent(post: Post, signed: Signed, message: Message) -> None:
    answer = post(signed(message(INSS="85011512355 ")))

    assert code(answer) == "SOA-03006"
    assert b"85011512355" not in answer.body


# --- one item --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"RegistrationDate": None}, []),
        ({"RegistrationDate": "2026-11-25"}, []),
        ({"RegistrationDate": "2026-11-23"}, ["6"]),
        ({"RegistrationDate": "2026-11-26"}, ["6"]),
        ({"INSS": "05011512353"}, []),
        ({"INSS": "90231512323"}, []),
        ({"INSS": "90431512366"}, []),
        ({"INSS": "85011512356"}, ["5"]),
        ({"CompanyID": "0448181966"}, []),
        ({"CompanyID": "448181967"}, ["2"]),
        ({"CompanyID": "-1"}, ["2"]),
        ({"CompanyID": "0"}, ["2"]),
        ({"WorkPlaceId": "1Y1000NF9KCOZ"}, ["4"]),
        ({"WorkPlaceId": "1Y1000NF9KCQ"}, ["4"]),
        ({"WorkPlaceId": ""}, ["4"]),
        ({"INSS": None, "CompanyID": None, "WorkPlaceId": None}, ["5"]),
        ({"INSS": "85011512356", "CompanyID": "1", "RegistrationDate": "2020-01-01"}, list("256")),
    ],
    ids=str,
)
def test_an_item_is_judged_by_its_numbers_and_its_day(
    post: Post, signed: Signed, message: Message, change: dict[str, str | None], expected: list[str]
) -> None:
    batch = message(**change)
    if "WorkPlaceId" in change and change["WorkPlaceId"] is None:
        batch = limosa_message("no digits")

    answer = post(signed(batch))

    assert answer.status == 200
    assert item_codes(answer) == expected


def limosa_message(number: str) -> Any:
    return etree.fromstring(
        f'<p:RegisterPresencesRequest xmlns:p="{P}" xmlns:t="{T}"><p:PresenceRegistrationRequest>'
        f"<t:LimosaId>{number}</t:LimosaId><t:WorkPlaceId>1Y1000NF9KCQZ</t:WorkPlaceId>"
        "</p:PresenceRegistrationRequest></p:RegisterPresencesRequest>"
    )


@pytest.mark.parametrize(
    ("utc", "taken"),
    [
        (dt.datetime(2026, 11, 23, 22, 59, 59, tzinfo=dt.UTC), ["2026-11-23", "2026-11-24"]),
        (dt.datetime(2026, 11, 23, 23, 0, 0, tzinfo=dt.UTC), ["2026-11-24", "2026-11-25"]),
        # Clocks go forward on 2027-03-28 and back on 2026-10-25.
        (dt.datetime(2027, 3, 28, 21, 59, 59, tzinfo=dt.UTC), ["2027-03-28", "2027-03-29"]),
        (dt.datetime(2027, 3, 28, 22, 0, 0, tzinfo=dt.UTC), ["2027-03-29", "2027-03-30"]),
        (dt.datetime(2026, 10, 25, 22, 59, 59, tzinfo=dt.UTC), ["2026-10-25", "2026-10-26"]),
    ],
)
def test_today_and_tomorrow_are_those_of_brussels(
    message: Message, utc: dt.datetime, taken: list[str]
) -> None:
    from agent.sandbox.presence import BRUSSELS
    from agent.sandbox.presence_ledger import Submitted
    from agent.sandbox.presence_rules import Rules, registration_errors

    today = utc.astimezone(BRUSSELS).date()
    days = [today + dt.timedelta(days=n) for n in range(-2, 4)]

    accepted = [
        day.isoformat()
        for day in days
        if not registration_errors(
            Submitted(day, "1Y1000NF9KCQZ", "85011512355", 448181966), today, Rules()
        )
    ]

    assert accepted == taken


# --- search ----------------------------------------------------------------------------------


def search(criteria: str, after: str = "") -> Any:
    periods = (
        "<t:RegistrationPeriodList><t:RegistrationPeriod><t:RegistrationPeriodStartDate>2026-11-24"
        "</t:RegistrationPeriodStartDate><t:RegistrationPeriodEndDate>2026-11-25"
        "</t:RegistrationPeriodEndDate></t:RegistrationPeriod></t:RegistrationPeriodList>"
    )
    return etree.fromstring(
        f'<p:SearchPresencesRequest xmlns:p="{P}" xmlns:t="{T}"><p:SearchPresenceRequest>'
        f"<t:SearchPresenceRegistrationCriteria>{criteria.replace('PERIODS', periods)}"
        f"</t:SearchPresenceRegistrationCriteria>{after}</p:SearchPresenceRequest>"
        "</p:SearchPresencesRequest>"
    )


def found(answer: HttpAnswer) -> tuple[str, list[str]]:
    root = etree.fromstring(answer.body)
    numbers = [e.text or "" for e in root.iter(f"{{{T}}}PresenceRegistrationId")]
    return str(root.findtext(f".//{{{T}}}PresenceRegistrationResultCount")), numbers


@pytest.fixture
def ask(post: Post, signed: Signed) -> Ask:
    """Sends a signed message as the named operation."""
    return lambda operation, content: post(signed(content), soapaction=f'"{P}/{operation}"')


@pytest.fixture
def three(post: Post, signed: Signed, message: Message) -> list[str]:
    """Three registrations; the second is tomorrow's, the third a duplicate of the first."""
    for change in ({}, {"RegistrationDate": "2026-11-25"}, {}):
        post(signed(message(**change)))
    return ["1000000001", "1000000002", "1000000003"]


PAGE = (
    "<t:PaginationProperties><t:FirstRow>{}</t:FirstRow><t:FetchSize>{}</t:FetchSize>"
    "</t:PaginationProperties>"
)
SORT = (
    "<t:SortingProperties><t:SortDirection>{}</t:SortDirection><t:SortCriteria>{}</t:SortCriteria>"
    "</t:SortingProperties>"
)


@pytest.mark.parametrize(
    ("criteria", "after", "wanted"),
    [
        ("PERIODS", "", "123"),
        ("<t:INSS>85011512355</t:INSS>PERIODS", "", "123"),
        ("<t:INSS>90231512323</t:INSS>PERIODS", "", ""),
        ("<t:CompanyID>0448181966</t:CompanyID>PERIODS", "", "123"),
        ("<t:StatusList><t:Status>FAILED</t:Status></t:StatusList>PERIODS", "", "3"),
        (
            "<t:RemarkList><t:Remark>SAME DECLARATION HAS ALREADY BEEN REGISTERED</t:Remark>"
            "</t:RemarkList>PERIODS",
            "",
            "3",
        ),
        ("PERIODS<t:CreationStartDate>2026-11-24T06:00:00Z</t:CreationStartDate>", "", ""),
        ("PERIODS<t:CreationEndDate>2026-11-24T06:00:00Z</t:CreationEndDate>", "", "123"),
        ("PERIODS<t:Sector>3</t:Sector>", "", ""),
        ("PERIODS", SORT.format("DESCENDING", "ID"), "321"),
        ("PERIODS", SORT.format("ASCENDING", "REGISTRATION DATE"), "132"),
    ],
)
def test_a_search_gives_what_fits_in_the_wanted_order(
    ask: Ask, three: list[str], criteria: str, after: str, wanted: str
) -> None:
    answer = ask("searchPresences", search(criteria, after))

    assert found(answer) == (str(len(wanted)), [three[int(n) - 1] for n in wanted])


@pytest.mark.parametrize(
    ("first", "size", "wanted"), [(0, 2, "12"), (2, 2, "3"), (3, 2, ""), (0, 9999, "123")]
)
def test_a_search_gives_pages_and_the_count_of_all(
    ask: Ask, three: list[str], first: int, size: int, wanted: str
) -> None:
    answer = ask("searchPresences", search("PERIODS", PAGE.format(first, size)))

    assert found(answer) == ("3", [three[int(n) - 1] for n in wanted])


@pytest.mark.parametrize("criteria", ["", "<t:INSS>85011512355</t:INSS>"])
def test_a_search_without_a_period_breaks_the_schema(
    post: Post, signed: Signed, criteria: str
) -> None:
    answer = post(signed(search(criteria)), soapaction=f'"{P}/searchPresences"')

    assert code(answer) == "SOA-03006"


@pytest.mark.parametrize(("first", "size"), [(-1, 10), (0, 0)])
def test_a_page_that_makes_no_sense_is_an_error(
    post: Post, signed: Signed, first: int, size: int
) -> None:
    body = signed(search("PERIODS", PAGE.format(first, size)))

    assert item_codes(post(body, soapaction=f'"{P}/searchPresences"')) == ["12"]


# --- cancel ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "reason", "expected"),
    [("1000000001", "HOLIDAY", []), ("1000000001", "OTHER", ["11"]), ("5", "HOLIDAY", ["7"])],
)
def test_a_cancellation_needs_a_number_and_a_reason_of_the_list(
    ask: Ask, three: list[str], number: str, reason: str, expected: list[str]
) -> None:
    cancellation = etree.fromstring(
        f'<p:CancelPresencesRequest xmlns:p="{P}" xmlns:t="{T}"><p:CancelPresenceRequest>'
        f"<t:PresenceRegistrationId>{number}</t:PresenceRegistrationId>"
        f"<t:CancellationReason>{reason}</t:CancellationReason></p:CancelPresenceRequest>"
        "</p:CancelPresencesRequest>"
    )

    answer = ask("cancelPresences", cancellation)

    assert three[0] == "1000000001"
    assert item_codes(answer) == expected
