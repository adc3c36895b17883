"""What the page answers over a real connection, with the core's stage behind it in place of a
whole gate: doors, headers, forms, streams, limits."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent import __version__
from agent.config import load_config
from agent.config.page_settings import PageSettings
from agent.config.settings import Config, OperatorSettings
from agent.core.events import DeviceWent, Event, Failure
from agent.core.moment import Moment
from agent.core.outage.procedure_records import By, StepTaken
from agent.core.paper.dialogue import locked_ms
from agent.core.paper.paper_records import PAGE, CodeRefused, ReferenceGot
from agent.core.refusals import Refused
from agent.desk import Desk
from agent.desk.status import as_text
from agent.doctor.page import examined
from agent.journal import fault
from agent.locale import LANGUAGES
from agent.paper.operator_code import made
from agent.sandbox.authority import Authority
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Stage
from agent.web.door import ONE
from agent.web.glance import Seam
from agent.web.live import MOST_LISTENERS
from agent.web.opening import open_page, open_shut
from agent.web.rendering import words
from agent.web.server import MOST_CONNECTIONS, PageServer, PageUnserved

ACCESS, OPERATOR = "135790", "482915"
HASHES = made(ACCESS), made(OPERATOR)
GATE = """
[gate]
name = "noord-1"
roster = "roster.csv"
data_dir = "data"
[site]
name = "Werf <Noord> & Zuid"
declaration = "1Y1000NF9KCQZ"
company = "0448181966"
[[employers]]
number = "0448181966"
name = "De Linde"
[[readers]]
[[channels]]
name = "rsz"
certificate = "gate.crt"
key = "gate.key"
"""
MINUTE_MS = 60_000


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Behind:
    """A gate of values at seven o'clock, and its page."""

    stage: Stage
    config: Config
    writes: bool = True
    looked_ago_ms: int = 0
    server: PageServer | None = None
    url: str = ""
    verify: Any = False

    def seam(self) -> Seam:
        desk = Desk(lambda: self.stage.state, lambda: self.stage.at, self.decide, self.config)
        return Seam(
            config=self.config,
            state=lambda: self.stage.state,
            now=lambda: self.stage.at,
            ask=lambda question: desk.answer({**question, "by": PAGE}),
            looked=self._looked,
            writes=lambda: self.writes,
        )

    def _looked(self) -> Moment:
        now = self.stage.at
        return replace(now, mono_ms=now.mono_ms - self.looked_ago_ms)

    def decide(self, event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        before = len(self.stage.replies)
        self.stage.do(event_for(1))
        (reply,) = self.stage.replies[before:][:1]
        return reply.done, reply.text, reply.why

    def refused(self) -> None:
        """Two people came, and for ten minutes the service refuses them."""
        self.stage.fails["rsz"] = Failure("AnswerUnreadable", "x")
        self.stage.taps(2)
        self.stage.run(self.stage.unix_ms + 10 * MINUTE_MS)

    def browser(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.verify, timeout=30.0, **more)

    def within(self, *, operator: bool = False, who: str = "An Peeters") -> httpx.Client:
        """A browser that knows a code."""
        with self.browser() as client:
            self.enter(client, ACCESS, who=who)
            if operator:
                self.enter(client, OPERATOR, operator=True)
            assert client.cookies
        return self.browser(cookies=client.cookies)

    def enter(
        self, client: httpx.Client, code: str, *, operator: bool = False, who: str = ""
    ) -> httpx.Response:
        form = {"code": code, "who": who, **({"as": "operator"} if operator else {})}
        return client.post("/enter", data=form)

    @property
    def records(self) -> list[Any]:
        return [entry.record for entry in self.stage.entries]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Callable[..., Behind]]:
    """Opens a page; `page` and `operator` as in the configuration."""
    (tmp_path / "data").mkdir()
    file = tmp_path / "werfpoort.toml"
    file.write_text(GATE, encoding="utf-8")
    servers = []

    def open_one(scheme: str = "http", verify: Any = False, **page: Any) -> Behind:
        config = load_config(file)
        port = free_port()
        given = {"listen": f"127.0.0.1:{port}", "code": HASHES[0], **page}
        config = replace(
            config, page=PageSettings(**given), operator=OperatorSettings(code=HASHES[1])
        )
        rules = replace(rules_of({}, config.zone), firm="0448181966")
        seven = dt.datetime(2026, 11, 24, 7, 0, tzinfo=config.zone)
        stage = Stage(rules, dict(well_scene(rules.facts)), round(seven.timestamp() * 1000))
        stage.begin(past_of({}, seven.date(), rules))
        opened = Behind(stage, config, url=f"{scheme}://127.0.0.1:{port}", verify=verify)
        opened.server = open_page(opened.seam())
        servers.append(opened.server)
        return opened

    yield open_one
    for server in servers:
        server.stop()


