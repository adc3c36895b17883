"""What is a supplier's own: handed over, asked after, mapped fields, mutual TLS, the roster."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    ChannelError,
    NotAuthenticated,
    Refused,
    Registration,
    Unavailable,
)
from agent.channels.credentials import BearerToken
from agent.channels.supplier import Supplier
from agent.channels.wire import Wire
from agent.config.settings import AnswerSettings, ApiSettings, RequestSettings
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Cut, Faults, Garbled
from agent.sandbox.presence_ledger import VALIDATE_AFTER
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer

Make = Callable[..., Registration]

TIMEOUT_S = 20.0
JAN, NORA, BIS = "85011512355", "05011512353", "90231512323"
UNKNOWN_EMPLOYER = "0101010157"
LATER = dt.timedelta(minutes=5)


@pytest.fixture
def party(party_of: Callable[[str], Any]) -> Any:
    return party_of("supplier")


def failure(call: Callable[[], object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


# --- handed over, and asked after ------------------------------------------------------------


def test_without_the_number_a_registration_is_handed_over_and_asked_after(
    party: Any, registration: Make
) -> None:
    party.service.number_after = LATER
    channel = party.channel()

    (answer,) = channel.register([registration()], TIMEOUT_S).answers
    assert (answer.receipt, answer.errors, answer.handed_over) == (None, (), True)
    assert channel.ask_after("tap-1", TIMEOUT_S) == answer
    assert party.ledger.accepted == ()

    party.clock.pass_(minutes=5)
    asked = channel.ask_after("tap-1", TIMEOUT_S)
    assert asked.receipt.number == str(party.ledger.accepted[0].number)
    assert not asked.handed_over


def test_the_authority_may_refuse_what_was_handed_over(party: Any, registration: Make) -> None:
    party.service.number_after = LATER
    channel = party.channel()
    (answer,) = channel.register([registration(employer=UNKNOWN_EMPLOYER)], TIMEOUT_S).answers
    party.clock.pass_(minutes=5)

    asked = channel.ask_after("tap-1", TIMEOUT_S)

    assert answer.handed_over
    assert [e.code for e in asked.errors] == ["3"]


def test_validation_is_read_back_hours_later(party: Any, registration: Make) -> None:
    channel = party.channel()
    channel.register([registration(inss=NORA)], TIMEOUT_S)
    party.clock.now += VALIDATE_AFTER

    receipt = channel.ask_after("tap-1", TIMEOUT_S).receipt

    assert (receipt.status, receipt.remarks) == ("FAILED", ("RELATED DIMONA NOT OK",))


def test_a_reference_that_the_supplier_does_not_have_leads_to_nothing(party: Any) -> None:
    assert party.channel().ask_after("never-sent", TIMEOUT_S) is None


def test_a_page_that_is_not_found_proves_nothing_about_a_registration(party: Any) -> None:
    party.service.faults = Faults(status=404)

    assert type(failure(lambda: party.channel().ask_after("tap-1", TIMEOUT_S))) is Refused


def test_a_duplicate_without_its_number_is_handed_over(party: Any, registration: Make) -> None:
    party.service.number_after = LATER
    channel = party.channel()
    channel.register([registration()], TIMEOUT_S)

    # Another call: the key of the first one would only repeat its answer.
    reply = channel.register([registration(), registration("b", inss=BIS)], TIMEOUT_S)

    assert [a.handed_over for a in reply.answers] == [True, True]


def test_a_duplicate_with_its_number_is_a_receipt(party: Any, registration: Make) -> None:
    channel = party.channel()
    first = channel.register([registration()], TIMEOUT_S).answers[0]

    again = channel.register([registration(), registration("b", inss=BIS)], TIMEOUT_S).answers[0]

    assert again.receipt.number == first.receipt.number


def test_a_worker_whom_another_channel_registered_is_a_success(
    party: Any, party_of: Callable[[str], Any], registration: Make
) -> None:
    party.service.number_after = LATER
    direct = party_of("checkinatwork")
    direct.service.ledger = party.ledger
    channel = party.channel()
    channel.register([registration()], TIMEOUT_S)
    direct.channel().register([registration()], TIMEOUT_S)
    party.clock.pass_(minutes=5)

    receipt = channel.ask_after("tap-1", TIMEOUT_S).receipt

    assert receipt.duplicate
    assert len(party.ledger.accepted) == 1


def test_what_was_refused_is_taken_again_once_it_is_mended(party: Any, registration: Make) -> None:
    channel = party.channel()
    channel.register([registration(employer=UNKNOWN_EMPLOYER)], TIMEOUT_S)

    assert channel.register([registration()], TIMEOUT_S).answers[0].receipt is not None


def test_a_reference_for_somebody_else_is_refused(party: Any, registration: Make) -> None:
    channel = party.channel()
    channel.register([registration()], TIMEOUT_S)

    (answer,) = channel.register([registration(inss=BIS)], TIMEOUT_S).answers

    assert [e.code for e in answer.errors] == ["reference-reused"]


def test_a_supplier_of_the_other_duty_gets_instant_and_way(party: Any, registration: Make) -> None:
    channel = party.channel(duty="checkinout")
    old = registration("old", unix_ms=registration().unix_ms - 601_000)

    reply = channel.register([registration(direction="out"), old], TIMEOUT_S)

    (entry,) = party.ledger.accepted
    assert (entry.submitted.direction, entry.submitted.at) == ("out", party.clock.now)
    assert [e.code for a in reply.answers for e in a.errors] == ["TOO-OLD"]


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        (Faults(cut=Cut.MID_BODY), AnswerLost),
        (Faults(garbled=Garbled.MALFORMED), AnswerUnreadable),
        (Faults(garbled=Garbled.BILLION_LAUGHS), AnswerUnreadable),
        (Faults(status=200), AnswerUnreadable),
        (Faults(status=401), NotAuthenticated),
        (Faults(status=422), Refused),
        (Faults(status=503, retry_after="9"), Unavailable),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_asking_fails_like_registering(
    party: Any, registration: Make, faults: Faults, kind: type[ChannelError]
) -> None:
    channel = party.channel()
    channel.register([registration()], TIMEOUT_S)
    party.service.faults = faults

    assert type(failure(lambda: channel.ask_after("tap-1", TIMEOUT_S))) is kind


# --- keys ------------------------------------------------------------------------------------


class Scripted:
    """A supplier that answers as it is told, and keeps what it was sent."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.requests: list[HttpRequest] = []
        self.reply: tuple[int, Any] = (200, {})
        self.headers: dict[str, str] = {}

    def answer(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        status, said = self.reply
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return HttpAnswer(status, self.headers, body)


class Scene:
    """A channel to a scripted supplier."""

    def __init__(self, tls: Authority, clock: Callable[[], dt.datetime], folder: Path) -> None:
        self.supplier = Scripted()
        self.server = HttpsServer(self.supplier, tls.server_context())
        self.server.start()
        self._tls = tls
        self._clock = clock
        self.token = folder / "token"
        self.token.touch(0o600)
        self.token.write_text("made-up-token\n")
        self._channels: list[Supplier] = []

    def channel(self, **options: Any) -> Supplier:
        settings: dict[str, Any] = {
            "duty": "checkinatwork",
            "clock": self._clock,
            "token": BearerToken(self.token),
        }
        made = Supplier(
            "s",
            self.server.address + "/api/",
            lambda _: Wire(self._tls.client_context()),
            **settings | options,
        )
        self._channels.append(made)
        return made

    def says(self, said: Any, status: int = 200) -> None:
        self.supplier.reply = (status, said)

    def item(self, **item: Any) -> None:
        """The one answer, about tap-1."""
        self.says({"registrations": [{"reference": "tap-1", **item}]})

    def close(self) -> None:
        for channel in self._channels:
            channel.close()
        self.server.stop()


@pytest.fixture
def scene(tls: Authority, tmp_path: Path, registration: Make) -> Iterator[Scene]:
    now = dt.datetime.fromtimestamp(registration().unix_ms / 1000, dt.UTC)
    made = Scene(tls, lambda: now, tmp_path)
    yield made
    made.close()


def test_a_repeated_call_has_the_same_key_and_any_other_call_another(
    scene: Scene, registration: Make
) -> None:
    scene.item(status=202)
    channel = scene.channel()
    for items in ([registration()], [registration()], [registration(employer=UNKNOWN_EMPLOYER)]):
        channel.register(items, TIMEOUT_S)

    first, again, other = (r.headers["idempotency-key"] for r in scene.supplier.requests)
    assert first == again != other
    assert 16 <= len(first) <= 255


def test_what_an_answer_left_out_is_asked_under_another_key(
    scene: Scene, registration: Make
) -> None:
    """A supplier that keeps its answers by their key would leave it out for ever."""
    channel = scene.channel()
    scene.says({"registrations": []})
    assert channel.register([registration()], TIMEOUT_S).missing
    scene.item(status=202)
    assert not channel.register([registration()], TIMEOUT_S).missing
    first, second = (r.headers["idempotency-key"] for r in scene.supplier.requests)
    assert first != second


def test_a_key_tells_nothing_of_what_was_sent(scene: Scene, registration: Make) -> None:
    scene.item(status=202)
    for _ in "ab":
        scene.channel().register([registration()], TIMEOUT_S)

    first, second = (r.headers["idempotency-key"] for r in scene.supplier.requests)
    assert first != second  # made with a salt of each start


def test_a_call_that_is_still_worked_on_may_have_been_carried_out(
    scene: Scene, registration: Make
) -> None:
    scene.says({"status": 409, "code": "in-progress"}, 409)
    scene.supplier.headers = {"Retry-After": "3"}

    error = failure(lambda: scene.channel().register([registration()], TIMEOUT_S))

    assert (type(error), error.sent, error.retry_after_s) == (Unavailable, True, 3.0)


# --- what an answer must say to count --------------------------------------------------------

UNCLEAR = [
    {},
    {"status": 200},
    {"status": 500},
    {"status": "accepted"},
    {"status": None, "receipt": {}},
    {"status": 201},
    {"status": 201, "receipt": {"number": "R-2026-1"}},
    {"status": 201, "receipt": {"number": "0"}},
    {"status": 201, "receipt": {"number": "1234567890123456"}},
    {"status": 201, "receipt": {"number": True}},
    {"status": 422, "receipt": {"number": "1000000001"}},
    {"status": 201, "receipt": {"number": "1000000001"}, "errors": [{"code": "5", "text": "x"}]},
    {"status": 202, "errors": [{"code": "5", "text": "x"}]},
]


@pytest.mark.parametrize("item", UNCLEAR, ids=json.dumps)
def test_an_answer_that_is_not_clear_leaves_the_registration_open(
    scene: Scene, registration: Make, item: dict[str, Any]
) -> None:
    # Two were asked: the status of the whole answer says nothing of one of them.
    scene.item(**item)

    reply = scene.channel().register([registration(), registration("b", inss=BIS)], TIMEOUT_S)

    assert reply.answers == ()
    assert reply.missing == ("tap-1", "b")
    assert len(reply.stray) == 1


@pytest.mark.parametrize("said", [[], {}, {"registrations": {}}, {"registrations": None}, 7, "x"])
def test_an_answer_without_its_list_is_unreadable(
    scene: Scene, registration: Make, said: object
) -> None:
    scene.says(said)

    error = failure(lambda: scene.channel().register([registration()], TIMEOUT_S))

    assert (type(error), error.sent) == (AnswerUnreadable, True)


def test_items_that_are_no_objects_are_strays(scene: Scene, registration: Make) -> None:
    scene.says({"registrations": [None, 7, ["x"]]})

    reply = scene.channel().register([registration()], TIMEOUT_S)

    assert (reply.answers, reply.missing) == ((), ("tap-1",))
    assert len(reply.stray) == 3


def test_errors_are_kept_with_code_and_text_and_no_number_of_a_person(
    scene: Scene, registration: Make
) -> None:
    scene.item(status=422, errors=[{"code": 5, "text": f"INSS {JAN}"}, {"code": "X"}, "plain"])

    (answer,) = scene.channel().register([registration()], TIMEOUT_S).answers

    assert [(e.code, e.text) for e in answer.errors] == [
        ("5", "INSS 850115•••55"),
        ("X", "X"),
        ("422", "plain"),
    ]


def test_a_remark_stays_as_the_authority_writes_it(scene: Scene, registration: Make) -> None:
    remark = "COMPANY IS NOT KNOWN  AS BUILDER OR  SUBCONTRACTOR IN THIS DUC"
    scene.item(status=201, receipt={"number": 1000000001, "remarks": [remark, f"of {JAN}", 7, {}]})

    receipt = scene.channel().register([registration()], TIMEOUT_S).answers[0].receipt

    assert receipt is not None
    assert receipt.number == "1000000001"
    assert receipt.remarks == (remark, "of 850115•••55", "7")


def test_asking_takes_no_answer_about_another_registration(scene: Scene) -> None:
    scene.says({"reference": "other", "status": 201, "receipt": {"number": "1000000001"}})

    error = failure(lambda: scene.channel().ask_after("tap-1", TIMEOUT_S))

    assert type(error) is AnswerUnreadable
    assert "other" in str(error)


# --- an API of another shape -----------------------------------------------------------------


def test_an_existing_api_fits_by_configuration(scene: Scene, registration: Make) -> None:
    api = ApiSettings(
        registrations="/v2/presences",
        registration="/v2/presences/{key}/state",
        key_header="X-Request-Id",
        token_header="X-Api-Key",
        token_scheme="",
        headers=("X-Tenant: werf-12",),
    )
    request = RequestSettings(
        items="/data/batch", reference="/externalId", inss="/worker/niss", employer="/worker/kbo"
    )
    answer = AnswerSettings(
        items="/data/results",
        reference="/externalId",
        state="/state",
        receipt="/onss/0/id",
        errors="/problems",
        error_code="/nr",
        error_text="/label/nl",
        handed_over=("PENDING",),
        rejected=("REFUSED",),
    )
    results = [
        {"externalId": "a", "state": "DONE", "onss": [{"id": 1000000001}]},
        {"externalId": "b", "state": "PENDING"},
        {
            "externalId": "c",
            "state": "REFUSED",
            "problems": [{"nr": 5, "label": {"nl": "fout"}}],
        },
    ]
    scene.says({"data": {"results": results}}, 207)
    channel = scene.channel(api=api, request=request, answer=answer)

    reply = channel.register(
        [registration(n, inss=i) for n, i in zip("abc", (JAN, NORA, BIS), strict=True)], TIMEOUT_S
    )
    scene.says({"externalId": "b", "state": "DONE", "onss": [{"id": "1000000002"}]})
    asked = channel.ask_after("b", TIMEOUT_S)

    first, second = scene.supplier.requests
    assert (first.path, second.path) == ("/api/v2/presences", "/api/v2/presences/b/state")
    assert first.headers["x-api-key"] == "made-up-token"
    assert first.headers["x-tenant"] == "werf-12"
    assert first.headers["x-request-id"]
    assert "authorization" not in first.headers
    assert json.loads(first.body)["data"]["batch"][0] == {
        "externalId": "a",
        "day": "2026-11-24",
        "declaration": "1Y1000NF9KCQZ",
        "worker": {"niss": JAN, "kbo": "0448181966"},
    }
    one, two, three = reply.answers
    assert one.receipt is not None and one.receipt.number == "1000000001"
    assert two.handed_over
    assert [(e.code, e.text) for e in three.errors] == [("5", "fout")]
    assert asked is not None and asked.receipt is not None


def test_an_api_that_takes_one_registration_a_call_answers_by_its_status(
    scene: Scene, registration: Make
) -> None:
    answer = AnswerSettings(items="", reference="", state="", receipt="/number")
    channel = scene.channel(single=True, request=RequestSettings(items=""), answer=answer)
    found = []
    for status, said in (
        (201, {"number": "1000000001"}),
        (202, {}),
        (409, {"title": "known"}),
        (422, {"code": "5", "detail": "fout"}),
    ):
        scene.says(said, status)
        found += channel.register([registration()], TIMEOUT_S).answers

    assert json.loads(scene.supplier.requests[0].body)["reference"] == "tap-1"
    assert [a.receipt is not None for a in found] == [True, False, False, False]
    assert [a.handed_over for a in found] == [False, True, True, False]
    assert [(e.code, e.text) for e in found[3].errors] == [("5", "fout")]


# --- tokens and certificates -----------------------------------------------------------------


def test_a_new_token_is_taken_up_without_restart(scene: Scene, registration: Make) -> None:
    scene.item(status=202)
    channel = scene.channel()
    channel.register([registration()], TIMEOUT_S)
    scene.token.write_text("another-made-up-token")
    channel.register([registration()], TIMEOUT_S)

    assert [r.headers["authorization"] for r in scene.supplier.requests] == [
        "Bearer made-up-token",
        "Bearer another-made-up-token",
    ]


def test_a_token_file_that_is_gone_is_our_own_fault(scene: Scene, registration: Make) -> None:
    scene.token.unlink()

    error = failure(lambda: scene.channel().register([registration()], TIMEOUT_S))

    assert isinstance(error, NotAuthenticated)
    assert not error.sent
    assert "cannot be read" in str(error)


# --- the roster ------------------------------------------------------------------------------

ROSTER = "badge_uid,surname\n04A1B2C3,Été\n".encode()


def test_a_roster_comes_whole_once_and_again_only_when_it_changed(party: Any) -> None:
    party.service.roster = ROSTER
    channel = party.channel()

    fetched = channel.fetch_roster("", TIMEOUT_S)
    assert fetched.content == ROSTER
    assert fetched.etag
    assert "04A1B2C3" not in repr(fetched)
    assert channel.fetch_roster(fetched.etag, TIMEOUT_S) is None

    party.service.roster = ROSTER + b"04A1B2C4,Jan\n"
    renewed = channel.fetch_roster(fetched.etag, TIMEOUT_S)
    assert renewed.content == party.service.roster
    assert renewed.etag != fetched.etag


def test_a_supplier_without_a_roster_says_so(party: Any) -> None:
    error = failure(lambda: party.channel().fetch_roster("", TIMEOUT_S))

    assert type(error) is Refused
    assert error.ticket.code == "not-found"


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"<html>", b'{"error": 1}', b"[]"], ids=["", "blank", "html", "{", "["]
)
def test_a_page_in_the_rosters_place_is_no_roster(scene: Scene, body: bytes) -> None:
    scene.says(body)

    assert type(failure(lambda: scene.channel().fetch_roster("", TIMEOUT_S))) is AnswerUnreadable


def test_unchanged_since_nothing_is_no_answer(scene: Scene) -> None:
    scene.says(b"", 304)

    assert type(failure(lambda: scene.channel().fetch_roster("", TIMEOUT_S))) is Refused


@pytest.mark.parametrize("etag", ["x" * 300, "caf\xe9"])
def test_a_tag_that_fits_no_header_is_left_out(scene: Scene, etag: str) -> None:
    scene.says(ROSTER)
    scene.supplier.headers = {"ETag": etag}

    fetched = scene.channel().fetch_roster("", TIMEOUT_S)

    assert fetched is not None and fetched.etag == ""


@pytest.mark.parametrize(
    "faults",
    [Faults(garbled=Garbled.OVERSIZED), Faults(cut=Cut.MID_BODY), Faults(status=503)],
    ids=["oversized", "cut", "503"],
)
def test_half_a_roster_is_none(party: Any, faults: Faults) -> None:
    party.service.roster = ROSTER
    party.service.faults = faults

    failure(lambda: party.channel().fetch_roster("", TIMEOUT_S))
