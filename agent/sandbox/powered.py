"""`python -m agent.sandbox.powered OPERATIONS SEED CONFIG`: the agent on a disk that loses power.

It is the real agent (`werfpoort run`), on the real files, with SQLite over the lossy disk. After so
many operations of the disk the power goes: what was not synced is lost, all but a share of it drawn
by the seed, sector by sector, and the process is gone in the same instant.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from agent import logs
from agent.config import load_config
from agent.sandbox.lossy_disk import LossyDisk
from agent.service import Service
from agent.watcher import Watcher

GONE = 75
"""The exit code of a process whose power went."""


def main(operations: int, seed: int, config: Path) -> None:
    """Runs the gate until the power goes."""
    logs.to_stderr()
    disk = LossyDisk("lossy", load_config(config).gate.data_dir, default=True)
    chance = random.Random(seed)

    def power_goes() -> None:
        disk.cut(chance)
        os._exit(GONE)

    disk.after(operations, power_goes)
    Service(config, Watcher()).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
