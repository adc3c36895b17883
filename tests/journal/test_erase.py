"""What is erased, when, and what never is; and that nothing of it can be found in the file."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.core import gate
from agent.core.commands import Command, Reply, Send
from agent.core.delivery.registrations import Answer, Receipt
from agent.core.events import (
    BadgeAssignmentAsked,
    BurstEnded,
    Event,
    RosterOffered,
    Started,
    TapDayNamed,
    Tapped,
    TimePassed,
)
from agent.core.journal_events import ErasureAsked
from agent.core.journal_records import BundleExported
from agent.core.moment import Moment, Trust
from agent.core.outage.incident_records import (
    CauseCorrected,
    Ending,
    IncidentClosed,
    IncidentOpened,
    Taken,
)
from agent.core.outage.procedure_records import By
from agent.core.outage.whose import Whose
from agent.core.paper.paper_events import ListAsked
from agent.core.records import KINDS, kind_of
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.spans import Span
from agent.journal.checkpoint import signer_from
from agent.journal.erase import ERASABLE, Plan, Terms, planned
from agent.journal.keeper import Keeper, Owner, opened
from agent.journal.outward import exported_upto
from agent.journal.rows import reading, rows
from agent.journal.verify import verify

BRUSSELS = ZoneInfo("Europe/Brussels")
RULES = Rules(BRUSSELS, "1Y1000NF9KCQZ", lines=(Line("ciaw", "checkinatwork"),))
FIRST = dt.datetime(2025, 1, 6, 7, 0, tzinfo=BRUSSELS)
TERMS = Terms()
DAY_MS = 86_400_000
AN = Worker("Peeters", "An", "0448181966", "1Y1000NF9KCQZ", inss="85011500155")
BO = Worker("Janssens", "Bo", "0448181966", "1Y1000NF9KCQZ", inss="90020200266")
CY = Worker("Claes", "Cy", "0200065765", "1Y1000NF9KCQZ", inss="77030300377")
UIDS = {"04A1A1A1A1A1A1": AN, "04B2B2B2B2B2B2": BO, "04C3C3C3C3C3C3": CY}


class Site:
    """A journal grown by the real core, on days of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ms = 0
        owner = Owner("noord-1", training=False)
        signer = signer_from(bytes(32))
        self.keeper = opened(path, RULES, random.Random(1), owner, self.at, signer)
        self.do(Started(self.at, "1"))
        self.roster(UIDS)

    @property
    def at(self) -> Moment:
        return Moment(round(FIRST.timestamp() * 1000) + self.ms, self.ms, "boot")

    @property
    def today(self) -> dt.date:
        return self.at.day(BRUSSELS)

    def do(self, event: Event) -> tuple[Command, ...]:
        return self.keeper.do(event)

    def roster(self, badges: dict[str, Worker]) -> None:
        self.do(RosterOffered(self.at, Roster(badges), "r", force=True))

    def tap(self, uid: str, *, receipt: bool) -> None:
        self.ms += 60_000
        for command in self.do(Tapped(self.at, "entrance", uid)):
            if isinstance(command, Send):
                references = [r.reference for r in command.registrations]
                answers = tuple(Answer(r, Receipt(f"9{i:06}")) for i, r in enumerate(references))
                found = answers if receipt else ()
                missing = () if receipt else tuple(references)
                self.do(
                    BurstEnded(self.at, command.attempt, command.channel, found, missing=missing)
                )

    def days(self, count: int) -> None:
        self.ms += count * DAY_MS
        self.do(TimePassed(self.at))
        for name, way in self.keeper.state.lines.ways.items():
            if way.attempt:
                self.do(BurstEnded(self.at, way.attempt, name, missing=("x",)))

    def plan(self, terms: Terms = TERMS, *, worker: int | None = None) -> Plan:
        with reading(self.path) as connection:
            exported = exported_upto(connection, ("0448181966",))
            return planned(connection, terms, self.today, exported=exported, worker=worker)

    def erase(self, plan: Plan) -> int:
        for erasure in plan.erasures:
            event = ErasureAsked(self.at, erasure.spans, erasure.reason, erasure.workers, 1)
            (reply,) = (c for c in self.do(event) if isinstance(c, Reply))
            assert reply.done, reply.text
        return sum(erasure.count for erasure in plan.erasures)

    def bare(self) -> Counter[str]:
        """How many entries of each kind have no details."""
        with reading(self.path) as connection:
            return Counter(row.kind for row in rows(connection) if row.body is None)

    def mentions(self, text: str) -> bool:
        """Whether the bytes on disk hold it, in the file or its log."""
        files = (self.path, Path(f"{self.path}-wal"))
        return any(text.encode() in file.read_bytes() for file in files if file.exists())

    def restored_is_running(self) -> bool:
        entries = self.keeper.journal.entries_for_state()
        return gate.restore(RULES, entries) == self.keeper.state


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "journal.db")
    with closing(site.keeper.journal):
        yield site


