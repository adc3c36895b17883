"""The attendance lists in a bundle: whole for the firm that made them, and for nobody else."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import pypdfium2
import pytest

from agent.core.outage.procedure_records import By
from agent.core.paper.paper_events import ListAsked, ReferenceEntered
from agent.export.audience import Reader
from agent.export.lists import Lists
from agent.export.opening import opened
from agent.journal.rows import reading, rows
from agent.locale import texts
from agent.paper.listing import Place
from agent.sandbox.firms import AYSE, BRUSSELS, JAN, MAIN, OTHER, OWN, Site

NUMBER = "RSZ-2026/17"


@pytest.fixture
def listed(site: Site) -> Site:
    """The third day: somebody taps, and nothing goes through; two firms make their lists."""
    site.dark = True
    for uid in ("04A1", "04B2", "04C3"):
        site.tap(uid)
    site.do(lambda at: ListAsked(at, By.COMMAND, firm=MAIN))
    site.do(lambda at: ReferenceEntered(at, "55554444", By.COMMAND, firm=OWN))
    return site


def lists(site: Site, firm: str, first: int = 1) -> dict[str, str]:
    """Every list in a firm's bundle: file name → what a reader of PDFs finds in it."""
    archive = site.bundle(firm, first)[1]
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        files = {name: packed.read(name) for name in packed.namelist() if "lists/" in name}
    return {name: read(content) for name, content in files.items()}


def read(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    pages = [document[n].get_textpage().get_text_range() for n in range(len(document))]
    document.close()
    return "\n".join(pages)


def test_a_firm_takes_away_the_lists_that_it_made_itself_and_no_others(listed: Site) -> None:
    ours = lists(listed, MAIN)
    ((name, text),) = ours.items()
    assert re.fullmatch(r"lists/\w+-1125-1\.pdf", name)
    assert JAN.surname in text and AYSE.given_name in text
    digits = re.sub(r"\D", "", text)
    assert JAN.inss in digits and AYSE.inss in digits
    ((_, theirs),) = lists(listed, OWN).items()
    assert "55554444" in theirs
    assert JAN.inss not in re.sub(r"\D", "", theirs)
    assert lists(listed, OTHER) == {}


def test_a_bundle_with_lists_is_opened_whole(listed: Site) -> None:
    made, _ = listed.bundle(MAIN)
    target = listed.folder / "opened"
    found = opened(listed.folder / made.file, [listed.firms[MAIN].identity], target)
    assert found.sound, found.text()
    (pdf,) = (target / "lists").iterdir()
    assert JAN.surname in read(pdf.read_bytes())
    assert "lists/" in (target / "README.txt").read_text("utf-8-sig")


def test_a_list_whose_number_comes_later_is_taken_away_again_with_its_number(
    listed: Site,
) -> None:
    before = listed.keeper.journal.head[0]
    assert NUMBER not in "".join(lists(listed, MAIN).values())
    assert lists(listed, MAIN, before + 1) == {}
    listed.do(lambda at: ReferenceEntered(at, NUMBER, By.COMMAND, firm=MAIN))
    ((_, text),) = lists(listed, MAIN, before + 1).items()
    assert NUMBER in text and JAN.surname in text


def test_a_list_of_which_a_name_was_erased_is_not_made_without_it(listed: Site) -> None:
    with reading(listed.journal) as connection:
        entries = [row.entry() for row in rows(connection)]
    gone = next(e for e in entries if e.kind == "person-listed")
    entries[gone.seq - 1] = replace(gone, record=None)
    place = Place("s", "g", BRUSSELS, listed.keeper.state.journal, {})
    whole = Lists(Reader(MAIN, main=True), place, [texts("nl")], "nl", 1)
    made = [name for entry in entries for name, _ in whole.take(entry)]
    assert made + [name for name, _ in whole.rest()] == []
