"""Devices of the gate; each kind is opened here, and its library is imported only then."""

from __future__ import annotations

from drivers.base import DeviceNotFound, KeypadSettings, ReaderSettings, Session

READER_KINDS = ("pn532", "rdm6300", "wiegand", "line", "hid")
KEYPAD_KINDS = ("matrix", "usb")
PRINTER_KINDS = ("usb", "serial", "network", "file")
"""A printer is opened by the printing process alone (`drivers/print_job.py`)."""


def open_reader(settings: ReaderSettings) -> Session:
    """A session with the badge reader of `settings`. Raises DeviceError."""
    match settings.kind:
        case "pn532":
            from drivers.reader_nfc import open_nfc

            return open_nfc(settings)
        case "rdm6300" | "wiegand" | "line":
            from drivers.reader_serial import open_serial

            return open_serial(settings)
        case "hid":
            from drivers.reader_hid import open_hid

            return open_hid(settings)
        case unknown:
            raise DeviceNotFound(
                f"reader {settings.name!r}: unknown kind {unknown!r}",
                f"set `kind` to one of: {', '.join(READER_KINDS)}",
            )


def open_keypad(settings: KeypadSettings) -> Session:
    """A session with the keypad of `settings`. Raises DeviceError."""
    match settings.kind:
        case "matrix":
            from drivers.keypad_matrix import open_keypad_matrix

            return open_keypad_matrix(settings)
        case "usb":
            from drivers.keypad_usb import open_keypad_usb

            return open_keypad_usb(settings)
        case unknown:
            raise DeviceNotFound(
                f"keypad {settings.name!r}: unknown kind {unknown!r}",
                f"set `kind` to one of: {', '.join(KEYPAD_KINDS)}",
            )
