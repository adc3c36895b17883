"""`python -m agent.sandbox.power CUTS KILLS`: the real agent loses its power, again and again.

Workers hold their badges to the reader as fast as it answers, the service gives receipts, and at a
random instant the agent is gone: its disk forgets what was not synced (powered.py), or it is killed
(SIGKILL). Each time its journal has to verify, also against every checkpoint seen before, and to
hold every tap that was answered with amber and a beep, as seen on the lamps from outside.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.core.journal_records import CheckpointSigned
from agent.core.records import TapStored, kind_of
from agent.journal.checkpoint import Checkpoint
from agent.journal.rows import reading
from agent.journal.verify import verify
from agent.sandbox.people import Person, crew
from agent.sandbox.powered import GONE
from agent.sandbox.site import PINS, VirtualSite
from drivers.emulators.nfc_cards import ntag213

CREW, CREW_A_TIME = 60, 20
"""People at least, and more for each time: who is registered already would see green, not amber."""
MOST_OPERATIONS = 300
"""Of the disk, until the power goes: a start takes about 25, a tap with its receipt about 12."""
STARTS = 4
"""One kill in so many comes in the first moments of the process, the others after a light."""
MOST_KILL_S = 1.5
ANSWER_S = 20.0
POLL_S = 0.004
STORED = {PINS["amber"], PINS["buzzer"]}
"""What is switched on when a tap is shown as stored; no other signal has just these two."""
FLUSH_S = 0.1
"""For what the lamps' wire still held when the process was gone."""
AFTER_GREEN_S = 0.5
"""For an amber that may come yet, which must not be taken for the next badge's."""


@dataclass(slots=True)
class Tally:
    """What a trial saw. `wrong`: what must never be."""

    ended: int = 0
    shown: Counter[str] = field(default_factory=Counter)
    """By badge: taps that were answered with amber and a beep."""
    entries: int = 0
    wrong: list[str] = field(default_factory=list)

    def text(self, how: str) -> str:
        """One line for a person, and one for each thing that is wrong."""
        taps = sum(self.shown.values())
        line = f"{how}: {self.ended} times, {taps} taps shown as stored, {self.entries} entries"
        return "\n".join([line, *(f"WRONG: {problem}" for problem in self.wrong)])


class _Killer:
    """Is due so long after it was armed."""

    def __init__(self, after_s: float, *, armed: bool) -> None:
        self.armed = armed
        self._after_s = after_s
        self._since_s = 0.0

    def is_due(self) -> bool:
        """True once the time has come."""
        if self.armed and not self._since_s:
            self._since_s = time.monotonic()
        return self.armed and time.monotonic() - self._since_s >= self._after_s


