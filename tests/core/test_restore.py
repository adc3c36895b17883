"""What is restored from the journal is what ran, after any run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core import gate
from agent.core.commands import Inquire, Record, Send
from agent.core.delivery.inquiries import (
    Ability,
    AskAfter,
    Cancel,
    CancelReason,
    Found,
    LookUp,
    Search,
)
from agent.core.delivery.receipt_records import ObligationCancelled
from agent.core.delivery.registrations import Answer, ItemError, Receipt
from agent.core.events import (
    BadgeAssignmentAsked,
    BadgeDismissalAsked,
    BurstEnded,
    CancellationAsked,
    CauseConfirmationAsked,
    ClockSet,
    CrewConfirmationAsked,
    DeviceCame,
    DeviceWent,
    Event,
    Failure,
    Gap,
    InquiryEnded,
    JournalMade,
    Measured,
    RosterOffered,
    Started,
    StepAsked,
    Stopping,
    TapDayNamed,
    Tapped,
    TimePassed,
)
from agent.core.export_events import ExportAsked, ExportOver
from agent.core.journal_records import CheckpointSigned
from agent.core.moment import Moment, Trust
from agent.core.obligations import Outcome
from agent.core.outage.correction import PARTIES
from agent.core.outage.facts import Facts
from agent.core.outage.incident_records import Stop
from agent.core.outage.measurements import (
    FAILING,
    WELL,
    Clock,
    Elsewhere,
    Gate,
    Internet,
    Link,
    Local,
    Measurement,
    Names,
    Power,
    Reading,
    Value,
)
from agent.core.outage.procedure_records import By
from agent.core.outage.procedure_records import Step as ProcedureStep
from agent.core.paper.attendance_list import Mark
from agent.core.paper.paper_events import (
    CopyAsked,
    EnrolmentAsked,
    LinesCounted,
    ListAsked,
    PaperChecked,
    ReferenceEntered,
)
from agent.core.paper.paper_records import (
    CodeRefused,
    LinesFilled,
    ListCompleted,
    ListMade,
    ListStands,
    ObligationOnPaper,
    OperatorAdmitted,
    Paper,
    PaperDone,
    PaperDropped,
    PaperDue,
    PaperHeld,
    PartBegun,
    PartPrinted,
    PersonListed,
    ReferenceGot,
)
from agent.core.records import (
    DayBegan,
    Entry,
    ObligationOpened,
    kind_of,
)
from agent.core.records import Record as AnyRecord
from agent.core.roster import Roster, Worker
from agent.core.rules import Line, Rules
from agent.core.state import State

FIRM = "0448181966"
BRUSSELS = ZoneInfo("Europe/Brussels")
EVE_OF_WINTER = round(dt.datetime(2026, 10, 24, 6, 0, tzinfo=BRUSSELS).timestamp() * 1000)
UIDS = ("04A1", "04B2", "04C3", "08123456", "04FF")
RULES = Rules(
    BRUSSELS,
    "1Y1000NF9KCQZ",
    duties={"0200065765": "checkinout"},
    lines=(
        Line("first", "checkinatwork", 2, frozenset(Ability)),
        Line("second", "checkinatwork", 200, frozenset(Ability) - {Ability.ASK_AFTER}),
        Line("cleaning", "checkinout", 2, oldest_ms=600_000),
    ),
    ahead=True,
    facts=Facts(grid_fed=True, configuration="a1"),
)


def worker(number: int, employer: str = "0448181966") -> Worker:
    return Worker("W", str(number), employer, "1Y1000NF9KCQZ", inss=f"{number:011}")


ROSTERS = (
    Roster({"04A1": worker(1), "04B2": worker(2)}),
    Roster({"04A1": worker(1), "04B2": worker(3), "04C3": worker(4, "0200065765")}),
    Roster({"04C3": worker(1)}, unbadged=(worker(2),)),
    Roster({uid: worker(n) for n, uid in enumerate(UIDS)}),
)

Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("tap", "tap", "tap", "tap", "answer", "answer", "answer", "time", "time"),
                *(
                    "roster",
                    "boot",
                    "stop",
                    "device",
                    "clock",
                    "assign",
                    "dismiss",
                    "name",
                    "checkpoint",
                ),
                *(
                    "list",
                    "list",
                    "paper",
                    "paper",
                    "print",
                    "name",
                    "measure",
                    "measure",
                    "dark",
                    "said",
                ),
                *("export",),
                *("cancel", "told", "told", "crew"),
            )
        ),
        st.integers(0, 9),
        st.sampled_from((0, 100, 2_000, 60_000, 3_600_000, 5 * 3_600_000)),
    ),
    max_size=60,
)


class Run:
    """Plays steps and keeps what was recorded, in flight and accepted."""

    def __init__(self) -> None:
        self.state = State(RULES)
        self.entries: list[Entry] = []
        self.flying: list[Send] = []
        self.asked: list[Inquire] = []
        self.sent: list[Send] = []
        self.ms = 0
        self.boot = 1
        self.trust = Trust.NTP
        self.shift = 0
        self.do(JournalMade(self.at, "j", "gate", True))
        self.do(Started(self.at, "1"))
        self.do(RosterOffered(self.at, ROSTERS[0], "r"))

    @property
    def at(self) -> Moment:
        return Moment(EVE_OF_WINTER + self.ms + self.shift, self.ms, f"b{self.boot}", self.trust)

    def do(self, event: Event) -> None:
        seq = self.state.seq
        self.state, commands = gate.step(self.state, event)
        for command in commands:
            if isinstance(command, Record):
                seq += 1
                record = command.record
                self.entries.append(Entry(seq, event.at, kind_of(record), record))
            elif isinstance(command, Send):
                self.flying.append(command)
                self.sent.append(command)
                today = RULES.day(event.at)
                assert all(r.day >= today for r in command.registrations)
            elif isinstance(command, Inquire):
                self.asked.append(command)
        assert seq == self.state.seq

    def play(self, what: str, n: int, wait_ms: int) -> None:
        self.ms += wait_ms
        match what:
            case "tap":
                self.do(Tapped(self.at, f"r{n % 2}", UIDS[n % len(UIDS)]))
            case "answer" if self.flying:
                self.do(self.answer(self.flying.pop(n % len(self.flying)), n))
            case "roster":
                self.do(RosterOffered(self.at, ROSTERS[n % len(ROSTERS)], "r", (), n > 4))
            case "boot":
                self.boot += 1
                self.flying.clear()
                self.asked.clear()
                self.do(Started(self.at, "1"))
            case "dark":
                since, why = self.at, tuple(Stop)[n % len(Stop)]
                self.ms += 900_000 * n
                self.boot += 1
                self.flying.clear()
                self.asked.clear()
                self.do(Started(self.at, "1", Gap(since, why, tuple(Reading)[n % 3])))
            case "stop" | "export":
                self.do(Stopping(self.at, "SIGTERM") if what == "stop" else self.export(n))
            case "device" if n % 2:
                self.do(DeviceWent(self.at, f"d{n % 3}", "cause", "hint"))
            case "device":
                self.do(DeviceCame(self.at, f"d{n % 3}"))
            case "clock":
                self.trust = Trust.UNKNOWN if n < 4 else Trust.NTP
                self.do(ClockSet(self.at, 0))
            case "assign":
                self.do(BadgeAssignmentAsked(self.at, UIDS[n % len(UIDS)], f"w{n}"))
            case "name":
                day = RULES.day(self.at) - dt.timedelta(days=n % 3 - 1)
                taps = tuple(tap.seq for tap in self.state.taps.loose[: n % 4])
                self.do(TapDayNamed(self.at, day, "An", taps))
            case "dismiss":
                self.do(BadgeDismissalAsked(self.at, UIDS[n % len(UIDS)]))
            case "checkpoint":  # as the journal adds one by itself
                self.note(CheckpointSigned(self.state.seq, b"head", b"signature", b"key"))
            case "paper":
                for record in self.paper(n):
                    self.note(record)
            case "list":
                self.do(self.wish(n))
            case "print":
                for job in self.state.papers.jobs:
                    self.note(self.printing(job, n))
            case "cancel" | "told" | "crew" | "measure" | "said":
                self.afterwards(what, n)
            case _:
                self.do(TimePassed(self.at))

    def export(self, n: int) -> Event:
        if n % 3:
            return ExportOver(self.at, "stick", n > 3, "full" if n > 7 else "")
        return ExportAsked(self.at, "stick", n > 3)

    def measurements(self, n: int) -> Iterator[Measurement]:
        """All is well, or the provider's line is dead (n odd), or something of ours (n > 5)."""
        dead, ours = n % 2 == 1, FAILING if n > 5 else WELL
        before = replace(self.at, mono_ms=max(0, self.ms - 30_000)) if n else None
        net = Internet((FAILING,) * 4, WELL, FAILING, WELL) if dead else Internet((WELL,) * 4, WELL)
        values: tuple[tuple[Value, str], ...] = (
            *((Clock(WELL, WELL), ""), (Power(WELL, WELL), ""), (Gate(ours, WELL, WELL, WELL), "")),
            *((Link(carrier=WELL, own_cells=WELL), "uplink"), (Local(WELL, WELL), "uplink")),
            *((net, "uplink"), (Names(WELL, WELL), ""), (Elsewhere(uplink=ours), "")),
        )
        return (Measurement(self.at, value, of, before) for value, of in values)

    def afterwards(self, what: str, n: int) -> None:
        match what:
            case "measure":
                self.do(Measured(self.at, tuple(self.measurements(n))))
            case "said" if n < 4:
                self.do(StepAsked(self.at, "", tuple(ProcedureStep)[n * 2 % 11], By.KEYPAD))
            case "said":
                party, ticket = tuple(PARTIES)[n - 5], "T-1" if n % 2 else ""
                self.do(CauseConfirmationAsked(self.at, "", party, By.PAGE, "An", ticket))
            case "crew":
                self.do(CrewConfirmationAsked(self.at, FIRM, (1,) if n % 2 else ()))
            case "cancel":
                known = list(self.state.ledger.obligations.values())
                references = tuple(o.reference for o in known[n : n + 2])
                self.do(CancellationAsked(self.at, references, CancelReason.PLANNING))
            case "told" if self.asked:
                self.do(self.told(self.asked.pop(n % len(self.asked)), n))

    def note(self, record: AnyRecord) -> None:
        entry = Entry(self.state.seq + 1, self.at, kind_of(record), record)
        self.entries.append(entry)
        self.state = gate.apply(self.state, entry)

    def paper(self, n: int) -> Iterator[AnyRecord]:
        today, sheets = RULES.day(self.at), tuple(self.state.papers.sheets)
        match n:
            case 0 | 1 | 2:
                number = f"{today}-{self.state.seq}"
                yield ListMade(number, today, "1Y1000NF9KCQZ", FIRM, "N1" if n else "", "keypad", n)
                for o in self.state.ledger.obligations.values():
                    yield PersonListed(number, o.reference, o.worker, o.person, o.at, Mark.OPEN)
                yield PaperDue(Paper.LIST, number, "keypad", copy=n == 2)
            case 3 | 4:
                yield ReferenceGot(f"N{n}", FIRM, today, "centre", "keypad")
            case 5 | 6 if sheets:
                yield ListStands(sheets[-1], "N1")
            case 7 if sheets:
                yield ListCompleted(sheets[-1], "N1")
                yield LinesFilled(sheets[-1], 2, "keypad")
                yield PaperDue(Paper.COMPLETION, sheets[-1], "keypad")
            case 8:
                yield CodeRefused("keypad")
            case 9:
                yield OperatorAdmitted("keypad")

    def wish(self, n: int) -> Event:
        at, by = self.at, By.KEYPAD
        named = RULES.day(at) + dt.timedelta(days=n % 2)
        match n:
            case 0 | 1:
                return ReferenceEntered(at, f"4711{n}", by, firm=FIRM, day=named, asked=1)
            case 2 | 3:
                return ListAsked(at, by, n == 2, FIRM, (1, 2), None if self.at.trusted else named)
            case 4:
                return PaperChecked(at, by, whole=True)
            case 5:
                return LinesCounted(at, by, 2)
            case 6:
                return CopyAsked(at, by)
            case 7 | 8:  # whom no roster names
                return EnrolmentAsked(at, "04FE", "72052912369", FIRM, by)
        return ReferenceEntered(at, "4711", by, firm=FIRM)

    def printing(self, job: int, n: int) -> AnyRecord:
        return (
            PartBegun(job, 1 + n % 3, 3),
            PartPrinted(job, 1 + n % 3, n % 2 == 0),
            PaperHeld(job, 1, 2, "paper_out", "no paper", "put some in"),
            PaperDone(job, "printer"),
            PaperDropped(job, "asked"),
        )[n % 5]

    def told(self, inquire: Inquire, n: int) -> InquiryEnded:
        common = (self.at, inquire.inquiry, inquire.channel)
        if n % 5 == 0:
            failure = Failure("NotAuthorised", "x", hopeless=n == 5)
            return InquiryEnded(*common, failure=failure, jitter=n / 10)
        states = ("SUCCESSFULLY REGISTERED", "VALIDATED", "FAILED", "SUCCESSFULLY CANCELLED")
        remarks = ("RELATED DIMONA NOT OK",) if n % 4 == 2 else ()
        match inquire.question:
            case Cancel(cancellations):
                wrong = (ItemError("9", "too late"),)
                receipts = [Receipt(c.number) if n % 2 else None for c in cancellations]
                pairs = zip(cancellations, receipts, strict=True)
                answers = tuple(
                    Answer(c.number, receipt, () if receipt else wrong) for c, receipt in pairs
                )
                return InquiryEnded(*common, answers=answers)
            case AskAfter(references):
                known = [Answer(r, Receipt(f"6{i}")) for i, r in enumerate(references[1:-1])]
                still = (Answer(references[0], handed_over=True), *known)
                return InquiryEnded(*common, answers=still, missing=references[1:][-1:])
            case LookUp(numbers):
                found = (Found(Receipt(number, states[n % 4], remarks)) for number in numbers)
                return InquiryEnded(*common, found=tuple(found))
            case Search(query):
                found = (
                    Found(
                        Receipt(o.receipt or str(5000 + o.number), states[n % 4], remarks),
                        o.reference if o.receipt else "",
                        o.day,
                        declaration=query.declaration,
                        employer=o.person.employer,
                        inss=o.person.inss,
                    )
                    for o in self.state.ledger.obligations.values()
                    if o.day == query.first and (o.receipt or o.number % 3 < n % 3)
                )
                return InquiryEnded(*common, found=tuple(found), cut_short=n % 3 == 1)

    def answer(self, send: Send, n: int) -> BurstEnded:
        references = [r.reference for r in send.registrations]
        common = (self.at, send.attempt, send.channel)
        match n:
            case 5 if send.channel == "first":
                handed = tuple(Answer(r, handed_over=True) for r in references)
                return BurstEnded(*common, handed)
            case 7:
                failure = Failure("Refused", "x", hopeless=True, whole=True)
                return BurstEnded(*common, failure=failure, jitter=n / 10)
            case 9:
                return BurstEnded(*common, failure=Failure("Unavailable", "x", whole=True))
        match n % 5:
            case 0:
                return BurstEnded(*common, failure=Failure("NotReached", "x"), jitter=n / 10)
            case 1:
                return BurstEnded(*common, failure=Failure("AnswerLost", "x", unsure=True))
            case 2:
                wrong = (Answer(references[0], errors=(ItemError("5", "INSS"),)),)
                return BurstEnded(*common, wrong, missing=tuple(references[1:]), jitter=0.9)
        answers = tuple(Answer(r, Receipt(str(1000 + i))) for i, r in enumerate(references))
        return BurstEnded(*common, answers)


