"""The table of signals: no false light, and no signal that needs colour to be told from another."""

from __future__ import annotations

from itertools import combinations, groupby

import pytest

from agent.core.signals import SIGNALS, Signal, pattern_of
from drivers.base import Pattern

ANSWERS = [
    Signal.STORED,
    Signal.REGISTERED,
    Signal.REFUSED,
    Signal.CARD_UNUSABLE,
    Signal.CARD_CLASH,
    Signal.NOT_STORED,
    Signal.STICK_SAFE,
]
STANDING = [
    Signal.READY,
    Signal.WAITING,
    Signal.CALLED,
    Signal.OUT_OF_ORDER,
    Signal.NUMBER_WANTED,
    Signal.PRINTER_WAITS,
    Signal.READER_OUT,
    Signal.STICK_WORKING,
    Signal.STICK_FAILED,
]
KEYPAD = [Signal.KEY, Signal.ENTRY_TAKEN, Signal.ENTRY_REFUSED]
CALLS = [Signal.CALLING]
PAIRS = list(combinations(STANDING + ANSWERS + CALLS, 2))
SAME_TIMES = 1.6  # two stretches are told apart when one is this many times the other
WATCHED_S = 9.0  # long enough for three rounds of the slowest standing pattern


def stretches(pattern: Pattern, sense: str) -> list[tuple[bool, float]]:
    """On and off stretches as seen (`light`, whatever colour) or heard (`sound`), from first on."""
    steps = list(pattern.steps)
    if pattern.repeat and steps:
        steps *= round(WATCHED_S / sum(step.seconds for step in steps))
    senses = [
        (step.buzzer if sense == "sound" else step.amber or step.green or step.red, step.seconds)
        for step in steps
    ]
    merged = [(on, sum(s for _, s in run)) for on, run in groupby(senses, key=lambda each: each[0])]
    while merged and not merged[0][0]:
        merged.pop(0)
    while merged and not merged[-1][0]:
        merged.pop()
    return merged


def told_apart(one: Pattern, other: Pattern, sense: str) -> bool:
    first, second = stretches(one, sense), stretches(other, sense)
    if len(first) != len(second):
        return True
    return any(
        max(a, b) >= SAME_TIMES * min(a, b) for (_, a), (_, b) in zip(first, second, strict=True)
    )


def test_every_signal_has_its_row_its_own_text_and_a_meaning() -> None:
    assert set(SIGNALS) == set(Signal)
    assert len({row.key for row in SIGNALS.values()}) == len(Signal)
    assert len({row.meaning for row in SIGNALS.values()}) == len(Signal)
    assert {row.pattern.name for row in SIGNALS.values()} == {signal.value for signal in Signal}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]} and {pair[1]}")
def test_two_signals_differ_in_the_rhythm_of_light_without_colour(
    pair: tuple[Signal, Signal],
) -> None:
    assert told_apart(pattern_of(pair[0]), pattern_of(pair[1]), "light")


def test_every_signal_stands_calls_or_answers_a_tap_or_the_keypad() -> None:
    assert sorted(STANDING + ANSWERS + KEYPAD + CALLS) == sorted(Signal)


@pytest.mark.parametrize(
    "pair",
    list(combinations(ANSWERS + KEYPAD + CALLS, 2)),
    ids=lambda pair: f"{pair[0]} and {pair[1]}",
)
def test_two_answers_differ_by_sound_alone(pair: tuple[Signal, Signal]) -> None:
    assert told_apart(pattern_of(pair[0]), pattern_of(pair[1]), "sound")


def test_the_comparison_finds_two_signals_that_differ_by_colour_alone() -> None:
    green = pattern_of(Signal.REGISTERED)
    red = Pattern(
        "red twin",
        tuple(type(step)(step.seconds, red=step.green, buzzer=step.buzzer) for step in green.steps),
    )
    assert not told_apart(green, red, "light")
    assert not told_apart(green, red, "sound")


def test_only_a_receipt_lights_green() -> None:
    green = {s for s in Signal if any(step.green for step in pattern_of(s).steps)}
    assert green == {Signal.REGISTERED}


def test_only_what_is_stored_lights_amber() -> None:
    amber = {s for s in Signal if any(step.amber for step in pattern_of(s).steps)}
    assert amber == {Signal.STORED, Signal.WAITING, Signal.CALLED}


@pytest.mark.parametrize("signal", KEYPAD)
def test_the_keypad_is_answered_without_a_lamp(signal: Signal) -> None:
    assert not any(step.amber or step.green or step.red for step in pattern_of(signal).steps)
    assert pattern_of(signal).steps[0].buzzer


def test_never_two_lamps_at_once() -> None:
    for signal in Signal:
        for step in pattern_of(signal).steps:
            assert step.amber + step.green + step.red <= 1, signal


@pytest.mark.parametrize("signal", ANSWERS + CALLS)
def test_an_answer_is_lit_from_its_first_step_is_heard_and_ends(signal: Signal) -> None:
    pattern = pattern_of(signal)
    first = pattern.steps[0]
    assert first.amber or first.green or first.red
    assert any(step.buzzer for step in pattern.steps)
    assert not pattern.repeat


@pytest.mark.parametrize("signal", STANDING)
def test_what_stands_for_hours_is_silent_and_repeats(signal: Signal) -> None:
    pattern = pattern_of(signal)
    assert pattern.repeat
    assert not any(step.buzzer for step in pattern.steps)


def test_stored_is_one_short_beep_and_a_receipt_a_second_longer_one() -> None:
    stored = [s for on, s in stretches(pattern_of(Signal.STORED), "sound") if on]
    receipt = [s for on, s in stretches(pattern_of(Signal.REGISTERED), "sound") if on]
    assert len(stored) == len(receipt) == 1
    assert stored[0] < receipt[0]


@pytest.mark.parametrize("signal", [s for s in ANSWERS if s is not Signal.STORED])
def test_a_later_answer_is_silent_first_or_long_so_that_its_beep_stands_apart(
    signal: Signal,
) -> None:
    first = pattern_of(signal).steps[0]
    short_s = pattern_of(Signal.STORED).steps[0].seconds
    assert not first.buzzer or first.seconds > short_s


def test_refused_is_three_beeps() -> None:
    assert sum(on for on, _ in stretches(pattern_of(Signal.REFUSED), "sound")) == 3


@pytest.mark.parametrize("signal", list(Signal))
def test_no_lamp_flashes_more_than_three_times_a_second(signal: Signal) -> None:
    at_s, lit, starts = 0.0, False, []
    for on, seconds in stretches(pattern_of(signal), "light"):
        if on and not lit:
            starts.append(at_s)
        lit, at_s = on, at_s + seconds
    assert all(later - earlier > 1.0 for earlier, later in zip(starts, starts[3:], strict=False))


@pytest.mark.parametrize("signal", list(Signal))
def test_every_step_lasts(signal: Signal) -> None:
    assert all(step.seconds > 0 for step in pattern_of(signal).steps)
