"""Bundles brought to a folder by the agent's own answers: whole, once, and to nobody else."""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

from agent.config import Config
from agent.config.settings import ContractorSettings, GateSettings, SiteSettings
from agent.control import Answer, Question
from agent.core.commands import Reply
from agent.core.events import Event
from agent.core.journal_records import BundleExported, ExportEnded
from agent.core.refusals import Refused
from agent.export.bundle import make
from agent.export.carrying import Carried, CarryError, Folder, carry
from agent.export.making import NotMade, in_a_child
from agent.export.offering import Offering
from agent.export.opening import opened
from agent.journal.outward import exported_upto
from agent.journal.rows import reading, rows
from agent.sandbox.firms import DECLARATION, MAIN, OTHER, OWN, PEOPLE, Site

FIRMS = (MAIN, OWN, OTHER)
NUMBERS = [number for p in PEOPLE.values() for number in (p.inss, p.limosa) if number]


def config_of(site: Site) -> Config:
    firms = (pair.contractor for pair in site.firms.values())
    return Config(
        gate=GateSettings(name="noord-1", roster=site.folder / "r.csv", data_dir=site.folder),
        site=SiteSettings(name="Werf", declaration=DECLARATION, company=MAIN),
        readers=(),
        channels=(),
        contractors=tuple(
            ContractorSettings(company=f.company, name=f.name, recipient=f.recipient, main=f.main)
            for f in firms
        ),
    )


