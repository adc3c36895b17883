"""Somebody hears of a gate that fell silent, and of one that needs a hand.

Two addresses, each optional. The heartbeat is called every hour: whoever runs a dead-man's switch
there hears when the calls stop, whatever the reason. The webhook gets a JSON object when something
begins or ends that a person should see to. Neither ever holds a name, a number or a badge.

What could not be told is told later; what began and ended meanwhile is not told at all.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.channels.base import ChannelError
from agent.core.moment import Moment
from agent.core.standing import subjects

if TYPE_CHECKING:
    from agent.channels.names import Names
    from agent.channels.wire import Wire
    from agent.config.settings import NoticeSettings
    from agent.core.state import State
    from agent.seams import Clock

LOOK_S = 60.0
BEAT_MS = 3_600_000
CALL_S = 20.0
SUCCESS = range(200, 300)

log = logging.getLogger(__name__)


def open_notices(
    settings: NoticeSettings, gate: str, state: Callable[[], State], names: Names | None = None
) -> Notices | None:
    """What tells elsewhere; None when nobody is to be told. A `ca_file` that is renewed is taken up
    at the next look. `names` finds the addresses of hosts, by default the machine's resolver."""
    if not (settings.heartbeat_url or settings.webhook_url):
        return None
    from agent.channels.credentials import Authorities
    from agent.channels.wire import Wire

    trusted = None if settings.ca_file is None else Authorities(settings.ca_file)
    return Notices(settings, gate, Wire(trusted, names=names), state)


class Notices:
    """What one gate tells elsewhere; on a thread of its own, never in the way of a tap."""

    def __init__(
        self, settings: NoticeSettings, gate: str, wire: Wire, state: Callable[[], State]
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._wire = wire
        self._state = state
        self._told: dict[str, str] = {}
        self._beat_at_ms: int | None = None
        self._silent = ""

    def close(self) -> None:
        """Lets connections go; a call in flight is left to itself."""
        self._wire.close()

    def watch(self, clock: Clock) -> None:
        """Tells what there is to tell, minute by minute, until the agent stops."""
        self.look(clock.now())
        while not clock.sleep(LOOK_S):
            self.look(clock.now())

    def look(self, now: Moment) -> None:
        """Beats when an hour is over, and tells what began or ended since the last look."""
        try:
            if self._settings.heartbeat_url:
                self._beat(now)
            if self._settings.webhook_url:
                self._tell_changes(now)
        except ChannelError as error:
            if str(error) != self._silent:
                log.warning("notices: %s; to do: %s", error, error.hint)
            self._silent = str(error)
        else:
            self._silent = ""

    def _beat(self, now: Moment) -> None:
        if self._beat_at_ms is None or now.mono_ms - self._beat_at_ms >= BEAT_MS:
            self._call("GET", self._settings.heartbeat_url)
            self._beat_at_ms = now.mono_ms

    def _tell_changes(self, now: Moment) -> None:
        standing = subjects(self._state(), now)
        for subject in sorted(standing.keys() - self._told.keys()):
            self._tell(now, subject, "begins", standing[subject])
            self._told[subject] = standing[subject]
        for subject in sorted(self._told.keys() - standing.keys()):
            self._tell(now, subject, "ends", self._told[subject])
            del self._told[subject]

    def _tell(self, now: Moment, subject: str, what: str, text: str) -> None:
        at = dt.datetime.fromtimestamp(now.unix_ms / 1000, dt.UTC)
        notice = {
            "gate": self._gate,
            "at": at.isoformat(timespec="seconds"),
            "clock": now.trust.value,
            "subject": subject,
            "state": what,
            "text": text,
        }
        self._call("POST", self._settings.webhook_url, json.dumps(notice).encode())

    def _call(self, method: str, url: str, body: bytes = b"") -> None:
        headers = {"Content-Type": "application/json"} if body else {}
        answer = self._wire.call(method, url, content=body, headers=headers, timeout_s=CALL_S)
        if answer.status not in SUCCESS:
            raise ChannelError(
                f"the address for notices answers with HTTP {answer.status}",
                "check heartbeat_url and webhook_url in [notices]",
            )
