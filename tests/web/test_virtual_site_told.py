"""What the page of the virtual site is told and has done, without a browser: HTTP as its script
speaks it, over the wires to a real agent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from agent.sandbox.browser.stories import MIDNIGHT, PROVIDER, Story
from agent.sandbox.browser.wires import possible

START_S, STEP_S = 120.0, 120.0
"""How long at most; seconds, where nothing else runs."""

OpenedWorld = Callable[..., Any]


def ready(world: Any) -> Any:
    return world.until(lambda seen: seen["up"], "the gate is up", START_S)


def told(world: Any, story: Story) -> list[Any]:
    """What was to be seen as each step of the story was done, in order."""
    world.do(deed="story", name=story.name)
    ready(world)
    seen = []
    for place, step in enumerate(story.steps):
        world.until(lambda now, place=place: now["place"] >= place, step.text, STEP_S)
        if step.deed is not None:
            world.do(**step.deed)
        done = place + 1
        seen.append(world.until(lambda now, done=done: now["place"] >= done, step.see, STEP_S))
    return seen


@pytest.mark.needs("network namespaces", available=not possible(), installable_in_ci=False)
def test_the_stories_of_midnight_and_of_the_provider_go_as_they_are_told(
    opened_world: OpenedWorld,
) -> None:
    world = opened_world()
    ready(world)
    midnight = told(world, MIDNIGHT)
    assert midnight[3]["cause"] == "row.link.cable-out"
    assert midnight[4]["waiting"] == 1
    assert midnight[5]["yesterday"] == {"registered": 1, "expired": 1}
    assert midnight[6]["outcomes"] == {}
    assert midnight[6]["yesterday"] == midnight[5]["yesterday"]
    provider = told(world, PROVIDER)  # on a gate that does not know of the day before
    assert provider[3]["pulled"] == ["provider"]
    assert provider[4]["key"] == "now.exempt"
    assert "Registration does not work" in provider[3]["papers"]
    world.until(lambda seen: "No longer exempt" in seen["papers"], "the claim's end", STEP_S)
    assert provider[-1]["outcomes"] == {"registered": 2}


def test_a_stick_gets_the_bundles_and_a_power_cut_loses_no_tap(opened_world: OpenedWorld) -> None:
    world = opened_world(loopback=True)
    ready(world)
    world.do(deed="hold", who="0")
    world.until(lambda seen: seen["outcomes"] == {"registered": 1}, "a receipt", STEP_S)
    world.do(deed="pull", part="service", out=True)
    world.do(deed="hold", who="1")
    stored = world.until(lambda seen: seen["people"][1]["answer"], "it is answered", STEP_S)
    assert stored["people"][1]["answer"] == "amber"
    world.do(deed="stick")
    name = r"werfpoort/virtual/virtual_0448181966_[\d-]+_{}-(\d+)_\w+\.zip\.age"
    put = re.fullmatch(name.format(1), world.view()["stick"])
    assert put, world.view()["stick"]
    world.do(deed="stick")  # what was tried in vain since, or nothing
    again = world.view()["stick"]
    assert re.fullmatch(name.format(int(put[1]) + 1), again) or "nothing is new" in again
    world.do(deed="cut")
    world.until(lambda seen: "gate-was-dark" in "".join(seen["log"]), "it was dark", START_S)
    world.do(deed="pull", part="service", out=False)
    seen = world.until(lambda seen: seen["outcomes"] == {"registered": 2}, "both", START_S)
    receipts = [someone["receipt"] for someone in seen["people"] if someone["receipt"]]
    assert len(receipts) == len(set(receipts)) == 2
    ready(world)
    heard = seen["heard"].get("registered", 0)
    world.do(deed="hold", who="1")
    again = world.until(lambda now: now["heard"].get("registered", 0) > heard, "green", STEP_S)
    assert again["outcomes"] == {"registered": 2}
