"""Sticks as they are sold: real vfat and exFAT images, full, locked, damaged, pulled out.

This kernel may have neither file system, so they are mounted by FUSE (fusefat; exfat-fuse on a loop
device): the same bytes on the disk, and a stick that is pulled out is a FUSE process killed. That
mount(2) is called rightly is shown with ext4 on a loop device. Not shown here: a kernel's own vfat
driver, and udev.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from agent.config.settings import Config, ContractorSettings, GateSettings, SiteSettings
from agent.control import Answer, Question
from agent.core.commands import Reply
from agent.core.events import Event
from agent.core.journal_records import BundleExported, ExportEnded
from agent.core.refusals import Refused
from agent.export.bundle import make
from agent.export.carrying import CarryError, carry
from agent.export.offering import Offering
from agent.journal.rows import reading, rows
from agent.sandbox.firms import DECLARATION, MAIN, Site

IMAGE_BYTES = 8 * 1024 * 1024
TOOLS = ("mkfs.vfat", "fusefat", "mkfs.exfat", "mount.exfat-fuse", "losetup", "fusermount")
ENDED_S = 10.0


class Needs(Protocol):
    def __call__(self, what: str, *, available: object, installable_in_ci: bool) -> None: ...


@pytest.fixture(autouse=True)
def machine(needs: Needs) -> None:
    can = os.geteuid() == 0 and Path("/dev/fuse").exists() and Path("/dev/loop-control").exists()
    needs("root with /dev/fuse and loop devices", available=can, installable_in_ci=False)
    for tool in TOOLS:
        needs(tool, available=shutil.which(tool), installable_in_ci=True)


def run(*command: object) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Image:
    """A stick whose bytes lie in `file`; in while `mounted` lasts, as `kind` of file system."""

    kind: str
    file: Path
    point: Path
    name: str = "stick sdz1"
    when_read: Callable[[], None] = field(default=lambda: None)
    server: subprocess.Popen[bytes] | None = None

    def format(self) -> None:
        with self.file.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        run(f"mkfs.{self.kind}", self.file)

    @contextmanager
    def mounted(self, how: str = "rw") -> Iterator[Path]:
        loop = run("losetup", "--find", "--show", self.file) if self.kind == "exfat" else ""
        options = "rw+" if (self.kind, how) == ("vfat", "rw") else how
        program = ("mount.exfat-fuse", "-d", "-o", options, loop)
        if self.kind == "vfat":
            program = ("fusefat", "-f", "-o", options, str(self.file))
        with (self.file.parent / "fuse.log").open("ab") as log:
            self.server = subprocess.Popen([*program, str(self.point)], stdout=log, stderr=log)
        try:
            self._wait_until(os.path.ismount(self.point) or self.server.poll() is not None)
            while not os.path.ismount(self.point):
                assert self.server.poll() is None, "it does not mount"
                time.sleep(0.005)
            yield self.point
        finally:
            self._unmount()
            if loop:
                run("losetup", "--detach", loop)

    @staticmethod
    def _wait_until(condition: object) -> None:
        if not condition:
            time.sleep(0.01)

    def _unmount(self) -> None:
        assert self.server is not None
        gone = self.server.poll() is not None
        subprocess.run(["umount", *(["-l"] if gone else []), str(self.point)], check=False)
        with suppress(subprocess.TimeoutExpired):
            self.server.wait(ENDED_S)
        self.server.kill()
        self.server.wait()

    def pull_out(self) -> None:
        """From here on every call fails, and what was not written is lost."""
        assert self.server is not None
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    @contextmanager
    def writable(self) -> Iterator[Path]:
        with self.mounted() as root:
            yield root

    @contextmanager
    def readable(self) -> Iterator[Path]:
        with self.mounted("ro") as root:
            self.when_read()
            yield root


@pytest.fixture(params=["vfat", "exfat"])
def stick(request: pytest.FixtureRequest, tmp_path: Path) -> Image:
    point = tmp_path / "mnt"
    point.mkdir()
    image = Image(request.param, tmp_path / "stick.img", point)
    image.format()
    return image


def desk_of(site: Site) -> Callable[[Question], Answer]:
    firms = (pair.contractor for pair in site.firms.values())
    config = Config(
        gate=GateSettings(name="noord-1", roster=site.folder / "r.csv", data_dir=site.folder),
        site=SiteSettings(name="Werf", declaration=DECLARATION, company=MAIN),
        readers=(),
        channels=(),
        contractors=tuple(
            ContractorSettings(company=f.company, name=f.name, recipient=f.recipient, main=f.main)
            for f in firms
        ),
    )

    def decide(event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        replies = [c for c in site.keeper.do(event_for(1)) if isinstance(c, Reply)]
        return replies[0].done, replies[0].text, replies[0].why

    state, now = (lambda: site.keeper.state), (lambda: site.now)
    return Offering(config, state, now, decide, make, 0).answer


def journaled(site: Site, kind: type) -> list[object]:
    with reading(site.journal) as connection:
        found = [row.entry().record for row in rows(connection)]
    return [record for record in found if isinstance(record, kind)]


def lying(stick: Image) -> dict[str, str]:
    """Bundles on the stick after it was put in again, with their hashes."""
    with stick.mounted() as root:
        folder = root / "werfpoort" / "noord-1"
        files = folder.glob("*.age") if folder.is_dir() else ()
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_a_stick_gets_its_bundles_and_later_only_what_is_new(site: Site, stick: Image) -> None:
    first = carry(desk_of(site), "noord-1", stick, stick=True)
    assert len(first.files) == 3
    assert carry(desk_of(site), "noord-1", stick, stick=True).files == ()
    site.tap("04C3", after_s=60)
    second = carry(desk_of(site), "noord-1", stick, stick=True)
    noted = {n.file: n.sha256 for n in journaled(site, BundleExported)}  # type: ignore[attr-defined]
    assert lying(stick) == noted
    assert set(noted) == {*first.files, *second.files}
    run(f"fsck.{stick.kind}", "-n", stick.file)


POINTS = (
    *("before it is asked", "after it began", "first made", "half of the first"),
    *("second made", "half of the second", "third made", "half of the third"),
    *("before it is read back", "before it is noted"),
)


@dataclass
class PullingOut:
    """Answers as the agent does, and pulls the stick out at one point."""

    asks: Callable[[Question], Answer]
    stick: Image
    point: str
    made: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.point == "before it is read back":
            self.stick.when_read = self.stick.pull_out

    def __call__(self, question: Question) -> Answer:
        asked = question["ask"]
        if (asked, self.point) == ("export-begin", "before it is asked"):
            self.stick.pull_out()
        answer = self.asks(question)
        if (asked, self.point) == ("export-begin", "after it began"):
            self.stick.pull_out()
        if asked == "export-next" and answer["done"]:
            self._next(answer["bundle"])
        return answer

    def _next(self, bundle: dict[str, str]) -> None:
        self.made[bundle["file"]] = bundle["sha256"]
        nth = ("first", "second", "third")[len(self.made) - 1]
        if self.point == f"{nth} made":
            self.stick.pull_out()
        elif self.point == f"half of the {nth}":
            content = Path(bundle["path"]).read_bytes()
            pipe = Path(f"{bundle['path']}.pipe")
            os.mkfifo(pipe)
            threading.Thread(target=self._feed, args=(pipe, content), daemon=True).start()
            bundle["path"] = str(pipe)

    def _feed(self, pipe: Path, content: bytes) -> None:
        with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as file:
            file.write(content[: len(content) // 2])
            self.stick.pull_out()
            file.write(content[len(content) // 2 :])


@pytest.mark.parametrize("point", POINTS)
def test_a_stick_pulled_out_holds_whole_files_or_none_and_is_mended_when_put_in_again(
    site: Site, stick: Image, point: str
) -> None:
    carry(desk_of(site), "noord-1", stick, stick=True)
    before = lying(stick)
    site.tap("04C3", after_s=60)
    pulling = PullingOut(desk_of(site), stick, point)
    if point == "before it is noted":
        carry(pulling, "noord-1", stick, stick=True)
    else:
        with pytest.raises(CarryError, match="pulled out"):
            carry(pulling, "noord-1", stick, stick=True)
        assert len(journaled(site, BundleExported)) == 3
        (*_, ended) = journaled(site, ExportEnded)
        assert isinstance(ended, ExportEnded)
        assert "pulled out" in ended.failure
    stick.when_read = lambda: None
    after = lying(stick)
    assert before.items() <= after.items()
    assert {f: h for f, h in after.items() if f not in before}.items() <= pulling.made.items()
    site.ms += 1000
    carry(desk_of(site), "noord-1", stick, stick=True)
    noted = {n.file: n.sha256 for n in journaled(site, BundleExported)}  # type: ignore[attr-defined]
    assert noted.items() <= lying(stick).items()


def test_a_full_stick_is_told_and_what_lies_there_stays(site: Site, stick: Image) -> None:
    with stick.mounted() as root:
        there = os.statvfs(root)
        filler = b"f" * (there.f_bavail * there.f_frsize - 512 * 1024)
        (root / "holiday.jpg").write_bytes(filler)
    with pytest.raises(CarryError, match="is full: 0 MiB are free"):
        carry(desk_of(site), "noord-1", stick, stick=True)
    with stick.mounted() as root:
        assert (root / "holiday.jpg").read_bytes() == filler
    assert lying(stick) == {}


def test_a_stick_that_may_only_be_read_is_told(site: Site, stick: Image) -> None:
    @dataclass
    class Locked:
        name: str = "stick sdz1"

        @contextmanager
        def writable(self) -> Iterator[Path]:
            with stick.mounted("ro") as root:
                yield root

        readable = writable

    with pytest.raises(CarryError, match=r"write-protected|nothing may be written"):
        carry(desk_of(site), "noord-1", Locked(), stick=True)
    assert lying(stick) == {}


@pytest.mark.parametrize("place", range(4))
def test_a_stick_whose_tables_are_damaged_does_no_harm(
    site: Site, stick: Image, place: int
) -> None:
    """Whatever comes of it: bundles that read back as they were made, or a refusal in words."""
    carry(desk_of(site), "noord-1", stick, stick=True)
    tables = (1 if stick.kind == "vfat" else 1024) * 1024  # where the allocation table begins
    with stick.file.open("r+b") as file:
        file.seek(tables + 512 + place * 97)
        file.write(b"\xa5" * 61)
    site.tap("04C3", after_s=60)
    try:
        carried = carry(desk_of(site), "noord-1", stick, stick=True)
    except CarryError as error:
        assert str(error)
    except AssertionError as error:
        assert "does not mount" in str(error)  # the FUSE program refuses it, as a kernel would
    else:
        noted = {n.file: n.sha256 for n in journaled(site, BundleExported)}  # type: ignore[attr-defined]
        there = lying(stick)
        assert {file: there[file] for file in carried.files}.items() <= noted.items()


# --- mount(2) itself --------------------------------------------------------------------------


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    image = tmp_path / "ext4.img"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    run("mkfs.ext4", "-q", image)
    device = run("losetup", "--find", "--show", image)
    yield Path(device)
    run("losetup", "--detach", device)


SCRIPT = """
import sys
from pathlib import Path
from agent.export.carrying import CarryError
from agent.export.stick import Stick
stick = Stick(Path(sys.argv[1]), sys.argv[2].split(","), "")
try:
    with stick.writable() as root:
        (root / "link").symlink_to("/etc/passwd")
        (root / "x").write_text("bundle")
        print([l for l in open("/proc/self/mountinfo") if str(root) in l][0].split()[5])
        print(sum(str(root) in l for l in open(f"/proc/{sys.argv[3]}/mountinfo")))
    with stick.readable() as root:
        print((root / "x").read_text())
        try:
            (root / "link").read_text()
        except OSError as error:
            print(error.strerror)
    print(sum("werfpoort-stick" in l for l in open("/proc/self/mountinfo")))
