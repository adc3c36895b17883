"""Lamps and buzzer on GPIO pins, through gpiozero.

`show` lights the first step in the caller's thread, since a worker waits for it; one thread of the
panel plays the rest. It sleeps until the next change is due, and for ever when none is: a dark or
steady panel costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from drivers.base import DeviceError, Panel, PanelSettings, Pattern, Step
from drivers.gpio import pin_errors, pin_factory

SHORTEST_STEP_S = 0.01  # a step of no length, repeated, would take the whole processor
GAP_S = 0.04  # dark and silent before an answer, so that the next in the queue notices his own
END_WAIT_S = 1.0  # for the thread at the end; it waits for nothing but its own lock

_DARK = Pattern("dark", ())
_ALL_OFF = Step(0.0)
_GAP = Step(GAP_S)


def open_panel(settings: PanelSettings) -> Panel:
    """A panel with every lamp off. Without any wired pin it needs no GPIO and shows nothing.

    Raises DeviceNotFound (no such pin, no GPIO on this machine) and DeviceBusy (a pin used twice).
    """
    wired = {
        name: pin
        for name in ("amber", "green", "red", "buzzer")
        if (pin := getattr(settings, name)) is not None
    }
    outputs: dict[str, Any] = {}
    try:
        for name, pin in wired.items():
            outputs[name] = _open_output(name, pin, settings.active_high)
    except DeviceError:
        for output in outputs.values():
            output.close()
        raise
    return GpioPanel(outputs)


def _open_output(name: str, pin: int, active_high: bool) -> Any:
    factory = pin_factory()
    from gpiozero import LED, Buzzer

    kind = Buzzer if name == "buzzer" else LED
    with pin_errors(f"panel {name} on pin {pin}"):
        return kind(pin, active_high=active_high, pin_factory=factory)


class GpioPanel:
    """Plays patterns on outputs with `on()` and `off()`, by the names of Step's fields."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs
        self._change = threading.Condition()
        self._resting = _DARK
        self._playing = _DARK
        self._index = 0  # -1: the gap before the first step
        self._lit = _ALL_OFF
        self._due_s: float | None = None  # monotonic; None: this step stays
        self._closed = False
        self._thread = threading.Thread(target=self._play, name="panel", daemon=True)
        self._thread.start()

    def show(self, pattern: Pattern) -> None:
        """Plays `pattern` now, over whatever played; its first step is lit on return.

        Where a lamp is lit already, or the buzzer sounds, all is off for `GAP_S` first. Raises
        DeviceLost if the pins no longer obey.
        """
        with self._change:
            lit = self._lit
            self._begin(pattern, gap=bool(pattern.steps) and _shares(lit, pattern.steps[0]))

    def rest(self, pattern: Pattern) -> None:
        """What to play whenever no shown pattern plays; the same one again does not start over."""
        with self._change:
            if pattern == self._resting:
                return
            resting = self._playing is self._resting
            self._resting = pattern
            if resting:
                self._begin(pattern)

    def close(self) -> None:
        """All off; never raises."""
        with self._change:
            if self._closed:
                return
            self._closed = True
            self._change.notify()
        self._thread.join(END_WAIT_S)
        for output in self._outputs.values():
            try:
                output.off()
                output.close()
            except Exception:  # a lamp that is gone must not keep the others lit
                continue

    def _begin(self, pattern: Pattern, *, gap: bool = False) -> None:
        if self._closed:
            return
        self._playing, self._index = pattern, -1 if gap else 0
        self._light()
        self._change.notify()

    def _light(self) -> None:
        """Lights the present step and notes when the next one is due."""
        steps = self._playing.steps
        step = _GAP if self._index < 0 else steps[self._index] if steps else _ALL_OFF
        self._due_s = None
        with pin_errors("panel"):
            self._set(step)
        stays = (
            self._index >= 0
            and len(steps) <= 1
            and (self._playing.repeat or self._playing is self._resting)
        )
        if not stays:
            self._due_s = time.monotonic() + max(step.seconds, SHORTEST_STEP_S)

    def _set(self, step: Step) -> None:
        """Off before on, so that green and red are never lit together, not for a microsecond."""
        wanted = {name: bool(getattr(step, name)) for name in self._outputs}
        for name in sorted(wanted, key=lambda name: wanted[name]):
            output = self._outputs[name]
            if wanted[name]:
                output.on()
            else:
                output.off()
        self._lit = step

    def _play(self) -> None:
        with self._change:
            while not self._closed:
                wait_s = None if self._due_s is None else self._due_s - time.monotonic()
                if wait_s is None or wait_s > 0:
                    self._change.wait(wait_s)
                else:
                    self._advance()

    def _advance(self) -> None:
        """The next step; after the last, the first again or the resting pattern."""
        self._index += 1
        if self._index >= len(self._playing.steps):
            self._index = 0
            if not self._playing.repeat:
                self._playing = self._resting
        try:
            self._light()
        except DeviceError:
            return  # the thread waits; the next `show` meets the fault and tells it


def _shares(one: Step, other: Step) -> bool:
    """True where a lamp or the buzzer would just stay on: nobody would notice the answer."""
    outputs = ("amber", "green", "red", "buzzer")
    return any(getattr(one, name) and getattr(other, name) for name in outputs)
