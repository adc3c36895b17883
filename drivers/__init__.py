"""Devices of the gate; each kind is opened here, and its library is imported only then."""

from __future__ import annotations

from drivers.base import DeviceNotFound, ReaderSettings, Session

READER_KINDS = ("pn532", "rdm6300", "wiegand", "line", "hid")


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
