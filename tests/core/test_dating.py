"""Taps that no clock could date get their day from the clock of later, or from a person."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agent.core import gate
from agent.core.clock_records import EntriesDated, TapsDated
from agent.core.commands import Command, Record, Reply, Send
from agent.core.delivery.registrations import Answer, Receipt
from agent.core.events import (
    BadgeAssignmentAsked,
    BurstEnded,
    ClockSet,
    Event,
    JournalMade,
    RosterOffered,
    ServerHeard,
    Started,
    TapDayNamed,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment, Trust
from agent.core.obligations import Obligation, Outcome
from agent.core.records import DayBegan, Entry, ObligationOpened, kind_of
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.state import State

DAY_MS = 86_400_000
BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = round(dt.datetime(2026, 11, 24, 6, 55, tzinfo=BRUSSELS).timestamp() * 1000)
TODAY = dt.date(2026, 11, 24)
YESTERDAY = dt.date(2026, 11, 23)
AN = Worker("Peeters", "An", "0448181966", "1Y1000NF9KCQZ", inss="85011512355")
BO = Worker("Dupont", "Bo", "0448181966", "1Y1000NF9KCQZ", inss="05011512353")
CLEANER = Worker("Claes", "Cy", "0200065765", "1Y1000NF9KCQZ", inss="77030300377")
ROSTER = Roster({"04A1": AN, "04B2": BO, "04C3": CLEANER})
RULES = Rules(
    BRUSSELS,
    "1Y1000NF9KCQZ",
    duties={"0200065765": "checkinout"},
    lines=(Line("ciaw", "checkinatwork"), Line("cleaning", "checkinout")),
)


class Site:
    """A gate that starts anew now and then, and whose clock is not always right."""

    def __init__(self) -> None:
        self.state = State(RULES)
        self.entries: list[Entry] = []
        self.boot, self.ms, self.mono = 1, 0, 0
        self.trust = Trust.NTP
        self.do(JournalMade(self.at, "j1", "gate", True))
        self.do(Started(self.at, "1"))
        self.do(RosterOffered(self.at, ROSTER, "roster.csv"))

    @property
    def at(self) -> Moment:
        wall = MORNING + self.ms if self.trust is not Trust.UNKNOWN else self.mono
        return Moment(wall, self.mono, f"b{self.boot}", self.trust)

    def do(self, event: Event) -> tuple[Command, ...]:
        seq = self.state.seq
        self.state, commands = gate.step(self.state, event)
        for record in (c.record for c in commands if isinstance(c, Record)):
            seq += 1
            self.entries.append(Entry(seq, event.at, kind_of(record), record))
        assert gate.restore(RULES, self.entries) == self.state
        return commands

    def later(self, ms: int = 60_000) -> Moment:
        self.ms += ms
        self.mono += ms
        return self.at

    def start(self, trust: Trust, after_ms: int = 60_000) -> None:
        """The machine starts again."""
        self.later(after_ms)
        self.boot += 1
        self.mono, self.trust = 5_000, trust
        self.do(Started(self.at, "1"))

    def tap(self, uid: str) -> int:
        """The tap's entry."""
        self.do(Tapped(self.later(), "entrance", uid))
        return max(e.seq for e in self.entries if e.kind == "tap-stored")

    def trusted(self) -> tuple[Command, ...]:
        self.trust = Trust.NTP
        return self.do(ClockSet(self.later(), MORNING))

    def name(self, day: dt.date, *taps: int) -> Reply:
        (reply,) = (
            c
            for c in self.do(TapDayNamed(self.later(), day, "Jan Maes", taps, 1))
            if isinstance(c, Reply)
        )
        return reply

    def all_of(self, kind: type) -> list[Entry]:
        return [e for e in self.entries if isinstance(e.record, kind)]

    def owed(self) -> list[Obligation]:
        return list(self.state.ledger.obligations.values())


def in_the_dark(*uids: str) -> tuple[Site, list[int]]:
    """Taps of a start that never knew the time, seen from the start after it."""
    site = Site()
    site.start(Trust.UNKNOWN)
    taps = [site.tap(uid) for uid in uids]
    site.start(Trust.NTP)
    return site, taps


