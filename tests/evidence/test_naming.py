"""An answer over TCP, as one resolver may send it."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from agent.evidence.naming import _received


def test_an_answer_that_trickles_is_given_up_in_time() -> None:
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(0.02):
            theirs.send(b"x")

    resolver = threading.Thread(target=trickle)
    resolver.start()
    try:
        with pytest.raises(TimeoutError):
            _received(ours, 1000, time.monotonic() + 0.2)
    finally:
        over.set()
        resolver.join()
        ours.close()
        theirs.close()


def test_an_answer_in_parts_is_put_together_and_one_that_breaks_off_is_short() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"ab")
        theirs.send(b"cd")
        assert _received(ours, 3, time.monotonic() + 5) == b"abc"
        theirs.close()
        assert _received(ours, 3, time.monotonic() + 5) == b"d"
