"""A person at the gate wants the stick that is in to be written, once more or after all.

The agent may mount nothing. It leaves a file where systemd looks for one
(systemd/werfpoort-export-asked.path), which starts the unit of every stick that is in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.core.events import Event
from agent.core.export_events import ExportOver
from agent.core.moment import Moment
from agent.core.state import State
from agent.seams import Clock, Work

ASKED = "export-asked"
"""As the path unit names it, in the folder of the control socket."""
PATIENCE_S = 20.0
"""By then a stick that is in has been mounted, and its export has begun."""
LOOK_S = 0.5
NOBODY = (
    "no stick was written: put one in; if one is in, systemctl status "
    "werfpoort-export-asked.path 'werfpoort-export@*' says why"
)


class StickWish:
    """Asks for the export, and tells the gate when nothing comes of it."""

    def __init__(
        self,
        folder: Path,
        state: Callable[[], State],
        seams: tuple[Clock, Work],
        report: Callable[[Event], None],
    ) -> None:
        self._file = folder / ASKED
        self._state = state
        self._clock, self._work = seams
        self._report = report

    def ask(self) -> None:
        """Returns at once."""
        self._work.start("stick", self._ask)

    def _ask(self) -> None:
        asked = self._clock.now()
        failure = NOBODY
        try:
            self._file.touch()
            for _ in range(round(PATIENCE_S / LOOK_S)):
                if self._clock.sleep(LOOK_S) or self._answered(asked):
                    return
        except OSError as error:
            failure = f"no stick is asked for: {self._file}: {error.strerror}"
        finally:
            self._file.unlink(missing_ok=True)
        self._report(ExportOver(self._clock.now(), "stick", stick=True, failure=failure))

    def _answered(self, asked: Moment) -> bool:
        """True once an export has begun since, or has ended: it says itself how."""
        export = self._state().export
        if export is None:
            return False
        return max(m.mono_ms for m in (export.since, export.over) if m) >= asked.mono_ms
