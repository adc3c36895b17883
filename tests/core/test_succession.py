"""A spare gate in the old one's place: what was settled there is settled, nobody is sent twice."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commissioning.predecessor import fingerprint, predecessor_in
from agent.commissioning.succession import NotTaken, Taken, take_place
from agent.core import gate
from agent.core.commands import Command, Inquire, Send, Show
from agent.core.delivery.inquiries import Ability, Search
from agent.core.events import (
    BadgeAssignmentAsked,
    BurstEnded,
    Event,
    Failure,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.journal_records import JournalContinued
from agent.core.moment import Moment, Trust
from agent.core.obligations import Outcome
from agent.core.outage.procedure_records import By
from agent.core.paper.paper_events import PaperMoved, ReferenceEntered
from agent.core.predecessor import Predecessor
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.signals import Signal
from agent.export.opening import BundleError
from agent.journal.checkpoint import signer_at
from agent.journal.keeper import Keeper, Owner, opened
from agent.journal.rows import reading, rows
from agent.journal.verify import verify
from agent.sandbox.firms import (
    AYSE,
    FRANS,
    LUKASZ,
    MAIN,
    OWN,
    PEOPLE,
    RULES,
    ZOE,
    Site,
    two_days,
)
from drivers.paper import JobDone, PrinterStatus

SEARCHING = replace(
    RULES, lines=(Line("ciaw", "checkinatwork", abilities=frozenset({Ability.SEARCH})),)
)

NO_WAY_OUT = Failure("NotReached", "no route to host")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The old gate on its third morning: it has registered nobody that day yet."""
    folder = tmp_path / "old"
    folder.mkdir()
    with two_days(folder) as site:
        yield site


def exported(site: Site, first: int = 1) -> Predecessor:
    """What its main contractor takes away tells of it."""
    made, _ = site.bundle(MAIN, first)
    return predecessor_in(site.folder / made.file, [site.firms[MAIN].identity])


class Spare:
    """A gate that has never run, half an hour after the old one's export."""

    def __init__(self, folder: Path, site: Site, rules: Rules = RULES) -> None:
        folder.mkdir(exist_ok=True)
        self.file = folder / "journal.db"
        self.start = site.now.unix_ms + 1_800_000
        self.ms = 0
        self.keeper: Keeper = opened(
            self.file,
            rules,
            random.Random(2),
            Owner("noord-1", False),
            self.now,
            signer_at(folder / "journal.key"),
        )
        self.sent: list[str] = []
        self.asked: list[object] = []

    @property
    def now(self) -> Moment:
        return Moment(self.start + self.ms, self.ms + 1, "boot-of-the-spare", Trust.NTP)

    def takes(self, old: Predecessor, people: dict[str, Worker]) -> Taken:
        offer = RosterOffered(self.now, Roster(people), "roster.csv")
        taken = take_place(self.keeper, old, offer, self.now)
        self.do(Started(self.now, "1"))
        return taken

    def do(self, event: Event) -> tuple[Command, ...]:
        commands = self.keeper.do(event)
        for command in commands:
            if isinstance(command, Send):
                self.sent += [registration.reference for registration in command.registrations]
            elif isinstance(command, Inquire):
                self.asked.append(command.question)
        return commands

    def tap(self, uid: str) -> Signal:
        self.ms += 5_000
        shown = [c for c in self.do(Tapped(self.now, "entrance", uid)) if isinstance(c, Show)]
        return shown[0].signal


@pytest.fixture
def spare(tmp_path: Path, site: Site) -> Iterator[Spare]:
    made = Spare(tmp_path / "spare", site)
    with closing(made.keeper.journal):
        yield made


def test_who_was_registered_at_the_old_gate_is_green_at_the_spare_one_and_not_sent(
    site: Site, spare: Spare
) -> None:
    site.refused = frozenset()
    for uid in PEOPLE:
        site.tap(uid)
    taken = spare.takes(exported(site), PEOPLE)
    assert taken.left == ()
    assert [spare.tap(uid) for uid in PEOPLE] == [Signal.REGISTERED] * len(PEOPLE)
    assert spare.sent == []


def test_what_was_open_is_sent_from_here_once_under_its_old_reference(
    site: Site, spare: Spare
) -> None:
    site.dark = True
    site.tap("04C3")
    old = exported(site)
    (owed,) = (o for o in old.obligations if o.outcome is None)
    spare.takes(old, PEOPLE)
    assert spare.sent == [owed.reference]
    assert spare.tap("04C3") is Signal.STORED
    assert spare.sent == [owed.reference]
    carried = spare.keeper.state.ledger.of(owed.reference)
    assert carried is not None
    assert (carried.person, carried.at) == (AYSE, owed.at)
    assert carried.person.inss != owed.person.inss  # the export masks it, the roster knows it


