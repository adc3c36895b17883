"""The state and its journal, kept together: a state counts once its records are durable."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from agent.core import gate
from agent.core.commands import Command, Record, Sign
from agent.core.events import Event, JournalMade
from agent.core.journal_records import PayloadsErased
from agent.core.moment import Moment
from agent.core.records import Entry, kind_of
from agent.core.rules import Rules
from agent.journal.checkpoint import Signer
from agent.journal.fault import JournalMismatch
from agent.journal.store import Journal

NAME_BYTES = 4
"""Of a journal: eight letters, so that our references fit the service's 24 characters."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A damaged journal: where it lies now, its last good entry, and what is wrong with it."""

    file: str
    upto: int
    head: bytes
    reason: str


class Keeper:
    """Owns the journal. `state` is immutable and may be read from any thread."""

    def __init__(self, journal: Journal, rules: Rules) -> None:
        self.journal = journal
        self.lost: Quarantine | None = None
        """The damaged journal in whose place this one came when it was opened."""
        self.other_key = b""
        """The key by which it was signed until now, where it is not the one that signs on."""
        self.state = gate.restore(rules, journal.entries_for_state())

    def do(self, event: Event) -> tuple[Command, ...]:
        """What is to be done after `event`, its records durable by now, in order.

        Raises JournalError when they could not be made durable: then nothing happened.
        """
        state, commands = gate.step(self.state, event)
        records = [command.record for command in commands if isinstance(command, Record)]
        sign = any(isinstance(command, Sign) for command in commands)
        if records or sign:
            erased = [r.spans for r in records if isinstance(r, PayloadsErased)]
            written = self.journal.append(event.at, records, tuple(chain(*erased)), sign=sign)
            for record in written[len(records) :]:  # a checkpoint
                entry = Entry(state.seq + 1, event.at, kind_of(record), record)
                state = gate.apply(state, entry)
        else:
            self.journal.tidy()
        self.state = state
        return commands


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose journal it is: the gate's name, and whether its registrations are real."""

    gate: str
    training: bool


def opened(
    database: Path | str,
    rules: Rules,
    chance: random.Random,
    owner: Owner,
    now: Moment,
    signer: Signer | None = None,
) -> Keeper:
    """The keeper of this journal; an empty one gets its name. Raises JournalError, and
    JournalMismatch when it holds real registrations and the gate is for training, or the other
    way round.
    """
    journal = Journal(database, chance, signer)
    try:
        return _begun(Keeper(journal, rules), chance, owner, now)
    except BaseException:
        journal.close()
        raise


def _begun(keeper: Keeper, chance: random.Random, owner: Owner, now: Moment) -> Keeper:
    state = keeper.state
    if not state.journal:
        name = chance.randbytes(NAME_BYTES).hex()
        keeper.do(JournalMade(now, name, owner.gate, owner.training))
    elif state.training is not owner.training:
        holds, wanted = ("training", "real") if state.training else ("real", "training")
        raise JournalMismatch(
            f"journal {keeper.journal.name} holds {holds} registrations, and this gate is "
            f"configured for {wanted} ones",
            "set gate.training as it was, or give gate.data_dir another folder",
        )
    return keeper