def token(client: httpx.Client) -> str:
    found = re.search(r'name="token" value="([\w-]+)"', client.get("/").text)
    assert found is not None
    return found[1]


# --- whoever asks ---------------------------------------------------------------------------


def test_every_answer_forbids_what_a_page_does_not_need(behind: Any) -> None:
    page = behind()
    with page.browser() as client:
        for address in ("/", "/enter", "/healthz", "/nothing", "/live?seen=x", "/static/x/page.js"):
            with client.stream("GET", address) as answer:
                told = answer.headers
            policy = dict(
                part.strip().split(" ", 1) for part in told["content-security-policy"].split(";")
            )
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == "'self'"
            assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert told["x-content-type-options"] == "nosniff"
            assert told["cache-control"] == "no-store"
            assert "server" not in told
        shown = client.get("/").text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", shown)
        assert "Werf &lt;Noord&gt; &amp; Zuid" in shown
        kept = re.findall(r'"(/static/[\w/.]+)"', shown)
        assert len(kept) >= 3
        assert all("immutable" in client.get(one).headers["cache-control"] for one in kept)
        assert not re.search(r"(src|href|action)=\"(https?:)?//", shown)  # nothing of others


def test_only_a_name_of_this_machine_is_answered(behind: Any) -> None:
    page = behind(names=("gate.example.be",))
    with page.browser() as client:
        for host, status in (
            ("evil.example", 421),
            ("", 421),
            ("127.0.0.1.evil.example", 421),
            ("GATE.example.be:8417", 200),
            ("localhost", 200),
            ("192.168.1.20:8417", 200),
            ("[fe80::1]:8417", 200),
        ):
            assert client.get("/", headers={"host": host}).status_code == status, host


def test_a_form_of_another_page_does_nothing(behind: Any) -> None:
    page = behind()
    page.refused()
    with page.within() as client:
        form = {"incident": "i1", "step": "phone-no", "token": token(client)}
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            assert client.post("/do/step", data=form, headers=headers).status_code == 403
        for stale in ({**form, "token": "guessed"}, {**form, "token": ""}, {"step": "phone-no"}):
            assert client.post("/do/step", data=stale).status_code == 403
        assert not any(isinstance(r, StepTaken) and r.by is By.PAGE for r in page.records)
        origin = {"origin": page.url, "sec-fetch-site": "same-origin"}
        assert client.post("/do/step", data=form, headers=origin).status_code == 303


def test_what_is_no_form_is_refused_and_nothing_hangs(behind: Any) -> None:
    page = behind()
    with page.browser() as client:
        assert client.post("/enter", content=b"x" * 20_000).status_code == 413
        assert client.post("/enter", content=b"\xff\xfe").status_code in (403, 503)
        endless = client.post("/enter", content=iter([b"y" * 9_000] * 3))
        assert endless.status_code == 503
        assert client.put("/").status_code == 404
        assert client.post("/do/nothing").status_code == 303  # to the code first
    with page.within() as client:
        for deed, form in (
            ("nothing", {}),
            ("step", {"incident": "i1", "step": "exempt"}),
            ("step", {"incident": "i1"}),
            ("filled", {"number": "x", "count": "many"}),
            ("reference", {"number": "x", "how": "guessed"}),
        ):
            answer = client.post(f"/do/{deed}", data={**form, "token": token(client)})
            assert answer.status_code == 400, deed


