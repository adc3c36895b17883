"""What became of registrations, asked of the real agent in a process of its own."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.sandbox.people import crew
from agent.sandbox.site import VirtualSite
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(3, random.Random(12))
CARDS = [ntag213(person.uid) for person in PEOPLE]
PATIENCE_S = 20.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[VirtualSite]:
    with VirtualSite(tmp_path, PEOPLE) as virtual:
        yield virtual


def run(site: VirtualSite, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(site.config)])


def day(site: VirtualSite) -> Any:
    said = run(site, "day", "--json")
    assert said.exit_code == 0, said.output
    return json.loads(said.output)["obligations"]


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.1)


def test_a_person_takes_a_registration_back_and_the_day_report_says_so(site: VirtualSite) -> None:
    site.tap(CARDS[0])
    wait_until(lambda: day(site) == {"registered": 1}, "registered")
    unknown = run(site, "cancel", "999", "--reason", "PLANNING")
    assert (unknown.exit_code, "werfpoort day" in unknown.output) == (1, True)
    (entry,) = site.service.ledger.accepted
    done = run(site, "cancel", str(entry.number), "--reason", "disease")
    assert (done.exit_code, done.output) == (0, f"receipt {entry.number}: cancelled\n")
    assert site.registered(PEOPLE[0]) == 0
    assert day(site) == {"cancelled": 1}
    site.stop_agent()
    assert "cancellation-wanted" in site.log.read_text(encoding="utf-8")
    assert "DISEASE" not in site.log.read_text(encoding="utf-8")
    assert PEOPLE[0].worker.inss not in site.log.read_text(encoding="utf-8")


def test_status_shows_how_long_the_certificate_holds(site: VirtualSite) -> None:
    (proof,) = site.status()["credentials"].values()
    assert (proof["what"], proof["problem"]) == ("certificate", "")
    assert proof["days_left"] > 0
