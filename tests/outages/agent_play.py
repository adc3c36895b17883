"""Plays one outage around the real agent in a process of its own, and prints its incident as JSON.

Run by the tests: `unshare --user --map-root-user --net --mount python agent_play.py NAME FOLDER`.
One worker is registered; then something fails, another one taps, and the agent must find out.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from play import OUTAGES, World

from agent.core.outage.incident_report import Report, reports
from agent.journal.rows import reading, rows
from agent.sandbox.people import crew
from agent.sandbox.site import Ground, VirtualSite
from agent.sandbox.small_internet import (
    ANCHORS,
    OTHER_RESOLVER,
    PAGE_NAME,
    SERVICE,
    SERVICE_NAME,
    THEIR_RESOLVER,
    SmallInternet,
)
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(4, random.Random(4))
HYSTERESIS_S = 20.0
PATIENCE_S = 150.0
MORE = f"""
[power]
battery = false

[evidence]
anchors = {json.dumps([f"{name} {address}" for name, address in ANCHORS.items()])}
anchors_ca_file = "{{folder}}/authority.crt"
resolvers = ["{THEIR_RESOLVER}"]
other_resolvers = ["{OTHER_RESOLVER}"]
empty_page = "http://{PAGE_NAME}/generate_204"

[outage]
hysteresis_s = {HYSTERESIS_S}
"""
LAUNCHER = ("nsenter", "--net=/run/netns/gate", "--")
GROUND = Ground(SERVICE, 443, SERVICE_NAME, MORE, launcher=LAUNCHER)


def until(true: object, what: str, within_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.3)


def incidents(site: VirtualSite) -> dict[str, Report]:
    with reading(site.folder / "data" / "journal.db") as connection:
        entries = [row.entry() for row in rows(connection)]
    return reports(entries, round(time.time() * 1000))


def registered(site: VirtualSite) -> int:
    return int(site.status()["obligations"].get("registered", 0))


def settled(site: VirtualSite, wanted: str) -> bool:
    """Whether the row that is awaited decides."""
    found = list(incidents(site).values())
    return bool(found) and (found[-1].turns[-1].row if found[-1].turns else found[-1].row) == wanted


def main(name: str, folder: Path, wanted: str) -> None:
    # The namespaces come first: the site's server binds an address of the small internet.
    internet = SmallInternet(folder)
    with VirtualSite(folder, PEOPLE, ground=GROUND) as site:
        internet.serve(site.authority)
        site.tap(ntag213(PEOPLE[0].uid))
        until(lambda: registered(site) == 1, "the first one is registered")
        time.sleep(8)  # a round of peace
        OUTAGES[name](World(internet, site.server, site.authority))
        if name in ("dns-down", "their-resolver-down"):  # a connection kept open asks no name
            site.stop_agent()
            site.start_agent()
        begun = time.monotonic()
        site.tap(ntag213(PEOPLE[1].uid))
        said = {}
        try:
            if wanted:
                until(lambda: settled(site, wanted), "the incident")
            else:
                until(lambda: registered(site) == 2, "delivered all the same")
        except TimeoutError as error:
            said["late"] = str(error)
        found = list(incidents(site).values())
        said |= {
            "rows": [[r.row, r.whose, *[t.row for t in r.turns]] for r in found],
            "took_s": time.monotonic() - begun,
            "registered": registered(site),
        }
    print(json.dumps(said))


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)
