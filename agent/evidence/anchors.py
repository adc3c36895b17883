"""Anchors: hosts on the internet that depend on nothing of each other, dialled by their address.

One answers when its certificate is its own; where the clock cannot judge a certificate, when TCP
connects. Names cannot fail them, and no single one of them proves anything.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Reading
from agent.evidence.beside import begun
from agent.evidence.dialling import SOON_S, Calls, Dialled, Place

PATIENCE_S = 40.0
"""Where none answers soon: a line that takes half a minute is slow, and not dead."""
SLOW_S = 1.0
"""A connection that takes longer lost a packet (the first is repeated after 1 s) or was late."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A host, and the name that its certificate bears."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Rung:
    """What the anchors said, in their order. `steady`: failing with loss or delay. `took_s`: the
    longest that a connection took."""

    answers: tuple[Reading, ...]
    steady: Reading
    took_s: float = 0.0


def ring(
    anchors: Sequence[Anchor],
    tls: ssl.SSLContext | None,
    device: str = "",
    *,
    patience_s: float = PATIENCE_S,
) -> Rung:
    """Dials all of `anchors` at once; with `tls` each must show its own certificate too."""
    places = [anchor.place for anchor in anchors]
    with Calls(places, device) as calls:
        ended = calls.wait(SOON_S)
        if not any(call.connected for call in ended.values()):
            ended = calls.wait(patience_s, first=True)
            latest_s = max((c.after_s for c in ended.values() if c.after_s is not None), default=0)
            ended = calls.wait(latest_s + SLOW_S)  # the others are as late, not silent
        times = [call.after_s for call in ended.values() if call.after_s is not None]
        answers = [_tcp(ended.get(place)) for place in places]
        if tls is not None and times:
            limit_s = max(SOON_S, 3 * max(times))
            answers = _greet(anchors, answers, calls, tls, limit_s)
    late = any(seconds >= SLOW_S for seconds in times) or (WELL in answers and FAILING in answers)
    steady = FAILING if late else WELL if WELL in answers else UNKNOWN
    return Rung(tuple(answers), steady, max(times, default=0.0))


def _tcp(call: Dialled | None) -> Reading:
    if call is None:
        return FAILING
    return UNKNOWN if call.unmade else WELL if call.connected else FAILING


def _greet(
    anchors: Sequence[Anchor],
    answers: Sequence[Reading],
    calls: Calls,
    tls: ssl.SSLContext,
    limit_s: float,
) -> list[Reading]:
    def greeted(anchor: Anchor, said: Reading) -> Reading:
        if said is not WELL:
            return said
        try:
            with calls.take(anchor.place) as plain:
                plain.settimeout(limit_s)
                with tls.wrap_socket(plain, server_hostname=anchor.name):
                    return WELL
        except OSError:  # ssl.SSLError is one: somebody else answers in its place
            return FAILING

    greetings = [begun(partial(greeted, *pair)) for pair in zip(anchors, answers, strict=True)]
    return [greeting.result() for greeting in greetings]
