"""What both sides of every device share: values, Protocols, settings and the error tree.

Standard library only, and nothing of `agent`: the core may import this file, so nothing here
may open, read, wait or tell the time.

    DeviceError                what went wrong, with a `hint`: the next action for a person
    ├── DeviceNotFound         nothing answers under that path or address
    ├── DeviceLost             it was there and is gone (unplugged, power, cable)
    ├── DeviceBusy             somebody else holds it
    └── DeviceProtocolError    it answers, but not what its protocol allows

A device driver is a *session*: opened once, polled, closed. `drivers/supervised.py` runs the
session on a thread, notices that it is gone or hangs, and opens the next one; so a driver never
retries, sleeps for minutes or logs. Time is stamped by whoever takes the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol


class DeviceError(Exception):
    """A device failed; `hint` says what a person does about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class DeviceNotFound(DeviceError):
    """Nothing answers under that path or address."""


class DeviceLost(DeviceError):
    """The device was there and is gone."""


class DeviceBusy(DeviceError):
    """Another process holds the device."""


class DeviceProtocolError(DeviceError):
    """The device answers, but not what its protocol allows."""


class Direction(StrEnum):
    """Which way a tap at this reader goes; `ANY` where one reader serves both ways."""

    IN = "in"
    OUT = "out"
    ANY = "any"


# --- what a device reports -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BadgeSeen:
    """A card came into the field of `reader`: its UID in upper-case hex without separators."""

    reader: str
    uid: str
    direction: Direction = Direction.ANY


@dataclass(frozen=True, slots=True)
class SeveralCards:
    """More than one card lay in the field of `reader`, so that none can be believed."""

    reader: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of `keypad` went down: one of `0123456789*#ABCD`."""

    keypad: str
    key: str


@dataclass(frozen=True, slots=True)
class MainsSeen:
    """Whether the mains sensor sees voltage: told first on opening, then on every change."""

    present: bool


@dataclass(frozen=True, slots=True)
class DeviceGone:
    """The device does not work; told once, until a `DeviceBack`. `kind`: the error's name."""

    device: str
    cause: str
    hint: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """The device works, for the first time or again."""

    device: str


Report = BadgeSeen | SeveralCards | KeyPressed | MainsSeen | DeviceGone | DeviceBack
Reporter = Callable[[Report], None]
"""Takes a report from any thread; returns at once."""


class Session(Protocol):
    """One opened device. Made by an `open_…` function, which raises DeviceError."""

    def poll(self) -> Sequence[Report]:
        """What the device saw since the last poll; returns within 0.5 s.

        Paces itself (a poll that has nothing to wait for sleeps a little). Raises DeviceError
        when the device is gone or talks rubbish for longer than a glitch.
        """
        ...

    def close(self) -> None:
        """Lets the device go; never raises, not even for a device that is gone."""
        ...


# --- settings: what a technician writes about a device -------------------------------------


@dataclass(frozen=True, slots=True)
class FrameSettings:
    """How a reader that sends lines writes a badge's number.

    `start`, `end`: bytes around it, in hex. `skip`: characters before the number. `digits`: how
    many it has, 0: all that come. `bytes`: size of a decimal number. `checksum`: in two hex digits
    after the number, over its bytes. `reverse`: the bytes the other way round.
    """

    start: str = ""
    end: str = "0D"
    skip: int = 0
    digits: int = 0
    number: Literal["hex", "decimal"] = "hex"
    bytes: int = 4
    checksum: Literal["none", "xor", "sum"] = "none"
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """One badge reader. `path` is a device path, best a stable one (by-id), or `usb` for a pn532.

    `baud` and `frame` are for readers on a serial port that is no pn532, `frame` for `hid` too.
    """

    name: str = "entrance"
    kind: str = "pn532"
    path: str = "/dev/serial0"
    direction: Direction = Direction.ANY
    baud: int = 9600
    frame: FrameSettings = field(default_factory=FrameSettings)


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """Lamps and buzzer on GPIO, by BCM number; None: not wired."""

    amber: int | None = 17
    green: int | None = 27
    red: int | None = 22
    buzzer: int | None = 23
    active_high: bool = True


@dataclass(frozen=True, slots=True)
class KeypadSettings:
    """One keypad: kind `matrix` with pins from top and from left by BCM number, or `usb` with a
    device path, best one of /dev/input/by-id."""

    name: str = "keypad"
    kind: str = "matrix"
    rows: tuple[int, ...] = (5, 6, 13, 19)
    columns: tuple[int, ...] = (12, 16, 20)
    path: str = ""


@dataclass(frozen=True, slots=True)
class MainsSettings:
    """A mains sensor by BCM number. `present_when_low`: an optocoupler that pulls the pin down."""

    pin: int = 24
    present_when_low: bool = True


# --- the panel ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """For `seconds`: which lamps are lit and whether the buzzer sounds."""

    seconds: float
    amber: bool = False
    green: bool = False
    red: bool = False
    buzzer: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps played one after the other; `repeat`: over and over until another one."""

    name: str
    steps: tuple[Step, ...]
    repeat: bool = False


class Panel(Protocol):
    """Lamps and buzzer of the gate."""

    def show(self, pattern: Pattern) -> None:
        """Plays `pattern` now, over whatever played; its first step is lit on return."""
        ...

    def rest(self, pattern: Pattern) -> None:
        """What to play whenever no shown pattern plays: the gate's standing state."""
        ...

    def close(self) -> None:
        """All off; never raises."""
        ...