def test_what_was_open_is_looked_for_first_where_the_account_may_search(
    site: Site, tmp_path: Path
) -> None:
    site.dark = True
    site.tap("04C3")
    spare = Spare(tmp_path / "spare", site, SEARCHING)
    with closing(spare.keeper.journal):
        spare.takes(exported(site), PEOPLE)
        assert [type(question) for question in spare.asked] == [Search]
        assert spare.sent == []


def test_who_comes_first_to_the_spare_gate_is_numbered_after_those_of_the_old_one(
    site: Site, spare: Spare
) -> None:
    site.tap("04C3")
    spare.takes(exported(site), PEOPLE)
    spare.tap("04A1")
    (reference,) = spare.sent
    journal, _, number = reference.rpartition("-")
    assert journal == spare.keeper.state.journal
    assert int(number) == site.keeper.state.ledger.opened + 1


def test_the_new_journal_names_the_end_of_the_old_one_and_verifies(
    site: Site, spare: Spare
) -> None:
    old = exported(site)
    spare.takes(old, PEOPLE)
    (continued,) = (
        e.record
        for e in spare.keeper.journal.entries_for_state()
        if isinstance(e.record, JournalContinued)
    )
    assert (continued.journal, continued.upto) == (site.keeper.state.journal, old.upto)
    with reading(site.journal) as connection:
        (last,) = rows(connection, old.upto - 1, old.upto)
    assert bytes.fromhex(continued.head) == last.seal
    assert continued.key == signer_at(site.folder / "journal.key").public.hex()
    assert fingerprint(old) not in continued.key
    spare.keeper.journal.close()
    assert verify(spare.file).sound


def test_what_is_restored_is_what_was_taken_over(site: Site, spare: Spare) -> None:
    site.refused = frozenset({FRANS.inss})
    for uid in PEOPLE:
        site.tap(uid)
    spare.takes(exported(site), PEOPLE)
    entries = spare.keeper.journal.entries_for_state()
    assert gate.restore(RULES, entries) == spare.keeper.state


def test_a_refused_worker_stays_refused_until_the_roster_is_mended(
    site: Site, spare: Spare
) -> None:
    site.refused = frozenset({FRANS.inss})
    site.tap("04D4")
    spare.takes(exported(site), PEOPLE)
    assert spare.tap("04D4") is Signal.REFUSED
    mended = {**PEOPLE, "04D4": replace(FRANS, surname="Petit")}
    spare.do(RosterOffered(spare.now, Roster(mended), "roster.csv"))
    assert len(spare.sent) == 1


def test_who_is_not_on_the_roster_is_named_to_the_technician_and_not_carried(
    site: Site, spare: Spare
) -> None:
    site.dark = True
    site.tap("04C3")
    site.tap("04E5")
    without = {uid: who for uid, who in PEOPLE.items() if who != LUKASZ}
    taken = spare.takes(exported(site), without)
    assert [o.uid for o in taken.left if o.outcome is None] == ["04E5"]
    assert "Żółkiewski Łukasz (249101•••••••••60, 1008765455), 2026-11-25: open" in taken.text
    assert "online service" in taken.text
    assert LUKASZ.limosa not in taken.text
    assert len(spare.sent) == 1


def test_a_namesake_of_another_birth_date_or_firm_is_not_taken_for_the_worker(
    site: Site, spare: Spare
) -> None:
    site.tap("04C3")
    strangers = {"04C3": replace(AYSE, inss="05020112366"), "04A1": replace(AYSE, employer=MAIN)}
    taken = spare.takes(exported(site), strangers)
    assert any(o.day == dt.date(2026, 11, 25) for o in taken.left)
    assert spare.tap("04C3") is Signal.STORED


def test_a_badge_that_a_person_had_linked_leads_to_its_worker_here_too(
    site: Site, spare: Spare
) -> None:
    site.do(lambda at: BadgeAssignmentAsked(at, "04AB", "Peeters Zoë"))
    spare.takes(exported(site), PEOPLE)
    assert spare.tap("04AB") is Signal.STORED
    held = spare.keeper.state.book.holder("04AB")
    assert held is not None
    assert held[1] == ZOE


