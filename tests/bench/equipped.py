"""A gate with everything on it: two readers, lamps, keypad, mains sensor, printer, 1,000 people."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.sandbox.people import crew
from agent.sandbox.site import LOOPBACK_EVIDENCE, Ground, VirtualSite
from drivers.emulators.line_reader import LineReaderEmulator, rdm6300_frame
from drivers.emulators.nfc_cards import ntag213

sys.path.insert(0, str(Path(__file__).parent))
from measures import tap_moments

PEOPLE = crew(1_000, random.Random(1_000))
PATIENCE_S = 30.0
AGAIN_S = 0.2
MORE = """
[[readers]]
name = "exit"
kind = "rdm6300"
path = "{exit}"
direction = "out"

[power]
mains_pin = 24
"""


@dataclass(slots=True)
class Equipped:
    """The site and the second reader."""

    site: VirtualSite
    exit: LineReaderEmulator

    def first_tap_s(self) -> float:
        """From the start to the amber lamp of a badge that lies on the reader already."""
        self.site.stop_agent()
        card = ntag213(PEOPLE[0].uid)
        self.site.reader.enter(card)
        begun = time.monotonic()
        self.site.launch()
        lit = self._lit(begun)
        self.site.reader.leave(card)
        return lit - begun

    def replugged_s(self) -> float:
        """From the plug to the amber lamp, at the NFC reader."""
        self.site.reader.unplug()
        self._until(lambda: not self._works("entrance"))
        card = ntag213(PEOPLE[1].uid)
        self.site.reader.enter(card)
        begun = time.monotonic()
        self.site.reader.replug()
        lit = self._lit(begun)
        self.site.reader.leave(card)
        return lit - begun

    def serial_replugged_s(self) -> float:
        """The same at the serial reader, to which the badge is held until it answers."""
        self.exit.unplug()
        self._until(lambda: not self._works("exit"))
        before = self._stored()
        begun = time.monotonic()
        self.exit.replug()
        while self._stored() == before:
            if time.monotonic() - begun > PATIENCE_S:
                raise TimeoutError("the serial reader was not taken up again")
            self.exit.hold("0C00AB12CD")
            time.sleep(AGAIN_S)
        return time.monotonic() - begun

    def doctor_s(self) -> tuple[float, list[str]]:
        """How long the self-test takes, and what it finds wrong."""
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "agent", "doctor", "--json", "--config", str(self.site.config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        took = time.monotonic() - begun
        found = json.loads(done.stdout)
        return took, [f"{v['part']}: {v['found']}" for v in found if v["grade"] != "well"]

    def _works(self, reader: str) -> bool:
        return bool(self.site.status()["devices"].get(reader))

    def _stored(self) -> int:
        return len(tap_moments(self.site.folder / "data/journal.db"))

    def _lit(self, since: float) -> float:
        self._until(lambda: self.site.lamps.lit_after("amber", since) is not None)
        lit = self.site.lamps.lit_after("amber", since)
        assert lit is not None
        return lit

    def _until(self, so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not so():
            if time.monotonic() > end:
                raise TimeoutError(self.site.log.read_text()[-2000:])
            time.sleep(0.01)


@contextmanager
def equipped() -> Iterator[Equipped]:
    """Such a gate, running."""
    with (
        tempfile.TemporaryDirectory(prefix="werfpoort-bench-") as folder,
        LineReaderEmulator(rdm6300_frame) as way_out,
        VirtualSite(
            Path(folder),
            PEOPLE,
            paper=True,
            ground=Ground(more=LOOPBACK_EVIDENCE + MORE.replace("{exit}", str(way_out.path))),
        ) as site,
    ):
        yield Equipped(site, way_out)