def desk_of(
    site: Site, config: Config | None = None, reserve_bytes: int = 0
) -> Callable[[Question], Answer]:
    """The agent's answers, its loop being this thread."""

    def decide(event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        replies = [c for c in site.keeper.do(event_for(1)) if isinstance(c, Reply)]
        return replies[0].done, replies[0].text, replies[0].why

    state, now = (lambda: site.keeper.state), (lambda: site.now)
    return Offering(config or config_of(site), state, now, decide, make, reserve_bytes).answer


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def taken(site: Site, target: Path, asks: Callable[[Question], Answer] | None = None) -> Carried:
    site.ms += 1000
    return carry(asks or desk_of(site), "noord-1", Folder(target), stick=True)


def ours(target: Path) -> Path:
    return target / "werfpoort" / "noord-1"


def lying(target: Path) -> set[str]:
    return {path.name for path in ours(target).iterdir()}


def journaled(site: Site, kind: type) -> list[Any]:
    with reading(site.journal) as connection:
        found = [row.entry().record for row in rows(connection)]
    return [record for record in found if isinstance(record, kind)]


def test_every_firm_finds_its_bundle_and_the_journal_knows_it(site: Site, target: Path) -> None:
    carried = taken(site, target)
    assert lying(target) == {*carried.files, "README.txt"}
    assert len(carried.files) == len(FIRMS)
    notes = journaled(site, BundleExported)
    assert {(note.company, note.file) for note in notes} == {
        (firm, file) for firm in FIRMS for file in carried.files if firm in file
    }
    with reading(site.journal) as connection:
        assert exported_upto(connection, FIRMS) == notes[0].upto
    for file in carried.files:
        firm = next(firm for firm in FIRMS if firm in file)
        out = target.parent / firm
        assert opened(ours(target) / file, [site.firms[firm].identity], out).sound
    assert not any((site.folder / "outbox").iterdir())
    assert journaled(site, ExportEnded)[-1].failure == ""


def test_a_stick_put_in_again_gets_only_what_is_new(site: Site, target: Path) -> None:
    first = taken(site, target)
    assert taken(site, target).files == ()
    site.tap("04C3")
    second = taken(site, target)
    assert not set(first.files) & set(second.files)
    assert lying(target) == {*first.files, *second.files, "README.txt"}
    notes = [n for n in journaled(site, BundleExported) if n.company == OWN]
    assert [n.first for n in notes] == [1, notes[0].upto + 1]
    readme = (ours(target) / "README.txt").read_text("utf-8-sig")
    for file in (*first.files, *second.files):
        assert file in readme


def test_another_stick_gets_everything(site: Site, target: Path) -> None:
    taken(site, target)
    other = target.with_name("other")
    other.mkdir()
    taken(site, other)
    assert [n.first for n in journaled(site, BundleExported)] == [1] * 6


def test_a_bundle_that_was_changed_or_renamed_on_the_stick_does_not_count(
    site: Site, target: Path
) -> None:
    first = taken(site, target)
    changed = ours(target) / next(file for file in first.files if OWN in file)
    changed.write_bytes(b"\0" + changed.read_bytes()[1:])
    again = taken(site, target)
    assert [OWN in file for file in again.files] == [True]
    assert changed.read_bytes()[:1] == b"\0"
    moved = ours(target) / next(file for file in first.files if OTHER in file)
    moved.rename(moved.with_name("mine.bin"))
    assert [OTHER in file for file in taken(site, target).files] == [True]


def test_a_new_key_gets_everything_again(site: Site, target: Path) -> None:
    taken(site, target)
    config = config_of(site)
    fresh = str(pyrage.x25519.Identity.generate().to_public())
    firms = tuple(
        replace(c, recipient=fresh) if c.company == OWN else c for c in config.contractors
    )
    carried = taken(site, target, desk_of(site, replace(config, contractors=firms)))
    assert [OWN in file for file in carried.files] == [True]
    assert journaled(site, BundleExported)[-1].first == 1


def test_without_contractors_nothing_is_written_and_the_reason_is_told(
    site: Site, target: Path
) -> None:
    asks = desk_of(site, replace(config_of(site), contractors=()))
    with pytest.raises(CarryError, match=r"add \[\[contractors\]\]"):
        taken(site, target, asks)
    assert lying(target) == set()
    assert "contractors" in journaled(site, ExportEnded)[-1].failure


def test_nothing_readable_lies_there_and_no_number_anywhere(
    site: Site, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    questions: list[str] = []
    asks = desk_of(site)

    def heard(question: Question) -> Answer:
        answer = asks(question)
        questions.append(repr((question, answer)))
        return answer

    carried = taken(site, target, heard)
    for path in ours(target).iterdir():
        content = path.read_bytes()
        if path.name == "README.txt":
            assert len(content) < 20_000
            continue
        assert content.startswith(b"age-encryption.org/v1\n")
        assert len(set(content[-4096:])) > 250  # noise
    everything = b"\n".join(
        [
            *(path.read_bytes() for path in ours(target).iterdir()),
            *("\n".join([*carried.files, *questions, caplog.text]).encode(),),
        ]
    )
    bare = re.sub(rb"(?<=\d)[.\- ](?=\d)", b"", everything)
    assert [number for number in NUMBERS if number.encode() in bare] == []
    names = [p.surname for p in PEOPLE.values() if len(p.surname) > 5]
    assert [name for name in names if name.encode() in everything] == []


def test_the_process_that_makes_a_bundle_shows_nothing_in_its_arguments(site: Site) -> None:
    order = site.order(OWN, 1, site.export_asked())
    seen: set[bytes] = set()
    done = threading.Event()
    looking = threading.Thread(target=lambda: look_at_children(seen, done))
    looking.start()
    made = in_a_child(order)
    done.set()
    looking.join()
    assert (site.folder / made.file).is_file()
    commands = [command for command in seen if b"agent.export.making" in command]
    assert commands
    for command in commands:
        assert not re.search(rb"\d{6}|age1|Fils", command.replace(b"\0", b" "))


def look_at_children(seen: set[bytes], done: threading.Event) -> None:
    while not done.wait(0.002):
        for process in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, ValueError):
                if int(process.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                    seen.add(process.with_name("cmdline").read_bytes())


def test_a_bundle_that_cannot_be_made_is_told_by_the_process_that_tried(site: Site) -> None:
    order = site.order(OWN, 1, 5)
    with pytest.raises(NotMade, match="no checkpoint"):
        in_a_child(order)
    wrong = replace(order.contractor, recipient="age1")
    with pytest.raises(NotMade, match="encrypted"):
        in_a_child(replace(order, upto=site.export_asked(), contractor=wrong))


# --- what may lie there already --------------------------------------------------------------


def test_a_link_where_our_folder_should_be_is_not_followed(site: Site, target: Path) -> None:
    elsewhere = target.with_name("elsewhere")
    elsewhere.mkdir()
    (target / "werfpoort").symlink_to(elsewhere)
    with pytest.raises(CarryError, match="link or a file"):
        taken(site, target)
    (target / "werfpoort").unlink()
    (target / "werfpoort").mkdir()
    ours(target).symlink_to(elsewhere)
    with pytest.raises(CarryError, match="link or a file"):
        taken(site, target)
    assert list(elsewhere.iterdir()) == []
    assert journaled(site, BundleExported) == []


def test_a_file_where_our_folder_should_be_is_left_alone(site: Site, target: Path) -> None:
    (target / "werfpoort").write_text("mine")
    with pytest.raises(CarryError, match="link or a file"):
        taken(site, target)
    assert (target / "werfpoort").read_text() == "mine"


def test_links_pipes_and_folders_with_our_names_do_no_harm(site: Site, target: Path) -> None:
    first = taken(site, target)
    victim = target.with_name("victim")
    victim.write_text("keep me")
    names = sorted(first.files)
    for name in (*names, "README.txt"):
        (ours(target) / name).unlink()
    (ours(target) / names[0]).symlink_to(victim)
    os.mkfifo(ours(target) / names[1])
    (ours(target) / names[2]).mkdir()
    (ours(target) / "README.txt").symlink_to(victim)
    (ours(target) / f".{names[0]}.part").symlink_to(victim)
    second = taken(site, target)
    assert len(second.files) == len(FIRMS)
    assert victim.read_text() == "keep me"
    assert not (ours(target) / "README.txt").is_symlink()


def test_what_was_cut_short_goes_and_what_is_others_stays(site: Site, target: Path) -> None:
    ours(target).mkdir(parents=True)
    (ours(target) / f".noord-1_{OWN}_2026-11-24_1-20_0a1b2c3d.zip.age.part").write_bytes(b"half")
    (ours(target) / "holiday.jpg").write_bytes(b"jpg")
    (ours(target) / ".holiday.jpg.part").write_bytes(b"jpg")
    taken(site, target)
    assert {".holiday.jpg.part", "holiday.jpg"} <= lying(target)
    assert not [name for name in lying(target) if name.endswith("age.part")]


# --- what may go wrong -----------------------------------------------------------------------


@dataclass
class Faulty:
    """A place that gives out: after so many bundles were asked for, or when it is read back."""

    path: Path
    number: int = 0
    reads_other: bool = False
    name: str = "stick sdz1"
    left: list[str] = field(default_factory=list)

    @contextmanager
    def writable(self) -> Iterator[Path]:
        yield self.path
        if self.number:
            raise OSError(self.number, os.strerror(self.number))

    @contextmanager
    def readable(self) -> Iterator[Path]:
        if self.reads_other:
            victim = next(p for p in ours(self.path).glob("*.age"))
            held = victim.read_bytes()
            victim.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
        yield self.path


FAULTS = {
    errno.ENOSPC: "is full",
    errno.EROFS: "write-protected",
    errno.EIO: "pulled out",
    errno.ENODEV: "pulled out",
    errno.EUCLEAN: "damaged",
    errno.EMFILE: "cannot be used",
}


@pytest.mark.parametrize("number", FAULTS)
def test_what_is_wrong_with_a_stick_is_said_in_words_and_nothing_is_noted(
    site: Site, target: Path, number: int
) -> None:
    with pytest.raises(CarryError, match=FAULTS[number]):
        carry(desk_of(site), "noord-1", Faulty(target, number), stick=True)
    assert journaled(site, BundleExported) == []
    assert re.search(FAULTS[number], journaled(site, ExportEnded)[-1].failure)
    assert taken(site, target).files


def test_a_stick_that_reads_otherwise_than_it_was_written_is_found(
    site: Site, target: Path
) -> None:
    with pytest.raises(CarryError, match="reads otherwise"):
        carry(desk_of(site), "noord-1", Faulty(target, reads_other=True), stick=True)
    assert journaled(site, BundleExported) == []


def test_an_agent_that_dies_meanwhile_is_not_taken_for_a_broken_stick(
    site: Site, target: Path
) -> None:
    asks, asked = desk_of(site), iter(range(9))

    def dying(question: Question) -> Answer:
        if next(asked) >= 2:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        return asks(question)

    with pytest.raises(CarryError, match="the agent does not answer"):
        taken(site, target, dying)
    assert not [name for name in lying(target) if name.endswith(".part")]


def test_an_agent_that_is_started_anew_meanwhile_has_the_stick_put_in_again(
    site: Site, target: Path
) -> None:
    before, after = desk_of(site), desk_of(site)

    def restarted(question: Question) -> Answer:
        return (before if question["ask"] == "export-begin" else after)(question)

    with pytest.raises(CarryError, match="started anew meanwhile"):
        taken(site, target, restarted)
    assert len(taken(site, target).files) == len(FIRMS)


def test_a_second_stick_waits_until_the_first_one_is_out(site: Site, target: Path) -> None:
    asks = desk_of(site)
    first: Question = {"target": "stick sda1", "stick": True}
    begun = asks({**first, "ask": "export-begin", "held": {}})
    waited: list[Question] = []

    def second(question: Question) -> Answer:
        """The first one is taken out once the second has been told to wait."""
        answer = asks(question)
        if answer.get("wait"):
            waited.append(question)
            site.ms += 1000
            assert asks({**first, "ask": "export-over", "failure": ""})["done"]
        return answer

    carried = taken(site, target, second)
    assert [question["ask"] for question in waited] == ["export-begin"]
    assert len(carried.files) == begun["bundles"] == len(FIRMS)
    assert [end.failure for end in journaled(site, ExportEnded)] == ["", ""]


def test_a_second_stick_that_fails_meanwhile_is_told_once_the_first_one_is_out(
    site: Site, target: Path
) -> None:
    asks = desk_of(site)
    first: Question = {"target": "stick sda1", "stick": True}
    assert asks({**first, "ask": "export-begin", "held": {}})["done"]
    (target / "werfpoort").write_text("somebody's file")

    def second(question: Question) -> Answer:
        answer = asks(question)
        if answer.get("wait"):
            site.ms += 1000
            assert asks({**first, "ask": "export-over", "failure": ""})["done"]
        return answer

    with pytest.raises(CarryError, match="left alone"):
        taken(site, target, second)
    ends = journaled(site, ExportEnded)
    assert [bool(end.failure) for end in ends] == [False, True]
    export = site.keeper.state.export
    assert export is not None
    assert "left alone" in export.failure


def test_only_what_the_agent_made_is_noted(site: Site, target: Path) -> None:
    asks = desk_of(site)
    answer = asks({"ask": "export-done", "file": "f.zip.age", "sha256": "0" * 64})
    assert answer["done"] is False
    assert journaled(site, BundleExported) == []


def test_a_full_disk_of_the_gate_refuses_the_export_and_leaves_room_for_taps(
    site: Site, target: Path
) -> None:
    with pytest.raises(CarryError, match="free on the journal's disk"):
        taken(site, target, desk_of(site, reserve_bytes=1 << 60))
    assert not [name for name in lying(target) if OWN in name]
    assert "free some" in journaled(site, ExportEnded)[-1].failure
