"""Keeps the terms: once a night the agent erases what they have ended, and says what comes next.

The plan is made by a connection that only reads; the loop carries it out, batch by batch, so that
a tap waits for one batch at most.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from agent.config import Config
from agent.core.journal_events import DamagedErasureAsked, ErasureAsked
from agent.core.moment import Moment
from agent.journal.damaged import aside, destroy, files_aside
from agent.journal.erase import WARNED_DAYS, Plan, Terms, planned
from agent.journal.fault import JournalError, explained
from agent.journal.outward import exported_upto
from agent.journal.rows import reading
from agent.seams import Clock, Decide

NIGHT_HOUR = 3
"""When it is done: between the last shift home and the first one in."""
LOOK_S = 1_800.0
"""How often the clock is looked at for it: where there is no power at night, a while after dawn."""
FIRST_LOOK_S = 60.0
"""The same until the clock was right once: until then nobody can be warned of what comes next."""
TO_DO_ASIDE = (
    "copy it to where it is safe if a day may have to be proven by it; then: "
    "werfpoort journal erase --damaged FILE --yes"
)

log = logging.getLogger(__name__)


class Retention:
    """Plans and carries out erasures of one gate's journal; from any thread but the loop's."""

    def __init__(self, config: Config, now: Callable[[], Moment], decide: Decide) -> None:
        self._config, self._zone = config, config.zone
        self._now, self._decide = now, decide
        self._looked: dt.date | None = None
        self._foreseen = self._watching = False
        self.last = Plan()
        """The plan that was made last: what it warns of, status says."""

    @property
    def to_do(self) -> str:
        """How what nobody took away is taken away."""
        return taking_away(self._config)

    def plan(self, worker: int | None = None) -> Plan:
        """What may be erased today. Raises JournalError, also while the clock is not trusted."""
        return plan_at(self._config, self._now(), worker)

    def carry_out(self, plan: Plan) -> tuple[int, str]:
        """How many entries were erased, and why it ended before all were, if it did. Damaged
        journals go too, where their term has ended.
        """
        count = 0
        for erasure in plan.erasures:
            done, said, _ = self._decide(
                lambda asked, e=erasure: ErasureAsked(  # type: ignore[misc]
                    self._now(), e.spans, e.reason, e.workers, asked
                )
            )
            if not done:
                return count, said
            count += erasure.count
        today = self._now().day(self._zone)
        for damaged in plan.aside:
            if damaged.is_due(today):
                done, said = self.erase_damaged(damaged.file, "its term ended")
                if not done:
                    return count, said
        return count, ""

    def erase_damaged(self, file: str, reason: str) -> tuple[bool, str]:
        """Erases a damaged journal that was put aside; done or not, and in words. The journal in
        use says so first: a power cut in between leaves a file that is erased again.
        """
        database = self._config.gate.journal
        if file not in (one.name for one in files_aside(database)):
            return False, f"there is no damaged journal {file} in {database.parent}"
        done, said, _ = self._decide(
            lambda asked: DamagedErasureAsked(self._now(), file, reason, asked)
        )
        if done:
            try:
                destroy(database, file)
            except OSError as error:
                return False, f"damaged journal {file} could not be erased: {error}; try again"
        return done, said

    def expected(self) -> Plan:
        """The plan that was made last. Where no agent runs it is made now, if the clock is right;
        an agent looks by itself within its first minute, and whoever asks it does not wait for a
        journal of years to be read.
        """
        if not (self._foreseen or self._watching):
            with suppress(JournalError):
                self.last = self.plan()
                self._foreseen = True
        return self.last

    def watch(self, clock: Clock) -> None:
        """Keeps the terms, night by night, until the agent stops; the first look leaves the start
        to who taps.
        """
        self._watching = True
        while not clock.sleep(LOOK_S if self._foreseen else FIRST_LOOK_S):
            self.look()

    def look(self) -> None:
        """Says what comes next as soon as that is known, and keeps the terms of today, once, from
        the small hours on.
        """
        now = self._now()
        if not now.trusted:
            return
        local = now.local(self._zone)
        night = local.hour >= NIGHT_HOUR
        if self._foreseen and (self._looked == local.date() or not night):
            return
        try:
            self.last = self.plan()
            self._foreseen = True
            if night:
                self._looked = local.date()
                self._keep(self.last)
        except JournalError as error:
            log.error("terms not kept: %s; to do: %s", error, error.hint)

    def _keep(self, plan: Plan) -> None:
        count, failure = self.carry_out(plan)
        if failure:
            log.error("terms not kept: %s; tried again tomorrow", failure)
        if self.last.soon:
            log.warning("%s", soon(self.last, self.to_do))
        log.info("terms kept: erased=%d held=%d", count, self.last.held)


def plan_at(config: Config, now: Moment, worker: int | None = None) -> Plan:
    """What may be erased of this gate's journal, found by reading alone. Raises JournalError, also
    while the clock is not trusted.
    """
    if not now.trusted:
        raise JournalError("the clock is not trusted: no term is known", "set the clock (NTP)")
    kept, journal = config.retention, config.gate.journal
    terms = Terms(kept.receipt_months, kept.proof_years, kept.keep_until_exported)
    companies = tuple(contractor.company for contractor in config.contractors)
    with reading(journal) as connection:
        try:
            exported = exported_upto(connection, companies)
            today = now.day(config.zone)
            plan = planned(connection, terms, today, exported=exported, worker=worker)
            return replace(plan, aside=aside(connection, journal, config.zone, terms.last_end))
        except sqlite3.Error as error:
            raise explained(error, str(journal)) from error


def taking_away(config: Config) -> str:
    """How what nobody took away is taken away."""
    if not config.contractors:
        return "nobody can: add [[contractors]] to the configuration"
    return "export them (put a stick in, or: werfpoort journal export --to FOLDER)"


def soon(plan: Plan, to_do: str) -> str:
    """The warning of a plan, for people; "" when there is nothing to warn of."""
    if not plan.soon:
        return ""
    return (
        f"{plan.soon} entries that nobody took away are erased within {WARNED_DAYS} days; {to_do}"
    )
