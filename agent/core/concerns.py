"""What an obligation asks of a person: what is wrong, who must act, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.delivery.receipt_records import CancellationRefused
from agent.core.delivery.registrations import ALREADY_REGISTERED
from agent.core.delivery.remarks import Who, explained
from agent.core.obligations import Obligation, Outcome

REAL_TIME = "checkinout"
_CENTRE = "the contact centre, 02 511 51 51"
_ONLINE = "the online service of the social security office"
_CORRECT = "ask the social security office for the correction, within 30 days"


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing for a person: `who` must `do` what about the `problem`. `key` and `act`: by which
    the page has both in its languages, with what somebody else `said` in it.
    """

    problem: str
    who: Who
    do: str
    key: str
    act: str
    said: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.problem}; {self.who}: {self.do}"


BOTH = "registered, on paper too"
"""Whoever stands on a list that is proof and was delivered after all: both are shown."""


def standing(obligation: Obligation) -> str:
    """Where it stands, in a word or two: its outcome, or what it waits for."""
    if obligation.on_paper:
        return Outcome.ON_PAPER.value
    if obligation.outcome is Outcome.REGISTERED and obligation.list_reference:
        return BOTH
    if obligation.outcome is not None:
        return obligation.outcome.value
    if obligation.handed_to:
        return "handed over"
    return "being sent" if obligation.attempt else "open"


def concerns(
    obligation: Obligation, today: dt.date, refused: CancellationRefused | None = None
) -> Iterator[Concern]:
    """What somebody must do about it, seen on `today`. `refused`: a cancellation that was."""
    if refused is not None:
        problem = f"not cancelled: {refused.problem}"
        said = f"{refused.problem} → {refused.hint}"
        yield Concern(problem, Who.MANAGER, refused.hint, "not-cancelled", "said", said)
    over = obligation.day < today
    match obligation.outcome:
        case Outcome.REGISTERED:
            yield from _remarked(obligation)
        case Outcome.REJECTED if not obligation.on_paper:
            mend = "mend its row: it is sent again by itself"
            lost = f"its day is over: tell {_CENTRE}, and mend its row for the next day"
            for error in obligation.errors:
                said = f"{error.code} {error.text}".rstrip()
                do, act = (lost, "row-late") if over else (mend, "row")
                yield Concern(f"refused: {said}", Who.ROSTER, do, "refused", act, said)
        case Outcome.EXPIRED:
            maybe = obligation.unsure or obligation.handed_to
            lost = "sent, and its answer lost" if maybe else "not sent in time"
            how = "lost" if maybe else "unsent"
            if obligation.duty == REAL_TIME:
                late = f"its service takes only what just happened: {lost}"
                yield Concern(late, Who.MANAGER, _CORRECT, f"in-out-{how}", "correct")
                return
            if obligation.ahead:
                # Nothing was owed, and yet it may count: that it does is known only there.
                ask = f"nothing was owed; if it stands in {_ONLINE}, tell {_CENTRE}"
                nobody = f"registered ahead, nobody came: {lost}"
                yield Concern(nobody, Who.MANAGER, ask, f"ahead-{how}", "ahead")
                return
            ask = f"tell {_CENTRE}; the journal shows why (werfpoort journal export)"
            first = f"midnight came first: {lost}"
            yield Concern(first, Who.MANAGER, ask, f"midnight-{how}", "tell")
        case None:
            yield from _under_way(obligation)


def _under_way(obligation: Obligation) -> Iterator[Concern]:
    """What goes on by itself, and may not come to an end by itself."""
    hold = obligation.hold
    if obligation.overdue:
        said = f"{obligation.handed_to} accepted it, and has no number of the RSZ; midnight is near"
        do = f"call the supplier; else register it in {_ONLINE}"
        yield Concern(said, Who.MANAGER, do, "overdue", "supplier", obligation.handed_to)
    elif hold is not None and hold.tries > 1:
        said = f"{hold.channel} refused it {hold.tries} times, sent alone"
        do = "check its row; it is sent again by itself meanwhile"
        yield Concern(said, Who.ROSTER, do, "alone", "check-row", hold.channel)


def _remarked(obligation: Obligation) -> Iterator[Concern]:
    for text in obligation.remarks:
        if text == ALREADY_REGISTERED:
            continue
        remark, said = explained(text), " ".join(text.split())
        if remark.who is not None:
            key = f"remark-{remark.key}"
            yield Concern(f"{said}: {remark.means}", remark.who, remark.do, key, key, said)
