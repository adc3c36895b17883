"""One supervisor for every kind of device: gone, back, flapping, hanging, defective."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from drivers.base import (
    BadgeSeen,
    DeviceBack,
    DeviceGone,
    DeviceLost,
    DeviceNotFound,
    Report,
    Session,
)
from drivers.supervised import Supervised, Timing

QUICK = Timing(
    first_pause_s=0.01,
    longest_pause_s=0.04,
    hang_s=1.0,
    watch_s=0.02,
    flap_window_s=60.0,
    steady_s=0.3,
    flap_losses=100,
)
PATIENCE_S = 10.0
BADGE = BadgeSeen("door", "04A1B2C3D4E580")
LOST = DeviceLost("door is gone", "plug it in")


class Device:
    """A device whose fate the test decides: what `poll` meets next is put into `happens`."""

    def __init__(self) -> None:
        self.happens: queue.SimpleQueue[Report | Exception | threading.Event] = queue.SimpleQueue()
        self.there = True
        self.open_defect: Exception | None = None
        self.opened = 0
        self.closed = 0

    def open(self) -> Session:
        self.opened += 1
        if self.open_defect is not None:
            raise self.open_defect
        if not self.there:
            raise DeviceNotFound("no door", "plug it in")
        return self

    def poll(self) -> Sequence[Report]:
        try:
            happening = self.happens.get(timeout=0.005)
        except queue.Empty:
            return ()
        match happening:
            case Exception():
                raise happening
            case threading.Event():
                happening.wait(PATIENCE_S)
                return [BADGE]
            case report:
                return [report]

    def close(self) -> None:
        self.closed += 1


class Told:
    """Every report, in order; `next` waits for one."""

    def __init__(self) -> None:
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()

    def __call__(self, report: Report) -> None:
        self._reports.put(report)

    def next(self) -> Report:
        return self._reports.get(timeout=PATIENCE_S)

    def silent_for(self, seconds: float) -> bool:
        time.sleep(seconds)
        return self._reports.empty()


@contextmanager
def supervised(
    open_session: Callable[[], Session], timing: Timing = QUICK
) -> Iterator[tuple[Told, Supervised]]:
    told = Told()
    supervisor = Supervised("door", open_session, told, timing)
    supervisor.start()
    try:
        yield told, supervisor
    finally:
        supervisor.stop()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "what was waited for never came"
        time.sleep(0.005)


def test_a_device_that_works_is_told_once_and_before_what_it_sees() -> None:
    device = Device()
    device.happens.put(BADGE)
    with supervised(device.open) as (told, _):
        assert [told.next(), told.next()] == [DeviceBack("door"), BADGE]
        assert told.silent_for(0.05)


def test_a_device_that_is_not_there_is_told_once_with_cause_and_hint() -> None:
    device = Device()
    device.there = False
    with supervised(device.open) as (told, _):
        assert told.next() == DeviceGone("door", "no door", "plug it in", "DeviceNotFound")
        wait_until(lambda: device.opened >= 4)
        assert told.silent_for(0)
        device.there = True
        assert told.next() == DeviceBack("door")


def test_a_device_that_is_lost_is_told_closed_and_taken_up_again() -> None:
    device = Device()
    with supervised(device.open) as (told, _):
        assert told.next() == DeviceBack("door")
        device.happens.put(LOST)
        assert told.next() == DeviceGone("door", "door is gone", "plug it in", "DeviceLost")
        assert told.next() == DeviceBack("door")
        assert (device.opened, device.closed) == (2, 1)


def test_pauses_between_attempts_grow_and_stop_growing() -> None:
    device = Device()
    device.there = False
    attempts: list[float] = []

    def open_session() -> Session:
        attempts.append(time.monotonic())
        return device.open()

    timing = Timing(first_pause_s=0.05, longest_pause_s=0.2)
    with supervised(open_session, timing):
        wait_until(lambda: len(attempts) >= 5)
    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    least = [0.05, 0.1, 0.2, 0.2]
    assert all(pause >= wanted for pause, wanted in zip(pauses, least, strict=False)), pauses


def test_a_device_that_flaps_is_held_back_until_it_has_been_steady() -> None:
    device = Device()
    timing = Timing(first_pause_s=0.01, longest_pause_s=0.01, flap_losses=3, steady_s=1.0)
    with supervised(device.open, timing) as (told, _):
        for lost_times in (1, 1, 2):
            assert told.next() == DeviceBack("door")
            for _lost in range(lost_times):
                device.happens.put(LOST)
            assert isinstance(told.next(), DeviceGone)
        assert told.next() == DeviceBack("door")
        assert device.opened == 5  # the fourth session was never told


def test_a_badge_seen_while_a_flapping_device_is_held_back_is_not_lost() -> None:
    device = Device()
    timing = Timing(first_pause_s=0.01, longest_pause_s=0.01, flap_losses=1, steady_s=60.0)
    with supervised(device.open, timing) as (told, _):
        assert told.next() == DeviceBack("door")
        device.happens.put(LOST)
        assert isinstance(told.next(), DeviceGone)
        device.happens.put(BADGE)
        assert told.next() == BADGE


def test_a_poll_that_hangs_is_told_and_replaced_and_its_late_result_dropped() -> None:
    device = Device()
    release = threading.Event()
    with supervised(device.open) as (told, _):
        assert told.next() == DeviceBack("door")
        device.happens.put(release)
        gone = told.next()
        assert isinstance(gone, DeviceGone)
        assert "not reacted" in gone.cause
        assert told.next() == DeviceBack("door")
        release.set()
        wait_until(lambda: device.closed == 1)
        assert told.silent_for(0.05)
        device.happens.put(BADGE)
        assert told.next() == BADGE


def test_an_open_that_hangs_is_told_and_its_late_session_closed_unused() -> None:
    device = Device()
    release = threading.Event()
    first = threading.Lock()

    def open_session() -> Session:
        if first.acquire(blocking=False):
            release.wait(PATIENCE_S)
        return device.open()

    with supervised(open_session) as (told, _):
        assert isinstance(told.next(), DeviceGone)
        assert told.next() == DeviceBack("door")
        release.set()
        wait_until(lambda: device.closed == 1)
        assert told.silent_for(0.05)


def test_no_more_than_three_threads_are_left_hanging() -> None:
    release = threading.Event()
    opened: list[float] = []

    def open_session() -> Session:
        opened.append(time.monotonic())
        release.wait(PATIENCE_S)
        raise LOST

    timing = Timing(hang_s=0.03, watch_s=0.01, longest_pause_s=0.01)
    with supervised(open_session, timing) as (told, _):
        assert isinstance(told.next(), DeviceGone)
        wait_until(lambda: len(opened) == 4)
        time.sleep(0.2)
        assert len(opened) == 4
        assert told.silent_for(0)
        release.set()
        wait_until(lambda: len(opened) > 4)


def test_a_defect_of_a_driver_never_ends_the_supervisor_and_tells_no_number() -> None:
    device = Device()
    with supervised(device.open) as (told, _):
        assert told.next() == DeviceBack("door")
        device.happens.put(ValueError("bad row 85.01.15-123.55 of badge 04A1B2C3D4E580"))
        gone = told.next()
        assert isinstance(gone, DeviceGone)
        assert gone.cause == "ValueError: bad row 85•••55 of badge 04•••80"
        assert "defect" in gone.hint
        assert told.next() == DeviceBack("door")


def test_a_defect_while_opening_is_told_like_a_loss() -> None:
    device = Device()
    device.open_defect = KeyError("path")
    with supervised(device.open) as (told, _):
        gone = told.next()
        assert isinstance(gone, DeviceGone)
        assert gone.cause.startswith("KeyError")
        device.open_defect = None
        assert told.next() == DeviceBack("door")


@pytest.mark.parametrize("there", [True, False])
def test_stop_closes_the_device_and_ends_every_thread(there: bool) -> None:
    device = Device()
    device.there = there
    before = threading.active_count()
    with supervised(device.open, Timing(first_pause_s=60.0)) as (told, supervisor):
        told.next()
        supervisor.stop()
        assert threading.active_count() == before
        assert device.closed == int(there)


def test_stop_does_not_wait_for_a_device_that_hangs_and_hears_nothing_of_it_later() -> None:
    device = Device()
    release = threading.Event()
    with supervised(device.open, Timing(stop_s=0.05)) as (told, supervisor):
        assert told.next() == DeviceBack("door")
        device.happens.put(release)
        wait_until(device.happens.empty)
        supervisor.stop()
        assert not release.is_set()
        release.set()
        wait_until(lambda: device.closed == 1)
        assert told.silent_for(0.05)


def test_a_supervisor_that_was_never_started_can_be_stopped() -> None:
    device = Device()
    Supervised("door", device.open, Told()).stop()
    assert device.opened == 0