# --- the codes ------------------------------------------------------------------------------


def test_wrong_codes_lock_their_own_address_and_no_other(behind: Any) -> None:
    page = behind()
    with page.browser() as client:
        told = [page.enter(client, "000000").status_code for _ in range(ONE.free + 1)]
        assert told == [403] * (ONE.free + 1)
        locked = page.enter(client, ACCESS)
        assert locked.status_code == 429
        assert "10 seconden" in locked.text
    with page.browser(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as other:
        assert page.enter(other, ACCESS).status_code == 303


def test_the_operators_code_is_taken_after_the_access_code_alone(behind: Any) -> None:
    page = behind()
    with page.browser(follow_redirects=True) as client:
        for _ in range(ONE.free + 3):  # a stranger is led to the access code, and nothing is tried
            led = page.enter(client, "000000", operator=True)
            assert "Eerst de toegangscode, daarna de operatorcode." in led.text
        assert not any(isinstance(record, CodeRefused) for record in page.records)
        form = dict(re.findall(r'name="(next|as)" value="([^"]+)"', led.text))
        then = client.post("/enter", data={**form, "code": ACCESS, "who": "An"})
        assert "<h1>Operatorcode</h1>" in then.text
        page.enter(client, OPERATOR, operator=True)
        listed = client.get("/lists/1.pdf", follow_redirects=False)
        assert listed.status_code == 404  # there is no list; the code would be asked for with 303


def test_no_wrong_code_on_the_page_locks_the_keypad(behind: Any) -> None:
    page = behind()
    with page.within() as client:
        told = [page.enter(client, "000000", operator=True).status_code for _ in range(5)]
    assert told == [403] * (ONE.free + 1) + [429] * (4 - ONE.free)
    assert page.records.count(CodeRefused(PAGE)) == ONE.free + 1
    assert locked_ms(page.stage.state.papers, page.stage.at) == 0


def test_the_cookie_is_hidden_strict_and_under_tls_secure(behind: Any, tmp_path: Path) -> None:
    plain = behind()
    with plain.browser() as client:
        (cookie,) = plain.enter(client, ACCESS).headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    authority = Authority()
    files = authority.server("127.0.0.1").write(tmp_path, "page")
    page = behind("https", authority.client_context(), certificate=files[0], key=files[1])
    with page.browser() as client:
        answer = page.enter(client, ACCESS)
        (cookie,) = answer.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-werfpoort=")
        assert "Secure" in cookie
        assert client.get("/here").status_code == 200
    assert page.server is not None
    assert page.server.address.startswith("https://")


def test_a_proxy_is_believed_only_where_it_is_configured(behind: Any) -> None:
    def guess(page: Behind, address: str, code: str = "000000") -> int:
        headers = {"x-forwarded-for": address, "x-forwarded-proto": "https"}
        with page.browser(headers=headers) as client:
            return page.enter(client, code).status_code

    page = behind(proxy="127.0.0.1")
    for _ in range(ONE.free + 1):
        guess(page, "10.0.0.7")
    assert guess(page, "10.0.0.7", ACCESS) == 429
    assert guess(page, "10.0.0.8", ACCESS) == 303
    lone = behind()
    for n in range(ONE.free + 1):
        guess(lone, f"10.0.0.{n}")
    assert guess(lone, "10.0.0.99", ACCESS) == 429  # all of them are this machine


def test_what_is_done_on_the_page_is_journaled_with_its_way_and_name(behind: Any) -> None:
    page = behind()
    page.refused()
    with page.within(who="An  Peeters ") as client:
        key = token(client)
        step = {"incident": "i1", "step": "phone-no", "token": key}
        assert client.post("/do/step", data=step).status_code == 303
        number = {"number": "RSZ-47/A", "how": "form", "token": key}
        answer = client.post("/do/reference", data=number)
        assert answer.headers["location"] == "/enter?as=operator"
        assert not any(isinstance(r, ReferenceGot) for r in page.records)
    (taken,) = (r for r in page.records if isinstance(r, StepTaken) and r.by is By.PAGE)
    assert (taken.step.value, taken.who) == ("phone-no", "An Peeters")
    with page.within(operator=True) as client:
        number["token"] = token(client)
        assert client.post("/do/reference", data=number).status_code == 303
        assert "Gedaan." in client.get("/").text
        client.post("/do/reference", data={**number, "number": "!"})
        refused = client.get("/").text
        assert "Niet gedaan:" in refused
        assert "4 tot 32 letters en cijfers" in refused
        assert "Niet gedaan:" not in client.get("/").text  # it is said once
    (got,) = (r for r in page.records if isinstance(r, ReferenceGot))
    assert (got.number, got.how, got.by) == ("RSZ-47/A", "form", "page")


def test_why_a_channel_fails_and_what_a_list_lacks_is_said_in_each_language(behind: Any) -> None:
    page = behind()
    page.refused()
    with page.within(operator=True) as client:
        client.post("/do/list", data={"token": token(client)})
        for language in LANGUAGES:
            said = html.unescape(client.get(f"/?lang={language}").text)
            own = {
                key: words(language)(key) for key in ("fails.AnswerUnreadable", "lacks.reference")
            }
            assert all(text in said for text in own.values()), language
            assert "werfpoort fallback enter" not in said
    other = behind()
    other.stage.fails["rsz"] = Failure("SomethingNew", "never seen before")
    other.stage.taps(1)
    with other.browser() as client:
        said = client.get("/").text
    assert words("nl")("fails.other") in said
    assert "never seen before" in said


def test_why_a_button_did_nothing_is_said_in_each_language(behind: Any) -> None:
    page = behind()
    page.refused()
    own = {"incident": "i1", "cause": "own"}
    deeds = (
        ("reference", {"number": "!", "how": "form"}, Refused.NO_NUMBER),
        ("list", {"addendum": "yes"}, Refused.NO_LIST_YET),
        ("copy", {"number": "of-nobody"}, Refused.NO_SUCH_LIST),
        ("looked", {"number": ""}, Refused.NOTHING_TO_SEE),
        ("filled", {"number": "", "count": "3"}, Refused.NO_BLANK_LINES),
        ("step", {"incident": "i9", "step": "phone-no"}, Refused.NO_INCIDENT),
        ("confirm", {**own, "incident": "i9"}, Refused.NO_INCIDENT),
    )
    with page.within(operator=True) as client:
        key = token(client)
        for language, (deed, form, why) in product(LANGUAGES, deeds):
            client.post(f"/do/{deed}", data={**form, "token": key})
            said = html.unescape(client.get(f"/?lang={language}").text)
            assert words(language)(f"refused.{why}") in said, (language, deed)
            assert '<span lang="en">' not in said
        client.post("/do/confirm", data={**own, "token": key})
        client.post("/do/confirm", data={**own, "cause": "provider", "token": key})
        assert words("nl")("refused.own-cause") in html.unescape(client.get("/?lang=nl").text)
        form = {"number": "RSZ-47/A", "how": "form", "expected": "Nobody Known"}
        client.post("/do/reference", data={**form, "token": key})
        said = html.unescape(client.get("/?lang=fr").text)
        assert words("fr")("refused.unknown-worker") in said
        assert "Nobody Known" in said  # which of those that were typed


def test_why_a_device_does_not_work_is_said_in_each_language(behind: Any) -> None:
    page = behind()
    for device, kind in (("entrance", "DeviceLost"), ("exit", "SomethingNew")):
        page.stage.do(DeviceWent(page.stage.at, device, f"{device} is gone", "look", kind))
    with page.browser() as client:
        for language in LANGUAGES:
            said = html.unescape(client.get(f"/?lang={language}").text)
            assert words(language)("ails.DeviceLost") in said, language
            assert words(language)("ails.other") in said, language
            assert "entrance is gone; to do: look" in said  # for whoever is called


def test_who_must_act_on_a_registration_is_said_in_each_language(behind: Any) -> None:
    page = behind()
    page.refused()
    page.stage.run(page.stage.unix_ms + 17 * 60 * MINUTE_MS)  # midnight comes first
    with page.within() as client:
        for language in LANGUAGES:
            said = html.unescape(client.get(f"/?lang={language}").text)
            for key in ("concern.midnight-unsent", "act.tell", "who.manager"):
                assert words(language)(key) in said, (language, key)
    with page.browser() as client:  # who needs somebody is not for everybody
        assert words("nl")("concern.midnight-unsent") not in client.get("/").text


def test_warnings_are_in_the_language_of_the_page(behind: Any) -> None:
    page = behind()
    page.server.stop()
    seam = page.seam()

    def ask(question: Any) -> Any:
        answer = seam.ask(question)
        if question["ask"] == "status":
            answer["status"]["falls"] = 3
        return answer

    server = open_page(replace(seam, ask=ask))
    try:
        with page.browser() as client:
            assert "de software viel 3 keer uit binnen een uur" in client.get("/").text
            assert "die Software fiel 3 Mal binnen einer Stunde aus" in client.get("/?lang=de").text
        assert "the agent fell 3 times within an hour" in as_text(ask({"ask": "status"})["status"])
    finally:
        server.stop()


def test_a_national_number_that_was_typed_for_a_name_is_not_repeated_in_full(behind: Any) -> None:
    page = behind()
    page.refused()
    with page.within(operator=True) as client:
        form = {"number": "RSZ-47/A", "expected": "85.01.15-123.55", "token": token(client)}
        assert client.post("/do/reference", data=form).status_code == 303
        told = client.get("/").text
    assert "workers of the roster are 850115•••55" in told
    assert "123.55" not in told


# --- what leaves the gate -------------------------------------------------------------------


def leaves(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """Every page that links lead to, in every language, and the stream; with its address."""
    seen: set[str] = set()
    wanted = [f"/?lang={language}" for language in LANGUAGES] + ["/nothing"]
    while wanted:
        address = wanted.pop()
        if address in seen or address.endswith(".pdf"):
            continue
        seen.add(address)
        answer = client.get(address)
        yield address, f"{answer.headers} {answer.text}"
        wanted += re.findall(r'(?:href|action|src|content)="(/[^"]*)"', answer.text)
    with client.stream("GET", "/live?seen=") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield "/live", "".join(json.loads(line[6:]).values())
                return


def test_no_page_stream_or_address_holds_a_national_number_and_names_only_after_the_code(
    behind: Any,
) -> None:
    page = behind()
    page.refused()
    workers = [one.worker for one in page.stage.state.book.listed.values()]
    numbers = [w.inss for w in workers] + [
        f"{w.inss[:2]}.{w.inss[2:4]}.{w.inss[4:6]}-{w.inss[6:9]}.{w.inss[9:]}" for w in workers
    ]
    here = [o.person for o in page.stage.state.ledger.obligations.values()]
    names = {f"{p.surname} {p.given_name}" for p in here}
    assert len(names) == 2
    with page.within(operator=True) as client:
        number = {"number": "RSZ-47/A", "token": token(client)}
        client.post("/do/reference", data=number)
    for client, named in (
        (page.browser(), False),
        (page.within(), True),
        (page.within(operator=True), True),
    ):
        with client:
            told = list(leaves(client))
        assert len({address for address, _ in told}) >= 12
        assert "/live" in dict(told)
        for address, text in told:
            assert not any(number in text or number in address for number in numbers), address
            assert not any(p.surname in address for p in here)
            assert named or not any(name in text for name in names), address
        assert any(name in text for _, text in told for name in names) is named


def test_whoever_asks_for_health_learns_how_the_gate_is_and_nothing_else(behind: Any) -> None:
    page = behind()
    with page.browser() as client:
        well = client.get("/healthz")
        assert well.status_code == 200
        assert well.json().keys() == {"well", "loop", "journal_written"}
        assert f"Werfpoort {__version__}" not in client.get("/enter").text
        page.writes = False
        assert client.get("/healthz").status_code == 503
        assert "buiten dienst" in client.get("/").text
        page.writes, page.looked_ago_ms = True, 100_000
        assert client.get("/healthz").json()["loop"] == "stuck"
    with page.within() as client:
        assert f"Werfpoort {__version__}" in client.get("/enter").text


# --- streams --------------------------------------------------------------------------------


def test_a_stream_tells_only_what_has_changed(behind: Any) -> None:
    page = behind()
    with page.browser() as client:
        digest = re.search(r"/live\?seen=(\w+)", client.get("/").text)
        assert digest is not None
        with client.stream("GET", f"/live?seen={digest[1]}") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = (line for line in stream.iter_lines() if line.startswith("data: "))
            page.stage.taps(1)
            told = json.loads(next(lines)[6:])
            assert {"numbers", "firms"} <= told.keys()
            assert "status" not in told


def test_a_stream_ends_with_the_session_whose_names_it_shows(behind: Any) -> None:
    page = behind()
    with (
        page.within() as client,
        page.browser(cookies=client.cookies) as listener,
        listener.stream("GET", "/live?seen=") as stream,
    ):
        lines = stream.iter_lines()
        next(line for line in lines if line.startswith("data: "))
        client.post("/leave", data={"token": token(client)})
        page.stage.taps(1)
        assert next(line for line in lines if line) == "event: changed"
        assert [line for line in lines if line not in ("", "data: {}")] == []


def test_more_listeners_than_enough_are_turned_away_and_a_place_is_free_again(
    behind: Any,
) -> None:
    page = behind()
    with page.browser() as client, ExitStack() as streams:
        listening = [
            streams.enter_context(client.stream("GET", "/live?seen="))
            for _ in range(MOST_LISTENERS)
        ]
        heard = [one.iter_lines() for one in listening]
        assert {next(lines) for lines in heard} == {"retry: 3000"}
        assert page_is_full(client)
        listening[0].close()
        until = time.monotonic() + 20
        while page_is_full(client):
            assert time.monotonic() < until
            time.sleep(0.05)


def page_is_full(client: httpx.Client) -> bool:
    with client.stream("GET", "/live?seen=") as stream:
        return stream.status_code == 503


def test_a_stop_ends_every_stream_at_once(behind: Any) -> None:
    page = behind()
    with page.browser() as client, client.stream("GET", "/live?seen=") as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line.startswith("data: "))
        begun = time.monotonic()
        assert page.server is not None
        page.server.stop()
        list(lines)
        assert time.monotonic() - begun < 2.0


def test_more_connections_than_the_gate_can_bear_are_closed_and_it_recovers(behind: Any) -> None:
    page = behind()
    port = int(page.url.rpartition(":")[2])
    held = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(MOST_CONNECTIONS + 20)]
    for one in held:
        one.settimeout(5)
    assert [one.recv(1) for one in held[MOST_CONNECTIONS:]] == [b""] * 20
    for one in held:
        one.close()
    with page.browser(transport=httpx.HTTPTransport(retries=5)) as client:
        assert client.get("/healthz").status_code == 200


