"""The classifier's score: incidents drawn one by one (evenings.py), each with two truths.

Whose it was is the world's truth; what the gate could know is the best that its measurements, and
people at the keypad, allow (knowable.py). Nothing of either is taken from what the gate said. Most
are lived through to midnight and what that makes of those who tapped. False is an exemption, or the
promise of one, where for more than some minutes something else than a third party's failure stood
in the way, or where a phone opened the online service and the gate was told.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.core.obligations import Outcome
from agent.core.outage.table import ROWS
from agent.core.outage.whose import EXEMPTING, Whose
from agent.sandbox.world import knowable
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.claims import RULE, TOLERATED_MS
from agent.sandbox.world.evenings import ALONE, SHAPES, Evening, drawn
from agent.sandbox.world.play import Play
from agent.sandbox.world.timeline import Standing, Timeline, behind, false_because
from agent.sandbox.world.values import MINUTE_MS, SECOND_MS, Tap

INCIDENTS = 1_000
NOBODY = "no incident"
WAITING = "no incident, though somebody waits"
_MEASURED = {row.key: row.whose for row in ROWS}
ATTEMPTS_MS = 6 * MINUTE_MS
"""By then whoever waits has been sent again."""
ANSWERED_MS = 3 * MINUTE_MS
"""By then the gate has heard what was typed."""


class Judged(msgspec.Struct, frozen=True):
    """One incident: its shape and causes, both truths, what the gate said and by which row, and how
    many it made exempt. `false`: why an exemption is; `alike`: nothing measured told it from a
    third party's. `wrong`: what else should never have been."""

    number: int
    shape: str
    kind: str
    truth: Whose
    could_know: Whose
    said: str
    row: str
    exempt: int
    false: str = ""
    alike: bool = False
    wrong: str = ""

    @property
    def given(self) -> bool:
        """A third party's number carries it, not what was measured."""
        return self.said in EXEMPTING and _MEASURED.get(self.row) not in EXEMPTING

    @property
    def right(self) -> bool:
        """What the gate said is what it could know; where nobody waits it rightly said nothing."""
        open_ = self.could_know is Whose.UNDETERMINED
        return self.said == self.could_know or (open_ and self.said == NOBODY)


def judged(number: int) -> Judged:
    """Lives through the incident of this number."""
    evening = drawn(number)
    site = evening.world.site
    with Play(evening.world) as play:
        try:
            play.live(evening.look_ms)
            running = play.daemon.keeper.state.log.running("checkinatwork")
            said = str(running.whose) if running is not None else _nothing(play)
            failing, behind_it = frozenset(play.truth.failing), behind(play.truth)
            people, refused = _people(play, evening), _refused(play, evening.look_ms)
            could = knowable.best(site, failing, people, evening.apart_ms, refused=refused)
            if evening.to_midnight or said in EXEMPTING:
                play.live(evening.ends_ms)
        finally:
            play.watch.over()
    why, alike = _false(play, evening, promised=said in EXEMPTING)
    return Judged(
        number,
        evening.shape,
        " + ".join(evening.kinds),
        CAUSES[behind_it].whose(site),
        Whose.UNDETERMINED if said == NOBODY else could,
        said,
        "-" if running is None else running.row,
        sum(owed.outcome is Outcome.EXEMPT for owed in play.watch.owing.all.values()),
        why,
        alike,
        "; ".join(str(wrong) for wrong in play.watch.wrong if wrong.rule != RULE),
    )


def _nothing(play: Play) -> str:
    """Without an incident: whether the services lack anybody who tapped."""
    owed = play.watch.owing.all.values()
    return NOBODY if all(play.watch.services.of(one) for one in owed) else WAITING


