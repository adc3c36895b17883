"""The pins of this machine: the factory that gpiozero takes them from, and its errors as ours.

gpiozero is imported by whoever opens the first pin (0.2 s), never before.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from drivers.base import DeviceBusy, DeviceError, DeviceLost, DeviceNotFound

DEFAULT_FACTORY = "lgpio"  # the one back-end that serves every Pi, the Pi 5 too

_HINT = (
    "On a Raspberry Pi install python3-lgpio and let the agent's user into the group gpio; "
    "elsewhere set GPIOZERO_PIN_FACTORY (wire: the virtual site, mock: nothing is lit), "
    "or leave the pins out of the config"
)


def pin_factory() -> Any:
    """The pin factory of this process: what GPIOZERO_PIN_FACTORY names, else lgpio alone.

    gpiozero left alone would go on to the next back-end, and at last to one that lights nothing;
    a lamp that silently stays dark is worse than an error. Raises DeviceNotFound.
    """
    from gpiozero import Device

    if Device.pin_factory is None:
        name = os.environ.get("GPIOZERO_PIN_FACTORY")
        try:
            if name:
                Device.ensure_pin_factory()
            else:
                with _a_place_for_its_pipe():
                    from gpiozero.pins.lgpio import LGPIOFactory

                    Device.pin_factory = LGPIOFactory()
        except Exception as error:  # back-ends raise what they like: lgpio.error, OSError, ...
            tried = name or DEFAULT_FACTORY
            raise DeviceNotFound(f"no GPIO pins by way of {tried!r}: {error}", _HINT) from error
    return Device.pin_factory


@contextlib.contextmanager
def _a_place_for_its_pipe() -> Iterator[None]:
    """lgpio makes a pipe in the working directory when it is imported, and fails where it may not,
    as in whatever folder a technician starts the self-test. Once open it needs no name. A folder
    that this user may not even enter (`sudo -u` from a home) is not gone back to."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="lgpio-") as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            try:
                os.chdir(before)
            except OSError:
                os.chdir("/")


@contextlib.contextmanager
def pin_errors(device: str) -> Iterator[None]:
    """Turns what a pin raises inside the block into a DeviceError that names `device`."""
    try:
        yield
    except DeviceError:
        raise
    except Exception as error:  # lgpio.error derives from Exception alone
        raise _mapped(device, error) from error


def _mapped(device: str, error: Exception) -> DeviceError:
    from gpiozero.exc import GPIOPinInUse, PinError

    text = f"{device}: {error}"
    if isinstance(error, GPIOPinInUse) or "busy" in str(error).lower():
        return DeviceBusy(text, "Give each lamp, key and sensor a pin of its own in the config")
    if isinstance(error, PinError):
        return DeviceNotFound(text, "Name a pin by its BCM number (0 to 27), one that can do this")
    return DeviceLost(text, "Check the wiring of this pin, then restart the agent")