def test_a_correction_dates_what_was_written_before_the_clock_was_right_and_edits_nothing() -> None:
    site = Site()
    site.start(Trust.UNKNOWN)
    tap = site.tap("04A1")
    first = next(e.seq for e in site.entries if e.at.boot_id == "b2")
    before = list(site.entries)
    site.trusted()
    (entry,) = site.all_of(EntriesDated)
    assert entry.record == EntriesDated(first, tap)
    assert site.entries[: len(before)] == before
    (opened,) = site.all_of(ObligationOpened)
    assert isinstance(opened.record, ObligationOpened)
    assert opened.record.at == site.entries[tap - 1].at.seen_from(entry.at)
    assert opened.record.day == TODAY


def test_an_unknown_badge_that_the_clock_dated_later_ends_with_its_day() -> None:
    site = Site()
    site.start(Trust.UNKNOWN)
    tap = site.tap("04D4")
    site.trusted()
    assert [(t.seq, t.at.trusted) for t in site.state.taps.loose] == [(tap, True)]
    site.start(Trust.NTP)
    assert not any(t.waits_for_a_person(site.at) for t in site.state.taps.loose)
    site.do(TimePassed(site.later(DAY_MS)))
    assert site.state.taps.loose == ()
    assert site.state.base() > tap


def test_a_tap_before_midnight_that_the_clock_dates_after_it_still_has_an_outcome() -> None:
    site = Site()
    site.start(Trust.UNKNOWN)
    site.tap("04A1")
    site.later(DAY_MS)
    site.trust = Trust.NTP
    site.do(TimePassed(site.at))  # nobody has told of the clock yet
    assert [(o.person, o.day, o.outcome) for o in site.owed()] == [(AN, TODAY, Outcome.EXPIRED)]


def test_a_tap_whose_day_nobody_names_keeps_no_other_entry_for_the_next_start() -> None:
    site, (tap,) = in_the_dark("04A1")
    for _ in range(3):
        site.do(TimePassed(site.later(DAY_MS)))
    (*_, last) = [e.record for e in site.all_of(DayBegan)]
    assert isinstance(last, DayBegan)
    assert last.waiting == (tap,)
    assert last.base > tap
    again = gate.restore(RULES, [e for e in site.entries if last.needs(e)])
    assert [t.seq for t in again.taps.loose] == [tap]
    assert again == site.state


def test_a_clock_that_was_never_in_doubt_is_not_corrected() -> None:
    site = Site()
    site.tap("04A1")
    site.do(ClockSet(site.later(), 5_000))
    assert site.all_of(EntriesDated) == []


def test_each_doubt_is_settled_once_and_one_of_an_earlier_start_never_by_the_clock() -> None:
    site, _ = in_the_dark("04A1")
    assert site.all_of(EntriesDated) == []
    site.trust = Trust.UNKNOWN
    tap = site.tap("04B2")
    site.trusted()
    site.do(TimePassed(site.later()))
    (entry,) = site.all_of(EntriesDated)
    assert entry.record == EntriesDated(tap, tap)


def test_taps_of_an_earlier_start_wait_for_a_person_and_are_sent_once_today_is_named() -> None:
    site, taps = in_the_dark("04A1", "04B2", "04A1")
    assert site.owed() == []
    site.do(TimePassed(site.later()))
    assert site.owed() == []
    commands = site.do(TapDayNamed(site.later(), TODAY, "Jan Maes", (), 1))
    (send,) = (c for c in commands if isinstance(c, Send))
    assert {r.inss for r in send.registrations} == {AN.inss, BO.inss}
    assert [(o.person, o.day) for o in site.owed()] == [(AN, TODAY), (BO, TODAY)]
    (dated,) = site.all_of(TapsDated)
    assert dated.record == TapsDated(tuple(taps), TODAY, "Jan Maes")
    assert site.state.taps.loose == ()


