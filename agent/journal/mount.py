"""Whether a folder keeps what is written to it when the power goes: by the kernel's mount table.

A Pi with a read-only root usually has /var on tmpfs or under an overlay: all of it is gone at the
next start, however often it was synced. The journal belongs on a data partition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOUNTINFO = Path("/proc/self/mountinfo")
IN_MEMORY = frozenset({"tmpfs", "ramfs", "rootfs", "squashfs"})
LAYERED = frozenset(
    {"overlay", "aufs", "unionfs", "fuse.unionfs-fuse", "fuse.unionfs", "fuse.fuse-overlayfs"}
)
RAM_DISK = re.compile(r"/dev/(zram|ram)\d+")
"""Block devices in memory, whatever file system lies on them (log2ram and the like)."""
SHARED = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs", "vboxsf"})
"""A write-ahead log needs memory that all who open it share (https://www.sqlite.org/wal.html)."""
NO_BARRIER = frozenset({"nobarrier", "barrier=0", "barrier=none", "fsync_mode=nobarrier"})
"""ext4(5), xfs(5), the kernel's f2fs.rst: without barriers a sync returns before the card holds the
data."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table. `options`: of the mount and of its file system."""

    point: PurePosixPath
    kind: str
    source: str
    options: frozenset[str]


def mounts(mountinfo: str) -> list[Mount]:
    """The mount table, in its order (proc(5), /proc/PID/mountinfo)."""
    found = []
    for line in mountinfo.splitlines():
        own, _, system = line.partition(" - ")
        fields, rest = own.split(), system.split()
        if len(fields) >= 6 and len(rest) >= 2:
            options = {*fields[5].split(","), *(rest[2].split(",") if len(rest) > 2 else ())}
            point = PurePosixPath(_plain(fields[4]))
            found.append(Mount(point, rest[0], _plain(rest[1]), frozenset(options)))
    return found


def _plain(field: str) -> str:
    """Blanks and backslashes stand as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)


def mount_of(mountinfo: str, folder: PurePosixPath) -> Mount | None:
    """The mount on which `folder` (absolute, no links) lies: the deepest, of those the last."""
    holds = [mount for mount in mounts(mountinfo) if folder.is_relative_to(mount.point)]
    return max(enumerate(holds), key=lambda m: (len(m[1].point.parts), m[0]))[1] if holds else None


def unfit(mountinfo: str, folder: PurePosixPath) -> str:
    """Why a journal in `folder` would not last; "" when it would, or nothing is known."""
    mount = mount_of(mountinfo, folder)
    if mount is None:
        return ""
    place = f"{folder} lies on {mount.kind} (mounted at {mount.point})"
    if mount.kind in IN_MEMORY or RAM_DISK.fullmatch(mount.source):
        return f"{place}, which is gone with the power"
    if mount.kind in LAYERED:
        return f"{place}, whose upper layer is mostly in memory and gone with the power"
    if mount.kind in SHARED:
        return f"{place}, where the journal's log cannot be shared safely"
    barrier = sorted(mount.options & NO_BARRIER)
    if barrier:
        return f"{place} with {barrier[0]}, so that a sync does not last"
    return ""


def why_unfit(folder: Path) -> str:
    """`unfit` for a folder of this machine; "" also where it has no mount table."""
    try:
        mountinfo = MOUNTINFO.read_text(errors="surrogateescape")
    except OSError:
        return ""
    return unfit(mountinfo, PurePosixPath(folder.resolve()))
