"""What the gate answers to an export.

One at a time: a second stick waits until the first is out. Whoever wrote it says how it ended; if
that word never comes (the unit was killed), the same stick may be put in again, and for any other
one the gate stops waiting after a while and says so.
"""

from __future__ import annotations

from agent.core.commands import AskForExport, Show
from agent.core.export_events import (
    ExportAsked,
    ExportDone,
    ExportEvent,
    ExportOver,
    StickWished,
)
from agent.core.exports import LONGEST_MS, due_ms
from agent.core.journal_records import ExportBegun, ExportEnded
from agent.core.signals import Signal
from agent.core.turn import Turn


def answer(turn: Turn, event: ExportEvent) -> None:
    """What an event of an export leads to."""
    export = turn.state.export
    match event:
        case ExportAsked(_, target, stick, asked):
            if export is not None and export.runs and export.target == target:
                _ended(turn, target, "broken off: the same was asked anew", stick=export.stick)
            elif export is not None and export.runs:
                turn.reply(asked, False, f"an export to {export.target} runs; wait for its end")
                return
            turn.record(ExportBegun(target, stick))
            turn.reply(asked, True, f"export to {target} begins")
        case ExportDone(_, bundle, asked):
            turn.record(bundle)
            turn.reply(asked, True, f"bundle {bundle.file} is noted")
        case StickWished(_, asked):
            if export is not None and export.runs:
                turn.reply(asked, False, f"an export to {export.target} runs; wait for its end")
                return
            turn.say(AskForExport())
            turn.reply(asked, True, "the stick that is in is written; the panel shows how it goes")
        case ExportOver(_, target, stick, failure, asked):
            if export is not None and export.runs and export.target != target:
                turn.reply(asked, False, f"the export to {export.target} runs, not one to {target}")
                return
            _ended(turn, target, failure, stick=stick)
            turn.reply(asked, True, f"export to {target} has ended")


def _ended(turn: Turn, target: str, failure: str, *, stick: bool) -> None:
    turn.record(ExportEnded(target, failure, stick))
    if stick and not failure:
        turn.say(Show(Signal.STICK_SAFE, ""))


def keep(turn: Turn) -> None:
    """Ends an export of which no word came for too long."""
    export, ends_ms = turn.state.export, due_ms(turn.state.export)
    if export is not None and ends_ms is not None and turn.at.mono_ms >= ends_ms:
        minutes = LONGEST_MS // 60_000
        _ended(turn, export.target, f"no word of it came for {minutes} minutes", stick=export.stick)
