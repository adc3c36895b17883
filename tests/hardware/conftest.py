"""What the tests here need: a kernel with pins, keyboards and a USB bus that nobody has to plug.

`make hardware-vm` boots one; elsewhere they are skipped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHIPS = Path("/sys/kernel/config/gpio-sim")
PATIENCE_S = 30.0
LINES = 28
"""GPIO 0 to 27, as on a Raspberry Pi's header."""


class Pins:
    """The other end of every pin: what a wire from outside does to it, what the gate does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_high(self, pin: int) -> bool:
        """What a lamp on this pin would see."""
        return (self._folder / f"sim_gpio{pin}/value").read_text().strip() == "1"

    def pull(self, pin: int, *, high: bool) -> None:
        """A wire from outside, that whoever drives the pin overrules."""
        way = "pull-up" if high else "pull-down"
        (self._folder / f"sim_gpio{pin}/pull").write_text(way)


@pytest.fixture(scope="session")
def pins() -> Iterator[Pins]:
    """A chip of 28 lines, that the Pi's own back-end takes for the Pi's."""
    if not CHIPS.is_dir():
        pytest.skip("needs a kernel with GPIO_SIM (make hardware-vm)")
    bank = CHIPS / "gate/bank0"
    bank.mkdir(parents=True)
    (bank / "num_lines").write_text(str(LINES))
    (CHIPS / "gate/live").write_text("1")
    device = (CHIPS / "gate/dev_name").read_text().strip()
    chip = (bank / "chip_name").read_text().strip()
    yield Pins(Path(f"/sys/devices/platform/{device}/{chip}"))


@pytest.fixture(scope="session")
def bus() -> None:
    """A USB bus that ends in this machine."""
    if not Path("/sys/class/udc/dummy_udc.0").exists() or os.geteuid() != 0:
        pytest.skip("needs root and a kernel with dummy_hcd (make hardware-vm)")


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits until something is so: this machine is emulated, and slow."""

    def wait(so: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
        end = time.monotonic() + within_s
        while not so():
            assert time.monotonic() < end, what
            time.sleep(0.01)

    return wait
