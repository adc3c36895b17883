"""The emulated Check In and Out refuses what the real one would refuse."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from agent.channels.credentials import Credential
from agent.channels.tokens import ASSERTION_TYPE
from agent.sandbox.checkinout import BULK_PATH, TOKEN_LIFE_S, TOKEN_PATH, CheckInOutService
from agent.sandbox.serving import HttpAnswer, HttpRequest

NOW = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)
HOST = "presence.test"
ITEM: dict[str, Any] = {
    "registrationDate": "2026-11-24T05:58:00Z",
    "ssin": "85011512355",
    "type": "in",
    "employer": {"enterpriseNumber": "0448181966"},
    "placeOfWork": {"coordinates": {"longitude": 4.35, "latitude": 50.85}},
    "contractualRelationshipReference": "1Y1000NF9KCQZ",
}


class Bench:
    """A service on a clock that a test sets, and calls to it."""

    def __init__(self, credential: Credential) -> None:
        self.now = NOW
        self._key = credential.key_pem
        public = x509.load_der_x509_certificate(credential.certificate_der).public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.service = CheckInOutService(lambda: self.now, {"gate-1": pem})

    def ask(self, form: dict[str, str] | None = None, **claims: Any) -> HttpAnswer:
        """Asks for a token; None among `claims` leaves one out."""
        at = int(NOW.timestamp())
        whole = {
            "iss": "gate-1",
            "sub": "gate-1",
            "aud": f"https://{HOST}{TOKEN_PATH}",
            "jti": "one",
            "iat": at,
            "exp": at + 60,
        } | claims
        said = {name: value for name, value in whole.items() if value is not None}
        usual = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(said, self._key, algorithm="RS256"),
        }
        return self.post(
            TOKEN_PATH,
            urlencode(usual | (form or {})).encode(),
            **{"content-type": "application/x-www-form-urlencoded"},
        )

    def token(self) -> str:
        token: str = json.loads(self.ask().body)["access_token"]
        return token

    def post(self, path: str, body: bytes, **headers: str) -> HttpAnswer:
        return self.service.answer(HttpRequest("POST", path, {"host": HOST} | headers, body))

    def register(self, *items: dict[str, Any], **headers: str) -> HttpAnswer:
        usual = {
            "authorization": f"Bearer {self.token()}" if "authorization" not in headers else "",
            "content-type": "application/json",
        }
        return self.post(BULK_PATH, json.dumps({"items": items}).encode(), **usual | headers)


@pytest.fixture
def bench(credential: Credential) -> Bench:
    return Bench(credential)


def test_a_good_assertion_gets_a_token_and_the_token_registers(bench: Bench) -> None:
    answer = bench.register(ITEM)

    (item,) = json.loads(answer.body)["items"]
    (entry,) = bench.service.ledger.accepted
    assert answer.status == 200
    assert item["createdPresenceRegistration"] == {
        "id": entry.number,
        "validity": "pending",
        "remarks": [],
        "ssin": "85011512355",
        "type": "in",
        "registrationDate": "2026-11-24T05:58:00Z",
    }
    assert entry.submitted.at == NOW


AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "stranger", "sub": "stranger"},
        {"sub": "gate-2"},
        {"aud": "https://elsewhere.test/token"},
        {"jti": None},
        {"iat": None},
        {"exp": None},
        {"iat": AT - 300, "exp": AT - 60},
        {"iat": AT + 60, "exp": AT + 120},
        {"exp": AT + 3600},
    ],
    ids=str,
)
def test_an_assertion_that_does_not_hold_gets_no_token(
    bench: Bench, claims: dict[str, Any]
) -> None:
    answer = bench.ask(**claims)

    assert (answer.status, json.loads(answer.body)) == (401, {"error": "invalid_client"})


def test_an_assertion_serves_once(bench: Bench) -> None:
    assert [bench.ask().status for _ in "ab"] == [200, 401]
    assert bench.ask(jti="two").status == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"client_assertion": "x"}, "invalid_client"),
        ({"client_assertion": ""}, "invalid_client"),
    ],
)
def test_a_form_that_is_none_gets_no_token(bench: Bench, form: dict[str, str], error: str) -> None:
    assert json.loads(bench.ask(form).body) == {"error": error}


def test_a_token_ends(bench: Bench) -> None:
    token = f"Bearer {bench.token()}"
    bench.now += dt.timedelta(seconds=TOKEN_LIFE_S - 1)
    item = ITEM | {"registrationDate": "2026-11-24T06:07:59Z"}
    assert bench.register(item, authorization=token).status == 200
    bench.now += dt.timedelta(seconds=1)
    assert bench.register(item, authorization=token).status == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic x"])
def test_without_its_token_nothing_is_registered(bench: Bench, header: str) -> None:
    answer = bench.register(ITEM, authorization=header)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert bench.service.ledger.accepted == ()


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ITEM.items() if key != name}


@pytest.mark.parametrize(
    "item",
    [
        *(without(name) for name in ITEM),
        ITEM | {"reference": "ours"},
        ITEM | {"registrationDate": "2026-11-24T06:58:00+01:00"},
        ITEM | {"registrationDate": "2026-11-24"},
        ITEM | {"ssin": "85.01.15-123.55"},
        ITEM | {"ssin": 85011512355},
        ITEM | {"type": "IN"},
        ITEM | {"type": "break"},
        ITEM | {"employer": {"enterpriseNumber": "448181966"}},
        ITEM | {"employer": {}},
        ITEM | {"employer": {"enterpriseNumber": "0448181966", "foreignVatNumber": "NL1"}},
        ITEM | {"placeOfWork": {}},
        ITEM | {"placeOfWork": {"coordinates": {"longitude": 50.85, "latitude": 4.35}}},
        ITEM | {"placeOfWork": {"address": {"postCode": "9000"}}},
        ITEM | {"contractualRelationshipReference": ""},
        ITEM | {"contractualRelationshipReference": "1" * 14},
    ],
    ids=lambda item: ",".join(str(v) for k, v in item.items() if ITEM.get(k) != v) or "missing",
)
def test_one_item_against_the_contract_has_the_whole_call_refused(
    bench: Bench, item: dict[str, Any]
) -> None:
    assert bench.register(ITEM, item).status == 400
    assert bench.service.ledger.accepted == ()


@pytest.mark.parametrize("count", [0, 201])
def test_a_call_takes_one_to_two_hundred(bench: Bench, count: int) -> None:
    assert bench.register(*[ITEM] * count).status == 400


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ssin": "85011512356"}, "5"),
        ({"employer": {"enterpriseNumber": "0448181967"}}, "2"),
        ({"contractualRelationshipReference": "1Y1OOO"}, "4"),
        ({"registrationDate": "2026-11-24T05:47:59Z"}, "6"),
        ({"registrationDate": "2026-11-24T05:59:00Z"}, "6"),
    ],
)
def test_a_wrong_number_or_instant_is_told_for_its_item_alone(
    bench: Bench, change: dict[str, Any], code: str
) -> None:
    good, bad = json.loads(bench.register(ITEM, ITEM | change).body)["items"]

    assert "createdPresenceRegistration" in good
    reasons = bad["notCreatedPresenceRegistration"]["reasons"]
    assert [reason["code"] for reason in reasons] == [code]


def test_the_same_instant_twice_is_one_registration(bench: Bench) -> None:
    again = json.loads(bench.register(ITEM, ITEM).body)["items"][1]

    remarks = again["createdPresenceRegistration"]["remarks"]
    assert remarks == ["SAME DECLARATION HAS ALREADY BEEN REGISTERED"]
    assert len(bench.service.ledger.accepted) == 1


Send = Callable[[Bench], HttpAnswer]


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda b: b.post("/elsewhere", b""), 404),
        (lambda b: b.service.answer(HttpRequest("GET", BULK_PATH, {})), 405),
        (lambda b: b.service.answer(HttpRequest("GET", TOKEN_PATH, {})), 405),
        (lambda b: b.register(ITEM, **{"content-type": "text/xml"}), 415),
        (lambda b: b.post(TOKEN_PATH, b"", **{"content-type": "application/json"}), 400),
    ],
    ids=["path", "method", "token method", "content type", "token content type"],
)
def test_what_is_no_call_is_refused(bench: Bench, send: Send, status: int) -> None:
    assert send(bench).status == status
    assert bench.service.ledger.accepted == ()


def test_no_record_of_a_call_holds_a_national_number(bench: Bench) -> None:
    bench.register(ITEM)

    assert "85011512355" not in repr(bench.service.calls)
    assert "85011512355" not in repr(bench.service.ledger.accepted)
