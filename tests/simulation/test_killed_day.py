"""A day of the real agent, in a process of its own and a world's time, killed (SIGKILL) ten times.

All three services stand behind HTTPS, on each something is wrong most of the time, and at each kill
a badge is being held to a reader. WERFPOORT_DAY_TAPS=600 plays as large a day as the soak.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.config import load_config
from agent.core import gate
from agent.core.obligations import Obligation, Outcome
from agent.core.records import AgentStarted, DayBegan, TapStored, kind_of
from agent.journal.rows import reading, rows
from agent.journal.verify import verify
from agent.sandbox import checkinout, supplier
from agent.sandbox.checkinout import CheckInOutService
from agent.sandbox.faults import Cut, Fault, Faults, Garbled
from agent.sandbox.people import EMPLOYERS, Person, crew
from agent.sandbox.presence_ledger import Entry as Accepted
from agent.sandbox.serving import HttpsServer
from agent.sandbox.site import Ground, VirtualSite
from agent.sandbox.supplier import SupplierService
from agent.sandbox.world_time import WorldTime
from drivers.emulators.nfc_cards import ntag213
from drivers.emulators.pn532 import Pn532Emulator

BRUSSELS = ZoneInfo("Europe/Brussels")
TAPS, KILLS = int(os.environ.get("WERFPOORT_DAY_TAPS", "60")), 10
BUILDING, CLEANING = EMPLOYERS
CLIENT, TOKEN = "virtual-gate", "made-up-token"
ANSWER_S = 20.0
POLL_S = 0.004
UNSETTLED = ("open", "being sent", "handed over")
NUMBER_AFTER = dt.timedelta(minutes=3)

MORE = """
[site.place]
latitude = 50.85
longitude = 4.35

[[employers]]
number = "{cleaning}"
name = "Cleaners"
duty = "checkinout"

[[readers]]
name = "exit"
direction = "out"
path = "{folder}/exit"

[[channels]]
name = "supplier"
kind = "supplier"
address = "{supplier}"
token_file = "{folder}/token"
ca_file = "{folder}/authority.crt"

