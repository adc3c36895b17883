"""The soak: a day of 600 taps, faults on all three services, ten kills; every tap is accounted for.

WERFPOORT_SOAKS=N plays N more days, each with another seed.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pytest

from agent.core.delivery.delivery_records import HandoverStored, LineGivenUp, LineTakenBack
from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryBegan
from agent.core.obligations import Obligation, Outcome
from agent.core.records import AttemptStarted, Entry, TapStored
from agent.core.rules import Line, Rules
from agent.sandbox.faults import Cut, Fault, Faults, Garbled
from agent.sandbox.people import DECLARATION, EMPLOYERS, Person, crew
from agent.sandbox.simulation import Simulation
from drivers.base import Direction

BRUSSELS = ZoneInfo("Europe/Brussels")
STARTS = dt.datetime(2026, 11, 24, 5, 0, tzinfo=BRUSSELS)
HOUR = 3600.0
MIDNIGHT_S = 19 * HOUR
TAPS, KILLS = 600, 10
BUILDERS, CLEANERS = 250, 50
BUILDING, CLEANING = EMPLOYERS
DUTIES = {CLEANING: "checkinout"}
LINES = (
    Line("supplier", "checkinatwork", abilities=frozenset({Ability.ASK_AFTER})),
    Line("ciaw", "checkinatwork", abilities=frozenset({Ability.SEARCH, Ability.LOOK_UP})),
    Line("cio", "checkinout", oldest_ms=600_000),
)
RULES = Rules(BRUSSELS, DECLARATION, duties=DUTIES, lines=LINES)

TROUBLES = (
    Faults(latency_s=3.0),
    Faults(latency_s=25.0),
    Faults(unreachable=True),
    Faults(silent=True),
    *(Faults(cut=cut) for cut in Cut),
    *(Faults(garbled=garbled) for garbled in Garbled),
    Faults(drip_headers_s=0.5),
    Faults(drip_body_s=0.5),
    Faults(redirect_to="https://elsewhere.test/"),
    *(Faults(status=status) for status in (401, 403, 404, 429, 500, 502, 503)),
    Faults(status=429, retry_after="60"),
    *(Faults(fault=Fault(f"SOA-0{n}")) for n in (1001, 2001, 2002, 3006)),
    Faults(drop_first=True),
    Faults(add_stray=True),
    Faults(repeat_first=True),
)
SEEDS = (1, *range(2, 2 + int(os.environ.get("WERFPOORT_SOAKS", "0"))))


@dataclass(frozen=True)
class Day:
    """What a day left behind: the gate's obligations and journal, and the authority's ledger."""

    obligations: tuple[Obligation, ...]
    entries: tuple[Entry, ...]
    accepted: tuple[tuple[str, dt.date, str, int, dt.date], ...]
    """Worker, day, direction, instant (0: none), and the day on which the authority got it."""


def people(luck: random.Random) -> tuple[list[Person], list[Person]]:
    everybody = crew(BUILDERS + CLEANERS, luck)
    at_work = [
        replace(p, worker=replace(p.worker, employer=BUILDING if n < BUILDERS else CLEANING))
        for n, p in enumerate(everybody)
    ]
    return at_work[:BUILDERS], at_work[BUILDERS:]


def troubles(luck: random.Random, people: list[Person]) -> Faults:
    """What is wrong now: one of TROUBLES, or somebody whom the service cannot take."""
    if luck.random() < 1 / len(TROUBLES):
        return Faults(poison=frozenset({luck.choice(people).worker.inss}))
    return luck.choice(TROUBLES)


def a_day(seed: int) -> Day:
    luck = random.Random(seed)
    builders, cleaners = people(luck)
    with Simulation((*builders, *cleaners), RULES, STARTS, seed) as day:
        _come_and_go(day, builders, cleaners, luck)
        for name in ("supplier", "ciaw", "cio"):
            _spoil(day, name, luck, [*builders, *cleaners])
        for at_s in sorted(luck.uniform(1 * HOUR, 16 * HOUR) for _ in range(KILLS)):
            day.run_until(max(at_s, day.clock.true_ms / 1000))
            day.cut_power(dark_s=luck.uniform(1, 60))
        day.run_until(MIDNIGHT_S - 1)
        entries = tuple(day.daemon.keeper.journal.entries_for_state())
        day.run_until(MIDNIGHT_S + 0.7 * HOUR)
        state = day.daemon.keeper.state
        accepted = tuple(
            (
                e.submitted.inss,
                e.submitted.at.astimezone(BRUSSELS).date() if e.submitted.at else e.submitted.day,
                e.submitted.direction,
                round(e.submitted.at.timestamp()) if e.submitted.at else 0,
                e.created.astimezone(BRUSSELS).date(),
            )
            for e in day.offices.ledger.accepted
        )
        return Day(tuple(state.ledger.obligations.values()), entries, accepted)


def _come_and_go(
    day: Simulation, builders: list[Person], cleaners: list[Person], luck: random.Random
) -> None:
    """Everybody comes in the morning or, the late shift, before midnight; and goes."""
    for n, person in enumerate((*builders, *cleaners)):
        late = n % 10 == 9
        came = luck.uniform(16.0, 18.9) if late else luck.uniform(1.0, 4.0)
        went = luck.uniform(came + 0.01, 18.95) if late else luck.uniform(7.0, 12.0)
        day.later(came * HOUR, person.uid, Direction.IN)
        day.later(went * HOUR, person.uid, Direction.OUT)


def _spoil(day: Simulation, name: str, luck: random.Random, people: list[Person]) -> None:
    """Trouble comes and goes, all day long and over midnight; it is the half of all time."""
    service, at_s = day.offices.service(name), 0.5 * HOUR
    while at_s < MIDNIGHT_S + 0.2 * HOUR:
        for faults, most_s in ((troubles(luck, people), 1500), (Faults(), 1500)):
            day.inbox.later(round(at_s * 1000), lambda f=faults, s=service: setattr(s, "faults", f))
            at_s += luck.uniform(10, most_s)
    day.inbox.later(round(at_s * 1000), lambda: setattr(service, "faults", Faults()))


def _key(o: Obligation) -> tuple[str, str, int]:
    at_s = o.at.unix_ms // 1000 if o.duty == "checkinout" else 0
    return o.person.inss, o.direction if o.duty == "checkinout" else "", at_s


@pytest.mark.parametrize("seed", SEEDS)
def test_each_tap_of_a_bad_day_is_registered_once_or_has_a_stated_outcome(seed: int) -> None:
    day = a_day(seed)
    accepted = Counter((inss, way, at) for inss, _, way, at, _ in day.accepted)
    records = [entry.record for entry in day.entries]
    taps = [record for record in records if isinstance(record, TapStored)]
    outcomes = Counter(f"{o.duty}: {o.outcome}" for o in day.obligations)
    print(f"\nseed {seed}: {len(taps)} taps, {len(day.obligations)} obligations, {KILLS} kills")
    print(f"  {dict(sorted(outcomes.items()))}")
    for kind in (AttemptStarted, InquiryBegan, HandoverStored, LineGivenUp, LineTakenBack):
        print(f"  {kind.__name__}: {sum(isinstance(record, kind) for record in records)}")
    print(f"  accepted by the authority: {len(day.accepted)}")

    assert len(taps) == TAPS
    assert len(day.obligations) == BUILDERS + 2 * CLEANERS
    theirs = {o.reference: o for o in day.obligations}
    for tap in taps:
        # The tap's own: of who held the badge, and for Check In and Out of that very tap.
        mine = theirs[tap.obligation]
        assert mine.uid == tap.uid
        assert mine.duty == "checkinatwork" or mine.direction == tap.direction
    assert Counter(tap.obligation for tap in taps) == Counter(
        {o.reference: 2 if o.duty == "checkinatwork" else 1 for o in day.obligations}
    )
    assert max(accepted.values()) == 1
    assert {made_for for _, made_for, _, _, _ in day.accepted} == {STARTS.date()}
    assert {got_on for *_, got_on in day.accepted} == {STARTS.date()}
    assert None not in {o.outcome for o in day.obligations}
    registered = {_key(o) for o in day.obligations if o.outcome is Outcome.REGISTERED}
    assert registered <= set(accepted)
    for o in day.obligations:
        if o.duty == "checkinatwork":
            assert o.outcome is Outcome.REGISTERED or o.errors, (o.reference, o.outcome)
            assert not o.unsure, o.reference
            assert not o.handed_to, o.reference
        if _key(o) in accepted and o.outcome is not Outcome.REGISTERED:
            # In and out cannot be searched: midnight or its age came first, and it says so.
            assert o.unsure or o.handed_to, (o.reference, o.duty, o.outcome)
    assert outcomes["checkinatwork: registered"] >= 0.9 * BUILDERS
