"""Readers, keypad, lamps, printer and mains sensor, each opened by its own driver.

A device belongs to one program: while the agent runs it is asked how they do; a person who wants
to hold a badge and watch the lamps stops it first.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from agent.config import Config
from agent.core.signals import SIGNALS, Signal
from agent.doctor.slip import slip_of
from agent.doctor.verdicts import Verdict, broken, untried, warning, well
from drivers import open_keypad, open_reader
from drivers.base import (
    BadgeSeen,
    DeviceError,
    KeyPressed,
    MainsSeen,
    PanelSettings,
    Report,
    Session,
)
from drivers.paper import JobDone, PrinterSettings, PrintEvent, PrintRequest

BADGE_WAIT_S = 20.0
KEYS_WAIT_S = 20.0
KEYS_WANTED = "123"
LIT_S = 2.5
PRINT_WAIT_S = 40.0
STOP_FIRST = "to try it by hand: sudo systemctl stop werfpoort, then this again"

_Seen = TypeVar("_Seen", bound=Report)


class Guide(Protocol):
    """Whoever leads a person through what only a person can do or see."""

    def say(self, text: str) -> None:
        """Tells the person what to do now."""
        ...

    def sees(self, question: str) -> bool:
        """What the person answers: yes or no."""
        ...


def as_told(status: Mapping[str, Any]) -> Iterator[Verdict]:
    """The devices as the running agent knows them."""
    for name, works in sorted(status["devices"].items()):
        if works:
            yield well(name, "works, says the agent that uses it")
        else:
            cause, _, todo = status["broken"][name].partition("; to do: ")
            yield broken(name, cause, todo)
    if status["devices"]:
        yield untried("devices by hand", "the agent uses them", STOP_FIRST)


def all_of(config: Config, guide: Guide | None) -> Iterator[Verdict]:
    """Every configured device, tried; by hand too where there is a guide."""
    for settings in config.readers:
        name = f"reader {settings.name}"
        yield from _session(name, partial(open_reader, settings), partial(_reader, name, guide))
    if (keypad := config.keypad.device) is not None:
        yield from _session("keypad", partial(open_keypad, keypad), partial(_keypad, guide))
    yield panel(config.panel, guide)
    if config.printer.device is not None:
        yield printer(config, config.printer.device, guide)
    if config.power.sensor is not None:
        from drivers.power_gpio import open_mains

        yield from _session("mains sensor", partial(open_mains, config.power.sensor), _mains)
    else:
        yield untried("mains sensor", "there is none", "[power].mains_pin; see the wiring table")


def _session(
    part: str, opened: Callable[[], Session], tried: Callable[[Session], Verdict]
) -> Iterator[Verdict]:
    try:
        session = opened()
    except DeviceError as error:
        yield broken(part, str(error), error.hint)
        return
    try:
        yield tried(session)
    except DeviceError as error:
        yield broken(part, str(error), error.hint)
    finally:
        session.close()


def _reader(part: str, guide: Guide | None, session: Session) -> Verdict:
    session.poll()
    if guide is None:
        return well(part, "opened, and polled")
    guide.say(f"Hold a badge to {part} ...")
    seen = _first(session, BadgeSeen, BADGE_WAIT_S)
    if seen is None:
        return broken(
            part,
            f"no badge was read in {BADGE_WAIT_S:g} s",
            "try another badge; the reader opens, so its antenna or the kind of card is wrong",
        )
    return well(part, f"read a badge of {len(seen.uid) // 2} bytes")


def _keypad(guide: Guide | None, session: Session) -> Verdict:
    session.poll()
    if guide is None:
        return well("keypad", "opened, and polled")
    guide.say(f"Press {' '.join(KEYS_WANTED)} on the keypad ...")
    pressed = ""
    until = time.monotonic() + KEYS_WAIT_S
    while len(pressed) < len(KEYS_WANTED) and time.monotonic() < until:
        pressed += "".join(r.key for r in session.poll() if isinstance(r, KeyPressed))
    if pressed == KEYS_WANTED:
        return well("keypad", f"said {pressed}")
    if not pressed:
        return broken("keypad", "no key was heard", "look at its cable and its pins in the config")
    return broken(
        "keypad",
        f"said {pressed} for {KEYS_WANTED}",
        "the order of [keypad].rows or columns is not that of the wires",
    )


def _mains(session: Session) -> Verdict:
    seen = _first(session, MainsSeen, 2.0)
    if seen is None:
        return broken("mains sensor", "says nothing", "look at its wiring")
    if not seen.present:
        return warning(
            "mains sensor",
            "sees no mains",
            "is the sensor plugged in? if the mains is there, turn [power].mains_when_low round",
        )
    return well("mains sensor", "sees the mains")


def _first(session: Session, kind: type[_Seen], wait_s: float) -> _Seen | None:
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        for report in session.poll():
            if isinstance(report, kind):
                return report
    return None


def panel(settings: PanelSettings, guide: Guide | None) -> Verdict:
    """Lamps and buzzer: opened, and shown one after the other to whoever watches."""
    from drivers.panel_gpio import open_panel

    try:
        opened = open_panel(settings)
    except DeviceError as error:
        return broken("lamps and buzzer", str(error), error.hint)
    try:
        if guide is None:
            return well("lamps and buzzer", "opened; only a person sees whether they light")
        for signal, lamp in (
            (Signal.STORED, "amber"),
            (Signal.REGISTERED, "green"),
            (Signal.REFUSED, "red"),
        ):
            opened.show(SIGNALS[signal].pattern)
            time.sleep(LIT_S)
            if not guide.sees(f"Did {lamp} light, and the buzzer sound?"):
                return broken(
                    "lamps and buzzer",
                    f"{lamp} or the buzzer was not noticed",
                    f"look at the wire of [panel].{lamp} and of the buzzer; if all lamps are lit at"
                    " rest, active_high is the wrong way round",
                )
        return well("lamps and buzzer", "seen and heard")
    except DeviceError as error:
        return broken("lamps and buzzer", str(error), error.hint)
    finally:
        opened.close()


def printer(config: Config, settings: PrinterSettings, guide: Guide | None) -> Verdict:
    """The printer: its own word, and a slip in every language where a person looks at it."""
    from drivers.print_job import PrintJob

    events: queue.SimpleQueue[PrintEvent] = queue.SimpleQueue()
    slip = slip_of(config.gate.name, printed=guide is not None)
    try:
        job = PrintJob(settings, events.put)
        job.start(PrintRequest(slip))
        done = _done(events)
        job.close()
    except (DeviceError, queue.Empty) as error:
        hint = getattr(error, "hint", "look at its power and cable")
        return broken("printer", str(error) or "does not answer", hint)
    if done.problem:
        return broken("printer", done.problem, done.hint)
    if guide is None:
        return well("printer", f"answers: {done.status.value}")
    if not guide.sees("Did a slip come out, with readable text in four languages and a QR code?"):
        return broken(
            "printer",
            "the slip is not as it should be",
            "clean the head, put the roll in the right way round, set [printer].paper and profile",
        )
    return well("printer", "printed a slip that can be read")


def _done(events: queue.SimpleQueue[PrintEvent]) -> JobDone:
    until = time.monotonic() + PRINT_WAIT_S
    while True:
        event = events.get(timeout=max(0.0, until - time.monotonic()))
        if isinstance(event, JobDone):
            return event
