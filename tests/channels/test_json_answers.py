"""JSON from anybody: a value or one error, never another exception, never a national number."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.channels.base import AnswerUnreadable, ChannelError, Registration
from agent.channels.checkinout import matched
from agent.channels.json_answers import answered_error, read_json, reasons
from agent.channels.supplier_messages import DUTIES, Answers
from agent.channels.wire import WireAnswer
from agent.config.settings import AnswerSettings
from agent.json_pointer import get, parts_of, put

JAN = "85011512355"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(JAN)
names = st.sampled_from(
    "items registrations reference status receipt number remarks errors code text reasons id ssin"
    " type registrationDate createdPresenceRegistration notCreatedPresenceRegistration".split()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)


def asked() -> Registration:
    day = dt.date(2026, 11, 24)
    return Registration("a", day, "1Y1000NF9KCQZ", "0448181966", JAN, "", 1_700_000_000_000, "in")


@given(st.binary())
def test_bytes_are_a_value_or_an_unreadable_answer(body: bytes) -> None:
    try:
        read_json(WireAnswer(200, {}, body))
    except AnswerUnreadable as error:
        assert error.ticket.http_status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'"\xff"',
        b"NaN",
        b"Infinity",
        b"{'a': 1}",
        b"1 2",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'"\\ud800"',
    ],
    ids=lambda body: repr(body[:10]),
)
def test_what_is_no_json_is_an_unreadable_answer(body: bytes) -> None:
    with pytest.raises(AnswerUnreadable) as caught:
        read_json(WireAnswer(200, {}, body))
    assert caught.value.__cause__ is None
    assert caught.value.sent


@given(values)
def test_whatever_the_answer_of_in_and_out_says_it_settles_at_most_what_was_asked(
    said: object,
) -> None:
    items = said if isinstance(said, list) else [said]

    answers, strays = matched(items, [asked()])

    assert len(answers) <= 1
    assert len(answers) + len(strays) == len(items)
    assert all((a.receipt is None) == bool(a.errors) for a in answers)
    assert JAN not in re.sub(r"\W", "", repr((answers, strays)))


@given(values)
def test_whatever_a_supplier_says_it_settles_at_most_what_was_asked(said: object) -> None:
    reader = Answers(AnswerSettings(), DUTIES["checkinatwork"])
    items = reader.items(said) or [said]

    answers, strays = reader.match(items, ["a"], 200)

    assert len(answers) <= 1
    assert len(answers) + len(strays) == len(items)
    for answer in answers:
        assert [answer.receipt is not None, bool(answer.errors), answer.handed_over].count(
            True
        ) == 1
    assert JAN not in re.sub(r"\W", "", repr((answers, strays)))


@given(st.sampled_from([302, 400, 401, 403, 409, 422, 429, 500, 503]), values)
def test_whatever_an_error_says_it_is_one_of_ours_and_fit_for_a_log(
    status: int, said: object
) -> None:
    error = answered_error(WireAnswer(status, {}, json.dumps(said).encode()))

    assert isinstance(error, ChannelError)
    assert JAN not in re.sub(r"\W", "", f"{error} {error.ticket!r}")


def test_reasons_are_bounded() -> None:
    assert len(reasons([{"code": str(n)} for n in range(1000)])) == 10


def test_reasons_nested_without_end_are_bounded_too() -> None:
    nested: object = "deep"
    for _ in range(5000):
        nested = {"errors": [nested]}
    assert reasons(nested) == ()


# --- pointers --------------------------------------------------------------------------------


def test_a_pointer_reads_as_its_standard_shows() -> None:
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, "n": {"x": None}}
    found = {p: get(document, parts_of(p)) for p in ("/foo/1", "/", "/a~1b", "/m~0n", "/foo/2")}
    assert found == {"/foo/1": "baz", "/": 0, "/a~1b": 1, "/m~0n": 8, "/foo/2": None}
    assert get(document, parts_of("")) is document
    assert get(document, parts_of("/n/x/y")) is None
    assert get(document, parts_of("/foo/-1")) is None
    assert get(document, parts_of("/foo/١")) is None


@pytest.mark.parametrize("pointer", ["a", "a/b", "/~", "/~2", "/a~"])
def test_what_is_no_pointer_is_told(pointer: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        parts_of(pointer)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), scalars)
def test_what_was_put_somewhere_is_found_there(parts: list[str], value: object) -> None:
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    document: dict[str, object] = {}
    put(document, parts_of(pointer), value)
    found = get(document, parts_of(pointer))
    assert found is value or found == value
