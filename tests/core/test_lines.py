"""Order, failover, lost answers, what was handed over, and one registration that spoils a call."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from agent.core import gate
from agent.core.commands import Command, Inquire, Record, Send
from agent.core.concerns import concerns, standing
from agent.core.delivery.delivery_records import (
    HandoversOverdue,
    ItemHeld,
    LineGivenUp,
    LineTakenBack,
)
from agent.core.delivery.inquiries import (
    Ability,
    AskAfter,
    Cancel,
    CancelReason,
    Found,
    LookUp,
    Search,
)
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.delivery.receipt_records import CancellationRefused
from agent.core.delivery.registrations import (
    ALREADY_REGISTERED,
    Answer,
    ItemError,
    Receipt,
    Ticket,
)
from agent.core.events import (
    BurstEnded,
    CancellationAsked,
    CredentialSeen,
    Event,
    Failure,
    InquiryEnded,
    JournalMade,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.records import Entry, ObligationExpired, kind_of
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.state import State
from agent.desk.status import as_text, status

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = round(dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS).timestamp() * 1000)
TODAY = dt.date(2026, 11, 24)
HOUR = 3_600_000
MIDNIGHT_MS = 17 * HOUR + 300_000
CREW = 12
UIDS = [f"04{n:06X}" for n in range(CREW)]
PEOPLE = [
    Worker("W", str(n), "0448181966", "1Y1000NF9KCQZ", inss=f"{85010100000 + n}")
    for n in range(CREW)
]
DIRECT = Line("rsz", "checkinatwork", 200, frozenset({Ability.SEARCH, Ability.LOOK_UP}))
BLIND = Line("rsz", "checkinatwork", 200, frozenset({Ability.LOOK_UP}))
SUPPLIER = Line("supplier", "checkinatwork", 200, frozenset({Ability.ASK_AFTER}))

NOT_REACHED = Failure("NotReached", "no route")
LOST = Failure("AnswerLost", "cut", unsure=True)
NOT_AUTHENTICATED = Failure("NotAuthenticated", "no", hopeless=True)
UNAVAILABLE = Failure(
    "Unavailable", "not now", hopeless=True, whole=True, ticket=Ticket(code="SOA-02001")
)


class Gate:
    """Steps a gate with these lines, the first preferred; keeps what flies and what it wrote."""

    def __init__(self, *lines: Line, duty: str = "checkinatwork") -> None:
        self.state = State(Rules(BRUSSELS, "1Y1000NF9KCQZ", duty=duty, lines=lines))
        self.entries: list[Entry] = []
        self.flying: list[Send | Inquire] = []
        self.ms = 0
        self.do(JournalMade(self.at, "j1", "gate", True))
        self.do(Started(self.at, "1"))
        roster = Roster(dict(zip(UIDS, PEOPLE, strict=True)))
        self.do(RosterOffered(self.at, roster, "roster.csv"))

    @property
    def at(self) -> Moment:
        return Moment(MORNING + self.ms, self.ms, "b1")

    def do(self, event: Event) -> tuple[Command, ...]:
        seq = self.state.seq
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            match command:
                case Record(record):
                    seq += 1
                    self.entries.append(Entry(seq, event.at, kind_of(record), record))
                case Send() | Inquire():
                    assert command.channel not in {c.channel for c in self.flying}
                    self.flying.append(command)
        if len(self.entries) < 150:
            assert gate.restore(self.state.rules, self.entries) == self.state
        return commands

    def tap(self, *who: int, direction: str = "any") -> None:
        for n in who:
            self.ms += 100
            self.do(Tapped(self.at, "entrance", UIDS[n], direction))

    def until(self, ms: int) -> None:
        """Lets time pass; stops early as soon as something flies. It never spins."""
        turns = 0
        while self.ms < ms and not self.flying:
            turns += 1
            assert turns < 2_000, gate.due_ms(self.state, self.at) - self.ms
            self.ms = min(ms, max(self.ms + 1, gate.due_ms(self.state, self.at)))
            self.do(TimePassed(self.at))

    def sent(self) -> Send:
        (send,) = (c for c in self.flying if isinstance(c, Send))
        self.flying.remove(send)
        return send

    def inquired(self) -> Inquire:
        (inquire,) = (c for c in self.flying if isinstance(c, Inquire))
        self.flying.remove(inquire)
        return inquire

    def fail(self, send: Send, failure: Failure, jitter: float = 0.5) -> None:
        self.ms += 200
        self.do(BurstEnded(self.at, send.attempt, send.channel, failure=failure, jitter=jitter))

    def answer(self, send: Send, *answers: Answer, missing: Sequence[str] = ()) -> None:
        self.ms += 200
        answers = answers or tuple(
            Answer(r.reference, Receipt(f"1{n}")) for n, r in enumerate(send.registrations)
        )
        self.do(BurstEnded(self.at, send.attempt, send.channel, answers, missing=tuple(missing)))

    def find(self, inquire: Inquire, **findings: object) -> None:
        self.ms += 200
        self.do(InquiryEnded(self.at, inquire.inquiry, inquire.channel, **findings))  # type: ignore[arg-type]

    def all(self) -> list[Obligation]:
        return list(self.state.ledger.obligations.values())

    def outcomes(self) -> list[Outcome | None]:
        return [o.outcome for o in self.all()]

    def wrote(self, kind: type) -> list[object]:
        return [e.record for e in self.entries if isinstance(e.record, kind)]


def found(o: Obligation, number: str = "77", **changes: object) -> Found:
    person = o.person
    one = Found(Receipt(number), "", o.day, person.declaration, person.employer, person.inss)
    return replace(one, **changes)  # type: ignore[arg-type]


def asked_of_people(site: Gate) -> list[str]:
    """What the gate asks people to do, shortened."""
    asked = [c.do for o in site.all() for c in concerns(o, site.at.day(BRUSSELS))]
    return [
        text.removesuffix(" of the social security office").split(", within")[0] for text in asked
    ]


# --- lost answers ----------------------------------------------------------------------------


def test_a_lost_answer_is_searched_for_before_anything_is_sent_again() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.tap(1)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    search = site.inquired()
    assert isinstance(search.question, Search)
    query = search.question.query
    assert (query.declaration, query.first, query.last) == ("1Y1000NF9KCQZ", TODAY, TODAY)
    assert site.flying == []
    site.find(search, found=(found(site.all()[0]),))
    assert site.outcomes()[0] is Outcome.REGISTERED
    assert [r.inss for r in site.sent().registrations] == [PEOPLE[1].inss]


def test_what_a_search_does_not_find_is_sent_again() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    first = site.sent()
    site.fail(first, LOST)
    site.until(HOUR)
    other = found(site.all()[0], inss=PEOPLE[5].inss)
    cancelled = found(site.all()[0], receipt=Receipt("8", "SUCCESSFULLY CANCELLED"))
    site.find(site.inquired(), found=(other, cancelled))
    assert site.sent().registrations == first.registrations
    assert not site.all()[0].unsure


def test_without_the_right_to_search_it_is_sent_again_and_a_duplicate_is_a_success() -> None:
    site = Gate(BLIND)
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    again = site.sent()
    already = Receipt("9", "FAILED", ("SAME DECLARATION HAS ALREADY BEEN REGISTERED",))
    site.answer(again, Answer(again.registrations[0].reference, already))
    assert site.outcomes() == [Outcome.REGISTERED]


def test_an_account_that_turns_out_to_have_no_right_to_search_sends_again_at_once() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    service_says_no = Failure("NotAuthorised", "no", hopeless=True, ticket=Ticket(code="SOA-01002"))
    site.find(site.inquired(), failure=service_says_no)
    assert len(site.sent().registrations) == 1
    assert site.wrote(LineGivenUp) == []


@pytest.mark.parametrize("kind", ["Refused", "NotAuthorised"])
def test_a_page_that_came_in_place_of_the_service_is_no_word_of_it(kind: str) -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    login_page = Failure(kind, "the address points elsewhere (302)", hopeless=True)
    site.find(site.inquired(), failure=login_page)
    assert site.state.troubles
    site.until(HOUR)
    assert site.inquired() is not None


def test_what_was_refused_to_an_old_certificate_is_asked_again_with_a_new_one() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    may_not = Failure("NotAuthorised", "no", hopeless=True, ticket=Ticket(code="SOA-01002"))
    site.find(site.inquired(), failure=may_not)
    site.fail(site.sent(), NOT_AUTHENTICATED, jitter=0.9)
    site.do(CredentialSeen(site.at, "rsz", "certificate", None, renewed=True))
    assert isinstance(site.inquired().question, Search)  # and at once


def test_a_search_that_keeps_failing_does_not_hold_up_what_it_is_for() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.fail(site.sent(), LOST)
    for _ in range(3):
        site.until(HOUR)
        site.find(site.inquired(), failure=Failure("ServiceFault", "x"), jitter=0.1)
    site.until(HOUR)
    assert len(site.sent().registrations) == 1


def test_a_search_that_is_cut_short_says_of_nobody_that_he_is_not_there() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.tap(1, 2)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    site.find(site.inquired(), cut_short=True)
    assert site.all()[0].unsure
    site.find(site.inquired(), found=(found(site.all()[0]),), cut_short=True)
    assert site.outcomes() == [Outcome.REGISTERED, None, None]
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    site.find(site.inquired(), cut_short=True)
    site.until(HOUR)
    # It searched often enough: who was there already comes back as such.
    again = site.sent()
    assert [r.inss for r in again.registrations] == [PEOPLE[1].inss, PEOPLE[2].inss]
    assert [o.unsure for o in site.all()] == [False, True, True]


def test_after_midnight_a_search_that_is_cut_short_is_made_again_without_hurry() -> None:
    site = Gate(DIRECT)
    site.ms = MIDNIGHT_MS - 60_000
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(MIDNIGHT_MS + 1)
    while site.flying:
        match site.flying[0]:
            case Send():
                site.fail(site.sent(), LOST)
            case Inquire():
                site.find(site.inquired(), cut_short=True)
        site.until(MIDNIGHT_MS + 1)
    assert site.outcomes() == [Outcome.EXPIRED]
    begun = []
    for _ in range(3):
        site.until(site.ms + HOUR)
        begun.append(site.ms)
        site.find(site.inquired(), cut_short=True)
        assert site.all()[0].unsure
    assert min(b - a for a, b in itertools.pairwise(begun)) >= site.state.rules.longest_retry_ms
    site.tap(1)
    site.fail(site.sent(), LOST)
    site.until(site.ms + HOUR)
    # What yesterday's searches left out says nothing of today's.
    search = site.inquired()
    assert isinstance(search.question, Search)
    assert search.question.query.first == TODAY + dt.timedelta(days=1)
    site.find(search, found=(found(site.all()[1], "78"),))
    site.until(site.ms + HOUR)
    site.find(site.inquired(), found=(found(site.all()[0]),), cut_short=True)
    assert site.outcomes() == [Outcome.REGISTERED, Outcome.REGISTERED]


def test_the_longer_a_lost_answer_is_late_the_rarer_it_is_searched_for() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    while site.ms < MIDNIGHT_MS:
        if site.flying:
            match site.flying[0]:
                case Send():
                    site.fail(site.sent(), LOST)
                case Inquire():
                    site.find(site.inquired(), cut_short=True)
        site.until(MIDNIGHT_MS + 1)
    begun = []
    while site.ms < MIDNIGHT_MS + 6 * HOUR:
        if site.flying:
            begun.append(site.ms)
            site.find(site.inquired(), cut_short=True)
        site.until(MIDNIGHT_MS + 6 * HOUR)
    assert 5 <= len(begun) <= 8


def test_each_employer_is_searched_apart_and_who_has_a_limosa_number_without_one() -> None:
    site = Gate(DIRECT)
    abroad = replace(PEOPLE[1], inss="", limosa="24910158641968060")
    other = replace(PEOPLE[2], employer="0123456749")
    people = (PEOPLE[0], abroad, other)
    roster = Roster(dict(zip(UIDS, people, strict=False)))
    site.do(RosterOffered(site.at, roster, "roster.csv", force=True))
    site.tap(0, 1, 2)
    asked: dict[str, set[str]] = {}
    while len(asked) < 3:
        match site.flying[0]:
            case Send():
                site.fail(site.sent(), LOST)
            case Inquire(question=Search(query)):
                search = site.inquired()
                asked.setdefault(query.employer, set()).update(search_for(site))
                site.find(search)
        site.until(site.ms + HOUR)
    assert asked == {"0448181966": {"j1-1"}, "": {"j1-2"}, "0123456749": {"j1-3"}}


def search_for(site: Gate) -> tuple[str, ...]:
    """Whom the last search was for."""
    began = site.wrote(InquiryBegan)[-1]
    assert isinstance(began, InquiryBegan)
    return began.references


def test_a_registration_that_is_found_without_its_worker_is_known_by_our_reference() -> None:
    site = Gate(DIRECT)
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    (waiting,) = site.all()
    nameless = found(waiting, inss="", reference=waiting.reference)
    site.find(site.inquired(), found=(replace(nameless, reference="other-1"), nameless))
    assert site.outcomes() == [Outcome.REGISTERED]


def test_after_midnight_only_a_search_tells_whether_it_counted() -> None:
    site = Gate(DIRECT)
    site.ms = 17 * HOUR  # 23:55
    site.tap(0)
    site.fail(site.sent(), LOST)
    while site.outcomes() == [None]:
        site.until(MIDNIGHT_MS + 1)
        if site.flying and isinstance(site.flying[0], Send):
            site.fail(site.sent(), LOST)
        elif site.flying:
            site.find(site.inquired(), failure=NOT_REACHED, jitter=0.1)
    assert site.outcomes() == [Outcome.EXPIRED]
    (expired,) = site.wrote(ObligationExpired)
    assert isinstance(expired, ObligationExpired)
    assert expired.answer_lost
    if not site.flying:
        site.until(18 * HOUR)
    search = site.inquired()
    assert isinstance(search.question, Search)
    assert search.question.query.first == TODAY
    site.find(search, found=(found(site.all()[0]),))
    assert site.outcomes() == [Outcome.REGISTERED]


def test_where_nothing_can_be_searched_midnight_ends_it_for_good() -> None:
    site = Gate(BLIND)
    site.ms = 17 * HOUR
    site.tap(0)
    site.fail(site.sent(), LOST, jitter=0.9)
    while site.ms <= MIDNIGHT_MS:
        site.until(MIDNIGHT_MS + 1)
        if site.flying:
            site.fail(site.sent(), LOST, jitter=0.9)
    assert site.outcomes() == [Outcome.EXPIRED]
    site.until(30 * HOUR)
    assert site.flying == []


# --- order and failover ----------------------------------------------------------------------


def test_a_line_that_only_rests_keeps_what_is_its_own() -> None:
    site = Gate(SUPPLIER, BLIND)
    site.tap(0)
    site.fail(site.sent(), NOT_REACHED)
    site.tap(1)
    assert site.flying == []
    site.until(HOUR)
    assert site.sent().channel == "supplier"


def test_what_retrying_cannot_mend_hands_over_to_the_next_line_at_once() -> None:
    site = Gate(SUPPLIER, BLIND)
    site.tap(0)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    assert site.sent().channel == "rsz"
    (given_up,) = site.wrote(LineGivenUp)
    assert isinstance(given_up, LineGivenUp)
    assert (given_up.channel, given_up.takes_over) == ("supplier", "rsz")


def test_a_line_that_stays_down_past_its_budget_hands_over() -> None:
    site = Gate(SUPPLIER, BLIND)
    site.tap(0)
    while not site.wrote(LineGivenUp):
        send = site.sent()
        assert send.channel == "supplier"
        site.ms += 60_000
        site.fail(send, NOT_REACHED)
        if not site.wrote(LineGivenUp):
            site.until(site.ms + HOUR)
    assert site.ms >= SUPPLIER.budget_ms
    assert site.sent().channel == "rsz"


def test_a_recovering_line_is_probed_with_one_registration_and_taken_back_after_a_while() -> None:
    site = Gate(SUPPLIER, BLIND)
    site.tap(0)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    site.answer(site.sent())
    probes, began = 0, site.ms
    for n in range(1, CREW):
        site.ms = max(site.ms, began + 400_000 + n * 21_000)
        site.tap(n)
        send = site.sent()
        probes += send.channel == "supplier" and not site.wrote(LineTakenBack)
        assert len(send.registrations) == 1
        site.answer(send)
        if site.wrote(LineTakenBack):
            break
    assert probes == 4
    site.tap(n + 1)
    assert site.sent().channel == "supplier"


def test_a_line_that_can_be_asked_is_probed_by_a_look_and_not_with_a_registration() -> None:
    site = Gate(BLIND, SUPPLIER)
    site.tap(0)
    site.answer(site.sent())
    site.tap(1)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    site.answer(site.sent())
    site.until(site.ms + 301_000)
    look = site.inquired()
    assert look.question == LookUp(("10",))
    site.find(look, failure=NOT_AUTHENTICATED)
    while not site.wrote(LineTakenBack):
        site.until(site.ms + HOUR)
        site.find(site.inquired(), found=(found(site.all()[0]),))
    site.tap(2)
    assert site.sent().channel == "rsz"


def test_when_no_line_is_up_whichever_answers_first_carries_on() -> None:
    site = Gate(SUPPLIER, BLIND)
    site.tap(0)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    site.tap(1, 2, 3, 4)
    site.until(site.ms + HOUR)
    supplier = next(c for c in site.flying if c.channel == "supplier")
    assert isinstance(supplier, Send)
    assert len(supplier.registrations) == 1
    site.flying.clear()
    site.answer(supplier)
    more = [c for c in site.flying if c.channel == "supplier"]
    assert [len(c.registrations) for c in more if isinstance(c, Send)] == [2]


def test_a_direct_line_searches_before_it_takes_over_what_is_in_doubt_elsewhere() -> None:
    site = Gate(SUPPLIER, DIRECT)
    site.tap(0)
    site.fail(site.sent(), LOST)
    site.until(HOUR)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    search = site.inquired()
    assert (search.channel, type(search.question)) == ("rsz", Search)
    site.find(search, found=(found(site.all()[0]),))
    assert site.outcomes() == [Outcome.REGISTERED]
    assert site.flying == []


def test_a_duty_never_goes_by_a_line_of_another_duty() -> None:
    site = Gate(replace(SUPPLIER, duty="checkinout"), BLIND)
    site.tap(0)
    send = site.sent()
    assert send.channel == "rsz"
    site.fail(send, NOT_AUTHENTICATED)
    site.until(site.ms + 299_000)
    assert site.flying == []


# --- handed over -----------------------------------------------------------------------------


def handed_over(*lines: Line) -> Gate:
    site = Gate(*lines)
    site.tap(0)
    send = site.sent()
    site.answer(send, Answer(send.registrations[0].reference, handed_over=True))
    assert site.outcomes() == [None]
    return site


def test_what_was_handed_over_is_asked_after_gently_until_the_number_comes() -> None:
    site = handed_over(SUPPLIER, DIRECT)
    began = site.ms
    for n in (1, 2):
        site.until(HOUR)
        asked = site.inquired()
        assert isinstance(asked.question, AskAfter)
        assert site.ms >= began + n * 60_000
        reference = asked.question.references[0]
        site.find(asked, answers=(Answer(reference, handed_over=True),))
    site.until(HOUR)
    site.find(site.inquired(), answers=(Answer(reference, Receipt("55")),))
    assert site.all()[0].receipt == "55"


def test_what_the_supplier_has_none_of_is_sent_again() -> None:
    site = handed_over(SUPPLIER)
    site.until(HOUR)
    asked = site.inquired()
    site.find(asked, missing=asked.question.references)  # type: ignore[union-attr]
    assert site.sent().channel == "supplier"


def test_what_the_supplier_refuses_later_is_rejected() -> None:
    site = handed_over(SUPPLIER)
    site.until(HOUR)
    asked = site.inquired()
    reference = site.all()[0].reference
    site.find(asked, answers=(Answer(reference, errors=(ItemError("5", "INSS"),)),))
    assert site.outcomes() == [Outcome.REJECTED]


def test_two_hours_before_midnight_the_next_line_takes_over_and_searches_first() -> None:
    site = handed_over(SUPPLIER, DIRECT)
    while not site.wrote(HandoversOverdue):
        site.until(17 * HOUR)
        if not site.wrote(HandoversOverdue):
            site.find(site.inquired())
    assert site.at.local(BRUSSELS).hour == 22
    search = site.inquired()
    assert (search.channel, type(search.question)) == ("rsz", Search)
    site.find(search)
    assert site.sent().channel == "rsz"


def test_where_nobody_takes_over_it_is_reported_as_open_once() -> None:
    site = handed_over(SUPPLIER)
    while site.ms < 16 * HOUR:
        site.until(16 * HOUR)
        if site.flying:
            site.find(site.inquired())
    (overdue,) = site.wrote(HandoversOverdue)
    assert isinstance(overdue, HandoversOverdue)
    assert (overdue.takes_over, overdue.size) == ("", 1)
    assert site.all()[0].overdue
    assert standing(site.all()[0]) == "handed over"
    assert asked_of_people(site) == ["call the supplier; else register it in the online service"]


def test_once_the_supplier_is_down_another_line_takes_over_what_it_had() -> None:
    site = handed_over(SUPPLIER, BLIND)
    site.tap(1)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    send = site.sent()
    assert (send.channel, len(send.registrations)) == ("rsz", 2)


def test_midnight_ends_what_is_only_handed_over_and_a_later_number_still_counts() -> None:
    site = handed_over(SUPPLIER)
    while site.ms < 18 * HOUR:
        site.until(18 * HOUR)
        if site.flying:
            site.find(site.inquired())
    assert site.outcomes() == [Outcome.EXPIRED]
    site.until(30 * HOUR)
    site.find(site.inquired(), answers=(Answer(site.all()[0].reference, Receipt("56")),))
    assert site.outcomes() == [Outcome.REGISTERED]


def taken_over() -> Gate:
    """Handed over, taken over near midnight by a line that did not find it."""
    direct = replace(DIRECT, abilities=DIRECT.abilities | {Ability.CANCEL})
    site = handed_over(SUPPLIER, direct)
    while not site.wrote(HandoversOverdue):
        site.until(17 * HOUR)
        if not site.wrote(HandoversOverdue):
            site.find(site.inquired())
    site.find(site.inquired())
    return site


def taken_back() -> Gate:
    """Handed over, taken over near midnight, registered by the other line, cancelled there."""
    site = taken_over()
    site.answer(site.sent())
    reference = site.all()[0].reference
    site.do(CancellationAsked(site.at, (reference,), CancelReason.PLANNING))
    assert cancelled(site) == "10"
    return site


def cancelled(site: Gate) -> str:
    """Lets the service take back what is asked for; the number of it."""
    asked = site.inquired()
    assert isinstance(asked.question, Cancel)
    (one,) = asked.question.cancellations
    answer = Answer(one.number, Receipt(one.number, "SUCCESSFULLY CANCELLED"))
    site.find(asked, answers=(answer,))
    assert site.outcomes() == [Outcome.CANCELLED]
    return one.number


def test_what_was_taken_back_is_so_again_when_its_supplier_registers_it_after_all() -> None:
    site = taken_back()
    reference = site.all()[0].reference
    site.until(MIDNIGHT_MS)
    asked = site.inquired()
    assert asked.question == AskAfter((reference,))
    site.find(asked, answers=(Answer(reference, handed_over=True),))
    assert site.outcomes() == [Outcome.CANCELLED]
    site.until(MIDNIGHT_MS)
    site.find(site.inquired(), answers=(Answer(reference, Receipt("55")),))
    assert cancelled(site) == "55"


@pytest.mark.parametrize(
    "answer",
    [
        Answer("", Receipt("10", "SUCCESSFULLY CANCELLED")),
        Answer("", Receipt("55", remarks=(ALREADY_REGISTERED,))),
        Answer("", errors=(ItemError("5", "INSS"),)),
    ],
    ids=["its own", "a duplicate", "refused"],
)
def test_what_was_taken_back_stays_so_when_its_supplier_says_nothing_new(answer: Answer) -> None:
    site = taken_back()
    site.until(MIDNIGHT_MS)
    site.find(site.inquired(), answers=(replace(answer, reference=site.all()[0].reference),))
    assert site.outcomes() == [Outcome.CANCELLED]


def test_what_a_supplier_registers_for_who_came_all_the_same_is_not_taken_back() -> None:
    site = taken_back()
    site.tap(0)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    site.answer(site.sent())
    assert site.outcomes() == [Outcome.CANCELLED, Outcome.REGISTERED]
    site.until(MIDNIGHT_MS)
    asked = site.inquired()
    site.find(asked, answers=(Answer(site.all()[0].reference, Receipt("55")),))
    assert site.outcomes() == [Outcome.CANCELLED, Outcome.REGISTERED]
    assert not any(isinstance(each, Inquire) for each in site.flying)


def test_what_was_cancelled_while_it_waited_is_taken_back_when_its_supplier_registers_it() -> None:
    site = taken_over()
    site.fail(site.sent(), NOT_REACHED)
    reference = site.all()[0].reference
    site.do(CancellationAsked(site.at, (reference,), CancelReason.PLANNING))
    assert site.outcomes() == [Outcome.CANCELLED]
    site.until(MIDNIGHT_MS)
    site.find(site.inquired(), answers=(Answer(reference, Receipt("55")),))
    site.until(MIDNIGHT_MS)
    assert cancelled(site) == "55"


def test_after_midnight_what_the_supplier_registered_stands_and_that_is_told() -> None:
    site = taken_back()
    while site.ms < MIDNIGHT_MS:
        site.until(MIDNIGHT_MS)
        if site.flying:
            site.find(site.inquired())
    site.until(30 * HOUR)
    site.find(site.inquired(), answers=(Answer(site.all()[0].reference, Receipt("55")),))
    assert site.outcomes() == [Outcome.REGISTERED]
    (refused,) = site.wrote(CancellationRefused)
    assert isinstance(refused, CancellationRefused)
    assert (refused.receipt, refused.problem) == ("55", "no answer came before midnight")


def test_who_is_registered_by_somebody_else_after_it_was_taken_back_is_left_alone() -> None:
    site = taken_back()
    site.tap(1)
    site.fail(site.sent(), NOT_AUTHENTICATED)
    site.fail(site.sent(), LOST)
    site.until(MIDNIGHT_MS)
    search = site.inquired()
    assert isinstance(search.question, Search)
    site.find(search, found=(found(site.all()[0], "99"),))
    assert site.all()[0].outcome is Outcome.CANCELLED


# --- one registration that spoils a call -----------------------------------------------------


def spoil(site: Gate, poison: set[str], steps: int = 200) -> int:
    """Lets a service refuse every call with one of these in it; how many calls it took."""
    calls = 0
    for _ in range(steps):
        site.until(site.ms + HOUR)
        if not site.flying:
            break
        if isinstance(site.flying[0], Inquire):
            site.find(site.inquired())
            continue
        send = site.sent()
        calls += 1
        if poison & {r.inss for r in send.registrations}:
            site.fail(send, UNAVAILABLE, jitter=0.3)
        else:
            site.answer(send)
        if None not in site.outcomes():
            break
    return calls


def test_one_poisonous_registration_does_not_hold_up_the_others_and_ends_with_its_reason() -> None:
    site = Gate(BLIND)
    site.tap(0)
    first = site.sent()
    site.tap(*range(1, CREW))
    site.answer(first)
    assert spoil(site, {PEOPLE[5].inss}) < 60
    outcomes = site.outcomes()
    assert outcomes.count(Outcome.REGISTERED) == CREW - 1
    bad = site.all()[5]
    assert bad.outcome is Outcome.REJECTED
    assert bad.errors[0].code == "SOA-02001"
    assert "refused alone 3 times while others were taken" in bad.errors[0].text
    assert site.wrote(LineGivenUp) == []


def test_a_registration_that_one_line_cannot_take_goes_to_the_next() -> None:
    site = Gate(BLIND, SUPPLIER)
    site.tap(0)
    site.answer(site.sent())
    site.tap(1)
    site.fail(site.sent(), UNAVAILABLE)
    assert site.sent().channel == "supplier"
    assert site.wrote(LineGivenUp) == []
    site.flying.clear()
    site.tap(2)
    site.until(site.ms + HOUR)
    assert [c.channel for c in site.flying] == ["rsz"]


def test_a_service_that_refuses_everything_is_down_and_no_registration_is_the_cause() -> None:
    site = Gate(BLIND)
    site.tap(0, 1, 2)
    for _ in range(30):
        site.until(site.ms + HOUR)
        site.fail(site.sent(), UNAVAILABLE, jitter=0.9)
    assert set(site.outcomes()) == {None}
    assert len(site.wrote(ItemHeld)) > 5
    assert set(asked_of_people(site)) == {"check its row; it is sent again by itself meanwhile"}
    assert site.ms > 600_000
    spoil(site, set())
    assert set(site.outcomes()) == {Outcome.REGISTERED}


def test_while_a_line_carries_nothing_what_it_refused_is_tried_one_at_a_time() -> None:
    site = Gate(BLIND)
    site.tap(*range(CREW))
    calls = 0
    while site.ms < 6 * HOUR:
        site.until(site.ms + HOUR)
        site.fail(site.sent(), UNAVAILABLE, jitter=0.9)
        calls += 1
    alone = {held.reference for held in site.wrote(ItemHeld)}
    assert len(alone) == CREW
    assert calls < 6 * 15 + 3 * CREW
    back_ms = site.ms
    assert spoil(site, set()) <= CREW + 1
    assert set(site.outcomes()) == {Outcome.REGISTERED}
    assert site.ms - back_ms < 10 * 60_000


def test_a_rejected_one_is_sent_again_once_the_roster_is_mended() -> None:
    site = Gate(BLIND)
    site.tap(0, 1)
    spoil(site, {PEOPLE[1].inss})
    site.tap(2)
    spoil(site, {PEOPLE[1].inss})
    site.tap(3)
    spoil(site, {PEOPLE[1].inss})
    assert site.outcomes()[1] is Outcome.REJECTED
    mended = replace(PEOPLE[1], inss="90231512323")
    roster = Roster({**dict(zip(UIDS, PEOPLE, strict=True)), UIDS[1]: mended})
    site.do(RosterOffered(site.at, roster, "roster.csv"))
    site.answer(site.sent())
    assert site.outcomes()[1] is Outcome.REGISTERED


def put_in_place(site: Gate, worker: Worker) -> None:
    """The roster gets another row for the badge of the first one."""
    roster = Roster({**dict(zip(UIDS, PEOPLE, strict=True)), UIDS[0]: worker})
    site.do(RosterOffered(site.at, roster, "roster.csv"))


MENDED = replace(PEOPLE[0], inss="90231512323")


def test_a_number_that_is_mended_before_anything_was_sent_is_the_one_that_is_sent() -> None:
    site = Gate(BLIND)
    site.tap(0)
    site.fail(site.sent(), NOT_REACHED)
    put_in_place(site, MENDED)
    site.until(site.ms + HOUR)
    assert [r.inss for r in site.sent().registrations] == [MENDED.inss]


def test_whoever_has_the_badge_now_does_not_owe_what_the_one_before_owed() -> None:
    site = Gate(BLIND)
    site.tap(0)
    site.fail(site.sent(), NOT_REACHED)
    put_in_place(site, replace(MENDED, surname="Somebody", given_name="Else"))
    site.until(site.ms + HOUR)
    assert [r.inss for r in site.sent().registrations] == [PEOPLE[0].inss]


def test_a_number_that_is_mended_under_way_is_sent_once_the_old_one_is_rejected() -> None:
    site = Gate(BLIND)
    site.tap(0)
    sent = site.sent()
    put_in_place(site, MENDED)
    assert site.flying == []
    site.answer(sent, Answer(sent.registrations[0].reference, errors=(ItemError("5", "INSS"),)))
    assert [r.inss for r in site.sent().registrations] == [MENDED.inss]


# --- too late --------------------------------------------------------------------------------

CLEANING = Line("cio", "checkinout", 200, oldest_ms=600_000)


def test_in_and_out_is_tried_more_often_and_expires_when_it_is_too_old() -> None:
    site = Gate(CLEANING, duty="checkinout")
    site.tap(0, direction="in")
    tries = 0
    while site.outcomes() == [None]:
        site.until(site.ms + 10_000)
        if site.flying:
            site.fail(site.sent(), NOT_REACHED, jitter=0.99)
            tries += 1
    assert site.outcomes() == [Outcome.EXPIRED]
    assert 600_000 <= site.ms < 640_000
    assert tries > 15
    assert asked_of_people(site) == ["ask the social security office for the correction"]


def test_status_counts_down_to_the_age_at_which_an_in_or_out_is_refused() -> None:
    site = Gate(CLEANING, duty="checkinout")
    assert status(site.state, site.at)["in_out_refused_in_s"] is None
    site.tap(0, direction="in")
    site.ms += 100_000
    site.fail(site.sent(), NOT_REACHED)
    stand = status(site.state, site.at)
    assert stand["in_out_refused_in_s"] == 499
    assert "1 waiting, 0 being sent; the oldest in or out is refused as too old in 0:08:19" in (
        as_text(stand)
    )


@pytest.mark.parametrize("code", ["TOO-OLD", "6"])
def test_an_answer_that_it_is_too_old_expires_and_does_not_ask_to_mend_the_roster(
    code: str,
) -> None:
    site = Gate(CLEANING, duty="checkinout")
    site.tap(0, direction="in")
    send = site.sent()
    site.answer(send, Answer(send.registrations[0].reference, errors=(ItemError(code, "old"),)))
    assert site.outcomes() == [Outcome.EXPIRED]


def test_a_day_that_the_service_refuses_is_expired_at_midnight_and_rejected_at_noon() -> None:
    for ms, outcome in ((5 * HOUR, Outcome.REJECTED), (17 * HOUR, Outcome.EXPIRED)):
        site = Gate(BLIND)
        site.ms = ms
        site.tap(0)
        send = site.sent()
        refused = Answer(send.registrations[0].reference, errors=(ItemError("6", "date"),))
        site.answer(send, refused)
        assert site.outcomes() == [outcome]


def test_an_item_that_is_missing_in_the_answer_is_in_doubt_and_the_others_are_settled() -> None:
    site = Gate(BLIND)
    site.tap(0)
    first = site.sent()
    site.tap(1, 2)
    site.answer(first)
    send = site.sent()
    one, two = (r.reference for r in send.registrations)
    site.answer(send, Answer(one, Receipt("5")), missing=[two])
    assert site.outcomes() == [Outcome.REGISTERED, Outcome.REGISTERED, None]
    assert site.all()[2].unsure
    site.until(HOUR)
    assert [r.reference for r in site.sent().registrations] == [two]


def test_a_restored_state_holds_each_worker_once() -> None:
    site = Gate(DIRECT)
    site.tap(0, 1)
    again = gate.restore(site.state.rules, copy.deepcopy(site.entries))
    assert again == site.state
    for o in again.ledger.obligations.values():
        listing = again.book.listed.get(o.worker)
        assert listing is not None
        assert o.person is listing.worker
