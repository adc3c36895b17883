"""python-escpos's own devices with time limits on every read and write, and one error tree.

    open_wire(settings) → Wire      raises DeviceNotFound, DeviceBusy or DeviceProtocolError
    Wire.write, Wire.read           raise DeviceLost

Its devices open with their first use, wait for ever unless told otherwise, and each fails in a
way of its own: OSError of sockets, pyserial and pyusb, termios.error of a serial port that went.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import termios
from typing import Any, Protocol

from .base import DeviceBusy, DeviceError, DeviceLost, DeviceNotFound, DeviceProtocolError
from .paper import PrinterSettings

WRITE_S = 10.0  # a printer that takes no byte for so long hangs or waits for paper
CONNECT_S = 5.0
NETWORK_PORT = 9100  # raw printing, as printers have it from the factory
READ_BYTES = 64
_LOST = (OSError, termios.error)


class Wire(Protocol):
    """Both ways to a printer."""

    def write(self, data: bytes) -> None:
        """Hands over all of `data`; DeviceLost when that takes over `WRITE_S` or fails."""
        ...

    def read(self, wait_s: float) -> bytes:
        """What came within `wait_s`, returning at once with something; empty for silence."""
        ...

    def close(self) -> None:
        """Lets go; never raises."""
        ...


def open_wire(settings: PrinterSettings) -> Wire:
    """The wire that `settings` names, opened."""
    from escpos.exceptions import DeviceNotFoundError, USBNotFoundError

    where = f"printer {settings.kind} {settings.address}"
    kinds = {"network": NetworkWire, "serial": SerialWire, "usb": UsbWire, "file": FileWire}
    if settings.kind not in kinds:
        raise DeviceProtocolError(
            f"{where}: there is no such kind of printer",
            f"Take one of {', '.join(kinds)}.",
        )
    try:
        return kinds[settings.kind](settings)
    except (DeviceNotFoundError, USBNotFoundError, *_LOST) as error:
        cause = error.__context__ if isinstance(error.__context__, OSError) else error
        if getattr(cause, "errno", None) == errno.EBUSY:
            raise DeviceBusy(f"{where}: in use", "Stop what else prints there.") from error
        raise DeviceNotFound(
            f"{where}: {cause}", "Check the printer's power, cable and address."
        ) from error
    except ValueError as error:
        raise DeviceProtocolError(
            f"{where}: the address is not one of its kind",
            "network: host:port; usb: vendor:product in hex, as lsusb shows; else: a path.",
        ) from error


class _Wire:
    """What the kinds share: the python-escpos device, and its errors as ours."""

    def __init__(self, where: str, printer: Any) -> None:
        self._where = where
        self._printer = printer

    def write(self, data: bytes) -> None:
        try:
            self._before_write()
            self._printer._raw(data)
        except _LOST as error:
            raise self._lost(error) from error

    def read(self, wait_s: float) -> bytes:
        try:
            return self._read(wait_s)
        except _LOST as error:
            raise self._lost(error) from error

    def close(self) -> None:
        with contextlib.suppress(*_LOST):
            self._discard()
        with contextlib.suppress(*_LOST):
            self._printer.close()

    def _before_write(self) -> None:
        """Sets the time limit of the next write, where a device has but one for both ways."""

    def _read(self, wait_s: float) -> bytes:
        raise NotImplementedError

    def _discard(self) -> None:
        """Drops what was not sent yet, so that closing does not wait for a printer that hangs."""

    def _lost(self, error: BaseException) -> DeviceError:
        timed_out = isinstance(error, TimeoutError) or "imeout" in type(error).__name__
        what = "takes no more data" if timed_out else f"is gone ({error})"
        return DeviceLost(
            f"{self._where}: {what}",
            "Check paper, cover, power and cable; then the rest is printed.",
        )


class NetworkWire(_Wire):
    """Raw TCP, usually port 9100."""

    def __init__(self, settings: PrinterSettings) -> None:
        from escpos.printer import Network

        host, _, port = settings.address.rpartition(":")
        if not host:
            host, port = settings.address, str(NETWORK_PORT)
        printer = Network(host, int(port))
        # Its own open() leaves a socket behind that did not connect, and knows no IPv6.
        printer.device = socket.create_connection((host, int(port)), CONNECT_S)
        super().__init__(f"printer at {settings.address}", printer)

    def _before_write(self) -> None:
        self._printer.device.settimeout(WRITE_S)

    def _read(self, wait_s: float) -> bytes:
        self._printer.device.settimeout(wait_s)
        try:
            data: bytes = self._printer._read()
        except (TimeoutError, BlockingIOError):
            return b""
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "it closed the connection")
        return data


class SerialWire(_Wire):
    """RS-232 or a USB adapter. XON/XOFF is on: it holds back for printers that use it and
    changes nothing for the others; DTR/DSR is nothing that Linux can heed."""

    def __init__(self, settings: PrinterSettings) -> None:
        from escpos.printer import Serial

        printer = Serial(settings.address, settings.baud, xonxoff=True, dsrdtr=False)
        printer.open()
        printer.device.write_timeout = WRITE_S
        super().__init__(f"printer on {settings.address}", printer)

    def _read(self, wait_s: float) -> bytes:
        port = self._printer.device
        port.timeout = wait_s
        first: bytes = port.read(1)
        return first + port.read(port.in_waiting) if first else b""

    def _discard(self) -> None:
        self._printer.device.reset_output_buffer()


class UsbWire(_Wire):
    """USB by vendor and product; the bulk endpoints are those that the device names."""

    def __init__(self, settings: PrinterSettings) -> None:
        from escpos.printer import Usb

        vendor, _, product = settings.address.partition(":")
        printer = Usb(int(vendor, 16), int(product, 16), timeout=int(WRITE_S * 1000))
        printer.open()
        interface = printer.device.get_active_configuration()[(0, 0)]
        for endpoint in interface:
            if endpoint.bEndpointAddress & 0x80:
                printer.in_ep = endpoint.bEndpointAddress
            else:
                printer.out_ep = endpoint.bEndpointAddress
        super().__init__(f"printer on USB {settings.address}", printer)

    def _read(self, wait_s: float) -> bytes:
        from usb.core import USBTimeoutError

        try:
            milliseconds = max(1, int(wait_s * 1000))
            data = self._printer.device.read(self._printer.in_ep, READ_BYTES, milliseconds)
        except USBTimeoutError:
            return b""
        return bytes(data)


class FileWire(_Wire):
    """A device file such as /dev/usb/lp0, or a plain file; says nothing of the printer."""

    def __init__(self, settings: PrinterSettings) -> None:
        from escpos.printer import File

        printer = File(settings.address)
        printer.open()
        super().__init__(f"printer on {settings.address}", printer)

    def _read(self, wait_s: float) -> bytes:
        return b""
