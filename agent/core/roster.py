"""The workers and badges this gate knows, as values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker of one employer under one declaration of works.

    `inss` (11 digits) or `limosa`, never both; the other is empty. `employer` is a company number
    of 10 digits, empty only where a Limosa number stands alone. `declaration` is the
    declaration-of-works number. A worker is valid from `valid_from` until the end of
    `valid_until`; None: no bound. `latin` is the official Latin spelling of a name that is written
    in another script, as `surname, given name`. The national numbers stay out of `repr`, which ends
    in logs.
    """

    surname: str
    given_name: str
    employer: str
    declaration: str
    inss: str = field(default="", repr=False)
    limosa: str = field(default="", repr=False)
    language: str = ""
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    latin: str = ""

    @property
    def called(self) -> str:
        """The name in a line for a person; whoever was enrolled at the gate has none yet."""
        return f"{self.surname} {self.given_name}" if self.surname else "(no name yet)"

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two rows the same worker: person, employer, declaration."""
        return (self.inss or self.limosa, self.employer, self.declaration)

    def valid_on(self, day: dt.date) -> bool:
        """True while the roster entry counts on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster file that was read whole: badge UID (upper-case hex) → worker.

    A worker may hold several badges; a badge leads to one worker. `unbadged`: workers who are
    known and hold no badge yet, so that a person can assign them one.
    """

    badges: Mapping[str, Worker] = field(default_factory=dict)
    unbadged: tuple[Worker, ...] = ()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Every worker once, by identity, in the order of the file's badges, then the others."""
        once = {worker.identity: worker for worker in (*self.badges.values(), *self.unbadged)}
        return tuple(once.values())
