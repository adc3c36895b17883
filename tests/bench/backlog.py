"""What a backlog costs: how fast it is drained, and what one call of 200 takes to make."""

from __future__ import annotations

import datetime as dt
import random
import time
from pathlib import Path
from typing import Any

from agent.channels import checkinatwork_messages as messages
from agent.channels.credentials import CredentialFiles, Credentials
from agent.channels.soap import sign
from agent.config import load_config
from agent.core.events import Tapped
from agent.core.moment import Moment
from agent.core.registrations import Registration
from agent.evidence.clock import SystemClock
from agent.journal.keeper import Owner, opened
from agent.roster_file import read_roster
from agent.sandbox.people import DECLARATION, Person
from agent.sandbox.site import VirtualSite

BATCH = 200
MOST_S = 240.0
"""A drain that takes longer than this is given up."""
PAUSE_MS = 10
"""Between two taps of the backlog."""


def store(folder: Path, taps: int) -> None:
    """Puts so many taps of today into a site's journal, each of another worker, none registered."""
    config = load_config(folder / "werfpoort.toml")
    clock = SystemClock(believed=True)
    owner = Owner(config.gate.name, training=True)
    keeper = opened(config.gate.journal, config.rules, random.SystemRandom(), owner, clock.now())
    uids = list(read_roster(config.gate.roster, DECLARATION).roster.badges)
    now = clock.now()
    for place in range(taps):
        age_ms = (taps - place) * PAUSE_MS
        at = Moment(now.unix_ms - age_ms, now.mono_ms - age_ms, now.boot_id, now.trust)
        keeper.do(Tapped(at, "entrance", uids[place]))
    keeper.journal.close()


def drained_s(site: VirtualSite, begun_s: float, taps: int) -> float:
    """Seconds from `begun_s` (monotonic) until every one of them is registered."""
    while time.monotonic() - begun_s < MOST_S:
        if site.status()["obligations"].get("registered", 0) >= taps:
            return time.monotonic() - begun_s
        time.sleep(0.25)
    raise TimeoutError(f"the backlog is not drained: {site.status()['obligations']}")


def batch_made_ms(credentials: Any, people: tuple[Person, ...]) -> float:
    """Milliseconds that it takes to build and to sign one call of 200."""
    today = dt.date.today()
    batch = [
        Registration(
            f"bench-{n}", today, p.worker.declaration, p.worker.employer, inss=p.worker.inss
        )
        for n, p in enumerate(people[:BATCH])
    ]
    begun = time.perf_counter()
    sign(messages.register_request(batch), credentials, dt.datetime.now(dt.UTC))
    return 1000 * (time.perf_counter() - begun)


def credentials_of(site: VirtualSite) -> Any:
    """Those of the site's gate."""
    files = CredentialFiles(site.folder / "gate.crt", site.folder / "gate.key")
    return Credentials(files).current()
