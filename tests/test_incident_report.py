"""The report of an outage: what it says, in four languages, as a page and as a PDF."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner

from agent import locale
from agent.cli import main
from agent.core.clock_records import EntriesDated
from agent.core.delivery.registrations import Ticket
from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment, Trust
from agent.core.outage.classification import KEYS
from agent.core.outage.darkness import ROWS
from agent.core.outage.incident_records import (
    CauseCorrected,
    Ending,
    EvidenceTaken,
    ExemptionsWithdrawn,
    IncidentClosed,
    IncidentOpened,
    LayerSeen,
    ObligationsExempted,
    RowTurned,
    Taken,
)
from agent.core.outage.incident_report import Report, reports
from agent.core.outage.measurements import Layer
from agent.core.outage.procedure_records import By, Step, StepTaken
from agent.core.outage.whose import Bar, Whose
from agent.core.records import (
    AttemptEnded,
    Entry,
    ObligationExpired,
    ObligationOpened,
    Record,
    kind_of,
)
from agent.core.roster import Worker
from agent.journal.store import Journal
from agent.locale import LANGUAGES
from agent.reports.incident_html import as_html
from agent.reports.incident_page import Heading, judged, page, settling
from agent.reports.incident_pdf import as_pdf

BRUSSELS = ZoneInfo("Europe/Brussels")
START = round(dt.datetime(2026, 11, 24, 6, 30, tzinfo=BRUSSELS).timestamp() * 1000)
MINUTE = 60_000
WORKER = Worker("Peeters", "An", "0448181966", "1Y1000NF9KCQZ", inss="85011512355")
HEADING = Heading("Voorbeeldwerf Noord, Gent", "1Y1000NF9KCQZ", "0448.181.966", BRUSSELS)


def at(minute: float) -> Moment:
    return Moment(START + round(minute * MINUTE), 1_000_000 + round(minute * MINUTE), "boot-1")


def seen(minute: float, layer: Layer, of: str = "", **said: str) -> tuple[Moment, Record]:
    return at(minute), EvidenceTaken((LayerSeen(layer, of, said, at(minute).mono_ms),))


def opened(minute: float, number: int) -> tuple[Moment, Record]:
    owed = ObligationOpened(
        f"j-{number}",
        number,
        WORKER,
        "04A1B2C3",
        dt.date(2026, 11, 24),
        "checkinatwork",
        "any",
        "entrance",
        number,
        at(minute),
    )
    return at(minute), owed


LINE = {"anchors": "well,well,well,well", "steady": "well", "last_hop": "192.0.2.1"}
DEAD = {"anchors": "failing,failing,failing,failing", "last_hop": "198.51.100.1"}
HAPPENED: list[tuple[Moment, Record]] = [
    seen(0, Layer.POWER, mains="well", voltage="well"),
    seen(0, Layer.LINK, "fibre", carrier="well"),
    seen(0, Layer.LOCAL, "fibre", address="well", gateway="well"),
    seen(0, Layer.INTERNET, "fibre", **LINE),
    seen(0, Layer.NAMES, configured="well", others="well"),
    seen(0, Layer.CHANNEL, "rsz", tcp="well", tls="well"),
    opened(20, 1),
    opened(22, 2),
    (at(20.2), AttemptEnded(7, "rsz", "NotReached", "services takes no connection in time")),
    seen(20.5, Layer.INTERNET, "fibre", provider_hop="well", beyond="failing", **DEAD),
    seen(20.6, Layer.NAMES, configured="failing", others="failing"),
    seen(20.7, Layer.CHANNEL, "rsz"),
    (
        at(22),
        IncidentOpened(
            "i1", "checkinatwork", at(20), "internet.provider-dead", Whose.INFRASTRUCTURE
        ),
    ),
    (at(22), StepTaken("i1", "", Step.CHANNELS_TRIED, By.AGENT)),
    (at(22), StepTaken("i1", "", Step.PHONE_ASKED, By.AGENT)),
    (at(26), AttemptEnded(8, "rsz", "ServiceFault", "a fault", ticket=Ticket(500, "T-4711"))),
    (at(27), StepTaken("i1", "", Step.PHONE_NO, By.KEYPAD)),
    (at(40), RowTurned("i1", "internet.no-anchor", Whose.UNDETERMINED, away=True)),
    (at(41), RowTurned("i1", "internet.provider-dead", Whose.INFRASTRUCTURE, away=False)),
    seen(62, Layer.INTERNET, "fibre", **LINE),
    seen(62.1, Layer.NAMES, configured="well", others="well"),
    seen(62.2, Layer.CHANNEL, "rsz", tcp="well", tls="well"),
    (at(62.5), IncidentClosed("i1", at(62.5), Ending.DELIVERED)),
    (
        at(90),
        CauseCorrected(
            "i1",
            "provider",
            Whose.INFRASTRUCTURE,
            Taken.TAKEN,
            By.COMMAND,
            "An Peeters",
            "PROV-2026-0815",
        ),
    ),
    (at(900), ObligationsExempted(dt.date(2026, 11, 24), ("i1",), ("j-1", "j-2"))),
    (at(901), CheckpointSigned(41, bytes(range(32)), bytes(64), bytes(32))),
]
NOW_MS = at(1000).unix_ms


def entries(happened: list[tuple[Moment, Record]]) -> list[Entry]:
    return [Entry(n, when, kind_of(r), r) for n, (when, r) in enumerate(happened, 1)]


def report() -> Report:
    return reports(entries(HAPPENED), NOW_MS)["i1"]


def test_a_report_says_what_the_journal_knows() -> None:
    said = report()
    assert (said.since, said.until) == (at(20), at(62.5))
    assert judged(said) is Whose.INFRASTRUCTURE
    assert said.reference == "PROV-2026-0815"
    assert said.last_hop == "198.51.100.1"
    assert (len(said.affected), said.exempt) == (2, 2)
    assert [t.ticket.ticket for t in said.tries] == ["", "T-4711"]


def test_what_ended_under_a_wrong_clock_is_told_as_its_boot_was_dated_later() -> None:
    def early(minute: float, behind_days: int, trust: Trust) -> Moment:
        right = at(minute)
        shown = right.unix_ms - behind_days * 86_400_000
        return Moment(shown, right.mono_ms - 1_500_000, "boot-2", trust)

    before = [one for one in HAPPENED if not isinstance(one[1], IncidentClosed)]
    wrong = early(70, 391, Trust.UNKNOWN)
    closed = (wrong, IncidentClosed("i1", wrong, Ending.ROW_CHANGED))
    never = reports(entries([*before, closed]), NOW_MS)["i1"]
    assert never.until == wrong
    dated = (early(80, 0, Trust.NTP), EntriesDated(1, 2))
    told = reports(entries([*before, closed, dated]), NOW_MS)["i1"].until
    assert told is not None
    assert told.unix_ms == at(70).unix_ms


def test_what_barred_an_exemption_and_what_a_person_said_decide_whose_it_was() -> None:
    barred = report()
    barred.bars = (Bar.OTHER_CHANNEL.value,)
    assert judged(barred) is Whose.UNDETERMINED
    own = CauseCorrected("i1", "site", Whose.OWN, Taken.TAKEN, By.COMMAND)
    claimed = CauseCorrected("i1", "grid", Whose.INFRASTRUCTURE, Taken.CLAIMED, By.COMMAND)
    corrected = [*HAPPENED, (at(950), own), (at(951), claimed)]
    assert judged(reports(entries(corrected), NOW_MS)["i1"]) is Whose.OWN


def test_a_reference_that_was_refused_stands_on_no_report() -> None:
    refused = CauseCorrected(
        "i1", "grid", Whose.INFRASTRUCTURE, Taken.REFUSED, By.PAGE, "", "FLU-1", "correct.own-cause"
    )
    own = CauseCorrected("i1", "own", Whose.OWN, Taken.TAKEN, By.PAGE)
    before = [*HAPPENED, (at(950), refused)]
    assert reports(entries(before), NOW_MS)["i1"].reference == "PROV-2026-0815"
    after = [*HAPPENED, (at(950), own), (at(951), refused)]
    assert reports(entries(after), NOW_MS)["i1"].reference == ""


def test_a_reference_lifts_the_habit_in_the_report_as_it_does_in_the_core() -> None:
    said = report()
    said.bars = (Bar.HABIT.value,)
    assert (judged(said), said.barring) == (Whose.INFRASTRUCTURE, ())
    said.corrections = []
    assert (judged(said), said.barring) == (Whose.UNDETERMINED, (Bar.HABIT.value,))


def test_a_report_says_how_sure_the_gate_was_and_what_would_settle_it() -> None:
    said = report()
    assert settling(said) == ()  # a ticket did
    said.corrections = []
    shown = dict(page(said, HEADING, "en", NOW_MS).facts)
    assert shown["How sure the gate was"] == "inferred from what answered around it"
    assert shown["What would settle it"] == "a ticket of the provider"
    said.row, said.whose = "power.cut", Whose.UNDETERMINED.value
    assert settling(said) == ("settle.grid-notice",)
    said.row, said.whose = "link.cable-out", Whose.OWN.value
    assert settling(said) == ()


@pytest.mark.parametrize("row", [*KEYS, *ROWS])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_is_told_in_words(row: str, language: str) -> None:
    said = report()
    said.row, said.corrections = row, []
    facts = [value for _, value in page(said, HEADING, language, NOW_MS).facts]
    assert any(value.endswith(f" [{row}]") for value in facts)


def test_who_had_expired_before_an_outage_is_not_affected_by_it() -> None:
    expired = ObligationExpired("j-1", dt.date(2026, 11, 24), answer_lost=False)
    before = [*HAPPENED[:8], (at(19), expired), *HAPPENED[8:]]
    assert [o.reference for o in reports(entries(before), NOW_MS)["i1"].affected] == ["j-2"]


def test_an_exemption_that_was_withdrawn_is_not_counted() -> None:
    withdrawn = ExemptionsWithdrawn(dt.date(2026, 11, 24), ("i1",), ("j-1", "j-2"))
    assert reports(entries([*HAPPENED, (at(950), withdrawn)]), NOW_MS)["i1"].exempt == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_file_with_its_drawing_and_names_nobody(language: str) -> None:
    made = as_html(page(report(), HEADING, language, NOW_MS))
    assert "Peeters" not in made
    assert "850115" not in made
    assert not re.search(r"<script|(src|href|url)\s*[=(]", made)
    drawing = made[made.index("<svg") : made.index("</svg>") + 6]
    assert len(ElementTree.fromstring(drawing).findall("rect")) > 8
    assert all(text in made for text in ("PROV-2026-0815", "198.51.100.1", "T-4711"))
    assert bytes(range(32)).hex() in made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gate's configuration, with a journal in which all of it happened."""
    journal = Journal(tmp_path / "journal.db", random.Random(1))
    for when, record in HAPPENED:
        journal.append(when, [record])
    journal.close()
    file = tmp_path / "werfpoort.toml"
    file.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    return file


