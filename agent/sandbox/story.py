"""A story: what happened at a site, replayed through the pure core, and what came of it.

    replay(path)     →  StoryResult: incidents, calls, steps, outcomes, and what its file expects
    described(…)     →  the lines that a person reads

The format is in docs/stories.md; the stories that come along lie in `stories/`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.core.delivery.registrations import Ticket
from agent.core.events import CauseConfirmationAsked, Failure, Gap, StepAsked
from agent.core.moment import Trust
from agent.core.outage.incident_log import Incident
from agent.core.outage.incident_records import (
    CauseCorrected,
    ExemptionsWithdrawn,
    ObligationsExempted,
    PeopleCalled,
    Stop,
)
from agent.core.outage.measurements import Layer, Reading, from_readings, readings
from agent.core.outage.procedure_records import By, Step, StepTaken
from agent.core.paper.paper_events import ReferenceEntered
from agent.core.paper.paper_records import ListStands, ObligationOnPaper, ReferenceGot
from agent.core.records import (
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    RejectionStored,
)
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Stage

ZONE = ZoneInfo("Europe/Brussels")
SHIPPED = Path(__file__).parent / "stories"
WARM_UP_MS = 600_000
"""All was well this long before the first thing happens."""
DO = ("taps", "again", "measured", "fails", "works", "answers", "clock", "dark", "step", "confirm")
KEYS = frozenset((*DO, "time", "reference", "now", "firm"))
"""What one [[at]] may say."""


class StoryError(Exception):
    """A story file cannot be played: names the file, the place and what is expected there."""


@dataclass(frozen=True, slots=True)
class StoryResult:
    """What came of a story. `expected`: what its file says must come of it."""

    title: str
    incidents: tuple[str, ...]
    called: tuple[str, ...]
    steps: tuple[str, ...]
    outcomes: Mapping[str, int]
    first_outcomes: Mapping[str, int]
    corrections: tuple[str, ...]
    now: tuple[str, ...]
    expected: Mapping[str, Any]

    def differences(self) -> tuple[str, ...]:
        """Where it ends otherwise than its file says; empty when it does not."""
        found = self.found()
        return tuple(
            f"{key}: expected {wanted!r}, found {found[key]!r}"
            for key, wanted in self.expected.items()
            if found[key] != wanted
        )

    def found(self) -> dict[str, Any]:
        """What may be expected, by its key in the file."""
        return {
            "incidents": list(self.incidents),
            "called": list(self.called),
            "steps": list(self.steps),
            "outcomes": dict(self.outcomes),
            "first_outcomes": dict(self.first_outcomes),
            "corrections": list(self.corrections),
            "now": list(self.now),
        }


def replay(path: Path) -> StoryResult:
    """What comes of the story in this file; raises StoryError."""
    try:
        story = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StoryError(f"{path}: cannot be read as a story: {error}") from error
    try:
        return _Play(story).play()
    except KeyError as error:
        raise StoryError(f"{path}: {error} is missing or unknown; see docs/stories.md") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise StoryError(f"{path}: {error}; see docs/stories.md") from error


class _Play:
    """One story on its stage."""

    def __init__(self, story: Mapping[str, Any]) -> None:
        self._story = story
        self._day = story.get("day", dt.date(2026, 11, 24))
        self._happenings = sorted(
            ((self._unix_ms(each["time"]), each) for each in story["at"]), key=lambda e: e[0]
        )
        for _, each in self._happenings:
            if strange := sorted(set(each) - KEYS):
                raise ValueError(f"[[at]] {each['time']}: {strange[0]} is none of {sorted(KEYS)}")
        rules = rules_of(story, ZONE)
        self._stage = Stage(
            rules, dict(well_scene(rules.facts)), self._happenings[0][0] - WARM_UP_MS
        )
        self._now: list[str] = []

    def _unix_ms(self, text: str) -> int:
        """`07:00` on the first day, `2 07:00` two days later, with seconds where given."""
        days, _, clock = text.rpartition(" ")
        day = self._day + dt.timedelta(days=int(days or 0))
        at = dt.datetime.combine(day, dt.time.fromisoformat(clock), ZONE)
        return round(at.timestamp() * 1000)

    def play(self) -> StoryResult:
        """Lets everything happen, to the end."""
        stage = self._stage
        stage.begin(past_of(self._story, self._day, stage.rules))
        for at_ms, each in self._happenings:
            stage.run(at_ms)
            stage.happen()
            self._happen(each)
        stage.run(self._unix_ms(self._story.get("until", "1 00:05")))
        return _result(self._story, stage, self._now)

    def _happen(self, each: Mapping[str, Any]) -> None:
        stage = self._stage
        for name, given in each.get("measured", {}).items():
            layer, _, of = name.partition("/")
            known = stage.scene.get((Layer(layer), of))
            before = readings(known) if known is not None else {}
            stage.scene[Layer(layer), of] = from_readings(Layer(layer), {**before, **given})
        for name, given in each.get("fails", {}).items():
            stage.fails[name] = _failure(given)
        for name in each.get("works", ()):
            stage.fails.pop(name, None)
        if "answers" in each:
            stage.answers = set(each["answers"])
        if "clock" in each:
            stage.clock(Trust(each["clock"]))
        if "dark" in each:
            self._dark(each["dark"])
        stage.taps(each.get("again", 0), again=True)
        stage.taps(each.get("taps", 0))
        self._said(each)
        if "now" in each:
            self._now.append(stage.now(each.get("firm", "")))

    def _dark(self, given: Mapping[str, Any]) -> None:
        stage = self._stage
        mains = Reading(given.get("mains", "unknown"))
        gap = Gap(stage.at, Stop(given["why"]), mains)
        stage.dark(self._unix_ms(given["until"]), gap, Trust(given.get("clock", "ntp")))

    def _said(self, each: Mapping[str, Any]) -> None:
        stage = self._stage
        if given := each.get("step"):
            stage.do(
                StepAsked(
                    stage.at,
                    given.get("incident", ""),
                    Step(given["step"]),
                    By(given.get("by", "keypad")),
                    given.get("firm", ""),
                )
            )
        if given := each.get("confirm"):
            stage.do(
                CauseConfirmationAsked(
                    stage.at,
                    given.get("incident", ""),
                    given["cause"],
                    By(given.get("by", "command")),
                    given.get("who", "site manager"),
                    given.get("reference", ""),
                )
            )
        if given := each.get("reference"):
            firm, number = given.get("firm", ""), given["number"]
            stage.do(ReferenceEntered(stage.at, number, By.KEYPAD, firm, "centre"))


def _failure(given: str | Mapping[str, Any]) -> Failure:
    """`"NotReached"`, or a table with the kind and what the answer said."""
    if isinstance(given, str):
        given = {"kind": given}
    ticket = Ticket(
        http_status=given.get("status"),
        code=given.get("code", ""),
        origin=given.get("origin", ""),
        environment=given.get("environment", "Production"),
    )
    return Failure(given["kind"], "", unsure=bool(given.get("unsure")), ticket=ticket)


# --- what came of it -----------------------------------------------------------------------------


def _result(story: Mapping[str, Any], stage: Stage, now: list[str]) -> StoryResult:
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    called: list[str] = []
    steps: list[str] = []
    corrections: list[str] = []
    for entry in stage.entries:
        at = entry.at.local(ZONE).strftime("%H:%M")
        match entry.record:
            case ObligationOpened(reference):
                last[reference] = "open"
            case PeopleCalled(name, text):
                called.append(" ".join(filter(None, (at, name, text))))
            case StepTaken(name, firm, step, by):
                steps.append(f"{name} {step} ({' '.join(filter(None, (firm, by)))})")
            case ReferenceGot(number, firm):
                steps.append(f"reference {number} ({firm})")
            case ListStands(_, reference):
                steps.append(f"list {reference}")
            case CauseCorrected(name, party, taken=taken):
                corrections.append(f"{name} {party}: {taken}")
            case record:
                for reference, outcome in _outcomes(record):
                    first.setdefault(reference, outcome)
                    last[reference] = outcome
    return StoryResult(
        title=story["title"],
        incidents=tuple(_told(incident) for incident in stage.state.log.incidents.values()),
        called=tuple(called),
        steps=tuple(steps),
        outcomes=Counter(last.values()),
        first_outcomes=Counter(first.values()),
        corrections=tuple(corrections),
        now=tuple(now),
        expected=story["expect"],
    )


def _outcomes(record: object) -> Iterator[tuple[str, str]]:
    match record:
        case ReceiptStored(reference):
            yield reference, "registered"
        case ObligationOnPaper(reference):
            yield reference, "on paper"
        case RejectionStored(reference):
            yield reference, "rejected"
        case ObligationExpired(reference):
            yield reference, "expired"
        case ObligationsExempted(references=references):
            yield from ((reference, "exempt") for reference in references)
        case ExemptionsWithdrawn(references=references):
            yield from ((reference, "expired") for reference in references)


def _told(incident: Incident) -> str:
    """`07:00-07:40 internet.provider-dead: infrastructure`; a stretch each, `…` while it lasts."""
    times = ",".join(
        f"{s.since.local(ZONE):%H:%M}-{s.until.local(ZONE):%H:%M}"
        if s.until is not None
        else f"{s.since.local(ZONE):%H:%M}-…"
        for s in incident.stretches
    )
    return f"{times} {incident.row}: {incident.whose}"


def described(result: StoryResult) -> Iterator[str]:
    """The lines that a person reads."""
    yield result.title
    for name in ("incidents", "called", "steps", "corrections", "now"):
        for line in result.found()[name]:
            yield f"  {name.removesuffix('s'):<11} {line}"
    for outcome, many in sorted(result.outcomes.items()):
        yield f"  {'outcome':<11} {many} {outcome}"
    for difference in result.differences():
        yield f"  DIFFERS     {difference}"


def told(file: Path, *, as_json: bool = False) -> int:
    """Replays `file` (or the one of that name that comes along) and prints what came of it; the
    exit code: 0 when it ended as the file says."""
    shipped = SHIPPED / f"{file}.toml"
    try:
        result = replay(shipped if not file.exists() and shipped.exists() else file)
    except StoryError as error:
        print(error, file=sys.stderr)
        return 2
    if as_json:
        found = {"title": result.title, **result.found(), "differences": result.differences()}
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        print("\n".join(described(result)))
    return 1 if result.differences() else 0