def _people(play: Play, evening: Evening) -> knowable.People:
    """What people could tell: that a phone opens it holds for the day, that none does for as long
    as the same causes last."""
    answers = [a for a in play.operator.answered if a[0] < evening.look_ms - ANSWERED_MS]
    opens = answers[-1][1] if answers else None
    if opens is False and answers[-1][0] < evening.since_ms:
        opens = None
    numbers = (n for n in play.operator.numbered if evening.since_ms < n[0] < evening.look_ms)
    numbered = frozenset(kind for _, kind in numbers)
    own = any(evening.since_ms < at_ms < evening.look_ms for at_ms in play.operator.owned)
    return knowable.People(evening.somebody_is_there, opens, numbered, own)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time in which the same failed. `waits`: somebody who tapped waited for longer than it takes
    to send again, so that the services were called; `tried`: for long enough that a call failed and
    all was measured."""

    ends_ms: int
    lasts_ms: int
    stands: Standing
    failing: frozenset[str]
    waits: bool
    tried: bool


def _stretches(play: Play, ends_ms: int) -> Iterator[_Stretch]:
    """Those from the morning on, in truth."""
    taps = [h.at_ms for h in play.world.happenings if isinstance(h, Tap)]
    at_ms = works_ms = 0
    for lasts_ms, stands, failing in play.watch.timeline.between(0, ends_ms):
        at_ms += lasts_ms
        waits, tried = (
            lasts_ms > least_ms and any(works_ms <= tap < at_ms - least_ms for tap in taps)
            for least_ms in (ATTEMPTS_MS, MINUTE_MS)
        )
        yield _Stretch(at_ms, lasts_ms, stands, failing, waits, tried)
        if stands is Standing.WORKS and lasts_ms > SECOND_MS:
            works_ms = at_ms


def _refused(play: Play, look_ms: int) -> bool:
    """Whether the service found the gate at fault today, and nothing showed since that this is
    mended: it took nobody, in a time too short to send again whoever waited."""
    refused, site = False, play.world.site
    taken = _taken_ms(play)
    for stretch in _stretches(play, look_ms):
        failing = stretch.failing
        beside = {kind for kind in failing if CAUSES[kind].beside}
        without = knowable.shows(knowable.of(site, failing - beside))
        heard = beside and knowable.shows(knowable.of(site, failing)) != without
        begins_ms = stretch.ends_ms - stretch.lasts_ms
        took = any(begins_ms <= at_ms < stretch.ends_ms for at_ms in taken)
        works = stretch.stands is Standing.WORKS and (took or stretch.lasts_ms > ATTEMPTS_MS)
        stays = refused and not works
        refused = stays or (bool(heard) and stretch.waits)
    return refused


def _taken_ms(play: Play) -> list[int]:
    """When the services took somebody, in ms since the world began."""
    owed, began = play.watch.owing.all.values(), play.world.at(0)
    found = (entry for one in owed for entry in play.watch.services.of(one))
    return [round((entry.created - began).total_seconds() * 1000) for entry in found]


def _false(play: Play, evening: Evening, *, promised: bool) -> tuple[str, bool]:
    """Why an exemption, or the promise of one, is false; and whether nothing told it from one that
    is true. Empty when none is."""
    owed = play.watch.owing.all.values()
    spans = [(o.tapped_ms, evening.midnight_ms) for o in owed if o.outcome is Outcome.EXEMPT]
    if promised:
        spans.append((evening.look_ms - TOLERATED_MS - MINUTE_MS, evening.look_ms))
    early = [w.text for w in play.watch.wrong if w.rule == RULE and "before its day" in w.text]
    told = [at_ms for at_ms, opens in play.operator.answered if opens]
    for begins_ms, ends_ms in spans:
        if any(begins_ms <= at_ms < ends_ms - ANSWERED_MS for at_ms in told):
            early.append("a phone opened the online service, and the gate was told")
    truth = _strict(play)
    why = [false_because(truth, *span, TOLERATED_MS) for span in spans]
    if early:
        return early[0], False
    return next(filter(None, why), ""), any(why) and not _showed(play, truth, spans)


def _strict(play: Play) -> Timeline:
    """How it stood, where a third party's failure alone is its."""
    site, made = play.world.site, Timeline()
    for at_ms, (stands, failing) in zip(
        play.watch.timeline.since, play.watch.timeline.stands, strict=True
    ):
        kind = behind(knowable.of(site, failing))
        ours = stands is Standing.THEIRS and kind and not CAUSES[kind].exempts(site)
        made.note(at_ms, Standing.OURS if ours else stands, failing)
    return made


def _showed(play: Play, truth: Timeline, spans: list[tuple[int, int]]) -> bool:
    """Whether anything told what was ours in these times from a third party's, then or earlier that
    day while the same failed."""
    site = play.world.site
    ours: set[str] = set()
    for begins_ms, ends_ms in spans:
        for _, stands, failing in truth.between(begins_ms, ends_ms):
            if stands in (Standing.WORKS, Standing.DARK) or (
                stands is Standing.OURS and not failing
            ):
                return True
            if stands is Standing.OURS:
                here = {kind for kind in failing if not CAUSES[kind].exempts(site)}
                if not here:  # a clock that is not trusted, a card that takes nothing
                    return True
                ours |= here
    day = _stretches(play, max((ends_ms for _, ends_ms in spans), default=0))
    return any(
        knowable.told_apart(site, stretch.failing, called=stretch.waits, tried=stretch.tried)
        for stretch in day
        if stretch.failing & ours
    )


