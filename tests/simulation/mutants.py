"""make simulate-mutants: deliberate defects, each put into a copy of the agent, each to be caught.

A simulation that finds nothing proves nothing unless it would. Each mutant is a patch of the source
in a temporary copy: nothing of it is in the code that ships. The copy lives through worlds drawn
from fixed seeds until something is wrong, for 1,000 site-days at most.

    mutants.py            all of them;  mutants.py NAME …  these
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEEK_DAYS, MOST_DAYS = 7, 1_000
WORKERS = 10
DAYS = {"weeks": WEEK_DAYS, "evenings": 2, "lists": 2, "turns": 2, "claims": 2}
"""How long a world lasts: a week of a site; the evenings of the classifier's score to the end, with
a roll that ends and somebody who comes; the same with a number that is typed at seven, and nobody
who sees to the printer; the same with another trouble from nine on, at once or minutes later, and
the first one's ticket; and those evenings as far as the score goes, judged by it."""
AT_A_TIME = 2
"""Processes: the two cores of the machine that this is meant for."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect: `old` becomes `new` in `file`. `also` (file, old, new): where one line of defence
    stands behind the other. `where`: the worlds in which it should be seen, a key of DAYS."""

    name: str
    file: str
    old: str
    new: str
    where: str = "weeks"
    also: tuple[tuple[str, str, str], ...] = ()

    @property
    def patches(self) -> tuple[tuple[str, str, str], ...]:
        """All of it: file, old text, new text."""
        return ((self.file, self.old, self.new), *self.also)


MUTANTS = (
    Mutant(
        "synchronous=NORMAL",
        "agent/journal/store.py",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = NORMAL",
    ),
    Mutant(
        "lamp before commit",
        "agent/daemon.py",
        "        try:\n            commands = self.keeper.do(event)\n",
        "        if isinstance(event, Tapped):\n"
        "            self._on_panel(partial(self._panel.show, SIGNALS[Signal.STORED].pattern))\n"
        "        try:\n            commands = self.keeper.do(event)\n",
    ),
    Mutant(
        "retry without reconcile",
        "agent/core/delivery/lines.py",
        "return may_ask(line, way, Ability.SEARCH) and way.blind < BLIND_AFTER",
        "return False",
    ),
    Mutant(
        "a lost answer counts as not sent",
        "agent/channels/base.py",
        '"""The request went out and no whole answer came back."""\n\n    sent = True\n'
        "    retry = False",
        '"""The request went out and no whole answer came back."""\n\n    sent = False\n'
        "    retry = True",
    ),
    Mutant(
        "what a power cut interrupted counts as not sent",
        "agent/core/gate.py",
        "                    unsure=True,\n",
        "                    unsure=False,\n",
    ),
    Mutant(
        "midnight off by one hour",
        "agent/core/moment.py",
        "return self.local(zone).date()",
        "return (self.local(zone) - dt.timedelta(hours=1)).date()",
    ),
    Mutant(
        "winter time all year",
        "agent/core/moment.py",
        "return dt.datetime.fromtimestamp(self.unix_ms / 1000, zone)",
        "return dt.datetime.fromtimestamp(\n"
        "            self.unix_ms / 1000, dt.timezone(dt.timedelta(hours=1))\n        )",
    ),
    Mutant(
        "exemption on unknown evidence",
        "agent/core/outage/table.py",
        "Row(NO_ANCHOR, Layer.INTERNET, no_anchor, _OPEN,",
        "Row(NO_ANCHOR, Layer.INTERNET, no_anchor, _THEIRS,",
        where="claims",
    ),
    Mutant(
        "each tap of a day is registered",
        "agent/core/obligations.py",
        "        if duty.per is Per.TAP:\n            return None\n        today",
        "        if duty.per is Per.TAP or at.trusted:\n            return None\n        today",
    ),
    Mutant(
        "midnight forgets whoever waits",
        "agent/core/delivery/expiry.py",
        "for o in (*ledger.waiting_on(over), *handed):",
        "for o in handed:",
        where="evenings",
    ),
    Mutant(
        "green without a receipt",
        "agent/core/entrance.py",
        "            return Signal.REFUSED\n    return Signal.STORED",
        "            return Signal.REFUSED\n    return Signal.REGISTERED",
    ),
    Mutant(
        "an untrusted clock dates taps",
        "agent/core/entrance.py",
        "    elif not turn.at.trusted:\n        _store(",
        "    elif False:\n        _store(",
    ),
    Mutant(
        "a seal that forgets the one before",
        "agent/journal/store.py",
        "self._seq, self._head, self._signed = batch.seq, batch.head, signed",
        "self._seq, self._signed = batch.seq, signed",
    ),
    Mutant(
        "a state counts before it is durable",
        "agent/journal/keeper.py",
        "        state, commands = gate.step(self.state, event)\n        records",
        "        state, commands = gate.step(self.state, event)\n        self.state = state\n"
        "        records",
    ),
    Mutant(
        "handed over counts as registered",
        "agent/core/delivery/answers.py",
        "HandoverStored(answer.reference, attempt, channel))\n        return None",
        'ReceiptStored(answer.reference, attempt, channel, "", ()))\n'
        "        return turn.state.ledger.of(answer.reference)",
    ),
    Mutant(
        "one third party among the causes of a day exempts",
        "agent/core/outage/exemption.py",
        "exempt[key] = all(",
        "exempt[key] = any(",
        also=(
            (
                "agent/core/outage/exemption.py",
                "return all(incident is not None and incident.exempts for incident in chain)",
                "return any(incident is not None and incident.exempts for incident in chain)",
            ),
        ),
        where="turns",
    ),
    Mutant(
        "a reprint does not say that it is one",
        "agent/core/paper/print_jobs.py",
        "sent = EVERY_PART if job.due.copy else job.sent + job.lost",
        "sent = job.certain",
        where="evenings",
    ),
    Mutant(
        "a list that was only ordered is proof",
        "agent/core/paper/print_jobs.py",
        "if ended and obligation.on_paper and",
        "if ended and obligation.lists and",
        where="lists",
    ),
    Mutant(
        "a list bears masked numbers",
        "agent/paper/listing.py",
        "            inss=worker.inss,",
        '            inss=worker.inss[:6] + "•••" + worker.inss[9:],',
        where="evenings",
    ),
    Mutant(
        "half a roster is taken",
        "agent/core/badges.py",
        "return gone * THIRD > len(book.listed)",
        "return False",
    ),
    Mutant(
        "a slip bears a number",
        "agent/paper/slip_contents.py",
        "waiting=_unregistered(state, now),\n        supplier=supplier,",
        "waiting=_unregistered(state, now),\n        supplier=slips.Supplier(\n"
        "            next((o.person.inss for o in state.ledger.obligations.values()), ''), '-'\n"
        "        ),",
        where="evenings",
    ),
    Mutant(
        "the page bears numbers",
        "agent/core/presence.py",
        "        person.surname, person.given_name, person.employer, obligation.at,",
        "        person.surname, person.inss, person.employer, obligation.at,",
    ),
    Mutant(
        "the log bears numbers, and nothing masks them",
        "agent/core/records.py",
        "    shown = [(name, getattr(record, name)) for name in record.LOGGED]\n",
        "    shown = [(name, getattr(record, name)) for name in record.LOGGED]\n"
        '    shown += [("inss", record.person.inss)] if hasattr(record, "person") else []\n',
        also=(("agent/logs.py", "return NUMBER.sub(_mask, text)", "return text"),),
    ),
)

