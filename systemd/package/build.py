"""Builds the Debian package of one architecture, on any machine: `build.py ARCHITECTURE FOLDER`.

It carries every wheel that a gate needs, pinned and verified by requirements/run.txt, for the
Python of Bookworm and of Trixie; at installation they make a virtual environment without network
(make-venv). pip fetches, dpkg-deb packs, cyclonedx-bom lists; this only says what goes where.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PYTHONS = ("3.11", "3.13")
"""Debian 12 and Debian 13, and Raspberry Pi OS of the same names."""
MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}
GLIBC_MINORS = (17, 24, 26, 27, 28, 31, 34, 35, 36)
"""Wheels for any of these run on Bookworm, whose glibc is 2.36."""
SDIST_ONLY = frozenset({"pydes"})
"""Pure Python that its author published without a wheel; built here from the pinned source."""
WORLD_READABLE = 0o022

PLACES = {
    "systemd/werfpoort.service": "usr/lib/systemd/system/werfpoort.service",
    "systemd/werfpoort-export@.service": "usr/lib/systemd/system/werfpoort-export@.service",
    "systemd/werfpoort-export-asked.path": "usr/lib/systemd/system/werfpoort-export-asked.path",
    "systemd/werfpoort-export-asked.service": (
        "usr/lib/systemd/system/werfpoort-export-asked.service"
    ),
    "systemd/werfpoort.sysusers": "usr/lib/sysusers.d/werfpoort.conf",
    "systemd/werfpoort.tmpfiles": "usr/lib/tmpfiles.d/werfpoort.conf",
    "systemd/60-werfpoort.rules": "usr/lib/udev/rules.d/60-werfpoort.rules",
    "systemd/61-werfpoort-export.rules": "usr/lib/udev/rules.d/61-werfpoort-export.rules",
    "systemd/werfpoort-modprobe.conf": "usr/lib/modprobe.d/werfpoort.conf",
    "systemd/hardware/watchdog.conf": "usr/lib/systemd/system.conf.d/werfpoort-watchdog.conf",
    "systemd/hardware/modem.rules": "usr/share/polkit-1/rules.d/60-werfpoort-modem.rules",
    "systemd/hardware/journald.conf": "usr/lib/systemd/journald.conf.d/werfpoort.conf",
    "systemd/package/make-venv": "usr/lib/werfpoort/make-venv",
    "config": "usr/share/doc/werfpoort/examples",
    "README.md": "usr/share/doc/werfpoort/README.md",
    "LICENSE": "usr/share/doc/werfpoort/copyright",
}


def main(architecture: str, folder: Path) -> Path:
    """The package file, made in `folder`."""
    os.umask(WORLD_READABLE)
    version = _version()
    with tempfile.TemporaryDirectory() as work:
        root = Path(work, "root")
        wheels = root / "usr/lib/werfpoort/wheels"
        wheels.mkdir(parents=True)
        _own_wheel(wheels)
        for python in PYTHONS:
            _fetch(python, MACHINES[architecture], wheels, Path(work))
            _write_requirements(root, python, version)
        _place_files(root)
        _write_control(root, architecture, version)
        _list_what_it_carries(root, Path(work))
        package = folder / f"werfpoort_{version}_{architecture}.deb"
        folder.mkdir(parents=True, exist_ok=True)
        _run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(package))
    return package


def _version() -> str:
    found = re.search(r'__version__ = "(.+)"', (PROJECT / "agent/__init__.py").read_text())
    assert found is not None
    return found[1]


def _own_wheel(wheels: Path) -> None:
    shutil.rmtree(PROJECT / "build", ignore_errors=True)  # what is left there would go in too
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(PROJECT))


def _fetch(python: str, machine: str, wheels: Path, work: Path) -> None:
    """Every pinned wheel for one Python, verified by its hash."""
    pinned = list(_pins())
    ready = work / "ready.txt"
    ready.write_text("\n".join(text for name, text in pinned if name not in SDIST_ONLY))
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    platforms += [f"manylinux2014_{machine}", f"manylinux1_{machine}"]
    tags = [word for platform in platforms for word in ("--platform", platform)]
    abis = [f"cp{python.replace('.', '')}", "abi3", "none"]
    tags += [word for abi in abis for word in ("--abi", abi)]
    chosen = ["--python-version", python, "--implementation", "cp", "--only-binary", ":all:", *tags]
    hashed = ["--no-deps", "--require-hashes"]
    _pip("download", *hashed, *chosen, "-r", str(ready), "--dest", str(wheels))
    source = work / "source.txt"
    source.write_text("\n".join(text for name, text in pinned if name in SDIST_ONLY))
    _pip("wheel", *hashed, "--no-build-isolation", "-r", str(source), "--wheel-dir", str(wheels))


def _pins() -> Iterator[tuple[str, str]]:
    """Each pin of requirements/run.txt: the name of its package, and its text with its hashes."""
    text = (PROJECT / "requirements/run.txt").read_text()
    for pin in re.findall(r"^[a-z0-9][^\n]*(?:\n    [^\n]*)*", text, flags=re.MULTILINE):
        yield re.split(r"[=\[ ]", pin, maxsplit=1)[0], pin


def _write_requirements(root: Path, python: str, version: str) -> None:
    """What is installed at the gate: exactly the carried files, each by its hash."""
    tag = f"cp{python.replace('.', '')}"
    lines = []
    for wheel in sorted((root / "usr/lib/werfpoort/wheels").glob("*.whl")):
        name, pinned, *_, abi_python, abi, _platform = wheel.stem.split("-")
        if abi_python.startswith("cp") and abi != "abi3" and tag not in abi_python.split("."):
            continue
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name.replace('_', '-')}=={pinned} --hash=sha256:{digest}\n")
    assert any(line.startswith(f"werfpoort=={version} ") for line in lines)
    (root / f"usr/lib/werfpoort/requirements-{python}.txt").write_text("".join(lines))


def _place_files(root: Path) -> None:
    for source, place in PLACES.items():
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / source).is_dir():
            shutil.copytree(PROJECT / source, target)
        else:
            shutil.copy(PROJECT / source, target)
    changes = (PROJECT / "CHANGELOG.md").read_bytes()
    packed = gzip.compress(changes, mtime=0)
    (root / "usr/share/doc/werfpoort/changelog.gz").write_bytes(packed)


def _write_control(root: Path, architecture: str, version: str) -> None:
    control = root / "DEBIAN"
    control.mkdir()
    size_kib = sum(f.stat().st_size for f in root.rglob("*") if f.is_file()) // 1024
    text = (HERE / "control").read_text()
    filled = text.format(version=version, architecture=architecture, size_kib=size_kib)
    (control / "control").write_text(filled)
    for script in ("postinst", "prerm", "postrm", "triggers"):
        shutil.copy(HERE / script, control / script)
        (control / script).chmod(0o644 if script == "triggers" else 0o755)


def _list_what_it_carries(root: Path, work: Path) -> None:
    """The CycloneDX list of the carried packages, made by a tool that is not carried."""
    tool = work / "tool"
    _run(sys.executable, "-m", "venv", str(tool))
    _run(str(tool / "bin/python"), "-m", "pip", "install", "-qq", "cyclonedx-bom>=7,<8")
    for python in PYTHONS:
        carried = root / f"usr/lib/werfpoort/requirements-{python}.txt"
        listed = root / f"usr/share/doc/werfpoort/werfpoort-python{python}.cdx.json"
        made = ["--output-format", "JSON", "--output-reproducible", "--output-file", str(listed)]
        _run(str(tool / "bin/cyclonedx-py"), "requirements", str(carried), *made)


def _pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2])))
