"""What is wrong in a file that a person wrote: where it stands, how it is wrong, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend. `where`: line, key or column. `warning`: it works all the same."""

    file: str
    where: str
    problem: str
    mend: str
    warning: bool = False

    def __str__(self) -> str:
        """One line, fit for a log."""
        return f"{self._place}: {self._problem}; {self.mend}"

    @property
    def _place(self) -> str:
        return f"{self.file}: {self.where}" if self.where else self.file

    @property
    def _problem(self) -> str:
        return f"warning: {self.problem}" if self.warning else self.problem


def report(findings: Iterable[Finding]) -> str:
    """Each finding in two lines, what is wrong and what to do; then how many. "" for none."""
    shown = tuple(findings)
    if not shown:
        return ""
    lines = [f"{f._place}: {f._problem}\n    → {f.mend}" for f in shown]
    warnings = sum(f.warning for f in shown)
    counts = ((len(shown) - warnings, "error"), (warnings, "warning"))
    lines.append(", ".join(f"{n} {what}{'s' if n > 1 else ''}" for n, what in counts if n))
    return "\n".join(lines)
