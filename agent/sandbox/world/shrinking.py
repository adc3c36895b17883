"""The smallest world that still fails: happenings are left out, many at first, then one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from agent.sandbox.world.living import lived
from agent.sandbox.world.values import DAY_MS, Happening, World

Fails = Callable[[World], bool]


def fails_by(rule: str) -> Fails:
    """Whether a world still breaks this rule."""
    return lambda world: any(wrong.rule == rule for wrong in lived(world).wrong)


def shrunk(world: World, fails: Fails, most_lives: int = 400) -> World:
    """A world with as few happenings as were found that still `fails`; the same when it does not
    fail at all. It is lived through at most so often."""
    left = most_lives
    size = max(1, len(world.happenings) // 2)
    while size and left > 0:
        smaller = False
        for part in _without(world.happenings, size):
            left -= 1
            tried = _with(world, part)
            if left >= 0 and fails(tried):
                world, smaller = tried, True
                break
        if not smaller:
            size //= 2
        size = min(size, max(1, len(world.happenings) // 2)) if size else 0
    return _shorter(world)


def _without(happenings: Sequence[Happening], size: int) -> Iterator[tuple[Happening, ...]]:
    """Each way to leave out `size` neighbours, the latest first."""
    for start in range(len(happenings) - 1, -1, -size):
        first = max(0, start - size + 1)
        yield (*happenings[:first], *happenings[start + 1 :])


def _with(world: World, happenings: tuple[Happening, ...]) -> World:
    return msgspec.structs.replace(world, happenings=happenings)


def _shorter(world: World) -> World:
    """Two days after the last happening nothing more comes of it."""
    last_ms = max((h.at_ms for h in world.happenings), default=0)
    return msgspec.structs.replace(world, days=min(world.days, last_ms // DAY_MS + 3))


def up_to(world: World, at_ms: int) -> World:
    """The world as far as it matters to what went wrong at that instant."""
    kept = tuple(h for h in world.happenings if h.at_ms <= at_ms)
    return _shorter(_with(world, kept))
