"""What a panel says, read from its lamps and buzzer alone, as whoever stands before it learns to.

    reader.see(at_s, "amber", True) … → Signal.STORED, as soon as no other signal looks like that

Nothing asks the agent: what is named is what was really lit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.core.signals import SIGNALS, Signal
from agent.sandbox.site import PINS
from drivers.base import Step
from drivers.emulators.pin_board import PinChange

LAMPS = ("amber", "green", "red", "buzzer")
SAME_INSTANT_S = 0.02
"""Pins that change so close together belong to one step."""
TOLERANCE, LEAST_S, MOST_S = 0.3, 0.025, 0.07
"""How far a step may be off on a machine with other work: a part of it, within these bounds."""
TURNS = 3
"""Of a pattern that repeats itself: so many are looked back at."""
REMEMBERED = 40
LAMP_OF_PIN = {pin: lamp for lamp, pin in PINS.items()}
BEFORE_S, ANSWERED_S = 10.0, 5.0
"""How much of what stood there before is looked at; when it is no answer any more."""

Lit = tuple[bool, ...]
DARK: Lit = (False,) * len(LAMPS)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which nothing changed; `seconds` None: it still lasts, or for ever."""

    lit: Lit
    seconds: float | None


def spans_of(steps: Sequence[Step], *, repeat: bool) -> tuple[Span, ...]:
    """The steps of a pattern as they are seen: neighbours that look alike are one."""
    found: list[Span] = []
    for step in steps:
        lit = (step.amber, step.green, step.red, step.buzzer)
        if found and found[-1].lit == lit:
            found[-1] = Span(lit, (found[-1].seconds or 0.0) + step.seconds)
        else:
            found.append(Span(lit, step.seconds))
    if repeat:
        found *= TURNS
    elif found[-1].lit != DARK:
        found.append(Span(DARK, None))
    return tuple(found)


_SEEN = {
    signal: spans_of(row.pattern.steps, repeat=row.pattern.repeat)
    for signal, row in SIGNALS.items()
    if row.pattern.steps
}


class LampReader:
    """Follows the four pins of a panel."""

    def __init__(self) -> None:
        self._lit = list(DARK)
        self._since_s = 0.0
        self._spans: list[Span] = []
        self.signal: Signal | None = None
        """The last one that was recognised."""
        self.begun_s = 0.0
        """When it began to be played."""

    @property
    def lit(self) -> dict[str, bool]:
        """What is lit now."""
        return dict(zip(LAMPS, self._lit, strict=True))

    def see(self, at_s: float, lamp: str, level: bool) -> Signal | None:
        """A pin has another level; the signal that is now recognised, None while it is open."""
        if at_s - self._since_s > SAME_INSTANT_S:
            self._spans.append(Span(tuple(self._lit), at_s - self._since_s))
            del self._spans[:-REMEMBERED]
            self._since_s = at_s
        self._lit[LAMPS.index(lamp)] = level
        found, spans = self._read()
        if found is not None:
            self.signal = found
            passed_s = sum(
                span.seconds or 0.0 for span in self._spans[len(self._spans) + 1 - spans :]
            )
            self.begun_s = round(self._since_s - passed_s, 3)
        return found

    def _read(self) -> tuple[Signal | None, int]:
        """The signal that explains the most of what was seen up to now, if only one does, and how
        many spans."""
        seen = [*self._spans, Span(tuple(self._lit), None)]
        explained = {signal: _explained(seen, spans) for signal, spans in _SEEN.items()}
        best = max(explained.values())
        found = [signal for signal, fit in explained.items() if fit == best]
        return (found[0], best[0]) if best[0] and len(found) == 1 else (None, 0)


def _explained(seen: Sequence[Span], spans: Sequence[Span]) -> tuple[int, float]:
    """How many of the last spans are the beginning of this pattern, 0: they are not it; and how
    well they fit, in seconds below zero."""
    for begin in range(max(0, len(seen) - len(spans)), len(seen)):
        tail = seen[begin:]
        pairs = list(zip(tail, spans, strict=False))
        if tail[0].lit != DARK and all(_alike(*pair) for pair in pairs):
            return len(tail), -sum(round(_off_s(*pair), 3) for pair in pairs)
    return 0, 0.0


def _alike(seen: Span, step: Span) -> bool:
    tolerance_s = min(MOST_S, max(LEAST_S, TOLERANCE * (step.seconds or 0.0)))
    return seen.lit == step.lit and _off_s(seen, step) <= tolerance_s


def _off_s(seen: Span, step: Span) -> float:
    if seen.seconds is None or step.seconds is None:
        return 0.0
    return abs(seen.seconds - step.seconds)


ANSWERS: Mapping[Signal, str] = {
    Signal.STORED: "amber",
    Signal.REGISTERED: "green",
    **dict.fromkeys((Signal.REFUSED, Signal.CARD_UNUSABLE), "red"),
    **dict.fromkeys((Signal.CARD_CLASH, Signal.NOT_STORED), "red"),
}
"""What a tap is answered by, and its lamp."""


def answer_to(changes: Sequence[PinChange], came_s: float) -> Signal | None:
    """What answered the card that came into the field then, by the changes of a panel's pins; None:
    nothing has, as far as one can tell by now."""
    reader = LampReader()
    for change in changes:
        if change.pin in LAMP_OF_PIN and change.at_s > came_s - BEFORE_S:
            signal = reader.see(change.at_s, LAMP_OF_PIN[change.pin], change.level)
            if signal in ANSWERS and came_s <= reader.begun_s < came_s + ANSWERED_S:
                return signal
    return None
