"""`make package`: the Debian package in a container of its own, from installing to purging.

Needs root, debootstrap and systemd-nspawn, and Debian's packages once; about two minutes. The
container has no network while the package is installed. What it saw is printed line by line.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from agent.sandbox.authority import Authority
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR, crew, roster_csv

HERE = Path(__file__).parent
CACHE = Path("/var/cache/werfpoort-package-test")
MIRROR = "http://deb.debian.org/debian"
INCLUDED = (
    "systemd,systemd-sysv,dbus,udev,python3,python3-venv,libusb-1.0-0,ca-certificates,adduser"
)
ENDS_WITHIN_S = 700

CONFIG = f"""\
[gate]
name = "package-test"
training = true
roster = "/var/lib/werfpoort/roster.csv"
[site]
name = "Container"
declaration = "{DECLARATION}"
company = "{MAIN_CONTRACTOR}"
[clock]
trust = "always"
[[readers]]
kind = "rdm6300"
path = "/dev/serial/by-id/none"
[[channels]]
name = "rsz"
environment = "Simulation"
address = "https://localhost:9/none"
certificate = "/var/lib/werfpoort/gate.crt"
key = "/var/lib/werfpoort/gate.key"
"""

AT_BOOT = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash -c '/work/in_container.sh >/work/log 2>&1; systemctl poweroff --no-block'
"""

WATCHED_CLOSELY = "[Service]\nWatchdogSec=35\nRestartSec=1\n"
"""The test does not want to wait for 90 s; the loop turns every 30 s."""


def main(release: str, package: Path) -> int:
    """0 when everything was well."""
    root = _base(release)
    with tempfile.TemporaryDirectory(prefix="container-", dir=CACHE) as folder:
        copy = Path(folder, "root")
        subprocess.run(["cp", "-a", "--reflink=auto", str(root), str(copy)], check=True)
        work = copy / "work"
        _furnish(work, package)
        at_boot = copy / "etc/systemd/system/package-test.service"
        at_boot.write_text(AT_BOOT)
        wants = copy / "etc/systemd/system/default.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / at_boot.name).symlink_to(f"../{at_boot.name}")
        dropin = copy / "etc/systemd/system/werfpoort.service.d"
        dropin.mkdir()
        (dropin / "test.conf").write_text(WATCHED_CLOSELY)
        command = [
            "systemd-nspawn",
            "--quiet",
            "--private-network",
            "--boot",
            "--register=no",
            "--keep-unit",
        ]
        command += ["--directory", str(copy), "--console=pipe"]
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ENDS_WITHIN_S,
            check=False,
        )
        log = work / "log"
        told = log.read_text() if log.exists() else "the container did not get that far\n"
    print(told)
    return 0 if told.rstrip().endswith("all is well") else 1


def _base(release: str) -> Path:
    """A bare Debian of this release, made once."""
    root = CACHE / release
    if not root.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        fresh = CACHE / f"{release}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        made = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", release, str(fresh)]
        subprocess.run([*made, MIRROR], check=True, stdout=subprocess.DEVNULL)
        fresh.rename(root)
    return root


def _furnish(work: Path, package: Path) -> None:
    work.mkdir()
    shutil.copy(HERE / "in_container.sh", work)
    shutil.copy(package, work / "newer.deb")
    _write_older(package, work / "older.deb")
    (work / "werfpoort.toml").write_text(CONFIG)
    (work / "roster.csv").write_text(roster_csv(crew(5, random.Random(5))))
    Authority().sender("package test").write(work, "gate")


def _write_older(package: Path, older: Path) -> None:
    """The same package under a lower version, carrying one wheel less pinned: an upgrade."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-R", str(package), folder], check=True)
        control = Path(folder, "DEBIAN/control")
        text = re.sub(r"^(Version: .*)$", r"\1~older", control.read_text(), flags=re.MULTILINE)
        control.write_text(text)
        for pinned in Path(folder, "usr/lib/werfpoort").glob("requirements-*.txt"):
            lines = pinned.read_text().splitlines(keepends=True)
            pinned.write_text("".join(line for line in lines if not line.startswith("appdirs")))
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, str(older)],
            check=True,
            stdout=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