CAUGHT, NOTHING = 3, "not caught"
"""How the process ends that caught it; what it says when it did not."""
LIVES = """
import random
import sys
import msgspec
from agent.sandbox.world import score
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.claims import RULE
from agent.sandbox.world.drawing import drawn
from agent.sandbox.world.evenings import stops
from agent.sandbox.world.living import lived
from agent.sandbox.world.values import HOUR_MS, MINUTE_MS, Away, Roll, Ticket, Trouble, Typed

def weeks(number):
    return lived(drawn(number, 1, {workers}), stops=True).wrong

def evenings(number):
    world = score.drawn(number).world
    roll = Roll(HOUR_MS, number % 3)
    happenings = [h for h in world.happenings if not isinstance(h, Away)]
    return sure(number, msgspec.structs.replace(world, happenings=(roll, *happenings)))

def lists(number):
    world = score.drawn(number).world
    typed = Roll(HOUR_MS, number % 3), Typed(19 * HOUR_MS, "")
    return sure(number, msgspec.structs.replace(world, happenings=(*typed, *world.happenings)))

def sure(number, world):
    wrong = lived(world, stops=True).wrong
    judged = score.judged(number) if wrong and wrong[0].rule == RULE else None
    # Ours looked just like a third party's failure, or somebody's number was not all of it: nobody
    # at the gate could know.
    return () if judged and (judged.alike or judged.given) else wrong

def turns(number):
    world = score.drawn(number).world
    chance, site = random.Random(number), world.site
    first = next(h for h in world.happenings if isinstance(h, Trouble))
    kinds = [k for k, cause in CAUSES.items() if cause.where(site) and stops(site, k)]
    turn, gap = 21 * HOUR_MS, chance.choice((-1, chance.randrange(8, 14))) * MINUTE_MS
    theirs = CAUSES[first.kind].exempts(site)
    happenings = [h for h in world.happenings if h is not first]
    happenings += [Trouble(first.at_ms, turn - first.at_ms, first.kind)]
    happenings += [Trouble(turn + gap, 5 * HOUR_MS, chance.choice(kinds))]
    if theirs:
        happenings += [Ticket(20 * HOUR_MS, first.kind, first.at_ms, turn)]
    return lived(msgspec.structs.replace(world, happenings=tuple(happenings)), stops=True).wrong

def claims(number):
    found = score.judged(number)
    return [found] if found.false and not found.alike else []

days = 0
for number in range({first}, {last}):
    try:
        wrong = {what}(number)
    except Exception as defect:  # the agent itself fell over it: caught as well
        fell = f"it fell over: {{type(defect).__name__}}: {{defect}}"
        print(f"{{days + {days}}}\\t{{number}}\\t{{fell}}")
        sys.exit({caught})
    if wrong and {what} is claims:
        one = wrong[0]
        said = f"{{one.said}}, {{one.exempt}} exempt; in truth {{one.truth}} ({{one.kind}})"
        print(f"{{days + {days}}}\\t{{number}}\\t5.4 no false exemption: {{said}}")
        sys.exit({caught})
    if wrong:
        days += wrong[0].at_ms // 86_400_000 + 1
        print(f"{{days}}\\t{{number}}\\t{{wrong[0].rule}}: {{wrong[0].text}}")
        sys.exit({caught})
    days += {days}
print(f"{{days}}\\t-\\t{nothing}")
"""