CONFIG = """
[gate]
name = "noord-1"
roster = "roster.csv"
data_dir = "{folder}"
[site]
name = "Voorbeeldwerf Noord"
declaration = "1Y1000NF9KCQZ"
company = "0448181966"
[[readers]]
[[channels]]
name = "rsz"
certificate = "gate.crt"
key = "gate.key"
"""


def test_the_commands_list_show_and_write_what_the_journal_holds(config: Path) -> None:
    def said(*words: str) -> str:
        done = CliRunner().invoke(main, ["incident", *words, "--config", str(config)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "i1  2026-11-24 06:50:00 to 07:32:30  infrastructure" in said("list")
    assert "PROV-2026-0815" in said("show", "i1")
    file = config.parent / "report.html"
    said("report", "i1", "--html", "--language", "fr", "--to", str(file))
    assert "Rapport de panne" in file.read_text("utf-8")
    said("report", "--to", str(config.parent / "report.pdf"))
    assert (config.parent / "report.pdf").read_bytes().startswith(b"%PDF")


def test_an_outage_that_never_was_is_told_so(config: Path) -> None:
    done = CliRunner().invoke(main, ["incident", "show", "i9", "--config", str(config)])
    assert done.exit_code == 1
    assert "no outage i9; known: i1" in done.output


def test_workers_are_named_only_when_asked_and_never_by_their_number() -> None:
    heading = Heading("Werf", "1Y1000NF9KCQZ", "0448.181.966", BRUSSELS, names=True)
    made = as_html(page(report(), heading, "nl", NOW_MS))
    assert "Peeters An, 850115•••55" in made
    assert "85011512355" not in made


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_is_one_page(language: str) -> None:
    made = as_pdf(page(report(), HEADING, language, NOW_MS))
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", made)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_compiled(language: str) -> None:
    folder = Path(locale.__file__).parent / language / "LC_MESSAGES"
    with (folder / "incident.po").open("rb") as po, (folder / "incident.mo").open("rb") as mo:
        source = {str(m.id): str(m.string) for m in read_po(po) if m.id}
        compiled = {str(m.id): str(m.string) for m in read_mo(mo) if m.id}
    assert source == compiled
    values = {f"report.step.{step.value}" for step in Step}
    values |= {f"report.bar.{bar.value}" for bar in Bar}
    values |= {f"report.{taken.value}" for taken in Taken}
    assert values <= source.keys()
