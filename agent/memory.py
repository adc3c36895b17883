"""Tells the C library to give large pieces of memory back, which a daemon of months needs.

glibc raises by itself the size from which a piece is one of its own, up to 32 MB, once such a piece
was freed: the second operator code that is compared would leave its 16 MB behind for ever. And each
thread that is busy while others are gets a heap of its own, of which little goes back.
"""

from __future__ import annotations

import ctypes
import logging

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""malloc.h; mallopt(3)."""
OWN_PIECE_BYTES = 512 * 1024
MOST_HEAPS = 2

log = logging.getLogger(__name__)


def give_back() -> None:
    """From now on large pieces go back once they are free; another C library stays as it is."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for parameter, value in ((M_MMAP_THRESHOLD, OWN_PIECE_BYTES), (M_ARENA_MAX, MOST_HEAPS)):
        if not mallopt(parameter, value):
            log.info("the C library does not take mallopt(%d, %d)", parameter, value)
