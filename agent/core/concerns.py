"""What an obligation asks of a person: what is wrong, who must act, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.delivery.receipt_records import CancellationRefused
from agent.core.delivery.registrations import ALREADY_REGISTERED
from agent.core.delivery.remarks import explained
from agent.core.obligations import Obligation, Outcome

ROSTER = "whoever keeps the roster"
MANAGER = "the site manager"
REAL_TIME = "checkinout"
_CENTRE = "the contact centre, 02 511 51 51"
_ONLINE = "the online service of the social security office"
_CORRECT = "ask the social security office for the correction, within 30 days"


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing for a person: `who` must `do` what about the `problem`."""

    problem: str
    who: str
    do: str

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
        yield Concern(f"not cancelled: {refused.problem}", MANAGER, refused.hint)
    over = obligation.day < today
    match obligation.outcome:
        case Outcome.REGISTERED:
            yield from _remarked(obligation)
        case Outcome.REJECTED if not obligation.on_paper:
            mend = "mend its row: it is sent again by itself"
            lost = f"its day is over: tell {_CENTRE}, and mend its row for the next day"
            for error in obligation.errors:
                said = f"refused: {error.code} {error.text}".rstrip()
                yield Concern(said, ROSTER, lost if over else mend)
        case Outcome.EXPIRED:
            maybe = obligation.unsure or obligation.handed_to
            lost = "sent, and its answer lost" if maybe else "not sent in time"
            if obligation.duty == REAL_TIME:
                yield Concern(
                    f"its service takes only what just happened: {lost}", MANAGER, _CORRECT
                )
                return
            if obligation.ahead:
                # Nothing was owed, and yet it may count: that it does is known only there.
                ask = f"nothing was owed; if it stands in {_ONLINE}, tell {_CENTRE}"
                yield Concern(f"registered ahead, nobody came: {lost}", MANAGER, ask)
                return
            ask = f"tell {_CENTRE}; the journal shows why (werfpoort journal export)"
            yield Concern(f"midnight came first: {lost}", MANAGER, ask)
        case None:
            yield from _under_way(obligation)


def _under_way(obligation: Obligation) -> Iterator[Concern]:
    """What goes on by itself, and may not come to an end by itself."""
    hold = obligation.hold
    if obligation.overdue:
        said = f"{obligation.handed_to} accepted it, and has no number of the RSZ; midnight is near"
        yield Concern(said, MANAGER, f"call the supplier; else register it in {_ONLINE}")
    elif hold is not None and hold.tries > 1:
        said = f"{hold.channel} refused it {hold.tries} times, sent alone"
        yield Concern(said, ROSTER, "check its row; it is sent again by itself meanwhile")


def _remarked(obligation: Obligation) -> Iterator[Concern]:
    for text in obligation.remarks:
        if text == ALREADY_REGISTERED:
            continue
        remark = explained(text)
        yield Concern(f"{' '.join(text.split())}: {remark.means}", remark.who, remark.do)
