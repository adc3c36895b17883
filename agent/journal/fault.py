"""What can be wrong with a journal.

JournalError           the journal cannot be used or written; `hint` says what to do
├── JournalMismatch    it is another gate's, or holds the other kind of registrations
├── JournalNewer       a newer version of the agent wrote it
├── JournalDamaged     what is in the file is not what was written
├── JournalUnwritable  its disk takes no writes now; it may again, once a person has mended that
└── RecordUnwritable   this one record cannot be written anywhere; the next one can
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

KEEP_IT = (
    "the file is damaged: keep it, it is evidence; an agent that is restarted puts it aside whole "
    "and goes on with a new journal"
)
SPACE = "free space on its disk: taps are refused until there is some"
READ_ONLY = "make its disk writable again (mount, card's lock switch, worn-out card)"
FAILING = (
    "its disk takes no writes any more: it was made read-only or it fails (mount and dmesg say "
    "which); taps are refused meanwhile; replace a card that fails, and keep the old one"
)
BLOCKED = (
    "free space on its disk, or make that writable again (mount says whether it was made "
    "read-only): taps are refused until then"
)
BUSY = "another program writes to it; stop that program"
WORN = "the card or its reader fails: replace the card, keep the old one"
_MENDS = {
    "SQLITE_FULL": SPACE,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_CANTOPEN": "its folder must exist and belong to the agent's user",
    "SQLITE_IOERR_WRITE": FAILING,
    "SQLITE_IOERR_FSYNC": FAILING,
    "SQLITE_IOERR_DIR_FSYNC": FAILING,
    "SQLITE_IOERR_TRUNCATE": FAILING,
    "SQLITE_IOERR_DELETE": FAILING,
    "SQLITE_IOERR_SHM": BLOCKED,
    "SQLITE_IOERR": WORN,
}
"""By the beginning of SQLite's name for the error (https://www.sqlite.org/rescode.html)."""
_UNWRITABLE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR")
_OF_FILES = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EROFS: READ_ONLY,
    errno.EIO: FAILING,
}
"""The same for files beside it, by errno."""
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_DAMAGED_TEXT = "Could not decode"
"""Python's own, for a text that is no UTF-8 any more."""


class JournalError(Exception):
    """The journal cannot be used; `hint` says what a person does about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class JournalMismatch(JournalError):
    """The journal belongs to something else than what this agent was started for."""


class JournalNewer(JournalError):
    """The journal is in good order, and this version does not understand all of it."""

    def __init__(self, name: str, holds: str) -> None:
        super().__init__(
            f"journal {name}: {holds}, which this version does not know",
            "a newer version of the agent wrote it: install that one, or a newer one",
        )


class JournalDamaged(JournalError):
    """The file does not hold what was written to it."""


class JournalUnwritable(JournalError):
    """Its disk is full, read-only or fails, or somebody else writes: tried again, it may work."""


class RecordUnwritable(JournalError):
    """What was to be recorded has no form in the journal; nothing is wrong with the file."""


def explained(error: Exception, name: str) -> JournalError:
    """What went wrong with the file, and the mend: SQLite's errors mapped once."""
    text, code = str(error), getattr(error, "sqlite_errorname", "")
    damaged = code.startswith(_DAMAGE) or _DAMAGED_TEXT in text
    if damaged or not isinstance(error, sqlite3.Error):
        return JournalDamaged(f"journal {name}: {text}", KEEP_IT)
    mends = (mend for sign, mend in _MENDS.items() if code.startswith(sign))
    kind = JournalUnwritable if code.startswith(_UNWRITABLE) else JournalError
    return kind(f"journal {name}: {text}", next(mends, "keep the file and call support"))


def blocked(error: OSError, folder: Path) -> JournalUnwritable | None:
    """What keeps the journal's folder from being written for now; None: it is something else."""
    mend = _OF_FILES.get(error.errno or 0)
    return None if mend is None else JournalUnwritable(f"journal in {folder}: {error}", mend)
