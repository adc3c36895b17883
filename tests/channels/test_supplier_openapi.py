"""config/supplier.openapi.yaml: valid by itself, and what channel and emulator really say."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from agent.channels.base import ChannelError, Registration
from agent.channels.credentials import BearerToken
from agent.channels.supplier import Supplier
from agent.channels.wire import Wire
from agent.config.settings import AnswerSettings, ApiSettings, RequestSettings
from agent.sandbox.faults import Fault, Faults
from agent.sandbox.serving import HttpAnswer, HttpRequest, InProcess
from agent.sandbox.supplier import BASE_PATH, SupplierService

Make = Callable[..., Registration]

FILE = Path(__file__).parents[2] / "config" / "supplier.openapi.yaml"
CONTRACT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]
METHODS = {"get", "post"}
TIMEOUT_S = 20.0
BIS, LIMOSA = "90231512323", "24910158641968060"
TOKEN = "made-up-token"


def check(schema: dict[str, Any], value: object) -> None:
    """Raises ValidationError where `value` breaks a schema of the contract."""
    whole = {**schema, "components": CONTRACT["components"]}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def resolved(part: dict[str, Any]) -> Any:
    """What a $ref stands for."""
    found: Any = CONTRACT
    for name in part.get("$ref", "").removeprefix("#/").split("/") if "$ref" in part else ():
        found = found[name]
    return found if "$ref" in part else part


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in CONTRACT["paths"].items():
        for method in METHODS & methods.keys():
            yield path, method, methods[method]


def walked(part: Any) -> Iterator[Any]:
    yield part
    for inner in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from walked(inner)


# --- the document ----------------------------------------------------------------------------


def test_the_contract_is_an_openapi_document_with_everything_that_one_must_have() -> None:
    assert re.fullmatch(r"3\.1\.\d+", CONTRACT["openapi"])
    assert CONTRACT["info"].keys() >= {"title", "version"}
    names = [operation["operationId"] for _, _, operation in operations()]
    assert sorted(names) == ["askAfter", "getRoster", "register"]
    for path, _, operation in operations():
        assert operation["responses"]
        assert all(resolved(r)["description"] for r in operation["responses"].values())
        in_path = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path))


def test_every_reference_in_the_contract_leads_somewhere() -> None:
    found = [part for part in walked(CONTRACT) if isinstance(part, dict) and "$ref" in part]
    assert len(found) > 20
    assert all(resolved(part) for part in found)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_the_contract_stands_at_the_defaults_of_the_configuration() -> None:
    api, request, answer = ApiSettings(), RequestSettings(), AnswerSettings()
    assert set(CONTRACT["paths"]) == {api.registrations, api.registration, api.roster}
    (key,) = CONTRACT["paths"][api.registrations]["post"]["parameters"]
    assert key["name"] == api.key_header
    item = SCHEMAS["Registration"]["properties"]
    assert {"items": "/registrations"} | {name: f"/{name}" for name in item} == {
        name: getattr(request, name) for name in RequestSettings.__dataclass_fields__
    }
    assert set(answer.handed_over) | set(answer.rejected) | {"201"} == {
        str(status) for status in SCHEMAS["Answer"]["properties"]["status"]["enum"]
    }


BAD_ANSWERS = [
    {"reference": "a", "status": 201},
    {"reference": "a", "status": 202, "receipt": {"number": "1"}},
    {"reference": "a", "status": 422},
    {"reference": "a", "status": 422, "errors": []},
    {"reference": "a", "status": 201, "receipt": {"number": "1"}, "errors": [{}]},
    {"reference": "a", "status": 200, "receipt": {"number": "1"}},
    {"status": 202},
]


@pytest.mark.parametrize("answer", BAD_ANSWERS, ids=json.dumps)
def test_the_contract_itself_refuses_an_answer_that_is_not_clear(answer: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        check(SCHEMAS["Answer"], answer)


# --- what is really said ---------------------------------------------------------------------


class Held:
    """A service whose every request and answer must follow the contract."""

    def __init__(self, service: SupplierService) -> None:
        self.service = service
        self.seen: set[tuple[str, int]] = set()
        self.breaches: list[str] = []

    @property
    def faults(self) -> Faults:
        return self.service.faults

    def answer(self, request: HttpRequest) -> HttpAnswer:
        answer = self.service.answer(request)
        try:
            self._hold(request, answer)
        except (ValidationError, KeyError) as error:
            self.breaches.append(f"{request.method} {request.path} {answer.status}: {error!r}")
        return answer

    def _hold(self, request: HttpRequest, answer: HttpAnswer) -> None:
        path, operation = next(
            (path, operation)
            for path, method, operation in operations()
            if method == request.method.lower()
            and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", BASE_PATH + path), request.path)
        )
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "header" and parameter["required"]:
                check(parameter["schema"], request.headers[parameter["name"].lower()])
        if "requestBody" in operation:
            content = operation["requestBody"]["content"][request.headers["content-type"]]
            check(content["schema"], json.loads(request.body))
        response = resolved(operation["responses"][str(answer.status)])
        self.seen.add((path, answer.status))
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if kind.endswith("json"):
            check(response["content"][kind]["schema"], json.loads(answer.body))
        elif "content" in response:
            assert kind in response["content"]


class Clock:
    def __init__(self, unix_ms: int) -> None:
        self.now = dt.datetime.fromtimestamp(unix_ms / 1000, dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


class Talk:
    """A channel and an emulated supplier, in process, with the contract between them."""

    def __init__(self, folder: Path, unix_ms: int) -> None:
        self.clock = Clock(unix_ms)
        self.service = SupplierService(self.clock, {TOKEN: "gate 1"})
        self.held = Held(self.service)
        self._token = folder / "token"
        self._token.touch(0o600)
        self.become(TOKEN)
        self._channels: list[Supplier] = []

    def become(self, token: str) -> None:
        self._token.write_text(token)

    def channel(self, duty: str = "checkinatwork") -> Supplier:
        wire = Wire(InProcess(self.held, lambda _: None))
        made = Supplier(
            "s",
            f"https://supplier.test{BASE_PATH}",
            lambda _: wire,
            duty=duty,
            clock=self.clock,
            token=BearerToken(self._token),
        )
        self._channels.append(made)
        return made

    def close(self) -> None:
        for channel in self._channels:
            channel.close()


@pytest.fixture
def talk(tmp_path: Path, registration: Make) -> Iterator[Talk]:
    made = Talk(tmp_path, registration().unix_ms)
    yield made
    made.close()


def test_channel_and_emulator_follow_the_contract_in_all_they_say(
    talk: Talk, registration: Make
) -> None:
    channel = talk.channel()
    talk.service.number_after = dt.timedelta(minutes=1)
    first = [registration("a"), registration("b", inss="", employer="", limosa=LIMOSA)]
    channel.register(first, TIMEOUT_S)
    channel.ask_after("a", TIMEOUT_S)
    talk.clock.now += dt.timedelta(minutes=1)
    channel.ask_after("a", TIMEOUT_S)
    talk.service.number_after = dt.timedelta(0)
    bad = registration("c", inss=BIS, employer="0448181967")
    channel.register([*first, bad], TIMEOUT_S)
    channel.ask_after("c", TIMEOUT_S)
    channel.ask_after("never", TIMEOUT_S)
    talk.channel("checkinout").register([registration("d", direction="out")], TIMEOUT_S)
    talk.service.roster = b"badge_uid,surname\n"
    fetched = channel.fetch_roster("", TIMEOUT_S)
    assert fetched is not None
    channel.fetch_roster(fetched.etag, TIMEOUT_S)

    assert talk.held.breaches == []
    assert talk.held.seen >= {
        ("/registrations", 200),
        ("/registrations/{key}", 200),
        ("/registrations/{key}", 404),
        ("/roster", 200),
        ("/roster", 304),
    }


@pytest.mark.parametrize(
    ("code", "status"), [("SOA-01002", 403), ("SOA-02002", 503), ("SOA-00001", 500)]
)
def test_problems_follow_the_contract(
    talk: Talk, registration: Make, code: str, status: int
) -> None:
    talk.service.faults = Faults(fault=Fault(code))
    channel = talk.channel()
    for call in (
        lambda: channel.register([registration()], TIMEOUT_S),
        lambda: channel.ask_after("a", TIMEOUT_S),
    ):
        with pytest.raises(ChannelError):
            call()

    assert talk.held.breaches == []
    assert talk.held.seen == {("/registrations", status), ("/registrations/{key}", status)}


def test_a_stranger_is_refused_as_the_contract_says(talk: Talk, registration: Make) -> None:
    talk.become("stranger")
    channel = talk.channel()
    with pytest.raises(ChannelError):
        channel.register([registration()], TIMEOUT_S)

    assert talk.held.breaches == []
    assert talk.held.seen == {("/registrations", 401)}


BAD_REQUESTS: list[tuple[Any, dict[str, str], int]] = [
    # body, headers besides, status
    ({}, {}, 400),
    ({"registrations": []}, {}, 400),
    ({"registrations": [{"reference": "a"}]}, {}, 400),
    ({"registrations": [], "more": 1}, {}, 400),
    ({"registrations": [{}]}, {"idempotency-key": ""}, 400),
    ({"registrations": [{}]}, {"content-type": "text/plain"}, 415),
]


@pytest.mark.parametrize(("body", "headers", "status"), BAD_REQUESTS, ids=lambda v: str(v)[:40])
def test_the_emulator_refuses_what_the_contract_refuses(
    talk: Talk, body: object, headers: dict[str, str], status: int
) -> None:
    usual = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        "idempotency-key": "k",
    }
    request = HttpRequest(
        "POST", f"{BASE_PATH}/registrations", usual | headers, json.dumps(body).encode()
    )

    answer = talk.service.answer(request)

    assert answer.status == status
    check(SCHEMAS["Problem"], json.loads(answer.body))


FIELDS = {
    "reference": "a",
    "day": "2026-11-24",
    "declaration": "1Y1000NF9KCQZ",
    "employer": "0448181966",
    "inss": "85011512355",
}
CHANGES: list[dict[str, Any]] = [
    {},
    {"reference": ""},
    {"reference": "x" * 25},
    {"reference": "a b"},
    {"day": "24/11/2026"},
    {"day": 20261124},
    {"declaration": "1y"},
    {"declaration": "1" * 14},
    {"employer": "448181966"},
    {"employer": None},
    {"inss": "8501151235"},
    {"inss": None},
    {"inss": None, "limosa": "1"},
    {"limosa": "1"},
    {"at": "2026-11-24T05:58:00Z"},
    {"direction": "in"},
    {"at": "2026-11-24T05:58:00Z", "direction": "any"},
    {"at": "2026-11-24T05:58:00Z", "direction": "in"},
    {"more": "x"},
]


@pytest.mark.parametrize("change", CHANGES, ids=json.dumps)
def test_the_emulator_takes_just_what_the_contract_takes(
    talk: Talk, change: dict[str, Any]
) -> None:
    item = {name: value for name, value in (FIELDS | change).items() if value is not None}
    body = {"registrations": [item]}
    try:
        check(SCHEMAS["Registrations"], body)
        valid = True
    except ValidationError:
        valid = False
    headers = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        "idempotency-key": "k",
    }
    path = f"{BASE_PATH}/registrations"

    answer = talk.service.answer(HttpRequest("POST", path, headers, json.dumps(body).encode()))

    assert (answer.status == 200) == valid


def test_a_key_of_another_call_is_refused(talk: Talk) -> None:
    statuses = []
    for reference in "ab":
        body = json.dumps({"registrations": [FIELDS | {"reference": reference}]}).encode()
        headers = {
            "authorization": f"Bearer {TOKEN}",
            "content-type": "application/json",
            "idempotency-key": "the same",
        }
        path = f"{BASE_PATH}/registrations"
        statuses.append(talk.service.answer(HttpRequest("POST", path, headers, body)).status)

    assert statuses == [200, 422]