def for_state(entries: list[Entry]) -> list[Entry]:
    """The entries that the journal hands out, as the last day that began names them."""
    began = [e.record for e in entries if isinstance(e.record, DayBegan)]
    return [e for e in entries if began[-1].needs(e)] if began else entries


@settings(deadline=None)
@given(steps)
def test_the_state_restored_from_the_journal_is_the_state_that_ran(plan: list[Step]) -> None:
    run = Run()
    for step in plan:
        run.play(*step)
        assert gate.restore(RULES, run.entries) == run.state
        assert gate.restore(RULES, for_state(run.entries)) == run.state


@settings(deadline=None)
@given(steps)
def test_a_worker_owes_one_registration_a_day(plan: list[Step]) -> None:
    run = Run()
    for step in plan:
        run.play(*step)
    records = [e.record for e in run.entries]
    cancelled = {r.reference for r in records if isinstance(r, ObligationCancelled)}
    daily = [
        (r.worker, r.day)
        for r in records
        if isinstance(r, ObligationOpened)
        and r.duty == "checkinatwork"
        and r.reference not in cancelled
    ]
    assert len(daily) == len(set(daily))


@settings(deadline=None)
@given(steps)
def test_no_obligation_waits_for_a_day_that_is_over_once_the_clock_is_trusted(
    plan: list[Step],
) -> None:
    run = Run()
    for step in plan:
        run.play(*step)
    run.trust = Trust.NTP
    run.ms += 86_400_000
    run.do(ClockSet(run.at, 0))
    flying = {r for refs in run.state.ledger.flights.values() for r in refs}
    today = RULES.day(run.at)
    for obligation in run.state.ledger.obligations.values():
        if obligation.day < today and obligation.reference not in flying:
            assert obligation.outcome in set(Outcome)


@settings(deadline=None)
@given(steps)
def test_whoever_stands_on_a_list_that_is_proof_ends_the_day_on_paper_or_registered(
    plan: list[Step],
) -> None:
    run = Run()
    for step in plan:
        run.play(*step)
    run.trust = Trust.NTP
    run.ms += 86_400_000
    run.do(ClockSet(run.at, 0))
    today = RULES.day(run.at)
    for obligation in run.state.ledger.obligations.values():
        if obligation.day < today and obligation.list_reference and not obligation.attempt:
            assert obligation.outcome in (Outcome.ON_PAPER, Outcome.REGISTERED, Outcome.CANCELLED)
    noted = [e.record for e in run.entries if isinstance(e.record, ObligationOnPaper)]
    assert len({record.reference for record in noted}) == len(noted)