# --- the table -----------------------------------------------------------------------------------


def table(found: Iterable[Judged]) -> Iterator[str]:
    """The score as Markdown: truth × classification, each shape and cause, and what is missed."""
    all_ = tuple(found)
    said = [*(str(whose) for whose in Whose), NOBODY, WAITING]
    said = [name for name in said if any(j.said == name for j in all_)]
    counts = Counter((str(j.truth), j.said) for j in all_)
    yield "| truth | " + " | ".join(said) + " |"
    yield "|---|" + "--:|" * len(said)
    for truth in Whose:
        if any(t == truth for t, _ in counts):
            row = (str(counts[truth, name] or "·") for name in said)
            yield f"| {truth} | " + " | ".join(row) + " |"
    yield ""
    false = [j for j in all_ if j.false and not j.alike and not j.given]
    given = [j for j in all_ if j.false and j.given]
    alike = [j for j in all_ if j.false and j.alike and not j.given]
    yield f"- {len(all_)} incidents; false exemptions: {len(false)}"
    yield f"- beside them, where ours looked just like a third party's failure: {len(alike)}"
    yield f"- and where a third party's number, in good faith, was not all of it: {len(given)}"
    yield f"- where the gate could know: {_right(_knowable(all_))} right"
    yield f"- where it could not: {_right(_open(all_))} left open"
    yield f"- exempt at midnight: {sum(j.exempt for j in all_)} people"
    yield f"- anything else that should never have been: {sum(bool(j.wrong) for j in all_)}"
    yield ""
    yield from _shapes(all_)
    yield ""
    yield from _causes(all_)


def _knowable(found: Iterable[Judged]) -> list[Judged]:
    return [j for j in found if j.could_know is not Whose.UNDETERMINED]


def _open(found: Iterable[Judged]) -> list[Judged]:
    return [j for j in found if j.could_know is Whose.UNDETERMINED]


def _right(found: list[Judged]) -> str:
    """Part of whole, and the share."""
    part = sum(j.right for j in found)
    share = f" ({100 * part / len(found):.1f} %)" if found else ""
    return f"{part} of {len(found)}{share}"


def _shapes(all_: tuple[Judged, ...]) -> Iterator[str]:
    yield "| shape | incidents | right of knowable | left open of others | false | alike, number |"
    yield "|---|--:|--:|--:|--:|--:|"
    for shape in SHAPES:
        these = [j for j in all_ if j.shape == shape]
        false = sum(bool(j.false) and not j.alike and not j.given for j in these)
        alike = sum(bool(j.false) and (j.alike or j.given) for j in these)
        right, kept = _right(_knowable(these)), _right(_open(these))
        yield f"| {shape} | {len(these)} | {right} | {kept} | {false} | {alike} |"


def _causes(all_: tuple[Judged, ...]) -> Iterator[str]:
    yield "| one cause | whose | could know | incidents | said |"
    yield "|---|---|---|--:|---|"
    for kind in CAUSES:
        of_kind = [j for j in all_ if j.kind == kind and j.shape == ALONE]
        for truth, best in sorted({(j.truth, j.could_know) for j in of_kind}):
            these = [j for j in of_kind if (j.truth, j.could_know) == (truth, best)]
            words = Counter(f"{j.said} ({j.row})" for j in these)
            text = ", ".join(f"{n}× {word}" for word, n in words.most_common())
            yield f"| {CAUSES[kind].words} | {truth} | {best} | {len(these)} | {text} |"


def missed(found: Iterable[Judged]) -> Iterator[str]:
    """Each that is false, wrong, or not what the gate could know, in a line."""
    for j in found:
        if j.false or j.wrong or not j.right:
            how = " (alike)" if j.alike else " (by a number)" if j.given else ""
            text = f"{j.number} ({j.shape}: {j.kind}): in truth {j.truth}, "
            text += f"could know {j.could_know}, said {j.said} ({j.row})"
            text += f"; FALSE{how}: {j.false}" if j.false else ""
            yield text + (f"; WRONG: {j.wrong}" if j.wrong else "")


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
    found = [known[number] for number in sorted(known)]
    print("\n".join(table(found)))
    print("\n".join(["", *missed(found)]))
    return int(any((j.false and not j.alike and not j.given) or j.wrong for j in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["0", str(INCIDENTS)]))
