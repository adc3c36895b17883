"""What lamps and buzzer say: one table, signal → pattern, text key, meaning.

The rules that the table keeps, each held by a test:

- Green is lit by REGISTERED alone, amber by STORED, WAITING and CALLED alone: no false light
  (DOMAIN.md, section 5.1). That is why READY is dark: a green wink would be a false light, an amber
  one could be taken for the answer to a tap made just then. A dark panel claims nothing, and a tap
  that no lamp answers does not count.
- Colour is never needed: any two signals differ in the rhythm of light alone, for those who see
  no red and green or hear nothing beside a mixer. The answers to a tap differ by sound alone too.
- Whoever types at the keypad is answered by sound: the lamps belong to whoever taps beside them.
- No lamp flashes more than three times a second (WCAG 2.3.1, seizures).
- What rests for hours is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from drivers.base import Pattern, Step


class Signal(StrEnum):
    """Everything the panel can say. READY, WAITING, CALLED, OUT_OF_ORDER, NUMBER_WANTED,
    PRINTER_WAITS, READER_OUT, STICK_WORKING and STICK_FAILED stand; the others pass. KEY,
    ENTRY_TAKEN and ENTRY_REFUSED answer at the keypad."""

    READY = "ready"
    WAITING = "waiting"
    OUT_OF_ORDER = "out-of-order"
    NUMBER_WANTED = "number-wanted"
    PRINTER_WAITS = "printer-waits"
    READER_OUT = "reader-out"
    STORED = "stored"
    REGISTERED = "registered"
    REFUSED = "refused"
    CARD_UNUSABLE = "card-unusable"
    CARD_CLASH = "card-clash"
    NOT_STORED = "not-stored"
    STICK_WORKING = "stick-working"
    STICK_SAFE = "stick-safe"
    STICK_FAILED = "stick-failed"
    KEY = "key"
    ENTRY_TAKEN = "entry-taken"
    ENTRY_REFUSED = "entry-refused"
    CALLED = "called"
    CALLING = "calling"


@dataclass(frozen=True, slots=True)
class Row:
    """How a signal looks and sounds, the key of its text, and what it means."""

    pattern: Pattern
    key: str
    meaning: str


# An active buzzer without PWM knows one pitch: only length and number tell beeps apart.
SHORT_BEEP_S = 0.1
LONG_BEEP_S = 0.5
HEAD_S = 0.15  # lamp before sound, so that the beep after that of STORED is heard as a second one


def _amber(seconds: float, *, beep: bool = False) -> Step:
    return Step(seconds, amber=True, buzzer=beep)


def _green(seconds: float, *, beep: bool = False) -> Step:
    return Step(seconds, green=True, buzzer=beep)


def _red(seconds: float, *, beep: bool = False) -> Step:
    return Step(seconds, red=True, buzzer=beep)


def _dark(seconds: float) -> Step:
    return Step(seconds)


def _beep(seconds: float) -> Step:
    return Step(seconds, buzzer=True)


_WINK = (_red(0.2), _dark(0.3))
_SHORT_RED = (_red(0.2, beep=True), _dark(0.2))


def _row(signal: Signal, meaning: str, *steps: Step, repeat: bool = False) -> tuple[Signal, Row]:
    return signal, Row(Pattern(signal.value, steps, repeat), f"signal.{signal.value}", meaning)


SIGNALS: Mapping[Signal, Row] = MappingProxyType(
    dict(
        (
            _row(
                Signal.READY,
                "nothing to say: hold your badge to the reader",
                repeat=True,
            ),
            _row(
                Signal.WAITING,
                "taps are stored and wait for their receipt: nothing is lost, go on tapping",
                *(_amber(1.0), _dark(2.0)),
                repeat=True,
            ),
            _row(
                Signal.OUT_OF_ORDER,
                "the gate cannot take taps: call the site manager",
                *(_red(2.7), _dark(0.3)),
                repeat=True,
            ),
            _row(
                Signal.NUMBER_WANTED,
                "a list lacks its number, or who came since it: go to the keypad; taps are taken",
                # Three winks, then dark: not the long red of a gate that is out of order.
                *(*_WINK * 3, _dark(2.5)),
                repeat=True,
            ),
            _row(
                Signal.STICK_WORKING,
                "the stick is being written: leave it in",
                *(_red(0.25), _dark(0.25)),
                repeat=True,
            ),
            _row(
                Signal.STICK_FAILED,
                "the stick was not written, or not all: see status; it may be pulled out",
                # Long and short, then dark: no rhythm of the gate itself.
                *(_red(0.9), _dark(0.3), _red(0.2), _dark(2.0)),
                repeat=True,
            ),
            _row(
                Signal.PRINTER_WAITS,
                "the list is not on paper: see to the printer; taps are taken",
                *(*_WINK * 2, _dark(2.5)),
                repeat=True,
            ),
            _row(
                Signal.READER_OUT,
                "a reader does not work: hold your badge to another one; taps are taken there",
                *(*_WINK, _dark(2.5)),
                repeat=True,
            ),
            _row(
                Signal.STORED,
                "your tap is stored, its receipt is being asked for",
                # Lit with the beep, then quick even blinking while the answer is on its way.
                *(_amber(SHORT_BEEP_S, beep=True), _amber(0.25 - SHORT_BEEP_S)),
                *(_dark(0.25), _amber(0.25)) * 5,
            ),
            _row(
                Signal.REGISTERED,
                "you are registered: the receipt is there",
                *(_green(HEAD_S), _green(LONG_BEEP_S, beep=True), _green(1.35)),
            ),
            _row(
                Signal.REFUSED,
                "you are not registered: see the site manager",
                # Three short, then red stays for a look.
                *(_red(HEAD_S), *(_red(0.15, beep=True), _dark(0.2)) * 3, _red(1.2)),
            ),
            _row(
                Signal.CARD_UNUSABLE,
                "this card cannot be used here: hold your badge, not a phone",
                *(_red(HEAD_S), _red(0.6, beep=True), _dark(0.3), _red(0.6, beep=True)),
            ),
            _row(
                Signal.CARD_CLASH,
                "two cards at once, none was stored: hold one alone",
                # Two and two, as there were two cards.
                *(*_SHORT_RED * 2, _dark(0.6), *_SHORT_RED * 2),
            ),
            _row(
                Signal.NOT_STORED,
                "your tap was not stored: tap again later, or call the site manager",
                # Long, short, long, short: the alarm among the answers.
                *(_red(0.8, beep=True), _dark(0.3), _red(0.2, beep=True), _dark(0.3)) * 2,
            ),
            _row(
                Signal.STICK_SAFE,
                "everything is on the stick: pull it out",
                # Five short ones, and the light goes out: red meant leave it in.
                *(_red(0.12, beep=True), _dark(0.28)) * 5,
            ),
            _row(Signal.KEY, "the key was heard", _beep(0.05)),
            _row(
                Signal.ENTRY_TAKEN,
                "what was typed is taken",
                *(_beep(SHORT_BEEP_S), _dark(0.1)) * 2,
            ),
            _row(
                Signal.ENTRY_REFUSED,
                "what was typed is not taken: begin again",
                _beep(1.2),
            ),
            _row(
                Signal.CALLED,
                "taps are stored, and the site manager is asked for: see what the gate says to do",
                # As WAITING, for that still holds, and two red winks that it never has.
                *(_amber(1.0), _dark(0.4), _red(0.4), _dark(0.3), _red(0.4), _dark(1.5)),
                repeat=True,
            ),
            _row(
                Signal.CALLING,
                "something new for the site manager: see what the gate says to do",
                *(_red(0.6, beep=True), _dark(0.4)) * 6,
            ),
        )
    )
)
"""Every signal's row."""


def pattern_of(signal: Signal) -> Pattern:
    """The pattern that a panel shows for `signal`."""
    return SIGNALS[signal].pattern
