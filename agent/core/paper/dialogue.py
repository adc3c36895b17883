"""The dialogue at the keypad: keys in; sounds, and what a person asks of the gate, out.

    code #                     opens it (wrong codes lock it, longer each time)
    number # the same again #  a reference number: the list is printed
    a short command #          as in keypad_codes.py

`*` clears what was typed, and with nothing typed steps back. 60 s without a key end it. It is no
part of the state: half a number is worth nothing after a restart. What counts is journaled by the
gate, whose answer comes back as a sound.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from agent.core.commands import CheckCode, Command, ReadyPrinter, Show
from agent.core.events import CauseConfirmationAsked, Event, StepAsked, Tapped
from agent.core.export_events import StickWished
from agent.core.identifiers import IdentifierError, is_random_uid, parse_inss
from agent.core.moment import Moment
from agent.core.outage.procedure_records import By
from agent.core.paper.enrolment import named_by_roster
from agent.core.paper.keypad_codes import CAUSES, EVERY_PAGE, PRINT_AGAIN, STEPS, Short
from agent.core.paper.paper_events import (
    CodeChecked,
    CopyAsked,
    EnrolmentAsked,
    KeyTyped,
    LinesCounted,
    ListAsked,
    PaperChecked,
    ReferenceEntered,
    SlipAsked,
    SlipKind,
)
from agent.core.paper.papers import Papers
from agent.core.signals import Signal
from agent.core.state import State

IDLE_MS = 60_000
"""So long without a key ends the dialogue: whoever opened it may have gone."""
FREE_TRIES = 3
FIRST_LOCK_MS = 60_000
LONGEST_LOCK_MS = 3_600_000
MOST_KEYS = 32
SHORTEST_NUMBER = 4
"""Digits from which on an entry is a reference number and no short command."""
KEYPAD = -1
"""The number of a question that was asked at the keypad: its answer is a sound."""

_BY = By.KEYPAD

Said = tuple[Command | Event, ...]
Entered = Callable[["Dialogue", State, Moment, str], tuple["Dialogue", Said]]
"""What an entry, ended with `#`, leads to."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """`asks`: what the next entry is taken for; None while it is closed. `badge` waits for a tap.

    `back`: where `*` leads to when nothing is typed.
    """

    asks: Entered | None = field(default=None, compare=False, repr=False)
    back: Entered | None = field(default=None, compare=False, repr=False)
    typed: str = field(default="", repr=False)
    keypad: str = ""
    touched: Moment | None = None
    checking: bool = False
    badge: bool = False

    @property
    def idle(self) -> bool:
        """True while nobody is at it."""
        return self.asks is None and not self.typed and not self.checking


def hear(dialogue: Dialogue, state: State, event: Event) -> tuple[Dialogue, Said]:
    """The dialogue after `event`, and what comes of it: commands, and events for the gate."""
    dialogue, said = _timed_out(dialogue, event.at)
    match event:
        case KeyTyped(at, keypad, key):
            if not dialogue.idle and dialogue.keypad != keypad:
                return dialogue, (*said, _refused(keypad))
            dialogue = replace(dialogue, keypad=keypad, touched=at)
            dialogue, more = _key(dialogue, state, at, key)
            return dialogue, (*said, *more)
        case CodeChecked(_, keypad, right, 0) if dialogue.checking and dialogue.keypad == keypad:
            if right:
                return _opened(replace(dialogue, checking=False))
            return Dialogue(), (_refused(keypad),)
        case Tapped(_, _, uid) if dialogue.badge:
            return _badge(dialogue, state, uid)
    return dialogue, said


def due_ms(dialogue: Dialogue) -> int | None:
    """Monotonic time in ms at which it ends by itself; None while nobody is at it."""
    if dialogue.idle or dialogue.touched is None:
        return None
    return dialogue.touched.mono_ms + IDLE_MS


def locked_ms(papers: Papers, now: Moment) -> int:
    """For how long no code is taken: a minute after three wrong ones, twice as long each time."""
    if papers.refused < FREE_TRIES or papers.refused_at is None:
        return 0
    lock = min(FIRST_LOCK_MS << (papers.refused - FREE_TRIES), LONGEST_LOCK_MS)
    same_boot = papers.refused_at.boot_id == now.boot_id
    since = papers.refused_at.mono_ms if same_boot else 0  # a restart begins it anew
    return max(0, since + lock - now.mono_ms)


def _timed_out(dialogue: Dialogue, at: Moment) -> tuple[Dialogue, Said]:
    due = due_ms(dialogue)
    if due is None or at.mono_ms < due:
        return dialogue, ()
    return Dialogue(), (_refused(dialogue.keypad),)


def _refused(keypad: str) -> Show:
    return Show(Signal.ENTRY_REFUSED, keypad)


def _taken(dialogue: Dialogue, asks: Entered, *, badge: bool = False) -> tuple[Dialogue, Said]:
    """Goes on with another question."""
    after = replace(dialogue, asks=asks, back=_command, typed="", badge=badge)
    return after, (Show(Signal.ENTRY_TAKEN, dialogue.keypad),)


def _again(dialogue: Dialogue) -> tuple[Dialogue, Said]:
    """The same question once more."""
    return replace(dialogue, typed=""), (_refused(dialogue.keypad),)


def _over(dialogue: Dialogue, *said: Command | Event) -> tuple[Dialogue, Said]:
    """Back to the short commands; what was `said` is answered by a sound of its own."""
    return replace(dialogue, asks=_command, back=None, typed="", badge=False), said


def _opened(dialogue: Dialogue) -> tuple[Dialogue, Said]:
    after = replace(dialogue, asks=_command, back=None)
    return after, (ReadyPrinter(), Show(Signal.ENTRY_TAKEN, dialogue.keypad))


# --- keys ------------------------------------------------------------------------------------


def _key(dialogue: Dialogue, state: State, at: Moment, key: str) -> tuple[Dialogue, Said]:
    beep = Show(Signal.KEY, dialogue.keypad)
    if key == "*":
        return _star(dialogue), (beep,)
    if key == "#":
        return _enter(dialogue, state, at)
    if not key.isdecimal() or len(dialogue.typed) >= MOST_KEYS:
        return dialogue, (_refused(dialogue.keypad),)
    return replace(dialogue, typed=dialogue.typed + key), (beep,)


def _star(dialogue: Dialogue) -> Dialogue:
    if dialogue.typed:
        return replace(dialogue, typed="")
    if dialogue.back is not None:
        return replace(dialogue, asks=dialogue.back, back=None, badge=False)
    return Dialogue()


def _enter(dialogue: Dialogue, state: State, at: Moment) -> tuple[Dialogue, Said]:
    if dialogue.checking:
        return _again(dialogue)
    asks = dialogue.asks or (_code if state.rules.ask_code else _first)
    return asks(dialogue, state, at, dialogue.typed)


def _code(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    if not typed or locked_ms(state.papers, at):
        return Dialogue(), (_refused(dialogue.keypad),)
    after = replace(dialogue, typed="", checking=True)
    return after, (Show(Signal.KEY, dialogue.keypad), CheckCode(dialogue.keypad, typed))


def _first(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    """The first entry where no code is asked for."""
    after, said = _command(_opened(dialogue)[0], state, at, typed)
    return after, (ReadyPrinter(), *said)


# --- short commands --------------------------------------------------------------------------


def _command(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    if len(typed) >= SHORTEST_NUMBER:
        return _taken(dialogue, partial(_number_again, typed))
    if typed in STEPS:
        return _over(dialogue, StepAsked(at, "", STEPS[typed], _BY, asked=KEYPAD))
    match typed:
        case Short.INSTRUCTION:
            return _over(dialogue, SlipAsked(at, SlipKind.INSTRUCTION, _BY, KEYPAD))
        case Short.EVIDENCE:
            return _over(dialogue, SlipAsked(at, SlipKind.EVIDENCE, _BY, KEYPAD))
        case Short.LIST | Short.ADDENDUM:
            wanted = ListAsked(at, _BY, addendum=typed == Short.ADDENDUM, asked=KEYPAD)
            return _of_today(dialogue, wanted)
        case Short.COPY:
            return _over(dialogue, CopyAsked(at, _BY, asked=KEYPAD))
        case Short.EXPORT:
            return _over(dialogue, StickWished(at, KEYPAD))
        case Short.HELP:
            return _over(dialogue, SlipAsked(at, SlipKind.KEYPAD, _BY, KEYPAD))
        case Short.LINES:
            several = len(state.papers.to_fill_in()) > 1
            return _taken(dialogue, _which_list if several else partial(_lines, ""))
        case Short.LOOKED:
            return _taken(dialogue, _looked)
        case Short.CAUSE:
            return _taken(dialogue, _cause)
        case Short.ENROL:
            return _taken(dialogue, _no_badge, badge=True)
    return _again(dialogue)


def _number_again(
    number: str, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    if typed != number:
        return _over(dialogue, _refused(dialogue.keypad))
    return _of_today(dialogue, ReferenceEntered(at, number, _BY, asked=KEYPAD))


def _of_today(dialogue: Dialogue, wanted: ReferenceEntered | ListAsked) -> tuple[Dialogue, Said]:
    """Asks which day it is first, where the clock does not know."""
    if wanted.at.trusted:
        return _over(dialogue, wanted)
    return _taken(dialogue, partial(_day, wanted))


def _day(
    wanted: ReferenceEntered | ListAsked, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    if not re.fullmatch(r"\d{8}", typed):
        return _again(dialogue)
    try:
        day = dt.date(int(typed[4:]), int(typed[2:4]), int(typed[:2]))
    except ValueError:
        return _again(dialogue)
    return _over(dialogue, replace(wanted, at=at, day=day))


def _which_list(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    """By the last digits of its number, as the slip after the list says it."""
    for sheet in state.papers.to_fill_in():
        if sheet.made.number.rpartition("-")[2] == typed:
            return _taken(dialogue, partial(_lines, sheet.made.number))
    return _again(dialogue)


def _lines(
    number: str, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    if not typed:
        return _again(dialogue)
    return _over(dialogue, LinesCounted(at, _BY, int(typed), number, KEYPAD))


def _looked(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    if typed not in (EVERY_PAGE, PRINT_AGAIN):
        return _again(dialogue)
    return _over(dialogue, PaperChecked(at, _BY, typed == EVERY_PAGE, asked=KEYPAD))


def _cause(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    party = CAUSES.get(typed)
    if party is None:
        return _again(dialogue)
    if party == "own":
        return _over(dialogue, CauseConfirmationAsked(at, "", party, _BY, asked=KEYPAD))
    return _taken(dialogue, partial(_ticket, party))


def _ticket(
    party: str, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    if not typed:  # kept as claimed, and changes nothing
        return _over(dialogue, CauseConfirmationAsked(at, "", party, _BY, asked=KEYPAD))
    return _taken(dialogue, partial(_ticket_again, party, typed))


def _ticket_again(
    party: str, ticket: str, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    if typed != ticket:
        return _over(dialogue, _refused(dialogue.keypad))
    confirmed = CauseConfirmationAsked(at, "", party, _BY, reference=ticket, asked=KEYPAD)
    return _over(dialogue, confirmed)


# --- enrolling -------------------------------------------------------------------------------


def _no_badge(dialogue: Dialogue, state: State, at: Moment, typed: str) -> tuple[Dialogue, Said]:
    return _again(dialogue)


def _badge(dialogue: Dialogue, state: State, uid: str) -> tuple[Dialogue, Said]:
    if is_random_uid(uid) or state.book.holder(uid) is not None:
        return dialogue, (_refused(dialogue.keypad),)
    return _taken(dialogue, partial(_inss, uid))


def _inss(
    uid: str, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    try:
        inss = parse_inss(typed)
    except IdentifierError:
        return _again(dialogue)
    return _taken(dialogue, partial(_employer, uid, inss))


def _employer(
    uid: str, inss: str, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    place = int(typed) if typed else 0
    if not 0 < place <= len(state.rules.employers):
        return _again(dialogue)
    enrolment = EnrolmentAsked(at, uid, inss, state.rules.employers[place - 1], _BY, KEYPAD)
    if named_by_roster(state, inss, enrolment.employer):
        return _over(dialogue, enrolment)
    return _taken(dialogue, partial(_inss_again, enrolment))


def _inss_again(
    enrolment: EnrolmentAsked, dialogue: Dialogue, state: State, at: Moment, typed: str
) -> tuple[Dialogue, Said]:
    """Whom no roster names is typed twice: check digits find most slips of a finger, not all."""
    if typed != enrolment.inss:
        return _over(dialogue, _refused(dialogue.keypad))
    return _over(dialogue, replace(enrolment, at=at))
