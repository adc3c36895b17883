"""A newcomer at a real keypad with a real printer: the agent in a process of its own, its keys on
pins, its paper from an emulated ESC/POS printer. Power cuts are SIGKILL and a printer without
memory."""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.locale import texts
from agent.sandbox.people import crew
from agent.sandbox.site import CODE, VirtualSite
from drivers.emulators.escpos import EscposEmulator
from drivers.emulators.nfc_cards import ntag213

PEOPLE = crew(9, random.Random(12))
CARDS = [ntag213(person.uid) for person in PEOPLE]
PATIENCE_S = 30.0
SOUND_S = 1.5
NUMBER = "47110"
PAGES = 3  # 9 names and 8 blank lines, 8 on a page
PAGE = re.compile(re.sub(r"\{\w+\}", r"(\\d+)", texts("nl")["list.page"]))
"""Stands once on each page, at its end."""
DUPLICATE = texts("nl")["list.duplicate"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[VirtualSite]:
    """Nine people have tapped; nothing goes through."""
    with VirtualSite(tmp_path, PEOPLE, paper=True) as virtual:
        virtual.set_faults(unreachable=True)
        for card in CARDS:
            virtual.tap(card)
        wait_until(lambda: kinds(virtual).count("obligation-opened") == len(PEOPLE), "all are in")
        wait_until(lambda: "keypad" in virtual.status()["devices"], "the keypad is there")
        yield virtual
    print(virtual.log.read_text())  # shown where a test failed


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.05)


def printer(site: VirtualSite) -> EscposEmulator:
    assert site.printer is not None
    return site.printer


def lists(site: VirtualSite) -> list[dict[str, object]]:
    found: list[dict[str, object]] = site.ask(ask="paper-lists")["lists"]
    return found


def opened(site: VirtualSite) -> None:
    """Types the code and waits until it was looked at. A refusal before is heard a little later
    than it is written, and its sound must not be taken for that of the first key."""
    time.sleep(SOUND_S)
    site.press(f"{CODE}#")
    wait_until(lambda: "operator-admitted" in kinds(site), "the code is right")


def kinds(site: VirtualSite) -> list[str]:
    with sqlite3.connect(f"file:{site.folder}/data/journal.db?mode=ro", uri=True) as journal:
        found = [row[0] for row in journal.execute("SELECT kind FROM entry ORDER BY seq")]
    journal.close()
    return found


def pages(site: VirtualSite) -> list[int]:
    """The page numbers on the floor, in the order in which they came out."""
    return [int(found[0]) for found in PAGE.findall(printer(site).text)]


def proof(site: VirtualSite) -> bool:
    return any(one["proof"] for one in lists(site))


def test_a_code_and_a_number_typed_twice_bring_the_list(site: VirtualSite) -> None:
    opened(site)
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: proof(site), "the list is proof")
    assert sorted(set(pages(site))) == [1, 2, 3]
    assert NUMBER in printer(site).text
    assert DUPLICATE not in printer(site).text
    assert printer(site).faults == []
    assert {o for o in site.status()["obligations"]} == {"on paper"}


def test_a_wrong_code_half_a_number_and_two_different_ones_bring_nothing(
    site: VirtualSite,
) -> None:
    site.press("1111#")
    wait_until(lambda: "code-refused" in kinds(site), "the code is wrong")
    site.press(f"{NUMBER}#")
    wait_until(lambda: kinds(site).count("code-refused") == 2, "no number without the code")
    opened(site)
    site.press(f"{NUMBER}#{NUMBER[:4]}#")
    site.press(f"{NUMBER}#47111#")
    time.sleep(0.5)
    assert lists(site) == []
    assert printer(site).received == b""
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: proof(site), "the list is proof")


def test_paper_that_runs_out_in_the_middle_is_told_and_goes_on_with_a_duplicate(
    site: VirtualSite,
) -> None:
    opened(site)
    printer(site).hardware.paper_dots = 3000  # within the second page
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: site.status()["signal"] == "printer-waits", "the panel says so")
    (one,) = lists(site)
    assert not one["proof"]
    assert "stopped after page 1" in str(one["waits_for"])  # its buffer is full: it cannot say why
    assert DUPLICATE not in printer(site).text
    printer(site).hardware.paper_dots = None
    wait_until(lambda: proof(site), "the list is proof")
    assert DUPLICATE in printer(site).text
    assert set(pages(site)) == set(range(1, PAGES + 1))


def test_a_power_cut_after_the_first_page_goes_on_and_prints_nothing_twice_silently(
    site: VirtualSite,
) -> None:
    opened(site)
    printer(site).hardware.paper_dots = 3000
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: "paper-held" in kinds(site), "the second page has begun")
    site.stop_agent(signal.SIGKILL)
    before = printer(site).text
    printer(site).power_cycle()
    printer(site).hardware.paper_dots = None
    site.start_agent()
    wait_until(lambda: proof(site), "the list is proof")
    after = printer(site).text[len(before) :]
    assert DUPLICATE not in before
    marked, again, last = re.findall(rf"{DUPLICATE}|{PAGE.pattern}", after)
    assert (marked[0], again[0], last[0]) == ("", "2", "3")  # page 3 had not begun


def test_an_open_cover_is_told_before_anything_is_printed_and_nothing_is_marked(
    site: VirtualSite,
) -> None:
    opened(site)
    printer(site).hardware.cover_open = True
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: bool(lists(site)), "the list is made")
    wait_until(lambda: "cover open" in str(lists(site)[0]["waits_for"]), "the cover is told")
    assert site.status()["signal"] == "printer-waits"
    printer(site).hardware.cover_open = False
    wait_until(lambda: proof(site), "the list is proof")
    assert pages(site) == [1, 2, 3]
    assert DUPLICATE not in printer(site).text


def test_a_printer_switched_off_and_on_in_the_middle_forgets_nothing_that_counts(
    site: VirtualSite,
) -> None:
    opened(site)
    printer(site).hardware.paper_dots = 3000
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: "part-printed" in kinds(site), "the first page is there")
    time.sleep(0.5)
    printer(site).power_cycle()
    printer(site).hardware.paper_dots = None
    wait_until(lambda: proof(site), "the list is proof")
    assert pages(site) == [1, 2, 3]
    assert printer(site).text.count(DUPLICATE) == 1


def test_a_printer_that_never_answers_asks_for_a_look_and_a_person_answers_at_the_keypad(
    site: VirtualSite,
) -> None:
    opened(site)
    printer(site).hardware.mute = True
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: "paper-held" in kinds(site), "nobody knows what came out")
    wait_until(lambda: pages(site) == [1, 2, 3], "all came out")
    assert not proof(site)
    site.press("6#1#")
    wait_until(lambda: proof(site), "a person looked")
    assert pages(site) == [1, 2, 3]  # nothing was printed again


def test_a_list_that_came_from_another_printer_does_not_go_on_when_there_is_paper_again(
    site: VirtualSite,
) -> None:
    opened(site)
    printer(site).hardware.paper_dots = 3000
    site.press(f"{NUMBER}#{NUMBER}#")
    wait_until(lambda: "paper-held" in kinds(site), "the second page has begun")
    (one,) = lists(site)
    said = site.ask(ask="paper-looked", whole=True, number=one["number"])
    assert "strike through" in said["text"]  # one page of it lies at the gate
    printer(site).hardware.paper_dots = None
    wait_until(lambda: texts("nl")["slip.after"] in printer(site).text, "the slip after the list")
    assert proof(site)
    assert set(pages(site)) <= {1, 2}
    assert DUPLICATE not in printer(site).text
