"""What keypad and printer need together, that no key shows by itself."""

from __future__ import annotations

from collections.abc import Iterator

from agent.config.channel_check import Find
from agent.config.settings import NONE, Config
from agent.core.paper.paper_records import PAGE
from drivers.keypad_matrix import LAYOUTS


def check_keypad(config: Config, find: Find) -> None:
    """A keypad has its pins or its path, and the code that the dialogue asks for."""
    keypad = config.keypad
    if keypad.kind == NONE:
        return
    if keypad.name == PAGE:
        find("keypad.name", "is what the journal calls the page", "choose another, as keypad")
    if config.operator.ask_code and not config.operator.code:
        find(
            "operator.code",
            "is missing, and the keypad asks for it",
            "make it with: werfpoort code; lists bear national numbers, so keep ask_code",
        )
    if keypad.kind == "usb" and not keypad.path:
        find("keypad.path", "is missing", "write the one that ls /dev/input/by-id/*-kbd shows")
    if keypad.kind == "matrix" and (
        len(keypad.columns) not in LAYOUTS or len(keypad.rows) != len(LAYOUTS[len(keypad.columns)])
    ):
        find("keypad.columns", "makes no keypad that is known", "name 4 rows, and 3 or 4 columns")


def check_keypad_pins(config: Config, find: Find) -> None:
    """No pin serves two things."""
    if config.keypad.kind != "matrix":
        return
    taken = {
        pin: f"panel.{name}"
        for name in ("amber", "green", "red", "buzzer")
        if (pin := getattr(config.panel, name)) is not None
    }
    for name, pin in _pins(config):
        if taken.setdefault(pin, name) != name:
            find(
                name.partition("[")[0],
                f"pin {pin} is also that of {taken[pin]}",
                "give each its own pin",
            )


def _pins(config: Config) -> Iterator[tuple[str, int]]:
    for name in ("rows", "columns"):
        for place, pin in enumerate(getattr(config.keypad, name), 1):
            yield f"keypad.{name}[{place}]", pin


def check_printer(config: Config, find: Find) -> None:
    """A printer has an address."""
    if config.printer.kind != NONE and not config.printer.address:
        find(
            "printer.address",
            "is missing",
            "write vendor:product (usb), the device path (serial), or the host (network)",
        )
