"""When to try next, and for how long: everything is planned against midnight.

Checkinatwork takes today and tomorrow only (WIRE.md), so what is not delivered by midnight in
Belgium never can be. tenacity makes the attempts inside one burst; this module says when a
burst starts and when it must be over.
"""

from __future__ import annotations

from agent.core.moment import Moment, midnight_after
from agent.core.rules import Rules

SHORTEST_PAUSE_MS = 500
"""Between two bursts, however kind the dice: a service in trouble is not hammered."""
THICKENING = 20
"""No pause is longer than this part of the time left, so that attempts thicken before midnight."""


def until_midnight_ms(now: Moment, rules: Rules) -> int:
    """How long the service still takes today's registrations."""
    return midnight_after(now, rules.zone) - now.unix_ms


def burst_until(now: Moment, rules: Rules) -> int:
    """Monotonic time in ms at which a burst that starts now must be over."""
    return now.mono_ms + min(rules.burst_ms, until_midnight_ms(now, rules))


def pause_ms(
    failures: int,
    jitter: float,
    retry_after_ms: int,
    now: Moment,
    rules: Rules,
    oldest_ms: int = 0,
) -> int:
    """How long a channel rests after `failures` failed bursts in a row (1, 2, …).

    Exponential with full jitter (`jitter` in [0, 1)). Retry-After is honoured, but half of the time
    left is the most: a registration that waits past midnight is lost for certain. So is one that
    becomes older than `oldest_ms`, where its service minds (0: it does not).
    """
    left = until_midnight_ms(now, rules)
    left = min(left, oldest_ms or left)
    ceiling = min(rules.longest_retry_ms, rules.first_retry_ms << min(failures - 1, 30))
    ceiling = min(ceiling, max(rules.first_retry_ms, left // THICKENING))
    pause = max(SHORTEST_PAUSE_MS, round(jitter * ceiling), retry_after_ms)
    return min(pause, max(SHORTEST_PAUSE_MS, left // 2))
