"""The page in a real browser: log-in, an outage walked through to the printed list, live updates,
and whatever would hinder somebody."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

pytestmark = pytest.mark.needs(
    "chromium", available=shutil.which("chromium"), installable_in_ci=True
)
SHOTS = os.environ.get("SCREENSHOTS")
"""A folder, for somebody who wants to look."""

Opened = Callable[..., Any]


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(400)
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def log_in(page: Any, gate: Any) -> None:
    page.goto(f"{gate.url}/enter")
    page.fill("#code", gate.access)
    page.fill("#who", "An Peeters")
    page.click("main button.first")
    page.wait_for_url(f"{gate.url}/")


def hindrances(page: Any) -> list[str]:
    """What axe-core finds, of all its rules for WCAG 2.2 A and AA and its best practices."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def test_names_are_shown_after_the_code_alone(gate: Any, opened: Opened, heard: Any) -> None:
    page = opened(gate.url)
    assert page.inner_text("h2#status-title") == "Alles in orde"
    page.click("text=Namen en evacuatielijst")
    assert page.url == f"{gate.url}/enter?next=/here"
    assert not any(name in page.content() for name in gate.names)
    page.fill("#code", "000000")
    page.click("main button.first")
    assert page.inner_text("#problem") == "Die code is niet juist."
    page.fill("#code", gate.access)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{gate.url}/here")
    shown = page.inner_text("main")
    assert "2 op de werf" in shown
    here = [name for name in gate.names[:2] if name in shown]
    assert here == gate.names[:2]
    page.click("header form button")
    page.wait_for_url(f"{gate.url}/")
    page.goto(f"{gate.url}/here")
    assert not any(name in page.content() for name in gate.names)
    assert [one for one in heard.errors if "403" not in one] == []


def test_whoever_looks_sees_the_next_tap_without_asking_and_keeps_what_he_types(
    gate: Any, opened: Opened, heard: Any
) -> None:
    phone, desk = opened(gate.url), opened(gate.url, phone=False, locale="fr-BE")
    assert "Sur le chantier" in desk.inner_text(".numbers")
    before = int(phone.inner_text(".numbers dd >> nth=0"))
    phone.wait_for_function("document.getElementById('live').dataset.listens")
    gate.tap(before)
    for page in (phone, desk):
        page.wait_for_function(
            "n => document.querySelector('.numbers dd').textContent == n", arg=str(before + 1)
        )
    assert phone.url == f"{gate.url}/"
    assert heard.errors == []


def test_a_gate_that_falls_and_comes_back_is_told_and_the_page_goes_on(
    gate: Any, opened: Opened
) -> None:
    page = opened(gate.url)
    page.wait_for_function("document.getElementById('live').dataset.listens")
    gate.site.stop_agent()
    page.wait_for_selector("#lost:visible")
    assert "niet bereikbaar" in page.inner_text("#lost")
    gate.site.start_agent()
    page.wait_for_selector("#lost", state="hidden")


