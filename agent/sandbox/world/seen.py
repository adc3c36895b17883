"""What people get to see of a gate, read for the numbers that may stand on an attendance list alone
(DOMAIN.md, section 5.7): log, status, slips, answers, the page, notices, reports of outages.

It is made by the code that makes it on a gate, from the state as it stood; only that no picture of
it is drawn, and that the page's drawing of the layers, which reads the journal's file, stays empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from agent.config.settings import (
    Config,
    EmployerSettings,
    GateSettings,
    KeypadSection,
    SiteSettings,
)
from agent.core.commands import Command, Print, PrintSlip, Reply
from agent.core.delivery.inquiries import CancelReason
from agent.core.moment import Moment
from agent.core.outage.incident_report import reports
from agent.core.paper.paper_events import SlipKind
from agent.core.paper.paper_records import Paper
from agent.core.presence import present
from agent.core.records import Entry
from agent.core.standing import subjects
from agent.core.state import State
from agent.desk.status import status
from agent.paper.documents import Documents
from agent.reports.incident_html import as_html
from agent.reports.incident_page import page
from agent.reports.incidents import heading_of
from agent.sandbox.people import DECLARATION, EMPLOYERS, MAIN_CONTRACTOR
from agent.sandbox.tray import Sheet
from agent.sandbox.world.values import ZONE
from agent.web.door import Door, Level
from agent.web.glance import Seam, by_firm
from agent.web.parts import Maker
from agent.web.rendering import Renderer
from drivers.base import ReaderSettings
from drivers.paper import Document
from drivers.paper_layout import plain

LANGUAGES = ("nl", "fr", "de", "en")
NOWHERE = Path("drawn")
"""The journal lies on a simulated disk: no file of this machine is read."""
WIDE = 500
"""Columns: nothing that is printed is broken over two lines here."""
_RUN = re.compile(r"\d(?:[ .\-/]?\d){10,}")
_BETWEEN = re.compile(r"[ .\-/]")
Finds = Callable[[str, str], None]


def numbers_in(text: str, known: Collection[str]) -> Iterator[str]:
    """Those of the `known` numbers that stand in full in the text, however their digits are set
    apart."""
    for run in _RUN.findall(text):
        digits = _BETWEEN.sub("", run)
        yield from (number for number in known if number in digits)


def configuration(first: int) -> Config:
    """A site's, in two languages beginning with the one of this number."""
    languages = (*LANGUAGES[first:], *LANGUAGES[:first])[:2]
    firms = tuple(EmployerSettings(number=number, name=name) for number, name in EMPLOYERS.items())
    return Config(
        gate=GateSettings(
            name="simulated",
            roster=NOWHERE / "roster.csv",
            data_dir=NOWHERE,
            training=True,
            languages=languages,
        ),
        site=SiteSettings(
            name="Drawn site",
            declaration=DECLARATION,
            company=MAIN_CONTRACTOR,
            address="Kaai 1, 1000 Brussel",
        ),
        readers=(ReaderSettings(),),
        channels=(),
        employers=firms,
        keypad=KeypadSection(kind="matrix"),
    )


@cache
def _made(first: int) -> tuple[Config, Documents, Renderer]:
    """What says the same in every world: texts and templates cost time to read."""
    config = configuration(first)
    renderer = Renderer(
        ZONE,
        site=config.site.name,
        gate=config.gate.name,
        version="drawn",
        training=True,
        opens=True,
        operates=True,
    )
    return config, Documents(config), renderer


