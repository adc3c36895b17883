"""Whoever looks at the lamps can tell every signal: the page reads them as a worker does."""

from __future__ import annotations

import pytest

from agent.core.signals import SIGNALS, Signal
from agent.sandbox.browser.lamp_reading import LAMPS, LampReader
from drivers.base import Step

LIT = [signal for signal, row in SIGNALS.items() if row.pattern.steps and signal != Signal.READY]


def played(reader: LampReader, steps: tuple[Step, ...], at_s: float, slack_s: float) -> float:
    """Plays the steps pin by pin, each `slack_s` longer than it should be; when it ended."""
    for step in steps:
        for lamp in LAMPS:
            if reader.lit[lamp] != getattr(step, lamp):
                reader.see(at_s, lamp, getattr(step, lamp))
                at_s += 0.0005
        at_s += step.seconds + slack_s
    return at_s


@pytest.mark.parametrize("slack_s", [0.0, 0.02])
@pytest.mark.parametrize("signal", LIT)
def test_every_signal_is_read_as_itself(signal: Signal, slack_s: float) -> None:
    reader = LampReader()
    pattern = SIGNALS[signal].pattern
    end = played(reader, pattern.steps, 100.0, slack_s)
    if pattern.repeat:
        played(reader, pattern.steps * 2, end, slack_s)
    else:
        played(reader, (Step(1.0),), end, slack_s)
    assert reader.signal is signal


def test_an_answer_is_read_over_a_gate_that_waits() -> None:
    reader = LampReader()
    end = played(reader, SIGNALS[Signal.WAITING].pattern.steps * 3, 100.0, 0.0)
    assert reader.signal is Signal.WAITING
    end = played(reader, (Step(0.04),), end, 0.0)
    played(reader, SIGNALS[Signal.STORED].pattern.steps, end, 0.0)
    assert reader.signal is Signal.STORED


def test_what_could_be_two_signals_is_not_named_yet() -> None:
    reader = LampReader()
    assert reader.see(100.0, "red", True) is None
