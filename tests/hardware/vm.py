"""`make hardware-vm`: a small kernel of our own under QEMU, with pins, keyboards and a USB bus.

Nothing here has GPIO, uinput or USB, and a container has the kernel of its host. So a kernel is
built from Debian's linux-source with `kernel.config` (once, some minutes; kept in CACHE), and
booted with this machine's root, read only; `init.sh` runs the tests in it. Needs root, for what
QEMU may read, and the packages that it names. `ONLY=tests/hardware/test_pins.py` runs a part.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
CACHE = Path("/var/cache/werfpoort-hardware-vm")
PACKAGES = (
    *("linux-source", "flex", "bison", "bc", "gcc", "make", "libelf-dev", "xz-utils"),
    *("qemu-system-x86", "seabios", "udev", "iproute2", "libusb-1.0-0"),
)
ENDS_WITHIN_S = int(os.environ.get("ENDS_WITHIN_S", "900"))
"""Emulated in software; on an idle machine it takes two minutes."""
ENDED_WELL = "hardware-vm ended: 0,"


def main() -> int:
    """0 when every test in there passed."""
    if os.geteuid() != 0 or shutil.which("qemu-system-x86_64") is None:
        print(f"needs root, and: apt install --no-install-recommends {' '.join(PACKAGES)}")
        return 2
    kernel, modules = _kernel(), _modules()
    options = [
        *(
            "console=ttyS0",
            "quiet",
            "panic=-1",
            "no_timer_check",
            "root=root",
            "rootfstype=9p",
            "ro",
        ),
        "rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144",
        *(f"init={HERE}/init.sh", "dummy_hcd.num=2", f"extra={modules}"),
        *((f"only={os.environ['ONLY']}",) if os.environ.get("ONLY") else ()),
    ]
    command = [
        *("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024"),
        *("-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"),
        *("-kernel", str(kernel), "-append", " ".join(options)),
        *("-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"),
        *("-device", "virtio-9p-pci,fsdev=root,mount_tag=root"),
    ]
    return _booted(command)


def _booted(command: list[str]) -> int:
    """Shows what the machine says while it says it."""
    with subprocess.Popen(
        ["timeout", str(ENDS_WITHIN_S), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as machine:
        assert machine.stdout is not None
        ended_well = False
        for line in machine.stdout:
            print(line, end="", flush=True)
            ended_well |= ENDED_WELL in line
    return 0 if ended_well else 1


def _kernel() -> Path:
    """The kernel, built anew when `kernel.config` is another one."""
    kernel, config = CACHE / "bzImage", HERE / "kernel.config"
    built_by = CACHE / "kernel.config"
    if kernel.exists() and built_by.exists() and built_by.read_bytes() == config.read_bytes():
        return kernel
    source = CACHE / "source"
    if not source.exists():
        archive = max(Path("/usr/src").glob("linux-source-*.tar.xz"))
        fresh = CACHE / "source.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        _run("tar", "-xf", str(archive), "-C", str(fresh), "--strip-components=1")
        fresh.rename(source)
    _run("make", "-s", "tinyconfig", folder=source)
    _run("scripts/kconfig/merge_config.sh", "-m", ".config", str(config), folder=source)
    _run("make", "-s", "olddefconfig", folder=source)
    made = (source / ".config").read_text().splitlines()
    if missing := [line for line in config.read_text().split() if line not in made]:
        raise SystemExit(f"this kernel does not take {', '.join(missing)}")
    _run("make", "-s", f"-j{os.cpu_count()}", "bzImage", folder=source)
    shutil.copy(source / "arch/x86/boot/bzImage", kernel)
    shutil.copy(config, built_by)
    return kernel


def _modules() -> Path:
    """evdev and lgpio for this Python: on a gate they come from the distribution."""
    folder = CACHE / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not folder.exists():
        pip = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        _run(*pip, "--target", str(folder), "evdev>=1.7", "lgpio>=0.2.2")
    return folder


def _run(*command: str, folder: Path | None = None) -> None:
    subprocess.run(["nice", *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
