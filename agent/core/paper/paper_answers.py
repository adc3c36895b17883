"""What the gate does about each event of the keypad and of the paper procedure."""

from __future__ import annotations

from agent.core.paper import print_jobs
from agent.core.paper.enrolment import enrolment_asked
from agent.core.paper.lists import copy_asked, lines_counted, list_asked, reference_entered
from agent.core.paper.paper_events import (
    CodeChecked,
    CopyAsked,
    EnrolmentAsked,
    KeyTyped,
    LinesCounted,
    ListAsked,
    PaperChecked,
    PaperEvent,
    PaperMoved,
    ReferenceEntered,
    SlipAsked,
)
from agent.core.paper.paper_records import CodeRefused, OperatorAdmitted
from agent.core.turn import Turn


def answer(turn: Turn, event: PaperEvent) -> None:
    """Carries out what was asked, and remembers what must be."""
    match event:
        case KeyTyped():
            pass  # the dialogue hears it; a key alone changes nothing
        case CodeChecked(_, keypad, right, asked):
            turn.record(OperatorAdmitted(keypad) if right else CodeRefused(keypad))
            turn.reply(asked, right, "the code is right" if right else "the code is wrong")
        case ReferenceEntered():
            reference_entered(turn, event)
        case ListAsked():
            list_asked(turn, event)
        case CopyAsked():
            copy_asked(turn, event)
        case PaperChecked():
            print_jobs.paper_checked(turn, event)
        case LinesCounted():
            lines_counted(turn, event)
        case SlipAsked():
            print_jobs.slip_asked(turn, event)
        case PaperMoved():
            print_jobs.paper_moved(turn, event)
        case EnrolmentAsked():
            enrolment_asked(turn, event)
