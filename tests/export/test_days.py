"""The outcomes that a bundle tells are those that the gate holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agent.core.delivery.receipt_records import ObligationCancelled
from agent.core.moment import Moment
from agent.core.obligations import Outcome
from agent.core.outage.incident_records import ExemptionsWithdrawn, ObligationsExempted
from agent.core.paper.attendance_list import Mark
from agent.core.paper.paper_records import ListMade, ListStands, PersonListed
from agent.core.records import (
    Entry,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    Record,
    TapStored,
    Verdict,
    kind_of,
)
from agent.export.day_sheet import EVENTS, Heading, Sheet
from agent.export.days import Day, Days
from agent.journal.rows import reading, rows
from agent.locale import texts
from agent.sandbox.firms import BRUSSELS, JAN, Site

DAY = dt.date(2026, 11, 23)


def told(entries: list[Entry], first: int = 1, kept: tuple[dt.date, ...] = ()) -> dict[str, Day]:
    days = Days(BRUSSELS, first, kept, EVENTS)
    over = [day for entry in entries for day in days.take(entry)]
    return {day.day.isoformat(): day for day in (*over, *days.rest())}


def test_every_obligation_ends_in_a_bundle_as_it_does_at_the_gate(site: Site) -> None:
    with reading(site.journal) as connection:
        entries = [row.entry() for row in rows(connection)]
    lines = {ref: line for day in told(entries).values() for ref, line in day.lines.items()}
    held = site.keeper.state.ledger.obligations
    assert len(lines) == 6
    for obligation in held.values():
        line = lines[obligation.reference]
        assert line.outcome == (obligation.outcome.value if obligation.outcome else "open")
        assert line.receipt == obligation.receipt
    assert {line.outcome for line in lines.values()} == {"registered", "rejected", "expired"}


def entries_of(*records: Record) -> list[Entry]:
    at = Moment(1_795_000_000_000, 1, "b")
    return [Entry(n, at, kind_of(record), record) for n, record in enumerate(records, 1)]


OPENED = ObligationOpened(
    "j-1", 1, JAN, "04A1", DAY, "checkinatwork", "any", "entrance", 1, Moment(0, 0, "b")
)
EXPIRED = ObligationExpired("j-1", DAY, False)
EXEMPTED = ObligationsExempted(DAY, ("i-1",), ("j-1",), corrected=True)
WITHDRAWN = ExemptionsWithdrawn(DAY, ("i-1",), ("j-1",))
RECEIPT = ReceiptStored("j-1", 1, "123", "SUCCESSFULLY REGISTERED", ())


def outcome_of(*records: Record) -> str:
    return told(entries_of(OPENED, *records))[DAY.isoformat()].lines["j-1"].outcome


def test_a_receipt_counts_before_all_else_and_a_correction_turns_an_exemption() -> None:
    assert outcome_of() == "open"
    assert outcome_of(EXPIRED) == Outcome.EXPIRED
    assert outcome_of(EXPIRED, EXEMPTED) == Outcome.EXEMPT
    assert outcome_of(EXPIRED, EXEMPTED, WITHDRAWN) == Outcome.EXPIRED
    assert outcome_of(RECEIPT, EXEMPTED) == Outcome.REGISTERED


def test_a_registration_taken_back_is_cancelled_whatever_it_was() -> None:
    cancelled = ObligationCancelled("j-1", "1001")
    assert outcome_of(RECEIPT, cancelled) == Outcome.CANCELLED
    assert outcome_of(EXPIRED, RECEIPT) == Outcome.REGISTERED


def test_whoever_was_delivered_after_all_has_the_receipt_and_the_list() -> None:
    made = ListMade("L1", DAY, "1Y1000NF9KCQZ", JAN.employer, "4711", "keypad", 0)
    again = replace(made, number="L2", reference="4712")
    listed = [PersonListed(n, "j-1", 1, JAN, None, Mark.OPEN) for n in ("L1", "L2")]
    stand = (ListStands("L1", "4711"), ListStands("L2", "4712"))
    day = told(entries_of(OPENED, made, again, *listed, *stand, RECEIPT))[DAY.isoformat()]
    line = day.lines["j-1"]
    assert (line.outcome, line.receipt) == (Outcome.REGISTERED, "123")
    assert (line.list_number, line.list_reference) == ("L1", "4711")  # as the gate holds it
    heading = Heading("g", "s", "d", "f", JAN.employer, False, "j", "", 1, "en")
    (page,) = Sheet(heading, [texts("en", "bundle")], BRUSSELS).page(day)
    assert b"123, Attendance list L1 (4711)" in page


def test_only_days_of_which_something_is_new_are_told() -> None:
    entries = entries_of(OPENED, EXPIRED)
    assert told(entries, first=3) == {}
    assert list(told(entries, first=2)) == [DAY.isoformat()]


def test_who_was_only_announced_has_no_time_until_the_first_tap() -> None:
    ahead = replace(OPENED, ahead=True)
    tap = TapStored("entrance", "any", "04A1", Verdict.WORKER, 1, "j-1")
    (day,) = told(entries_of(ahead)).values()
    assert day.lines["j-1"].tapped is None
    (day,) = told(entries_of(ahead, tap, tap)).values()
    assert day.lines["j-1"].tapped == entries_of(tap)[0].at
