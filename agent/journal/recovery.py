"""Opens the gate's journal, whatever happened to it: the gate works, and nothing is thrown away.

Refused: a place that does not keep what is written. Damaged: the file is put aside whole, with its
log, and a new journal begins that names the last good entry of the old one. At every start every
page is checked, and the seals of the last entries.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sqlite3
from pathlib import Path

from agent.core import chain
from agent.core.events import JournalLost
from agent.core.moment import Moment
from agent.core.rules import Rules
from agent.journal.checkpoint import Signer
from agent.journal.damaged import PARTS, files_aside, name_aside
from agent.journal.fault import KEEP_IT, JournalDamaged, JournalError, explained
from agent.journal.keeper import Keeper, Owner, Quarantine, opened
from agent.journal.mount import why_unfit
from agent.journal.rechain import Rechain
from agent.journal.rows import UNREADABLE, reading, rows

CHECKED_ENTRIES = 1_000
"""Read back at each start: what a failing card loses is mostly what was written last."""


def require_lasting(folder: Path) -> None:
    """Raises JournalError when `folder` does not keep what is written to it."""
    problem = why_unfit(folder)
    if problem:
        raise JournalError(
            problem,
            "put gate.data_dir on a partition of its own on the card or a disk (ext4), mounted "
            "read-write with its default options; leave the root read-only if you like",
        )


def recovered(
    database: Path, rules: Rules, chance: random.Random, owner: Owner, now: Moment, signer: Signer
) -> Keeper:
    """The keeper of the journal; `lost` names the damaged one in whose place it came, if so, and
    `other_key` the key that signed it until now, if that is not the signer's.

    Raises what `opened` raises but JournalDamaged, and OSError when the file cannot be put aside.
    """
    aside = None
    try:
        _check(database)
        keeper = opened(database, rules, chance, owner, now, signer)
    except JournalDamaged as error:
        aside = put_aside(database, now, str(error))
        keeper = opened(database, rules, chance, owner, now, signer)
    try:
        before = keeper.journal.signed_by()
        keeper.other_key = b"" if before in (b"", signer.public) else before
        keeper.lost = aside or _unnamed(keeper, database)
        if (lost := keeper.lost) is not None:
            keeper.do(JournalLost(now, lost.file, lost.upto, lost.head.hex(), lost.reason))
    except BaseException:
        keeper.journal.close()
        raise
    return keeper


def _unnamed(keeper: Keeper, database: Path) -> Quarantine | None:
    """The last one that was put aside, if no entry says so: the disk was full then, or the power
    went before there was one.
    """
    aside = files_aside(database)
    if not aside or aside[-1].name in keeper.journal.replaced():
        return None
    return Quarantine(aside[-1].name, *_last_good(aside[-1]), "it was put aside at a start before")


def _check(database: Path) -> None:
    """Raises JournalDamaged before anything is written to a damaged file."""
    if not database.exists() or not database.stat().st_size:
        return
    with reading(database) as connection:
        try:
            wrong = _wrong(connection)
        except UNREADABLE as error:
            raise explained(error, str(database)) from error
    if wrong:
        raise JournalDamaged(f"journal {database}: {wrong}", KEEP_IT)


def _wrong(connection: sqlite3.Connection) -> str:
    """What is not as it was written in any page or in the last entries; or ""."""
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        return str(said)
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entry'").fetchone():
        return ""  # the power went while it was made
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()
    after = max(0, last - CHECKED_ENTRIES)
    seal = connection.execute("SELECT seal FROM entry WHERE seq = ?", (after,)).fetchone()
    wrong: list[str] = []
    order = Rechain(
        after,
        seal[0] if seal else chain.START,
        lambda where, problem: wrong.append(f"entry {where} {problem}"),
    )
    for _, row in order.rows(rows(connection, after)):
        if row.salt and row.body and chain.digest(row.salt, row.body) != row.digest:
            wrong.append(f"entry {row.seq} was edited: its details")
    return wrong[0] if wrong else ""


def put_aside(database: Path, now: Moment, reason: str) -> Quarantine:
    """Renames the file with all that belongs to it, durably. Raises OSError."""
    upto, head = _last_good(database)
    name = name_aside(database, dt.datetime.fromtimestamp(now.unix_ms / 1000, dt.UTC))
    for part in reversed(PARTS):  # the file itself last: until then the old name is found damaged
        piece = database.with_name(database.name + part)
        if piece.exists():
            piece.replace(database.with_name(name + part))
    folder = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Quarantine(name, upto, head, reason)


class _Break(Exception):
    """Here the journal stops being what was written."""


def _last_good(database: Path) -> tuple[int, bytes]:
    """The last entry up to which everything follows, and its seal; (0, zeros) if nothing does."""

    def stop(where: int, problem: str) -> None:
        raise _Break

    order = Rechain(0, chain.START, stop)
    try:
        with reading(database) as connection:
            for _ in order.rows(rows(connection)):
                pass
    except (_Break, JournalError, *UNREADABLE):
        pass
    return order.number - 1, order.head
