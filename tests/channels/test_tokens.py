"""Access tokens: kept, renewed, refused, and never mistaken for a registration that was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    ChannelError,
    NotAuthenticated,
    NotAuthorised,
    NotReached,
    Registration,
    Unavailable,
)
from agent.channels.credentials import CredentialError, SigningKey
from agent.channels.tokens import AccessTokens, signed
from agent.channels.wire import Wire
from agent.sandbox.authority import Authority
from agent.sandbox.checkinout import TOKEN_LIFE_S, TOKEN_PATH
from agent.sandbox.faults import Cut, Faults, Garbled
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer

Make = Callable[..., Registration]

TIMEOUT_S = 20.0


@pytest.fixture
def party(party_of: Callable[[str], Any]) -> Any:
    return party_of("checkinout")


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def tokens_asked(party: Any) -> int:
    return sum(call.operation == "token" for call in party.service.calls)


def test_a_token_is_kept_for_many_calls(party: Any, registration: Make) -> None:
    channel = party.channel()
    for n in range(3):
        channel.register([registration(f"tap-{n}", direction="out")], TIMEOUT_S)

    assert tokens_asked(party) == 1


def test_a_withdrawn_token_is_renewed_once_and_the_call_made_again(
    party: Any, registration: Make
) -> None:
    channel = party.channel()
    party.service.withdraw_tokens()

    reply = channel.register([registration()], TIMEOUT_S)

    assert reply.answers[0].receipt is not None
    assert tokens_asked(party) == 2
    assert [c.outcome for c in party.registering] == ["unauthorized", "answered"]


def test_a_token_that_is_never_taken_is_asked_for_once_more_and_no_further(
    party: Any, registration: Make
) -> None:
    channel = party.channel()
    asked = tokens_asked(party)
    party.service.faults = Faults(status=401)

    error = failure(lambda: channel.register([registration()], TIMEOUT_S))

    assert (type(error), error.sent) == (NotAuthenticated, False)
    # The call, and the token, which is refused by the same front end.
    assert len(party.service.calls) == asked + 2


class Listening:
    """Passes everything on to a service, and keeps the forms that it was sent."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self.forms: list[dict[str, list[str]]] = []

    @property
    def faults(self) -> Faults:
        return self._service.faults

    def answer(self, request: HttpRequest) -> HttpAnswer:
        self.forms.append(parse_qs(request.body.decode("ascii")))
        return self._service.answer(request)


class Made:
    """Access tokens to an emulated service, on a clock of their own."""

    def __init__(self, party: Any, **options: Any) -> None:
        self.now_s = 0.0
        self.wire = Wire(party.client_context())
        key = SigningKey(options.pop("key", party.gate.files.key))
        settings: dict[str, Any] = {"clock": party.clock, "monotonic": lambda: self.now_s}
        self.tokens = AccessTokens(
            options.pop("address", party.address) + TOKEN_PATH,
            options.pop("client_id", "gate-1"),
            key,
            self.wire,
            **settings | options,
        )

    def __enter__(self) -> Made:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()


def test_a_token_is_renewed_shortly_before_it_expires(party: Any) -> None:
    with Made(party) as made:
        first = made.tokens.current(TIMEOUT_S)
        made.now_s = TOKEN_LIFE_S - 61
        assert made.tokens.current(TIMEOUT_S) == first
        made.now_s = TOKEN_LIFE_S - 60
        assert made.tokens.current(TIMEOUT_S) != first


def test_the_scope_goes_along_where_there_is_one(party: Any, tls: Any) -> None:
    listening = Listening(party.service)
    with HttpsServer(listening, tls.server_context()) as server:
        for scope in ("", "scope:a b"):
            with Made(party, address=server.address, scope=scope) as made:
                made.tokens.current(TIMEOUT_S)

    assert [form.get("scope") for form in listening.forms] == [None, ["scope:a b"]]


def test_an_unknown_client_is_our_own_fault(party: Any) -> None:
    with Made(party, client_id="stranger") as made:
        error = failure(lambda: made.tokens.current(TIMEOUT_S))

    assert (type(error), error.sent, error.retry) == (NotAuthenticated, False, False)
    assert error.ticket.code == "invalid_client"
    assert "Chaman" in error.hint


