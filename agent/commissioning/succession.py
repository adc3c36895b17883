"""Begins a spare gate's journal with what the old gate knew, before its agent runs at all."""

from __future__ import annotations

from dataclasses import dataclass

from agent.assembly import clock_of, owned
from agent.config import Config
from agent.core.commands import Reply
from agent.core.events import RosterOffered, RosterUnreadable
from agent.core.identifiers import mask_inss
from agent.core.moment import Moment
from agent.core.obligations import Obligation
from agent.core.predecessor import PlaceTaken, Predecessor
from agent.core.succession import left_out
from agent.journal.keeper import Keeper
from agent.roster.watch import offer

_ASKED = 1


class NotTaken(Exception):
    """The place was not taken; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: `left` are those whom the roster of this gate does not name."""

    said: str
    left: tuple[Obligation, ...]
    strangers: int

    @property
    def text(self) -> str:
        """For the technician."""
        lines = [self.said]
        lines += [
            f"  not on the roster here: {_named(o)}, {o.day}: {_stands(o)}" for o in self.left
        ]
        if any(o.outcome is None for o in self.left):
            lines.append("  register these by the online service, or put them on paper today")
        if self.strangers:
            lines.append(
                f"  {self.strangers} taps there led to nobody yet (unknown badges, no clock): let "
                "these people tap here"
            )
        return "\n".join(lines)


def succeed(config: Config, old: Predecessor) -> Taken:
    """Takes the old gate's place with the journal of `config`, which must not run.

    Raises NotTaken, and what `assembly.owned` raises.
    """
    clock = clock_of(config)
    with owned(config, clock) as keeper:
        now = clock.now()
        return take_place(keeper, old, offer(config.gate.roster, config.site.declaration, now), now)


def take_place(
    keeper: Keeper, old: Predecessor, roster: RosterOffered | RosterUnreadable, now: Moment
) -> Taken:
    """The same for a journal that somebody else opened. Raises NotTaken."""
    if isinstance(roster, RosterOffered):
        keeper.do(roster)
    elif not keeper.state.book.listed:
        raise NotTaken(
            f"nobody of the export would be recognised, for {roster.source} is no roster: "
            f"{roster.reason}; to do: put the roster (CSV) where gate.roster says, then repeat this"
        )
    commands = keeper.do(PlaceTaken(now, old, _ASKED))
    (reply,) = (command for command in commands if isinstance(command, Reply))
    if not reply.done:
        raise NotTaken(reply.text)
    return Taken(reply.text, left_out(keeper.state, old), old.strangers)


def _named(o: Obligation) -> str:
    person = o.person
    number = mask_inss(person.inss or person.limosa)
    return f"{person.surname} {person.given_name} ({number}, {person.employer})"


def _stands(o: Obligation) -> str:
    return "open" if o.outcome is None else o.outcome.value
