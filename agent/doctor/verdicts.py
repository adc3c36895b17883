"""What is said of each part, for a person, a machine and a shell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any


class Grade(IntEnum):
    """How a part stands; a higher one is worse. The worst one is the command's exit code."""

    WELL = 0
    UNTRIED = 1
    """Nobody could tell: not configured, or it takes a person or the agent to stop."""
    WARNING = 2
    BROKEN = 3


EXIT_CODES = {Grade.WELL: 0, Grade.UNTRIED: 0, Grade.WARNING: 1, Grade.BROKEN: 2}

SIGNS = {Grade.WELL: "ok", Grade.UNTRIED: "--", Grade.WARNING: "??", Grade.BROKEN: "NO"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One part: how it stands, what was found, and what to do (empty where there is nothing)."""

    part: str
    grade: Grade
    found: str
    to_do: str = ""

    def __str__(self) -> str:
        """One line, and one more with what to do."""
        line = f"{SIGNS[self.grade]}  {self.part}: {self.found}"
        return f"{line}\n      → {self.to_do}" if self.to_do else line


def well(part: str, found: str) -> Verdict:
    """A part that is in order."""
    return Verdict(part, Grade.WELL, found)


def broken(part: str, found: str, to_do: str) -> Verdict:
    """A part that is not."""
    return Verdict(part, Grade.BROKEN, found, to_do)


def warning(part: str, found: str, to_do: str) -> Verdict:
    """A part that works, and will not for ever or not well."""
    return Verdict(part, Grade.WARNING, found, to_do)


def untried(part: str, found: str, to_do: str = "") -> Verdict:
    """A part of which nothing can be said."""
    return Verdict(part, Grade.UNTRIED, found, to_do)


def worst(verdicts: Iterable[Verdict]) -> Grade:
    """The worst grade; WELL for none."""
    return max((verdict.grade for verdict in verdicts), default=Grade.WELL)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """0 when nothing is wrong, 1 with warnings, 2 when a part is broken."""
    return EXIT_CODES[worst(verdicts)]


def as_json(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Each verdict as plain values."""
    return [{**asdict(verdict), "grade": verdict.grade.name.lower()} for verdict in verdicts]


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many of each grade, in words."""
    grades = [verdict.grade for verdict in verdicts]
    named = (
        (Grade.BROKEN, "broken"),
        (Grade.WARNING, "with a warning"),
        (Grade.UNTRIED, "not tried"),
        (Grade.WELL, "well"),
    )
    return ", ".join(f"{grades.count(grade)} {name}" for grade, name in named if grade in grades)
