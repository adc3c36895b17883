"""The people of the virtual site: made-up workers with valid numbers, each with a badge."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.roster import Worker

DECLARATION = "1Y1000NF9KCQZ"
EMPLOYERS = {"0448181966": "Bouwwerken De Linde", "0200065765": "Toitures Meunier"}
MAIN_CONTRACTOR = "0448181966"

_SURNAMES = (
    "Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters Lambert Dupont Martin "
    "Simon Laurent Müller Schmitz Nowak Kowalski Ionescu Popșa Yılmaz Öztürk Silva Santos García "
    "Fernández Novák Horváth Șerban Łukasik"
).split()
_GIVEN_NAMES = (
    "An Bram Céline Daan Emma Franz Greta Hugo Ioana Jan Koen Luc Marie Noé Olga Piotr Quinten "
    "Rosa Ștefan Tom Umut Vera Wim Xander Yasmine Zoé"
).split()


@dataclass(frozen=True, slots=True)
class Person:
    """A worker as the world knows one: with the badge in the pocket."""

    worker: Worker
    uid: str

    @property
    def name(self) -> str:
        """Given name and surname."""
        return f"{self.worker.given_name} {self.worker.surname}"


def crew(count: int, chance: random.Random) -> tuple[Person, ...]:
    """`count` people of the two employers, each with other numbers; the same for a seed."""
    employers = tuple(EMPLOYERS)
    people: dict[str, Person] = {}
    while len(people) < count:
        inss = _inss(chance)
        worker = Worker(
            surname=chance.choice(_SURNAMES),
            given_name=chance.choice(_GIVEN_NAMES),
            employer=employers[len(people) % len(employers)],
            declaration=DECLARATION,
            inss=inss,
            language=chance.choice(("nl", "fr", "de", "en")),
        )
        people.setdefault(inss, Person(worker, f"04{chance.randbytes(6).hex().upper()}"))
    return tuple(people.values())


def _inss(chance: random.Random) -> str:
    """A number by its rule (WIRE.md, section 3), of somebody born between 1960 and 1999."""
    first_nine = (
        chance.randint(60, 99) * 10**7
        + chance.randint(1, 12) * 10**5
        + chance.randint(1, 28) * 10**3
        + chance.randint(1, 997)
    )
    return f"{first_nine:09}{97 - first_nine % 97:02}"


def roster_csv(people: Iterable[Person]) -> str:
    """A roster file that names these people."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";", lineterminator="\n")
    columns = ("badge_uid", "surname", "given_name", "inss", "limosa", "employer", "language")
    rows.writerow(columns)
    for person in people:
        worker = person.worker
        rows.writerow(
            (
                person.uid,
                worker.surname,
                worker.given_name,
                worker.inss,
                worker.limosa,
                worker.employer,
                worker.language,
            )
        )
    return text.getvalue()
