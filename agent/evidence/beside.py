"""Measurements beside each other, on threads that never hold up the end of the process.

The pools of `concurrent.futures` are joined when the interpreter ends: an agent that was asked to
stop would wait for every call that nobody answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def begun(job: Callable[[], T], slots: threading.Semaphore | None = None) -> Future[T]:
    """What `job` will return or raise; it runs from now on, or once one of `slots` is free."""
    promised: Future[T] = Future()

    def run() -> None:
        if slots is not None:
            slots.acquire()
        try:
            promised.set_result(job())
        except BaseException as error:
            promised.set_exception(error)
        finally:
            if slots is not None:
                slots.release()

    threading.Thread(target=run, name="measures", daemon=True).start()
    return promised
