"""What can be wrong with a journal.

JournalError          the journal cannot be used or written; `hint` says what to do
├── JournalMismatch   it is another gate's, or holds the other kind of registrations
└── JournalDamaged    what is in the file is not what was written
"""

from __future__ import annotations


class JournalError(Exception):
    """The journal cannot be used; `hint` says what a person does about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class JournalMismatch(JournalError):
    """The journal belongs to something else than what this agent was started for."""


class JournalDamaged(JournalError):
    """The file does not hold what was written to it."""