@pytest.mark.parametrize(("minutes", "way"), [(-11, "behind"), (11, "ahead of")])
def test_a_clock_that_is_off_is_named_as_the_cause(party: Any, minutes: int, way: str) -> None:
    off = party.clock.now + dt.timedelta(minutes=minutes)
    with Made(party, clock=lambda: off) as made:
        error = failure(lambda: made.tokens.current(TIMEOUT_S))

    assert type(error) is NotAuthenticated
    assert f"it is 660 s {way} the service's" in error.hint


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        (Faults(unreachable=True), NotReached),
        (Faults(cut=Cut.BEFORE_HEADERS), AnswerLost),
        (Faults(cut=Cut.MID_BODY), AnswerLost),
        (Faults(silent=True), AnswerLost),
        (Faults(garbled=Garbled.MALFORMED), AnswerUnreadable),
        (Faults(garbled=Garbled.BILLION_LAUGHS), AnswerUnreadable),
        (Faults(status=200), AnswerUnreadable),
        (Faults(status=502), Unavailable),
        (Faults(status=503, retry_after="7"), Unavailable),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_while_there_is_no_token_nothing_was_sent_and_another_try_may_help(
    party: Any, registration: Make, faults: Faults, kind: type[ChannelError]
) -> None:
    channel = party.channel(warm=False)
    party.service.faults = faults

    error = failure(lambda: channel.register([registration()], 0.6))

    assert (type(error), error.sent, error.retry) == (kind, False, True)
    assert "no access token" in str(error)
    assert [c for c in party.service.calls if c.operation == "registerInBulk"] == []


def test_an_error_of_the_token_service_is_told_by_its_code(tls: Any, party: Any) -> None:
    class Refusing:
        faults = Faults()

        def answer(self, request: HttpRequest) -> HttpAnswer:
            return HttpAnswer(400, {}, b'{"error": "invalid_scope"}')

    with (
        HttpsServer(Refusing(), tls.server_context()) as server,
        Made(party, address=server.address) as made,
    ):
        error = failure(lambda: made.tokens.current(TIMEOUT_S))

    assert type(error) is NotAuthorised
    assert "invalid_scope" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": "a b"}',
        b'{"access_token": "a\\r\\nX: y"}',
        b'{"access_token": "a", "token_type": "mac"}',
        b'{"access_token": 1.5}',
    ],
)
def test_an_answer_without_a_bearer_token_is_none(tls: Any, party: Any, body: bytes) -> None:
    class Odd:
        faults = Faults()

        def answer(self, request: HttpRequest) -> HttpAnswer:
            return HttpAnswer(200, {}, body)

    with (
        HttpsServer(Odd(), tls.server_context()) as server,
        Made(party, address=server.address) as made,
    ):
        assert type(failure(lambda: made.tokens.current(TIMEOUT_S))) is AnswerUnreadable


def write_key(path: Path, bits: int) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_a_key_that_is_too_short_to_sign_with_is_told(party: Any, tmp_path: Path) -> None:
    with Made(party, key=write_key(tmp_path / "short.key", 1024)) as made:
        error = failure(lambda: made.tokens.current(TIMEOUT_S))

    assert type(error) is CredentialError
    assert "2048" in str(error)


@pytest.mark.parametrize("key", [b"", b"secret words", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_whatever_the_library_says_of_a_key_is_our_own_fault_and_quotes_nothing(key: bytes) -> None:
    error = failure(lambda: signed({"iss": "gate-1"}, key))

    assert type(error) is CredentialError
    assert error.__cause__ is None
    assert "secret" not in f"{error} {error.hint}"


def test_a_key_that_is_no_rsa_key_cannot_sign() -> None:
    pair = Authority("another").server()

    assert type(failure(lambda: signed({}, pair.key_pem))) is CredentialError


def test_a_renewed_key_is_taken_up_without_restart(party: Any, tmp_path: Path) -> None:
    path = write_key(tmp_path / "gate.key", 2048)
    with Made(party, key=path) as made:
        assert type(failure(lambda: made.tokens.current(TIMEOUT_S))) is NotAuthenticated
        path.write_bytes(party.gate.files.key.read_bytes())
        assert made.tokens.current(TIMEOUT_S)


def test_the_assertion_says_what_the_protocol_asks_and_is_never_the_same(
    party: Any, tls: Any
) -> None:
    listening = Listening(party.service)
    with HttpsServer(listening, tls.server_context()) as server:
        for _ in "ab":
            with Made(party, address=server.address) as made:
                made.tokens.current(TIMEOUT_S)

    first, second = (
        jwt.decode(form["client_assertion"][0], options={"verify_signature": False})
        for form in listening.forms
    )
    assert first["iss"] == first["sub"] == "gate-1"
    assert first["aud"] == server.address + TOKEN_PATH
    assert 0 < first["exp"] - first["iat"] <= 600
    assert first["jti"] != second["jti"]
