"""The gate itself: can it take a tap, keep it and sign for it."""

from __future__ import annotations

from collections.abc import Mapping

from agent.channels.base import ChannelError
from agent.channels.delivery import Post
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Gate, Reading
from agent.core.state import State

SIGNING_KEY = "signing key"
"""What is told of like a device when the journal is signed by another one than before."""
BESIDE = frozenset(("panel", "printer", "keypad", "mains", SIGNING_KEY))
"""Devices without which a tap counts all the same."""
JOURNAL = "journal"


def gate_of(state: State, posts: Mapping[str, Post]) -> Gate:
    """How the gate stands: of its readers one that does not work is enough to fail."""
    return Gate(
        reader=_readers(state),
        journal=FAILING if JOURNAL in state.broken else WELL,
        credentials=_credentials(posts),
        configuration=WELL,  # a wrong one does not start
    )


def _readers(state: State) -> Reading:
    if state.broken.keys() - BESIDE - {JOURNAL}:
        return FAILING
    return WELL if state.working - BESIDE else UNKNOWN


def _credentials(posts: Mapping[str, Post]) -> Reading:
    """Whether each channel can load what it signs with."""
    for post in posts.values():
        try:
            post.channel.prepare()
        except ChannelError:
            return FAILING
    return WELL
