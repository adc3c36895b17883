"""The mains sensor: what it says at first, on change, and through a bounce."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
from gpiozero import Device

from drivers.base import DeviceBusy, DeviceLost, DeviceNotFound, MainsSeen, MainsSettings, Session
from drivers.emulators.pins import CircuitFactory, CircuitPin
from drivers.power_gpio import STEADY_SAMPLES, open_mains

PIN = 24
TIMEOUT_S = 10.0


@pytest.fixture
def pins() -> Iterator[CircuitFactory]:
    Device.pin_factory = factory = CircuitFactory()
    yield factory
    factory.close()
    Device.pin_factory = None


def next_report(session: Session) -> MainsSeen:
    end_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end_s:
        for report in session.poll():
            return report
    raise TimeoutError("the sensor said nothing")


def test_the_first_report_tells_how_it_stands(pins: CircuitFactory) -> None:
    pins.change(f"drive {PIN} 0")
    session = open_mains(MainsSettings())
    assert next_report(session) == MainsSeen(present=True)
    session.close()


def test_a_cable_that_is_off_reads_as_mains_lost(pins: CircuitFactory) -> None:
    for settings in (MainsSettings(), MainsSettings(present_when_low=False)):
        session = open_mains(settings)
        assert next_report(session) == MainsSeen(present=False)
        session.close()


def test_mains_lost_and_back_are_told_once_each(pins: CircuitFactory) -> None:
    session = open_mains(MainsSettings(present_when_low=False))
    pins.change(f"drive {PIN} 1")
    assert next_report(session) == MainsSeen(present=True)
    assert session.poll() == []
    pins.change(f"drive {PIN} 0")
    assert next_report(session) == MainsSeen(present=False)
    assert session.poll() == []
    pins.change(f"drive {PIN} 1")
    assert next_report(session) == MainsSeen(present=True)
    session.close()


class RelayPin(CircuitPin):
    """An input whose relay stands as `levels` say, one a reading; the last one stays."""

    levels: ClassVar[list[bool]] = [False]

    def _get_state(self) -> bool:
        return self.levels.pop(0) if len(self.levels) > 1 else self.levels[0]


def open_relay(pins: CircuitFactory, levels: list[bool]) -> Session:
    pins.pin_class = RelayPin
    session = open_mains(MainsSettings(present_when_low=False))  # gpiozero reads once, to start
    RelayPin.levels = levels
    return session


def test_a_dip_shorter_than_the_debounce_is_not_told(pins: CircuitFactory) -> None:
    dip = [False] * (STEADY_SAMPLES - 1)
    session = open_relay(pins, [*[True] * STEADY_SAMPLES, *dip, True])
    assert session.poll() == [MainsSeen(present=True)]
    assert session.poll() == []
    assert session.poll() == []
    session.close()


def test_a_relay_that_chatters_is_not_believed(pins: CircuitFactory) -> None:
    session = open_relay(pins, [True, False] * 10)
    assert [session.poll() for _ in range(3)] == [[], [], []]
    session.close()


def test_a_pin_that_does_not_exist_is_named(pins: CircuitFactory) -> None:
    with pytest.raises(DeviceNotFound, match="mains sensor on pin 99"):
        open_mains(MainsSettings(pin=99))


def test_a_pin_used_twice_is_named(pins: CircuitFactory) -> None:
    first = open_mains(MainsSettings())
    with pytest.raises(DeviceBusy, match="mains sensor on pin 24"):
        open_mains(MainsSettings())
    first.close()


def test_a_closed_sensor_can_be_closed_again_and_polls_no_more(pins: CircuitFactory) -> None:
    session = open_mains(MainsSettings())
    session.close()
    session.close()
    with pytest.raises(DeviceLost):
        session.poll()
