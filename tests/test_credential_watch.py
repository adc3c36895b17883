"""What a channel proves itself with ends some day: it is told in time, and once."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import jwt
import pytest

from agent.channels.credentials import end_of_token
from agent.config.settings import ChannelSettings
from agent.core import gate
from agent.core.commands import Record
from agent.core.delivery.credential_records import CredentialExpiring, CredentialRenewed
from agent.core.events import CredentialSeen, Event, JournalMade, Started, TimePassed
from agent.core.moment import Moment, Trust
from agent.core.records import LASTING, DayBegan, Entry, kind_of
from agent.core.rules import Rules
from agent.core.state import State
from agent.credential_watch import GLANCE_S, CredentialWatch
from agent.desk.status import as_text, status
from agent.sandbox.authority import Authority

RULES = Rules(ZoneInfo("Europe/Brussels"), "1Y1000NF9KCQZ")
DAY_MS = 86_400_000
NOW = dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC)


class Gate:
    def __init__(self) -> None:
        self.state = State(RULES)
        self.entries: list[Entry] = []
        self.ms = 0
        self.trust = Trust.NTP
        self.do(JournalMade(self.at, "j", "gate", False))
        self.do(Started(self.at, "1"))

    @property
    def at(self) -> Moment:
        return Moment(round(NOW.timestamp() * 1000) + self.ms, self.ms, "b", self.trust)

    def do(self, event: Event) -> None:
        seq = self.state.seq
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            if isinstance(command, Record):
                seq += 1
                record = command.record
                self.entries.append(Entry(seq, event.at, kind_of(record), record))

    def seen(self, until: dt.datetime, channel: str = "rsz") -> None:
        self.do(CredentialSeen(self.at, channel, "certificate", until))

    def told(self) -> list[tuple[str, int]]:
        records = (entry.record for entry in self.entries)
        return [(r.channel, r.days) for r in records if isinstance(r, CredentialExpiring)]


def test_each_threshold_is_journaled_once_over_days_and_restarts() -> None:
    site, until = Gate(), NOW + dt.timedelta(days=40)
    for _ in range(42):
        for _ in range(3):
            site.seen(until)
        site.do(Started(site.at, "1"))
        site.ms += DAY_MS
        site.do(TimePassed(site.at))
        began = [e.record for e in site.entries if isinstance(e.record, DayBegan)]
        kept = [e for e in site.entries if e.seq >= began[-1].base or e.kind in LASTING]
        assert gate.restore(RULES, kept) == site.state
    assert site.told() == [("rsz", days) for days in (30, 14, 3, 1, 0)]


def test_a_gate_that_was_off_tells_only_the_nearest_threshold() -> None:
    site = Gate()
    site.seen(NOW + dt.timedelta(days=2))
    assert site.told() == [("rsz", 3)]


def test_a_renewed_certificate_is_journaled_and_told_again_when_its_time_comes() -> None:
    site = Gate()
    site.seen(NOW + dt.timedelta(days=2))
    site.seen(NOW + dt.timedelta(days=400))
    assert any(isinstance(e.record, CredentialRenewed) for e in site.entries)
    assert site.state.expiries == {}
    site.ms += 395 * DAY_MS
    site.seen(NOW + dt.timedelta(days=400))
    assert site.told() == [("rsz", 3), ("rsz", 14)]


def test_a_clock_that_is_not_trusted_ends_no_certificate() -> None:
    site = Gate()
    site.trust = Trust.UNKNOWN
    site.seen(NOW - dt.timedelta(days=400))
    assert site.told() == []


# --- the files -----------------------------------------------------------------------------------


def test_the_watch_reads_the_end_of_a_certificate_and_takes_up_a_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site, events = Gate(), list[Event]()
    authority = Authority(now=NOW)
    pair = authority.sender("gate")
    paths = pair.write(tmp_path, "gate")
    settings = ChannelSettings(name="rsz", certificate=paths[0], key=paths[1])
    watch = CredentialWatch([settings], lambda: site.at, events.append)
    with caplog.at_level("DEBUG"):
        (seen,) = watch.look()
    assert seen.until is not None
    assert (seen.channel, seen.problem) == ("rsz", "")
    (event,) = events
    site.do(event)
    left = (seen.until - NOW).days
    assert watch.stand()["rsz"]["days_left"] == left

    key = paths[1].read_bytes()
    paths[1].write_bytes(b"rubbish")
    with caplog.at_level("DEBUG"):
        (broken,) = watch.look()
        watch.look()
    assert caplog.text.count(broken.problem) == 1
    stand = {**status(site.state, site.at), "credentials": watch.stand()}
    assert f"channel rsz: {broken.problem}; to do: {broken.hint}" in as_text(stand)
    paths[1].write_bytes(key)
    (mended,) = watch.look()
    assert mended.problem == ""
    assert "PRIVATE KEY" not in caplog.text


class Glances:
    """A clock on which one thing happens before each glance; then the agent stops."""

    def __init__(self, site: Gate, *happen: Callable[[], object]) -> None:
        self.now = lambda: site.at
        self._happen = list(happen)

    def sleep(self, seconds: float) -> bool:
        assert seconds == GLANCE_S
        if not self._happen:
            return True
        self._happen.pop(0)()
        return False


def test_another_file_is_taken_up_within_a_minute_and_said_once_it_is_whole(
    tmp_path: Path,
) -> None:
    site, events = Gate(), list[Event]()
    old, new = (Authority(now=NOW).sender(f"gate {n}") for n in range(2))
    paths = old.write(tmp_path, "gate")
    settings = ChannelSettings(name="rsz", certificate=paths[0], key=paths[1])
    watch = CredentialWatch([settings], lambda: site.at, events.append)
    watch.watch(
        Glances(
            site,
            lambda: None,
            lambda: paths[0].write_bytes(new.certificate_pem),
            lambda: paths[1].write_bytes(new.key_pem),
            lambda: None,
        )
    )
    assert [event.renewed for event in events if isinstance(event, CredentialSeen)] == [False, True]
    for event in events:
        site.do(event)
    (renewed,) = (e.record for e in site.entries if isinstance(e.record, CredentialRenewed))
    assert renewed.channel == "rsz"


def test_without_another_file_the_watch_looks_once_an_hour(tmp_path: Path) -> None:
    site, events = Gate(), list[Event]()
    paths = Authority(now=NOW).sender("gate").write(tmp_path, "gate")
    settings = ChannelSettings(name="rsz", certificate=paths[0], key=paths[1])
    watch = CredentialWatch([settings], lambda: site.at, events.append)
    watch.watch(Glances(site, *[lambda: None] * 119))
    assert len(events) == 2


def test_a_token_that_says_its_end_itself_is_believed_before_the_configuration(
    tmp_path: Path,
) -> None:
    site, events = Gate(), list[Event]()
    ends = NOW + dt.timedelta(days=20)
    token = tmp_path / "token"
    token.touch(0o600)
    settings = ChannelSettings(
        name="s", kind="supplier", token_file=token, valid_until="2027-11-30"
    )
    watch = CredentialWatch([settings], lambda: site.at, events.append)
    key = "of the supplier, whom the gate cannot ask to verify it"
    token.write_text(jwt.encode({"sub": "gate", "exp": int(ends.timestamp())}, key))
    assert watch.look()[0].until == ends
    site.do(events[-1])
    assert site.told() == [("s", 30)]
    for strange in (jwt.encode({"sub": "gate"}, key), "a.b.c", f"{'e' * 4000}.{'30'}."):
        token.write_text(strange)
        assert watch.look()[0].until == dt.datetime(2027, 12, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("end", ["never", -1e30, None, [1]])
def test_an_end_that_makes_no_sense_is_none(end: object) -> None:
    claims = json.dumps({"exp": end}).encode()
    parts = (b'{"alg":"HS256","typ":"JWT"}', claims, b"x")
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    assert end_of_token(token) is None


@pytest.mark.parametrize(
    ("left_s", "said"),
    [(-1, "has expired"), (5 * 86_400, "for 5 days more"), (29.9 * 86_400, "for 29 days more")],
)
def test_status_says_how_long_a_certificate_holds(left_s: float, said: str) -> None:
    site = Gate()
    days = int(left_s // 86_400)
    proof = {"what": "certificate", "until": "", "days_left": days, "problem": "", "to_do": ""}
    text = as_text({**status(site.state, site.at), "credentials": {"rsz": proof}})
    assert "channel rsz: its certificate" in text
    assert said in text


def test_the_end_of_a_key_or_token_stands_in_the_configuration(tmp_path: Path) -> None:
    site, events = Gate(), list[Event]()
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("made-up")
    settings = ChannelSettings(
        name="s", kind="supplier", token_file=token, valid_until="2026-11-30"
    )
    silent = ChannelSettings(name="t", kind="supplier", token_file=token)
    watch = CredentialWatch([settings, silent], lambda: site.at, events.append)
    seen, unknown = watch.look()
    assert seen.until == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert (unknown.until, unknown.problem) == (None, "")
    assert len(events) == 1
