"""The story of a day at the gate in words: who tapped, what failed, what the agent did."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.findings import Wrong
from agent.sandbox.world.living import lived
from agent.sandbox.world.values import (
    HOUR_MS,
    MINUTE_MS,
    Ahead,
    Cancel,
    Card,
    Crew,
    Cut,
    Edit,
    Happening,
    Interrupted,
    Jump,
    Phoned,
    Reader,
    Stop,
    Tap,
    Ticket,
    Trouble,
    Typed,
    Weather,
    World,
)

BEFORE_MS, AFTER_MS = 12 * HOUR_MS, MINUTE_MS
MOST_LINES = 120
_QUIET = re.compile(r"(WorkerListed|EvidenceTaken|DeviceRecovered|CheckpointSigned|StepTaken)\(")
_FIELD = re.compile(r"(person=Worker\(.*?\)|at=Moment\(.*?\)|ticket=Ticket\(.*?\)|<[\w.]+: |>)")
MOST_LETTERS = 170


def story(world: World, wrong: Wrong) -> Iterator[str]:
    """The last lines before it went wrong, one each for what happened and what the gate wrote."""
    told: list[tuple[int, str]] = []

    def hear(at_ms: int, text: str) -> None:
        if wrong.at_ms - BEFORE_MS <= at_ms <= wrong.at_ms + AFTER_MS:
            told.append((at_ms, text))

    lived(world, hear)
    known = [(h.at_ms, in_words(world, h)) for h in world.happenings]
    since_ms = wrong.at_ms - BEFORE_MS
    told += [(ms, text) for ms, text in known if since_ms <= ms <= wrong.at_ms + AFTER_MS]
    lines = [(ms, _short(text)) for ms, text in sorted(told) if not _QUIET.search(text)]
    for at_ms, text in lines[-MOST_LINES:]:
        yield f"{world.at(at_ms):%a %d %H:%M:%S} {text}"
    yield f"{world.at(wrong.at_ms):%a %d %H:%M:%S} WRONG: {wrong.rule}: {wrong.text}"


def _short(text: str) -> str:
    return _FIELD.sub("", text)[:MOST_LETTERS]


def _lasts(ms: int) -> str:
    return f"for {ms / MINUTE_MS:.0f} min" if ms < 3 * HOUR_MS else f"for {ms / HOUR_MS:.1f} h"


def in_words(world: World, happening: Happening) -> str:
    """What happens, for a person."""
    match happening:
        case Tap(_, uid, who, way):
            if who < 0:
                return f"* somebody holds badge …{uid[-4:]} to the reader ({way})"
            worker = world.people[who].worker
            other = "" if uid == world.people[who].uid else f" with badge …{uid[-4:]}"
            return f"* {worker.given_name} {worker.surname} (#{who}) taps{other} ({way})"
        case Trouble(_, lasts_ms, kind):
            return f"* {CAUSES[kind].words}, {_lasts(lasts_ms)}"
        case Weather(_, lasts_ms, service, how):
            return f"* {service}: {how}, {_lasts(lasts_ms)}"
        case Cut(_, dark_ms, crossing, clock):
            when = f"at the {crossing}. thing it does" if crossing else "at once"
            return f"* the gate's power goes {when}, {_lasts(dark_ms)}; its clock is then {clock}"
        case Stop(_, dark_ms):
            return f"* the agent is stopped in order, {_lasts(dark_ms)}"
        case Jump(_, shift_ms, lasts_ms, trusted):
            vouched = "vouched for" if trusted else "not vouched for"
            minutes = shift_ms / MINUTE_MS
            return f"* the clock is set by {minutes:+.0f} min, {_lasts(lasts_ms)}, {vouched}"
        case Card(_, lasts_ms, how):
            return f"* the card is {how}, {_lasts(lasts_ms)}"
        case Edit(_, lasts_ms, how):
            return f"* the technician's roster: {how}, {_lasts(lasts_ms)}"
        case Reader(_, lasts_ms):
            return f"* the reader is unplugged, {_lasts(lasts_ms)}"
        case Ticket(_, kind, _, _, how):
            return f"* somebody has a number for “{CAUSES[kind].words}” ({how})"
        case Phoned():
            return "* somebody tries the online service on a phone, and says what it shows"
        case Typed(_, keys):
            return f"* somebody types {keys or 'a reference number'}"
        case Interrupted(_, after_ms, crossing, lasts_ms, how):
            at = f"{after_ms / 1000:.0f} s after it, at the {crossing}. thing it does"
            return (
                f"* the next time that somebody is at the keypad: {how}, {at}, {_lasts(lasts_ms)}"
            )
        case Ahead(_, employer):
            return f"* {employer} confirms who comes tomorrow"
        case Cancel(_, who):
            return f"* what is registered for #{who} is taken back"
        case Crew(_, people, here):
            return f"* {len(people)} people {'come to' if here else 'leave'} the site"
    return f"* {happening!r}"
