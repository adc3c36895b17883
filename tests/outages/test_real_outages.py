"""Real outages: what fails is a cable, a router, a resolver, a host; each ends in its row."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which
from typing import Any

import pytest

PLAY = Path(__file__).parent / "play.py"
NAMESPACES = ("unshare", "--user", "--map-root-user", "--net", "--mount")
LONGEST_S = 300.0

ROWS = {
    "all-well": ("path.nothing-fails", "undetermined"),
    "cable-out": ("link.cable-out", "own fault"),
    "gateway-silent": ("local.gateway-silent", "own fault"),
    "provider-down": ("internet.provider-dead", "infrastructure"),
    "dns-down": ("names.none-answers", "undetermined"),
    "their-resolver-down": ("path.nothing-fails", "undetermined"),
    "service-down": ("channel.unreachable", "undetermined"),
    "service-gone": ("channel.unreachable", "undetermined"),
    "tls-broken": ("channel.tls", "undetermined"),
    "other-host": ("channel.impostor", "own fault"),
    "loss": ("path.degraded", "undetermined"),
    "latency": ("path.degraded", "undetermined"),
}


def can(*command: str) -> bool:
    return (
        which(command[0]) is not None
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


pytestmark = [
    pytest.mark.needs(
        "network namespaces, which this kernel or container refuses",
        available=can(*NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/run"),
        installable_in_ci=False,
    ),
    pytest.mark.needs("ip (iproute2)", available=which("ip"), installable_in_ci=True),
    pytest.mark.needs("nft (nftables)", available=which("nft"), installable_in_ci=True),
]


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """Every outage at once, each in namespaces of its own: most of the time is waiting."""
    running = {}
    for name in ROWS:
        folder = tmp_path_factory.mktemp(name)
        running[name] = subprocess.Popen(
            [*NAMESPACES, sys.executable, str(PLAY), name, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    said = {}
    for name, play in running.items():
        try:
            out, wrong = play.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            play.kill()
            out, wrong = play.communicate()
        said[name] = json.loads(out) if play.returncode == 0 else {"row": wrong[-2000:]}
    yield said


@pytest.mark.parametrize("name", ROWS)
def test_an_outage_ends_in_its_row(plays: Mapping[str, Any], name: str) -> None:
    said = plays[name]
    assert (said["row"], said.get("whose")) == ROWS[name], said
