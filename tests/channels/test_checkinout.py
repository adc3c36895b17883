"""What is Check In and Out's own: instants, ages, access tokens, and answers without a name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from agent.channels.base import (
    Registration,
)
from agent.channels.checkinout import matched, place_of_work
from agent.config.settings import PlaceSettings

Make = Callable[..., Registration]

TIMEOUT_S = 20.0
JAN, BIS = "85011512355", "90231512323"


@pytest.fixture
def party(party_of: Callable[[str], Any]) -> Any:
    return party_of("checkinout")


# --- what is registered ----------------------------------------------------------------------


def test_in_and_out_are_two_registrations_of_the_instants_at_which_they_were(
    party: Any, registration: Make
) -> None:
    at = registration().unix_ms
    items = [
        registration("a", unix_ms=at - 90_500),
        registration("b", unix_ms=at, direction="out"),
    ]

    reply = party.channel().register(items, TIMEOUT_S)

    assert [a.reference for a in reply.answers] == ["a", "b"]
    assert [(e.submitted.direction, e.submitted.at) for e in party.ledger.accepted] == [
        ("in", dt.datetime(2026, 11, 24, 5, 56, 29, tzinfo=dt.UTC)),
        ("out", dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)),
    ]


def test_the_same_instant_twice_says_that_it_was_registered_before(
    party: Any, registration: Make
) -> None:
    channel = party.channel()
    first, second = (channel.register([registration()], TIMEOUT_S).answers[0] for _ in "ab")

    assert (first.receipt.duplicate, second.receipt.duplicate) == (False, True)
    assert first.receipt.status == "pending"


@pytest.mark.parametrize(("age_s", "sent"), [(0, True), (600, True), (601, False), (86_400, False)])
def test_what_is_too_old_is_not_sent_and_says_so(
    party: Any, registration: Make, age_s: int, sent: bool
) -> None:
    item = registration(unix_ms=registration().unix_ms - age_s * 1000)

    (answer,) = party.channel().register([item], TIMEOUT_S).answers

    assert (answer.receipt is not None) == sent
    assert [e.code for e in answer.errors] == ([] if sent else ["TOO-OLD"])
    assert len(party.registering) == sent


def test_the_age_is_configuration(party: Any, registration: Make) -> None:
    item = registration(unix_ms=registration().unix_ms - 120_000)

    (answer,) = party.channel(oldest_s=60).register([item], TIMEOUT_S).answers

    assert answer.errors[0].code == "TOO-OLD"
    assert "60 s" in answer.errors[0].text


def test_the_service_itself_refuses_what_is_too_old_when_our_clock_is_behind(
    party: Any, registration: Make
) -> None:
    item = registration()
    behind = party.clock.now
    party.clock.pass_(minutes=11)
    channel = party.channel(clock=lambda: behind)

    (answer,) = channel.register([item], TIMEOUT_S).answers

    assert [e.code for e in answer.errors] == ["6"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unix_ms": 0}, "NO-INSTANT"),
        ({"direction": "any"}, "NO-DIRECTION"),
        ({"direction": ""}, "NO-DIRECTION"),
        ({"inss": "", "limosa": "24910158641968060"}, "NO-SSIN"),
        ({"employer": ""}, "NO-EMPLOYER"),
        ({"declaration": ""}, "NO-DECLARATION"),
    ],
)
def test_what_cannot_be_registered_stays_here_with_a_code_of_ours(
    party: Any, registration: Make, change: dict[str, Any], code: str
) -> None:
    (answer,) = party.channel().register([registration(**change)], TIMEOUT_S).answers

    assert [e.code for e in answer.errors] == [code]
    assert party.registering == []


def test_the_place_is_told_by_coordinates_or_by_the_parts_of_the_address() -> None:
    address = PlaceSettings(
        post_code="9000", municipality="Gent", street="Stationsstraat", house_number="1"
    )
    assert place_of_work(address) == {
        "address": {
            "postCode": "9000",
            "municipalityName": "Gent",
            "streetName": "Stationsstraat",
            "houseNumber": "1",
        }
    }
    assert place_of_work(PlaceSettings(latitude=50.85, longitude=4.35)) == {
        "coordinates": {"longitude": 4.35, "latitude": 50.85}
    }


def test_an_address_is_taken_like_coordinates(party: Any, registration: Make) -> None:
    place = PlaceSettings(
        post_code="9000", municipality="Gent", street="Stationsstraat", house_number="1"
    )
    channel = party.channel(place=place_of_work(place))

    assert channel.register([registration()], TIMEOUT_S).answers[0].receipt is not None


# --- answers without a name ------------------------------------------------------------------


def created(number: int, **echo: str) -> dict[str, Any]:
    return {"createdPresenceRegistration": {"id": number, "validity": "pending", **echo}}


def receipts(items: list[Any], asked: list[Registration]) -> dict[str, str]:
    answers, _ = matched(items, asked)
    return {a.reference: a.receipt.number for a in answers if a.receipt is not None}


def test_answers_that_repeat_nothing_count_by_their_place(registration: Make) -> None:
    asked = [registration("a"), registration("b", inss=BIS)]

    assert receipts([created(1), created(2)], asked) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("count", [1, 3])
def test_with_one_more_or_less_a_place_proves_nothing(registration: Make, count: int) -> None:
    asked = [registration("a"), registration("b", inss=BIS)]

    answers, strays = matched([created(n) for n in range(1, count + 1)], asked)

    assert answers == ()
    assert len(strays) == count


def test_answers_in_another_order_are_told_by_what_they_repeat(registration: Make) -> None:
    asked = [registration("a"), registration("b", inss=BIS), registration("c", direction="out")]
    items = [
        created(3, ssin=JAN, type="OUT"),
        created(1, ssin=JAN, type="in", registrationDate="2026-11-24T06:58:00+01:00"),
        created(2, ssin=BIS),
    ]

    assert receipts(items, asked) == {"a": "1", "b": "2", "c": "3"}


def test_an_answer_about_another_worker_or_instant_is_no_answer(registration: Make) -> None:
    for echo in ({"ssin": BIS}, {"type": "out"}, {"registrationDate": "2026-11-24T05:57:59Z"}):
        answers, strays = matched([created(1, **echo)], [registration("a")])
        assert answers == ()
        assert strays == ("item 1 of the answer is about nothing that was asked",)


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "x",
        {},
        {"createdPresenceRegistration": None},
        {"createdPresenceRegistration": {}},
        {"createdPresenceRegistration": {"id": True}},
        {"createdPresenceRegistration": {"id": "<b>"}},
        {"createdPresenceRegistration": {"id": ""}},
        created(1) | {"notCreatedPresenceRegistration": {"reason": "no"}},
    ],
)
def test_an_item_with_neither_number_nor_reason_settles_nothing(
    registration: Make, item: object
) -> None:
    answers, strays = matched([item], [registration("a")])

    assert answers == ()
    assert strays == ("an answer to a with neither number nor reason",)


@pytest.mark.parametrize(
    ("reason", "errors"),
    [
        ("too late", [("NOT-CREATED", "too late")]),
        ({"reason": "too late"}, [("NOT-CREATED", "too late")]),
        ({"code": 6, "description": "too late"}, [("6", "too late")]),
        ({"errors": [{"code": "6", "message": "a"}, {"code": "5"}]}, [("6", "a"), ("5", "5")]),
        ([{"code": "6", "detail": f"for {JAN}"}], [("6", "for 850115•••55")]),
        ({}, [("NOT-CREATED", "not registered, and no reason given")]),
    ],
)
def test_a_reason_is_read_in_whichever_form_it_comes(
    registration: Make, reason: object, errors: list[tuple[str, str]]
) -> None:
    answers, _ = matched([{"notCreatedPresenceRegistration": reason}], [registration("a")])

    assert [(e.code, e.text) for e in answers[0].errors] == errors


def test_a_service_that_repeats_nothing_is_understood(party: Any, registration: Make) -> None:
    party.service.echoes = False
    reply = party.channel().register([registration("a"), registration("b", inss=BIS)], TIMEOUT_S)

    by_number = {str(e.number): e.submitted.inss for e in party.ledger.accepted}
    found = {a.reference: by_number[a.receipt.number] for a in reply.answers}
    assert found == {"a": JAN, "b": BIS}
