"""The classifier's score: incidents drawn one by one, each with two truths.

Whose it was is the world's truth; what the gate could know is the best that its measurements, and
what a person at the keypad said, allow (causes.py). One evening each: a path that delivered in the
morning, one cause that stops every channel, people who tap; for some also midnight, which makes of
it what it does. An exemption where the truth is not a third party's is false.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.core.obligations import Outcome
from agent.core.outage.procedure_records import Step
from agent.core.outage.whose import EXEMPTING, Whose
from agent.sandbox.people import crew
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.drawing import site_of
from agent.sandbox.world.infrastructure import Infrastructure
from agent.sandbox.world.play import Play
from agent.sandbox.world.values import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    ZONE,
    Away,
    Happening,
    Site,
    Somebody,
    Tap,
    Trouble,
    World,
)

INCIDENTS = 1_000
PEOPLE = 3
FIRST = dt.datetime(2026, 11, 23, tzinfo=ZONE)
ENDS_MS = DAY_MS + 70 * MINUTE_MS
LAST_LOOK_MS = 20 * HOUR_MS
TO_MIDNIGHT = 10
"""Every tenth incident is lived through to midnight, and what that makes of those who tapped."""
NOBODY = "no incident"


@dataclass(frozen=True, slots=True)
class Judged:
    """One incident: its cause, both truths, what the gate said, and how many it made exempt."""

    number: int
    kind: str
    truth: Whose
    could_know: Whose
    said: str
    row: str
    exempt: int

    @property
    def false(self) -> bool:
        """An exemption, or the promise of one, that the truth does not carry."""
        claims = self.said in EXEMPTING or self.exempt > 0
        return claims and self.truth not in EXEMPTING

    @property
    def right(self) -> bool:
        """What the gate said is what it could know; where it delivered all the same, it rightly
        said nothing."""
        open_ = self.could_know is Whose.UNDETERMINED
        return self.said == self.could_know or (open_ and self.said == NOBODY)


def drawn(number: int) -> tuple[World, str]:
    """The world of this incident, and its cause."""
    chance = random.Random(f"incident/{number}")
    while True:
        site = msgspec.structs.replace(site_of(chance), patient=True)
        kinds = [k for k, cause in CAUSES.items() if cause.where(site) and _stops(site, k)]
        if not site.cleaners and kinds:
            break
    kind = chance.choice(kinds)
    people = tuple(
        Somebody(person.worker, person.uid) for person in crew(PEOPLE, random.Random(number))
    )
    begins = round(chance.uniform(17.2, 17.6) * HOUR_MS)
    happenings: list[Happening] = [Tap(7 * HOUR_MS, people[0].uid, 0)]
    happenings.append(Trouble(begins, DAY_MS - begins + 2 * HOUR_MS, kind))
    for n in (1, 2):
        at_ms = begins + round(chance.uniform(1, 25) * MINUTE_MS) + n * SECOND_MS
        happenings.append(Tap(at_ms, people[n].uid, n))
    if chance.random() < 0.3:
        happenings.append(Away(HOUR_MS, DAY_MS))
    world = World(number, FIRST, 2, site, people, (0, 1, 2), tuple(happenings))
    return world, kind


def _stops(site: Site, kind: str) -> bool:
    """Whether this cause alone leaves no channel."""
    truth = Infrastructure(site, random.Random(0))
    truth.begins(kind)
    return not any(truth.works(line) for line in site.lines)


def judged(number: int) -> Judged:
    """Lives through the incident of this number."""
    world, kind = drawn(number)
    cause = CAUSES[kind]
    with Play(world) as play:
        try:
            play.live(LAST_LOOK_MS)
            state = play.daemon.keeper.state
            running = state.log.running("checkinatwork")
            steps = {s.step for case_ in state.cases.by_firm.values() for s in case_.steps}
            if number % TO_MIDNIGHT == 0:
                play.live(ENDS_MS)
        finally:
            play.watch.over()
        exempt = play.watch.owing.all.values()
        return Judged(
            number,
            kind,
            cause.whose(world.site),
            _could_know(kind, cause.could_know(world.site), Step.PHONE_NO in steps),
            NOBODY if running is None else str(running.whose),
            "" if running is None else running.row,
            sum(owed.outcome is Outcome.EXEMPT for owed in exempt),
        )


def _could_know(kind: str, alone: Whose, asked: bool) -> Whose:
    """With a person's answer that no phone opens it either, an unreachable service is known."""
    return Whose.SERVICE if kind == "rsz-unreachable" and asked else alone


# --- the table -----------------------------------------------------------------------------------


def table(found: Iterable[Judged]) -> Iterator[str]:
    """The score as Markdown: truth × classification, each cause, and what is missed."""
    all_ = tuple(found)
    said = [*(str(whose) for whose in Whose), NOBODY]
    counts = Counter((str(j.truth), j.said) for j in all_)
    yield "| truth | " + " | ".join(said) + " |"
    yield "|---|" + "--:|" * len(said)
    for truth in Whose:
        if any(t == truth for t, _ in counts):
            row = (str(counts[truth, name] or "·") for name in said)
            yield f"| {truth} | " + " | ".join(row) + " |"
    knowable = [j for j in all_ if j.could_know is not Whose.UNDETERMINED]
    right = sum(j.right for j in knowable)
    open_ = [j for j in all_ if j.could_know is Whose.UNDETERMINED]
    yield ""
    yield f"- {len(all_)} incidents; false exemptions: {sum(j.false for j in all_)}"
    known = f"{right} of {len(knowable)} right ({_share(right, knowable)})"
    yield f"- where the gate could know: {known}"
    kept = sum(j.right for j in open_)
    yield f"- where it could not: {kept} of {len(open_)} left open ({_share(kept, open_)})"
    yield ""
    yield "| cause | whose | could know | incidents | said |"
    yield "|---|---|---|--:|---|"
    for kind in CAUSES:
        of_kind = [j for j in all_ if j.kind == kind]
        for truth, best in sorted({(j.truth, j.could_know) for j in of_kind}):
            these = [j for j in of_kind if (j.truth, j.could_know) == (truth, best)]
            words = Counter(f"{j.said} ({j.row or '-'})" for j in these)
            text = ", ".join(f"{n}× {word}" for word, n in words.most_common())
            yield f"| {CAUSES[kind].words} | {truth} | {best} | {len(these)} | {text} |"


def _share(part: int, whole: list[Judged]) -> str:
    return f"{100 * part / len(whole):.1f} %" if whole else "none"


def main(arguments: list[str]) -> int:
    """FIRST LAST [FILE]: judges these incidents, and prints the score of all that FILE holds with
    them. Exit code: 0 when no exemption was false."""
    first, last, *files = arguments
    kept = Path(files[0]) if files else None
    lines = kept.read_bytes().splitlines() if kept is not None and kept.exists() else []
    known = {j.number: j for line in lines for j in [msgspec.json.decode(line, type=Judged)]}
    for number in range(int(first), int(last)):
        if number not in known:
            known[number] = judged(number)
            if kept is not None:
                with kept.open("ab") as file:
                    file.write(msgspec.json.encode(known[number]) + b"\n")
    print("\n".join(table(known.values())))
    return int(any(j.false for j in known.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["0", str(INCIDENTS)]))