@dataclass(frozen=True, slots=True)
class Found:
    """After how many site-days something was wrong, in which world, and what; `days` None: nothing
    was. `s`: how long it took."""

    days: int | None
    world: str
    how: str
    s: float


def lived(mutant: Mutant | None, where: str, first: int, last: int) -> Found:
    """What became of these worlds with this defect; None: the agent as it is."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="werfpoort-mutant-") as folder:
        copy = Path(folder)
        for package in ("agent", "drivers"):
            shutil.copytree(ROOT / package, copy / package, symlinks=True)
        for file, old, new in mutant.patches if mutant is not None else ():
            text = (copy / file).read_text(encoding="utf-8")
            if text.count(old) != 1:
                return Found(None, "-", f"the patch does not fit {file} any more", 0)
            (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        script = LIVES.format(
            what=where,
            days=DAYS[where],
            first=first,
            last=last,
            workers=WORKERS,
            caught=CAUGHT,
            nothing=NOTHING,
        )
        ran = subprocess.run(
            [sys.executable, "-c", script],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    last_line = (ran.stdout.strip().splitlines() or [f"0\t-\t{ran.stderr.strip()[-300:]}"])[-1]
    days, world, how = last_line.split("\t", 2)
    if ran.returncode not in (0, CAUGHT):
        how = f"it ended with {ran.returncode}: {ran.stderr.strip()[-200:]}"
    return Found(
        int(days) if ran.returncode == CAUGHT else None, world, how, time.monotonic() - begun
    )


def caught(mutant: Mutant) -> Found:
    """When it was first seen, within MOST_DAYS."""
    return lived(mutant, mutant.where, 1, 1 + MOST_DAYS // DAYS[mutant.where])


def sound(pool: ThreadPoolExecutor, furthest: dict[str, int]) -> Iterator[tuple[str, Found]]:
    """Nothing is wrong with the agent as it is, in any world in which a defect was seen."""
    parts: list[tuple[str, int, int]] = []
    for where, last in furthest.items():
        middle = 1 + last // 2
        parts += [(where, a, b) for a, b in ((1, middle), (middle, last + 1)) if a < b]
    for part, found in zip(parts, pool.map(lambda p: lived(None, *p), parts), strict=True):
        where, first, end = part
        yield f"the agent as it is, {where} {first} to {end - 1}", found


def row(name: str, found: Found, none: str) -> str:
    """A line of the table."""
    after = none if found.days is None else f"{found.days} site-days"
    how = "" if found.how == NOTHING else found.how
    return f"| {name} | {after} | {found.world} | {how[:110]} | {found.s:.0f} |"


def main(names: list[str]) -> int:
    """Exit code: 0 when each was caught, and the agent as it is did nothing wrong."""
    chosen = [m for m in MUTANTS if not names or m.name in names]
    furthest: dict[str, int] = {}
    missed = wrong = 0
    print("| defect | caught after | world | as | s |\n|---|--:|--:|---|--:|", flush=True)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for mutant, found in zip(chosen, pool.map(caught, chosen), strict=True):
            missed += found.days is None
            if found.world.isdecimal():
                last = int(found.world)
                furthest[mutant.where] = max(furthest.get(mutant.where, 1), last)
            print(row(mutant.name, found, "NOT CAUGHT"), flush=True)
        for name, found in sound(pool, furthest):
            wrong += found.days is not None or found.how != NOTHING
            print(row(name, found, "nothing wrong"), flush=True)
    print(f"\n{len(chosen) - missed} of {len(chosen)} caught")
    return int(missed + wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
