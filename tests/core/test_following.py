"""How receipts are followed up where the channel is a supplier's, and what is never asked."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agent.core import gate
from agent.core.commands import Inquire, Send
from agent.core.delivery.inquiries import Ability, AskAfter, LookUp, Search
from agent.core.delivery.registrations import Answer, Receipt
from agent.core.delivery.remarks import DIMONA_NOT_OK
from agent.core.events import (
    BurstEnded,
    Event,
    InquiryEnded,
    JournalMade,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.state import State

BRUSSELS = ZoneInfo("Europe/Brussels")
SEVEN = round(dt.datetime(2026, 11, 24, 7, tzinfo=BRUSSELS).timestamp() * 1000)
HOUR_MS = 3_600_000


class Gate:
    """Seven workers who tapped at seven, each with a receipt at once."""

    def __init__(self, *abilities: Ability, duty: str = "checkinatwork", every_h: int = 2) -> None:
        lines = (Line("line", duty, abilities=frozenset(abilities)),)
        rules = Rules(
            BRUSSELS, "1Y1000NF9KCQZ", duty=duty, lines=lines, follow_up_ms=every_h * HOUR_MS
        )
        self.state = State(rules)
        self.asked: list[Inquire] = []
        self.sent: list[Send] = []
        self.ms = 0
        self.do(JournalMade(self.at, "j", "g", False))
        self.do(Started(self.at, "1"))
        people = {
            f"04A{n}": Worker("W", str(n), "0448181966", "1Y1000NF9KCQZ", inss=f"{n:011}")
            for n in range(7)
        }
        self.do(RosterOffered(self.at, Roster(people), "r"))
        for uid in people:
            self.do(Tapped(self.at, "entrance", uid, "in"))
            while self.sent:
                send = self.sent.pop()
                answers = tuple(
                    Answer(r.reference, Receipt("900" + r.reference.removeprefix("j-")))
                    for r in send.registrations
                )
                self.do(BurstEnded(self.at, send.attempt, "line", answers))

    @property
    def at(self) -> Moment:
        return Moment(SEVEN + self.ms, self.ms, "b")

    def do(self, event: Event) -> None:
        self.state, commands = gate.step(self.state, event)
        self.asked += [c for c in commands if isinstance(c, Inquire)]
        self.sent += [c for c in commands if isinstance(c, Send)]

    def to(self, hours: float) -> list[Inquire]:
        """What was asked until then; each question is answered with nothing, in good order."""
        said: list[Inquire] = []
        while self.ms < hours * HOUR_MS:
            self.ms += 30_000
            self.do(TimePassed(self.at))
            for inquire in self.asked:
                said.append(inquire)
                self.do(self.answer(inquire))
            self.asked.clear()
        return said

    def answer(self, inquire: Inquire) -> InquiryEnded:
        common = (self.at, inquire.inquiry, "line")
        match inquire.question:
            case AskAfter(references):
                receipts = [Receipt("900" + r.removeprefix("j-"), "VALIDATED") for r in references]
                receipts[0] = Receipt(receipts[0].number, "FAILED", (DIMONA_NOT_OK,))
                pairs = zip(references, receipts, strict=True)
                return InquiryEnded(*common, answers=tuple(Answer(r, got) for r, got in pairs))
            case LookUp(numbers):
                return InquiryEnded(*common, missing=numbers)
            case Search():
                return InquiryEnded(*common, cut_short=True)
        raise AssertionError(inquire)


def test_a_supplier_is_asked_what_became_of_its_own_receipts() -> None:
    site = Gate(Ability.ASK_AFTER)
    assert site.to(1.9) == []
    asked = site.to(2.2)
    assert [len(i.question.references) for i in asked if isinstance(i.question, AskAfter)] == [5, 2]
    states = [o.status for o in site.state.ledger.obligations.values()]
    assert sorted(states) == ["FAILED"] * 2 + ["VALIDATED"] * 5
    assert all(o.outcome is not None for o in site.state.ledger.obligations.values())


def test_what_the_account_does_not_see_is_asked_for_again_only_in_the_next_round() -> None:
    site = Gate(Ability.LOOK_UP)
    assert len(site.to(3.9)) == 2
    assert len(site.to(4.2)) == 2
    assert {o.status for o in site.state.ledger.obligations.values()} == {"SUCCESSFULLY REGISTERED"}


def test_on_a_site_with_more_people_than_a_search_lists_receipts_are_looked_up() -> None:
    site = Gate(Ability.SEARCH, Ability.LOOK_UP)
    asked = [type(inquire.question) for inquire in site.to(4.2)]
    assert asked == [Search, LookUp, LookUp, LookUp, LookUp]


def test_nothing_is_asked_where_it_is_off_or_no_channel_can_tell() -> None:
    assert Gate(Ability.LOOK_UP, every_h=0).to(9) == []
    assert Gate().to(9) == []
    assert Gate(Ability.LOOK_UP, duty="checkinout").to(9) == []
