"""How a technician spoils the roster file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.core.roster import Worker
from agent.sandbox.people import Person, roster_csv


def _without(people: list[Person], text: str, who: int) -> str:
    return roster_csv([p for n, p in enumerate(people) if n != who % len(people)])


def _swapped(people: list[Person], text: str, who: int) -> str:
    n, other = who % len(people), (who + 1) % len(people)
    swapped = list(people)
    swapped[n] = replace(people[n], uid=people[other].uid)
    swapped[other] = replace(people[other], uid=people[n].uid)
    return roster_csv(swapped)


def _wrong_number(people: list[Person], text: str, who: int) -> str:
    number = people[who % len(people)].worker.inss
    return text.replace(number, f"{number[:-1]}{(int(number[-1]) + 1) % 10}") if number else text


def other_number(worker: Worker) -> str:
    """A number that passes every check, and that the authority does not know."""
    if not worker.inss:
        return f"{worker.limosa[:-1]}{(int(worker.limosa[-1]) + 1) % 10}"
    first_nine = int(worker.inss[:9]) // 1000 * 1000 + (int(worker.inss[6:9]) + 500) % 997 + 1
    return f"{first_nine:09}{97 - first_nine % 97:02}"


def _unknown_number(people: list[Person], text: str, who: int) -> str:
    worker = people[who % len(people)].worker
    return text.replace(worker.inss or worker.limosa, other_number(worker))


UNKNOWN = "a number is one that nobody has"
EDITS: dict[str, Callable[[list[Person], str, int], str]] = {
    "a row is missing": _without,
    "two badges are swapped": _swapped,
    "a number has a typing error": _wrong_number,
    UNKNOWN: _unknown_number,
    "half of the file is missing": lambda people, text, who: text[: len(text) // 2],
    "the file is empty": lambda people, text, who: "",
    "the file is a photo": lambda people, text, who: "\x89PNG\r\n\x1a\n" + text[::-1],
    "the columns have other names": lambda people, text, who: text.replace("badge_uid", "kaart"),
    "the order is another": lambda people, text, who: roster_csv(people[::-1]),
}
"""What becomes of the file with these people and this text; the number draws whose row it is."""
SPOILT = {"half of the file is missing", "the file is empty", "the file is a photo"} | {
    "the columns have other names"
}
"""Of these a gate must take nothing, and keep the roster that it has."""
