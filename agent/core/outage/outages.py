"""Outages in the turn of the gate: what was measured, said or lost becomes incidents and outcomes.

`judge` follows every event. In peace it looks at nothing: it costs a tap no commit, and no
measurement is taken in its way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from agent.core.commands import Measure, PrintSlip, Show
from agent.core.events import CauseConfirmationAsked, Gap, Measured, StepAsked
from agent.core.moment import Moment, midnight_ending
from agent.core.obligations import Obligation
from agent.core.outage import darkness, exemption, incidents, observed, procedure
from agent.core.outage.correction import PARTIES, REASONS, correct
from agent.core.outage.incident_log import Stretch, not_after
from agent.core.outage.incident_records import (
    DarknessDated,
    DayWorked,
    GateWasDark,
    IncidentOpened,
    IncidentRecord,
    ObligationsExempted,
    PathConfigured,
    PeopleCalled,
    Taken,
)
from agent.core.outage.procedure_records import AGENTS, StepTaken
from agent.core.paper.paper_events import SlipKind
from agent.core.records import Verdict
from agent.core.refusals import Refused
from agent.core.signals import Signal
from agent.core.state import State
from agent.core.turn import Turn

LOOK_AGAIN_MS = 240_000
"""An incident is looked at this often, whatever happens: measurements grow too old."""
LEAST_WORK_MS = 8 * 3600 * 1000
"""Ours: who taps in the morning works that long at least; nobody taps at leaving."""

SLIPS = {
    procedure.CALL: SlipKind.INSTRUCTION,
    procedure.CLAIM_OPENS: SlipKind.INSTRUCTION,
    procedure.CLAIM_ENDS: SlipKind.CLAIM_ENDED,
    procedure.WAS_DARK: SlipKind.RESTART,
}
"""What comes out of the printer when people are called: a gate has no screen."""


def duties(state: State) -> tuple[str, ...]:
    """The duties that some line fulfils."""
    return tuple(dict.fromkeys(line.duty for line in state.rules.lines))


def oldest(state: State, duty: str, now: Moment) -> Moment | None:
    """The first tap of this duty that has no outcome; also one that the clock cannot date yet.

    What midnight ended is over, also what is still in flight.
    """
    since = state.rules.day(now) if now.trusted else dt.date.min
    waiting = state.ledger.oldest_undelivered(duty, since)
    found = [waiting.at] if waiting is not None else []
    for tap in state.taps.loose:
        if tap.verdict is Verdict.WORKER and tap.at.boot_id == now.boot_id:
            held = state.book.holder(tap.uid)
            if held is not None and state.rules.duty_of(held[1].employer).name == duty:
                found.append(tap.at)
                break
    return min(found, key=lambda at: at.unix_ms, default=None)


def in_trouble(state: State) -> bool:
    """True while something is amiss, so that all is to be measured again and again."""
    if any(incident.open for incident in state.log.incidents.values()):
        return True
    failing = any(way.failures for way in state.lines.ways.values())
    return failing and state.ledger.oldest_unsettled() is not None


def heard(turn: Turn, event: Measured | CauseConfirmationAsked | StepAsked) -> None:
    """Takes what was measured, or what a person said."""
    match event:
        case Measured():
            _measured(turn, event)
        case CauseConfirmationAsked():
            _confirmed(turn, event)
        case StepAsked():
            _step_asked(turn, event)


def _measured(turn: Turn, event: Measured) -> None:
    evidence, trouble = turn.state.observed.evidence, in_trouble(turn.state)
    whole = event.whole if trouble and _opens(turn) else None
    news = observed.news(evidence, event.measurements, trouble=trouble, whole=whole)
    if news is not None:
        turn.record(news)


def _opens(turn: Turn) -> bool:
    """True while something waits and no incident says why."""
    unexplained = (d for d in duties(turn.state) if turn.state.log.running(d) is None)
    return any(oldest(turn.state, duty, turn.at) is not None for duty in unexplained)


def started(turn: Turn, gap: Gap | None) -> None:
    """Notes how the path is configured, and a darkness for a trusted clock to date."""
    configuration = turn.state.rules.facts.configuration
    if configuration != turn.state.log.configuration:
        turn.record(PathConfigured(configuration))
    if gap is not None:
        turn.record(GateWasDark(gap.since, turn.at, gap.why, gap.mains))


def date_darkness(turn: Turn) -> None:
    """Judges a darkness as soon as the clock is trusted, before any midnight is kept."""
    dark = turn.state.log.dark
    if dark is None or not turn.at.trusted:
        return
    same_boot = dark.until.boot_id == turn.at.boot_id
    until = dark.until if dark.until.trusted or not same_boot else dark.until.seen_from(turn.at)
    for duty in duties(turn.state):
        waiting = oldest(turn.state, duty, dark.since)
        if waiting is not None and not_after(waiting, dark.since):
            _record_all(turn, darkness.lost(turn.state, duty, waiting, dark, until, turn.at))
    _record_all(turn, darkness.told(turn.state, dark, until))
    turn.record(DarknessDated(until))


def close_delivered(turn: Turn) -> None:
    """A delivery ends an incident at once, also one that came with the turn of the day."""
    for duty in duties(turn.state):
        running, last = turn.state.log.running(duty), turn.state.log.answered.get(duty)
        if running is None or last is None or not_after(last[0], running.stretches[-1].since):
            continue
        _record_all(turn, incidents.delivered(turn.state.log, duty, turn.at))


def judge(turn: Turn) -> bool:
    """Opens, turns and closes incidents, and tells people, until nothing more is to be decided;
    True when something was."""
    before = turn.state.seq
    for duty in duties(turn.state):
        waiting = oldest(turn.state, duty, turn.at)
        while decided := tuple(incidents.decide(turn.state, duty, waiting, turn.at)):
            _record_all(turn, decided)
    return turn.state.seq > before


def due_ms(state: State, now: Moment) -> int | None:
    """Monotonic time in ms at which `judge` wants to look again."""
    wanted = []
    for duty in duties(state):
        waiting, running = oldest(state, duty, now), state.log.running(duty)
        if running is not None:
            soon_ms = incidents.turns_in_ms(running, waiting, now, state.rules.limits)
            wanted.append(now.mono_ms + min(soon_ms, default=LOOK_AGAIN_MS))
        elif waiting is not None:
            wanted.append(incidents.opens_due_ms(state, duty, waiting, now))
    return min(wanted, default=None)


def _record_all(turn: Turn, records: Iterable[IncidentRecord]) -> None:
    """Journals these, with the steps that the agent takes by itself, and what is to be done."""
    for record in tuple(records):
        turn.record(record)
        for step in procedure.by_agent(record, turn.state.log):
            turn.record(step)
        match record:
            case PeopleCalled(text=text):
                people_called(turn, text)
            case IncidentOpened(row=row):
                turn.say(Measure(row))


def people_called(turn: Turn, text: str) -> None:
    """What is done when people are called; `text` says for what (procedure.py)."""
    turn.say(Show(Signal.CALLING, ""))
    dark = turn.state.log.dark
    turn.say(PrintSlip(SLIPS[text], dark.since if dark is not None else None))


def keep_the_day(turn: Turn, over: Iterable[Obligation], today: dt.date) -> None:
    """What midnight makes of these, that are open beyond their day: exempt, where only a third
    party stood in the way; and what is remembered of the day that ended."""
    state = turn.state
    if state.day is not None and state.day < today:
        for step in tuple(procedure.unanswered(state.cases, state.log)):
            turn.record(step)
    for record in tuple(exemption.at_midnight(state.log, over, state.rules.zone, turn.at)):
        turn.record(record)
    if state.day is not None and state.day < today:
        for duty in duties(state):
            worked = _day_worked(turn.state, duty, state.day)
            if worked is not None:
                turn.record(worked)


def _day_worked(state: State, duty: str, day: dt.date) -> DayWorked | None:
    """What later days ask of this one; None when nobody tapped."""
    taps = [
        o.at.unix_ms for o in state.ledger.obligations.values() if o.day == day and o.duty == duty
    ]
    if not taps:
        return None
    ends = min(max(*taps, min(taps) + LEAST_WORK_MS), midnight_ending(day, state.rules.zone))
    down: dict[str, int] = {}
    for incident in state.log.incidents.values():
        lost = sum(_overlap_ms(stretch, min(taps), ends) for stretch in incident.stretches)
        if incident.duty == duty and lost:
            down[incident.name] = lost
    claims = [c.incidents for c in state.log.claims if c.day == day and c.exempt]
    last = state.log.answered.get(duty)
    return DayWorked(
        duty,
        day,
        well_ms=max(0, ends - min(taps) - sum(down.values())),
        delivered=last is not None,
        configuration=last[1] if last is not None else state.log.configuration,
        down_ms=down,
        claims=tuple(dict.fromkeys(name for names in claims for name in names)),
    )


def _overlap_ms(stretch: Stretch, begins_ms: int, ends_ms: int) -> int:
    until_ms = stretch.until.unix_ms if stretch.until is not None else ends_ms
    return max(0, min(until_ms, ends_ms) - max(stretch.since.unix_ms, begins_ms))


def _confirmed(turn: Turn, event: CauseConfirmationAsked) -> None:
    """A person's word on the cause: kept as it is, taken as far as the rules allow, and what
    midnight made of past days follows it."""
    incident = turn.state.log.of(event.incident)
    if event.party not in PARTIES:
        turn.reply(event.asked, False, f"cause {event.party!r}: choose {', '.join(PARTIES)}")
        return
    if incident is None:
        turn.reply(event.asked, False, _unknown(event.incident), Refused.NO_INCIDENT)
        return
    said = correct(incident, event.party, by=event.by, who=event.who, reference=event.reference)
    turn.record(said)
    turned = tuple(exemption.after_correction(turn.state.log))
    for record in turned:
        turn.record(record)
    now = turn.state.log.incidents[incident.name].whose
    text = f"incident {incident.name}: {said.taken}; it is {now}"
    text += f" ({REASONS[said.reason]})" if said.reason else ""
    for record in turned:
        what = "exempt" if isinstance(record, ObligationsExempted) else "expired again"
        text += f"\n{record.day}: {record.size} obligation(s) are {what}"
    refused = said.taken is Taken.REFUSED
    why = Refused(said.reason.removeprefix("correct.")) if refused else None
    turn.reply(event.asked, not refused, text, why)


def _unknown(name: str) -> str:
    return f"there is no incident {name}: werfpoort incident list" if name else "no incident yet"


def _step_asked(turn: Turn, event: StepAsked) -> None:
    """A person took a step, or answered; what the agent alone does is not taken from anybody."""
    incident = turn.state.log.of(event.incident)
    if incident is None:
        turn.reply(event.asked, False, _unknown(event.incident), Refused.NO_INCIDENT)
        return
    if event.step in AGENTS:
        turn.reply(event.asked, False, f"step {event.step}: the agent alone takes it")
        return
    firm = "" if event.step in procedure.FOR_ALL else event.firm or turn.state.rules.firm
    turn.record(StepTaken(incident.name, firm, event.step, event.by, event.who, event.detail))
    turn.reply(event.asked, True, f"noted for incident {incident.name}: {event.step}")
