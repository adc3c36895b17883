"""Somebody elsewhere hears of a silent gate and of what it needs, and never of a person."""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.config.settings import NoticeSettings
from agent.core.delivery.credential_records import CredentialExpiring, CredentialRenewed
from agent.core.moment import Moment, Trust
from agent.core.records import DeviceFailed, Entry, TapStored, Verdict, kind_of
from agent.core.rules import Rules
from agent.core.state import State, apply
from agent.notices import BEAT_MS, Notices, open_notices
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Faults
from agent.sandbox.people import crew
from agent.sandbox.serving import HttpAnswer, HttpRequest, HttpsServer
from agent.sandbox.site import VirtualSite

PATIENCE_S = 20.0
RULES = Rules(ZoneInfo("Europe/Brussels"), "1Y1000NF9KCQZ")


class Receiver:
    """Whoever is told: a dead-man's switch and a webhook on one server."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.status = 204
        self.beats = 0
        self.notices: list[dict[str, str]] = []

    def answer(self, request: HttpRequest) -> HttpAnswer:
        if self.status < 300:
            if request.method == "GET":
                self.beats += 1
            else:
                self.notices.append(json.loads(request.body))
        return HttpAnswer(self.status, {}, b"")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def settings(receiver: Receiver, authority: Authority, tmp_path: Path) -> Iterator[NoticeSettings]:
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    with HttpsServer(receiver, authority.server_context()) as server:
        yield NoticeSettings(
            heartbeat_url=f"{server.address}/beat",
            webhook_url=f"{server.address}/hook",
            ca_file=tmp_path / "ca.pem",
        )


def at(minutes: float, trust: Trust = Trust.NTP) -> Moment:
    ms = round(minutes * 60_000)
    return Moment(1_796_000_000_000 + ms, 1_000_000 + ms, "boot", trust)


@contextmanager
def opened(settings: NoticeSettings, state: Callable[[], State]) -> Iterator[Notices]:
    notices = open_notices(settings, "noord-1", state)
    assert notices is not None
    try:
        yield notices
    finally:
        notices.close()


def with_broken(state: State, device: str) -> State:
    record = DeviceFailed(device, "gone", "plug it in")
    return apply(state, Entry(state.seq + 1, at(0), kind_of(record), record))


def test_the_heartbeat_is_called_once_an_hour(receiver: Receiver, settings: NoticeSettings) -> None:
    with opened(settings, lambda: State(RULES)) as notices:
        for minute in range(121):
            notices.look(at(minute))
        assert receiver.beats == 1 + 120 * 60_000 // BEAT_MS


def test_what_begins_and_ends_is_told_once_each(
    receiver: Receiver, settings: NoticeSettings
) -> None:
    state = State(RULES)
    with opened(settings, lambda: state) as notices:
        notices.look(at(0))
        state = with_broken(state, "printer")
        for minute in range(1, 5):
            notices.look(at(minute))
        state = State(RULES)
        notices.look(at(5))
        told = [(n["subject"], n["state"]) for n in receiver.notices]
        assert told == [("device printer", "begins"), ("device printer", "ends")]
        assert receiver.notices[0]["gate"] == "noord-1"
        assert receiver.notices[0]["text"] == "gone; to do: plug it in"


def test_a_clock_that_is_not_trusted_is_told(receiver: Receiver, settings: NoticeSettings) -> None:
    with opened(settings, lambda: State(RULES)) as notices:
        notices.look(at(0, Trust.UNKNOWN))
    assert [n["subject"] for n in receiver.notices] == ["clock"]


def test_what_could_not_be_told_is_told_later(receiver: Receiver, settings: NoticeSettings) -> None:
    state = with_broken(State(RULES), "entrance")
    with opened(settings, lambda: state) as notices:
        receiver.status = 503
        notices.look(at(0))
        assert (receiver.beats, receiver.notices) == (0, [])
        receiver.status = 200
        notices.look(at(1))
        assert receiver.beats == 1
        assert [n["subject"] for n in receiver.notices] == ["device entrance"]


def test_a_receiver_that_fails_is_logged_once_with_the_mend(
    receiver: Receiver,
    settings: NoticeSettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver.status = 404
    with opened(settings, lambda: State(RULES)) as notices:
        for minute in range(5):
            notices.look(at(minute))
        (line,) = [record.getMessage() for record in caplog.records]
        assert "404" in line
        assert "[notices]" in line


def test_whoever_is_not_vouched_for_hears_nothing(
    receiver: Receiver, settings: NoticeSettings, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    with opened(settings, lambda: with_broken(State(RULES), "printer")) as notices:
        notices.look(at(0))
    assert (receiver.beats, receiver.notices) == (0, [])


def test_without_an_address_nobody_is_told() -> None:
    assert open_notices(NoticeSettings(), "noord-1", lambda: State(RULES)) is None


def test_a_broken_authority_is_logged_and_a_mended_one_taken_up_without_a_reload(
    receiver: Receiver, settings: NoticeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.ca_file is not None
    good = settings.ca_file.read_bytes()
    settings.ca_file.write_text("no authority")
    with opened(settings, lambda: State(RULES)) as notices:
        notices.look(at(0))
        (line,) = [record.getMessage() for record in caplog.records]
        assert "ca.pem holds no authority to trust" in line
        assert receiver.beats == 0
        settings.ca_file.write_bytes(good)
        notices.look(at(1))
        assert receiver.beats == 1


def test_a_certificate_that_ends_is_told_anew_at_each_threshold_until_it_is_renewed(
    receiver: Receiver, settings: NoticeSettings
) -> None:
    until = dt.datetime.fromtimestamp(at(0).unix_ms / 1000, dt.UTC) + dt.timedelta(days=20)
    seen = [
        CredentialExpiring("rsz", "certificate", 30, until),
        CredentialExpiring("rsz", "certificate", 14, until),
        CredentialRenewed("rsz", "certificate", until + dt.timedelta(days=365)),
    ]
    state = State(RULES)
    with opened(settings, lambda: state) as notices:
        for minute, record in enumerate(seen):
            state = apply(state, Entry(state.seq + 1, at(minute), kind_of(record), record))
            notices.look(at(minute))
            notices.look(at(minute + 0.5))
    told = [(n["subject"], n["state"]) for n in receiver.notices]
    assert told == [
        ("credential rsz, 30 days", "begins"),
        ("credential rsz, 14 days", "begins"),
        ("credential rsz, 30 days", "ends"),
        ("credential rsz, 14 days", "ends"),
    ]
    text = receiver.notices[0]["text"]
    assert f"the certificate of channel rsz ends on {until:%Y-%m-%d}" in text
    assert "order a new one" in text


def test_an_unknown_badge_is_told_as_a_number_of_them(
    receiver: Receiver, settings: NoticeSettings
) -> None:
    state = State(RULES)
    tap = TapStored("entrance", "any", "04FEDCBA987654", Verdict.UNKNOWN)
    state = apply(state, Entry(1, at(0), kind_of(tap), tap))
    with opened(settings, lambda: state) as notices:
        notices.look(at(0))
    (notice,) = receiver.notices
    assert notice["subject"] == "unknown badges"
    assert notice["text"].startswith("1 today")
    assert "FEDCBA" not in json.dumps(notice)


def test_a_real_agent_beats_from_its_start_on(
    receiver: Receiver, settings: NoticeSettings, tmp_path: Path
) -> None:
    with VirtualSite(tmp_path, crew(2, random.Random(2))) as site:
        site.stop_agent()
        with site.config.open("a") as config:
            config.write(
                f'\n[notices]\nheartbeat_url = "{settings.heartbeat_url}"\n'
                f'ca_file = "{settings.ca_file}"\n'
            )
        site.start_agent()
        until = time.monotonic() + PATIENCE_S
        while not receiver.beats and time.monotonic() < until:
            time.sleep(0.1)
    assert receiver.beats == 1
