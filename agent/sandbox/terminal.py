"""The virtual site for whoever sits at the terminal: one key a deed, one line of lamps."""

from __future__ import annotations

import select
import sys
import termios
import threading
import time
import tty

from agent.sandbox.site import PINS, VirtualSite
from drivers.emulators.nfc_cards import Card, ntag213, phone

WORKER_KEYS = "123456789abcd"
COLOURS = {"amber": "\x1b[43m", "green": "\x1b[42m", "red": "\x1b[41m"}
LOOK_S = 0.05

HELP = """\
  {workers}
  u  an unknown badge        p  a phone (random number)
  n  pull the network / put it back        s  service down / back
  t  status                  q  end
"""


class Terminal:
    """Reads keys until `q`; taps run beside, so that lamps are seen while a badge is held."""

    def __init__(self, site: VirtualSite) -> None:
        self._site = site
        cards = (ntag213(person.uid) for person in site.people)
        self._cards = dict(zip(WORKER_KEYS, cards, strict=False))
        self._faults = {"n": False, "s": False}
        self._shown = ""

    def run(self) -> int:
        """0 once the person has had enough."""
        crew = zip(WORKER_KEYS, self._site.people, strict=False)
        names = (f"{key}  {person.name}" for key, person in crew)
        print(HELP.format(workers="\n  ".join(names)))
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            while (key := self._key()) != "q":
                self._press(key)
        except KeyboardInterrupt:
            pass
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        print("\nthe gate is closed")
        return 0

    def _key(self) -> str:
        while not select.select([sys.stdin], [], [], LOOK_S)[0]:
            self._show()
        return sys.stdin.read(1) or "q"

    def _show(self) -> None:
        """Draws the lamps where they changed."""
        level = self._site.board.level
        lamps = "  ".join(
            f"{COLOURS[name] if level(PINS[name]) else ''} {name} \x1b[0m" for name in COLOURS
        )
        line = f"{lamps}  {'BEEP' if level(PINS['buzzer']) else '    '}"
        if line != self._shown:
            self._shown = line
            sys.stdout.write(f"\r{line}")
            sys.stdout.flush()

    def _press(self, key: str) -> None:
        match key:
            case "n" | "s":
                self._faults[key] = not self._faults[key]
                network, service = self._faults["n"], self._faults["s"]
                self._site.set_faults(unreachable=network, status=503 if service else None)
                self._say(
                    f"network {'pulled' if network else 'well'}, "
                    f"service {'down' if service else 'well'}"
                )
            case "u":
                self._tap("an unknown badge", ntag213("04DEADBEEF0001"))
            case "p":
                self._tap("a phone", phone())
            case "t":
                from agent.desk.status import as_text

                self._say(as_text(self._site.status()))
            case _ if key in self._cards:
                place = WORKER_KEYS.index(key)
                self._tap(self._site.people[place].name, self._cards[key])

    def _tap(self, who: str, card: Card) -> None:
        self._say(f"{time.strftime('%H:%M:%S')}  {who} taps")
        threading.Thread(target=self._site.tap, args=(card,), daemon=True).start()

    def _say(self, text: str) -> None:
        self._shown = ""
        print("\r\x1b[K" + text)
