"""The report of a day and the status of today, from a journal that the real core wrote."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.core.commands import Send
from agent.core.delivery.receipt_records import ObligationCancelled, ReceiptFollowed
from agent.core.delivery.registrations import Answer, ItemError, Receipt
from agent.core.delivery.remarks import DIMONA_NOT_OK, REMARKS, UNKNOWN, explained
from agent.core.events import (
    BurstEnded,
    Event,
    Failure,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment
from agent.core.outage.procedure_records import By
from agent.core.paper.paper_events import PaperChecked, ReferenceEntered
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.desk.status import as_text as status_text
from agent.desk.status import status
from agent.journal.days import read_day
from agent.journal.keeper import Owner, opened
from agent.reports.day import as_text, day_report
from agent.sandbox.authority import Authority
from agent.sandbox.site import CONFIG, PINS

BRUSSELS = ZoneInfo("Europe/Brussels")
RULES = Rules(BRUSSELS, "1Y1000NF9KCQZ", lines=(Line("ciaw", "checkinatwork"),))
MONDAY = dt.date(2026, 11, 23)
TUESDAY = dt.date(2026, 11, 24)
SEVEN = dt.datetime(2026, 11, 23, 7, 0, tzinfo=BRUSSELS)
LINDE, MEUNIER = "0448181966", "0200065765"
FIRMS = {LINDE: "Bouwwerken De Linde"}
AN = Worker("Peeters", "An", LINDE, "1Y1000NF9KCQZ", inss="85011500155")
BO = Worker("Janssens", "Bo", LINDE, "1Y1000NF9KCQZ", inss="90020200266")
CY = Worker("Claes", "Cy", MEUNIER, "1Y1000NF9KCQZ", inss="77030300377")
DAVID = Worker("Maes", "David", MEUNIER, "1Y1000NF9KCQZ", inss="77030300378")
UIDS = {"04A1": AN, "04B2": BO, "04C3": CY, "04D4": DAVID}
RECEIPT = Receipt("1000000001")
DIMONA = Receipt("1000000002", "FAILED", (DIMONA_NOT_OK,))
WRONG = (ItemError("3", "The company number is not known."),)


class Gate:
    """A journal grown by the real core; each tap is answered at once, as it is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ms = 0
        chance, owner = random.Random(1), Owner("noord-1", training=False)
        self.keeper = opened(path, RULES, chance, owner, self.at)
        self.keeper.do(Started(self.at, "1"))
        self.keeper.do(RosterOffered(self.at, Roster(UIDS), "r"))

    @property
    def at(self) -> Moment:
        return Moment(round(SEVEN.timestamp() * 1000) + self.ms, self.ms, "boot")

    def tap(self, uid: str, said: Receipt | tuple[ItemError, ...] | Failure) -> None:
        self.ms += 60_000
        event: Event = Tapped(self.at, "entrance", uid)
        for command in self.keeper.do(event):
            if isinstance(command, Send):
                whose = (self.at, command.attempt, command.channel)
                (asked,) = (r.reference for r in command.registrations)
                match said:
                    case Receipt():
                        answers = (Answer(asked, said),)
                        self.keeper.do(BurstEnded(*whose, answers))
                    case Failure():
                        self.keeper.do(BurstEnded(*whose, failure=said, jitter=0.99))
                    case errors:
                        self.keeper.do(BurstEnded(*whose, (Answer(asked, errors=errors),)))

    def to(self, hours: float) -> None:
        self.ms = round(hours * 3_600_000)
        self.keeper.do(TimePassed(self.at))

    def report(self, day: dt.date, today: dt.date) -> Any:
        return day_report(read_day(self.path, day, RULES), day, today, FIRMS)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "journal.db")
    with closing(gate.keeper.journal):
        yield gate


def a_monday(gate: Gate) -> None:
    gate.tap("04A1", RECEIPT)
    gate.tap("04B2", DIMONA)
    gate.tap("04C3", WRONG)
    gate.tap("04FF", RECEIPT)
    gate.tap("04D4", Failure("Unavailable", "the service is not available", "wait"))


def test_today_is_reported_while_the_agent_runs_firm_by_firm(gate: Gate) -> None:
    a_monday(gate)
    report = gate.report(MONDAY, MONDAY)
    assert report["obligations"] == {"registered": 2, "rejected": 1, "open": 1}
    meunier, linde = report["employers"]
    assert (linde["name"], linde["obligations"]) == ("Bouwwerken De Linde", {"registered": 2})
    assert (meunier["name"], meunier["obligations"]) == ("", {"rejected": 1, "open": 1})
    assert [row["name"] for row in meunier["unsettled"]] == ["Maes David"]
    assert report["unknown_badges"] == ["…04FF"]
    (remark,) = linde["attention"]
    assert (remark["name"], remark["who"]) == ("Janssens Bo", "the employer")
    assert "Dimona" in remark["do"]


def test_a_day_that_is_over_shows_what_midnight_ended_and_is_the_same_ever_after(
    gate: Gate,
) -> None:
    a_monday(gate)
    gate.to(24)
    after = gate.report(MONDAY, TUESDAY)
    assert after["obligations"] == {"registered": 2, "rejected": 1, "expired": 1}
    (meunier, _) = after["employers"]
    problems = {row["name"]: row["problem"] for row in meunier["attention"]}
    assert "midnight came first" in problems["Maes David"]
    assert "3 The company number" in problems["Claes Cy"]
    gate.tap("04A1", Receipt("1000000003"))
    for day in range(2, 6):
        gate.to(24 * day)
    assert gate.report(MONDAY, TUESDAY) == after
    assert gate.report(TUESDAY, TUESDAY)["obligations"] == {"registered": 1}
    assert gate.report(dt.date(2026, 11, 26), TUESDAY)["obligations"] == {}


