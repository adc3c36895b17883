"""How a need of the gate says what it wants to know of a service (see asking.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.core.delivery.inquiries import Question
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.events import InquiryEnded
from agent.core.moment import Moment
from agent.core.rules import Line
from agent.core.state import State
from agent.core.turn import Turn


@dataclass(frozen=True, slots=True)
class Wish:
    """A question, from when on it is wanted (monotonic), and which obligations it is about."""

    due_ms: int
    question: Question
    references: tuple[str, ...] = ()


Asker = Callable[[State, Line, Moment], Wish | None]
"""What this line shall be asked next; None: nothing. Cheap: it is asked after every event."""
Follower = Callable[[Turn, InquiryBegan, InquiryEnded], None]
"""Hears every answer before its inquiry is closed; it may record what it learns."""
