"""What a firm finds in its bundle, and what it does not."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import zipfile
from pathlib import Path

import pyrage
import pytest

from agent.core.events import RosterOffered
from agent.core.journal_events import ErasureAsked
from agent.core.roster import Roster
from agent.core.spans import Span
from agent.export.bundle import make
from agent.journal.checkpoint import signer_at
from agent.journal.fault import JournalError
from agent.sandbox.firms import AYSE, FRANS, JAN, LUKASZ, MAIN, OTHER, OWN, PEOPLE, ZOE, Site

FIRMS = (MAIN, OWN, OTHER)
NUMBERS = {
    MAIN: (JAN.inss, ZOE.inss),
    OWN: (AYSE.inss, FRANS.inss),
    OTHER: (LUKASZ.limosa,),
}
NAMES = {MAIN: ("Janssens", "Peeters"), OWN: ("Özdemir",), OTHER: ("Żółkiewski",)}


def unzipped(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def without_separators(files: dict[str, bytes]) -> str:
    """All text of a bundle; digits as they follow each other, whatever stands between them."""
    return re.sub(r"(?<=\d)[.\- ](?=\d)", "", b"\n".join(files.values()).decode("utf-8"))


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("firm", FIRMS)
def test_a_bundle_holds_a_firms_own_workers_and_no_others_number(site: Site, firm: str) -> None:
    files = unzipped(site.bundle(firm)[1])
    text = without_separators(files)
    for other in FIRMS:
        for number in NUMBERS[other]:
            assert (number in text) is (other == firm), number
    for other in FIRMS:
        for name in NAMES[other]:
            assert (name in text) is (firm in (other, MAIN)), name


def test_the_main_contractor_reads_of_others_all_but_their_numbers(site: Site) -> None:
    files = unzipped(site.bundle(MAIN)[1])
    people = {(row["Naam"], row["Voornaam"]): row for row in table(files["obligations.csv"])}
    assert len(people) == len(PEOPLE)
    assert people["Özdemir", "Ayşe"]["Rijksregisternummer (of BIS)"] == "050115•••53"
    refused = people["'=2+5", "François"]
    assert refused["Uitkomst"] == "geweigerd"
    assert "810319•••92 is not known" in refused["Reden"]


def test_badges_and_refusals_of_others_are_digests_to_a_subcontractor(site: Site) -> None:
    files = unzipped(site.bundle(OTHER)[1])
    lines = [json.loads(line) for line in files["journal.jsonl"].splitlines()]
    read = [line for line in lines if "body" in line]
    kinds = {line["kind"] for line in lines} - {line["kind"] for line in read}
    assert kinds == {"obligation-expired", "rejection-stored", "roster-taken"}
    assert sum(line["kind"] == "tap-stored" for line in read) == 1
    assert all(line["digest"] and line["seal"] for line in lines)
    assert "04A1" not in without_separators(files)


def test_what_befell_the_site_is_in_every_bundle(site: Site) -> None:
    for firm in FIRMS:
        files = unzipped(site.bundle(firm)[1])
        assert "unplugged" in files["days/2026-11-23.html"].decode()
        kinds = {json.loads(line)["kind"] for line in files["journal.jsonl"].splitlines()}
        assert {"device-failed", "attempt-ended"} <= kinds


def test_a_cell_is_what_it_says_in_a_belgian_excel(site: Site) -> None:
    files = unzipped(site.bundle(OWN)[1])
    for name in ("registrations.csv", "obligations.csv"):
        raw = files[name]
        assert raw.startswith(b"\xef\xbb\xbf")
        assert raw.count(b"\r\n") == raw.count(b"\n")
    (row,) = table(files["registrations.csv"])
    assert row["Ontvangstnummer"] == '="100000000000003"'
    assert row["Rijksregisternummer (of BIS)"] == '="05.01.15-123.53"'
    assert (row["Dag"], row["Uur"]) == ("2026-11-23", "06:50:15")
    assert {row["Naam"] for row in table(files["obligations.csv"])} == {"Özdemir", "'=2+5"}


def test_a_sheet_shows_first_who_is_not_registered_and_names_are_no_markup(site: Site) -> None:
    page = unzipped(site.bundle(OWN)[1])["days/2026-11-23.html"].decode()
    assert page.index("François") < page.index("Ayşe")
    assert "Werf &lt;Noord&gt; &amp; co" in page
    assert "Façades &amp; Fils" in page
    assert "<script" not in page
    assert "http" not in page


def test_a_second_bundle_tells_whole_days_and_nothing_twice(site: Site) -> None:
    first, _ = site.bundle(OWN)
    site.tap("04C3")
    second, archive = site.bundle(OWN, first.upto + 1)
    assert (second.first, first.upto < second.upto) == (first.upto + 1, True)
    files = unzipped(archive)
    days = {name for name in files if name.startswith("days/")}
    assert "days/2026-11-25.html" in days
    assert "days/2026-11-23.html" not in days
    (row,) = table(files["registrations.csv"])
    assert row["Dag"] == "2026-11-25"
    assert row["Naam"] == "Özdemir"


def test_a_day_that_an_earlier_bundle_began_is_told_again_from_its_beginning(site: Site) -> None:
    site.tap("04C3")
    first, _ = site.bundle(OWN)
    site.refused = frozenset()
    site.tap("04D4")
    files = unzipped(site.bundle(OWN, first.upto + 1)[1])
    assert {r["Naam"] for r in table(files["registrations.csv"])} == {"Özdemir", "'=2+5"}


def test_workers_listed_long_ago_are_known_to_a_later_bundle(site: Site) -> None:
    for day in range(3, 30):
        site.until(day, 6)
    before = site.keeper.state.seq
    site.tap("04C3")
    files = unzipped(site.bundle(OWN, before + 1)[1])
    lines = [json.loads(line) for line in files["journal.jsonl"].splitlines()]
    assert [line["kind"] for line in lines if "04C3" in line.get("body", "")] == [
        "tap-stored",
        "obligation-opened",
    ]
    assert list(unzipped(site.bundle(OWN, before + 1)[1])).count("days/2026-12-22.html") == 1


def test_what_was_erased_stays_out_and_the_rest_is_told(site: Site) -> None:
    site.do(lambda at: RosterOffered(at, Roster({"04A1": JAN}), "r", force=True))
    opened = next(
        seq for seq in range(1, site.keeper.state.seq) if _kind(site, seq) == "obligation-opened"
    )
    site.until(5, 6)
    site.do(lambda at: ErasureAsked(at, (Span(opened, opened),), "asked"))
    made, archive = site.bundle(MAIN)
    files = unzipped(archive)
    line = json.loads(files["journal.jsonl"].splitlines()[opened - 1])
    assert "body" not in line
    assert "masked" not in line
    assert json.loads(files["manifest.json"])["entries"]["erased"] == 1
    assert made.upto == site.keeper.state.seq - 1


def _kind(site: Site, seq: int) -> str:
    row = site.keeper.journal._db.execute("SELECT kind FROM entry WHERE seq = ?", (seq,))
    return str(row.fetchone()[0])


def test_nothing_but_a_checkpoint_ends_a_bundle(site: Site) -> None:
    with pytest.raises(JournalError, match="no checkpoint"):
        make(site.order(MAIN, 1, 5))
    assert not list(site.folder.glob("*.age*"))


def test_without_the_key_that_signed_the_journal_no_bundle_and_no_other_key_is_made(
    site: Site,
) -> None:
    order = site.order(OWN, 1, site.keeper.state.seq)
    order.key.unlink()
    with pytest.raises(JournalError, match="is missing"):
        make(order)
    assert not order.key.exists()
    signer_at(order.key)
    with pytest.raises(JournalError, match="not the key that signed the journal last"):
        make(order)
    assert not list(site.folder.glob("*.age*"))


def test_a_bundle_is_for_its_recipient_alone_and_nothing_else_is_left(site: Site) -> None:
    made, _ = site.bundle(OWN)
    sealed = (site.folder / made.file).read_bytes()
    assert pyrage.decrypt(sealed, [site.firms[OWN].identity])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [site.firms[OTHER].identity])
    assert sorted(p.name for p in site.folder.glob("*.age*")) == [made.file]
    assert not list(site.folder.glob(".*"))
    assert re.fullmatch(r"[a-z0-9_.-]+", made.file)


def test_a_disk_without_room_leaves_nothing_half_made(site: Site, tmp_path: Path) -> None:
    order = site.order(OWN, 1, site.export_asked())
    from dataclasses import replace

    with pytest.raises(OSError, match="No such file"):
        make(replace(order, folder=tmp_path / "not-there"))


def test_training_is_said_wherever_somebody_may_look(site: Site) -> None:
    made = make(site.order(OWN, 1, site.export_asked(), training=True))
    archive = pyrage.decrypt((site.folder / made.file).read_bytes(), [site.firms[OWN].identity])
    files = unzipped(archive)
    assert "TRAINING" in files["README.txt"].decode()
    assert "TRAINING" in files["days/2026-11-23.html"].decode()
    assert json.loads(files["manifest.json"])["training"] is True


def test_the_period_is_that_of_the_entries(site: Site) -> None:
    made, _ = site.bundle(OWN)
    assert (made.since, made.until) == (dt.date(2026, 11, 23), dt.date(2026, 11, 25))
