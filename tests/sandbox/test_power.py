"""The real agent loses its power: a short run of what `make powercut` does at length."""

from __future__ import annotations

from agent.sandbox.power import tried

TIMES = 4


def test_every_tap_that_was_shown_as_stored_is_there_after_power_cuts_and_kills() -> None:
    for tally in tried(cuts=TIMES, kills=TIMES, seed=7):
        assert tally.wrong == []
        assert tally.ended == TIMES
        assert tally.shown.total() > 0
