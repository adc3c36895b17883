"""The roster from a supplier: fetched now and then, checked, and put in the roster file's place.

From there it is taken up like one that a person put there, and it is there at the next start,
whatever the network does. What cannot be used, or loses more than a third of the workers, is left
beside it; the old roster stays in force, and status says why.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent.channels.base import ChannelError
from agent.core.badges import loses_too_many
from agent.core.events import Event, RosterUnreadable
from agent.core.moment import Moment
from agent.core.state import State
from agent.roster.watch import offer
from agent.seams import Clock

if TYPE_CHECKING:
    from agent.channels.supplier import FetchedRoster

log = logging.getLogger(__name__)


class FetchesRoster(Protocol):
    """A channel with the ability to fetch a roster."""

    def fetch_roster(self, etag: str, timeout_s: float) -> FetchedRoster | None:
        """The roster as it stands; None: unchanged since `etag`. Raises ChannelError."""
        ...


class SupplierRoster:
    """Fetches one supplier's roster into `file`, on a thread of its own."""

    def __init__(
        self,
        name: str,
        channel: FetchesRoster,
        timeout_s: float,
        file: Path,
        declaration: str,
        state: Callable[[], State],
        now: Callable[[], Moment],
        put: Callable[[Event], None],
    ) -> None:
        self.name = name
        self.problem = ""
        """Why the last one was not taken; "" when it was, or nothing is new."""
        self._channel = channel
        self._timeout_s = timeout_s
        self._file = file
        self._declaration = declaration
        self._state = state
        self._now = now
        self._put = put
        self._etag = ""

    def watch(self, clock: Clock, every_s: float) -> None:
        """Fetches at once, then every so often, until the agent stops."""
        self.look()
        while not clock.sleep(every_s):
            self.look()

    def look(self) -> None:
        """Fetches once. Whatever fails leaves the roster in force as it is."""
        try:
            fetched = self._channel.fetch_roster(self._etag, self._timeout_s)
            if fetched is None:
                return  # what was wrong with the one before is still wrong
            problem = self._taken(fetched.content)
            self._etag = fetched.etag  # not before it was judged: a full disk judges nothing
            self._say(problem)
        except ChannelError as error:
            self._say(f"{error}; {error.hint}")
        except OSError as error:
            folder = self._file.parent
            self._say(f"{error}; make {folder} writable for the agent's user, with space left")

    def _taken(self, content: bytes) -> str:
        """Puts it in the file's place; why not, where it is not fit for it."""
        beside = self._file.with_name(self._file.name + ".supplier")
        _write(beside, content)
        offered = offer(beside, self._declaration, self._now(), name=f"of supplier {self.name}")
        if isinstance(offered, RosterUnreadable):
            return offered.reason
        if loses_too_many(self._state().book, offered.roster):
            return (
                "more than a third of the workers in force are not in it; if it is right: "
                f"werfpoort roster import {beside} --force"
            )
        beside.replace(self._file)
        log.info("roster of supplier %s: taken, %d bytes", self.name, len(content))
        return ""

    def _say(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.error("roster of supplier %s: %s", self.name, problem)
            self._put(RosterUnreadable(self._now(), f"of supplier {self.name}", problem))
        self.problem = problem


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(path, flags, 0o640), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
