"""The panel on pins whose other end is a board: what a person would see and hear."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.base import (
    DeviceBusy,
    DeviceLost,
    DeviceNotFound,
    Panel,
    PanelSettings,
    Pattern,
    Step,
)
from drivers.emulators.pin_board import PinBoard
from drivers.emulators.pins import WireFactory
from drivers.panel_gpio import open_panel

AMBER, GREEN, RED, BUZZER = 17, 27, 22, 23
OFF = Pattern("off", (), repeat=True)
STEADY_RED = Pattern("steady red", (Step(60.0, red=True),), repeat=True)
STEADY_AMBER = Pattern("steady amber", (Step(60.0, amber=True),), repeat=True)
LONG_GREEN = Pattern("long green", (Step(60.0, green=True),))
SHORT = Pattern("short", (Step(0.02, amber=True, buzzer=True), Step(0.02, amber=True)))


@pytest.fixture
def board(tmp_path: Path) -> Iterator[PinBoard]:
    board = PinBoard(tmp_path / "pins")
    Device.pin_factory = factory = WireFactory(board.path)
    yield board
    factory.close()
    Device.pin_factory = None
    board.close()


@pytest.fixture
def panel(board: PinBoard) -> Iterator[Panel]:
    panel = open_panel(PanelSettings())
    yield panel
    panel.close()


def state(pin: int) -> bool:
    return bool(Device.pin_factory.pin(pin).state)


def lit() -> set[str]:
    pins = {"amber": AMBER, "green": GREEN, "red": RED, "buzzer": BUZZER}
    return {name for name, pin in pins.items() if state(pin)}


def test_the_first_step_is_lit_before_show_returns(panel: Panel) -> None:
    panel.show(Pattern("stored", (Step(60.0, amber=True, buzzer=True),)))
    assert lit() == {"amber", "buzzer"}


def test_a_pattern_is_played_step_by_step_and_then_all_is_dark(
    board: PinBoard, panel: Panel
) -> None:
    panel.show(SHORT)
    on = board.wait_for(AMBER, True)
    beep = board.wait_for(BUZZER, True)
    silent = board.wait_for(BUZZER, False)
    off = board.wait_for(AMBER, False)
    assert on.at_s <= beep.at_s < silent.at_s < off.at_s
    assert silent.at_s - beep.at_s >= 0.02 - 0.001  # the step lasts at least its time
    assert lit() == set()


def test_a_repeating_pattern_goes_on_until_another_one(board: PinBoard, panel: Panel) -> None:
    panel.show(Pattern("blink", (Step(0.01, red=True), Step(0.01)), repeat=True))
    for _ in range(4):
        board.wait_for(RED, True)
        board.wait_for(RED, False)
    panel.show(STEADY_AMBER)
    assert lit() == {"amber"}


def test_the_last_signal_wins_at_once(panel: Panel) -> None:
    panel.show(STEADY_AMBER)
    panel.show(LONG_GREEN)
    assert lit() == {"green"}


def test_the_beep_of_an_answer_is_heard_beside_an_alarm_that_sounds(
    board: PinBoard, panel: Panel
) -> None:
    panel.show(Pattern("alarm", (Step(60.0, red=True, buzzer=True),), repeat=True))
    assert board.wait_for(BUZZER, True)
    panel.show(SHORT)
    silent = board.wait_for(BUZZER, False)
    assert board.wait_for(BUZZER, True).at_s - silent.at_s >= 0.04 - 0.001


def test_after_a_signal_the_resting_pattern_comes_back(board: PinBoard, panel: Panel) -> None:
    panel.rest(STEADY_RED)
    assert lit() == {"red"}
    panel.show(SHORT)
    board.wait_for(AMBER, True)
    board.wait_for(RED, True)
    assert lit() == {"red"}


def test_a_resting_pattern_waits_for_the_signal_that_plays(board: PinBoard, panel: Panel) -> None:
    panel.show(Pattern("green", (Step(0.1, green=True),)))
    panel.rest(STEADY_RED)
    assert board.wait_for(GREEN, True).at_s < board.wait_for(RED, True).at_s
    assert lit() == {"red"}


def test_a_new_resting_pattern_replaces_the_one_that_plays(panel: Panel) -> None:
    panel.rest(STEADY_RED)
    panel.rest(OFF)
    assert lit() == set()


def test_the_same_resting_pattern_again_does_not_start_over(board: PinBoard, panel: Panel) -> None:
    slow = Pattern("slow", (Step(0.02, red=True), Step(60.0)), repeat=True)
    panel.rest(slow)
    board.wait_for(RED, True)
    board.wait_for(RED, False)
    panel.rest(Pattern("slow", slow.steps, repeat=True))
    assert lit() == set()


def test_steps_without_length_do_not_take_the_processor(board: PinBoard, panel: Panel) -> None:
    panel.show(Pattern("hasty", (Step(0.0, red=True), Step(0.0)), repeat=True))
    board.wait_for(RED, True)
    first = board.wait_for(RED, False)
    board.wait_for(RED, True)
    assert board.wait_for(RED, False).at_s - first.at_s >= 0.019


@pytest.mark.parametrize("pattern", [OFF, STEADY_RED])
def test_a_dark_or_steady_panel_wakes_no_thread(panel: Panel, pattern: Pattern) -> None:
    panel.rest(STEADY_AMBER)
    panel.rest(pattern)
    (thread,) = (each for each in threading.enumerate() if each.name == "panel")

    def wakes() -> str:
        status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
        return next(line for line in status.splitlines() if line.startswith("voluntary"))

    for _ in range(20):  # until the thread has gone to sleep over the last pattern
        before = wakes()
        time.sleep(0.2)
        if wakes() == before:
            return
    pytest.fail(f"the panel's thread keeps waking: {wakes()}")


def test_closing_puts_everything_out_and_later_signals_light_nothing(
    board: PinBoard, panel: Panel
) -> None:
    panel.show(STEADY_RED)
    board.wait_for(RED, True)
    panel.close()
    board.wait_for(RED, False)
    panel.show(STEADY_RED)
    panel.rest(STEADY_AMBER)
    panel.close()
    assert lit() == set()


def test_lamps_that_light_on_low_are_turned_round(board: PinBoard) -> None:
    panel = open_panel(PanelSettings(active_high=False))
    assert (state(RED), state(GREEN)) == (True, True)
    panel.show(STEADY_RED)
    assert (state(RED), state(GREEN)) == (False, True)
    panel.close()


def test_a_lamp_that_is_not_wired_is_left_out(board: PinBoard) -> None:
    panel = open_panel(PanelSettings(green=None, buzzer=None))
    panel.show(LONG_GREEN)
    assert lit() == set()
    panel.show(STEADY_RED)
    assert lit() == {"red"}
    panel.close()


def test_a_panel_without_any_pin_needs_no_gpio() -> None:
    program = (
        "import sys\n"
        "from drivers.base import PanelSettings, Pattern, Step\n"
        "from drivers.panel_gpio import open_panel\n"
        "panel = open_panel(PanelSettings(None, None, None, None))\n"
        "panel.show(Pattern('x', (Step(1.0, red=True),)))\n"
        "panel.close()\n"
        "print('gpiozero' in sys.modules)\n"
    )
    assert _run(program).stdout == "False\n"


def test_a_machine_without_pins_says_how_to_mend_it() -> None:
    error = _refusal("")
    assert "no GPIO pins by way of 'lgpio'" in error
    assert "GPIOZERO_PIN_FACTORY" in error
    assert "python3-lgpio" in error


def test_a_pin_factory_that_nobody_knows_is_named() -> None:
    assert "'lgppio'" in _refusal("lgppio")


def test_a_pin_used_twice_is_named(board: PinBoard) -> None:
    with pytest.raises(DeviceBusy, match="panel green on pin 17") as caught:
        open_panel(PanelSettings(green=AMBER))
    assert "pin of its own" in caught.value.hint
    open_panel(PanelSettings()).close()  # the first lamp was let go again


def test_a_pin_that_does_not_exist_is_named(board: PinBoard) -> None:
    with pytest.raises(DeviceNotFound, match="panel red on pin 99") as caught:
        open_panel(PanelSettings(red=99))
    assert "BCM number" in caught.value.hint


class WornPin(MockPin):
    """A pin that fails while its chip is gone, as the GPIO chip of an expander does."""

    gone = False

    def _set_state(self, value: float) -> None:
        if WornPin.gone:
            raise OSError(5, "Input/output error")
        super()._set_state(value)


@pytest.fixture
def worn_pins() -> Iterator[None]:
    Device.pin_factory = MockFactory(pin_class=WornPin)
    yield
    WornPin.gone = False
    Device.pin_factory.close()
    Device.pin_factory = None


def test_a_pin_that_fails_is_told_and_the_panel_works_once_it_is_back(worn_pins: None) -> None:
    panel = open_panel(PanelSettings())
    WornPin.gone = True
    with pytest.raises(DeviceLost, match="Input/output error"):
        panel.show(STEADY_RED)
    WornPin.gone = False
    panel.show(STEADY_RED)
    assert lit() == {"red"}
    panel.close()


def test_a_panel_whose_pins_are_gone_can_be_closed(worn_pins: None) -> None:
    panel = open_panel(PanelSettings())
    WornPin.gone = True
    panel.close()
    assert not [each for each in threading.enumerate() if each.name == "panel"]


def _refusal(factory: str) -> str:
    program = (
        "from drivers.base import DeviceNotFound, PanelSettings\n"
        "from drivers.panel_gpio import open_panel\n"
        "try:\n"
        "    open_panel(PanelSettings())\n"
        "except DeviceNotFound as error:\n"
        "    print(error, error.hint)\n"
    )
    return _run(program, GPIOZERO_PIN_FACTORY=factory).stdout


def _run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"GPIOZERO_PIN_FACTORY": ""} | variables,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_the_pipe_of_lgpio_is_made_wherever_the_program_was_started(tmp_path: Path) -> None:
    """What lgpio does when it is imported, without lgpio: a name in the working directory."""
    from drivers.gpio import _a_place_for_its_pipe

    before = Path.cwd()
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    try:
        with _a_place_for_its_pipe():
            os.mkfifo(".lgd-nfy0")
            gone.rmdir()
        assert Path.cwd() == Path("/")
    finally:
        os.chdir(before)
    with _a_place_for_its_pipe():
        assert Path.cwd() != before
    assert Path.cwd() == before
