"""What a gate could know of an outage, from the world alone: never from what the gate said.

What fails shows only through what it changes for the gauges (`shows`): a cause that changes nothing
stands behind another one. Of those that show, the one that decides is the lowest, or one of ours
beside it. And what a third party's failure alone would show just so, nothing tells from it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from agent.core.outage.facts import Medium
from agent.core.outage.measurements import Layer
from agent.core.outage.sight import TOGETHER_MS
from agent.core.outage.whose import EXEMPTING, Whose
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.infrastructure import Infrastructure, reading
from agent.sandbox.world.timeline import behind
from agent.sandbox.world.values import Site

NETWORK = (Layer.POWER, Layer.LINK, Layer.LOCAL, Layer.INTERNET)


@dataclass(frozen=True, slots=True)
class People:
    """What people at the gate could tell it. `there`: somebody is there for an hour of the outage.
    `opens`: what was last typed of a phone, truly; None: nothing. `numbered`: of which causes a
    third party's number was typed in since they last; `own`: somebody said it was the site's."""

    there: bool = False
    opens: bool | None = None
    numbered: frozenset[str] = frozenset()
    own: bool = False


def of(site: Site, failing: Iterable[str]) -> Infrastructure:
    """The infrastructure while these fail."""
    return Infrastructure(site, random.Random(0), dict.fromkeys(failing, 1))


def shows(truth: Infrastructure, *, called: bool = True, tried: bool = True) -> tuple[object, ...]:
    """All that gauges tell of it, and calls, where there was anything to call for. `tried`: a call
    failed meanwhile; only then it is measured whether the second uplink reaches a service."""
    lines = truth.site.lines
    return (
        tuple(truth.near(reading(truth.mains))),
        tuple(truth.internet()),
        truth.resolvers(),
        tuple(truth.channel(line) for line in lines),
        tuple(truth.by_second(line) if tried else None for line in lines),
        tuple(truth.faults(line) if called and truth.reached(line) else None for line in lines),
    )


def told_apart(site: Site, failing: frozenset[str], *, called: bool, tried: bool = True) -> bool:
    """Whether gauges and calls show it otherwise than any failure of third parties alone, up to two
    of them at once."""
    theirs = [k for k, cause in CAUSES.items() if cause.where(site) and cause.exempts(site)]
    seen = shows(of(site, failing), called=called, tried=tried)
    some = (pair for size in (1, 2) for pair in combinations(theirs, size))
    like = (shows(of(site, pair), called=called, tried=tried) for pair in some)
    return all(one != seen for one in like)


def best(
    site: Site,
    failing: frozenset[str],
    people: People,
    apart_ms: int | None = None,
    *,
    refused: bool = False,
) -> Whose:
    """The best that a gate could say while these fail. `apart_ms`: how long after one uplink the
    other one was lost; None with one uplink. `refused`: the service had found the gate at fault,
    and nothing worked since."""
    could = _measured(site, failing, people, apart_ms)
    if refused or people.own or could is Whose.OWN:
        return Whose.OWN
    kind = behind(of(site, failing))
    if could is Whose.UNDETERMINED and kind in people.numbered and kind != "loss":
        could = CAUSES[kind].whose(site)
    barred = could in EXEMPTING and people.opens is True
    return Whose.UNDETERMINED if barred else could


def _measured(site: Site, failing: frozenset[str], people: People, apart_ms: int | None) -> Whose:
    seen = shows(of(site, failing))
    showing = [kind for kind in failing if shows(of(site, failing - {kind})) != seen]
    truth = of(site, showing or failing)
    kind = behind(truth)
    if not kind:
        return Whose.UNDETERMINED
    if site.second and not truth.online:
        return _of_uplinks(site, showing or failing, apart_ms)
    could = CAUSES[kind].could_know(site)
    if kind == "rsz-unreachable":
        known = site.modem or (site.medium is not Medium.MOBILE and truth.beyond)
        told = (truth.beyond and truth.second) or people.there or people.opens is False
        return Whose.SERVICE if known and told else could
    return could


def _of_uplinks(site: Site, showing: Iterable[str], apart_ms: int | None) -> Whose:
    """With two of them down: ours where one of ours shows; a third party's where all are, and were
    lost together, as far as the modem tells that the rest is well."""
    kinds = [kind for kind in showing if CAUSES[kind].layer in NETWORK]
    if any(CAUSES[kind].could_know(site) is Whose.OWN for kind in kinds):
        return Whose.OWN
    theirs = all(CAUSES[kind].exempts(site) for kind in kinds) and "router-hangs" not in kinds
    together = apart_ms is not None and apart_ms <= TOGETHER_MS
    return Whose.INFRASTRUCTURE if theirs and together and site.modem else Whose.UNDETERMINED