except CarryError as error:
    print(error)
"""


def mounted_by_itself(device: Path, kinds: str = "ext4") -> list[str]:
    return run(sys.executable, "-c", SCRIPT, device, kinds, os.getpid()).splitlines()


def test_a_stick_is_mounted_safely_where_nobody_else_sees_it_and_let_go(loop: Path) -> None:
    flags, seen, content, link, left = mounted_by_itself(loop)
    assert {"rw", "nosuid", "nodev", "noexec", "nosymfollow"} <= set(flags.split(","))
    assert (seen, content, left) == ("0", "bundle", "0")
    assert link == "Too many levels of symbolic links"


RIGHTS = (
    *("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--no-new-privs"),
    *("--bounding-set=-all,+sys_admin", "--inh-caps=+sys_admin", "--ambient-caps=+sys_admin"),
)
"""Those of systemd/werfpoort-export@.service, and a user of its own."""


def test_the_rights_of_the_unit_suffice_and_those_of_the_user_alone_do_not(
    needs: Needs, tmp_path: Path
) -> None:
    runs = subprocess.run([*RIGHTS, sys.executable, "-c", "import agent"], check=False).returncode
    needs("a Python that any user may run", available=runs == 0, installable_in_ci=False)
    image = tmp_path / "owned.img"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    run("mkfs.ext4", "-q", "-E", "root_owner=54321:54321", image)
    device = run("losetup", "--find", "--show", image)
    try:
        program = (sys.executable, "-c", SCRIPT, device, "ext4", "self")
        flags, seen, content, _, left = run(*RIGHTS, *program).splitlines()
        (told,) = run(*RIGHTS[:5], *program).splitlines()
    finally:
        run("losetup", "--detach", device)
    assert ("nosuid" in flags, seen, content, left) == (True, "1", "bundle", "0")
    assert "no mount namespace of its own" in told


def test_a_stick_without_a_file_system_that_we_know_is_told(loop: Path) -> None:
    with loop.open("r+b") as disk:
        disk.write(b"\xff" * 65_536)
        os.fsync(disk.fileno())
    (told,) = mounted_by_itself(loop)
    assert "no FAT or exFAT on it, or it is damaged" in told


def test_a_stick_with_its_lock_slid_is_told(loop: Path) -> None:
    run("blockdev", "--setro", loop)
    (told,) = mounted_by_itself(loop)
    run("blockdev", "--setrw", loop)
    assert "write-protected" in told


def test_a_disk_that_is_mounted_already_is_left_alone(loop: Path, tmp_path: Path) -> None:
    point = tmp_path / "busy"
    point.mkdir()
    run("mount", loop, point)
    try:
        (told,) = mounted_by_itself(loop)
    finally:
        run("umount", point)
    assert "part of this machine" in told


def test_a_kernel_without_these_file_systems_is_told(loop: Path) -> None:
    known = Path("/proc/filesystems").read_text()
    if "vfat" in known or "exfat" in known:
        pytest.skip("this kernel has them")
    (told,) = mounted_by_itself(loop, "vfat,exfat")
    assert "install its modules" in told
