"""A USB stick: mounted where nobody else sees it, and let go before anybody is told to pull it out.

It is mounted in a mount namespace of this process alone, nosuid, nodev and noexec, and links on it
are not followed: when the process ends, however, the mount is gone. What was written is read back
after it was mounted anew, so that it comes from the stick and not from memory.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.export.carrying import CarryError

FILE_SYSTEMS = ("vfat", "exfat")
"""What a stick is sold with; Windows, macOS and Linux read both."""
_OWNER_ONLY = "uid={uid},gid={gid},fmask=0177,dmask=0077"

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _NOSYMFOLLOW, _NOATIME = 1, 2, 4, 8, 256, 1024
_REC, _PRIVATE = 1 << 14, 1 << 18
_NEWNS = 0x20000
_DETACH = 2
"""mount(2), umount2(2), unshare(2): linux/mount.h, linux/sched.h."""
SAFE = _NOSUID | _NODEV | _NOEXEC | _NOSYMFOLLOW | _NOATIME

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Stick:
    """The stick, or the part of it, behind a block device."""

    device: Path
    file_systems: Sequence[str] = FILE_SYSTEMS
    options: str = _OWNER_ONLY

    @property
    def name(self) -> str:
        """As the journal tells it."""
        return f"stick {self.device.name}"

    @contextmanager
    def writable(self) -> Iterator[Path]:
        """Its root; what was written is on the stick once this is left, or an error is raised."""
        _require_stick(self.device)
        _hide_mounts()
        with self._mounted(0) as root:
            yield root

    @contextmanager
    def readable(self) -> Iterator[Path]:
        """Its root, mounted anew."""
        with self._mounted(_RDONLY) as root:
            yield root

    @contextmanager
    def _mounted(self, flags: int) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="werfpoort-stick-") as point:
            self._mount(point, flags)
            try:
                yield Path(point)
                _sync(point)
            except BaseException:
                _libc.umount2(os.fsencode(point), _DETACH)
                raise
            if _libc.umount2(os.fsencode(point), 0):
                number = ctypes.get_errno()
                _libc.umount2(os.fsencode(point), _DETACH)
                raise OSError(number, os.strerror(number))

    def _mount(self, point: str, flags: int) -> None:
        """Raises CarryError that says what is wrong with the stick."""
        options = self.options.format(uid=os.geteuid(), gid=os.getegid())
        errors = []
        for kind in self.file_systems:
            more = ",utf8" if kind == "vfat" else ""
            arguments = (str(self.device), point, kind)
            coded = (*map(os.fsencode, arguments), SAFE | flags, (options + more).encode())
            if not _libc.mount(*coded):
                return
            errors.append(ctypes.get_errno())
        raise CarryError(_why(errors, self.device))


def _why(errors: Sequence[int], device: Path) -> str:
    """What errors of mount(2) say to a person; the first telling one counts."""
    kinds = " or ".join(("FAT", "exFAT"))
    if errno.EROFS in errors or errno.EACCES in errors:
        return "it is write-protected: slide its lock, or take another one"
    if errno.EPERM in errors:
        return f"{device} may not be mounted by this user: systemd starts this command, or sudo"
    if {errno.ENXIO, errno.ENOMEDIUM, errno.EIO} & set(errors):
        return "it was pulled out, or it is broken: put it in again, or take another one"
    if set(errors) == {errno.ENODEV}:
        return "this machine's kernel knows neither vfat nor exfat: install its modules"
    if errno.EBUSY in errors:
        return f"{device} is in use by another program: close that one"
    return f"there is no {kinds} on it, or it is damaged: have a computer format it as exFAT"


def _sync(point: str) -> None:
    number = os.open(point, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(number):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(number)


def _hide_mounts() -> None:
    """From here on nobody else sees what this process mounts. Raises CarryError."""
    if _libc.unshare(_NEWNS) or _libc.mount(b"none", b"/", None, _REC | _PRIVATE, None):
        number = ctypes.get_errno()
        raise CarryError(
            f"no mount namespace of its own ({os.strerror(number)}): systemd starts this command "
            "when a stick is put in; by hand it needs sudo"
        )


def _require_stick(device: Path) -> None:
    """Nothing that this machine itself lives on: a gate may start from a USB disk."""
    try:
        about = device.stat()
    except OSError as error:
        raise CarryError(
            f"{device} is not there ({error.strerror}): put the stick in again"
        ) from error
    if not stat.S_ISBLK(about.st_mode):
        raise CarryError(f"{device} is no disk: name one as /dev/sda1 (lsblk lists them)")
    disk = _disk_of(f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}")
    mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    for number, point in re.findall(r"^\d+ \d+ (\d+:\d+) \S+ (\S+)", mounts, re.MULTILINE):
        if not number.startswith("0:") and _disk_of(number) == disk:
            raise CarryError(
                f"{device} is a part of this machine ({point} lies on the same disk): "
                "nothing is written to it"
            )


def _disk_of(number: str) -> Path:
    """The whole disk of a block device, as sysfs knows it."""
    node = Path("/sys/dev/block", number)
    if not node.exists():
        return Path(number)
    real = node.resolve()
    return real.parent if (real / "partition").exists() else real
