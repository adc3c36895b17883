"""What holds of every channel, over real HTTPS on loopback: Checkinatwork, in and out, supplier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from agent.channels.base import (
    Ability,
    AnswerUnreadable,
    ChannelError,
    NotAuthorised,
    Refused,
    Registration,
    ServiceFault,
    Unavailable,
)
from agent.sandbox.faults import Fault, Faults, Garbled

Make = Callable[..., Registration]

TIMEOUT_S = 20.0
"""Generous: nothing here is timed."""
JAN, NORA, BIS = "85011512355", "05011512353", "90231512323"
UNKNOWN_EMPLOYER = "0101010157"


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def registering(party: Any, item: Registration, timeout_s: float = TIMEOUT_S) -> ChannelError:
    channel = party.channel()
    return failure(lambda: channel.register([item], timeout_s))


def inss(n: int) -> str:
    """The n-th made-up number."""
    nine = 850101000 + n
    return f"{nine}{97 - nine % 97:02d}"


# --- what goes well --------------------------------------------------------------------------


def test_a_registration_gets_the_number_of_the_authority(party: Any, registration: Make) -> None:
    reply = party.channel().register([registration()], TIMEOUT_S)

    (answer,) = reply.answers
    (entry,) = party.ledger.accepted
    assert (answer.reference, answer.receipt.number) == ("tap-1", str(entry.number))
    assert (answer.errors, answer.handed_over) == ((), False)
    assert (reply.missing, reply.stray) == ((), ())
    assert (entry.submitted.inss, entry.submitted.company) == (JAN, 448181966)


def test_two_hundred_go_in_one_call_and_come_back_by_name(party: Any, registration: Make) -> None:
    items = [registration(f"tap-{n}", inss=inss(n)) for n in range(200)]

    reply = party.channel().register(items, TIMEOUT_S)

    by_number = {str(e.number): e.submitted.inss for e in party.ledger.accepted}
    assert [by_number[a.receipt.number] for a in reply.answers] == [r.inss for r in items]
    assert [a.reference for a in reply.answers] == [r.reference for r in items]
    assert len(party.registering) == 1


def test_the_same_twice_is_one_registration_and_two_successes(
    party: Any, registration: Make
) -> None:
    channel = party.channel()

    first, second = (channel.register([registration()], TIMEOUT_S).answers[0] for _ in "ab")

    assert first.receipt is not None
    assert second.receipt is not None
    assert len(party.ledger.accepted) == 1


def test_each_item_of_a_batch_is_settled_by_itself(party: Any, registration: Make) -> None:
    items = [
        registration("good"),
        registration("unknown", employer=UNKNOWN_EMPLOYER, inss=NORA),
        registration("declaration", declaration="1Y1000NF9KCQ", inss=BIS),
        registration("inss", inss="85011512356"),
    ]

    reply = party.channel().register(items, TIMEOUT_S)

    codes = {a.reference: [e.code for e in a.errors] for a in reply.answers}
    assert codes == {"good": [], "unknown": ["3"], "declaration": ["4"], "inss": ["5"]}
    assert [a.receipt is None for a in reply.answers] == [a.errors != () for a in reply.answers]
    assert len(party.ledger.accepted) == 1


@pytest.mark.parametrize(
    "change",
    [{"inss": "8501151235"}, {"inss": ""}, {"employer": ""}, {"declaration": "1Y1000NF9KCQZZ"}],
)
def test_an_item_that_breaks_the_contract_stays_here_and_spoils_no_other(
    party: Any, registration: Make, change: dict[str, str]
) -> None:
    items = [registration("bad", **change), registration("ok", inss=BIS)]

    reply = party.channel().register(items, TIMEOUT_S)

    answers = {a.reference: a for a in reply.answers}
    assert answers["bad"].errors
    assert answers["ok"].receipt is not None
    assert [e.submitted.inss for e in party.ledger.accepted] == [BIS]


def test_where_nothing_is_fit_nothing_is_sent(party: Any, registration: Make) -> None:
    channel = party.channel()
    reply = channel.register([registration(declaration="")], TIMEOUT_S)

    assert reply.answers[0].errors
    assert party.registering == []


def test_yesterday_is_never_sent(party: Any, registration: Make) -> None:
    item = registration(day=dt.date(2026, 11, 23))
    party.clock.pass_(days=1)

    reply = party.channel().register([item], TIMEOUT_S)

    assert reply.answers[0].errors
    assert party.registering == []


@pytest.mark.parametrize("count", [0, 201])
def test_a_call_takes_one_to_two_hundred(party: Any, registration: Make, count: int) -> None:
    items = [registration(f"tap-{n}") for n in range(count)]

    with pytest.raises(ValueError, match="1 to 200"):
        party.channel().register(items, TIMEOUT_S)


def test_two_items_with_one_reference_are_a_mistake_of_ours(party: Any, registration: Make) -> None:
    with pytest.raises(ValueError, match="of its own"):
        party.channel().register([registration("a"), registration("a", inss=BIS)], TIMEOUT_S)


def test_the_servers_date_is_kept_with_every_answer(party: Any, registration: Make) -> None:
    reply = party.channel().register([registration()], TIMEOUT_S)

    assert reply.ticket.server_date == "Tue, 24 Nov 2026 05:58:00 GMT"
    assert reply.ticket.http_status == 200


def test_a_channel_has_a_method_for_each_ability_and_none_besides(party: Any) -> None:
    channel = party.channel()

    assert {a for a in Ability if callable(getattr(channel, a.value, None))} == channel.abilities


def test_a_channel_can_be_prepared_ahead(party: Any, registration: Make) -> None:
    channel = party.channel()
    channel.prepare()

    assert channel.register([registration()], TIMEOUT_S).answers[0].receipt is not None


def test_the_authority_counts_a_day_once_over_all_services(
    party_of: Callable[[str], Any], registration: Make
) -> None:
    direct, supplier = party_of("checkinatwork"), party_of("supplier")
    supplier.service.ledger = direct.ledger
    receipts = [
        each.channel().register([registration()], TIMEOUT_S).answers[0].receipt
        for each in (supplier, direct)
    ]

    assert [receipt.duplicate for receipt in receipts] == [False, True]
    assert len(direct.ledger.accepted) == 1


# --- faults of the service -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "retry", "sent"),
    [
        ("SOA-00001", ServiceFault, True, True),
        ("SOA-01002", NotAuthorised, False, False),
        ("SOA-02002", Unavailable, True, False),
        ("SOA-03006", Refused, False, False),
    ],
)
def test_a_fault_is_told_apart_and_leaves_its_code(
    party: Any, registration: Make, code: str, kind: type[ChannelError], retry: bool, sent: bool
) -> None:
    origin = "Consumer" if code[4:6] in ("01", "03") else "Provider"
    party.service.faults = Faults(fault=Fault(code, origin))

    error = registering(party, registration())

    assert (type(error), error.retry, error.sent) == (kind, retry, sent)
    assert error.ticket.code == code
    assert code in str(error)
    assert error.ticket.messages == ("The service reports an error.",)
    assert error.hint
    assert party.ledger.accepted == ()


def test_one_poisonous_item_fails_the_batch_and_goes_alone_only_for_itself(
    party: Any, registration: Make
) -> None:
    party.service.faults = Faults(poison=frozenset({BIS}))
    channel = party.channel()
    good, bad = registration("a"), registration("b", inss=BIS)

    for batch in ([good, bad], [bad]):
        error = failure(lambda batch=batch: channel.register(batch, TIMEOUT_S))
        assert (type(error), error.sent) == (Unavailable, False)
    assert party.ledger.accepted == ()
    assert channel.register([good], TIMEOUT_S).answers[0].receipt is not None


# --- answers that do not add up --------------------------------------------------------------


def test_an_item_without_an_answer_is_listed(party: Any, registration: Make) -> None:
    party.service.faults = Faults(drop_first=True)

    reply = party.channel().register([registration("a"), registration("b", inss=BIS)], TIMEOUT_S)

    assert [a.reference for a in reply.answers] == ["b"]
    assert (reply.missing, reply.stray) == (("a",), ())


def test_the_first_of_two_answers_settles_and_the_second_is_listed(
    party: Any, registration: Make
) -> None:
    party.service.faults = Faults(repeat_first=True)

    reply = party.channel().register([registration("a")], TIMEOUT_S)

    assert [a.receipt.number for a in reply.answers] == [str(party.ledger.accepted[0].number)]
    assert reply.stray == ("a second answer to a",)
    assert reply.missing == ()


def test_an_answer_to_what_was_never_asked_is_listed(party: Any, registration: Make) -> None:
    party.service.faults = Faults(add_stray=True)

    reply = party.channel().register([registration("a")], TIMEOUT_S)

    assert [a.reference for a in reply.answers] == ["a"]
    assert len(reply.stray) == 1
    assert "asked" in reply.stray[0]


@pytest.mark.parametrize("garbled", list(Garbled))
def test_an_answer_that_is_no_answer_may_have_been_carried_out(
    party: Any, registration: Make, garbled: Garbled
) -> None:
    party.service.faults = Faults(garbled=garbled)

    error = registering(party, registration())

    assert (type(error), error.sent, error.retry) == (AnswerUnreadable, True, False)
    assert len(party.ledger.accepted) == 1
    assert "root:" not in str(error)


def test_a_wrong_content_type_does_not_hide_a_good_answer(party: Any, registration: Make) -> None:
    party.service.faults = Faults(content_type="text/html")

    assert party.channel().register([registration()], TIMEOUT_S).answers[0].receipt is not None
