"""The layers over the last hours, read from the journal beside the agent, for the timeline."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import threading
import time
from pathlib import Path

from agent.core.moment import Moment
from agent.core.outage.incident_log import Incident
from agent.core.outage.incident_records import EvidenceTaken
from agent.core.outage.incident_report import MARGIN_MS, Track, tracks
from agent.core.records import kind_of
from agent.journal.fault import JournalError
from agent.journal.rows import Row, base_of, reading
from agent.reports.incident_page import Timeline, timeline

SPAN_MS = 2 * 3600 * 1000
"""What is shown while nothing is amiss."""
LEAST_MS = 10 * 60 * 1000
"""Of a gate that has just been started."""
LONGEST_MS = 24 * 3600 * 1000
FRESH_S = 15.0
"""So long a reading serves everybody who looks."""

_QUERY = (
    "SELECT e.seq, e.kind, e.unix_ms, e.mono_ms, e.boot_id, e.trust, e.digest, e.seal, p.salt, "
    "p.body FROM entry e JOIN payload p ON p.seq = e.seq WHERE e.seq >= ? AND e.kind = ?"
)

log = logging.getLogger(__name__)


class Layers:
    """What was measured lately; from any thread but the loops."""

    def __init__(self, journal: Path, zone: dt.tzinfo) -> None:
        self._journal, self._zone = journal, zone
        self._one_at_a_time = threading.Lock()
        self._read_s = -FRESH_S
        self._tracks: tuple[Track, ...] = ()

    def drawn(self, now: Moment, incident: Incident | None, language: str) -> Timeline:
        """The timeline up to `now`, the incident marked."""
        since_ms = incident.since.unix_ms if incident is not None else now.unix_ms
        first = min(now.unix_ms - SPAN_MS, since_ms - MARGIN_MS)
        first = max(first, now.unix_ms - LONGEST_MS)
        with self._one_at_a_time:
            if time.monotonic() - self._read_s >= FRESH_S:
                self._tracks = self._read(now.unix_ms)
                self._read_s = time.monotonic()
        begun = min((s.from_ms for t in self._tracks for s in t.spans), default=first)
        span = (max(first, min(begun, now.unix_ms - LEAST_MS)), now.unix_ms)
        return timeline(self._tracks, span, (since_ms, now.unix_ms), language, self._zone)

    def _read(self, now_ms: int) -> tuple[Track, ...]:
        """Everything measured that still counts; what cannot be read is not shown."""
        try:
            with reading(self._journal) as connection:
                found = connection.execute(
                    _QUERY, (base_of(connection), kind_of(EvidenceTaken))
                ).fetchall()
        except (JournalError, sqlite3.Error) as error:
            log.warning("the page shows no layers: %s", error)
            return ()
        entries = (Row._make(row).entry() for row in found)
        return tracks(entries, now_ms - LONGEST_MS, now_ms)
