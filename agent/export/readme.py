"""What may be read by whoever finds a stick: whose it is, which period, and how it is opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.paper.wording import TRAINING
from agent.locale import LANGUAGES, texts

NAME = "README.txt"
_BOM, _LINE = "\ufeff", "\r\n"
"""So that the Notepad of any Windows shows it right."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One bundle as far as anybody may know of it."""

    file: str
    journal: str
    since: dt.date
    until: dt.date
    upto: int
    head: str


def beside(gate: str, bundles: Iterable[Taken], *, training: bool) -> str:
    """The text that lies on a stick, in the four languages."""
    parts = [TRAINING] if training else []
    bundles = sorted(bundles, key=lambda taken: (taken.until, taken.upto, taken.file))
    for language in LANGUAGES:
        said = texts(language, "bundle")
        lines = [said["readme.title"].format(gate=gate), ""]
        lines += [said["readme.what"], said["readme.open"], f"  {said['readme.open.age']}"]
        lines += [said["readme.found"], ""]
        for taken in bundles:
            lines.append(taken.file)
            lines.append(
                f"  {said['readme.period']}: {taken.since:%d/%m/%Y} - {taken.until:%d/%m/%Y}"
            )
            head = said["readme.head"].format(journal=taken.journal, upto=taken.upto)
            lines.append(f"  {head}: {taken.head}")
        parts.append(_LINE.join(lines))
    return _BOM + (_LINE * 2 + "-" * 72 + _LINE * 2).join(parts) + _LINE


def inside(gate: str, firm: str, *, training: bool) -> str:
    """The text that lies in a bundle, in the four languages."""
    parts = [TRAINING] if training else []
    for language in LANGUAGES:
        said = texts(language, "bundle")
        lines = [f"{said['readme.title'].format(gate=gate)} - {firm}", ""]
        lines += [
            f"  {name:<20} {said[f'bundle.inside.{key}']}"
            for name, key in (
                ("journal.jsonl", "journal"),
                ("registrations.csv", "registrations"),
                ("obligations.csv", "obligations"),
                ("days/", "days"),
                ("lists/", "lists"),
            )
        ]
        parts.append(_LINE.join([*lines, "", said["bundle.inside.personal"]]))
    return _BOM + (_LINE * 2 + "-" * 72 + _LINE * 2).join(parts) + _LINE
