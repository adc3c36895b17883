"""What the gate decides, tap by tap."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agent.core import gate
from agent.core.commands import Command, Record, Send, Show
from agent.core.delivery.registrations import Answer, ItemError, Receipt
from agent.core.events import (
    BadgeAssignmentAsked,
    BurstEnded,
    ClockSet,
    Event,
    Failure,
    JournalMade,
    RecordFailed,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment, Trust
from agent.core.obligations import Obligation, Outcome
from agent.core.records import AttemptEnded, Entry, TapStored, Verdict, kind_of
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.signals import Signal
from agent.core.state import State

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = round(dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS).timestamp() * 1000)
AN = Worker("Peeters", "An", "0448181966", "1Y1000NF9KCQZ", inss="85011512355")
BO = Worker("Dupont", "Bo", "0448181966", "1Y1000NF9KCQZ", inss="05011512353")
ROSTER = Roster({"04A1B2C3": AN, "04D4E5F6": BO})
RULES = Rules(BRUSSELS, "1Y1000NF9KCQZ", lines=(Line("ciaw", "checkinatwork"),))


class Bench:
    """Steps a gate through time and keeps what it asked for."""

    def __init__(self, rules: Rules = RULES, roster: Roster = ROSTER) -> None:
        self.state = State(rules)
        self.entries: list[Entry] = []
        self.ms = 0
        self.trust = Trust.NTP
        self.unix_ms = MORNING
        self.boot = "b1"
        self.do(JournalMade(self.at, "j1", "gate", True))
        self.do(Started(self.at, "1"))
        self.do(RosterOffered(self.at, roster, "roster.csv"))

    @property
    def at(self) -> Moment:
        return Moment(self.unix_ms + self.ms, self.ms, self.boot, self.trust)

    def do(self, event: Event) -> tuple[Command, ...]:
        seq = self.state.seq
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            if isinstance(command, Record):
                seq += 1
                self.entries.append(Entry(seq, event.at, kind_of(command.record), command.record))
        assert gate.restore(self.state.rules, self.entries) == self.state
        return commands

    def tap(self, uid: str, after_s: float = 5) -> tuple[Command, ...]:
        self.ms += round(after_s * 1000)
        return self.do(Tapped(self.at, "entrance", uid))

    def answer(self, send: Send, *answers: Answer, after_s: float = 0.2) -> tuple[Command, ...]:
        self.ms += round(after_s * 1000)
        return self.do(BurstEnded(self.at, send.attempt, send.channel, answers))

    def fail(self, send: Send, *, unsure: bool = False) -> tuple[Command, ...]:
        failure = Failure("NotReached", "no route", unsure=unsure)
        return self.do(BurstEnded(self.at, send.attempt, send.channel, failure=failure, jitter=0.5))

    def only(self) -> Obligation:
        (obligation,) = self.state.ledger.obligations.values()
        return obligation


def sends(commands: tuple[Command, ...]) -> list[Send]:
    return [command for command in commands if isinstance(command, Send)]


def shows(commands: tuple[Command, ...]) -> list[Signal]:
    return [command.signal for command in commands if isinstance(command, Show)]


def receipt(send: Send, number: str = "1001") -> list[Answer]:
    return [Answer(r.reference, Receipt(number)) for r in send.registrations]


def test_a_known_badge_is_stored_before_it_is_shown_and_sent() -> None:
    commands = Bench().tap("04A1B2C3")
    kinds = [type(command) for command in commands]
    assert kinds.index(Record) < kinds.index(Show) < kinds.index(Send)
    assert shows(commands) == [Signal.STORED]
    (send,) = sends(commands)
    (asked,) = send.registrations
    assert (asked.inss, asked.day) == (AN.inss, dt.date(2026, 11, 24))
    assert AN.inss not in asked.reference


def test_a_receipt_lights_green_for_the_one_who_tapped_last() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    assert shows(bench.answer(send, *receipt(send))) == [Signal.REGISTERED]
    assert bench.only().outcome is Outcome.REGISTERED


def test_a_receipt_is_not_shown_to_the_next_in_the_queue() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    bench.tap("04D4E5F6", after_s=1)
    assert shows(bench.answer(send, *receipt(send))) == []


def test_the_same_badge_within_three_seconds_is_one_tap() -> None:
    bench = Bench()
    bench.tap("04A1B2C3")
    assert bench.tap("04A1B2C3", after_s=2.9) == ()
    assert shows(bench.tap("04A1B2C3", after_s=0.2)) == [Signal.STORED]


def test_a_second_tap_of_the_day_is_acknowledged_and_not_sent() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    bench.answer(send, *receipt(send))
    again = bench.tap("04A1B2C3", after_s=3600)
    assert shows(again) == [Signal.REGISTERED]
    assert sends(again) == []
    assert len(bench.state.ledger.obligations) == 1


@pytest.mark.parametrize(
    ("uid", "verdict", "signal"),
    [
        ("04FFFFFF", Verdict.UNKNOWN, Signal.REFUSED),
        ("08123456", Verdict.UNUSABLE, Signal.CARD_UNUSABLE),
    ],
)
def test_a_badge_that_leads_to_nobody_is_journaled_and_refused(
    uid: str, verdict: Verdict, signal: Signal
) -> None:
    bench = Bench()
    assert shows(bench.tap(uid)) == [signal]
    tap = bench.entries[-1].record
    assert isinstance(tap, TapStored)
    assert tap.verdict is verdict


def test_a_worker_whose_roster_entry_has_ended_is_refused() -> None:
    ended = Worker(
        "X", "Y", AN.employer, AN.declaration, AN.inss, valid_until=dt.date(2026, 11, 23)
    )
    assert shows(Bench(roster=Roster({"04A1B2C3": ended})).tap("04A1B2C3")) == [Signal.REFUSED]


def test_todays_taps_of_an_unknown_badge_count_once_it_is_assigned() -> None:
    bench = Bench(roster=Roster({"04D4E5F6": BO}, unbadged=(AN,)))
    bench.tap("04A1B2C3")
    bench.tap("04A1B2C3", after_s=10)
    assert bench.state.taps.unknown() == ("04A1B2C3",)
    commands = bench.do(BadgeAssignmentAsked(bench.at, "04A1B2C3", "an peeters", 1))
    (send,) = sends(commands)
    assert [r.inss for r in send.registrations] == [AN.inss]
    assert bench.state.taps.loose == ()
    assert len(bench.state.ledger.obligations) == 1


def test_what_is_tapped_while_a_call_is_under_way_goes_together_in_the_next() -> None:
    bench = Bench()
    (first,) = sends(bench.tap("04A1B2C3"))
    assert sends(bench.tap("04D4E5F6", after_s=1)) == []
    (second,) = sends(bench.answer(first, *receipt(first)))
    assert [r.inss for r in second.registrations] == [BO.inss]


def test_a_line_that_failed_rests_and_is_tried_again_when_due() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    assert sends(bench.fail(send)) == []
    due = gate.due_ms(bench.state, bench.at)
    assert due > bench.ms
    bench.ms = due
    (again,) = sends(bench.do(TimePassed(bench.at)))
    assert again.registrations == send.registrations


def test_a_lost_answer_leaves_the_obligation_unsure_until_a_receipt_comes() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    bench.fail(send, unsure=True)
    assert bench.only().unsure
    bench.ms = gate.due_ms(bench.state, bench.at)
    (again,) = sends(bench.do(TimePassed(bench.at)))
    bench.answer(again, *receipt(again))
    assert not bench.only().unsure


def test_a_registration_that_the_answer_leaves_out_is_sent_again_after_a_rest() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    event = BurstEnded(
        bench.at, send.attempt, send.channel, missing=(send.registrations[0].reference,)
    )
    assert sends(bench.do(event)) == []
    assert bench.only().unsure


def test_what_was_only_handed_over_stays_open_and_lights_no_green() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    handed = Answer(send.registrations[0].reference, handed_over=True)
    assert shows(bench.answer(send, handed)) == []
    assert bench.only().outcome is None
    bench.ms += 3_600_000
    assert sends(bench.do(TimePassed(bench.at))) == []
    assert gate.standing(bench.state, bench.at) is Signal.WAITING


def test_a_business_error_is_never_retried_until_the_roster_is_mended() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    refused = Answer(send.registrations[0].reference, errors=(ItemError("5", "INSS"),))
    assert shows(bench.answer(send, refused)) == [Signal.REFUSED]
    bench.ms += 3_600_000
    assert sends(bench.do(TimePassed(bench.at))) == []
    mended = Worker("Peeters", "An", AN.employer, AN.declaration, inss="90231512323")
    offered = RosterOffered(bench.at, Roster({"04A1B2C3": mended, "04D4E5F6": BO}), "roster.csv")
    (again,) = sends(bench.do(offered))
    assert [r.inss for r in again.registrations] == [mended.inss]


def test_midnight_ends_what_waits_and_nothing_is_sent_for_yesterday() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    bench.fail(send, unsure=True)
    bench.ms = 17 * 3_600_000 + 6 * 60_000
    assert sends(bench.do(TimePassed(bench.at))) == []
    assert bench.only().outcome is Outcome.EXPIRED
    assert bench.state.day == dt.date(2026, 11, 25)


def test_a_night_shift_belongs_to_the_day_on_which_it_began() -> None:
    bench = Bench()
    bench.ms = 15 * 3_600_000
    (send,) = sends(bench.tap("04A1B2C3"))
    bench.answer(send, *receipt(send))
    late = bench.tap("04A1B2C3", after_s=7 * 3600)
    assert bench.at.day(BRUSSELS) == dt.date(2026, 11, 25)
    assert (shows(late), sends(late)) == ([Signal.REGISTERED], [])


def test_while_the_clock_is_not_trusted_taps_are_kept_and_nothing_is_sent() -> None:
    bench = Bench()
    bench.trust = Trust.UNKNOWN
    bench.unix_ms -= 40 * 86_400_000
    commands = bench.tap("04A1B2C3")
    assert (shows(commands), sends(commands)) == ([Signal.STORED], [])
    bench.ms += 60_000
    bench.unix_ms, bench.trust = MORNING, Trust.NTP
    (send,) = sends(bench.do(ClockSet(bench.at, 40 * 86_400_000)))
    assert [r.day for r in send.registrations] == [dt.date(2026, 11, 24)]
    assert bench.only().at.unix_ms == MORNING + bench.ms - 60_000


def test_a_tap_that_could_not_be_recorded_is_shown_as_not_stored() -> None:
    bench = Bench()
    failed = RecordFailed(bench.at, Tapped(bench.at, "entrance", "04A1B2C3"), "disk full")
    assert shows(bench.do(failed)) == [Signal.NOT_STORED]


def test_what_was_in_flight_when_the_agent_stopped_is_unsure_at_the_next_start() -> None:
    bench = Bench()
    bench.tap("04A1B2C3")
    bench.boot = "b2"
    (again,) = sends(bench.do(Started(bench.at, "1")))
    assert bench.state.journal == "j1"
    assert [r.inss for r in again.registrations] == [AN.inss]
    assert bench.only().unsure
    ended = [e.record for e in bench.entries if isinstance(e.record, AttemptEnded)]
    assert [record.failure for record in ended] == ["Interrupted"]


def test_a_roster_that_loses_more_than_a_third_is_not_taken_unless_forced() -> None:
    bench = Bench()
    smaller = Roster({"04A1B2C3": AN})
    bench.do(RosterOffered(bench.at, smaller, "roster.csv"))
    assert len(bench.state.book.listed) == 2
    bench.do(RosterOffered(bench.at, smaller, "roster.csv", force=True))
    assert len(bench.state.book.listed) == 1


def test_a_waiting_registration_turns_the_standing_light_to_slow_amber() -> None:
    bench = Bench()
    (send,) = sends(bench.tap("04A1B2C3"))
    assert gate.standing(bench.state, bench.at) is Signal.READY
    bench.ms += RULES.waiting_after_ms
    assert gate.standing(bench.state, bench.at) is Signal.WAITING
    bench.answer(send, *receipt(send))
    assert gate.standing(bench.state, bench.at) is Signal.READY
