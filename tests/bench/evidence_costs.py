"""What finding out takes, and what looking costs in peace, around real agents in namespaces.

Every outage is played once beside the others, at the default hysteresis: each is one value of the
figure. Peace lasts as long as the slowest probe's pace.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PLAYS = Path(__file__).parent.parent / "outages"
NAMESPACES = ("unshare", "--user", "--map-root-user", "--net", "--mount")
HYSTERESIS_S = 120
"""The default."""
ROWS = {
    "cable-out": "link.cable-out",
    "gateway-silent": "local.gateway-silent",
    "provider-down": "internet.provider-dead",
    "dns-down": "names.none-answers",
    "service-gone": "channel.unreachable",
    "tls-broken": "channel.tls",
    "other-host": "channel.impostor",
    "latency": "path.degraded",
}


def beyond_hysteresis_s() -> dict[str, float]:
    """By outage: seconds from the first delivery that failed to the incident with its row, less
    the hysteresis. Raises RuntimeError naming a play that did not end."""
    words = {name: (row, str(HYSTERESIS_S)) for name, row in ROWS.items()}
    said = _played({name: ["agent_play.py", name, "", *words[name]] for name in ROWS})
    late = [name for name, each in said.items() if each.get("classified_s") is None]
    if late:
        raise RuntimeError(f"no row was found for {', '.join(late)}: {said[late[0]]}")
    return {name: each["classified_s"] - HYSTERESIS_S for name, each in said.items()}


def in_peace(seconds: float) -> tuple[float, float, float]:
    """Probing in kB an hour, its CPU in per cent of a core, and that of the whole agent."""
    length = str(seconds)
    said = _played(
        {
            "agent": ["peace_play.py", length, ""],
            "alone": ["probing_play.py", length, ""],
        }
    )
    agent = said["agent"]
    return agent["kb_per_hour"], said["alone"]["cpu_percent"], agent["cpu_percent"]


def _played(orders: dict[str, Sequence[str]]) -> dict[str, Any]:
    """What each play printed; the empty word of an order stands for a folder of its own. Raises
    RuntimeError naming those that printed nothing."""
    with tempfile.TemporaryDirectory(prefix="werfpoort-bench-") as work:
        running = {}
        for name, (program, *words) in orders.items():
            folder = Path(work, name)
            folder.mkdir()
            told = [word or str(folder) for word in words]
            command = [*NAMESPACES, sys.executable, str(PLAYS / program), *told]
            running[name] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        printed = {name: play.communicate()[0] for name, play in running.items()}
    if fallen := [name for name, text in printed.items() if not text]:
        raise RuntimeError(f"no end of {', '.join(fallen)}")
    return {name: json.loads(text) for name, text in printed.items()}