[[channels]]
name = "cio"
kind = "checkinout"
address = "{cio}"
token_address = "{token_address}"
client_id = "{client}"
key = "{folder}/gate.key"
ca_file = "{folder}/authority.crt"
"""
TROUBLES = (
    Faults(latency_s=0.3),
    Faults(unreachable=True),
    Faults(silent=True),
    *(Faults(cut=cut) for cut in Cut),
    *(Faults(garbled=garbled) for garbled in Garbled),
    *(Faults(status=status) for status in (401, 403, 429, 500, 502)),
    *(Faults(fault=Fault(f"SOA-0{n}")) for n in (2001, 2002)),
    Faults(redirect_to="https://localhost/"),
    Faults(drip_body_s=0.01),
    Faults(drop_first=True),
)


class DaySite(VirtualSite):
    """The virtual site with an exit, a firm of cleaners, and all three services behind HTTPS."""

    def __init__(self, folder: Path, people: tuple[Person, ...], world: WorldTime) -> None:
        super().__init__(folder, people, ground=Ground(time=world))
        folder.joinpath("token").touch(0o600)
        folder.joinpath("token").write_text(TOKEN)
        ledger, now = self.service.ledger, world.now
        key = x509.load_pem_x509_certificate((folder / "gate.crt").read_bytes()).public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.cio = CheckInOutService(now, {CLIENT: pem}, ledger=ledger)
        self.supplier = SupplierService(
            now, {TOKEN: "gate"}, ledger=ledger, number_after=NUMBER_AFTER
        )
        context = self.authority.server_context(self.authority.server("127.0.0.1"))
        self._servers = [HttpsServer(each, context) for each in (self.cio, self.supplier)]

    def __enter__(self) -> Self:
        for server in self._servers:
            self._parts.enter_context(server)
        self.exit = self._parts.enter_context(Pn532Emulator(self.folder / "exit"))
        return super().__enter__()

    def start_agent(self) -> float:
        text = self.config.read_text()
        if "[site.place]" not in text:
            cio, taker = (server.address for server in self._servers)
            more = MORE.format(
                folder=self.folder,
                cleaning=CLEANING,
                client=CLIENT,
                cio=cio + checkinout.BASE_PATH,
                token_address=cio + checkinout.TOKEN_PATH,
                supplier=taker + supplier.BASE_PATH,
            )
            text = text.replace('name = "entrance"', 'name = "entrance"\ndirection = "in"')
            self.config.write_text(text + more)
        return super().start_agent()

    def spoil(self, luck: random.Random) -> None:
        """Something else is wrong with each service, or nothing."""
        for service in (self.service, self.cio, self.supplier):
            service.faults = luck.choice((*TROUBLES, *[Faults()] * (len(TROUBLES) // 2)))

    def mend(self) -> None:
        """Nothing is wrong any more."""
        for service in (self.service, self.cio, self.supplier):
            service.faults = Faults()

    def held(self, kind: type) -> int:
        """How many entries of a kind the journal holds."""
        with reading(self.folder / "data/journal.db") as journal:
            query = "SELECT count(*) FROM entry WHERE kind = ?"
            return int(journal.execute(query, (kind_of(kind),)).fetchone()[0])

    def hold(self, person: Person, way: str, kill_after_s: float | None = None) -> bool:
        """A badge is held to a reader until its tap is stored, or the agent is killed over it:
        whether it is."""
        before, since = self.held(TapStored), time.monotonic()
        reader = self.reader if way == "in" else self.exit
        card = ntag213(person.uid)
        reader.enter(card)
        while kill_after_s is not None or self.held(TapStored) == before:
            assert time.monotonic() - since < ANSWER_S, f"not stored within {ANSWER_S} s"
            if kill_after_s is not None and time.monotonic() - since >= kill_after_s:
                self.stop_agent(signal.SIGKILL)
                break
            time.sleep(POLL_S)
        reader.leave(card)
        return self.held(TapStored) > before


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldTime]:
    tomorrow = dt.datetime.now(BRUSSELS).date() + dt.timedelta(days=1)
    starts = dt.datetime.combine(tomorrow, dt.time(5), BRUSSELS)
    time_of_world = WorldTime(tmp_path / "time", starts - dt.datetime.now(dt.UTC))
    yield time_of_world
    time_of_world.close()


def pass_hours(world: WorldTime, hours: float) -> None:
    world.pass_to(world.now() + dt.timedelta(hours=hours))


def live_through(site: DaySite, world: WorldTime, people: Sequence[Person], seed: int) -> None:
    """Everybody comes and goes, and the agent is killed while somebody holds a badge to it."""
    luck = random.Random(seed)
    visits = [(person, way) for way in ("in", "out") for person in people]
    killed = set(luck.sample(range(len(visits)), KILLS))
    for n, (person, way) in enumerate(visits):
        after_s = luck.uniform(0, 0.2) if n in killed else None
        stored = site.hold(person, way, after_s)
        if n not in killed:
            continue
        site.spoil(luck)
        pass_hours(world, 1.6)
        site.start_agent()
        if not stored:  # nothing lit up: the badge is held to it again
            assert site.hold(person, way)


def come_to_an_end(site: DaySite, world: WorldTime) -> None:
    """The services are well again, late in the evening; then it is midnight."""
    site.mend()
    until = time.monotonic() + ANSWER_S
    while any(site.status()["obligations"].get(name) for name in UNSETTLED):
        assert time.monotonic() < until, site.status()
        pass_hours(world, 0.02)
        time.sleep(0.2)
    tomorrow = world.now().astimezone(BRUSSELS).date() + dt.timedelta(days=1)
    days = site.held(DayBegan)
    world.pass_to(dt.datetime.combine(tomorrow, dt.time(0, 5), BRUSSELS))
    while site.held(DayBegan) == days:
        assert time.monotonic() < until, "the next day does not begin"
        time.sleep(0.05)
    site.stop_agent()


def test_each_tap_of_a_day_with_ten_kills_is_registered_once_or_has_a_stated_outcome(
    tmp_path: Path, world: WorldTime
) -> None:
    today = world.now().astimezone(BRUSSELS).date()
    everybody = crew(TAPS // 2, random.Random(3))
    people = [
        replace(p, worker=replace(p.worker, employer=CLEANING if n % 6 == 5 else BUILDING))
        for n, p in enumerate(everybody)
    ]
    with DaySite(tmp_path, tuple(people), world) as site:
        live_through(site, world, people, seed=1)
        come_to_an_end(site, world)
        accepted = site.service.ledger.accepted
        rules = load_config(site.config).rules
    journal = tmp_path / "data/journal.db"
    with reading(journal) as connection:
        entries = [row.entry() for row in rows(connection)]
    obligations = tuple(gate.restore(rules, entries).ledger.obligations.values())
    outcomes = Counter(f"{o.duty}: {o.outcome}" for o in obligations)
    taps = [e.record for e in entries if isinstance(e.record, TapStored)]
    starts = sum(isinstance(e.record, AgentStarted) for e in entries)
    print(f"\n{len(taps)} taps, {len(obligations)} obligations, {starts - 1} kills")
    print(f"  {dict(sorted(outcomes.items()))}; accepted by the authority: {len(accepted)}")

    assert starts == KILLS + 1
    assert len(taps) == TAPS
    assert verify(journal).findings == []
    assert None not in {o.outcome for o in obligations}
    theirs = {o.reference: o for o in obligations}
    assert all(theirs[tap.obligation].uid == tap.uid for tap in taps)
    held = Counter(map(accepted_key, accepted))
    assert max(held.values()) == 1
    assert {e.created.astimezone(BRUSSELS).date() for e in accepted} == {today}
    assert {o.day for o in obligations} == {today}
    registered = {key(o) for o in obligations if o.outcome is Outcome.REGISTERED}
    assert registered <= set(held)
    for o in obligations:
        if o.duty == "checkinatwork":
            assert (o.outcome, o.unsure, o.handed_to) == (Outcome.REGISTERED, False, "")
        elif o.outcome is not Outcome.REGISTERED and key(o) in held:
            assert o.unsure  # in and out cannot be searched: it says so


def key(o: Obligation) -> tuple[str, str, int]:
    in_out = o.duty == "checkinout"
    return o.person.inss, o.direction if in_out else "", o.at.unix_ms // 1000 if in_out else 0


def accepted_key(e: Accepted) -> tuple[str, str, int]:
    at = e.submitted.at
    return e.submitted.inss, e.submitted.direction, int(at.timestamp()) if at else 0
