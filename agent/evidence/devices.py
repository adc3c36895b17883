"""The gate itself: can it take a tap, keep it and sign for it; and what it has beside that."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from agent.channels.base import ChannelError
from agent.channels.delivery import Post
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Gate, Reading
from agent.core.state import State

SIGNING_KEY = "signing key"
"""What is told of like a device when the journal is signed by another one than before."""
BESIDE = frozenset(("panel", "printer", "keypad", "mains", SIGNING_KEY))
"""Devices without which a tap counts all the same."""
JOURNAL = "journal"


ROOM_LEAST_MIB = 200
"""As `werfpoort doctor` asks for."""


def gate_of(state: State, posts: Mapping[str, Post], folder: Path | None = None) -> Gate:
    """How the gate stands: of its readers one that does not work is enough to fail. `folder`: where
    it keeps its journal; None: its disk is not looked at."""
    return Gate(
        reader=_readers(state),
        journal=FAILING if JOURNAL in state.broken else WELL,
        credentials=_credentials(posts),
        configuration=WELL,  # a wrong one does not start
        keypad=_keypad(state),
        printer=_printer(state),
        disk=_disk(folder),
    )


def _readers(state: State) -> Reading:
    beside = BESIDE | {state.rules.keypad}
    if state.broken.keys() - beside - {JOURNAL}:
        return FAILING
    return WELL if state.working - beside else UNKNOWN


def _keypad(state: State) -> Reading:
    name = state.rules.keypad
    return FAILING if name in state.broken else WELL if name in state.working else UNKNOWN


def _printer(state: State) -> Reading:
    """Failing while a job cannot be printed; what it says in peace proves nothing."""
    jobs = state.papers.jobs.values()
    return FAILING if any(job.held is not None for job in jobs) else UNKNOWN


def _disk(folder: Path | None) -> Reading:
    if folder is None:
        return UNKNOWN
    try:
        free_mib = shutil.disk_usage(folder).free // 2**20
    except OSError:
        return UNKNOWN
    return WELL if free_mib >= ROOM_LEAST_MIB else FAILING


def _credentials(posts: Mapping[str, Post]) -> Reading:
    """Whether each channel can load what it signs with."""
    for post in posts.values():
        try:
            post.channel.prepare()
        except ChannelError:
            return FAILING
    return WELL
