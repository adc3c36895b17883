"""Badges read by nfcpy: a PN532 on a serial port, or any reader nfcpy knows on USB.

    session = open_nfc(ReaderSettings(path="/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"))
    session = open_nfc(ReaderSettings(path="usb"))            the first reader found
    session = open_nfc(ReaderSettings(path="usb:072f:2200"))  of that maker and product

Each look asks the chip for up to two type A cards and for a type B one. It is nfcpy's own search
in nfcpy's own words but for the number: nfcpy asks for one card, and of several the chip then names
the same one each time. It also saves half of the bytes and of the processor time of `sense()`,
which is used where the chip is none of the PN53x family (RC-S380; there, and on a PN533, several
cards of one type look like one). `connect()` is never used: it fires again and again for a MIFARE
Classic and ignores phones. `presence.py` turns what each look finds into reports.

An answer that comes after nfcpy stopped waiting for it would be taken for that of the next command,
and so on for seconds: after the first failed look in a row a serial chip is asked to send something
back, and all that comes before that is dropped.

A serial PN532 stays at 115200 baud. nfcpy's own `pn532.init` raises the speed, through a shell and
`stty`; a process killed after that leaves a chip that nothing finds again until its power is cut.
At 115200 a look takes about 30 ms, of which 20 ms are radio; a badge is held longer than that.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import struct
import termios
import time
from collections.abc import Callable, Sequence
from typing import Any

from drivers.base import (
    DeviceError,
    DeviceLost,
    DeviceNotFound,
    DeviceProtocolError,
    ReaderSettings,
    Report,
)
from drivers.presence import Presence
from drivers.serial_port import is_there, not_opened, number_of

BUSY_FOR_S = 3.0  # after a card: people come in a queue
BUSY_PAUSE_S = 0.010  # between two looks then; a card in a hurry stays 100 ms
PEACE_PAUSE_S = 0.070  # between two looks else: half of it and one look is the middle wait
GLITCH_S = 1.0  # errors in a row for longer than this ...
GLITCH_LOOKS = 2  # ... and in more looks than one are no glitch
WAKE_UP = bytes(10)  # ten rising edges; PN532 User Manual UM0701-02, 7.2.11, wants five
WAKE_UP_S = 1.5  # nfcpy: a USB serial adapter on a Pi may swallow what is sent in the first second
LIST_TARGETS = 0x4A  # UM0701-02, 7.3.5, InListPassiveTarget: how many, which type, AFI for type B
OVER_106_A = 0
OVER_106_B = 3
ANY_APPLICATION = 0
DIAGNOSE = 0x00  # UM0701-02, 7.2.1; its test of the line sends back what it was given
LINE_TEST = b"\x00"
SIGN_BYTES = 8  # long enough to stand in no other answer
IN_STEP_S = 0.5  # a chip that is that late is broken
LIST_TIMEOUT_S = 0.2  # a search takes 10 ms or so; nfcpy's 1 s would let a broken one last 2 s

POWER_HINT = "check cable and power, then switch the reader off and on"
CONSOLE_HINT = (
    "check wiring and power, that the reader's switches stand on HSU (UART), and that no serial"
    " console uses the port (sudo raspi-config, Interface, Serial Port)"
)
USB_HINT = (
    "plug the reader in; if lsusb shows it, see that the agent's user may use it (udev rule) and"
    " that no kernel driver holds it (sudo modprobe -r pn533_usb)"
)
LIBUSB_HINT = "sudo apt install libusb-1.0-0"


def open_nfc(settings: ReaderSettings) -> NfcReader:
    """The reader of `settings`, ready to be polled. Raises DeviceError."""
    logging.getLogger("nfc").setLevel(logging.CRITICAL)  # what matters is raised or reported
    try:
        clf = _open_usb(settings.path) if _is_usb(settings.path) else _open_serial(settings.path)
    except _foreign_errors() as error:
        raise _not_opened(error, settings.path) from error
    return NfcReader(settings, clf)


def known_on_usb() -> frozenset[tuple[int, int]]:
    """Vendor and product of every reader that nfcpy drives on USB."""
    from nfc.clf.device import usb_device_map

    return frozenset(usb_device_map)


class NfcReader:
    """An opened reader: each `poll` is one look, after the pause that is due."""

    def __init__(self, settings: ReaderSettings, clf: Any) -> None:
        self._path = settings.path
        self._clf = clf
        self._look = _lister(clf.device) or _senser(clf)
        self._foreign = _foreign_errors()
        self._presence = Presence(settings)
        self._busy_until = self._looked_at = self._well_at = time.monotonic()
        self._failed_looks = 0

    def poll(self) -> Sequence[Report]:
        """What one look shows. Raises DeviceLost or DeviceProtocolError."""
        started = time.monotonic()
        pause = BUSY_PAUSE_S if started < self._busy_until else PEACE_PAUSE_S
        time.sleep(max(0.0, self._looked_at + pause - started))
        try:
            uids = self._look()
        except self._foreign as error:
            self._looked_at = time.monotonic()
            self._failed_looks += 1
            if lost := self._no_glitch(error):
                raise lost from error
            if self._failed_looks == 1:  # noise on the line would spoil this, too, and hide a badge
                self._get_in_step()
            return ()
        now = self._looked_at = self._well_at = time.monotonic()
        self._failed_looks = 0
        if uids:
            self._busy_until = now + BUSY_FOR_S
        return self._presence.seen(uids, now)

    def close(self) -> None:
        """Sends the chip to sleep if it still listens, and frees the device in any case."""
        transport = getattr(getattr(self._clf.device, "chipset", None), "transport", None)
        with contextlib.suppress(Exception):  # a reader that is gone can be told nothing
            self._clf.close()
        _free(transport)

    def _get_in_step(self) -> None:
        """Drops what a serial chip still says to commands that nobody waits for any more; what
        fails here shows at the next look."""
        chipset = getattr(self._clf.device, "chipset", None)
        port = getattr(getattr(chipset, "transport", None), "tty", None)
        if chipset is None or port is None:
            return
        sign = os.urandom(SIGN_BYTES)
        with contextlib.suppress(*self._foreign):
            chipset.command(DIAGNOSE, LINE_TEST + sign, 0)  # 0: its answer is waited for below
            port.timeout = IN_STEP_S
            port.read_until(sign)

    def _no_glitch(self, error: Exception) -> DeviceError | None:
        """What is wrong with the reader, or None while `error` may pass by itself."""
        if isinstance(error, termios.error) or not (_is_usb(self._path) or is_there(self._path)):
            return DeviceLost(f"reader at {self._path} is gone", POWER_HINT)
        if number_of(error) in (errno.ENODEV, errno.ENXIO):
            return DeviceLost(f"reader at {self._path} is gone", POWER_HINT)
        failing_s = time.monotonic() - self._well_at
        if self._failed_looks < GLITCH_LOOKS or failing_s < GLITCH_S:
            return None
        if number_of(error) == errno.ETIMEDOUT:
            return DeviceLost(f"reader at {self._path} does not answer any more", POWER_HINT)
        return DeviceProtocolError(f"reader at {self._path} answers rubbish", POWER_HINT)


def _open_serial(path: str) -> Any:
    import nfc.clf
    from nfc.clf import pn532
    from nfc.clf.transport import TTY

    log = logging.getLogger("nfc.clf.pn532")
    transport = TTY(path)
    try:
        transport.tty.exclusive = True
        chipset = pn532.Chipset(transport, logger=log)
        _wake(chipset)
        clf = nfc.clf.ContactlessFrontend()
        clf.device = pn532.Device(chipset, logger=log)
    except BaseException:
        _free(transport)
        raise
    return clf


def _wake(chipset: Any) -> None:
    """Returns once the chip has taken its first command; what it is asleep for is lost."""
    until = time.monotonic() + WAKE_UP_S
    while True:
        chipset.write_frame(WAKE_UP)
        try:
            chipset.sam_configuration("normal")
            return
        except (OSError, IndexError):
            if time.monotonic() > until:
                raise


def _open_usb(path: str) -> Any:
    import nfc.clf

    return nfc.clf.ContactlessFrontend(path)


def _free(transport: Any) -> None:
    """Closes a serial port whose flush fails for ever; nothing for USB, freed by nfcpy."""
    with contextlib.suppress(Exception):
        transport.tty.close()


def _foreign_errors() -> tuple[type[Exception], ...]:
    """Everything nfcpy, pyserial and libusb raise for a reader that fails or is gone."""
    import nfc.clf
    from nfc.clf import pn53x, rcs380
    from nfc.clf.transport import libusb

    return (
        OSError,  # also serial.SerialException and TimeoutError
        termios.error,  # an unplugged serial port; not an OSError
        IndexError,  # frames cut short
        struct.error,
        libusb.USBError,
        nfc.clf.CommunicationError,
        nfc.clf.UnsupportedTargetError,
        pn53x.Chipset.Error,
        rcs380.CommunicationError,
        rcs380.StatusError,
    )


def _not_opened(error: Exception, path: str) -> DeviceError:
    usb = _is_usb(path)
    number = number_of(error)
    if number == errno.ETIMEDOUT:
        hint = USB_HINT if usb else CONSOLE_HINT
        return DeviceNotFound(f"nothing answers at {path}", hint)
    if usb and number == errno.ENOENT:  # nfcpy raises ENODEV for a missing reader
        return DeviceNotFound("USB readers need the library libusb-1.0", LIBUSB_HINT)
    if usb and number in (errno.ENODEV, errno.ENXIO):
        return DeviceNotFound(f"no reader at {path}", USB_HINT)
    if number != errno.EIO and (known := not_opened(number, path)):  # nfcpy: also for rubbish
        return known
    hint = USB_HINT if usb else CONSOLE_HINT
    return DeviceProtocolError(f"what answers at {path} is no PN532", hint)


def _lister(device: Any) -> Callable[[], list[str]] | None:
    """One look by the chip's own list of targets; None for a chip that has no such command."""
    chipset = getattr(device, "chipset", None)
    most = getattr(chipset, "in_list_passive_target_max_target", None)
    if chipset is None or most is None:
        return None
    type_a = bytes([most, OVER_106_A])
    type_b = bytes([1, OVER_106_B, ANY_APPLICATION])
    knows_type_b = OVER_106_B in chipset.in_list_passive_target_brty_range

    def look() -> list[str]:
        uids = _type_a_uids(chipset.command(LIST_TARGETS, type_a, LIST_TIMEOUT_S))
        if knows_type_b:
            uids += _type_b_uids(chipset.command(LIST_TARGETS, type_b, LIST_TIMEOUT_S))
        device.mute()  # without power the cards forget that they were found
        return uids

    return look


def _senser(clf: Any) -> Callable[[], list[str]]:
    """One look by nfcpy's `sense`, which every reader knows and which finds one card at most."""
    import nfc.clf

    targets = [nfc.clf.RemoteTarget(kind) for kind in ("106A", "106B")]

    def look() -> list[str]:
        target = clf.sense(*targets)
        uid = target and (target.sdd_res or (target.sensb_res and target.sensb_res[1:5]))
        return [uid.hex().upper()] if uid else []

    return look


def _type_a_uids(listed: bytes) -> list[str]:
    """UIDs from a list of type A targets: how many, then for each its number, SENS_RES (2),
    SEL_RES, length of UID, UID (UM0701-02, 7.3.5). nfcpy has switched off that an ATS follows.
    """
    uids, rest = [], listed[1:]
    for _target in range(listed[0]):
        end = 5 + rest[4]
        uids.append(rest[5:end].hex().upper())
        rest = rest[end:]
    return uids


def _type_b_uids(listed: bytes) -> list[str]:
    """The PUPI of the one type B target: how many, number, 50h, PUPI (4), ... (as above)."""
    return [listed[3:7].hex().upper()] if listed[0] else []


def _is_usb(path: str) -> bool:
    return path == "usb" or path.startswith("usb:")
