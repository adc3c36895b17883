"""When what failed, in truth: the yardstick for every claim that a gate makes afterwards."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.outage.measurements import Layer
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.infrastructure import Infrastructure

_DEPTH = {layer: n for n, layer in enumerate(Layer)}
_NETWORK = _DEPTH[Layer.INTERNET]
_OF_UPLINKS = ("rsz-firewalled", "second-filtered")
"""Causes of a channel that only one uplink has."""


class Standing(StrEnum):
    """How it stands with registering at the gate, in truth."""

    WORKS = "works"
    THEIRS = "a third party's"
    OURS = "ours, or the supplier's"
    DARK = "the gate is dark"


def standing(truth: Infrastructure, lines: tuple[str, ...], *, gate_well: bool) -> Standing:
    """How it stands for a duty with these lines: the lowest failing layer decides, but a known
    cause of ours beside it always counts (DOMAIN.md, section 3); what could not show is unknown."""
    if not gate_well:
        return Standing.OURS
    if any(truth.works(line) for line in lines):
        return Standing.WORKS
    if any(CAUSES[kind].beside for kind in truth.shown):
        return Standing.OURS
    found = [CAUSES[kind] for kind in _in_the_way(truth)]
    if found:
        lowest = min(found, key=lambda cause: _DEPTH[cause.layer])
        return Standing.THEIRS if lowest.exempts(truth.site) else Standing.OURS
    return Standing.OURS if lines == ("supplier",) else Standing.THEIRS


def behind(truth: Infrastructure) -> str:
    """Which cause is behind an outage, judged more strictly; empty without any. Of two that lie
    equally low it is the one that is not a third party's; so it is of two uplinks, since either
    would do."""
    site, found = truth.site, _in_the_way(truth)
    ours = [kind for kind in found if not CAUSES[kind].exempts(site)]
    beside = [kind for kind in ours if CAUSES[kind].beside]
    uplinks = [k for k in ours if site.second and (_lies(k) <= _NETWORK or k in _OF_UPLINKS)]
    return min(beside or uplinks or found, key=lambda k: (_lies(k), k not in ours), default="")


def _in_the_way(truth: Infrastructure) -> list[str]:
    """What fails, without what fails of one uplink while another one has a path."""
    carried = truth.site.second and truth.online
    return [kind for kind in truth.failing if not (carried and _lies(kind) <= _NETWORK)]


def _lies(kind: str) -> int:
    return _DEPTH[CAUSES[kind].layer]


Stretch = tuple[int, Standing, frozenset[str]]
"""How long it lasted in ms, how it stood, what failed."""


@dataclass(slots=True)
class Timeline:
    """Stretches, each from its instant to the next one's."""

    since: list[int] = field(default_factory=list)
    stands: list[tuple[Standing, frozenset[str]]] = field(default_factory=list)

    def note(self, at_ms: int, stands: Standing, failing: frozenset[str]) -> None:
        """From now on it stands so."""
        if not self.stands or self.stands[-1] != (stands, failing):
            self.since.append(at_ms)
            self.stands.append((stands, failing))

    def between(self, begins_ms: int, ends_ms: int) -> Iterator[Stretch]:
        """Each stretch of that time: how long, how it stood, what failed."""
        place = max(0, bisect_right(self.since, begins_ms) - 1)
        for n in range(place, len(self.since)):
            if self.since[n] >= ends_ms:
                break
            until = self.since[n + 1] if n + 1 < len(self.since) else ends_ms
            lasts_ms = min(until, ends_ms) - max(self.since[n], begins_ms)
            yield lasts_ms, *self.stands[n]

    def longest(self, begins_ms: int, ends_ms: int) -> dict[Standing, int]:
        """The longest unbroken time of each standing, in ms."""
        found: dict[Standing, int] = {}
        run, before = 0, None
        for lasts_ms, stands, _ in self.between(begins_ms, ends_ms):
            run = run + lasts_ms if stands is before else lasts_ms
            before = stands
            found[stands] = max(found.get(stands, 0), run)
        return found


def false_because(timeline: Timeline, begins_ms: int, ends_ms: int, tolerated_ms: int) -> str:
    """Why an exemption for that time is false; empty when it is not."""
    longest = timeline.longest(begins_ms, ends_ms)
    for stands, lasts_ms in longest.items():
        if stands is not Standing.THEIRS and lasts_ms > tolerated_ms:
            minutes = lasts_ms // 60_000
            alike = [k for _, s, k in timeline.between(begins_ms, ends_ms) if s is stands]
            causes = ", ".join(sorted(frozenset().union(*alike))) or "nothing failed"
            return f"for {minutes} min it was “{stands}” ({causes})"
    return ""
