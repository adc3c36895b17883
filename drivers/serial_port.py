"""A serial port, opened for one process alone; what goes wrong, in words a technician can use."""

from __future__ import annotations

import errno
import os
import termios
from typing import Any

from drivers.base import DeviceBusy, DeviceError, DeviceNotFound

PATH_HINT = "plug the reader in, or mend `path`; ls -l /dev/serial/by-id shows what there is"
RIGHTS_HINT = "add the agent's user to the device's group (dialout for serial, plugdev for USB)"
BUSY_HINT = "stop the other program that uses it; sudo fuser -v on the path names it"


def open_port(path: str, baud: int, timeout_s: float) -> Any:
    """The port at `path`, 8N1, a read returning after `timeout_s` at the latest.

    Raises DeviceNotFound and DeviceBusy.
    """
    import serial

    try:
        return serial.Serial(path, baud, timeout=timeout_s, exclusive=True)
    except (OSError, termios.error, ValueError) as error:
        raise not_opened(number_of(error), path) or DeviceNotFound(
            f"the port {path} cannot be opened at {baud} baud: {error}", PATH_HINT
        ) from error


def not_opened(number: int | None, path: str) -> DeviceError | None:
    """What the error of this number means when a port is opened; None if nothing is known of it."""
    match number:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO | errno.EIO:
            return DeviceNotFound(f"no reader at {path}", PATH_HINT)
        case errno.EACCES | errno.EPERM:
            return DeviceNotFound(f"not allowed to open the reader at {path}", RIGHTS_HINT)
        case errno.EBUSY | errno.EAGAIN:
            return DeviceBusy(f"another program uses the reader at {path}", BUSY_HINT)
        case errno.ENOTTY | errno.EISDIR | errno.EINVAL:
            return DeviceNotFound(f"{path} is not a serial port", PATH_HINT)
    return None


def number_of(error: BaseException | None) -> int | None:
    """The error number nearest to the cause: libraries raise their own while they handle it."""
    number: int | None = None
    while error is not None:
        found = error.args[0] if isinstance(error, termios.error) else getattr(error, "errno", None)
        if isinstance(found, int) and isinstance(error, OSError | termios.error):
            number = found
        error = error.__cause__ or error.__context__
    return number


def is_there(path: str) -> bool:
    """Whether the path leads anywhere: udev takes a stable name away with its device."""
    return os.path.exists(path)
