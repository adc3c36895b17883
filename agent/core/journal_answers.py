"""What the gate answers to what is asked of its journal."""

from __future__ import annotations

from agent.core.commands import Sign
from agent.core.journal_events import (
    CheckpointAsked,
    DamagedErasureAsked,
    ErasureAsked,
    JournalEvent,
)
from agent.core.journal_records import DamagedErased, PayloadsErased
from agent.core.turn import Turn


def answer(turn: Turn, event: JournalEvent) -> None:
    """What such an event leads to."""
    match event:
        case ErasureAsked():
            _erase(turn, event)
        case DamagedErasureAsked(_, file, reason, asked):
            turn.record(DamagedErased(file, reason))
            turn.reply(asked, True, f"damaged journal {file} is erased: {reason}")
        case CheckpointAsked(asked=asked):
            turn.say(Sign())
            turn.reply(asked, True, "the journal is signed")


def _erase(turn: Turn, event: ErasureAsked) -> None:
    """Never what the state still needs: then nothing of it, so that no plan is half carried out."""
    base, listed = turn.state.base(), turn.state.book.listed
    if any(span.last >= base for span in event.spans):
        turn.reply(event.asked, False, f"not erased: entries from {base} on are not settled")
    elif any(number in listed for number in event.workers):
        turn.reply(event.asked, False, "not erased: a worker of these is on the roster; ask again")
    else:
        erased = PayloadsErased(event.spans, event.reason, event.workers)
        turn.record(erased)
        turn.reply(event.asked, True, f"{erased.count} entries erased: {event.reason}")
