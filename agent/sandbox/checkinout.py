"""The emulated Check In and Out at Work: access tokens, and registerInBulk.

Strict in all that WIRE.md, section 2, says; where that page is silent, this follows what the other
service does: a second registration of the same instant gets a number of its own and the remark
that it was registered before, and errors have the same codes.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

import jwt
import msgspec

from agent.channels.tokens import ASSERTION_TYPE
from agent.sandbox.json_service import (
    JsonService,
    Problem,
    Said,
    Visit,
    check_told_fault,
    read_body,
    tampered,
)
from agent.sandbox.presence_faults import OTHER_WORKER
from agent.sandbox.presence_ledger import Entry, PresenceLedger, Submitted
from agent.sandbox.presence_rules import Rules, registration_errors

TOKEN_PATH = "/REST/oauth/v5/token"
BASE_PATH = "/REST/presenceRegistration/v1"
BULK_PATH = BASE_PATH + "/presenceRegistrations/registerInBulk"
TOKEN_LIFE_S = 600
ASSERTION_MOST_LIFE_S = 600
SKEW_S = 30
"""How far a sender's clock may be off."""
OLDEST = dt.timedelta(minutes=10)
"""The service wants real time (WIRE.md, section 2)."""
BELGIUM = ((2.5, 6.5), (49.4, 51.6))
"""Longitude and latitude: whoever swaps them is elsewhere."""

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """No field that the contract does not know."""


class Coordinates(_Strict):
    """In degrees."""

    longitude: Annotated[float, msgspec.Meta(ge=BELGIUM[0][0], le=BELGIUM[0][1])]
    latitude: Annotated[float, msgspec.Meta(ge=BELGIUM[1][0], le=BELGIUM[1][1])]


class Address(_Strict):
    """As WIRE.md names its parts."""

    postCode: _Text
    municipalityName: _Text
    streetName: _Text
    houseNumber: _Text
    boxNumber: _Text | None = None


class Place(_Strict):
    """One of the two."""

    coordinates: Coordinates | None = None
    address: Address | None = None


class Employer(_Strict):
    """One of the two."""

    enterpriseNumber: Annotated[str, msgspec.Meta(pattern=r"^[01][0-9]{9}$")] | None = None
    foreignVatNumber: _Text | None = None


class Item(_Strict):
    """One registration."""

    registrationDate: Annotated[
        str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")
    ]
    ssin: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{11}$")]
    type: Literal["in", "out"]
    employer: Employer
    placeOfWork: Place
    contractualRelationshipReference: Annotated[str, msgspec.Meta(min_length=1, max_length=13)]


class Bulk(_Strict):
    """The body of registerInBulk."""

    items: Annotated[list[Item], msgspec.Meta(min_length=1, max_length=200)]