def test_an_outage_is_walked_through_to_the_printed_list(
    trouble: Any, opened: Opened, heard: Any, tmp_path: Path
) -> None:
    page = opened(trouble.url)
    page.wait_for_selector(".now .does")  # it comes by itself
    assert "Opent de onlinedienst op een telefoon" in page.inner_text(".now .does")
    assert page.get_attribute(".now .does a", "href") == "https://www.checkinatwork.be"
    shot(page, "phone-outage")
    assert hindrances(page) == []
    page.click(".now a.button.first")
    log_in(page, trouble)
    page.click("button[value=phone-no]")
    page.wait_for_selector(".said.done")
    page.click("summary:has-text('Een andere stap noteren')")
    page.select_option("#step", "centre-called")
    page.click("#steps button")
    page.wait_for_selector(".said.done")
    assert "Voer het referentienummer in" in page.inner_text(".now .does")
    assert page.query_selector("#number") is None  # not by the access code
    page.click(".now a.button.first")
    page.fill("#code", trouble.operator)
    page.click("main button.first")
    page.wait_for_selector("#number")
    shot(page, "phone-number")
    assert hindrances(page) == []
    page.fill("#number", "RSZ-47/A")
    page.fill("#expected", f"{trouble.late}\n")
    page.click("form.number button")
    page.wait_for_selector(".said.done")
    page.wait_for_selector("text=is bewijs")  # the printer has it, and the page hears of it
    assert trouble.site.printer is not None
    printed = " ".join(trouble.site.printer.text.split())
    assert "RSZ-47/A" in printed
    assert all(number in printed for number in trouble.numbers[len(trouble.names) :][:4])
    assert "An Peeters" in printed  # who entered the number
    shot(page, "phone-list")
    assert hindrances(page) == []
    address = page.get_attribute("a:has-text('Openen als PDF')", "href")
    answer = page.request.get(f"{trouble.url}{address}")
    assert answer.headers["cache-control"] == "no-store"
    with pypdfium2.PdfDocument(answer.body()) as document:
        text = "".join(sheet.get_textpage().get_text_range() for sheet in document)
    assert "RSZ-47/A" in text
    report = page.request.get(f"{trouble.url}/incidents/i1").text()
    shown = page.content()
    assert not any(number in report or number in shown for number in trouble.numbers)
    assert "An Peeters" not in report
    assert "de onlinedienst opent niet op een telefoon" in report
    told = [a for a in heard.addresses if any(n in a for n in (*trouble.names, *trouble.numbers))]
    assert told == []
    assert heard.errors == []


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_nothing_of_the_page_hinders_anybody(gate: Any, opened: Opened, phone: bool) -> None:
    page = opened(gate.url, phone=phone)
    found = {"/": hindrances(page)}
    log_in(page, gate)
    for address in ("/", "/here", *(("/incidents", "/enter", "/nothing") if phone else ())):
        page.goto(gate.url + address)
        found[f"{address} within"] = hindrances(page)
        shot(page, f"{'phone' if phone else 'desktop'}{address.replace('/', '-')}")
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{address} is wider than the screen"
    assert {place: some for place, some in found.items() if some} == {}


def test_the_keyboard_alone_reaches_everything(gate: Any, opened: Opened) -> None:
    page = opened(gate.url, phone=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/here"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{gate.url}/enter?next=/here")
    assert page.evaluate("document.activeElement.id") == "code"


def test_without_scripts_everything_is_there_and_every_form_works(
    trouble: Any, opened: Opened
) -> None:
    trouble.wait_for_outage()
    page = opened(trouble.url, java_script_enabled=False)
    assert page.locator("noscript meta, meta[http-equiv=refresh]").count() >= 1
    page.goto(f"{trouble.url}/enter")
    page.fill("#code", trouble.access)
    page.click("main button.first")
    page.wait_for_url(f"{trouble.url}/")
    page.click("summary:has-text('Zeg bij wie de oorzaak ligt')")
    page.select_option("#cause", "provider")
    page.click("#confirm button")
    page.wait_for_url(f"{trouble.url}/")
    assert "Gedaan." in page.inner_text("main")
    page.goto(f"{trouble.url}/here")
    assert all(name in page.inner_text("main") for name in trouble.names[:3])


def test_the_language_follows_the_browser_and_the_switch(gate: Any, opened: Opened) -> None:
    page = opened(gate.url, locale="de-DE")
    assert page.get_attribute("html", "lang") == "de"
    page.click(".languages a[hreflang=fr]")
    assert page.get_attribute("html", "lang") == "fr"
    page.goto(f"{gate.url}/enter")
    assert re.match("Se connecter", page.title())


def test_the_evacuation_list_fits_on_paper(gate: Any, opened: Opened, tmp_path: Path) -> None:
    page = opened(gate.url, phone=False)
    log_in(page, gate)
    page.goto(f"{gate.url}/here")
    assert page.is_visible("button[data-print]")
    with pypdfium2.PdfDocument(page.pdf(format="A4")) as document:
        text = document[0].get_textpage().get_text_range()
    assert "Evacuatielijst" in text
    assert all(name in text for name in gate.names[:2])
    assert "Afdrukken" not in text
