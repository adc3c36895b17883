"""Incidents: opened, turned, closed, so that one outage is one incident with one deciding row.

- An incident opens after the hysteresis without any delivery while something is to deliver, and
  begins where that time began: at the oldest tap that waits, or the last delivery after it. It
  opens under the row of a whole round of measurements made since, and waits for one for a little.
- It has one deciding row. When another row decides for longer than the hysteresis, it ends where
  the other one began, and another incident begins there. Short turns add up: they weigh ten times
  what the incident's own row weighs, so that nobody keeps an exemption by flickering.
- A delivery ends it at once. So does, for one that exempts, a channel that works elsewhere; and a
  path that is back long enough to deliver.
- The same row again soon after is the same incident with another stretch, unless a third party's
  reference was given for it.

`decide` says what is to be journaled; incident_log.py folds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from agent.core.moment import Moment
from agent.core.outage.classification import classify
from agent.core.outage.evidence import Picture
from agent.core.outage.facts import Past, past
from agent.core.outage.incident_log import Incident, Log, elapsed_ms, later, not_after
from agent.core.outage.incident_records import (
    Ending,
    IncidentBarred,
    IncidentClosed,
    IncidentOpened,
    IncidentRecord,
    IncidentReopened,
    PeopleCalled,
    RowTurned,
)
from agent.core.outage.measurements import FAILING, WELL, Layer
from agent.core.outage.procedure import CALL, CLAIM_ENDS, CLAIM_OPENS
from agent.core.outage.table import ANSWER_OTHER, NO_ANCHOR, NOTHING_FAILS
from agent.core.outage.whose import EXEMPTING, Bar, Classification, Limits, Whose
from agent.core.rules import Rules
from agent.core.state import State


def picture(
    state: State, at: Moment, in_vain_counts: Callable[[Moment], bool] | None = None
) -> Picture:
    """What is known at `at` of an outage. That the clock is trusted needs no measuring: `at` itself
    says it."""
    seen = state.observed.evidence.picture(at, in_vain_counts=in_vain_counts)
    clock = replace(seen.clock(), trusted=WELL if at.trusted else FAILING)
    values, refused = {**seen.values, (Layer.CLOCK, ""): clock}, state.observed.refused
    return replace(seen, values=values, refused=frozenset(refused))


def past_of(log: Log, duty: str, began: Moment, at: Moment, rules: Rules) -> Past:
    """What the past says of an incident that began at `began`."""
    running, last = log.running(duty), log.answered.get(duty)
    return past(
        log.days.get(duty, ()),
        rules.day(began),
        rules.day(at),
        rules.facts,
        running=running.name if running is not None else "",
        referenced=log.referenced(),
        delivered_today=last[1] if last is not None and not_after(last[0], began) else None,
    )


def judge(state: State, duty: str, began: Moment, at: Moment) -> Classification:
    """Whose it is at `at`, of a stretch that began at `began`. What a person said of an incident
    is said of its row, and carries nothing over to another one."""
    running = state.log.running(duty)
    seen = picture(state, at, partial(state.log.in_vain_counts, duty, began))
    before = past_of(state.log, duty, began, at, state.rules)

    def found(confirmed: Whose | None) -> Classification:
        facts, limits = state.rules.facts, state.rules.limits
        return classify(seen, facts, before, duty=duty, confirmed=confirmed, limits=limits)

    measured = found(None)
    if running is None or running.corrected is None or measured.row != running.row:
        return measured
    return found(running.corrected)


def decide(state: State, duty: str, oldest: Moment | None, at: Moment) -> Iterator[IncidentRecord]:
    """What is to be journaled now. `oldest`: the oldest first tap of this duty not settled yet.

    Apply what comes before asking again; when nothing comes, there is nothing more to decide.
    """
    running = state.log.running(duty)
    if running is not None:
        yield from _go_on(state, running, oldest, at)
    elif oldest is not None and _is_due(state, duty, since := opens_from(state, duty, oldest), at):
        yield from _begin(state, duty, since, at)


def _patient(state: State) -> int:
    limits = state.rules.limits
    return min(limits.hysteresis_ms, limits.call_ms)


SETTLES_MS = 30_000
"""So long after the hysteresis an incident opens as things look, whatever is not measured yet."""


def _is_due(state: State, duty: str, since: Moment, at: Moment) -> bool:
    waited = elapsed_ms(since, at)
    if waited < _patient(state):
        return False
    return waited >= _latest(state) or _is_settled(state, duty, since, at)


def _latest(state: State) -> int:
    limits = state.rules.limits
    return max(_patient(state), min(limits.hysteresis_ms + SETTLES_MS, limits.call_ms))


def _is_settled(state: State, duty: str, since: Moment, at: Moment) -> bool:
    """All was measured since the trouble began; and what was answered is no riddle: who is asked
    something else, or is silent for longer than the hysteresis, is soon known better. So is a way
    on which no anchor answers: routers answer only so many probes, and the next round may hear one.
    """
    whole = state.observed.whole
    measured = whole is not None and whole.boot_id == at.boot_id and not_after(since, whole)
    return measured and judge(state, duty, since, at).row not in (ANSWER_OTHER, NO_ANCHOR)


def opens_due_ms(state: State, duty: str, oldest: Moment, now: Moment) -> int:
    """Monotonic time in ms at which an incident may open if nothing is delivered before."""
    waited, patient = elapsed_ms(opens_from(state, duty, oldest), now), _patient(state)
    if waited < patient:
        return now.mono_ms + patient - waited
    silent = state.observed.evidence.picture(now).silent_ms.values()
    left = [_latest(state) - waited, *(patient + 1 - ms for ms in silent)]
    return now.mono_ms + min((ms for ms in left if ms > 0), default=0)


def turns_in_ms(
    running: Incident, oldest: Moment | None, now: Moment, limits: Limits
) -> Iterator[int]:
    """In how many ms something of an incident falls due, if nothing happens before."""
    wanted: list[int] = []
    if running.away is not None:
        against = running.against(now)
        wanted += [patience - against for patience in (limits.deliver_ms, limits.hysteresis_ms)]
    if oldest is not None and not running.called:
        waited = elapsed_ms(oldest, now)
        wanted += [patience - waited for patience in (limits.hysteresis_ms, limits.call_ms)]
    yield from (ms for ms in wanted if ms > 0)


def opens_from(state: State, duty: str, oldest: Moment) -> Moment:
    """The oldest tap, or what came after it: a delivery, the end of the incident before."""
    last = state.log.answered.get(duty)
    since = later(oldest, last[0] if last is not None else None)
    for incident in state.log.incidents.values():
        if incident.duty == duty:
            since = later(since, incident.until)
    return since


def _begin(state: State, duty: str, since: Moment, at: Moment) -> Iterator[IncidentRecord]:
    found = judge(state, duty, since, at)
    known = _same_again(state.log, duty, found, since, state.rules.limits)
    if known is not None:
        yield IncidentReopened(known.name, since)
    else:
        yield opened(state.log, duty, since, found)


def _same_again(
    log: Log, duty: str, found: Classification, since: Moment, limits: Limits
) -> Incident | None:
    for incident in reversed(tuple(log.incidents.values())):
        if incident.duty == duty:
            soon = incident.until and elapsed_ms(incident.until, since) <= limits.reopen_ms
            same = incident.row == found.row and incident.measured is found.whose
            # A third party's reference says nothing of what came after a recovery.
            confirmed = incident.corrected in EXEMPTING
            return incident if soon and same and not confirmed else None
    return None


def opened(
    log: Log, duty: str, since: Moment, found: Classification, after: str = ""
) -> IncidentOpened:
    """A new incident, with the next name."""
    name = f"i{log.numbered + 1}"
    return IncidentOpened(name, duty, since, found.row, found.whose, _texts(found), after)


def _texts(found: Classification) -> tuple[str, ...]:
    return tuple(bar.value for bar in found.bars)


def _go_on(
    state: State, running: Incident, oldest: Moment | None, at: Moment
) -> Iterator[IncidentRecord]:
    limits = state.rules.limits
    found = judge(state, running.duty, running.stretches[-1].since, at)
    # A phone that opened it stands against those who had tapped by then, and not against who
    # comes once none does: so the incident ends with it.
    lifted = Bar.OTHER_CHANNEL in running.bars and Bar.OTHER_CHANNEL not in found.bars
    own_row = found.row == running.row and found.whose is running.whose and not lifted
    fresh_bars = tuple(bar for bar in _texts(found) if bar not in running.bars)
    if own_row and fresh_bars:
        yield IncidentBarred(running.name, fresh_bars)
    if own_row and running.away is not None:
        yield RowTurned(running.name, found.row, found.whose, away=False)
    elif not own_row and running.away is None:
        yield RowTurned(running.name, found.row, found.whose, away=True)
    elif not own_row and running.against(at) >= _patience_ms(running, found, limits):
        yield from _ended(state, running, found, oldest, at)
    elif oldest is not None and own_row and elapsed_ms(oldest, at) >= _patient(state):
        yield from _told(running, exempts=running.exempts)
    elif oldest is not None and _is_overdue(running, found, elapsed_ms(oldest, at), limits):
        yield from _told(running, exempts=False)


def _is_overdue(running: Incident, found: Classification, waited_ms: int, limits: Limits) -> bool:
    """Whatever row it will be in the end, people are not left waiting for it, unless the path is
    just coming back. Who was told "nothing to do" hears what holds once that is certain."""
    turning = found.exempts or found.row == NOTHING_FAILS.key or CLAIM_OPENS in running.called
    return not turning and waited_ms >= limits.call_ms


def _ended(
    state: State, running: Incident, found: Classification, oldest: Moment | None, at: Moment
) -> Iterator[IncidentRecord]:
    until = running.away or at
    back = found.row == NOTHING_FAILS.key
    yield IncidentClosed(running.name, until, Ending.PATH_BACK if back else Ending.ROW_CHANGED)
    if not found.exempts:
        yield from _claim_ended(running)
    if oldest is not None and not back:
        yield opened(state.log, running.duty, until, found, running.name)


def _patience_ms(running: Incident, found: Classification, limits: Limits) -> int:
    """How long another row decides before the incident ends."""
    if running.exempts and Bar.OTHER_CHANNEL in found.bars:
        return 0
    if found.row == NOTHING_FAILS.key:
        return limits.deliver_ms
    return limits.hysteresis_ms


def _told(running: Incident, *, exempts: bool) -> Iterator[PeopleCalled]:
    """Tells people once what holds for them now."""
    if not exempts:
        yield from _claim_ended(running)
    text = CLAIM_OPENS if exempts else CALL
    if text not in running.called:
        yield PeopleCalled(running.name, text)


def _claim_ended(running: Incident) -> Iterator[PeopleCalled]:
    """Who was told "nothing to do" is told at once when that ends."""
    if CLAIM_OPENS in running.called and CLAIM_ENDS not in running.called:
        yield PeopleCalled(running.name, CLAIM_ENDS)


def delivered(log: Log, duty: str, at: Moment) -> Iterator[IncidentRecord]:
    """What an answer to a registration ends, receipt or business error: the path works."""
    running = log.running(duty)
    if running is not None:
        yield IncidentClosed(running.name, at, Ending.DELIVERED)
        yield from _claim_ended(running)
