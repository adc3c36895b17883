"""Measures what probing alone costs in peace: CPU of everything but the agent. Prints JSON.

`unshare --user --map-root-user --net --mount python probing_play.py SECONDS FOLDER`; it starts
itself once more within the gate's namespace, so that no server's CPU is in the figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from agent_play import LAUNCHER
from play import plan

from agent.core.events import Event
from agent.core.outage.measurements import WELL, Gate
from agent.evidence.clock import SystemClock
from agent.evidence.gauges import MachineGauges
from agent.evidence_watch import EvidenceWatch
from agent.sandbox.authority import Authority
from agent.sandbox.serving import HttpsServer
from agent.sandbox.small_internet import SERVICE, SERVICE_NAME, Empty, SmallInternet
from agent.seams import QueueInbox, ThreadWork

WARM_S = 10.0
"""The first round measures each thing once, and loads what that takes."""


def probe(seconds: float, folder: Path) -> None:
    """Looks as the agent's loop does, and does nothing else."""
    clock, inbox = SystemClock(believed=True), QueueInbox[Event]()
    gauges = MachineGauges(plan(folder), clock, lambda: Gate(WELL, WELL, WELL, WELL), inbox.put)
    names = tuple(endpoint.name for endpoint in gauges.plan.endpoints)
    watch = EvidenceWatch(gauges, names, clock, inbox, ThreadWork())

    def look_until(end: float) -> int:
        rounds = 0
        while (left := end - time.monotonic()) > 0:
            now = clock.now()
            watch.look(now)
            rounds += inbox.take(min(left, watch.due_ms(now) / 1000)) is not None
        return rounds

    begun = time.monotonic()
    look_until(begun + WARM_S)
    before = time.process_time()
    rounds = look_until(begun + WARM_S + seconds)
    used = time.process_time() - before
    print(json.dumps({"cpu_percent": 100 * used / seconds, "rounds": rounds}))


def main(seconds: str, folder: Path) -> None:
    authority = Authority()
    (folder / "authority.crt").write_bytes(authority.pem)
    with SmallInternet(folder) as internet:
        internet.serve(authority)
        context = authority.server_context(authority.server(SERVICE_NAME))
        HttpsServer(Empty(), context, SERVICE, 443).start()
        again = [*LAUNCHER, sys.executable, __file__, seconds, str(folder), "alone"]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    if sys.argv[3:]:
        probe(float(sys.argv[1]), Path(sys.argv[2]))
    else:
        main(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)