class Seen:
    """Reads all of it. `known`: the numbers of people; `finds`: hears of each that stands where it
    must not, and of each that is missing where it must stand."""

    def __init__(self, seed: int, known: Collection[str], finds: Finds) -> None:
        self._known, self._finds = known, finds
        self._config, self._documents, self._renderer = _made(seed % len(LANGUAGES))
        self._language = self._config.gate.languages[seed // len(LANGUAGES) % 2]
        self._printed: set[tuple[Paper, str, int]] = set()
        self._read: set[tuple[Paper, str, bool]] = set()
        self._of_job: dict[int, tuple[Paper, str]] = {}
        self._sheets = 0
        self.counts = dict.fromkeys(("slips", "lists", "answers", "looks", "reports"), 0)

    def read(self, where: str, text: str) -> None:
        """No number of anybody may stand there, nor that somebody is ill (section 6)."""
        if CancelReason.DISEASE in text:
            self._finds("6. no health data", f"that somebody is ill stands in {where}")
        for number in sorted(set(numbers_in(text, self._known))):
            self._finds("5.7 no full number", f"{number[:4]}… stands in {where}")

    def carried_out(self, commands: Iterable[Command], state: State, at: Moment) -> None:
        """What a step lets be printed or answered, as things stand after it."""
        for command in commands:
            match command:
                case PrintSlip():
                    self._slip(command, state, at)
                case Print():
                    self._ordered(command, state, at)
                case Reply(text=text):
                    self.counts["answers"] += 1
                    self.read("an answer", text)

    def _slip(self, order: PrintSlip, state: State, at: Moment) -> None:
        document = self._documents.slip(order, state, at)
        if document is None:
            return
        self.counts["slips"] += 1
        self.read(f"the {order.slip.value} slip", _text(document))
        if order.slip is SlipKind.INSTRUCTION:  # who reads it may open the page as well
            self.looked_at(state, at)

    def _ordered(self, order: Print, state: State, at: Moment) -> None:
        """A list is where numbers belong: of those on it, and of nobody else."""
        self._of_job[order.job] = order.paper, order.sheet.made.number
        ordered = order.paper, order.sheet.made.number, order.reference is None
        if ordered in self._read:
            return  # tried again: it says the same each time
        self._read.add(ordered)
        text = _text(self._documents.ordered(order, state, at))
        if order.paper is not Paper.LIST:
            self.counts["slips"] += 1
            self.read("the slip that completes a list", text)
            return
        self.counts["lists"] += 1
        named = {row.person.inss or row.person.limosa for row in order.sheet.rows}
        there = set(numbers_in(text, {*self._known, *named}))
        for number in sorted(named - there):
            self._finds("3.4 the list bears the numbers", f"{number[:4]}… is not on it")
        for number in sorted(there - named):
            self._finds("5.7 no full number", f"{number[:4]}… stands on a list of others")

    def came_out(self, sheets: Sequence[Sheet]) -> None:
        """No list is printed twice in silence: what came out before says that it is a duplicate."""
        for sheet in sheets[self._sheets :]:
            printed = *self._of_job[sheet.job], sheet.part
            if printed in self._printed and not sheet.marked:
                self._finds("a copy says that it is one", f"{printed[1]}, part {sheet.part}")
            self._printed.add(printed)
        self._sheets = len(sheets)

    def looked_at(self, state: State, now: Moment) -> None:
        """The page as whoever knows all codes sees it, the status, and what is told elsewhere."""
        self.counts["looks"] += 1
        stand = status(state, now)
        self.read("the status", json.dumps(stand))
        self.read("a notice", json.dumps(dict(subjects(state, now))))
        seam = Seam(
            self._config,
            state=lambda: state,
            now=lambda: now,
            ask=lambda _: {"status": stand},
            looked=lambda: now,
            writes=lambda: True,
        )
        door = Door("", lambda _: False, lambda: 0.0)
        look = Maker(seam, door, self._renderer).look()
        parts = look.parts(self._language, Level.OPERATOR)
        self.read("the page", "\n".join(parts.by_name.values()))
        self.read("the page of who is here", self._here(seam))

    def _here(self, seam: Seam) -> str:
        here = present(seam.state(), seam.now())
        return self._renderer.render(
            "here.html",
            self._language,
            place="here",
            token="",
            said=None,
            kept="",
            people=by_firm(here, seam.firm),
            unknown=[one for one in here if one.unknown],
            count=len(here),
            outs=False,
            at=f"{seam.now().local(ZONE):%d/%m/%Y %H:%M}",
        )

    def reported(self, entries: Iterable[Entry], now_ms: int) -> None:
        """The report of each outage that these entries tell of."""
        heading = heading_of(self._config, names=True)
        for report in reports(entries, now_ms).values():
            self.counts["reports"] += 1
            shown = page(report, heading, self._language, now_ms)
            self.read("the report of an outage", as_html(shown))


def _text(document: Document) -> str:
    return "\n".join(plain(part, WIDE) for part in document.parts)
