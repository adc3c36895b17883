"""Access tokens by OAuth 2 client credentials with a signed JWT (WIRE.md, section 2; RFC 7523).

A token is kept until shortly before it expires. Whatever fails here fails before a registration
was sent: `sent` is False in every error, also where the token's own answer was lost.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from agent.channels.base import (
    AnswerUnreadable,
    ChannelError,
    NotAuthenticated,
    NotAuthorised,
    Refused,
)
from agent.channels.credentials import CredentialError, SigningKey
from agent.channels.json_answers import answered_error, read_json, text_of, ticket_of
from agent.channels.wire import HINT_CREDENTIAL, HINT_OTHER_PAGE, Wire, WireAnswer, clock_hint

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE_S = 120
"""From iat to exp: a call's duration and a little skew; what is overheard is soon worthless."""
RENEW_BEFORE_S = 60
"""How long before its end a token is no longer used: longer than a call takes."""
RENEW_BEFORE_SHARE = 0.25
"""Of the life of a token that lives shorter than that."""
LIFE_UNSAID_S = 300
"""Where the answer has no expires_in, which RFC 6749 only recommends."""
TOKEN_MOST_CHARACTERS = 16_384
JTI_BYTES = 16

_NOT_AUTHORISED = frozenset({"unauthorized_client", "invalid_scope", "unsupported_grant_type"})
"""RFC 6749, section 5.2: the account is known and has not the right."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    until_s: float


class AccessTokens:
    """The access token of one client. `clock` gives aware UTC, `monotonic` seconds."""

    def __init__(
        self,
        address: str,
        client_id: str,
        key: SigningKey,
        wire: Wire,
        *,
        scope: str = "",
        clock: Callable[[], dt.datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._key = key
        self._wire = wire
        self._scope = scope
        self._clock = clock
        self._monotonic = monotonic
        self._token: _Token | None = None

    def prepare(self) -> None:
        """Loads library and key ahead of the first call. Raises ChannelError."""
        import jwt  # noqa: F401

        self._key.current()

    def current(self, timeout_s: float) -> str:
        """The token in force, asked for where there is none. Raises ChannelError, never `sent`."""
        held = self._token
        if held is None or held.until_s <= self._monotonic():
            held = self._token = self._ask(timeout_s)
        return held.text

    def drop(self, token: str) -> None:
        """Forgets a token that the service did not take."""
        if self._token is not None and self._token.text == token:
            self._token = None

    def _ask(self, timeout_s: float) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        } | ({"scope": self._scope} if self._scope else {})
        begun = self._monotonic()
        try:
            answer = self._wire.call(
                "POST",
                self._address,
                content=urlencode(form).encode("ascii"),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                },
                timeout_s=timeout_s,
            )
            return self._read(answer, begun)
        except ChannelError as error:
            error.args = (f"no access token: {error}",)
            if error.sent:
                error.sent, error.retry = False, not isinstance(error, Refused)
            raise

    def _assertion(self) -> str:
        """The signed JWT. Raises CredentialError where the key cannot be used."""
        now = int(self._clock().timestamp())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._address,
            "jti": secrets.token_hex(JTI_BYTES),
            "iat": now,
            "exp": now + ASSERTION_LIFE_S,
        }
        return signed(claims, self._key.current())

    def _read(self, answer: WireAnswer, begun_s: float) -> _Token:
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        said = read_json(answer)
        token = text_of(said.get("access_token")) if isinstance(said, dict) else ""
        kind = text_of(said.get("token_type")) if isinstance(said, dict) else ""
        if not _fits_a_header(token) or kind.casefold() not in ("", "bearer"):
            raise AnswerUnreadable(
                "the answer is not the service's: no bearer token in it",
                HINT_OTHER_PAGE,
                ticket=ticket_of(answer),
            )
        life_s = _life_s(said.get("expires_in"))
        spare_s = min(RENEW_BEFORE_S, RENEW_BEFORE_SHARE * life_s)
        return _Token(token, begun_s + life_s - spare_s)

    def _refusal(self, answer: WireAnswer) -> ChannelError:
        """RFC 6749 answers 400 where an API would answer 401 or 403: told by its `error`."""
        error = answered_error(answer)
        code, status = error.ticket.code, answer.status
        if status in (400, 401) and code:
            kind = NotAuthorised if code in _NOT_AUTHORISED else NotAuthenticated
            error = kind(
                f"the token service refuses the gate: {code}",
                clock_hint(answer.server_date, self._clock())
                or HINT_CREDENTIAL
                + "; key and client id come from the portal's account management (Chaman)",
                ticket=error.ticket,
            )
        return error


def signing_errors() -> tuple[type[Exception], ...]:
    """Whatever PyJWT and the library under it raise for a key that they do not take."""
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm

    return (jwt.PyJWTError, UnsupportedAlgorithm, TypeError, ValueError)


def signed(claims: dict[str, Any], key_pem: bytes) -> str:
    """The claims as a JWT, by RS256. Raises CredentialError for whatever PyJWT finds in the key."""
    import jwt

    try:
        return jwt.encode(claims, _checked(key_pem), algorithm="RS256")
    except signing_errors() as error:
        # Not chained: the text may quote the key.
        raise CredentialError(
            f"the key cannot sign a JWT: {type(error).__name__}", HINT_CREDENTIAL
        ) from None


@lru_cache(maxsize=2)
def _checked(key_pem: bytes) -> Any:
    """The key as PyJWT takes it: to check it costs more than ten times what signing does."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(key_pem, password=None)


def _life_s(value: Any) -> float:
    text = text_of(value)
    return float(text) if text.isascii() and text.isdigit() and int(text) else LIFE_UNSAID_S


def _fits_a_header(token: str) -> bool:
    return (
        0 < len(token) <= TOKEN_MOST_CHARACTERS
        and token.isascii()
        and token.isprintable()
        and " " not in token
    )