def test_a_day_that_is_over_shows_what_was_cancelled_and_what_validation_said(gate: Gate) -> None:
    gate.tap("04A1", RECEIPT)
    gate.tap("04B2", Receipt("1000000004"))
    at, (first, second) = gate.at, gate.keeper.state.ledger.obligations.values()
    gate.keeper.journal.append(
        at,
        [
            ObligationCancelled(first.reference, first.receipt),
            ReceiptFollowed(second.reference, second.receipt, "FAILED", (DIMONA_NOT_OK,)),
        ],
    )
    report = gate.report(MONDAY, TUESDAY)
    assert report["obligations"] == {"registered": 1, "cancelled": 1}
    (linde,) = report["employers"]
    assert [row["worker"] for row in linde["attention"]] == ["w2"]


def test_a_report_names_people_and_masks_their_numbers(gate: Gate) -> None:
    a_monday(gate)
    text = as_text(gate.report(MONDAY, MONDAY))
    assert "Janssens Bo (900202•••66, receipt 1000000002)" in text
    assert "RELATED DIMONA NOT OK: no Dimona declares this worker" in text
    assert all(worker.inss not in text for worker in UIDS.values())


def test_status_says_why_a_channel_fails_since_when_and_what_waits(gate: Gate) -> None:
    a_monday(gate)
    stand = status(gate.keeper.state, gate.at)
    assert stand["queue"] == {"waiting": 1, "being_sent": 0}
    line = stand["channels"]["ciaw"]
    assert line["failing_since"] == "2026-11-23T07:05:00+01:00"
    assert (line["why"], line["to_do"]) == ("the service is not available", "wait")
    text = status_text(stand)
    assert "failed once since 07:05: the service is not available" in text
    assert "w2 (2026-11-23): RELATED DIMONA NOT OK" in text
    assert "16:55:00 until midnight" in text
    assert "Janssens" not in text


def test_a_channel_that_works_again_is_well(gate: Gate) -> None:
    gate.tap("04D4", Failure("Unavailable", "the service is not available", "wait"))
    for command in gate.keeper.do(TimePassed(Moment(gate.at.unix_ms, gate.at.mono_ms, "boot"))):
        assert not isinstance(command, Send)
    gate.ms += 600_000
    for command in gate.keeper.do(TimePassed(gate.at)):
        if isinstance(command, Send):
            answers = tuple(Answer(r.reference, RECEIPT) for r in command.registrations)
            gate.keeper.do(BurstEnded(gate.at, command.attempt, command.channel, answers))
    assert "channel ciaw: well" in status_text(status(gate.keeper.state, gate.at))


def test_who_was_delivered_after_all_is_shown_with_the_receipt_and_the_list(gate: Gate) -> None:
    gate.tap("04D4", Failure("Unavailable", "the service is not available", "wait"))
    gate.keeper.do(ReferenceEntered(gate.at, "4711", By.COMMAND))
    (number,) = gate.keeper.state.papers.sheets
    gate.keeper.do(PaperChecked(gate.at, By.COMMAND, True, number))
    assert gate.report(MONDAY, MONDAY)["obligations"] == {"on paper": 1}
    gate.ms += 600_000
    for command in gate.keeper.do(TimePassed(gate.at)):
        if isinstance(command, Send):
            answers = tuple(Answer(r.reference, RECEIPT) for r in command.registrations)
            gate.keeper.do(BurstEnded(gate.at, command.attempt, command.channel, answers))
    report = gate.report(MONDAY, TUESDAY)
    assert report["obligations"] == {"registered, on paper too": 1}
    assert f"receipt {RECEIPT.number}): registered, and on list {number} (4711)" in as_text(report)


def test_every_remark_of_the_service_says_what_it_means_and_who_acts() -> None:
    assert len(REMARKS) == 17
    text = "COMPANY IS NOT KNOWN  AS BUILDER OR  SUBCONTRACTOR IN THIS DUC"
    assert explained(text).who == "the main contractor"
    assert explained("SOMETHING NEW") is UNKNOWN
    silent = [text for text, remark in REMARKS.items() if not (remark.who and remark.do)]
    assert silent == ["SAME DECLARATION HAS ALREADY BEEN REGISTERED"]


def test_the_command_reports_a_day_from_the_journal_alone(tmp_path: Path) -> None:
    Authority().sender("gate").write(tmp_path, "gate")
    (tmp_path / "authority.crt").write_bytes(Authority().pem)
    (tmp_path / "roster.csv").write_text("badge_uid;surname;given_name;inss;employer\n")
    file = tmp_path / "werfpoort.toml"
    file.write_text(
        CONFIG.format(
            folder=tmp_path,
            address="https://127.0.0.1:1/PresenceRegistration/v1",
            declaration="1Y1000NF9KCQZ",
            company=LINDE,
            port=1,
            **PINS,
        )
    )
    none = CliRunner().invoke(main, ["day", "--config", str(file)])
    assert (none.exit_code, "no such file" in none.output) == (1, True)
    (tmp_path / "data").mkdir(exist_ok=True)
    from agent.config import load_config

    journal = load_config(file).gate.journal
    journal.parent.mkdir(exist_ok=True)
    gate = Gate(journal)
    a_monday(gate)
    gate.keeper.journal.close()
    said = CliRunner().invoke(main, ["day", "2026-11-23", "--config", str(file)])
    assert (said.exit_code, "2 registered" in said.output) == (0, True), said.output
    wrong = CliRunner().invoke(main, ["day", "23/11/2026", "--config", str(file)])
    assert wrong.exit_code == 2