def test_of_a_day_that_is_over_nothing_is_sent_and_the_obligation_expires() -> None:
    site, _ = in_the_dark("04A1")
    commands = site.do(TapDayNamed(site.later(), YESTERDAY, "Jan Maes", (), 1))
    assert [c for c in commands if isinstance(c, Send)] == []
    (obligation,) = site.owed()
    assert (obligation.day, obligation.outcome) == (YESTERDAY, Outcome.EXPIRED)
    (reply,) = (c for c in commands if isinstance(c, Reply))
    assert reply.done
    assert "nothing is sent for it" in reply.text


def test_a_day_without_a_time_never_takes_the_next_morning_into_its_shift() -> None:
    site, _ = in_the_dark("04A1")
    site.later(16 * 3_600_000)
    site.name(TODAY)
    site.later(6 * 3_600_000)
    site.tap("04A1")
    assert [o.day for o in site.owed()] == [TODAY, TODAY + dt.timedelta(days=1)]


def test_who_is_registered_for_the_day_already_owes_nothing_more() -> None:
    site, _ = in_the_dark("04A1")
    site.do(Tapped(site.later(), "entrance", "04A1"))
    assert site.name(TODAY).done
    assert len(site.owed()) == 1


def test_a_duty_by_the_minute_is_not_sent_without_the_minute() -> None:
    site, _ = in_the_dark("04C3")
    commands = site.do(TapDayNamed(site.later(), TODAY, "Jan Maes", (), 1))
    assert [c for c in commands if isinstance(c, Send)] == []
    assert [o.outcome for o in site.owed()] == [Outcome.EXPIRED]


def test_only_the_taps_that_are_named_get_the_day() -> None:
    site, (an, bo) = in_the_dark("04A1", "04B2")
    assert site.name(YESTERDAY, an).done
    assert [tap.seq for tap in site.state.taps.loose] == [bo]
    assert site.name(TODAY, bo).done
    assert {o.person: o.day for o in site.owed()} == {AN: YESTERDAY, BO: TODAY}


def test_an_unknown_badge_can_be_linked_on_the_day_that_was_named_for_it_and_not_later() -> None:
    site, _ = in_the_dark("04D4")
    assert "lead to no worker" in site.name(TODAY).text
    site.do(BadgeAssignmentAsked(site.later(), "04D4", "Peeters An", 1))
    assert [(o.person, o.day) for o in site.owed()] == [(AN, TODAY)]
    site, _ = in_the_dark("04D4")
    site.name(YESTERDAY)
    assert site.state.taps.loose == ()
    site, _ = in_the_dark("04D4")
    site.name(TODAY)
    site.do(TimePassed(site.later(DAY_MS)))
    assert site.state.taps.loose == ()


def test_what_cannot_be_is_refused_with_the_reason() -> None:
    site, (tap,) = in_the_dark("04A1")
    refused = (
        site.name(TODAY + dt.timedelta(days=1)),
        site.name(TODAY, tap + 1),
        Site().name(TODAY),
    )
    said = ("has not come yet", f"no tap {tap + 1} waits", "no tap waits for its day")
    for reply, reason in zip(refused, said, strict=True):
        assert not reply.done
        assert reason in reply.text
    site.trust = Trust.UNKNOWN
    assert "set it first (NTP)" in site.name(TODAY).text
    assert site.all_of(TapsDated) == []


def test_what_a_server_says_of_our_clock_is_remembered() -> None:
    site = Site()
    site.do(ServerHeard(site.at, "ciaw", 95_000, agrees=False))
    assert site.entries[-1].kind == "server-time-compared"


def test_a_confirmed_tap_is_registered_like_any_other() -> None:
    site, _ = in_the_dark("04A1")
    commands = site.do(TapDayNamed(site.later(), TODAY, "Jan Maes"))
    (send,) = (c for c in commands if isinstance(c, Send))
    answers = tuple(Answer(r.reference, Receipt("1001")) for r in send.registrations)
    site.do(BurstEnded(site.later(), send.attempt, send.channel, answers))
    assert [o.outcome for o in site.owed()] == [Outcome.REGISTERED]
