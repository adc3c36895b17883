"""Where a journal may lie, by mount tables as they are found on gates."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from agent.journal.fault import JournalError
from agent.journal.mount import mount_of, unfit, why_unfit
from agent.journal.recovery import require_lasting

PI = """\
25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
26 25 0:6 / /dev rw,relatime shared:2 - devtmpfs udev rw,size=156796k
30 25 0:25 / /run rw,nosuid,nodev shared:12 - tmpfs tmpfs rw,size=86844k,mode=755
40 25 179:1 / /boot/firmware rw,relatime shared:40 - vfat /dev/mmcblk0p1 rw,fmask=0022
"""
READ_ONLY_ROOT = """\
25 1 0:24 / / rw,relatime - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/root-rw
26 25 179:3 / /var/lib/werfpoort rw,noatime - ext4 /dev/mmcblk0p3 rw
27 25 0:30 / /var/log rw - tmpfs tmpfs rw
"""
WITHOUT_BARRIERS = """\
25 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 rw,nobarrier
26 25 8:1 / /mnt/with\\040blank rw - xfs /dev/sda1 rw,attr2
27 25 8:2 / /mnt/old rw - ext3 /dev/sda2 rw,barrier=0
"""
FURTHER = """\
25 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw
26 25 8:1 / /f2fs rw - f2fs /dev/sda1 rw,lazytime,active_logs=6,fsync_mode=nobarrier
27 25 8:2 / /f2fs-as-it-is rw - f2fs /dev/sda2 rw,active_logs=6,fsync_mode=posix
28 25 0:31 / /rootless rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0
29 25 252:0 / /compressed rw - ext4 /dev/zram0 rw,discard
"""
STACKED = """\
25 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw
26 25 179:3 / /var/lib rw - ext4 /dev/mmcblk0p3 rw
27 26 0:30 / /var/lib rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("table", "folder", "said"),
    [
        (PI, "/var/lib/werfpoort", ""),
        (PI, "/run/werfpoort", "gone with the power"),
        (READ_ONLY_ROOT, "/var/lib/werfpoort", ""),
        (READ_ONLY_ROOT, "/var/lib/werfpoorten", "overlay"),
        (READ_ONLY_ROOT, "/var/log/werfpoort", "tmpfs (mounted at /var/log)"),
        (READ_ONLY_ROOT, "/srv", "upper layer"),
        (WITHOUT_BARRIERS, "/var/lib/werfpoort", "nobarrier"),
        (WITHOUT_BARRIERS, "/mnt/with blank/x", ""),
        (WITHOUT_BARRIERS, "/mnt/old", "barrier=0"),
        (STACKED, "/var/lib/werfpoort", "tmpfs"),
        ("1 1 0:1 / /data rw - nfs4 box:/x rw", "/data/x", "shared safely"),
        (FURTHER, "/f2fs/x", "with fsync_mode=nobarrier"),
        (FURTHER, "/f2fs-as-it-is/x", ""),
        (FURTHER, "/rootless/x", "upper layer"),
        (FURTHER, "/compressed/x", "gone with the power"),
        ("", "/var/lib/werfpoort", ""),
        ("not a table\n\n- - -", "/var", ""),
    ],
)
def test_a_folder_is_refused_where_the_power_takes_what_was_written(
    table: str, folder: str, said: str
) -> None:
    problem = unfit(table, PurePosixPath(folder))
    assert said in problem
    assert bool(said) == bool(problem)
    assert not problem or folder in problem


def test_the_deepest_mount_holds_a_folder() -> None:
    found = mount_of(PI, PurePosixPath("/boot/firmware/x"))
    assert found is not None
    assert (found.kind, found.source) == ("vfat", "/dev/mmcblk0p1")


def test_an_agent_whose_journal_would_not_last_is_refused_with_the_mend() -> None:
    shm = Path("/dev/shm")
    if not why_unfit(shm):
        pytest.skip("no memory file system is mounted at /dev/shm here")
    with pytest.raises(JournalError, match="gone with the power") as raised:
        require_lasting(shm)
    assert "partition of its own" in raised.value.hint


def test_this_machines_own_table_is_read() -> None:
    assert "shm" in why_unfit(Path("/dev/shm")) or not Path("/dev/shm").is_mount()
