"""What the C library gives back: the hash of a code takes 16 MB, and must not stay."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from agent.memory import give_back
from agent.paper.operator_code import made
def resident_kib():
    line = next(l for l in open("/proc/self/status") if l.startswith("VmRSS"))
    return int(line.split()[1])
if sys.argv[1] == "gives back":
    give_back()
made("135790")
before = resident_kib()
for _ in range(3):
    thread = threading.Thread(target=made, args=("482915",))
    thread.start()
    thread.join()
print(resident_kib() - before)
"""


@pytest.mark.parametrize(("how", "stays"), [("gives back", False), ("as it is", True)])
def test_what_comparing_a_code_takes_of_memory_is_given_back(how: str, stays: bool) -> None:
    told = subprocess.run(
        (sys.executable, "-c", PROGRAM, how), capture_output=True, text=True, check=True
    )
    assert (int(told.stdout) > 12 * 1024) is stays
