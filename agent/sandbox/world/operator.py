"""The person at the gate: comes when it calls, late or not at all; reads the slip and does what it
says, phones, and types what came of it at the keypad, not always right.

What this person says of the world is true: whether the online service opens on a phone, what a
third party gave a number for. A person who lies is beyond what a gate can find out, and its journal
names who said it.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

from agent.core.outage import instructions
from agent.sandbox.presence_ledger import Submitted
from agent.sandbox.simulation import CODE, KEY_MS
from agent.sandbox.world.values import MINUTE_MS, SECOND_MS, Card, Cut, Interrupted, Stop

if TYPE_CHECKING:
    from agent.sandbox.world.play import Play

CALLS = frozenset(("called", "number-wanted", "printer-waits"))
"""What stands on the panel while somebody is wanted."""
COMES, GOES = dt.time(6, 15), dt.time(19, 30)
"""When anybody is there who would see it."""
NEW_ROLL_PARTS = 200


class Operator:
    """Acts through the keypad of `play` alone, and on the printer's roll."""

    def __init__(self, play: Play) -> None:
        self.away_until_ms = 0
        self.said: list[str] = []
        self.answered: list[tuple[int, bool]] = []
        """When the question of the phone was answered with the right code, and what was true."""
        self.numbered: list[tuple[int, str]] = []
        """When a third party's number was given to the gate, and for which cause."""
        self.owned: list[int] = []
        """When somebody said that it was a cause of the site's own."""
        self._read = 0  # slips that somebody saw
        self._play = play
        self._chance = random.Random(f"{play.world.seed}/operator")
        self._coming = False
        self._number = ""
        self._haste = 8 if play.world.site.diligent else 1
        self.interrupted: Interrupted | None = None

    def sees(self, resting: str) -> None:
        """The panel shows this now, and a slip may lie there that nobody read."""
        if resting in CALLS or len(self._play.tray.slips) > self._read:
            self._come(self._chance.lognormvariate(2.3, 1.0) / self._haste)

    def _come(self, minutes: float) -> None:
        if not self._coming:
            self._coming = True
            after_ms = round(min(minutes, 600) * MINUTE_MS)
            self._play.inbox.later(self._play.clock.true_ms + after_ms, self._visit)

    def _visit(self) -> None:
        play, self._coming = self._play, False
        now = play.world.at(play.clock.true_ms)
        if not play.watch.running or play.clock.true_ms < self.away_until_ms:
            self._come(30)
        elif not COMES <= now.time() < GOES:
            self._come(45)
        else:
            read, self._read = self._read, len(play.tray.slips)
            if play.panel.resting in CALLS:
                self._act(play.panel.resting)
                self._come(self._chance.uniform(4, 40) / self._haste)
            elif self._read > read:
                self._act("called")

    def _act(self, resting: str) -> None:
        play = self._play
        if resting == "printer-waits":
            play.tray.roll = NEW_ROLL_PARTS
            self._looks()
            return
        if resting == "number-wanted":
            self._enter_number()
            return
        asked = instructions.now(play.daemon.keeper.state, play.clock.now())
        if asked is not None:
            self._follow(asked.key)

    def _looks(self) -> None:
        """Where only a person can tell what came out: whoever sees every page says so, or lets it
        be printed again, which is never wrong."""
        papers, whole = self._play.daemon.keeper.state.papers, self._play.tray.whole
        unsure = [job for job in papers.jobs.values() if job.unsure]
        if unsure:
            there = all((j.number, n) in whole for j in unsure for n in range(1, j.parts + 1))
            self.types("6#1#" if there and self._chance.random() < 0.7 else "6#2#")

    def does(self, keys: str) -> None:
        """Types this; nothing: a reference number."""
        if self._play.watch.running and keys:
            self.types(keys, asked=keys in ("2#", "3#"))
        elif self._play.watch.running:
            self._enter_number()

    def _follow(self, key: str) -> None:
        """Does what the slip says."""
        chance, opens = self._chance, self._play.truth.opens_on_a_phone()
        match key:
            case "now.contact-supplier":
                self.types("31#" if chance.random() < 0.3 else "30#")
            case "now.ask-phone" | "now.exempt-ask-phone" | "now.other-arrangement":
                self._says_of_a_phone(opens=opens)
            case "now.supplier-mends" | "now.call-centre":
                self.types("40#" if chance.random() < 0.2 else "41#")
            case "now.use-form" | "now.enter-reference":
                self._enter_number()
            case "now.print-list":
                self.types("2#", asked=True)
            case "now.register-online":
                if opens and chance.random() < 0.5:
                    self._register_online()

    def _enter_number(self) -> None:
        if not self._number or self._chance.random() < 0.4:
            self._number = str(self._chance.randrange(10_000, 99_999_999))
        again = self._number
        if self._chance.random() < 0.15:
            again = str(int(self._number) + 1)
        self.types(f"{self._number}#{again}#", asked=again == self._number)

    def _says_of_a_phone(self, *, opens: bool) -> None:
        if self.types("21#" if opens else "20#"):
            self.answered.append((self._play.clock.true_ms, opens))

    def types(self, keys: str, *, asked: bool = False) -> bool:
        """The code, sometimes mistyped, and these keys; True when it was the right one. `asked`:
        which day it is comes after them where the gate does not know that."""
        if asked and not self._play.clock.now().trusted:
            keys += f"{self._play.world.day(self._play.clock.true_ms):%d%m%Y}#"
        right = self._chance.random() < 0.9
        code = CODE if right else "4312"
        begins_s = (self._play.clock.true_ms + 2 * SECOND_MS) / 1000
        self.said.append(keys)
        self._play.press(begins_s, f"{code}#")
        self._play.press(begins_s + 5, keys)
        interrupted, self.interrupted = self.interrupted, None
        if interrupted is not None:
            ends_ms = 7 * SECOND_MS + len(keys) * KEY_MS
            self._play.after(ends_ms + interrupted.after_ms, lambda: self._interrupt(interrupted))
        return right

    def _interrupt(self, by: Interrupted) -> None:
        """What comes between, as it would come at any other time."""
        at_ms = self._play.clock.true_ms
        match by.how:
            case "power":
                self._play.happen(Cut(at_ms, by.lasts_ms, by.crossing))
            case "stop":
                self._play.happen(Stop(at_ms, by.lasts_ms))
            case _:
                self._play.happen(Card(at_ms, by.lasts_ms, by.how))

    def _register_online(self) -> None:
        """Who waits is registered by phone, in the online service, under the firm's account."""
        play = self._play
        now, today = play.now(), play.world.day(play.clock.true_ms)
        for o in play.daemon.keeper.state.ledger.waiting_on((today,)):
            if o.duty == "checkinatwork" and not o.ahead:
                person = o.person
                company = int(person.employer) if person.inss else None
                play.offices.ledger.register(
                    Submitted(today, person.declaration, person.inss, company, person.limosa),
                    now,
                    "the online service",
                )

    def number(self) -> int:
        """Of a ticket, as somebody else gave it."""
        return self._chance.randrange(100_000, 999_999)

    def phoned(self) -> None:
        """What opens on a phone now is said, whether the gate asks or not."""
        if self._play.watch.running:
            self._says_of_a_phone(opens=self._play.truth.opens_on_a_phone())