def reasons(plan: Plan) -> set[str]:
    return {erasure.reason for erasure in plan.erasures}


@pytest.mark.parametrize(
    ("today", "months", "begins"),
    [
        (dt.date(2026, 3, 31), 13, dt.date(2025, 2, 28)),
        (dt.date(2026, 1, 15), 13, dt.date(2024, 12, 15)),
        (dt.date(2025, 3, 29), 13, dt.date(2024, 2, 29)),
        (dt.date(2026, 12, 31), 1, dt.date(2026, 11, 30)),
        (dt.date(2026, 12, 31), 12, dt.date(2025, 12, 31)),
    ],
)
def test_a_term_in_months_ends_on_the_same_day_or_the_months_last(
    today: dt.date, months: int, begins: dt.date
) -> None:
    assert Terms(receipt_months=months).receipt_ends(today) == begins


def test_the_proof_term_counts_in_years() -> None:
    assert Terms().proof_ends(dt.date(2031, 1, 6)) == dt.date(2024, 1, 6)


def test_nothing_is_erased_before_its_term(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.days(390)
    assert site.plan().erasures == ()


def test_a_day_with_a_receipt_is_erased_whole_after_thirteen_months(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.days(400)
    assert reasons(site.plan()) == {"its term ended: 13 months after a receipt"}
    assert site.erase(site.plan()) == 4
    assert site.bare() == {"tap-stored": 2, "obligation-opened": 1, "receipt-stored": 1}
    assert site.plan().erasures == ()
    assert site.restored_is_running()


def test_a_day_without_a_receipt_is_kept_for_seven_years(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=False)
    site.days(2000)
    assert site.plan().erasures == ()
    site.days(600)
    assert reasons(site.plan()) == {"its term ended: 7 years without a receipt"}
    site.erase(site.plan())
    assert site.bare()["obligation-opened"] == 1


def test_a_proof_term_that_is_the_shorter_one_is_kept_too(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=False)
    site.days(800)
    assert site.plan(Terms(receipt_months=13, proof_years=1)).erasures
    assert site.plan(Terms(receipt_months=36, proof_years=1)).erasures


def test_what_is_erased_is_in_no_byte_of_the_file_or_its_log(site: Site) -> None:
    site.roster({"04A1A1A1A1A1A1": AN, "04B2B2B2B2B2B2": BO})
    site.tap("04B2B2B2B2B2B2", receipt=True)
    site.days(1)
    site.roster({"04A1A1A1A1A1A1": AN})
    site.days(800)
    assert site.mentions(BO.inss)
    assert site.mentions("04B2B2B2B2B2B2")
    site.erase(site.plan())
    assert not site.mentions(BO.inss)
    assert not site.mentions("04B2B2B2B2B2B2")
    assert not site.mentions("Janssens")
    assert site.mentions(AN.inss)


def test_a_reader_that_is_in_the_way_only_delays_the_shredding(site: Site) -> None:
    site.tap("04C3C3C3C3C3C3", receipt=True)
    site.days(1)
    site.roster({"04A1A1A1A1A1A1": AN})
    site.days(800)
    uri = f"file:{site.path}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entry").fetchone()
        site.erase(site.plan())
        assert site.mentions(CY.inss)
    site.do(TimePassed(site.at))
    assert not site.mentions(CY.inss)


def test_the_chain_still_verifies_and_says_what_was_erased(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.days(400)
    site.erase(site.plan())
    verdict = verify(site.path)
    assert verdict.findings == []
    assert verdict.erased == [
        f"3 entries erased on {site.today}: its term ended: 13 months after a receipt"
    ]


def test_who_is_off_the_roster_is_forgotten_after_the_term_and_the_number_never_given_again(
    site: Site,
) -> None:
    numbers = dict(site.keeper.state.book.numbers.items())
    site.days(1)
    site.roster({"04A1A1A1A1A1A1": AN, "04B2B2B2B2B2B2": BO})
    site.days(390)
    assert site.plan().erasures == ()
    site.days(20)
    (erasure,) = site.plan().erasures
    gone = numbers["77030300377/0200065765/1Y1000NF9KCQZ"]
    assert erasure.workers == (gone,)
    site.erase(site.plan())
    assert site.plan().erasures == ()
    assert len(site.keeper.state.book.numbers) == 2
    assert site.restored_is_running()
    site.roster(UIDS)
    again = dict(site.keeper.state.book.numbers.items())["77030300377/0200065765/1Y1000NF9KCQZ"]
    assert again == max(numbers.values()) + 1
    assert site.restored_is_running()


def test_a_badge_assigned_to_who_is_forgotten_goes_with_it(site: Site) -> None:
    site.do(BadgeAssignmentAsked(site.at, "04D4D4D4D4D4D4", "Claes Cy"))
    assert "04D4D4D4D4D4D4" in site.keeper.state.book.assigned
    site.roster({"04A1A1A1A1A1A1": AN})
    site.days(500)
    site.erase(site.plan())
    assert "04D4D4D4D4D4D4" not in site.keeper.state.book.assigned
    assert site.restored_is_running()


def test_the_roster_in_force_is_never_erased(site: Site) -> None:
    site.days(4000)
    site.erase(site.plan())
    site.erase(site.plan(worker=1))
    assert len(site.keeper.state.book.listed) == 3
    assert site.bare() == {}
    assert site.restored_is_running()


def test_a_listing_that_was_changed_is_erased_and_the_one_in_force_stays(site: Site) -> None:
    site.roster({**UIDS, "04E5E5E5E5E5E5": AN})
    site.days(500)
    assert site.erase(site.plan()) == 1
    assert site.bare() == {"worker-listed": 1}
    assert len(site.keeper.state.book.numbers) == 3
    assert site.restored_is_running()


def test_what_is_not_settled_is_not_erased_for_a_worker_who_asks(site: Site) -> None:
    site.days(1)
    site.tap("04A1A1A1A1A1A1", receipt=False)
    number = site.keeper.state.book.holder("04A1A1A1A1A1A1")
    assert number is not None
    assert site.plan(worker=number[0]).erasures == ()
    site.days(5)
    plan = site.plan(worker=number[0])
    assert reasons(plan) == {f"asked for worker w{number[0]}"}
    site.erase(plan)
    assert site.bare()["tap-stored"] == 1
    assert site.restored_is_running()


def test_only_the_worker_who_asks_is_erased(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.tap("04B2B2B2B2B2B2", receipt=True)
    site.days(5)
    number = site.keeper.state.book.holder("04B2B2B2B2B2B2")
    assert number is not None
    site.erase(site.plan(worker=number[0]))
    assert site.bare() == {"tap-stored": 1, "obligation-opened": 1, "receipt-stored": 1}


def test_an_erasure_of_what_the_state_needs_is_refused(site: Site) -> None:
    site.days(1)
    site.tap("04A1A1A1A1A1A1", receipt=False)
    last = site.keeper.state.seq
    event = ErasureAsked(site.at, (Span(last, last),), "mistake", (), 1)
    (reply,) = (c for c in site.do(event) if isinstance(c, Reply))
    assert not reply.done
    assert site.bare() == {}


def test_what_nobody_took_away_is_warned_of_thirty_days_ahead_and_then_erased(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.days(380)
    assert (site.plan().soon, site.plan().held) == (3, 0)
    site.days(20)
    assert (site.plan().soon, site.plan().held) == (0, 0)
    assert site.erase(site.plan()) == 3


def test_what_was_taken_away_is_not_warned_of(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    bundle = BundleExported("0448181966", "age1x", 1, site.keeper.state.seq, "f", "00")
    site.keeper.journal.append(site.at, [bundle])
    site.keeper = Keeper(site.keeper.journal, RULES)
    site.days(380)
    assert site.plan().soon == 0


def test_what_nobody_took_away_is_kept_when_the_configuration_says_so(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.days(400)
    plan = site.plan(Terms(keep_until_exported=True))
    assert (plan.erasures, plan.held) == ((), 3)


def test_what_a_clock_that_nobody_set_calls_old_is_kept_until_it_is(site: Site) -> None:
    """As on a Pi without a battery: years behind until NTP answers."""
    site.days(1)
    bogus = Moment(1_000_000_000_000, 1_000, "boot-2", Trust.UNKNOWN)
    site.do(Started(bogus, "1"))
    site.do(Tapped(bogus, "entrance", "04F6F6F6F6F6F6"))
    site.do(RosterOffered(bogus, Roster({"04A1A1A1A1A1A1": AN}), "r", force=True))
    site.do(Started(site.at, "1"))
    site.do(TapDayNamed(site.at, site.today - dt.timedelta(days=1), "Jan Maes"))
    site.days(5)
    assert site.plan().erasures == ()
    assert site.restored_is_running()
    site.days(400)
    site.erase(site.plan())
    assert site.bare() == {"tap-stored": 1, "worker-listed": 2}
    assert site.mentions("Jan Maes")
    site.days(2300)
    site.erase(site.plan())
    assert not site.mentions("Jan Maes")
    assert site.restored_is_running()


def test_who_said_whose_an_incident_was_is_kept_for_seven_years_after_it_closed(
    site: Site,
) -> None:
    row, own = "clock.not-trusted", Whose.OWN
    said = CauseCorrected("i1", "grid", own, Taken.CLAIMED, By.COMMAND, "Jan Maes")
    site.keeper.journal.append(
        site.at,
        [
            IncidentOpened("i1", "checkinatwork", site.at, row, own),
            said,
            IncidentClosed("i1", site.at, Ending.DELIVERED),
        ],
    )
    site.keeper = Keeper(site.keeper.journal, RULES)
    site.days(2500)
    assert site.plan().erasures == ()
    site.days(100)
    assert site.erase(site.plan()) == 1
    assert not site.mentions("Jan Maes")
    assert site.restored_is_running()


def test_every_kind_that_names_a_person_or_a_badge_has_a_term() -> None:
    named = {
        kind
        for kind, record in KINDS.items()
        for field in fields(record)
        if "Worker" in str(field.type) or field.name in {"person", "uid", "who"}
    }
    assert len(named) > 5
    assert named <= {kind_of(kind) for kind in ERASABLE}


def test_an_erasure_that_is_broken_off_between_batches_is_finished_by_the_next_plan(
    site: Site,
) -> None:
    for _ in range(3):
        site.tap("04A1A1A1A1A1A1", receipt=True)
        site.days(1)
    site.days(400)
    plan = site.plan()
    spans = [span for erasure in plan.erasures for span in erasure.spans]
    seqs = [seq for span in spans for seq in range(span.first, span.last + 1)]
    first = ErasureAsked(site.at, (Span(seqs[0], seqs[0]),), "begun", (), 1)
    site.do(first)
    done = site.erase(site.plan())
    assert 0 < done < len(seqs)
    site.days(2600)
    site.erase(site.plan())
    assert sum(site.bare().values()) >= len(seqs)


def test_names_on_a_list_are_erased_with_what_they_stand_for(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=True)
    site.tap("04B2B2B2B2B2B2", receipt=False)
    (late,) = (n for n, known in site.keeper.state.book.listed.items() if known.worker == CY)
    site.do(ListAsked(site.at, By.COMMAND, expected=(late,)))
    site.days(400)
    site.roster({"04A1A1A1A1A1A1": AN, "04B2B2B2B2B2B2": BO})
    site.erase(site.plan())
    assert site.bare()["person-listed"] == 1  # who has a receipt needs no list
    site.days(2200)
    site.erase(site.plan())
    assert site.bare()["person-listed"] == 3
    assert not site.mentions(CY.inss)
    assert site.restored_is_running()


def test_one_worker_is_erased_from_a_list_and_the_others_stay(site: Site) -> None:
    site.tap("04A1A1A1A1A1A1", receipt=False)
    site.tap("04B2B2B2B2B2B2", receipt=False)
    (an,) = (n for n, known in site.keeper.state.book.listed.items() if known.worker == AN)
    site.do(ListAsked(site.at, By.COMMAND))
    site.days(4)
    site.roster({"04B2B2B2B2B2B2": BO, "04C3C3C3C3C3C3": CY})
    site.days(4)
    site.erase(site.plan(worker=an))
    assert site.bare()["person-listed"] == 1
    assert not site.mentions(AN.inss)
