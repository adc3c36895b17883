"""What the journal holds of outages is read back as it was written, and described in a line."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest

from agent.core.moment import Moment
from agent.core.outage.incident_records import (
    CauseCorrected,
    ClaimsKept,
    DarknessDated,
    DayWorked,
    Ending,
    EvidenceTaken,
    ExemptionsWithdrawn,
    GateWasDark,
    IncidentBarred,
    IncidentClosed,
    IncidentOpened,
    IncidentRecord,
    IncidentReopened,
    LayerSeen,
    ObligationsExempted,
    PathConfigured,
    PeopleCalled,
    RowTurned,
    Stop,
    Taken,
)
from agent.core.outage.measurements import Layer
from agent.core.outage.procedure_records import By, Step, StepTaken
from agent.core.outage.whose import Whose
from agent.core.records import KINDS, LASTING, described, kind_of
from agent.journal.store import Journal

AT = Moment(1_795_500_000_000, 1_000, "boot-1")
DAY = dt.date(2026, 11, 24)
RECORDS: tuple[IncidentRecord, ...] = (
    EvidenceTaken((LayerSeen(Layer.LINK, "fibre", {"carrier": "failing"}, 900, 400),)),
    PathConfigured("a1"),
    GateWasDark(AT, AT, Stop.POWER_CUT, "failing"),
    DarknessDated(AT),
    IncidentOpened("i1", "checkinatwork", AT, "link.cable-out", Whose.OWN, ("a bar",), "i0"),
    IncidentReopened("i1", AT),
    RowTurned("i1", "power.mains-lost", Whose.UNDETERMINED, away=True),
    IncidentBarred("i1", ("another channel works",)),
    IncidentClosed("i1", AT, Ending.PATH_BACK),
    PeopleCalled("i1", "call.not-exempt"),
    CauseCorrected(
        "i1", "grid", Whose.INFRASTRUCTURE, Taken.TAKEN, By.COMMAND, "An Peeters", "ORES-1"
    ),
    ObligationsExempted(DAY, ("i1",), ("j-1", "j-2")),
    ClaimsKept(DAY, ("i1",), ("j-1",)),
    ExemptionsWithdrawn(DAY, ("i1",), ("j-1",)),
    DayWorked("checkinatwork", DAY, 3_600_000, True, "a1", {"i1": 60_000}, ("i1",)),
    StepTaken("i1", "0448181966", Step.PHONE_NO, By.KEYPAD, "An Peeters"),
)


def test_every_kind_of_an_outage_is_tried_here() -> None:
    assert {type(record) for record in RECORDS} == set(IncidentRecord.__args__)
    assert {kind_of(record) for record in RECORDS} <= set(KINDS)


def test_what_was_written_is_read_back_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", random.Random(1))
    journal.append(AT, RECORDS)
    read = [entry.record for entry in journal.entries_for_state()]
    journal.close()
    assert tuple(read) == RECORDS


@pytest.mark.parametrize("record", RECORDS, ids=kind_of)
def test_a_line_describes_it_and_names_nobody(record: IncidentRecord) -> None:
    line = described(record)
    assert line.startswith(kind_of(record))
    assert "Peeters" not in line


def test_a_change_is_told_in_words() -> None:
    assert described(RECORDS[0]) == "evidence-taken changes=link/fibre_carrier:failing"


def test_all_but_measurements_and_steps_counts_however_old_it_is() -> None:
    assert {kind_of(r) for r in RECORDS} - set(LASTING) == {"evidence-taken", "step-taken"}
