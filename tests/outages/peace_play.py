"""Measures what an agent in peace costs: bytes on its cable and CPU. Prints JSON.

`unshare --user --map-root-user --net --mount python peace_play.py SECONDS FOLDER`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from agent_play import PEOPLE, ground

from agent.sandbox.site import VirtualSite
from agent.sandbox.small_internet import SmallInternet


def carried() -> int:
    """Bytes that went over the gate's cable, both ways."""
    told = subprocess.run(
        ["nsenter", "--net=/run/netns/gate", "ip", "-s", "-j", "link", "show", "eth0"],
        capture_output=True,
        check=True,
    ).stdout
    stats = json.loads(told)[0]["stats64"]
    return int(stats["rx"]["bytes"]) + int(stats["tx"]["bytes"])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(seconds: float, folder: Path) -> None:
    internet = SmallInternet(folder)
    with VirtualSite(folder, PEOPLE, ground=ground()) as site:
        internet.serve(site.authority)
        time.sleep(10)  # the first round measures each thing once
        bytes_before, cpu_before = carried(), cpu_s(site.pid)
        time.sleep(seconds)
        used = cpu_s(site.pid) - cpu_before
        print(
            json.dumps(
                {
                    "kb_per_hour": (carried() - bytes_before) / seconds * 3.6,
                    "cpu_percent": 100 * used / seconds,
                }
            )
        )


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)
