"""What is plugged into this machine, by the names under which udev keeps it.

Only what answers for itself is believed: a PN532 says so when it is asked, an NFC reader and a
printer on USB by what they are. A serial port that says nothing may hold anything that speaks only
when a badge comes; a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers import open_reader
from drivers.base import DeviceError, ReaderSettings
from drivers.reader_nfc import known_on_usb

PRINTER_CLASS = "07"
"""USB interface class of printers (usb.org, Defined Class Codes)."""
SERIAL_ON_PINS = "serial0"
"""Raspberry Pi OS: a link to the UART on the header."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is there. Paths as the configuration takes them."""

    nfc_serial: tuple[str, ...] = ()
    nfc_usb: tuple[str, ...] = ()
    silent_ports: tuple[str, ...] = ()
    """Serial ports on which no PN532 answers."""
    typing: tuple[str, ...] = ()
    """Readers or keypads that type, or plain keyboards."""
    printers: tuple[str, ...] = ()
    """`vendor:product` in hex."""
    gpio: bool = False


def detected(dev: Path = Path("/dev"), sys: Path = Path("/sys")) -> Found:
    """What this machine has; asks each serial port for a PN532, which takes a second or two."""
    ports = [*sorted((dev / "serial/by-id").glob("*")), dev / SERIAL_ON_PINS]
    ports = [port for port in ports if port.exists()]
    answering = tuple(str(port) for port in ports if _is_pn532(port))
    return Found(
        nfc_serial=answering,
        nfc_usb=tuple(_nfc_on_usb(sys)),
        silent_ports=tuple(str(port) for port in ports if str(port) not in answering),
        typing=tuple(str(path) for path in sorted((dev / "input/by-id").glob("*-event-kbd"))),
        printers=tuple(dict.fromkeys(_printers(sys))),
        gpio=any(dev.glob("gpiochip*")),
    )


def _is_pn532(port: Path) -> bool:
    try:
        open_reader(ReaderSettings(kind="pn532", path=str(port))).close()
    except DeviceError:
        return False
    return True


def _nfc_on_usb(sys: Path) -> Iterator[str]:
    known = known_on_usb()
    for device in sorted((sys / "bus/usb/devices").glob("*")):
        vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
        if vendor and product and (int(vendor, 16), int(product, 16)) in known:
            yield f"usb:{vendor}:{product}"


def _printers(sys: Path) -> Iterator[str]:
    for interface in sorted((sys / "bus/usb/devices").glob("*:*")):
        if _read(interface / "bInterfaceClass") == PRINTER_CLASS:
            device = interface.parent / interface.name.partition(":")[0]
            vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
            if vendor and product:
                yield f"{vendor}:{product}"


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
