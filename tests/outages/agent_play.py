"""Plays one outage around the real agent in a process of its own, and prints its incident as JSON.

Run by the tests and the bench, with the row that is awaited ("" where it is delivered all the same)
and the hysteresis in seconds:
`unshare --user --map-root-user --net --mount python agent_play.py NAME FOLDER ROW HYSTERESIS`.
One worker is registered; then something fails, another one taps, and the agent must find out.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from play import OUTAGES, World

from agent.core.outage.incident_records import IncidentOpened, RowTurned
from agent.core.outage.incident_report import Report, reports
from agent.core.records import AttemptEnded, Entry
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
PATIENCE_S = 150.0
NEW_CONNECTION = ("dns-down", "their-resolver-down", "loss")
"""Where one that is kept open would hide what failed: the agent is started anew."""
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
hysteresis_s = {{hysteresis}}
"""
LAUNCHER = ("nsenter", "--net=/run/netns/gate", "--")


def ground(hysteresis_s: float = 120.0) -> Ground:
    """The site in the small internet."""
    more = MORE.replace("{hysteresis}", str(hysteresis_s))
    return Ground(SERVICE, 443, SERVICE_NAME, more=more, launcher=LAUNCHER)


def until(true: object, what: str, within_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.3)


def journal(site: VirtualSite) -> list[Entry]:
    with reading(site.folder / "data" / "journal.db") as connection:
        return [row.entry() for row in rows(connection)]


def incidents(site: VirtualSite) -> dict[str, Report]:
    return reports(journal(site), round(time.time() * 1000))


def classified_s(site: VirtualSite, wanted: str) -> float | None:
    """From the first delivery that failed until the incident had its row."""
    failed_ms = None
    for entry in journal(site):
        match entry.record:
            case AttemptEnded(failure=failure) if failure and failed_ms is None:
                failed_ms = entry.at.unix_ms
            case IncidentOpened(row=row) | RowTurned(row=row) if row == wanted and failed_ms:
                return (entry.at.unix_ms - failed_ms) / 1000
    return None


def registered(site: VirtualSite) -> int:
    return int(site.status()["obligations"].get("registered", 0))


def tap(site: VirtualSite, number: int) -> None:
    """That one taps, and again where a busy machine let the reader miss it."""
    for _ in range(5):
        site.tap(ntag213(PEOPLE[number - 1].uid))
        with suppress(TimeoutError):
            until(lambda: sum(site.status()["obligations"].values()) >= number, "seen", 15.0)
            return
    raise TimeoutError("no tap was seen")


def settled(site: VirtualSite, wanted: str) -> bool:
    """Whether the row that is awaited decides."""
    found = list(incidents(site).values())
    return bool(found) and (found[-1].turns[-1].row if found[-1].turns else found[-1].row) == wanted


def main(name: str, folder: Path, wanted: str, hysteresis_s: float) -> None:
    # The namespaces come first: the site's server binds an address of the small internet.
    internet = SmallInternet(folder)
    with VirtualSite(folder, PEOPLE, ground=ground(hysteresis_s)) as site:
        internet.serve(site.authority)
        tap(site, 1)
        until(lambda: registered(site) == 1, "the first one is registered")
        time.sleep(8)  # a round of peace
        OUTAGES[name](World(internet, site.server, site.authority))
        if name in NEW_CONNECTION:
            site.stop_agent()
            site.start_agent()
        begun = time.monotonic()
        tap(site, 2)
        said = {}
        try:
            if wanted:
                until(lambda: settled(site, wanted), "the incident", PATIENCE_S + hysteresis_s)
            else:
                until(lambda: registered(site) == 2, "delivered all the same")
        except TimeoutError as error:
            said["late"] = str(error)
        found = list(incidents(site).values())
        said |= {
            "rows": [[r.row, r.whose, *[t.row for t in r.turns]] for r in found],
            "took_s": time.monotonic() - begun,
            "classified_s": classified_s(site, wanted),
            "registered": registered(site),
        }
    print(json.dumps(said))


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)
