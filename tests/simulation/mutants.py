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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEEK_DAYS, MOST_DAYS = 7, 1_000
WORKERS = 10


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect: `old` becomes `new` in `file`. `claims`: it is one of the classifier's, so that the
    incidents of its score are lived through, an evening each, in place of whole weeks."""

    name: str
    file: str
    old: str
    new: str
    claims: bool = False


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
        'Row("internet.no-anchor", Layer.INTERNET, no_anchor, _OPEN,',
        'Row("internet.no-anchor", Layer.INTERNET, no_anchor, _THEIRS,',
        claims=True,
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
)

LIVES = """
import sys
from agent.sandbox.world.drawing import drawn
from agent.sandbox.world.living import lived
days = 0
for seed in range(1, 1 + {weeks}):
    world = drawn(seed, 1, {workers})
    try:
        wrong = lived(world, stops=True).wrong
    except Exception as defect:  # the agent itself fell over it: caught as well
        print(f"{{days + 7}}\\t{{seed}}\\tit fell over: {{type(defect).__name__}}: {{defect}}")
        sys.exit(3)
    if wrong:
        days += wrong[0].at_ms // 86_400_000 + 1
        print(f"{{days}}\\t{{seed}}\\t{{wrong[0].rule}}: {{wrong[0].text}}")
        sys.exit(3)
    days += 7
print(f"{{days}}\\t-\\tnot caught")
"""


CLAIMS = """
import sys
from agent.sandbox.world.score import judged
for number in range(1, 1 + {weeks} * 7 // 2):
    found = judged(number)
    if found.false:
        said = f"{{found.said}}, {{found.exempt}} exempt; in truth {{found.truth}} ({{found.kind}})"
        print(f"{{2 * number}}\t{{number}}\t5.4 no false exemption: {{said}}")
        sys.exit(3)
print(f"{{2 * number}}\t-\tnot caught")
"""


def caught(mutant: Mutant | None, weeks: int = MOST_DAYS // WEEK_DAYS) -> tuple[int, str, str]:
    """After how many site-days, by which seed, and as what; 0 days when it was not. None: the agent
    as it is."""
    with tempfile.TemporaryDirectory(prefix="werfpoort-mutant-") as folder:
        copy = Path(folder)
        for package in ("agent", "drivers"):
            shutil.copytree(ROOT / package, copy / package, symlinks=True)
        if mutant is not None:
            file = copy / mutant.file
            text = file.read_text(encoding="utf-8")
            if text.count(mutant.old) != 1:
                return 0, "-", f"the patch does not fit {mutant.file} any more"
            file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        lives = CLAIMS if mutant is not None and mutant.claims else LIVES
        script = lives.format(weeks=weeks, workers=WORKERS)
        ran = subprocess.run(
            [sys.executable, "-c", script],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        last = ran.stdout.strip().splitlines()[-1] if ran.stdout.strip() else f"0\t-\t{ran.stderr}"
        days, seed, how = last.split("\t", 2)
        return (int(days) if ran.returncode == 3 else 0), seed, how


def main(names: list[str]) -> int:
    """Exit code: 0 when each was caught."""
    chosen = [m for m in MUTANTS if not names or m.name in names]
    furthest = 1
    print("| defect | caught after | seed | as | s |\n|---|--:|--:|---|--:|", flush=True)
    missed = 0
    for mutant in chosen:
        begun = time.monotonic()
        days, seed, how = caught(mutant)
        missed += not days
        if seed.isdecimal() and not mutant.claims:
            furthest = max(furthest, int(seed))
        after = f"{days} site-days" if days else "NOT CAUGHT"
        took = time.monotonic() - begun
        print(f"| {mutant.name} | {after} | {seed} | {how[:110]} | {took:.0f} |", flush=True)
    days, seed, how = caught(None, furthest)
    sound = f"nothing in {furthest} weeks" if not days else f"WRONG after {days} site-days"
    print(f"| the agent as it is | {sound} | {seed} | {how[:110]} | |", flush=True)
    print(f"\n{len(chosen) - missed} of {len(chosen)} caught")
    return int(missed > 0 or days > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
