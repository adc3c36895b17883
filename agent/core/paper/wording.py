"""How things are written on paper, in one or two languages one after the other.

Texts are given by the caller: one mapping a language, message key → text with {named} places.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from agent.core.outage.procedure_records import By

_WAYS = frozenset(By)
_KEPT = "\N{NO-BREAK SPACE}"  # where a line may not end
TRAINING = "OEFENING / EXERCICE / ÜBUNG / TRAINING"  # in all four, whatever the languages


class Texts(Protocol):
    """Message key → text with {named} places, in one language; raises KeyError."""

    def __getitem__(self, key: str, /) -> str: ...


class Wording:
    """The texts of a document's languages."""

    def __init__(self, languages: Sequence[Texts]) -> None:
        self.languages = languages

    def say(self, key: str, **places: object) -> str:
        """The text in each language, one after the other; said once where they agree."""
        return " / ".join(self.each(key, **places))

    def each(self, key: str, **places: object) -> list[str]:
        """The text in each language by itself; said once where they agree."""
        return list(dict.fromkeys(texts[key].format(**places) for texts in self.languages))

    def field(self, key: str, value: str) -> str:
        """A label and what stands behind it, with the colon as the first language sets it."""
        return self.languages[0]["list.field"].format(label=self.say(key), value=value)

    def who(self, by: str) -> str:
        """Who did it: one of `By` in each language, or the name of a person as it is."""
        return self.say(f"list.by.{by}") if by in _WAYS else by


def national(inss: str) -> str:
    """As on the card: 85.01.15-123.55."""
    return f"{inss[:2]}.{inss[2:4]}.{inss[4:6]}-{inss[6:9]}.{inss[9:]}"


def company(number: str) -> str:
    """As the register of enterprises writes it: 0123.456.789; "" stays empty."""
    return f"{number[:4]}.{number[4:7]}.{number[7:]}" if number else ""


def instant(moment: dt.datetime) -> str:
    """With seconds and offset: 24/11/2026 07:10:07 +01:00. Without an offset its time of the day
    is not known: 24/11/2026."""
    if moment.tzinfo is None:
        return f"{moment:%d/%m/%Y}"
    offset = f"{moment:%z}"
    return f"{moment:%d/%m/%Y{_KEPT}%H:%M:%S}{_KEPT}{offset[:3]}:{offset[3:5]}"


def minute(moment: dt.datetime) -> str:
    """As people say it: 24/11/2026 07:10."""
    return f"{moment:%d/%m/%Y{_KEPT}%H:%M}"
