"""The agent's life: started, reloaded and stopped by signals, watched by the service manager.

SIGTERM and SIGINT stop it. SIGHUP reads the configuration again: a good one takes the place of the
old one by taking the gate apart and putting it together anew, in this process, so that every key is
taken up and none half; a wrong one is told, and the gate goes on as it was. Taps that come in the
second between are not seen: the lamps are dark.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from agent import assembly
from agent.config import Config, check_config, load_config
from agent.doorstep import Stoppable
from agent.evidence.clock import SystemClock
from agent.findings import report
from agent.journal.fault import JournalError
from agent.lock import Locked
from agent.watcher import Watcher

RELOADED = "the configuration is new"

log = logging.getLogger(__name__)


class Service:
    """One agent, from its start to its stop, over all its configurations."""

    def __init__(
        self,
        file: Path,
        watcher: Watcher,
        clocks: Callable[[Config], SystemClock] = assembly.clock_of,
    ) -> None:
        self._file = file
        self._watcher = watcher
        self._clocks = clocks
        self._gate: Stoppable | None = None
        self._stands = ""
        """What the manager was told last of how the gate stands."""
        self._ending = ""
        self._next: Config | None = None

    def serve(self) -> None:
        """Runs the gate until it is told to stop.

        Raises ConfigError, and what `assembly.owned` raises, for the configuration it starts with.
        """
        good = config = load_config(self._file)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        signal.signal(signal.SIGHUP, self._told_to_reload)
        while not self._ending:
            try:
                # The same folder as before takes writes again one day; another may never do.
                patient = config.gate.data_dir == good.gate.data_dir
                assembly.run(config, self.began, self._watcher.alive, self._clocks, patient=patient)
            except (JournalError, Locked, OSError) as error:
                if config is good:
                    raise
                log.error("the new configuration cannot be used: %s; the old one stays", error)
                config = good
                continue
            good, config, self._next = config, self._next or config, None
        self._watcher.stopping()

    def began(self, gate: Stoppable, stands: str) -> None:
        """Told by the gate, under each configuration, how it stands."""
        self._gate, self._stands = gate, stands
        self._watcher.ready(stands)
        if self._ending:  # told so while no loop was there to hear it
            gate.stop(self._ending)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._ending = signal.Signals(number).name
        if self._gate is not None:
            self._gate.stop(self._ending)

    def _told_to_reload(self, number: int, frame: FrameType | None) -> None:
        threading.Thread(target=self._reload, name="reload", daemon=True).start()

    def _reload(self) -> None:
        self._watcher.reloading()
        config = self._offered()
        if config is None or self._gate is None:
            self._watcher.ready(self._stands)
            return
        self._next = config
        self._gate.stop(RELOADED)

    def _offered(self) -> Config | None:
        """The configuration as it is now; None, and told, when anything in it is wrong."""
        config, findings = check_config(self._file)
        if findings:
            log.warning("%s", report(findings))
        if config is None or any(not finding.warning for finding in findings):
            log.error("%s is wrong; the gate goes on by the old configuration", self._file)
            return None
        return config