# --- what the doctor says --------------------------------------------------------------------


def test_the_doctor_tells_whether_the_page_answers(behind: Any, tmp_path: Path) -> None:
    def told(page: PageSettings, after: dt.timedelta = dt.timedelta()) -> dict[str, str]:
        verdicts = examined(page, dt.datetime.now(dt.UTC) + after)
        return {verdict.part: f"{verdict.grade.name} {verdict.found}" for verdict in verdicts}

    files = Authority().server("gate").write(tmp_path, "page")
    page = behind("https", certificate=files[0], key=files[1])
    settings = page.config.page
    well = told(settings)
    assert well["page"] == f"WELL answers at {settings.listen}, to this machine alone"
    assert well["certificate of the page"].startswith("WARNING")  # it holds for 30 days
    assert told(settings, dt.timedelta(days=40))["certificate of the page"].startswith("BROKEN")
    page.writes = False
    assert "is not well" in told(settings)["page"]
    page.server.stop()
    assert told(settings)["page"].startswith(f"BROKEN {settings.listen} does not answer")
    assert told(PageSettings()) == {"page": "UNTRIED there is none"}


# --- what cannot be opened ------------------------------------------------------------------


def test_while_the_journal_cannot_be_opened_every_address_says_why_and_what_to_do(
    behind: Any,
) -> None:
    page = behind()
    assert page.server is not None
    page.server.stop()  # a gate that is reloaded while its disk takes no writes
    told = ["journal: disk is <full>", "call <support>"]
    server = open_shut(page.config, lambda: (told[0], told[1]))
    try:
        with page.browser() as client:
            for address in ("/", "/here", "/incidents", "/enter?as=operator", "/lists/1.pdf"):
                answer = client.get(address)
                assert answer.status_code == 503
                assert "Badges worden geweigerd" in answer.text
                assert "journal: disk is &lt;full&gt;" in answer.text
                assert "call &lt;support&gt;" in answer.text
                assert answer.headers["refresh"] == "10; url=/?lang=nl"
            assert client.post("/enter", data={"code": ACCESS}).status_code == 503
            assert client.get("/", headers={"host": "evil.example"}).status_code == 421
            told[:] = "journal: read-only", fault.READ_ONLY
            assert "journal: read-only" in client.get("/?lang=fr").text
            assert "Les badges sont refusés" in client.get("/?lang=fr").text
            assert words("fr")("mend.read-only") in html.unescape(client.get("/?lang=fr").text)
            assert client.get("/live").text.startswith("event: changed\n")
            style = re.search(r'href="(/static/[^"]+css)"', client.get("/").text)
            assert style is not None
            assert client.get(style[1]).status_code == 200
        verdict = next(examined(page.config.page, dt.datetime.now(dt.UTC)))
        assert "is not well" in verdict.found
    finally:
        server.stop()
    page.server = open_page(page.seam())  # the same address again, at once
    with page.browser() as client:
        assert client.get("/healthz").status_code == 200
    page.server.stop()


def test_a_page_that_cannot_be_opened_says_why_and_what_to_do(behind: Any, tmp_path: Path) -> None:
    page = behind()
    taken = replace(page.config, page=replace(page.config.page))
    with pytest.raises(PageUnserved, match=r"cannot listen at 127\.0\.0\.1") as refused:
        open_page(replace(page.seam(), config=taken))
    assert "[page].listen" in refused.value.hint
    authority = Authority()
    one, other = (
        authority.server("a").write(tmp_path, "a"),
        authority.server("b").write(tmp_path, "b"),
    )
    wrong = replace(page.config.page, certificate=one[0], key=other[1])
    with pytest.raises(PageUnserved, match="certificate cannot be used"):
        open_page(replace(page.seam(), config=replace(page.config, page=wrong)))
    assert isinstance(page.verify, bool | ssl.SSLContext)
