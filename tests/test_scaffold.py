"""What holds the project together: requirements, Makefile, wheel and the rule on skips."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata, resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("build.txt", "run.txt", "dev.txt")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
ONE_LINE = (
    "Python cannot make a virtual environment here; run: sudo apt install git make python3-venv"
)


def lock(name: str) -> str:
    return (ROOT / "requirements" / name).read_text("utf-8")


def shell(
    *command: str | Path, cwd: Path, seconds: int = 120, **variables: str
) -> subprocess.CompletedProcess[str]:
    """`command`, run to its end without this machine's pip settings and without any index."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "MAKE"))}
    surroundings |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"} | variables
    return subprocess.run(
        command,
        cwd=cwd,
        env=surroundings,
        text=True,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


# --- requirements ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_requirements_record_no_address(name: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", lock(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(name: str) -> None:
    pins = re.split(r"^(?=[a-z])", lock(name), flags=re.MULTILINE)[1:]
    assert pins
    assert [pin for pin in pins if not PIN.match(pin) or "--hash=sha256:" not in pin] == []


def test_all_requirement_files_pin_the_same_versions() -> None:
    build, run, dev = (dict(PIN.findall(lock(name))) for name in LOCKS)
    assert run.items() <= dev.items()
    assert {name: build[name] for name in build.keys() & dev.keys()}.items() <= dev.items()


def test_the_pinned_lxml_and_xmlsec_sign_together() -> None:
    import xmlsec
    from lxml import etree

    pins = dict(PIN.findall(lock("run.txt")))
    assert (metadata.version("lxml"), metadata.version("xmlsec")) == (pins["lxml"], pins["xmlsec"])
    tree = etree.fromstring("<tap/>")
    signature = xmlsec.template.create(
        tree, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformHmacSha256
    )
    tree.append(signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    signer = xmlsec.SignatureContext()
    signer.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, b"a throw-away key")
    signer.sign(signature)
    assert signature.findtext(".//{*}SignatureValue").strip()


# --- Makefile -------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with what the set-up reads, and no .venv."""
    for name in ("Makefile", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def test_make_alone_lists_every_target() -> None:
    listed = shell("make", cwd=ROOT).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony
    assert re.findall(r"^make ([\w-]+) +\S", listed, re.MULTILINE) != []
    assert set(re.findall(r"^make ([\w-]+) +\S", listed, re.MULTILINE)) == set(phony[1].split())


def test_a_missing_venv_module_is_answered_with_one_line(bare: Path) -> None:
    python = bare / "python-as-debian-ships-it"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    done = shell("make", "test", f"PYTHON={python}", cwd=bare)
    assert done.returncode != 0
    assert done.stdout == f"{ONE_LINE}\n"
    assert not (bare / ".venv").exists()


def test_a_set_up_that_fails_leaves_no_venv(bare: Path) -> None:
    done = shell("make", "setup", f"PYTHON={sys.executable}", cwd=bare)
    assert done.returncode != 0
    assert "No matching distribution found" in done.stderr
    assert not (bare / ".venv").exists()


# --- the wheel ------------------------------------------------------------------------------


def carried(folder: Path, *, apart_from: str = r"\.pyc$|\.po$|\.pot$") -> set[str]:
    """Files under `folder` that belong into the wheel, relative to the folder above."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = (path.relative_to(folder.parent).as_posix() for path in files)
    return {name for name in names if not re.search(apart_from, name)}


def test_the_wheel_carries_all_of_both_packages_and_the_examples(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("agent", "drivers", "config"):
        shutil.copytree(ROOT / name, source / name, symlinks=True)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
    built = shell(*pip, "--wheel-dir", tmp_path, source, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("werfpoort-*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    examples = {f"agent/examples/{p.name}" for p in (ROOT / "config").iterdir() if p.is_file()}
    assert names == carried(ROOT / "agent") | carried(ROOT / "drivers") | examples


def test_the_examples_are_found_as_packaged_files() -> None:
    example = resources.files("agent") / "examples" / "roster.example.csv"
    assert example.read_bytes() == (ROOT / "config" / "roster.example.csv").read_bytes()


@pytest.mark.parametrize(
    ("group", "name"), [("console_scripts", "werfpoort"), ("gpiozero_pin_factories", "wire")]
)
def test_every_entry_point_leads_somewhere(group: str, name: str) -> None:
    ours = metadata.distribution("werfpoort").entry_points.select(group=group, name=name)
    assert [callable(point.load()) for point in ours] == [True]


# --- skips ----------------------------------------------------------------------------------

NEEDY = """
import pytest

@pytest.mark.needs("a thing", available={available}, installable_in_ci={installable})
def test_by_marker(): pass

def test_by_fixture(needs):
    needs("a thing", available={available}, installable_in_ci={installable})
"""


@pytest.mark.parametrize(
    ("ci", "available", "installable", "outcome"),
    [
        ("true", False, True, "1 failed, 1 error"),
        ("true", False, False, "2 skipped"),
        ("true", True, True, "2 passed"),
        ("", False, True, "2 skipped"),
    ],
)
def test_a_skip_fails_where_ci_could_install_what_is_missing(
    tmp_path: Path, ci: str, available: bool, installable: bool, outcome: str
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    needy = NEEDY.format(available=available, installable=installable)
    (tmp_path / "tests" / "test_needy.py").write_text(needy)
    done = shell(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", cwd=tmp_path, CI=ci)
    assert re.search(rf"=+ {outcome} in ", done.stdout), done.stdout
