"""What the journal says of itself: its checkpoints, its erasures, and the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.core.spans import Span


@dataclass(frozen=True, slots=True)
class CheckpointSigned:
    """The gate's signature on the entry just before this one (agent/core/chain.py).

    `key`: the public key (Ed25519, 32 bytes) that it holds against.
    """

    LOGGED: ClassVar = ("upto",)
    upto: int
    head: bytes
    signature: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class PayloadsErased:
    """The details of these entries were erased in the same commit, for this reason.

    `workers`: the numbers of those of whom nothing is known any more.
    """

    LOGGED: ClassVar = ("reason", "count")
    spans: tuple[Span, ...]
    reason: str
    workers: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many entries they are."""
        return sum(map(len, self.spans))


@dataclass(frozen=True, slots=True)
class DamagedErased:
    """A damaged journal that lay in `file` beside this one was erased whole, for this reason."""

    LOGGED: ClassVar = ("file", "reason")
    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExportBegun:
    """Somebody begins to take bundles away to `target`; the checkpoint after it goes with them.

    `stick`: it is one, and the panel says when it may be pulled out.
    """

    LOGGED: ClassVar = ("target", "stick")
    target: str
    stick: bool = False


@dataclass(frozen=True, slots=True)
class BundleExported:
    """A firm's bundle of entries `first` to `upto` was written, synced and read back.

    `recipient`: whose key reads it. `sha256` of the file, in hex.
    """

    LOGGED: ClassVar = ("company", "first", "upto", "file")
    company: str
    recipient: str
    first: int
    upto: int
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportEnded:
    """The export to `target` is over; `failure`: why not all of it lies there, empty if it does.

    Without an `ExportBegun` before it nothing was written: there was nothing new, or no way.
    """

    LOGGED: ClassVar = ("target", "failure", "stick")
    target: str
    failure: str = ""
    stick: bool = False


@dataclass(frozen=True, slots=True)
class JournalReplaced:
    """This journal goes on for one that was damaged and lies in `file` now.

    `upto` and `head`: its last good entry and that one's seal, in hex; 0 for none.
    """

    LOGGED: ClassVar = ("file", "upto", "head", "reason")
    file: str
    upto: int
    head: str
    reason: str


@dataclass(frozen=True, slots=True)
class JournalContinued:
    """This gate stands in the place of another one, whose journal was exported up to entry `upto`.

    `head` is that entry's seal, `key` the public key that signed there, both in hex. `kept` of its
    registrations go on here, under the references that they had there; `left` do not.
    """

    LOGGED: ClassVar = ("journal", "gate", "upto", "head", "key", "kept", "left")
    journal: str
    gate: str
    upto: int
    head: str
    key: str
    kept: int
    left: tuple[str, ...] = ()


JournalRecord = (
    CheckpointSigned
    | PayloadsErased
    | DamagedErased
    | ExportBegun
    | BundleExported
    | ExportEnded
    | JournalReplaced
    | JournalContinued
)
