"""The wiring in docs/technician.md is that of the example configuration, pin by pin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gpiozero.pins.pi import PiBoardInfo

from drivers import READER_KINDS
from drivers.base import KeypadSettings, PanelSettings

DOCS = (Path(__file__).parents[1] / "docs/technician.md").read_text(encoding="utf-8")
PI_4B = 0xB03112
HEADER = {
    pin.name: number for number, pin in PiBoardInfo.from_revision(PI_4B).headers["J8"].pins.items()
}


def row(key: str) -> tuple[list[int], list[int]]:
    """BCM numbers and header pins of the row that names this key."""
    found = re.search(rf"\| `{key}` \| ([\d, ]+) \| ([\d, ]+) \|", DOCS)
    assert found is not None, key
    bcm, pins = ([int(number) for number in cell.split(",")] for cell in found.groups())
    return bcm, pins


@pytest.mark.parametrize("key", ["amber", "green", "red", "buzzer", "rows", "columns"])
def test_a_pin_of_the_wiring_table_is_the_default_of_its_key(key: str) -> None:
    settings = KeypadSettings() if key in ("rows", "columns") else PanelSettings()
    default = getattr(settings, key)
    assert row(key)[0] == (list(default) if isinstance(default, tuple) else [default])


@pytest.mark.parametrize("key", ["amber", "green", "red", "buzzer", "rows", "columns", "mains_pin"])
def test_a_bcm_number_lies_on_the_pin_of_the_header_that_stands_beside_it(key: str) -> None:
    bcm, pins = row(key)
    assert [HEADER[f"GPIO{number}"] for number in bcm] == pins


def test_no_two_things_are_wired_to_one_pin() -> None:
    keys = ("amber", "green", "red", "buzzer", "rows", "columns", "mains_pin")
    wired = [number for key in keys for number in row(key)[0]]
    serial = [14, 15]
    assert len({*wired, *serial}) == len(wired) + len(serial)
    assert (HEADER["GPIO14"], HEADER["GPIO15"]) == (8, 10)


def test_every_kind_of_reader_is_in_the_wiring_table() -> None:
    assert set(re.findall(r'`kind = "(\w+)"`', DOCS)) - {"usb"} == set(READER_KINDS)
