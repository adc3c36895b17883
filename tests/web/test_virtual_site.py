"""The virtual site in a real browser: what is pressed there goes over the wires to a real agent."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.sandbox.browser.stories import CABLE, MORNING, NUMBER, Story
from agent.sandbox.browser.wires import possible

pytestmark = pytest.mark.needs(
    "chromium", available=shutil.which("chromium"), installable_in_ci=True
)
START_MS, STEP_MS = 120_000, 60_000
"""How long at most; seconds, where nothing else runs."""
FULL = {"width": 1360, "height": 900}
LIGHTS = """
window.lights = [];
for (const lamp of ["amber", "green", "red", "buzzer"])
  new MutationObserver(([{ target }]) => {
    if (target.classList.contains("on")) window.lights.push(lamp);
  }).observe(document.getElementById(lamp), { attributeFilter: ["class"] });
"""

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def worlds(opened_world: Callable[..., Any]) -> tuple[Any, Any]:
    """One on loopback, one in namespaces where they can be had; they start beside each other."""
    return opened_world(loopback=True), opened_world()


@pytest.fixture
def loopback(worlds: tuple[Any, Any]) -> Any:
    return worlds[0]


def step(page: Any, place: int) -> None:
    """Does what the story's step asks for, if it asks, and waits until it is ticked."""
    page.wait_for_selector(f"#steps li:nth-child({place + 1}):not([data-stand=later])")
    if page.locator(f"#steps li:nth-child({place + 1}) #do-step").count():
        page.click("#do-step")
    ticked = f"#steps li:nth-child({place + 1}):is([data-stand=done], [data-stand=last])"
    page.wait_for_selector(ticked, timeout=STEP_MS)


def until(page: Any, true: str) -> None:
    """Waits for an expression of the page; not by wait_for_function, which its policy forbids."""
    end = time.monotonic() + STEP_MS / 1000
    while not page.evaluate(true):
        assert time.monotonic() < end, true
        page.wait_for_timeout(50)


def ready(page: Any) -> None:
    """The page is there at once; the gate once it sees badges."""
    page.wait_for_selector("#signal:has-text('Ready')", timeout=START_MS)


def begun(page: Any, story: Story) -> None:
    page.click(f"#try-{story.name}")
    page.wait_for_selector(f"#try-{story.name}[aria-pressed=true]")
    page.wait_for_selector("#steps li:first-child[aria-current=step]")


@pytest.fixture(scope="module")
def cable_out(worlds: tuple[Any, Any], chromium: Any) -> Iterator[Any]:
    """The page of a site whose cable was pulled and where somebody tapped: it goes on by itself
    while other tests run. None where there is no such site."""
    if possible():
        yield None
        return
    page = chromium.new_page(viewport=FULL)
    page.set_default_timeout(STEP_MS)
    page.goto(worlds[1].address)
    ready(page)
    begun(page, CABLE)
    for place in range(3):
        step(page, place)
    yield page
    page.close()


def hindrances(page: Any) -> list[str]:
    """What axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def test_a_morning_of_taps_is_lit_named_and_registered(
    cable_out: Any, loopback: Any, opened: Opened, heard: Any
) -> None:
    page = opened(loopback.address, phone=False)
    ready(page)
    page.evaluate(LIGHTS)
    begun(page, MORNING)
    step(page, 0)
    lights = page.evaluate("window.lights")
    assert lights[:2] == ["amber", "buzzer"]
    assert "green" in lights[2:]
    assert "red" not in lights
    page.wait_for_selector("#signal:has-text('Registered')")
    page.wait_for_selector("#who-0 .state:has-text('receipt')")
    for place in range(1, len(MORNING.steps)):
        step(page, place)
    seen = loopback.view()
    assert seen["heard"]["registered"] >= 2
    assert {signal for signal in seen["heard"]} >= {"stored", "refused", "card-unusable"}
    assert seen["outcomes"] == {"registered": 2}
    assert sum(bool(someone["receipt"]) for someone in seen["people"]) == 2
    assert hindrances(page) == []
    assert heard.errors == []


def test_what_cannot_be_pulled_on_loopback_says_so_and_the_service_can_be(
    loopback: Any, opened: Opened
) -> None:
    page = opened(loopback.address)
    ready(page)
    assert page.is_disabled("#part-cable")
    assert "the command unshare is missing" in page.inner_text("#missing")
    page.click("#part-service")
    page.wait_for_selector("#part-service[aria-pressed=true]")
    page.click("#who-3")
    page.wait_for_selector("#who-3[data-stand=stored]")
    page.click("#part-service")
    page.wait_for_selector("#who-3[data-stand=registered]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert hindrances(page) == []


def test_an_outage_ends_on_the_printed_list_and_the_day_at_midnight(
    cable_out: Any, needs: Any
) -> None:
    needs("network namespaces", available=cable_out, installable_in_ci=False)
    page = cable_out
    for place in range(3, len(CABLE.steps) - 1):
        step(page, place)
    until(page, f"document.getElementById('told').textContent.includes('{NUMBER}')")
    page.wait_for_selector("#paper:has-text('List printed')")  # the slip that follows the list
    page.click("#papers button:has-text('Attendance list')")
    until(page, "document.getElementById('sheet-picture').naturalHeight > 1000")
    assert NUMBER in page.text_content("#sheet-text")
    page.keyboard.press("Escape")
    page.click("text=to 23:50")
    until(page, "document.getElementById('time').textContent.startsWith('23:5')")
    page.click("text=to midnight")
    until(page, "document.getElementById('yesterday').textContent.includes('on paper')")
    assert page.inner_text("#nobody") == "Nobody has tapped today."
    assert hindrances(page) == []


def test_keys_of_a_keyboard_are_keys_of_the_keypad(loopback: Any, opened: Opened) -> None:
    page = opened(loopback.address, phone=False)
    ready(page)
    page.evaluate(LIGHTS)
    page.focus("#keypad button")
    page.keyboard.press("7")
    page.wait_for_selector("#keypad button[data-keys='7']:not([aria-busy])")
    assert page.evaluate("document.activeElement.dataset.keys") == "7"
    until(page, "window.lights.includes('buzzer')")


def refused(request: urllib.request.Request) -> int:
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request)
    told.value.close()
    return told.value.code


def test_only_the_page_itself_may_do_and_only_this_machine_may_ask(loopback: Any) -> None:
    body = json.dumps({"deed": "pull", "part": "service", "out": True}).encode()
    address = loopback.address
    assert refused(urllib.request.Request(f"{address}do", body)) == 403
    elsewhere = {"Origin": "http://evil.example"}
    assert refused(urllib.request.Request(f"{address}do", body, elsewhere)) == 403
    assert refused(urllib.request.Request(address, headers={"Host": "evil.example"})) == 400
    wrong = {"Origin": address.rstrip("/")}
    assert refused(urllib.request.Request(f"{address}do", b'{"deed": "fly"}', wrong)) == 400
    assert loopback.view()["pulled"] == []


def test_nothing_that_the_page_is_told_holds_a_national_number(loopback: Any) -> None:
    told = json.dumps(loopback.view())
    assert re.findall(r"(?<!\d)\d{11}(?!\d)", told) == []
    static = Path("agent/sandbox/browser/static")
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", static_text(static))


def static_text(folder: Path) -> str:
    files = (Path(__file__).parents[2] / folder).iterdir()
    return "\n".join(file.read_text("utf-8") for file in files)
