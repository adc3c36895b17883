"""Who reads what of each kind of entry, health data first of all."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import pytest

from agent.core.clock_records import TapsDated
from agent.core.delivery.inquiries import CancelReason
from agent.core.delivery.receipt_records import (
    CancellationWanted,
    ObligationCancelled,
    ReceiptFollowed,
)
from agent.core.outage.incident_records import CauseCorrected, Taken
from agent.core.outage.procedure_records import By, Step, StepTaken
from agent.core.outage.whose import Whose
from agent.core.paper.attendance_list import Mark
from agent.core.paper.paper_records import ListMade, PersonListed, ReferenceGot
from agent.core.records import KINDS, Record
from agent.export.audience import FOR_ALL
from agent.sandbox.firms import AYSE, DECLARATION, MAIN, OTHER, OWN, Site

FIRMS = (MAIN, OWN, OTHER)
DAY = dt.date(2026, 11, 23)
FOR_THE_FIRM = set(
    "worker-listed worker-delisted badge-assigned tap-stored tap-counted obligation-opened "
    "obligation-amended obligation-expired receipt-stored rejection-stored receipt-followed "
    "cancellation-wanted cancellation-refused obligation-cancelled obligation-on-paper "
    "person-listed handover-stored item-held crew-confirmed".split()
)
FOR_THE_MAIN_CONTRACTOR = {"roster-taken", "roster-refused", "badge-dismissed"}


def written(site: Site, *records: Record) -> None:
    site.keeper.journal.append(site.now, records)


def files_of(site: Site, firm: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(site.bundle(firm)[1])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lines_of(site: Site, firm: str, kind: str) -> list[dict[str, object]]:
    lines = map(json.loads, files_of(site, firm)["journal.jsonl"].splitlines())
    return [line for line in lines if line["kind"] == kind]


def reference_of(site: Site, surname: str) -> str:
    held = site.keeper.state.ledger.obligations.values()
    return next(o.reference for o in held if o.person.surname == surname)


@pytest.mark.parametrize("reason", list(CancelReason))
def test_why_a_registration_was_cancelled_is_for_the_workers_own_firm_alone(
    site: Site, reason: CancelReason
) -> None:
    reference = reference_of(site, AYSE.surname)
    written(
        site,
        CancellationWanted(reference, "100000000000003", reason),
        ObligationCancelled(reference, "100000000000003"),
    )
    for firm in FIRMS:
        text = b"\n".join(files_of(site, firm).values()).decode()
        assert (reason.value in text) is (firm == OWN), firm
    (own,) = lines_of(site, OWN, "cancellation-wanted")
    (main,) = lines_of(site, MAIN, "cancellation-wanted")
    (other,) = lines_of(site, OTHER, "cancellation-wanted")
    assert "body" in own
    assert "body" not in main
    assert set(main["masked"]) == {"reference", "receipt"}  # type: ignore[call-overload]
    assert not {"body", "masked"} & set(other)


def test_a_name_that_only_spoke_is_for_its_own_firm_and_the_main_contractor(site: Site) -> None:
    written(
        site,
        StepTaken("i-1", OWN, Step.CENTRE_CALLED, By.PAGE, who="Mieke Zegt"),
        CauseCorrected("i-1", "grid", Whose.INFRASTRUCTURE, Taken.TAKEN, By.PAGE, who="Piet Zegt"),
        TapsDated((1,), DAY, "Klaas Zegt"),
        ReferenceGot("R1", OWN, DAY, "centre", "command", who="Loes Zegt"),
        ListMade("L1", DAY, DECLARATION, OWN, "R1", "command", 0, who="Loes Zegt"),
    )
    for firm, names in ((MAIN, 5), (OWN, 3), (OTHER, 0)):
        journal = files_of(site, firm)["journal.jsonl"].decode()
        assert journal.count("Zegt") == names, firm
        assert journal.count('"kind":"step-taken"') == 1


def test_the_main_contractor_reads_numbers_on_lists_that_it_made_itself(site: Site) -> None:
    reference = reference_of(site, AYSE.surname)
    for number, firm in (("L1", OTHER), ("L2", MAIN)):
        listed = PersonListed(number, reference, 3, AYSE, None, Mark.OPEN)
        written(site, ListMade(number, DAY, DECLARATION, firm, "R1", "keypad", 0), listed)
    theirs, its_own = lines_of(site, MAIN, "person-listed")
    assert (AYSE.inss in str(theirs), AYSE.inss in str(its_own)) == (False, True)
    assert all("body" in line for line in lines_of(site, OWN, "person-listed"))
    assert not any("body" in line for line in lines_of(site, OTHER, "person-listed"))


def test_what_validation_says_weeks_later_tells_the_day_again(site: Site) -> None:
    reference = f"{site.keeper.state.journal}-3"
    for day in range(3, 40):
        site.until(day, 6)
    since = site.keeper.journal.head[0]
    written(site, ReceiptFollowed(reference, "100000000000003", "FAILED", ("INVALID SENDER",)))
    made, archive = site.bundle(OWN, since + 1)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        assert "days/2026-11-23.html" in packed.namelist()
        table = packed.read("registrations.csv").decode("utf-8-sig")
    assert "FAILED;INVALID SENDER" in table
    assert made.first == since + 1


def test_every_kind_of_entry_has_its_readers() -> None:
    def is_for_all(kind: type[Record]) -> bool:
        return kind in FOR_ALL or set(kind.__slots__) <= set(kind.LOGGED)

    named = FOR_THE_FIRM | FOR_THE_MAIN_CONTRACTOR
    assert named <= set(KINDS)
    forgotten = [name for name, kind in KINDS.items() if name not in named and not is_for_all(kind)]
    assert forgotten == []
    assert [kind for kind in FOR_ALL if kind not in KINDS.values()] == []
