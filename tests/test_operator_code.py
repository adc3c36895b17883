"""The operator code: hashed in the configuration, and never believed when the hash is broken."""

from __future__ import annotations

import pytest

from agent.paper.operator_code import CodeUnusable, made, parse, right

HASHED = made("482915")


def test_the_code_is_told_from_every_other() -> None:
    assert right("482915", HASHED)
    assert not any(right(other, HASHED) for other in ("482916", "", "4829150", "48291"))


def test_the_same_code_is_another_hash_each_time_and_stands_in_none() -> None:
    assert made("482915") != HASHED
    assert "482915" not in HASHED


@pytest.mark.parametrize("code", ["", "123", "1234567890123", "12a4", "١٢٣٤"])
def test_a_code_that_nobody_can_type_is_refused(code: str) -> None:
    with pytest.raises(CodeUnusable):
        made(code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "482915",
        HASHED.replace("scrypt", "plain"),
        HASHED.replace(":14:", ":30:"),
        HASHED.replace(":14:8:1:", ":14:8:64:"),
        HASHED[:-4],
        HASHED + ":more",
        HASHED[:-1] + "!",
    ],
    # Names of their own: the hash is salted anew in every process that collects the tests.
    ids=["empty", "a code", "no scrypt", "too dear", "too wide", "short", "more", "no base64"],
)
def test_what_is_no_hash_of_a_code_is_refused(text: str) -> None:
    with pytest.raises(CodeUnusable):
        parse(text)
