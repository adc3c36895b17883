"""Workers and badges as values."""

from __future__ import annotations

import datetime as dt

import pytest

from agent.core.roster import Roster, Worker

JAN = Worker("Janssens", "Jan", "0448181966", "1Y1000NF9KCQZ", inss="85011512355")
LAN = Worker("Nguyễn", "Lan", "0448181966", "1Y1000NF9KCQZ", limosa="24910158641968060")


def test_a_worker_never_shows_the_national_number_in_its_repr() -> None:
    assert "85011512355" not in repr(Roster({"04A1B2C3": JAN}, (LAN,)))
    assert "24910158641968060" not in repr(LAN)


def test_workers_are_named_once_however_many_badges_they_hold() -> None:
    assert Roster({"04A1B2C3": JAN, "04A1B2C4": JAN}, (LAN,)).workers == (JAN, LAN)


def test_one_person_with_two_employers_is_two_workers() -> None:
    other = Worker("Janssens", "Jan", "0701234576", "1Y1000NF9KCQZ", inss="85011512355")
    assert Roster({"04A1B2C3": JAN, "04A1B2C4": other}).workers == (JAN, other)


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (dt.date(2026, 1, 4), False),
        (dt.date(2026, 1, 5), True),
        (dt.date(2026, 6, 30), True),
        (dt.date(2026, 7, 1), False),
    ],
)
def test_a_worker_is_valid_from_the_first_to_the_last_day(day: dt.date, valid: bool) -> None:
    worker = Worker(
        "Janssens",
        "Jan",
        "0448181966",
        "1Y1000NF9KCQZ",
        inss="85011512355",
        valid_from=dt.date(2026, 1, 5),
        valid_until=dt.date(2026, 6, 30),
    )
    assert worker.valid_on(day) is valid
    assert JAN.valid_on(day)
