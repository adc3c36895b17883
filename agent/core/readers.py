"""Which readers do not work, and whether the others take what was tapped there.

A tap counts for the day at whichever reader it comes in (DOMAIN.md, section 4), so one that works
serves for all. Check In and Out registers the way, too: there the way out serves nobody who comes
in.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from agent.core.rules import DUTIES, Per, Rules
from agent.core.state import State
from drivers.base import Direction


def broken(state: State) -> frozenset[str]:
    """The readers of the configuration that do not work now."""
    return frozenset(state.broken.keys() & state.rules.readers.keys())


def others_serve(rules: Rules, dead: AbstractSet[str]) -> bool:
    """True when for each of these another reader takes the same taps."""
    if not dead:
        return True
    working = [way for name, way in rules.readers.items() if name not in dead]
    if not _registers_the_way(rules):
        return bool(working)
    return all({rules.readers[name], Direction.ANY} & set(working) for name in dead)


def _registers_the_way(rules: Rules) -> bool:
    return any(DUTIES[duty].per is Per.TAP for duty in (rules.duty, *rules.duties.values()))