class Trial:
    """Takes the power from one virtual site's agent."""

    def __init__(self, site: VirtualSite, seed: int) -> None:
        self.tally = Tally()
        self._site = site
        self._chance = random.Random(seed)
        self._journal = site.folder / "data/journal.db"
        self._turn = 0
        self._papers: list[Checkpoint] = []
        site.stop_agent()

    def cut(self) -> None:
        """Once: the power goes at one of the disk's next operations."""
        operations, seed = self._chance.randrange(MOST_OPERATIONS), self._chance.randrange(2**32)
        module = ("-m", "agent.sandbox.powered", str(operations), str(seed))
        self._site.launch(*module, str(self._site.config))
        code = self._tap_until_gone(None)
        if code != GONE:
            self.tally.wrong.append(f"the agent ended with {code} before its power went")
        self._hold_to_it()

    def kill(self) -> None:
        """Once: SIGKILL at some instant from the start of the process on."""
        self._site.launch()
        early = not self._chance.randrange(STARTS)
        self._tap_until_gone(_Killer(self._chance.uniform(0, MOST_KILL_S), armed=early))
        self._hold_to_it()

    def settle(self) -> None:
        """Starts the agent for good: all that is owed gets its receipt, and only one."""
        self._site.start_agent()
        until = time.monotonic() + ANSWER_S
        while self._owed() and time.monotonic() < until:
            time.sleep(0.1)
        if owed := self._owed():
            self.tally.wrong.append(f"{owed} obligations got no receipt")
        held = Counter(entry.submitted.inss for entry in self._site.service.ledger.accepted)
        self.tally.wrong += [f"{n} registrations of one worker" for n in held.values() if n > 1]
        self._site.stop_agent()
        self._hold_to_it()
        self.tally.ended -= 1

    def _owed(self) -> int:
        stand = self._site.status()["obligations"]
        return int(sum(count for name, count in stand.items() if name != "registered"))

    def _next(self) -> Person:
        """Somebody who is not registered yet."""
        registered = self._accepted()
        for _ in self._site.people:
            self._turn += 1
            person = self._site.people[self._turn % len(self._site.people)]
            if person.worker.inss not in registered:
                return person
        raise RuntimeError("everybody is registered: the crew is too small for so many times")

    def _tap_until_gone(self, killer: _Killer | None) -> int | None:
        """One badge after the other, each until it is answered; how the process ended."""
        changes, patience = self._site.lamps.changes, time.monotonic() + ANSWER_S
        while not self._site.ended() and time.monotonic() < patience:
            patience = time.monotonic() + ANSWER_S  # for this badge: a trial may have many
            person, seen = self._next(), len(changes)
            card = ntag213(person.uid)
            self._site.reader.enter(card)
            while not (
                self._stored(seen)
                or self._registered(person, seen)
                or self._site.ended()
                or time.monotonic() > patience
            ):
                if killer is not None and killer.is_due():
                    self._site.stop_agent(signal.SIGKILL)
                time.sleep(POLL_S)
            if killer is not None:
                killer.armed = True
            self._site.reader.leave(card)
            if self._site.ended():
                time.sleep(FLUSH_S)
            elif not self._stored(seen):
                time.sleep(AFTER_GREEN_S)
            self.tally.shown[person.uid] += self._stored(seen)
        if not self._site.ended():
            self.tally.wrong.append(f"a badge was not answered within {ANSWER_S} s")
            self._site.stop_agent(signal.SIGKILL)
        return self._site.exit_code

    def _stored(self, seen: int) -> bool:
        """True when amber was lit with a beep, and no other lamp, since change number `seen`."""
        lit: set[int] = set()
        for change in self._site.lamps.changes[seen:]:
            (lit.add if change.level else lit.discard)(change.pin)
            if lit == STORED:
                return True
        return False

    def _registered(self, person: Person, seen: int) -> bool:
        """True when green was lit since change number `seen`, and it can be this one's: an attempt
        of before the cut may get its receipt first, or so soon that amber is never lit.
        """
        green = PINS["green"]
        return (
            any(change.pin == green and change.level for change in self._site.lamps.changes[seen:])
            and person.worker.inss in self._accepted()
        )

    def _accepted(self) -> set[str]:
        return {entry.submitted.inss for entry in self._site.service.ledger.accepted}

    def _hold_to_it(self) -> None:
        tally = self.tally
        tally.ended += 1
        verdict = verify(self._journal, self._papers)
        tally.entries = verdict.entries
        tally.wrong += [f"after {tally.ended}: {finding}" for finding in verdict.findings]
        tally.wrong += [
            f"after {tally.ended}: {path.name}" for path in self._journal.parent.glob("*damaged*")
        ]
        stored, last = _held(self._journal)
        lost = tally.shown - stored
        if lost:
            tally.wrong.append(f"after {tally.ended}: {lost.total()} taps shown are not there")
            tally.shown -= lost  # told once
        self._papers = [*self._papers[-50:], Checkpoint.of(verdict.journal, last)]


def _held(journal: Path) -> tuple[Counter[str], CheckpointSigned]:
    """Stored taps by badge, and the last checkpoint."""
    found = "SELECT body FROM entry JOIN payload USING (seq) WHERE kind = ? ORDER BY seq"
    with reading(journal) as connection:
        taps = connection.execute(found, (kind_of(TapStored),)).fetchall()
        signed = connection.execute(found, (kind_of(CheckpointSigned),)).fetchall()
    stored = Counter(msgspec.json.decode(body, type=TapStored).uid for (body,) in taps)
    return stored, msgspec.json.decode(signed[-1][0], type=CheckpointSigned)


def tried(cuts: int, kills: int, seed: int) -> tuple[Tally, Tally]:
    """What so many cuts, and on another site so many kills, led to."""
    tallies = []
    for count, way in ((cuts, Trial.cut), (kills, Trial.kill)):
        people = crew(CREW + CREW_A_TIME * count, random.Random(seed))
        folder = tempfile.TemporaryDirectory(prefix="werfpoort-power-")
        with folder as name, VirtualSite(Path(name), people) as site:
            trial = Trial(site, seed)
            for _ in range(count):
                way(trial)
            trial.settle()
            tallies.append(trial.tally)
    return tallies[0], tallies[1]


def main(cuts: int, kills: int) -> int:
    """Exit code: 0 when nothing that was shown is lost."""
    begun = time.monotonic()
    cut, killed = tried(cuts, kills, seed=int(time.time()))
    print(cut.text("power cut"))
    print(killed.text("kill -9"))
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if cut.wrong or killed.wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
