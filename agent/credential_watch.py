"""Watches what the channels prove themselves with: how long it holds, and if a new one is broken.

It looks at the files once a minute and reads them when they were replaced, as the channels do, else
once an hour. Nothing of what is in them is kept but the end of their term.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.config.settings import ChannelSettings
from agent.core.events import CredentialSeen, Event
from agent.core.moment import Moment
from agent.seams import Clock

if TYPE_CHECKING:
    from agent.channels.credentials import Stamp

GLANCE_S = 60.0
LOOK_EVERY = 60
"""Glances: an hour."""
Stamps = tuple["Stamp | None", ...]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """One channel's credential. `until`: None where nobody says; `problem`: why the file as it lies
    there cannot be used, "" when it can."""

    channel: str
    what: str
    until: dt.datetime | None = None
    problem: str = ""
    hint: str = ""


class CredentialWatch:
    """Looks at each channel's credential and tells the core of its end."""

    def __init__(
        self,
        channels: Sequence[ChannelSettings],
        now: Callable[[], Moment],
        put: Callable[[Event], None],
    ) -> None:
        self._channels = channels
        self._now = now
        self._put = put
        self._last: tuple[Seen, ...] | None = None
        self._stamps: dict[str, Stamps] = {}

    def watch(self, clock: Clock) -> None:
        """Looks at once, when there are other files and every hour, until the agent stops."""
        self.look()
        glances = 0
        while not clock.sleep(GLANCE_S):
            glances += 1
            if glances % LOOK_EVERY == 0 or self._changed():
                self.look()

    def _changed(self) -> bool:
        return any(_stamps(channel) != self._stamps.get(channel.name) for channel in self._channels)

    def look(self) -> tuple[Seen, ...]:
        """What there is now; what is new about it is told and logged."""
        before = {seen.channel: seen.problem for seen in self._last or ()}
        stamps = {channel.name: _stamps(channel) for channel in self._channels}
        self._last = tuple(map(_seen, self._channels))
        for seen in self._last:
            if seen.problem and seen.problem != before.get(seen.channel):
                log.error("channel %s: %s; to do: %s", seen.channel, seen.problem, seen.hint)
            was = self._stamps.get(seen.channel)
            renewed = was not in (None, stamps[seen.channel]) and not seen.problem
            if renewed or seen.until is not None:
                self._put(CredentialSeen(self._now(), seen.channel, seen.what, seen.until, renewed))
        self._stamps = stamps
        return self._last

    def stand(self) -> dict[str, dict[str, object]]:
        """How each stands, by channel, for status."""
        known = self._last if self._last is not None else tuple(map(_seen, self._channels))
        return {seen.channel: _stand(seen, self._now()) for seen in known}


def _stamps(channel: ChannelSettings) -> Stamps:
    """What tells other files from those that were there."""
    from agent.channels.credentials import stamp

    files = (channel.certificate, channel.pkcs12, channel.key, channel.password_file)
    return tuple(stamp(path) for path in (*files, channel.token_file) if path is not None)


def _stand(seen: Seen, now: Moment) -> dict[str, object]:
    left_days = None
    if seen.until is not None:
        left_days = int((seen.until.timestamp() * 1000 - now.unix_ms) // 86_400_000)
    return {
        "what": seen.what,
        "until": seen.until.isoformat() if seen.until else "",
        "days_left": left_days,
        "problem": seen.problem,
        "to_do": seen.hint,
    }


def _seen(channel: ChannelSettings) -> Seen:
    from agent.channels.credentials import (
        CredentialError,
        CredentialFiles,
        end_of_token,
        load,
        load_key,
        load_token,
    )

    holder = channel.certificate or channel.pkcs12
    what = "certificate" if holder else "token" if channel.token_file else "key"
    until = None
    try:
        if holder is not None:
            files = CredentialFiles(holder, channel.key, channel.password_file)
            until = load(files, rsa=channel.kind != "supplier").not_after
        elif channel.token_file is not None:
            until = end_of_token(load_token(channel.token_file))
        elif channel.key is not None:
            load_key(channel.key, channel.password_file)
    except CredentialError as error:
        return Seen(channel.name, what, None, str(error), error.hint)
    if until is None and channel.valid_until:
        last = dt.date.fromisoformat(channel.valid_until)
        until = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)
    return Seen(channel.name, what, until)
