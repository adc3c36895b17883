"""One process owns the journal: it holds this lock for as long as it runs."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Locked(Exception):
    """Another process holds the journal; the text says what to do."""


class Lock:
    """Holds `path` locked from here until `release`, or until this process is gone, however."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise Locked(
                f"{path} is held by a running agent; ask that one (werfpoort status), or stop it "
                "(systemctl stop werfpoort)"
            ) from error

    def release(self) -> None:
        """Lets it go."""
        os.close(self._file)
