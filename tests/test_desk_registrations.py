"""`werfpoort cancel`, as a person asks it while the agent runs and while it does not."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest

from agent.cli import REASONS
from agent.core.commands import Inquire, Reply
from agent.core.delivery.inquiries import Ability, CancelReason
from agent.core.delivery.registrations import Answer, ItemError, Receipt
from agent.core.events import (
    BurstEnded,
    Event,
    InquiryEnded,
    JournalMade,
    RosterOffered,
    Started,
    Tapped,
)
from agent.core.gate import State, step
from agent.core.moment import Moment
from agent.core.refusals import Refused
from agent.core.roster import Roster
from agent.core.rules import Line, Rules
from agent.desk.registrations import RegistrationDesk
from agent.sandbox.people import DECLARATION, crew

BRUSSELS = ZoneInfo("Europe/Brussels")
SEVEN = round(dt.datetime(2026, 11, 24, 7, tzinfo=BRUSSELS).timestamp() * 1000)
(AN,) = crew(1, random.Random(1))
CAN = frozenset({Ability.CANCEL})


class Gate:
    """The real core; the service answers a cancellation, when it is waited for, as it is told."""

    def __init__(self, abilities: frozenset[Ability] = CAN) -> None:
        lines = (Line("ciaw", "checkinatwork", abilities=abilities),)
        self.state = State(Rules(BRUSSELS, DECLARATION, lines=lines))
        self.says: Callable[[str], Answer] = lambda n: Answer(n, Receipt(n))
        self.asked: list[Inquire] = []
        self.ms = 0
        self.do(JournalMade(self.at, "j", "g", False))
        self.do(Started(self.at, "1"))
        self.do(RosterOffered(self.at, Roster({AN.uid: AN.worker}), "r"))
        self.do(Tapped(self.at, "entrance", AN.uid))
        self.do(BurstEnded(self.at, 1, "ciaw", (Answer("j-1", Receipt("1000000001")),)))

    @property
    def at(self) -> Moment:
        return Moment(SEVEN + self.ms, self.ms, "b")

    def do(self, event: Event) -> list[Reply]:
        self.state, commands = step(self.state, event)
        self.asked += [c for c in commands if isinstance(c, Inquire)]
        return [c for c in commands if isinstance(c, Reply)]

    def decide(self, event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        (reply,) = self.do(event_for(1))
        return reply.done, reply.text, reply.why

    def wait(self, seconds: float) -> bool:
        self.ms += round(seconds * 1000)
        for inquire in self.asked:
            answer = self.says("1000000001")
            self.do(InquiryEnded(self.at, inquire.inquiry, "ciaw", answers=(answer,)))
        self.asked.clear()
        return False

    def cancel(
        self, receipt: str, reason: str = "PLANNING", *, runs: bool = True
    ) -> tuple[bool, str]:
        desk = RegistrationDesk(
            lambda: self.state, lambda: self.at, self.decide, self.wait if runs else None
        )
        answer = desk.answer({"ask": "cancel", "receipt": receipt, "reason": reason})
        return answer["done"], answer["text"]


@pytest.fixture
def gate() -> Iterator[Gate]:
    yield Gate()


def test_who_cancels_hears_what_the_service_said(gate: Gate) -> None:
    assert gate.cancel("1000000001") == (True, "receipt 1000000001: cancelled")
    done, said = gate.cancel("1000000001")
    assert done
    assert "cancelled" in said


def test_already_cancelled_is_cancelled(gate: Gate) -> None:
    gate.says = lambda n: Answer(n, errors=(ItemError("8", "Already cancelled."),))
    assert gate.cancel("1000000001") == (True, "receipt 1000000001: cancelled")


@pytest.mark.parametrize(
    ("code", "to_do"),
    [
        ("1", "online service"),
        ("7", "werfpoort day"),
        ("9", "contact centre"),
        ("10", "werfpoort day"),
        ("11", "call support"),
        ("99", "contact centre"),
    ],
)
def test_a_refusal_says_what_to_do_and_may_be_asked_again(
    gate: Gate, code: str, to_do: str
) -> None:
    gate.says = lambda n: Answer(n, errors=(ItemError(code, "No."),))
    done, said = gate.cancel("1000000001")
    assert not done
    assert f"refused: {code} No." in said
    assert to_do in said
    gate.says = lambda n: Answer(n, Receipt(n))
    assert gate.cancel("1000000001")[0]


@pytest.mark.parametrize("receipt", ["1000000009", "", "abc", "0"])
def test_a_number_that_is_none_of_ours_is_told(gate: Gate, receipt: str) -> None:
    done, said = gate.cancel(receipt)
    assert not done
    assert "werfpoort day" in said


def test_a_reason_that_the_service_does_not_know_is_told(gate: Gate) -> None:
    done, said = gate.cancel("1000000001", "BORED")
    assert not done
    assert all(reason in said for reason in CancelReason)


def test_while_no_agent_runs_it_is_noted_and_done_later(gate: Gate) -> None:
    done, said = gate.cancel("1000000001", runs=False)
    assert done
    assert "once the agent runs" in said
    assert len(gate.asked) == 1


def test_yesterday_cannot_be_cancelled_any_more(gate: Gate) -> None:
    gate.ms += 20 * 3_600_000
    done, said = gate.cancel("1000000001")
    assert not done
    assert "too late" in said


def test_a_gate_whose_channels_cannot_cancel_says_where_it_can_be_done() -> None:
    done, said = Gate(frozenset()).cancel("1000000001")
    assert not done
    assert "online service" in said


def test_the_reasons_of_the_command_are_the_services() -> None:
    assert set(REASONS) == set(CancelReason)
