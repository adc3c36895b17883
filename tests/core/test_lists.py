"""Lists through the core: numbers in, names and jobs out, and what becomes of the day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.core import gate
from agent.core.commands import Command, DropPrint, Print, PrintSlip, Record, Reply, Send
from agent.core.delivery.registrations import Answer, Receipt
from agent.core.events import (
    BurstEnded,
    ClockSet,
    CrewConfirmationAsked,
    Event,
    Failure,
    JournalMade,
    RosterOffered,
    Started,
    Tapped,
    TimePassed,
)
from agent.core.moment import Moment, Trust
from agent.core.obligations import Outcome
from agent.core.outage.procedure_records import By
from agent.core.paper.attendance_list import Mark
from agent.core.paper.paper_events import (
    CopyAsked,
    EnrolmentAsked,
    LinesCounted,
    ListAsked,
    PaperChecked,
    PaperMoved,
    ReferenceEntered,
    SlipAsked,
    SlipKind,
)
from agent.core.paper.paper_records import Paper
from agent.core.paper.papers import Lack, lacks
from agent.core.paper.print_jobs import EVERY_PART
from agent.core.records import Entry, described, kind_of
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.signals import Signal
from agent.core.state import State
from drivers.paper import JobDone, PartDone, PartStarted, PrinterStatus

BRUSSELS = ZoneInfo("Europe/Brussels")
SEVEN = round(dt.datetime(2026, 11, 24, 7, 0, tzinfo=BRUSSELS).timestamp() * 1000)
MAIN, OTHER, CLEANER = "0448181966", "0200065765", "0417497106"
HERE, ELSEWHERE = "1Y1000NF9KCQZ", "1Y1000NF9KCQA"
RULES = Rules(
    BRUSSELS,
    HERE,
    firm=MAIN,
    duties={CLEANER: "checkinout"},
    lines=(Line("only", "checkinatwork"), Line("cleaning", "checkinout")),
)
INSS = "85011512355"
PEOPLE = {
    "04A1": Worker("Aerts", "An", MAIN, HERE, inss=INSS),
    "04A2": Worker("Bogaert", "Bo", OTHER, HERE, inss="90022212388"),
    "04A3": Worker("Claes", "Cis", OTHER, ELSEWHERE, inss="91022212388"),
    "04A4": Worker("Dorst", "Di", CLEANER, HERE, inss="92022212388"),
}


class Gate:
    """A gate whose channels never deliver, unless they are told to."""

    def __init__(self, people: dict[str, Worker] = PEOPLE) -> None:
        self.ms = 0
        self.trust = Trust.NTP
        self.entries: list[Entry] = []
        self.state = State(RULES)
        self.sends: list[Send] = []
        self.do(JournalMade(self.at, "j", "gate", True))
        self.do(Started(self.at, "1"))
        self.do(RosterOffered(self.at, Roster(people), "r"))

    @property
    def at(self) -> Moment:
        return Moment(SEVEN + self.ms, self.ms, "b1", self.trust)

    def do(self, event: Event) -> tuple[Command, ...]:
        seq = self.state.seq
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            if isinstance(command, Record):
                seq += 1
                self.entries.append(Entry(seq, event.at, kind_of(command.record), command.record))
        self.sends += [c for c in commands if isinstance(c, Send)]
        assert gate.restore(self.state.rules, self.entries) == self.state
        return commands

    def tap(self, *uids: str) -> None:
        for uid in uids:
            self.ms += 60_000
            self.do(Tapped(self.at, "r", uid))

    def fail(self) -> None:
        for send in self.sends:
            failure = Failure("NotReached", "no way")
            self.do(BurstEnded(self.at, send.attempt, send.channel, failure=failure))
        self.sends.clear()

    def deliver(self) -> None:
        send = self.sends.pop()
        answers = tuple(Answer(r.reference, Receipt("7001")) for r in send.registrations)
        self.do(BurstEnded(self.at, send.attempt, send.channel, answers))

    def enter(self, number: str, **more: object) -> tuple[Command, ...]:
        return self.do(ReferenceEntered(self.at, number, By.KEYPAD, asked=1, **more))  # type: ignore[arg-type]

    def ask(self, **more: object) -> tuple[Command, ...]:
        return self.do(ListAsked(self.at, By.KEYPAD, asked=1, **more))  # type: ignore[arg-type]

    def print(self, job: int, parts: int = 2) -> tuple[Command, ...]:
        for part in range(1, parts + 1):
            self.do(PaperMoved(self.at, job, parts, PartStarted(part)))
            self.do(PaperMoved(self.at, job, parts, PartDone(part, True, PrinterStatus.OK)))
        return self.do(PaperMoved(self.at, job, parts, JobDone(parts, parts, PrinterStatus.OK)))

    def print_all(self) -> None:
        for job in tuple(self.state.papers.jobs):
            self.print(job)

    def midnight(self) -> None:
        self.ms += 24 * 3_600_000
        self.fail()
        self.do(ClockSet(self.at, 0))

    def outcome(self, uid: str) -> tuple[Outcome | None, str, str]:
        (found,) = (o for o in self.state.ledger.obligations.values() if o.uid == uid)
        return found.outcome, found.list_number, found.list_reference


def prints(commands: tuple[Command, ...]) -> list[Print]:
    return [command for command in commands if isinstance(command, Print)]


def reply(commands: tuple[Command, ...]) -> Reply:
    (found,) = (command for command in commands if isinstance(command, Reply))
    return found


def names(print_: Print) -> list[str]:
    return [row.person.surname for row in print_.sheet.rows]


def test_a_number_makes_one_list_for_each_declaration_of_all_who_are_there() -> None:
    gate = Gate()
    gate.tap("04A2", "04A1", "04A3", "04A4")
    here, there = sorted(prints(gate.enter("20261124 17")), key=lambda p: -len(p.sheet.rows))
    assert names(here) == ["Bogaert", "Aerts"]  # by firm, then by name; no cleaner
    assert names(there) == ["Claes"]
    assert here.sheet.reference == there.sheet.reference == "20261124 17"
    assert {here.sheet.made.number, there.sheet.made.number} == {"j-1124-1", "j-1124-2"}
    assert (here.certain, here.sent) == (0, 0)


def test_who_is_on_a_printed_list_ends_the_day_on_paper() -> None:
    gate = Gate()
    gate.tap("04A1", "04A2")
    gate.enter("20261124")
    gate.print_all()
    assert gate.outcome("04A1") == (None, "j-1124-1", "20261124")
    gate.midnight()
    assert gate.outcome("04A1") == (Outcome.ON_PAPER, "j-1124-1", "20261124")


def test_a_list_that_did_not_come_out_proves_nothing() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 2, PartStarted(1)))
    gate.do(PaperMoved(gate.at, job.job, 2, PartDone(1, True, PrinterStatus.OK)))
    gate.midnight()
    assert gate.outcome("04A1") == (Outcome.EXPIRED, "", "")


def test_who_is_on_a_list_is_delivered_all_the_same_when_a_channel_recovers() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.enter("20261124")
    gate.print_all()
    gate.deliver()
    assert gate.outcome("04A1") == (Outcome.REGISTERED, "j-1124-1", "20261124")
    gate.midnight()
    assert gate.outcome("04A1") == (Outcome.REGISTERED, "j-1124-1", "20261124")


def test_a_registered_worker_stands_on_the_list_with_the_receipt() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.deliver()
    gate.tap("04A2")
    (job,) = prints(gate.enter("20261124"))
    assert [(r.person.surname, r.mark, r.receipt) for r in job.sheet.rows] == [
        ("Bogaert", Mark.OPEN, ""),
        ("Aerts", Mark.REGISTERED, "7001"),
    ]


def test_only_who_is_named_is_expected_never_the_whole_roster() -> None:
    gate = Gate()
    gate.tap("04A1")
    (two,) = (n for n, known in gate.state.book.listed.items() if known.worker.surname == "Bogaert")
    (job,) = prints(gate.enter("20261124", expected=(two, two, 99)))
    assert [(r.person.surname, r.mark) for r in job.sheet.rows] == [
        ("Bogaert", Mark.EXPECTED),
        ("Aerts", Mark.OPEN),
    ]


def test_without_a_number_the_list_is_provisional_and_the_panel_goes_on_asking() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.ask())
    assert job.sheet.reference == ""
    gate.print_all()
    assert gate_says(gate) is Signal.NUMBER_WANTED
    assert gate.outcome("04A1") == (None, "", "")
    (slip,) = prints(gate.enter("20261124"))
    assert slip.paper is Paper.COMPLETION
    assert slip.sheet.made.number == job.sheet.made.number
    assert gate.outcome("04A1") == (None, "", "")  # not before the slip is there
    gate.print(slip.job, 1)
    assert gate.outcome("04A1") == (None, "j-1124-1", "20261124")
    assert gate_says(gate) is not Signal.NUMBER_WANTED


def gate_says(gate_: Gate) -> Signal:
    return gate.standing(gate_.state, gate_.at)


def test_a_provisional_list_without_a_number_proves_nothing_at_midnight() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.ask()
    gate.print_all()
    gate.midnight()
    assert gate.outcome("04A1") == (Outcome.EXPIRED, "", "")


def test_a_number_after_a_provisional_list_also_lists_who_came_since() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.ask()
    gate.tap("04A2")
    slip, late = prints(gate.enter("20261124"))
    assert (slip.paper, late.paper) == (Paper.COMPLETION, Paper.LIST)
    assert [(r.person.surname, r.mark) for r in late.sheet.rows] == [("Bogaert", Mark.LATE)]
    assert late.sheet.made.addendum_to == slip.sheet.made.number


def test_an_addendum_holds_who_came_since_and_needs_a_list() -> None:
    gate = Gate()
    gate.tap("04A1")
    assert not reply(gate.ask(addendum=True)).done
    gate.enter("20261124")
    assert not reply(gate.ask(addendum=True)).done  # nobody came
    gate.tap("04A2")
    (late,) = prints(gate.ask(addendum=True))
    assert names(late) == ["Bogaert"]
    assert late.sheet.reference == "20261124"
    assert late.sheet.made.blank_lines == 0


def test_another_number_makes_another_whole_list_and_the_first_stays_the_proof() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.enter("20261124")
    gate.print_all()
    (again,) = prints(gate.enter("99887766"))
    assert names(again) == ["Aerts"]
    gate.print_all()
    assert gate.outcome("04A1") == (None, "j-1124-1", "20261124")


def test_another_firm_has_its_own_number_and_lists_its_own_workers() -> None:
    gate = Gate()
    gate.tap("04A1", "04A2", "04A3")
    jobs = prints(gate.enter("55554444", firm=OTHER))
    assert sorted(name for job in jobs for name in names(job)) == ["Bogaert", "Claes"]
    assert {job.sheet.made.firm for job in jobs} == {OTHER}
    assert gate.state.papers.reference(MAIN, dt.date(2026, 11, 24)) is None


def test_half_a_number_and_a_day_that_nobody_knows_are_refused() -> None:
    gate = Gate()
    gate.tap("04A1")
    assert not reply(gate.enter("123")).done
    assert not reply(gate.enter("")).done
    gate.trust = Trust.UNKNOWN
    assert "clock" in reply(gate.enter("20261124")).text
    assert not gate.state.papers.sheets


TODAY = dt.date(2026, 11, 24)


def dark(people: dict[str, Worker] = PEOPLE) -> Gate:
    """Restarted without network: no clock tells the day, and two have tapped since."""
    gate = Gate(people)
    gate.tap("04A3")
    gate.fail()
    gate.ms += 600_000
    gate.trust = Trust.UNKNOWN
    gate.do(ClockSet(gate.at, -86_400_000))
    gate.tap("04A1", "04A2")
    return gate


def test_where_no_clock_tells_the_day_a_persons_word_makes_the_list() -> None:
    gate = dark()
    jobs = prints(gate.enter("20261124", day=TODAY))
    assert sorted(name for job in jobs for name in names(job)) == ["Aerts", "Bogaert", "Claes"]
    here = next(job for job in jobs if len(job.sheet.rows) == 2)
    assert all(row.tapped is None for row in here.sheet.rows)  # at what time nobody knows
    assert here.sheet.made.day == TODAY
    gate.print_all()
    assert gate.outcome("04A1") == (None, here.sheet.made.number, "20261124")
    assert gate.sends == []  # nothing is sent on a person's word
    gate.trust = Trust.NTP
    gate.do(ClockSet(gate.at, 86_400_000))
    sent = {r.inss for send in gate.sends for r in send.registrations}
    assert INSS in sent  # the day lasts: it is delivered all the same


def test_a_day_named_by_a_person_that_is_over_by_a_right_clock_ends_on_paper() -> None:
    gate = dark()
    gate.enter("20261124", day=TODAY)
    gate.print_all()
    gate.trust = Trust.NTP
    gate.midnight()
    assert gate.outcome("04A1")[0] is Outcome.ON_PAPER


def test_a_day_that_cannot_be_is_refused_and_a_right_clock_is_not_overruled() -> None:
    gate = dark()
    assert not reply(gate.ask(day=dt.date(2026, 11, 23))).done  # a right clock told the 24th
    assert not reply(gate.ask(day=dt.date(2028, 11, 24))).done
    assert gate.state.taps.loose
    gate.trust = Trust.NTP
    gate.do(ClockSet(gate.at, 86_400_000))
    assert not reply(gate.ask(day=dt.date(2026, 11, 25))).done
    assert reply(gate.ask(day=TODAY)).done


def test_paper_out_goes_on_with_the_part_that_is_not_certain() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 3, PartStarted(1)))
    gate.do(PaperMoved(gate.at, job.job, 3, PartDone(1, True, PrinterStatus.OK)))
    gate.do(PaperMoved(gate.at, job.job, 3, PartStarted(2)))
    out = JobDone(1, 2, PrinterStatus.PAPER_OUT, "no paper", "put some in")
    (again,) = prints(gate.do(PaperMoved(gate.at, job.job, 3, out)))
    assert (again.certain, again.sent, again.after_ms > 0) == (1, 2, True)
    assert gate_says(gate) is Signal.PRINTER_WAITS
    entries = len(gate.entries)
    (again,) = prints(gate.do(PaperMoved(gate.at, job.job, 3, out)))
    assert (again.certain, again.sent, len(gate.entries)) == (1, 2, entries)  # no journal spam


def test_nobody_can_say_of_pages_that_were_never_sent_that_they_are_there() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 3, PartStarted(1)))
    gate.do(PaperMoved(gate.at, job.job, 3, PartDone(1, True, PrinterStatus.OK)))
    out = JobDone(1, 2, PrinterStatus.PAPER_OUT, "no paper", "put some in")
    gate.do(PaperMoved(gate.at, job.job, 3, out))
    said = reply(gate.do(PaperChecked(gate.at, By.KEYPAD, whole=True, asked=1)))
    assert not said.done
    assert "not every page was sent" in said.text
    assert gate.outcome("04A1") == (None, "", "")


def test_who_was_announced_and_did_not_tap_is_expected_and_is_not_proven_present() -> None:
    gate = Gate()
    gate.state = replace(gate.state, rules=replace(RULES, ahead=True))
    gate.do(CrewConfirmationAsked(gate.at, MAIN, (), asked=1))
    gate.fail()
    gate.ms += 24 * 3600_000
    gate.do(ClockSet(gate.at, 0))
    (job,) = prints(gate.enter("20261125"))
    assert {(row.mark, row.tapped) for row in job.sheet.rows} == {(Mark.EXPECTED, None)}
    gate.print_all()
    gate.midnight()
    announced = [o for o in gate.state.ledger.obligations.values() if o.ahead]
    assert announced
    assert Outcome.ON_PAPER not in {o.outcome for o in announced}


def test_a_restart_goes_on_with_the_part_that_is_not_certain() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 3, PartStarted(1)))
    gate.do(PaperMoved(gate.at, job.job, 3, PartDone(1, True, PrinterStatus.OK)))
    (again,) = prints(gate.do(Started(gate.at, "1")))
    assert (again.job, again.certain, again.sent) == (job.job, 1, 2)  # part 2 may have begun
    assert again.sheet == job.sheet


def test_a_printer_that_never_answers_needs_a_person_and_then_the_list_is_proof() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 1, PartStarted(1)))
    gate.do(PaperMoved(gate.at, job.job, 1, PartDone(1, False, PrinterStatus.UNKNOWN)))
    done = JobDone(0, 1, PrinterStatus.UNKNOWN, "the printer does not answer", "look")
    assert not prints(gate.do(PaperMoved(gate.at, job.job, 1, done)))
    assert not prints(gate.do(Started(gate.at, "1")))  # nothing is printed twice silently
    (again,) = prints(gate.do(PaperChecked(gate.at, By.KEYPAD, whole=False, asked=1)))
    assert (again.certain, again.sent) == (0, 1)
    commands = gate.do(PaperChecked(gate.at, By.KEYPAD, whole=True, asked=1))
    assert reply(commands).done
    assert PrintSlip(SlipKind.KEEP_LIST) in commands
    assert gate.outcome("04A1")[1:] == ("j-1124-1", "20261124")


def test_a_list_that_is_named_may_come_from_another_printer() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.enter("20261124")
    assert not reply(gate.do(PaperChecked(gate.at, By.COMMAND, whole=True, asked=1))).done
    gate.do(PaperChecked(gate.at, By.COMMAND, True, "j-1124-1", asked=1))
    assert gate.outcome("04A1")[1:] == ("j-1124-1", "20261124")


def test_a_person_may_look_after_midnight_and_turn_expired_into_on_paper() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 1, PartStarted(1)))
    gate.do(PaperMoved(gate.at, job.job, 1, PartDone(1, False, PrinterStatus.UNKNOWN)))
    gate.do(PaperMoved(gate.at, job.job, 1, JobDone(0, 1, PrinterStatus.UNKNOWN, "?", "look")))
    gate.midnight()
    assert gate.outcome("04A1")[0] is Outcome.EXPIRED
    gate.do(PaperChecked(gate.at, By.COMMAND, whole=True, asked=1))
    assert gate.outcome("04A1")[0] is Outcome.ON_PAPER


def test_a_copy_says_so_on_every_part_and_changes_nothing() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.enter("20261124")
    gate.print_all()
    (copy,) = prints(gate.do(CopyAsked(gate.at, By.KEYPAD, asked=1)))
    assert copy.sent > 100
    gate.print(copy.job)
    assert gate.outcome("04A1") == (None, "j-1124-1", "20261124")


def test_blank_lines_count_once_a_person_says_how_many_were_filled_in() -> None:
    gate = Gate()
    gate.tap("04FF", "04A1")
    (job,) = prints(gate.enter("20261124"))
    lines = job.sheet.made.lines_to_fill_in
    assert lines == 9  # one for the unknown badge
    assert not reply(gate.do(LinesCounted(gate.at, By.KEYPAD, lines + 1, asked=1))).done
    assert gate.state.papers.sheets["j-1124-1"].filled is None
    assert reply(gate.do(LinesCounted(gate.at, By.KEYPAD, 1, asked=1))).done
    assert gate.state.papers.sheets["j-1124-1"].filled == 1


def test_a_new_day_asks_again_and_makes_a_new_list() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.enter("20261124")
    gate.print_all()
    gate.midnight()
    gate.tap("04A1")
    (job,) = prints(gate.ask())
    assert job.sheet.made.number == "j-1125-1"
    assert job.sheet.reference == ""


def test_no_line_that_anybody_may_read_holds_a_national_number_or_a_name() -> None:
    gate = Gate()
    gate.tap("04A1", "04A2")
    gate.enter("20261124")
    gate.print_all()
    lines = [described(entry.record) for entry in gate.entries if entry.record]
    said = " ".join([*lines, repr(replace(gate.state, rules=RULES))])
    assert INSS not in said
    assert not any("Aerts" in line for line in lines if not line.startswith("worker-listed"))


def test_an_unknown_badge_that_came_after_the_list_gets_a_line_on_the_addendum() -> None:
    gate = Gate()
    gate.tap("04FF", "04A1")
    gate.enter("20261124")
    assert not reply(gate.ask(addendum=True)).done  # it has its line
    gate.tap("04FF", "04EE", "04EE")
    (late,) = prints(gate.ask(addendum=True))
    assert late.sheet.rows == ()
    assert len(late.sheet.made.strangers) == late.sheet.made.lines_to_fill_in == 1
    assert late.sheet.made.addendum_to == "j-1124-1"
    assert not reply(gate.ask(addendum=True)).done


def test_a_badge_that_nobody_knows_stands_on_the_addendum_of_those_who_came_with_it() -> None:
    gate = Gate()
    gate.tap("04A1", "04A3")
    gate.enter("20261124")
    gate.tap("04EE", "04A2")
    (late,) = prints(gate.ask(addendum=True))
    assert names(late) == ["Bogaert"]
    assert len(late.sheet.made.strangers) == 1


def test_the_panel_asks_for_an_addendum_for_an_unknown_badge_while_nothing_goes_through() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.fail()
    for _ in range(6):
        gate.ms += 60_000
        gate.do(TimePassed(gate.at))
        gate.fail()
    assert gate.state.log.open
    gate.enter("20261124")
    gate.print_all()
    assert gate_says(gate) is not Signal.NUMBER_WANTED
    gate.tap("04EE")
    assert gate_says(gate) is not Signal.NUMBER_WANTED
    gate.ms += 301_000
    assert gate_says(gate) is Signal.NUMBER_WANTED
    gate.ask(addendum=True)
    gate.print_all()
    assert gate_says(gate) is not Signal.NUMBER_WANTED


def test_a_number_of_one_declaration_is_borne_by_its_later_addenda_and_by_no_other_list() -> None:
    gate = Gate()
    gate.tap("04A1")
    gate.enter("20261124", declaration=HERE)
    gate.tap("04A2", "04A3")
    made = {p.sheet.made.declaration: p.sheet for p in prints(gate.ask())}
    assert (made[HERE].reference, made[HERE].made.addendum_to) == ("20261124", "j-1124-1")
    assert (made[ELSEWHERE].reference, made[ELSEWHERE].made.addendum_to) == ("", "")
    assert [row.mark for row in made[ELSEWHERE].rows] == [Mark.OPEN]
    (slip,) = prints(gate.enter("20261124", declaration=ELSEWHERE))  # the same number for both
    assert (slip.paper, slip.sheet.made.number) == (
        Paper.COMPLETION,
        made[ELSEWHERE].made.number,
    )


def test_the_number_comes_from_the_centre_or_the_form_and_from_nowhere_else() -> None:
    gate = Gate()
    gate.tap("04A1")
    assert "pigeon" in reply(gate.enter("20261124", how="pigeon")).text
    assert not gate.state.papers.references


def test_a_list_that_a_person_called_printed_is_printed_no_more() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.do(PaperMoved(gate.at, job.job, 3, PartStarted(1)))
    out = JobDone(0, 1, PrinterStatus.PAPER_OUT, "no paper", "put some in")
    gate.do(PaperMoved(gate.at, job.job, 3, out))
    commands = gate.do(PaperChecked(gate.at, By.COMMAND, True, "j-1124-1", asked=1))
    assert DropPrint(job.job) in commands
    assert "strike through" in reply(commands).text  # its first page may hang out of the printer
    assert gate.outcome("04A1")[1:] == ("j-1124-1", "20261124")


def test_what_nobody_printed_is_dropped_from_the_printer_too_when_its_day_is_long_over() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    gate.midnight()
    gate.ms += 24 * 3_600_000
    assert DropPrint(job.job) in gate.do(ClockSet(gate.at, 0))


def test_without_a_printer_no_answer_says_that_something_is_printed() -> None:
    gate = Gate()
    gate.state = replace(gate.state, rules=replace(RULES, printer=False))
    gate.tap("04A1")
    assert "werfpoort list --pdf" in reply(gate.enter("20261124")).text
    copied = gate.do(CopyAsked(gate.at, By.COMMAND, asked=1))
    assert "there is no printer" in reply(copied).text
    commands = gate.do(SlipAsked(gate.at, SlipKind.KEEP_LIST, By.COMMAND, asked=1))
    assert not reply(commands).done
    assert not any(isinstance(command, PrintSlip) for command in commands)


def test_a_list_without_a_number_is_followed_by_the_slip_that_says_how_to_enter_it() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.ask())
    assert PrintSlip(SlipKind.KEEP_LIST) in gate.print(job.job)
    (slip,) = prints(gate.enter("20261124"))
    assert PrintSlip(SlipKind.KEEP_LIST) in gate.print(slip.job, 1)


def test_a_document_that_cannot_be_made_is_told_and_tried_again_not_called_printed() -> None:
    gate = Gate()
    gate.tap("04A1")
    (job,) = prints(gate.enter("20261124"))
    end = JobDone(0, 0, PrinterStatus.UNKNOWN, "the document could not be made", "call support")
    (again,) = prints(gate.do(PaperMoved(gate.at, job.job, EVERY_PART, end)))
    assert again.after_ms > 0
    assert gate_says(gate) is Signal.PRINTER_WAITS
    (sheet,) = gate.state.papers.sheets.values()
    lack, words = lacks(sheet, gate.state.papers.jobs.values())
    assert lack is Lack.UNKNOWN
    assert "could not be made" in words


def test_whoever_was_enrolled_is_on_the_roster_no_more_once_their_days_are_over() -> None:
    gate = Gate()
    gate.state = replace(gate.state, rules=replace(RULES, employers=(MAIN,)))
    gate.tap("04FF")
    gate.do(EnrolmentAsked(gate.at, "04FF", "72052912369", MAIN, By.KEYPAD, 1))
    (number, worker) = gate.state.book.holder("04FF") or (0, None)
    assert worker is not None and worker.inss == "72052912369"
    for _ in range(7):
        gate.midnight()
    assert number in gate.state.book.listed  # the night after the seventh day
    gate.midnight()
    assert number not in gate.state.book.listed
    assert gate.state.book.holder("04FF") is None
