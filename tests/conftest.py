"""What a test needs beyond Python, and what becomes of it where that is missing.

    @pytest.mark.needs("chromium", available=which("chromium"), installable_in_ci=True)

or, inside a test or a fixture, `needs("chromium", available=…, installable_in_ci=True)` with the
fixture `needs`. Where it is missing the test is skipped; with CI=true it fails if CI could have
installed it, because such a skip hides a step that `.ci/run` lacks.
"""

from __future__ import annotations

import os
import secrets
import signal
from pathlib import Path
from typing import Protocol

import pytest


class Needs(Protocol):
    """Returns when `what` is available; else skips or fails the test that asks."""

    def __call__(self, what: str, *, available: object, installable_in_ci: bool) -> None: ...


def _needs(what: str, *, available: object, installable_in_ci: bool) -> None:
    if available:
        return
    if installable_in_ci and os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and .ci/run could install it", pytrace=False)
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def needs() -> Needs:
    return _needs


GATE = """
[gate]
name = "noord-1"
training = true
roster = "roster.csv"
data_dir = "data"
control_socket = "control.sock"
[site]
name = "Werf"
declaration = "1Y1000NF9KCQZ"
company = "0448181966"
[clock]
trust = "always"
[[readers]]
[[channels]]
name = "rsz"
certificate = "gate.crt"
key = "gate.key"
environment = "Simulation"
address = "https://127.0.0.1:9/"
"""


@pytest.fixture
def gate_file(tmp_path: Path) -> Path:
    """The configuration of a gate that lives in the test's folder and reaches nobody."""
    path = tmp_path / "werfpoort.toml"
    path.write_text(GATE, encoding="utf-8")
    return path


def pytest_configure() -> None:
    """A run that is told to end puts away what it started, as one that is broken off by hand."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Once for all processes of a run, which must collect the same tests.
    os.environ.setdefault("WERFPOORT_SEED", str(secrets.randbelow(10**6)))


def pytest_report_header() -> str:
    """Which fresh worlds are drawn, so that a run can be repeated."""
    seed = os.environ["WERFPOORT_SEED"]
    return f"fresh seed: {seed} (WERFPOORT_SEED={seed} draws the same worlds again)"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        _needs(*marker.args, **marker.kwargs)
