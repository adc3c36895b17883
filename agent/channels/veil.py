"""What a service wrote, made fit for a log: no national number, no endless text."""

from __future__ import annotations

import re

from agent.core.identifiers import mask_inss

MOST_CHARACTERS = 300
_LONG_NUMBER = re.compile(r"\d(?:[\s.\-/]?\d){10,}", re.ASCII)
"""11 digits and more: an INSS has 11, a Limosa number more (WIRE.md, section 3)."""


def veiled(text: str) -> str:
    """`text` on one line, every number that may be a person's masked, cut to a readable length."""
    line = " ".join(text.split())
    masked = _LONG_NUMBER.sub(lambda number: mask_inss(number[0]), line)
    return masked if len(masked) <= MOST_CHARACTERS else masked[: MOST_CHARACTERS - 1] + "…"
