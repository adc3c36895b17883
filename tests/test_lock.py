"""One process owns the journal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.lock import Lock, Locked


def test_a_second_owner_is_told_whom_to_ask(tmp_path: Path) -> None:
    first = Lock(tmp_path / "lock")
    with pytest.raises(Locked, match="werfpoort status"):
        Lock(tmp_path / "lock")
    first.release()
    Lock(tmp_path / "lock").release()


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, os; from agent.lock import Lock;"
        "held = Lock(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False, timeout=30)
    Lock(tmp_path / "lock").release()
