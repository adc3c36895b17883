"""The roster of a supplier takes the place of the file, after the same checks, or not at all."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.channels import open_channel
from agent.channels.supplier import Supplier
from agent.config.settings import ChannelSettings
from agent.core.events import Event, JournalMade, RosterOffered, RosterUnreadable
from agent.core.gate import State, step
from agent.core.moment import Moment
from agent.core.rules import Rules
from agent.roster.supplier import SupplierRoster
from agent.roster.watch import offer
from agent.sandbox.authority import Authority
from agent.sandbox.faults import Faults
from agent.sandbox.people import DECLARATION, crew, roster_csv
from agent.sandbox.serving import HttpsServer
from agent.sandbox.supplier import BASE_PATH, SupplierService

PEOPLE = crew(6, random.Random(6))
AT = Moment(round(dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp() * 1000), 0, "b")


class Site:
    """A gate with a roster of six, and a supplier over real HTTPS."""

    def __init__(self, folder: Path) -> None:
        authority = Authority()
        (folder / "ca.pem").write_bytes(authority.pem)
        token = folder / "token"
        token.touch(0o600)
        token.write_text("made-up")
        self.service = SupplierService(lambda: dt.datetime.now(dt.UTC), {"made-up": "gate"})
        self.server = HttpsServer(self.service, authority.server_context())
        self.server.start()
        settings = ChannelSettings(
            name="huis",
            kind="supplier",
            address=self.server.address + BASE_PATH,
            ca_file=folder / "ca.pem",
            token_file=token,
        )
        channel = open_channel(settings)
        assert isinstance(channel, Supplier)
        self.channel = channel
        self.file = folder / "roster.csv"
        self.file.write_text(roster_csv(PEOPLE), encoding="utf-8")
        self.state = State(Rules(ZoneInfo("Europe/Brussels"), DECLARATION))
        self.events: list[Event] = []
        self._do(JournalMade(AT, "j", "g", True))
        self.looked_at()
        self.roster = SupplierRoster(
            "huis", channel, 20.0, self.file, DECLARATION,
            lambda: self.state, lambda: AT, self.events.append,
        )  # fmt: skip

    def _do(self, event: Event) -> None:
        self.state, _ = step(self.state, event)

    def looked_at(self) -> None:
        """What `RosterWatch` does when the file is another one."""
        event = offer(self.file, DECLARATION, AT)
        assert isinstance(event, RosterOffered)
        self._do(event)

    @property
    def asked(self) -> list[str]:
        return [call.outcome for call in self.service.calls if call.operation == "getRoster"]

    def close(self) -> None:
        self.channel.close()
        self.server.stop()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


def test_a_roster_of_the_supplier_takes_the_files_place_and_comes_once(site: Site) -> None:
    site.service.roster = roster_csv(PEOPLE[:5]).encode()
    site.roster.look()
    assert site.file.read_bytes() == site.service.roster
    assert site.file.stat().st_mode & 0o777 == 0o640
    site.looked_at()
    assert len(site.state.book.listed) == 5
    before = site.file.stat().st_mtime_ns
    site.roster.look()
    assert site.file.stat().st_mtime_ns == before
    assert len(site.asked) == 2
    assert (site.roster.problem, site.events) == ("", [])


@pytest.mark.parametrize(
    ("roster", "said"),
    [
        (roster_csv(PEOPLE[:2]).encode(), "more than a third"),
        (b"name,age\nAn,30\n", ""),
        (b"\xff\xfe rubbish", ""),
    ],
)
def test_a_roster_that_is_not_fit_changes_nothing_and_is_told_once(
    site: Site, roster: bytes, said: str
) -> None:
    kept = site.file.read_bytes()
    site.service.roster = roster
    for _ in range(3):
        site.roster.look()
    assert site.file.read_bytes() == kept
    (event,) = site.events
    assert isinstance(event, RosterUnreadable)
    assert said in event.reason
    assert site.roster.problem == event.reason
    assert all(person.worker.inss not in event.reason for person in PEOPLE)
    site.service.roster = roster_csv(PEOPLE).encode()
    site.roster.look()
    assert site.roster.problem == ""


def test_a_supplier_that_fails_leaves_the_old_roster_in_force(site: Site) -> None:
    kept = site.file.read_bytes()
    site.service.roster = roster_csv(PEOPLE[:5]).encode()
    site.service.faults = Faults(status=503)
    site.roster.look()
    site.roster.look()
    assert site.file.read_bytes() == kept
    assert len(site.events) == 1
    assert "503" in site.roster.problem
    site.service.faults = Faults()
    site.roster.look()
    assert (site.roster.problem, site.file.read_bytes()) == ("", site.service.roster)


def test_a_roster_that_could_not_be_written_is_taken_once_there_is_space(site: Site) -> None:
    site.service.roster = roster_csv(PEOPLE[:5]).encode()
    in_the_way = site.file.with_name(site.file.name + ".supplier")
    in_the_way.mkdir()
    site.roster.look()
    assert "writable" in site.roster.problem
    in_the_way.rmdir()
    site.roster.look()
    assert (site.roster.problem, site.file.read_bytes()) == ("", site.service.roster)


def test_what_is_larger_than_a_third_less_can_be_forced_from_where_it_lies(site: Site) -> None:
    site.service.roster = roster_csv(PEOPLE[:2]).encode()
    site.roster.look()
    beside = Path(site.roster.problem.split("import ")[1].split(" --force")[0])
    assert beside.read_bytes() == site.service.roster
