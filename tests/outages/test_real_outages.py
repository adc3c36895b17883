"""Real outages: what fails is a cable, a router, a resolver, a host; each ends in its row."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import Any

import pytest

HERE = Path(__file__).parent
NAMESPACES = ("unshare", "--user", "--map-root-user", "--net", "--mount")
LONGEST_S = 300.0

MEASURED = {
    "all-well": ("path.nothing-fails", "undetermined"),
    "their-resolver-down": ("path.nothing-fails", "undetermined"),
    "service-down": ("channel.unreachable", "undetermined"),
    "provider-down-tcp-only": ("internet.provider-dead", "infrastructure"),
}
"""What is no incident, or fails at once: measured and judged without an agent."""
LIVED = {
    "cable-out": ("link.cable-out", "own fault"),
    "gateway-silent": ("local.gateway-silent", "own fault"),
    "provider-down": ("internet.provider-dead", "infrastructure"),
    "dns-down": ("names.none-answers", "undetermined"),
    "service-gone": ("channel.unreachable", "undetermined"),
    "tls-broken": ("channel.tls", "undetermined"),
    "other-host": ("channel.impostor", "own fault"),
    "latency": ("path.degraded", "undetermined"),
}
"""Around the real agent: the row under which its only incident opens."""
DELIVERED: Mapping[str, frozenset[str]] = {
    "loss": frozenset(("path.degraded",)),
    "their-resolver-down": frozenset(),
}
"""Around the real agent, over a new connection: it is delivered; what may be said meanwhile."""
HYSTERESIS_S = {"latency": "45"}
"""Where an answer takes half a minute, it takes a whole one to measure; the default is two."""


DEFAULT_HYSTERESIS_S = "120"
"""The gate's own: what is only half broken delivers before anybody is called, also while a dozen
other gates start beside it."""


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
def plays(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Every outage at once, each in namespaces of its own: most of the time is waiting."""
    orders = {name: ["play.py", name] for name in MEASURED}
    for name, (row, _) in LIVED.items():
        orders[name] = ["agent_play.py", name, row, HYSTERESIS_S.get(name, "20")]
    for name in DELIVERED:
        orders[f"{name}, delivered"] = ["agent_play.py", name, "", DEFAULT_HYSTERESIS_S]
    running = {name: begun(order, tmp_path_factory) for name, order in orders.items()}
    plays = {name: outcome(play) for name, play in running.items()}
    for name, said in plays.items():
        if "wrong" in said:  # a stage that fell while a dozen were put up at once is put up again
            plays[name] = outcome(begun(orders[name], tmp_path_factory))
    return plays


def begun(order: Sequence[str], folders: pytest.TempPathFactory) -> subprocess.Popen[str]:
    program, name, *words = order
    folder = str(folders.mktemp(name))
    command = [*NAMESPACES, sys.executable, str(HERE / program), name, folder, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(play: subprocess.Popen[str]) -> Any:
    """What a play printed; what went wrong when it did not."""
    try:
        out, wrong = play.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        play.kill()
        out, wrong = play.communicate()
    return {"wrong": wrong[-2000:]} if play.returncode else json.loads(out)


@pytest.mark.parametrize("name", MEASURED)
def test_what_is_measured_ends_in_its_row(plays: Mapping[str, Any], name: str) -> None:
    said = plays[name]
    assert (said.get("row"), said.get("whose")) == MEASURED[name], said


@pytest.mark.parametrize("name", LIVED)
def test_the_real_agent_finds_out_what_failed(plays: Mapping[str, Any], name: str) -> None:
    said = plays[name]
    row, whose = LIVED[name]
    assert not {"late", "wrong"} & said.keys(), said
    assert said["registered"] == 1
    assert said["rows"] == [[row, whose]], said


@pytest.mark.parametrize("name", DELIVERED)
def test_what_is_only_half_broken_delivers_all_the_same(
    plays: Mapping[str, Any], name: str
) -> None:
    said = plays[f"{name}, delivered"]
    assert not {"late", "wrong"} & said.keys(), said
    assert said["registered"] == 2
    assert {row for row, *_ in said["rows"]} <= DELIVERED[name], said