class CheckInOutService(JsonService):
    """One environment. `clients`: client id → the PEM of its public key.

    `echoes`: whether an answer repeats worker, way and instant of what it is about.
    """

    def __init__(
        self,
        clock: Callable[[], dt.datetime],
        clients: Mapping[str, bytes],
        *,
        ledger: PresenceLedger | None = None,
        rules: Rules | None = None,
        oldest: dt.timedelta = OLDEST,
        echoes: bool = True,
    ) -> None:
        super().__init__(clock, ledger, rules)
        self._clients = dict(clients)
        self._oldest = oldest
        self.echoes = echoes
        self._tokens: dict[str, tuple[str, dt.datetime]] = {}
        self._seen: set[str] = set()

    def withdraw_tokens(self) -> None:
        """Takes none of the tokens given so far any more."""
        self._tokens.clear()

    def _carry_out(self, visit: Visit) -> Said:
        match visit.request.path:
            case p if p == TOKEN_PATH:
                visit.operation = "token"
                return self._token(visit)
            case p if p == BULK_PATH:
                visit.operation = "registerInBulk"
                return self._register(visit)
        raise Problem(404, "not-found", "There is nothing here.")

    # --- tokens ----------------------------------------------------------------------------------

    def _token(self, visit: Visit) -> Said:
        request = visit.request
        if request.method != "POST":
            raise Problem(405, "method-not-allowed", "Only POST.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        form = {k: v[0] for k, v in parse_qs(request.body.decode("latin-1")).items()}
        if kind != "application/x-www-form-urlencoded":
            return _oauth_error("invalid_request")
        if form.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return _oauth_error("invalid_request")
        visit.sender = self._client(visit, form.get("client_assertion", ""))
        if not visit.sender:
            return _oauth_error("invalid_client", 401)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (visit.sender, visit.now + dt.timedelta(seconds=TOKEN_LIFE_S))
        return Said({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE_S})

    def _client(self, visit: Visit, assertion: str) -> str:
        """The client that signed the assertion; "" where it is not to be believed (RFC 7523)."""
        try:
            claimed = jwt.decode(assertion, options={"verify_signature": False}).get("iss", "")
            claims = jwt.decode(
                assertion,
                self._clients[claimed],
                algorithms=["RS256"],
                audience=f"https://{visit.request.headers.get('host', '')}{TOKEN_PATH}",
                # The service's clock is not the system's.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["iss", "sub", "aud", "jti", "iat", "exp"],
                },
            )
        except (jwt.InvalidTokenError, KeyError, TypeError):
            return ""
        now, life_s = visit.now.timestamp(), claims["exp"] - claims["iat"]
        good = (
            claims["sub"] == claimed
            and claims["iat"] - SKEW_S <= now <= claims["exp"] + SKEW_S
            and 0 < life_s <= ASSERTION_MOST_LIFE_S
            and claims["jti"] not in self._seen
        )
        self._seen.add(claims["jti"])
        return str(claimed) if good else ""

    # --- registrations ---------------------------------------------------------------------------

    def _register(self, visit: Visit) -> Said:
        if visit.request.method != "POST":
            raise Problem(405, "method-not-allowed", "Only POST.")
        kind, _, token = visit.request.headers.get("authorization", "").partition(" ")
        client, until = self._tokens.get(token, ("", visit.now))
        if kind != "Bearer" or until <= visit.now:
            raise Problem(
                401, "unauthorized", "The token is not valid.", {"WWW-Authenticate": "Bearer"}
            )
        visit.sender = client
        check_told_fault(visit.faults)
        bulk: Bulk = read_body(visit, Bulk)
        for item in bulk.items:
            _check_choices(item)
        if any(item.ssin in visit.faults.poison for item in bulk.items):
            raise Problem(503, "SOA-02001", "The service is not available.")
        items = [self._settled(item, visit) for item in bulk.items]
        return Said(
            {
                "items": tampered(
                    items,
                    visit.faults,
                    renumbered=_renumber,
                    unasked=_change_worker,
                    swapped=_change_worker,
                )
            }
        )

    def _settled(self, item: Item, visit: Visit) -> dict[str, Any]:
        echo = {"ssin": item.ssin, "type": item.type, "registrationDate": item.registrationDate}
        echo = echo if self.echoes else {}
        at = dt.datetime.fromisoformat(item.registrationDate)
        submitted = _submitted(item, at)
        # The day is never the reason: the instant is.
        errors = [e for e in registration_errors(submitted, submitted.day, self.rules)]
        if not visit.now - self._oldest <= at <= visit.now + dt.timedelta(seconds=SKEW_S):
            errors.append(("6", "The registration date must be now."))
        if errors:
            reasons = [{"code": code, "description": text} for code, text in errors]
            return {"notCreatedPresenceRegistration": {"reasons": reasons, **echo}}
        entry = self.ledger.register(submitted, visit.now, visit.sender)
        return {"createdPresenceRegistration": {**self._shown(entry, visit), **echo}}

    def _shown(self, entry: Entry, visit: Visit) -> dict[str, Any]:
        remarks = self.ledger.validation(entry, visit.now).remarks
        return {"id": entry.number, "validity": "pending", "remarks": list(remarks)}


def _check_choices(item: Item) -> None:
    """What the types cannot say: one of two."""
    pairs = (
        (item.employer.enterpriseNumber, item.employer.foreignVatNumber),
        (item.placeOfWork.coordinates, item.placeOfWork.address),
    )
    if any((a is None) == (b is None) for a, b in pairs):
        raise Problem(400, "malformed", "Exactly one of the two must be there.")


def _submitted(item: Item, at: dt.datetime) -> Submitted:
    number = item.employer.enterpriseNumber
    return Submitted(
        day=at.date(),
        declaration=item.contractualRelationshipReference,
        inss=item.ssin,
        company=int(number) if number else None,
        direction=item.type,
        at=at,
    )


def _oauth_error(code: str, status: int = 400) -> Said:
    """RFC 6749, section 5.2."""
    return Said({"error": code}, status, {"Cache-Control": "no-store"})


def _inside(item: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = next(iter(item.values()))
    return inner


def _renumber(item: dict[str, Any]) -> None:
    _inside(item)["id"] = 999_999_999


def _change_worker(item: dict[str, Any]) -> None:
    _inside(item)["ssin"] = OTHER_WORKER
