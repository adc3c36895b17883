"""Days for what no clock could date: by the clock of later, or by a person's word.

While the clock is not trusted, a tap is stored and waits. Once it is, what this boot wrote is dated
backwards by monotonic time, which a wall clock that is set leaves alone. A tap of an earlier boot
has no day until a person names it (WIRE.md, section 1), and then no time of the day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agent.core.clock_records import EntriesDated, TapsDated
from agent.core.events import TapDayNamed
from agent.core.moment import Moment, Trust
from agent.core.obligations import reference_for
from agent.core.records import ObligationExpired, ObligationOpened, TapCounted
from agent.core.roster import Worker
from agent.core.rules import Per
from agent.core.taps import LooseTap
from agent.core.turn import Turn

MOST_DAYS_OFF = 366
"""Ours: no gate is left without a right clock for longer; a year mistyped is beyond it."""


def date_entries(turn: Turn) -> None:
    """Says that what was in doubt of this boot has a date by now, and opens what its taps oblige
    to, before their day is ended. The clock is trusted."""
    doubt = turn.state.doubt
    if doubt is not None and doubt.boot_id == turn.at.boot_id:
        turn.record(EntriesDated(doubt.first, doubt.last))
        settle_loose(turn)


def settle_loose(turn: Turn) -> None:
    """Opens what loose taps oblige to, as far as badge, worker and day are known by now."""
    if not turn.at.trusted:
        return
    for tap in turn.state.taps.loose:
        if tap.day is not None:
            _settle_on(turn, tap, tap.day)
        elif not tap.waits_for_a_person(turn.at):
            _settle(turn, tap, tap.at if tap.at.trusted else tap.at.seen_from(turn.at))


def _settle(turn: Turn, tap: LooseTap, at: Moment) -> None:
    rules = turn.state.rules
    held = turn.state.book.holder(tap.uid)
    if held is None or not held[1].valid_on(rules.day(at)):
        return
    number, worker = held
    known = turn.state.ledger.for_tap(number, at, rules.duty_of(worker.employer), rules)
    if known is None:
        open_obligation(turn, replace(tap, at=at), number, worker, rules.day(at))
    else:
        turn.record(TapCounted(tap.seq, known.reference))


def _settle_on(turn: Turn, tap: LooseTap, day: dt.date) -> None:
    """Settles a tap of which only the day is known. A duty by the minute cannot be sent so."""
    held = turn.state.book.holder(tap.uid)
    if held is None or not held[1].valid_on(day):
        return
    number, worker = held
    by_the_minute = turn.state.rules.duty_of(worker.employer).per is Per.TAP
    known = None if by_the_minute else turn.state.ledger.latest(number, day)
    if known is not None:
        turn.record(TapCounted(tap.seq, known.reference))
        return
    at = replace(turn.at, trust=Trust.UNKNOWN)
    reference = open_obligation(turn, replace(tap, at=at), number, worker, day)
    if by_the_minute:
        turn.record(ObligationExpired(reference, day, answer_lost=False))


def open_obligation(turn: Turn, tap: LooseTap, number: int, worker: Worker, day: dt.date) -> str:
    """The reference of what the worker owes for `day` from now on."""
    state = turn.state
    reference = reference_for(state.journal, state.ledger.opened + 1)
    turn.record(
        ObligationOpened(
            reference=reference,
            worker=number,
            person=worker,
            uid=tap.uid,
            day=day,
            duty=state.rules.duty_of(worker.employer).name,
            direction=tap.direction,
            reader=tap.reader,
            tap=tap.seq,
            at=tap.at,
        )
    )
    return reference


def day_named(turn: Turn, event: TapDayNamed) -> None:
    """Takes a person's word for the day of taps that wait for one.

    What is owed for a day that is over expires in the same step: nothing is sent for yesterday.
    """
    waiting = {t.seq: t for t in turn.state.taps.loose if t.waits_for_a_person(turn.at)}
    strange = [str(seq) for seq in event.taps if seq not in waiting]
    if not turn.at.trusted:
        refusal = "the clock is not trusted; set it first (NTP)"
    elif event.day > turn.state.rules.day(turn.at):
        refusal = f"{event.day} has not come yet"
    elif strange:
        refusal = f"no tap {', '.join(strange)} waits for its day (werfpoort taps list)"
    elif not waiting:
        refusal = "no tap waits for its day"
    else:
        _take_the_word(turn, event, [waiting[n] for n in event.taps or waiting])
        return
    turn.reply(event.asked, False, f"no day was confirmed: {refusal}")


def refuses_day(turn: Turn, day: dt.date) -> str:
    """Why a person's word for today cannot be taken while no clock tells it; empty when it can."""
    known = turn.state.day
    if known is not None and not known <= day <= known + dt.timedelta(days=MOST_DAYS_OFF):
        return f"{day} cannot be: {known} was the last day that a right clock told"
    return ""


def today_named(turn: Turn, day: dt.date, by: str) -> None:
    """A person says that today is `day`, since no clock can: what was tapped since this start is
    owed for it. Nothing is sent before the clock is trusted."""
    taps = [
        tap for tap in turn.state.taps.loose if tap.undated and tap.at.boot_id == turn.at.boot_id
    ]
    for tap in taps:
        _settle_on(turn, tap, day)
    if taps:
        turn.record(TapsDated(tuple(tap.seq for tap in taps), day, by))


def _take_the_word(turn: Turn, event: TapDayNamed, taps: list[LooseTap]) -> None:
    opened, loose = turn.state.ledger.opened, len(turn.state.taps.loose)
    for tap in taps:
        _settle_on(turn, tap, event.day)
    owed = turn.state.ledger.opened - opened
    unsettled = len(taps) - loose + len(turn.state.taps.loose)
    turn.record(TapsDated(tuple(tap.seq for tap in taps), event.day, event.by))
    said = f"{len(taps)} tap(s) are of {event.day} now; {owed} registration(s) were owed for it"
    if owed and event.day < turn.state.rules.day(turn.at):
        said += ", and have expired: that day is over, nothing is sent for it"
    if unsettled:
        said += f"; {unsettled} tap(s) lead to no worker of that day"
    turn.reply(event.asked, True, said)