def test_a_list_of_the_old_gate_proves_the_day_here_too(site: Site, spare: Spare) -> None:
    site.dark = True
    site.tap("04C3")
    site.do(lambda at: ReferenceEntered(at, "NR 1234", By.COMMAND))
    (job,) = site.keeper.state.papers.jobs
    printed = JobDone(1, 1, PrinterStatus.OK)
    site.do(lambda at: PaperMoved(at, job, 1, printed))
    spare.takes(exported(site), PEOPLE)
    (reference,) = spare.sent
    assert spare.keeper.state.papers.reference(RULES.firm, dt.date(2026, 11, 25)) is not None
    spare.do(BurstEnded(spare.now, 1, "ciaw", failure=NO_WAY_OUT, jitter=0.5))
    spare.ms += 86_400_000
    spare.do(TimePassed(spare.now))
    ended = spare.keeper.state.ledger.of(reference)
    assert ended is not None
    assert (ended.outcome, ended.list_reference) == (Outcome.ON_PAPER, "NR 1234")


def test_nothing_is_exempt_here_by_what_another_gate_measured(site: Site, spare: Spare) -> None:
    site.dark = True
    site.tap("04C3")
    spare.takes(exported(site), PEOPLE)
    (reference,) = spare.sent
    spare.do(BurstEnded(spare.now, 1, "ciaw", failure=NO_WAY_OUT, jitter=0.5))
    spare.ms += 86_400_000
    spare.do(TimePassed(spare.now))
    ended = spare.keeper.state.ledger.of(reference)
    assert ended is not None
    assert ended.outcome is Outcome.EXPIRED


# --- refused -------------------------------------------------------------------------------------


def test_a_gate_that_has_registered_somebody_takes_nobodys_place(site: Site, spare: Spare) -> None:
    spare.do(RosterOffered(spare.now, Roster(PEOPLE), "roster.csv"))
    spare.tap("04A1")
    with pytest.raises(NotTaken, match="empty folder"):
        spare.takes(exported(site), PEOPLE)


def test_without_a_roster_nobody_could_be_recognised(site: Site, spare: Spare) -> None:
    with pytest.raises(NotTaken, match="put the roster"):
        spare.takes(exported(site), {})


def test_a_gate_for_training_does_not_go_on_for_a_real_one(site: Site, spare: Spare) -> None:
    with pytest.raises(NotTaken, match=r"set gate\.training"):
        spare.takes(replace(exported(site), training=True), PEOPLE)


def test_a_subcontractors_bundle_is_refused_since_it_tells_of_its_own_workers_only(
    site: Site,
) -> None:
    made, _ = site.bundle(OWN)
    with pytest.raises(BundleError, match="take the main contractor's"):
        predecessor_in(site.folder / made.file, [site.firms[OWN].identity])


# --- what was exported bit by bit ----------------------------------------------------------------


def test_bundles_of_a_stick_that_was_put_in_every_day_are_read_together(
    site: Site, spare: Spare
) -> None:
    site.tap("04A1")
    first, _ = site.bundle(MAIN)
    site.tap("04C3")
    site.bundle(OWN)
    site.bundle(MAIN, first.upto + 1)
    old = predecessor_in(site.folder, [site.firms[MAIN].identity])
    spare.takes(old, PEOPLE)
    assert [spare.tap(uid) for uid in ("04A1", "04C3")] == [Signal.REGISTERED] * 2


def test_a_bundle_that_begins_within_the_day_is_not_enough(site: Site) -> None:
    site.tap("04A1")
    first, _ = site.bundle(MAIN)
    site.tap("04C3")
    made, _ = site.bundle(MAIN, first.upto + 1)
    with pytest.raises(BundleError, match="take the folder with all bundles"):
        predecessor_in(site.folder / made.file, [site.firms[MAIN].identity])


def test_a_folder_without_a_bundle_says_what_to_look_for(site: Site, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"\.zip\.age"):
        predecessor_in(tmp_path / "empty", [site.firms[MAIN].identity])


def test_a_bundle_that_was_edited_is_refused(site: Site, tmp_path: Path) -> None:
    import zipfile

    made, archive = site.bundle(MAIN)
    (tmp_path / "archive.zip").write_bytes(archive)
    with zipfile.ZipFile(tmp_path / "archive.zip") as packed:
        packed.extractall(tmp_path / "opened")
    assert predecessor_in(tmp_path / "opened", ()).upto == made.upto
    journal = tmp_path / "opened/journal.jsonl"
    journal.write_text(journal.read_text().replace("unplugged", "forgotten"))
    with pytest.raises(BundleError, match="NOT VERIFIED"):
        predecessor_in(tmp_path / "opened", ())
