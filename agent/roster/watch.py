"""Takes up a new roster while the gate runs: looks at the file, reads it when it was replaced."""

from __future__ import annotations

from pathlib import Path

from agent.core.events import Event, RosterOffered, RosterUnreadable
from agent.core.moment import Moment
from agent.roster.file import read_roster
from agent.seams import Clock, Inbox, Work

EVERY_MS = 5_000
"""One stat a look."""

_Stamp = tuple[int, int, int]


class RosterWatch:
    """Looks at one file and offers it to the core whenever it is another one."""

    def __init__(
        self, path: Path, declaration: str, clock: Clock, inbox: Inbox[Event], work: Work
    ) -> None:
        self._path = path
        self._declaration = declaration
        self._clock = clock
        self._inbox = inbox
        self._work = work
        self._stamp: _Stamp | str | None = "never looked"
        self._due_ms = 0

    def due_ms(self, now: Moment) -> int:
        """How many ms until the next look."""
        return max(0, self._due_ms - now.mono_ms)

    def look(self, now: Moment) -> None:
        """Reads the file on a worker's thread if it changed since the last look."""
        if now.mono_ms < self._due_ms:
            return
        self._due_ms = now.mono_ms + EVERY_MS
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            self._work.start("roster", self._offer)

    def _offer(self) -> None:
        self._inbox.put(offer(self._path, self._declaration, self._clock.now()))


def offer(
    path: Path,
    declaration: str,
    now: Moment,
    *,
    name: str = "",
    force: bool = False,
    asked: int = 0,
) -> RosterOffered | RosterUnreadable:
    """The event that this roster file makes: an offer, or why it holds no roster.

    `name`: what people call the file, where it is a copy of theirs; findings call it so, too.
    """
    reading, name = read_roster(path, declaration), name or path.name
    problems = tuple(str(finding).replace(str(path), name) for finding in reading.findings)
    if not reading.roster.badges and not reading.roster.unbadged:
        reason = "; ".join(problems) or "it names no worker; add one row a worker"
        return RosterUnreadable(now, name, reason, asked)
    return RosterOffered(now, reading.roster, name, problems, force, asked)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
