"""What can be wrong with a journal.

JournalError          the journal cannot be used or written; `hint` says what to do
├── JournalMismatch   it is another gate's, or holds the other kind of registrations
└── JournalDamaged    what is in the file is not what was written
"""

from __future__ import annotations

import sqlite3

DAMAGED = ("malformed", "not a database")
"""How SQLite says that a file does not hold what it wrote (SQLITE_CORRUPT, SQLITE_NOTADB)."""


KEEP_IT = "the file is damaged: keep it, it is evidence; start with a new journal"


class JournalError(Exception):
    """The journal cannot be used; `hint` says what a person does about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class JournalMismatch(JournalError):
    """The journal belongs to something else than what this agent was started for."""


class JournalDamaged(JournalError):
    """The file does not hold what was written to it."""


def explained(error: Exception, name: str) -> JournalError:
    """What went wrong with the file, and the mend: SQLite's errors mapped once."""
    if isinstance(error, KeyError):
        return JournalError(
            f"journal {name}: holds entries of a kind {error} that this version does not know",
            "run the version of the agent that wrote it, or a newer one",
        )
    text = str(error)
    damaged = not isinstance(error, sqlite3.Error) or any(sign in text for sign in DAMAGED)
    if damaged:
        return JournalDamaged(
            f"journal {name}: {text}",
            KEEP_IT,
        )
    mends = (
        ("full", "free space on its disk: taps are refused until there is some"),
        ("readonly", "make its disk writable again (mount, card's lock switch, worn-out card)"),
        ("read-only", "make its disk writable again (mount, card's lock switch, worn-out card)"),
        ("locked", "another program writes to it; stop that program"),
        ("unable to open", "its folder must exist and belong to the agent's user"),
        ("disk I/O", "the card or its reader fails: replace the card, keep the old one"),
    )
    hint = next((mend for sign, mend in mends if sign in text), "keep the file and call support")
    return JournalError(f"journal {name}: {text}", hint)
