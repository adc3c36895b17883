"""The last sign of life, and why a gate was dark."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agent.core.events import Gap
from agent.core.moment import Moment, Trust
from agent.core.outage.incident_records import Stop
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL
from agent.journal.beat import Beat, darkness
from agent.journal.store import Journal

THEN = Moment(1_795_500_000_000, 500_000, "boot-1", Trust.NTP)
SAME_BOOT = Moment(1_795_500_600_000, 1_100_000, "boot-1", Trust.NTP)
OTHER_BOOT = Moment(1_795_500_600_000, 20_000, "boot-2", Trust.UNKNOWN)


@pytest.mark.parametrize(
    ("now", "orderly", "why"),
    [
        (SAME_BOOT, True, Stop.STOPPED),
        (SAME_BOOT, False, Stop.CRASH),
        (OTHER_BOOT, True, Stop.REBOOT),
        (OTHER_BOOT, False, Stop.POWER_CUT),
    ],
)
def test_boot_and_order_tell_why_the_gate_was_dark(now: Moment, orderly: bool, why: Stop) -> None:
    assert darkness(Beat(THEN, FAILING, orderly), now) == Gap(THEN, why, FAILING)


def test_a_gate_that_never_ran_was_not_dark() -> None:
    assert darkness(None, SAME_BOOT) is None


def test_a_sign_of_life_is_one_row_outside_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, random.Random(1))
    assert journal.last_beat() is None
    journal.beat(Beat(THEN, WELL))
    journal.beat(Beat(SAME_BOOT, UNKNOWN, orderly=True))
    assert journal.head == (0, bytes(32))
    journal.close()
    again = Journal(path, random.Random(1))
    assert again.last_beat() == Beat(SAME_BOOT, UNKNOWN, orderly=True)
    again.close()
