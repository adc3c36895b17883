"""Our clock against the Date header of servers whose certificate was verified.

The kernel believes whoever sets its clock. A server's Date is a second opinion: one that differs is
remembered as evidence, and once two differ, and fewer agree, the clock is not trusted, whatever the
kernel says. One alone is enough where by it today is another day and none agrees with us: what is
registered for another day than the service's is worse than what waits for a while. What a server
said is kept against the monotonic clock: a wall clock that is set right agrees at once, without
asking again.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import threading
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agent.core.events import ServerHeard
from agent.core.moment import Moment

TOLERANCE_MS = 60_000
"""Past any call's duration and the second that a Date is rounded to; a signature's time may be off
by five minutes (WIRE.md, section 5)."""
DIFFER_AT_LEAST = 2
"""One server alone may be the one that is wrong."""
ZONE = ZoneInfo("Europe/Brussels")
"""Whose day counts: the services' own."""
KEPT_MS = 24 * 3600 * 1000
"""How long an answer counts: a crystal drifts by some seconds a day."""


@dataclass(frozen=True, slots=True)
class _Said:
    """`ahead_ms`: what the server's wall clock is ahead of our monotonic one."""

    ahead_ms: int
    mono_ms: int
    agreed: bool


class ServerTimes:
    """What servers said; from any thread."""

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}
        self._lock = threading.Lock()

    def heard(self, server: str, date: str, now: Moment) -> ServerHeard | None:
        """Takes a Date header that came just `now`; an event when it says something new."""
        try:
            theirs_ms = round(email.utils.parsedate_to_datetime(date).timestamp() * 1000)
        except (TypeError, ValueError, OverflowError):
            return None
        off_ms = now.unix_ms - theirs_ms
        agrees = abs(off_ms) <= TOLERANCE_MS
        with self._lock:
            before = self._said.get(server)
            said = _Said(theirs_ms - now.mono_ms, now.mono_ms, agrees)
            self._said = {**self._said, server: said}
        if before is not None and before.agreed is agrees:
            return None
        return ServerHeard(now, server, off_ms, agrees)

    def differing(self, unix_ms: int, mono_ms: int) -> tuple[str, ...]:
        """The servers by which our clock is wrong as it stands."""
        ahead_ms = unix_ms - mono_ms
        return tuple(
            server
            for server, said in self._said.items()
            if abs(ahead_ms - said.ahead_ms) > TOLERANCE_MS and mono_ms - said.mono_ms < KEPT_MS
        )

    def contradict(self, unix_ms: int, mono_ms: int) -> bool:
        """True when more servers differ from our clock than agree with it, and at least two; or one
        alone, by which it is another day."""
        differ = self.differing(unix_ms, mono_ms)
        if not differ:
            return False
        young = {s: said for s, said in self._said.items() if mono_ms - said.mono_ms < KEPT_MS}
        if len(differ) >= DIFFER_AT_LEAST:
            return 2 * len(differ) > len(young)
        return len(young) == 1 and _day(mono_ms + young[differ[0]].ahead_ms) != _day(unix_ms)


def _day(unix_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(unix_ms / 1000, ZONE).date()
