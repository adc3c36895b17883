"""USB devices that this machine pretends to be, on a bus of its own kernel (`make hardware-vm`).

    with Gadget("badge", "acm", vendor=0x1A86, product=0x7523) as gadget:
        ... /dev/ttyACM0 is there, and /dev/ttyGS0 is the device's end of it ...
        gadget.unplug()

Needs root and a kernel with `configfs`, `dummy_hcd` and the gadget functions; the host's side is
the kernel's own USB stack, so whoever opens the device meets its real errors when it goes.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from .acr122 import MANUFACTURER, NAME, PRODUCT, VENDOR, Acr122

GADGETS = Path("/sys/kernel/config/usb_gadget")
CONTROLLERS = Path("/sys/class/udc")
PLUGGED_S = 10.0
KEYBOARD_REPORT = bytes.fromhex(
    "05010906A101050719E029E71500250175019508810295017508810395057501050819012905910295017503"
    "910395067508150025650507190029658100C0"
)
"""HID 1.11, appendix B.1: the report descriptor of a boot keyboard."""


class Gadget:
    """One device with one function of the kernel's: `acm` (serial), `hid` (keyboard), `printer` or
    `ffs` (a program is the device). Plugged in from `__enter__` to `__exit__`."""

    def __init__(self, name: str, function: str, *, vendor: int, product: int) -> None:
        self.name = name
        self._folder = GADGETS / name
        self._function = f"{function}.{name}"
        self._of = (vendor, product)

    def __enter__(self) -> Self:
        self.make()
        self.plug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def make(self) -> None:
        """Everything but the plug."""
        vendor, product = self._of
        english = self._folder / "strings/0x409"
        english.mkdir(parents=True)
        self._write("idVendor", f"{vendor:#06x}")
        self._write("idProduct", f"{product:#06x}")
        self._write("strings/0x409/manufacturer", MANUFACTURER if vendor == VENDOR else "Emulated")
        self._write("strings/0x409/product", NAME if vendor == VENDOR else self.name)
        self._write("strings/0x409/serialnumber", f"{self.name}-1")
        (self._folder / "configs/c.1").mkdir()
        function = self._folder / "functions" / self._function
        function.mkdir()
        if self._function.startswith("hid."):
            self._write(f"functions/{self._function}/protocol", "1")
            self._write(f"functions/{self._function}/subclass", "1")
            self._write(f"functions/{self._function}/report_length", "8")
            (function / "report_desc").write_bytes(KEYBOARD_REPORT)
        (self._folder / "configs/c.1" / self._function).symlink_to(function)

    def plug(self) -> None:
        """It is on the bus."""
        busy = {each.read_text().strip() for each in GADGETS.glob("*/UDC")}
        free = next(c.name for c in sorted(CONTROLLERS.iterdir()) if c.name not in busy)
        self._write("UDC", free)

    def unplug(self) -> None:
        """It is gone from the bus; `plug` brings it back."""
        self._write("UDC", "\n")

    def remove(self) -> None:
        """Nothing is left of it."""
        with contextlib.suppress(OSError):  # it was unplugged
            self.unplug()
        (self._folder / "configs/c.1" / self._function).unlink()
        for inner in (f"functions/{self._function}", "configs/c.1", "strings/0x409", "."):
            (self._folder / inner).rmdir()

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)


class Acr122OnUsb:
    """An ACR122U on that bus: `reader` is what lies behind its endpoints."""

    _CLASS_CCID = 0x0B
    _MAGIC_DESCRIPTORS, _MAGIC_STRINGS = 3, 2
    _BOTH_SPEEDS = 3
    _BULK, _ENDPOINT, _INTERFACE = 2, 5, 4

    def __init__(self, mount: Path) -> None:
        self.reader = Acr122()
        self._mount = mount
        self._gadget = Gadget("acr", "ffs", vendor=VENDOR, product=PRODUCT)
        self._control = self._out = self._in = -1

    def __enter__(self) -> Self:
        self._gadget.make()
        self._mount.mkdir()
        _mounted("acr", self._mount)
        self._control = os.open(self._mount / "ep0", os.O_RDWR)
        os.write(self._control, self._descriptors())
        os.write(self._control, struct.pack("<4I", self._MAGIC_STRINGS, 16, 0, 0))
        self._out = os.open(self._mount / "ep1", os.O_RDWR)
        self._in = os.open(self._mount / "ep2", os.O_RDWR)
        threading.Thread(target=self._serve, name="acr122", daemon=True).start()
        self.plug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self.unplug()
        for number in (self._out, self._in, self._control):
            os.close(number)

    def plug(self) -> None:
        """It is on the bus, as after power-up."""
        self._gadget.plug()

    def unplug(self) -> None:
        """It is gone from the bus."""
        self._gadget.unplug()

    def _descriptors(self) -> bytes:
        interface = struct.pack("<9B", 9, self._INTERFACE, 0, 0, 2, self._CLASS_CCID, 0, 0, 0)
        speeds = b""
        for most in (64, 512):
            for address in (0x01, 0x82):
                interface_or_none = interface if address == 0x01 else b""
                endpoint = struct.pack("<4BHB", 7, self._ENDPOINT, address, self._BULK, most, 0)
                speeds += interface_or_none + endpoint
        length = 5 * 4 + len(speeds)
        return struct.pack("<5I", self._MAGIC_DESCRIPTORS, length, self._BOTH_SPEEDS, 3, 3) + speeds

    def _serve(self) -> None:
        """Answers until the endpoints are closed; an unplugged one is waited for."""
        while True:
            try:
                answer = self.reader.answer(os.read(self._out, 512))
                if answer:
                    os.write(self._in, answer)
            except OSError as error:
                if error.errno == 9:  # EBADF: closed
                    return
                time.sleep(0.05)


def _mounted(source: str, target: Path) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), str(target).encode(), b"functionfs", 0, None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
