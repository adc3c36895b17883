"""USB devices as the kernel has them: plugged, read, pulled and plugged again.

The device's end is this kernel's own gadget; what the driver meets is the real USB stack, by the
stable names that udev gives.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from agent.commissioning.detection import detected
from drivers import open_reader
from drivers.base import BadgeSeen, DeviceBack, DeviceGone, ReaderSettings, Report
from drivers.emulators.acr122 import Acr122
from drivers.emulators.escpos import EscposEmulator
from drivers.emulators.line_reader import rdm6300_frame
from drivers.emulators.nfc_cards import ntag213
from drivers.emulators.usb_gadget import Acr122OnUsb, Gadget
from drivers.escpos_wires import open_wire
from drivers.paper import PrinterSettings
from drivers.supervised import Supervised

pytestmark = [
    pytest.mark.usefixtures("bus"),
    # nfcpy uses libusb1 in a way that is meant to go.
    pytest.mark.filterwarnings("ignore:Use .with USBContext:DeprecationWarning"),
]
Eventually = Callable[..., None]
NUMBER = "0C00AB12CD"
HID_DIGITS = {**{str(n): 0x1D + n for n in range(1, 10)}, "0": 0x27}
HID_ENTER = 0x28
SERIAL = Path("/dev/serial/by-id/usb-Emulated_badge_badge-1-if00")
KEYBOARD = Path("/dev/input/by-id/usb-Emulated_wedge_wedge-1-event-kbd")


@contextmanager
def far_end(path: str, within_s: float = 30.0) -> Iterator[int]:
    """The device's end of the cable, once the host has found it; the kernel takes no device away
    while it is open."""
    end = time.monotonic() + within_s
    while True:
        try:
            number = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            break
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
    try:
        yield number
    finally:
        os.close(number)


class Watched:
    """A reader under supervision, and all that it reports."""

    def __init__(self, settings: ReaderSettings) -> None:
        self.reports: list[Report] = []
        self._supervised = Supervised(
            settings.name, lambda: open_reader(settings), self.reports.append
        )

    def __enter__(self) -> Watched:
        self._supervised.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._supervised.stop()
        print(*self.reports, sep="\n")

    @property
    def told(self) -> list[type[Report]]:
        """`DeviceBack` and `DeviceGone` in their order: never twice the same."""
        return [type(r) for r in self.reports if isinstance(r, DeviceBack | DeviceGone)]

    @property
    def works(self) -> bool:
        return self.told[-1:] == [DeviceBack]

    @property
    def badges(self) -> list[str]:
        return [report.uid for report in self.reports if isinstance(report, BadgeSeen)]


def test_a_serial_reader_is_read_pulled_and_taken_up_again_by_its_stable_name(
    eventually: Eventually,
) -> None:
    with (
        Gadget("badge", "acm", vendor=0x1A86, product=0x7523) as gadget,
        Watched(ReaderSettings(kind="rdm6300", path=str(SERIAL))) as reader,
    ):
        for turn in range(1, 4):
            eventually(lambda: reader.works, f"back {turn}")
            with far_end("/dev/ttyGS0") as end:
                tty.setraw(end)
                os.write(end, rdm6300_frame(bytes.fromhex(NUMBER)))
                eventually(lambda n=turn: len(reader.badges) == n, f"badge {turn}")
            gadget.unplug()
            eventually(lambda: not reader.works, f"gone {turn}", 5.0)
            gadget.plug()
    assert reader.badges == [NUMBER] * 3
    assert all(one is not other for one, other in pairwise(reader.told))


def test_a_reader_that_types_is_read_pulled_and_taken_up_again_by_its_stable_name(
    eventually: Eventually,
) -> None:
    with (
        Gadget("wedge", "hid", vendor=0xFFFF, product=0x0035) as gadget,
        Watched(ReaderSettings(kind="hid", path=str(KEYBOARD))) as reader,
    ):
        for turn in range(1, 4):
            eventually(lambda: reader.works, f"back {turn}")
            with Path("/dev/hidg0").open("wb", buffering=0) as keyboard:
                for code in (*(HID_DIGITS[digit] for digit in "04112233"), HID_ENTER):
                    keyboard.write(bytes([0, 0, code, 0, 0, 0, 0, 0]))
                    keyboard.write(bytes(8))
            eventually(lambda n=turn: len(reader.badges) == n, f"badge {turn}")
            gadget.unplug()
            eventually(lambda: not reader.works, f"gone {turn}", 5.0)
            gadget.plug()
    assert reader.badges == ["04112233"] * 3


@pytest.fixture
def acr(tmp_path: Path) -> Iterator[Acr122OnUsb]:
    with Acr122OnUsb(tmp_path / "ffs") as device:
        yield device


def test_an_acr122u_is_found_read_pulled_and_taken_up_again(
    acr: Acr122OnUsb, eventually: Eventually
) -> None:
    card = ntag213("04A1B2C3D4E580")
    assert isinstance(acr.reader, Acr122)
    eventually(lambda: detected().nfc_usb == ("usb:072f:2200",), "it is found")
    with Watched(ReaderSettings(path="usb:072f:2200")) as reader:
        for turn in range(1, 4):
            eventually(lambda: reader.works, f"back {turn}")
            acr.reader.antenna.enter(card)
            eventually(lambda n=turn: len(reader.badges) == n, f"badge {turn}")
            acr.reader.antenna.leave(card)
            acr.unplug()
            eventually(lambda: not reader.works, f"gone {turn}", 5.0)
            acr.plug()
    assert reader.badges == ["04A1B2C3D4E580"] * 3
    assert acr.reader.complaints == []


def test_a_receipt_printer_on_usb_takes_bytes_and_answers_for_its_paper(
    eventually: Eventually,
) -> None:
    with (
        Gadget("receipts", "printer", vendor=0x04B8, product=0x0E28),
        far_end("/dev/g_printer0") as near,
        EscposEmulator() as printer,
        _bridged(near, printer),
    ):
        eventually(lambda: detected().printers == ("04b8:0e28",), "it is found")
        wire = open_wire(PrinterSettings("usb", "04b8:0e28"))
        wire.write(b"\x1b@Werfpoort\n")
        eventually(lambda: "Werfpoort" in printer.text, "it is printed")
        printer.hardware.cover_open = True
        wire.write(b"\x10\x04\x02")
        answer = bytearray()
        eventually(lambda: answer.extend(wire.read(1.0)) or answer, "it answers")
        assert answer[0] & 0x04
        wire.close()


@contextmanager
def _bridged(near: int, printer: EscposEmulator) -> Iterator[None]:
    """Carries bytes between the gadget's end of the cable and the emulated printer."""
    host, _, port = printer.address.rpartition(":")
    over = threading.Event()
    with socket.create_connection((host, int(port))) as far:

        def carry() -> None:
            while not over.is_set():
                for source in select.select([near, far], [], [], 0.1)[0]:
                    if source is far:
                        os.write(near, far.recv(512))
                        continue
                    with suppress(OSError):  # the host has not made up its mind yet
                        far.sendall(os.read(near, 512))

        carrier = threading.Thread(target=carry, daemon=True)
        carrier.start()
        yield
        over.set()
        carrier.join()
