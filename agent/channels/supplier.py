"""A supplier's endpoint: JSON over HTTPS, by the contract in config/supplier.openapi.yaml.

What a supplier has accepted is handed over, and no more, until it names the RSZ's number: at once,
or later to `ask_after`. Our reference is the key of each registration, so that the same one sent
twice is one at the supplier; the key of a call covers the repetition of that call alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from agent.channels.base import (
    Ability,
    Answer,
    AnswerUnreadable,
    Registration,
    Reply,
    Unavailable,
)
from agent.channels.credentials import Authorities, BearerToken, Credential, Credentials
from agent.channels.json_answers import answered_error, read_json, text_of, ticket_of
from agent.channels.supplier_messages import DUTIES, Answers, Requests
from agent.channels.wire import HINT_FIND_OUT, HINT_OTHER_PAGE, Wire, WireAnswer
from agent.config.settings import AnswerSettings, ApiSettings, RequestSettings

MOST_ITEMS = 200
OLDEST_S = 600
"""As checkinout.py: where a supplier fulfils that duty."""
READABLE = frozenset({200, 201, 202, 207, 409, 422})
"""Statuses whose body may hold answers to registrations."""
CONFLICT = 409
UNCHANGED = 304
NOT_FOUND = 404
ETAG_MOST_CHARACTERS = 256

_CALL_KEY_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class FetchedRoster:
    """A roster as CSV, with the tag to ask for a newer one by ("" where the supplier has none)."""

    content: bytes = field(repr=False)
    etag: str


class Supplier:
    """The channel of one supplier, for the duty `duty`.

    `open_wire` makes a wire that shows a certificate, or None; it is called again when the
    certificate or the `authorities` that it trusts were renewed. `single`: one registration a
    call, without a list around it. `clock` gives aware UTC.
    """

    abilities = frozenset({Ability.ASK_AFTER, Ability.ROSTER})

    def __init__(
        self,
        name: str,
        address: str,
        open_wire: Callable[[Credential | None], Wire],
        *,
        duty: str,
        clock: Callable[[], dt.datetime],
        token: BearerToken | None = None,
        credentials: Credentials | None = None,
        authorities: Authorities | None = None,
        oldest_s: float = OLDEST_S,
        single: bool = False,
        api: ApiSettings | None = None,
        request: RequestSettings | None = None,
        answer: AnswerSettings | None = None,
    ) -> None:
        self.name = name
        self._address = address.rstrip("/")
        self._open_wire = open_wire
        self._clock = clock
        self._token = token
        self._credentials = credentials
        self._authorities = authorities
        self._oldest_s = oldest_s
        self._duty = DUTIES[duty]
        self._api = api if api is not None else ApiSettings()
        self._requests = Requests(request or RequestSettings(), self._duty, single=single)
        self._answers = Answers(answer or AnswerSettings(), self._duty)
        self._salt = secrets.token_bytes(16)
        self._wires: list[Wire] = []
        self._shown: tuple[str, ssl.SSLContext | None] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def prepare(self) -> None:
        """Loads libraries, token and certificate ahead of the first call. Raises ChannelError."""
        self._wire().prepare()
        self._headers()

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        """Registers 1 to 200 with references of their own; one call, one attempt."""
        asked = {r.reference: r for r in registrations}
        if not 1 <= len(registrations) <= MOST_ITEMS:
            raise ValueError(f"a call takes 1 to {MOST_ITEMS} items, not {len(registrations)}")
        if len(asked) < len(registrations):
            raise ValueError("every item of a call needs a name of its own")
        now = self._clock()
        refused = tuple(
            Answer(r.reference, errors=errors)
            for r in registrations
            if (errors := self._duty.form_errors(r, now, self._oldest_s))
        )
        for each in refused:
            del asked[each.reference]
        if not asked:
            return Reply(refused)
        body = self._requests.body(list(asked.values()))
        headers = {"Content-Type": "application/json", self._api.key_header: self._key(body)}
        answer = self._call("POST", self._api.registrations, timeout_s, body, headers)
        items = self._items(answer)
        answers, strays = self._answers.match(items, list(asked), answer.status)
        named = {a.reference for a in answers}
        missing = tuple(reference for reference in asked if reference not in named)
        if missing:  # under the same key the supplier would give this answer again, for ever
            self._salt = secrets.token_bytes(16)
        return Reply(answers + refused, missing, strays, ticket_of(answer))

    def ask_after(self, reference: str, timeout_s: float) -> Answer | None:
        """What became of a registration that was handed over; None: the supplier has none such.

        Still `handed_over`: the number is not known yet. Raises ChannelError.
        """
        path = self._api.registration.replace("{key}", quote(reference, safe=""))
        answer = self._call("GET", path, timeout_s)
        said = _json(answer)
        if answer.status == NOT_FOUND and isinstance(said, Mapping):
            return None
        if not 200 <= answer.status < 300:
            raise answered_error(answer)
        # As an item of its own, or as the list of one that a registration's answer is.
        found = self._answers.items(said) or [said]
        answers, strays = self._answers.match(found, [reference], answer.status)
        if not answers:
            raise _unreadable(*strays, answer=answer)
        return answers[0]

    def fetch_roster(self, etag: str, timeout_s: float) -> FetchedRoster | None:
        """The roster as it stands; None: unchanged since `etag` ("": whatever there is)."""
        headers = {"Accept": "text/csv"} | ({"If-None-Match": etag} if etag else {})
        answer = self._call("GET", self._api.roster, timeout_s, headers=headers)
        if answer.status == UNCHANGED and etag:
            return None
        if not 200 <= answer.status < 300:
            raise answered_error(answer)
        # A login page and an error object are no roster, whatever type they claim.
        if not answer.body.strip() or answer.body.lstrip()[:1] in (b"<", b"{", b"["):
            raise _unreadable("no roster as CSV", answer=answer)
        return FetchedRoster(answer.body, _etag(answer))

    def close(self) -> None:
        """Lets connections go; never raises."""
        with self._lock:
            self._closed = True
            for wire in self._wires:
                wire.close()

    # --- one call --------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        timeout_s: float,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> WireAnswer:
        whole = {"Accept": "application/json"} | self._headers() | dict(headers or {})
        wire = self._wire()
        return wire.call(
            method, self._address + path, content=body, headers=whole, timeout_s=timeout_s
        )

    def _headers(self) -> dict[str, str]:
        """Those of the configuration, and the token as it is now. Raises CredentialError."""
        headers = {}
        for line in self._api.headers:
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        if self._token is not None:
            scheme = f"{self._api.token_scheme} " if self._api.token_scheme else ""
            headers[self._api.token_header] = scheme + self._token.current()
        return headers

    def _wire(self) -> Wire:
        """The wire for the certificate and the authorities in force. Raises CredentialError."""
        shown = self._credentials.current() if self._credentials is not None else None
        trusted = self._authorities.current() if self._authorities is not None else None
        key = (shown.fingerprint if shown is not None else "", trusted)
        with self._lock:
            if not self._wires or (key != self._shown and not self._closed):
                # The one before stays open for the call that may be in flight on it.
                self._wires.append(self._open_wire(shown))
                self._shown = key
                if self._closed:
                    self._wires[-1].close()
            return self._wires[-1]

    def _key(self, body: bytes) -> str:
        """The same for the same call until it was answered in part, another for any other; it tells
        nothing of the body."""
        return hmac.new(self._salt, body, hashlib.sha256).hexdigest()[:_CALL_KEY_CHARACTERS]

    def _items(self, answer: WireAnswer) -> list[Any]:
        if answer.status not in READABLE:
            raise answered_error(answer)
        said = _json(answer)
        items = self._answers.items(said)
        if items is not None:
            return items
        if answer.status == CONFLICT:
            # draft-ietf-httpapi-idempotency-key-header: the first call is still being worked on.
            raise Unavailable(
                "the supplier is still working on the same call (409)",
                HINT_FIND_OUT,
                ticket=ticket_of(answer),
                retry_after_s=answer.retry_after_s,
                sent=True,
            )
        if 200 <= answer.status < 300:
            raise _unreadable("no list of registrations in it", answer=answer)
        raise answered_error(answer)


def _json(answer: WireAnswer) -> Any:
    """The body; None for what is no JSON in an answer that is an error by its status anyway."""
    try:
        return read_json(answer)
    except AnswerUnreadable:
        if 200 <= answer.status < 300:
            raise
        return None


def _unreadable(*what: str, answer: WireAnswer) -> AnswerUnreadable:
    return AnswerUnreadable(
        f"the answer is not the supplier's: {'; '.join(what)}",
        HINT_OTHER_PAGE,
        ticket=ticket_of(answer),
    )


def _etag(answer: WireAnswer) -> str:
    """Fit to be sent back as it came; "" otherwise."""
    etag = text_of(answer.headers.get("etag"))
    fits = etag.isascii() and etag.isprintable() and len(etag) <= ETAG_MOST_CHARACTERS
    return etag if fits else ""
