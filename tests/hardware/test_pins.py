"""Lamps, buzzer, mains sensor and matrix keypad on a kernel's own pins, through the real lgpio."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from drivers import open_keypad
from drivers.base import (
    DeviceBusy,
    KeypadSettings,
    MainsSeen,
    MainsSettings,
    PanelSettings,
    Pattern,
    Step,
)
from drivers.panel_gpio import open_panel
from drivers.power_gpio import open_mains

AMBER, GREEN, RED, BUZZER = 17, 27, 22, 23
Eventually = Callable[..., None]


def lit(pins: Any) -> set[int]:
    return {pin for pin in (AMBER, GREEN, RED, BUZZER) if pins.is_high(pin)}


def test_the_lamps_and_the_buzzer_are_the_pins_of_the_example(
    pins: Any, eventually: Eventually
) -> None:
    panel = open_panel(PanelSettings())
    try:
        assert lit(pins) == set()
        for step, pin in (
            (Step(60, amber=True), AMBER),
            (Step(60, green=True), GREEN),
            (Step(60, red=True), RED),
            (Step(60, buzzer=True), BUZZER),
        ):
            panel.show(Pattern("shown", (step,)))
            eventually(lambda pin=pin: lit(pins) == {pin}, f"pin {pin} alone is high")
    finally:
        panel.close()
    eventually(lambda: not lit(pins), "dark after it is closed")


def test_a_relay_board_that_switches_on_low_is_dark_while_its_pins_are_high(
    pins: Any, eventually: Eventually
) -> None:
    panel = open_panel(PanelSettings(active_high=False))
    try:
        eventually(lambda: lit(pins) == {AMBER, GREEN, RED, BUZZER}, "all high: all dark")
        panel.show(Pattern("shown", (Step(60, red=True),)))
        eventually(lambda: lit(pins) == {AMBER, GREEN, BUZZER}, "red is low: red is lit")
    finally:
        panel.close()


def test_mains_that_go_and_come_back_are_seen_and_a_bounce_is_not(pins: Any) -> None:
    sensor = open_mains(MainsSettings(pin=24))
    try:
        pins.pull(24, high=False)  # the optocoupler pulls it down: there is voltage
        assert list(sensor.poll()) == [MainsSeen(present=True)]
        pins.pull(24, high=True)
        pins.pull(24, high=False)
        assert list(sensor.poll()) == []
        pins.pull(24, high=True)
        assert list(sensor.poll()) == [MainsSeen(present=False)]
    finally:
        sensor.close()


def test_a_pin_that_something_else_holds_is_busy(pins: Any) -> None:
    sensor = open_mains(MainsSettings(pin=25))
    try:
        with pytest.raises(DeviceBusy):
            open_mains(MainsSettings(pin=25))
    finally:
        sensor.close()


def test_a_column_that_is_shorted_to_ground_types_no_key(pins: Any) -> None:
    settings = KeypadSettings()
    for column in settings.columns:
        pins.pull(column, high=True)
    keypad = open_keypad(settings)
    try:
        assert list(keypad.poll()) == []
        pins.pull(settings.columns[0], high=False)
        end = time.monotonic() + 2.0
        while time.monotonic() < end:
            assert list(keypad.poll()) == []
    finally:
        keypad.close()
