"""step(state, event) → (state, commands): everything the gate decides, and nothing it does.

A step answers one event. What is to be remembered becomes `Record` commands, and the new state
is those records applied to the old one: so the state that `restore` makes from the journal is the
state that ran. The shell makes a step's records durable together, then adopts the state, then
carries out the rest; hence a tap, what it obliges to and the attempt to send it cost one commit,
and no lamp is lit before that commit (DOMAIN.md, section 5.1).

After every event the same follows: the day is kept (what midnight ends is ended), and what waits
is sent by whichever line is free. While the clock is not trusted no day is certain, so nothing
is dated and nothing is sent (WIRE.md, section 1).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agent.core import export_answers, exports, journal_answers, readers, records
from agent.core.clock_records import ClockChanged, ServerTimeCompared
from agent.core.commands import Command, Send, Show
from agent.core.dating import date_entries, day_named
from agent.core.delivery import (
    ahead,
    asking,
    cancelling,
    expiry,
    handover,
    lines,
    proving,
    schedule,
)
from agent.core.delivery.answers import burst_ended
from agent.core.entrance import (
    badge_assigned,
    badge_dismissed,
    mend,
    rejected,
    roster_offered,
    roster_unreadable,
    tapped,
)
from agent.core.events import (
    BadgeAssignmentAsked,
    BadgeDismissalAsked,
    BurstEnded,
    CancellationAsked,
    CardsClashed,
    CauseConfirmationAsked,
    ClockSet,
    CredentialSeen,
    CrewConfirmationAsked,
    DeviceCame,
    DeviceWent,
    Event,
    InquiryEnded,
    JournalLost,
    JournalMade,
    Measured,
    RecordFailed,
    RosterOffered,
    RosterUnreadable,
    ServerHeard,
    Started,
    StepAsked,
    Stopping,
    TapDayNamed,
    Tapped,
    TimePassed,
    WritingResumed,
)
from agent.core.export_events import ExportAsked, ExportDone, ExportOver, StickWished
from agent.core.journal_events import CheckpointAsked, DamagedErasureAsked, ErasureAsked
from agent.core.journal_records import JournalReplaced
from agent.core.moment import Moment
from agent.core.outage import instructions, outages
from agent.core.outage.measurements import MAINS_SENSOR
from agent.core.paper import enrolment, lists, paper_answers, print_jobs
from agent.core.predecessor import PlaceTaken
from agent.core.records import (
    AgentStarted,
    AgentStopped,
    AttemptEnded,
    AttemptStarted,
    DayBegan,
    DeviceFailed,
    DeviceRecovered,
    Entry,
    JournalOpened,
    WritingFailed,
    kind_of,
)
from agent.core.signals import Signal
from agent.core.state import State, apply, restore
from agent.core.succession import place_taken
from agent.core.turn import Turn

__all__ = ["State", "apply", "due_ms", "restore", "standing", "step"]

LATE_MS = 300_000
"""Ours: who came after the list and is not registered by then is to be put on an addendum."""
KEPT_DAYS = 2
"""Days that stay in the state: today, and yesterday for night shifts and late questions."""


def step(state: State, event: Event) -> tuple[State, tuple[Command, ...]]:
    """The state after `event`, and what is to be done, in order."""
    turn = Turn(state, event.at)
    _answer(turn, event)
    if not isinstance(event, Stopping | RecordFailed | PlaceTaken):
        outages.close_delivered(turn)
        outages.date_darkness(turn)
        _keep_the_day(turn)
        export_answers.keep(turn)
        _call(turn)
        if outages.judge(turn):
            _call(turn)
    return turn.state, tuple(turn.commands)


def _answer(turn: Turn, event: Event) -> None:
    match event:
        case Tapped():
            tapped(turn, event)
        case CardsClashed(_, reader):
            turn.say(Show(Signal.CARD_CLASH, reader))
        case BurstEnded():
            burst_ended(turn, event)
            if any(answer.errors for answer in event.answers):
                mend(turn)  # what was refused may have been mended while it waited
            rejected(turn)
        case Measured() | CauseConfirmationAsked() | StepAsked():
            outages.heard(turn, event)
        case InquiryEnded():
            asking.inquiry_ended(turn, event)
            rejected(turn)
        case TimePassed():
            pass
        case Started():
            _started(turn, event)
        case ExportAsked() | ExportDone() | ExportOver() | StickWished():
            export_answers.answer(turn, event)
        case ErasureAsked() | DamagedErasureAsked() | CheckpointAsked():
            journal_answers.answer(turn, event)
        case ClockSet(_, shift_ms):
            turn.record(ClockChanged(shift_ms))
            mend(turn)
        case CredentialSeen():
            proving.credential_seen(turn, event)
        case TapDayNamed():
            day_named(turn, event)
        case PlaceTaken():
            place_taken(turn, event)
        case RosterOffered():
            roster_offered(turn, event)
        case RosterUnreadable():
            roster_unreadable(turn, event)
        case (
            BadgeAssignmentAsked()
            | BadgeDismissalAsked()
            | CancellationAsked()
            | CrewConfirmationAsked()
        ):
            _asked(turn, event)
        case RecordFailed(_, cause):
            if isinstance(cause, Tapped):
                turn.say(Show(Signal.NOT_STORED, cause.reader))
        case (
            JournalMade()
            | JournalLost()
            | Stopping()
            | DeviceWent()
            | DeviceCame()
            | ServerHeard()
            | WritingResumed()
        ):
            turn.record(_fact(event))
        case _:
            paper_answers.answer(turn, event)


Fact = JournalMade | JournalLost | Stopping | DeviceWent | DeviceCame | ServerHeard | WritingResumed


def _fact(event: Fact) -> records.Record:
    """What is only to be remembered, as it was told."""
    match event:
        case JournalMade(_, journal, gate, training):
            return JournalOpened(journal, gate, training)
        case JournalLost(_, file, upto, head, reason):
            return JournalReplaced(file, upto, head, reason)
        case Stopping(_, reason):
            return AgentStopped(reason)
        case DeviceWent(_, device, cause, hint, kind):
            return DeviceFailed(device, cause, hint, kind)
        case DeviceCame(_, device):
            return DeviceRecovered(device)
        case ServerHeard(_, server, off_ms, agrees):
            return ServerTimeCompared(server, off_ms, agrees)
        case WritingResumed(_, since, reason, refused):
            return WritingFailed(since, reason, refused)


def _asked(
    turn: Turn,
    event: BadgeAssignmentAsked | BadgeDismissalAsked | CancellationAsked | CrewConfirmationAsked,
) -> None:
    match event:
        case BadgeAssignmentAsked():
            badge_assigned(turn, event)
        case BadgeDismissalAsked():
            badge_dismissed(turn, event)
        case CancellationAsked():
            cancelling.cancellation_asked(turn, event)
        case CrewConfirmationAsked():
            ahead.crew_confirmed(turn, event)


def _started(turn: Turn, event: Started) -> None:
    turn.record(AgentStarted(event.version))
    outages.started(turn, event.gap)
    for name, way in sorted(turn.state.lines.ways.items()):
        if way.attempt:
            turn.record(
                AttemptEnded(
                    way.attempt,
                    name,
                    failure="Interrupted",
                    message="the agent stopped before the answer came",
                    unsure=True,
                )
            )
    asking.interrupted(turn)
    print_jobs.resume(turn)
    mend(turn)


def _keep_the_day(turn: Turn) -> None:
    """Ends what midnight ended, once: nothing of it is ever sent again (DOMAIN.md, 5.6)."""
    if not turn.at.trusted:
        return
    date_entries(turn)
    today = turn.state.rules.day(turn.at)
    over = expiry.is_over(turn.state, today)
    begins = turn.state.day is None or turn.state.day < today
    if over or begins:
        print_jobs.settle_on_paper(turn, today)
        ahead.nobody_came(turn, today)
        over_days = [day for day in turn.state.ledger.waiting if day < today]
        open_yet = tuple(turn.state.ledger.waiting_on(sorted(over_days)))
        outages.keep_the_day(turn, open_yet, today)
        expiry.days_over(turn, today)
    expiry.grown_old(turn)
    handover.take_over(turn)
    if begins:
        cancelling.too_late(turn, today)
        print_jobs.drop_old(turn, _kept_from(today))
        enrolment.let_go(turn, today)
        turn.record(_day_began(turn.state, turn.at, today))


def _kept_from(today: dt.date) -> dt.date:
    return today - dt.timedelta(days=KEPT_DAYS - 1)


def _day_began(state: State, at: Moment, today: dt.date) -> DayBegan:
    counts = (state.ledger.opened, state.lines.attempts)
    working = tuple(sorted(state.working))
    seen = state.observed.evidence
    marks = dict(seen.reached_ms), dict(seen.heard_ms)
    told = tuple(state.expiries.values())
    kept = _kept_from(today)
    began = DayBegan(today, kept, 0, *counts, working, state.lines.inquiries, *marks, told)
    after = apply(state, Entry(state.seq + 1, at, kind_of(began), began))
    undated = tuple(tap.seq for tap in after.taps.loose if tap.undated)
    return replace(began, base=after.base(), waiting=undated)


def _call(turn: Turn) -> None:
    """Uses every line that is free; a line carries one call at a time."""
    if turn.at.trusted:
        asking.ask(turn, asking.URGENT)
        _send(turn)
        asking.ask(turn, asking.GENTLE)


def _send(turn: Turn) -> None:
    while load := lines.next_load(turn.state, turn.at):
        line, obligations = load
        attempt = turn.state.lines.attempts + 1
        references = tuple(obligation.reference for obligation in obligations)
        turn.record(AttemptStarted(attempt, line.name, references))
        registrations = tuple(obligation.registration() for obligation in obligations)
        until = schedule.burst_until(turn.at, turn.state.rules)
        turn.say(Send(attempt, line.name, registrations, until))


def due_ms(state: State, now: Moment) -> int:
    """Monotonic time in ms at which the gate wants a `TimePassed`, if nothing happens before."""
    wanted = [now.mono_ms + schedule.until_midnight_ms(now, state.rules)]
    if now.trusted:
        planned = (part.due_ms(state, now) for part in (lines, asking, handover, expiry))
        wanted += [max(due, now.mono_ms) for due in planned if due is not None]
    export_ends = exports.due_ms(state.export)
    if export_ends is not None:
        wanted.append(max(export_ends, now.mono_ms))
    judged = outages.due_ms(state, now)
    if judged is not None:
        wanted.append(judged)
    oldest = state.ledger.oldest_unsettled()
    if oldest is not None and oldest.at.boot_id == now.boot_id:
        waiting_from = oldest.at.mono_ms + state.rules.waiting_after_ms
        if waiting_from > now.mono_ms:
            wanted.append(waiting_from)
    return min(wanted)


def standing(state: State, now: Moment) -> Signal:
    """What the panel says while nobody taps: that a stick is being written before all else, for
    it lasts seconds and must not be pulled out."""
    stick = exports.standing(state.export, now)
    if stick is Signal.STICK_WORKING:
        return stick
    dead = readers.broken(state)
    others = state.broken.keys() - dead - {MAINS_SENSOR, state.rules.keypad}
    if others or not readers.others_serve(state.rules, dead):
        return Signal.OUT_OF_ORDER
    if stick:
        return stick
    if wanted := _from_people(state, now):
        return wanted
    if instructions.people_are_asked(state, now):
        return Signal.CALLED
    if dead:
        return Signal.READER_OUT
    oldest = state.ledger.oldest_unsettled()
    if oldest is not None:
        age_ms = now.mono_ms - oldest.at.mono_ms
        if oldest.at.boot_id != now.boot_id or age_ms >= state.rules.waiting_after_ms:
            return Signal.WAITING
    return Signal.READY


def _from_people(state: State, now: Moment) -> Signal | None:
    """What the paper of today waits for, that only a person can give."""
    since = state.day or dt.date.min  # later than the last day of a right clock: by a person's word
    sheets = {n: sheet for n, sheet in state.papers.sheets.items() if sheet.made.day >= since}
    if any(job.held and job.due.number in sheets for job in state.papers.jobs.values()):
        return Signal.PRINTER_WAITS
    if any(not sheet.reference for sheet in sheets.values()):
        return Signal.NUMBER_WANTED
    last = max((sheet.seq for sheet in sheets.values()), default=0)
    missing = last and (_someone_is_on_none(state, now) or _someone_unknown(state, now, last))
    return Signal.NUMBER_WANTED if missing else None


def _is_late(since: Moment, now: Moment) -> bool:
    return since.boot_id != now.boot_id or now.mono_ms - since.mono_ms >= LATE_MS


def _someone_unknown(state: State, now: Moment, last: int) -> bool:
    """True when a badge that nobody knows tapped after entry `last`, the last list, while nothing
    goes through."""
    return bool(state.log.open) and any(
        _is_late(tap.at, now) for tap in lists.strangers(state.taps, last)
    )


def _someone_is_on_none(state: State, now: Moment) -> bool:
    """True when somebody came since the lists of today, and waits all the same."""
    today = state.rules.day(now)
    flying = (state.ledger.of(r) for refs in state.ledger.flights.values() for r in refs)
    for obligation in (*state.ledger.waiting_on((today,)), *filter(None, flying)):
        owed = obligation.day == today and obligation.duty == lists.DUTY
        if (
            _is_late(obligation.at, now)
            and owed
            and obligation.outcome is None
            and not obligation.lists
        ):
            return True
    return False
