"""The emulated authority counts each worker's day once, whatever is sent to it."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from agent.sandbox.presence_ledger import (
    ALREADY_REGISTERED,
    DIMONA_NOT_OK,
    PresenceLedger,
    Status,
    Submitted,
)

NOW = dt.datetime(2026, 11, 24, 5, 58, tzinfo=dt.UTC)
JAN = Submitted(NOW.date(), "1Y1000NF9KCQZ", "85011512355", 448181966)
HOUR = dt.timedelta(hours=1)


@given(
    st.lists(
        st.tuples(st.sampled_from(["register", "cancel"]), st.integers(0, 2), st.integers(0, 1)),
        max_size=40,
    )
)
def test_no_two_standing_registrations_are_alike(steps: list[tuple[str, int, int]]) -> None:
    ledger = PresenceLedger()
    for step, worker, day in steps:
        if step == "register":
            date = NOW.date() + dt.timedelta(days=day)
            ledger.register(Submitted(date, "1Y1000NF9KCQZ", f"8501151235{worker}", 1), NOW, "a")
        else:
            for entry in ledger.accepted[worker : worker + 1]:
                ledger.cancel(entry.number, NOW)

    keys = [entry.submitted.key for entry in ledger.accepted]
    assert len(keys) == len(set(keys))
    registered = {(worker, day) for step, worker, day in steps if step == "register"}
    assert len(keys) <= len(registered)


def test_a_duplicate_failed_at_once_and_stays_so() -> None:
    ledger = PresenceLedger()
    ledger.register(JAN, NOW, "a")

    again = ledger.register(JAN, NOW, "b")

    for when in (NOW, NOW + HOUR):
        state = ledger.validation(again, when)
        assert (state.status, state.remarks) == (Status.FAILED, (ALREADY_REGISTERED,))


def test_validation_comes_later_and_leaves_its_remarks() -> None:
    ledger = PresenceLedger(remarks={JAN.inss: (DIMONA_NOT_OK,)}, validate_after=HOUR)
    entry = ledger.register(JAN, NOW, "a")

    before = ledger.validation(entry, NOW + HOUR - dt.timedelta(seconds=1))
    after = ledger.validation(entry, NOW + HOUR)

    assert (before.status, before.at, before.remarks) == (Status.REGISTERED, None, ())
    assert (after.status, after.at, after.remarks) == (Status.FAILED, NOW + HOUR, (DIMONA_NOT_OK,))


def test_what_was_cancelled_before_validation_is_never_validated() -> None:
    ledger = PresenceLedger(validate_after=HOUR)
    number = ledger.register(JAN, NOW, "a").number
    entry = ledger.cancel(number, NOW + HOUR / 2)

    states = [state.status for state in ledger.history(entry, NOW + 9 * HOUR)]

    assert states == [Status.REGISTERED, Status.CANCELLED]


def test_no_repr_holds_a_national_number() -> None:
    entry = PresenceLedger().register(JAN, NOW, "a")

    assert JAN.inss not in repr(entry)
