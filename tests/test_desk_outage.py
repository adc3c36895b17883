"""What people may say of an outage, as the commands ask it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from agent.control import Answer
from agent.core.events import Event, Failure
from agent.core.refusals import Refused
from agent.desk.outage import OutageDesk
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Stage

ZONE = ZoneInfo("Europe/Brussels")
SEVEN = dt.datetime(2026, 11, 24, 7, 0, tzinfo=ZONE)
MINUTE_MS = 60_000


class Site:
    """A gate at seven o'clock, and the desk that people ask."""

    def __init__(self) -> None:
        rules = rules_of({}, ZONE)
        self.stage = Stage(rules, dict(well_scene(rules.facts)), round(SEVEN.timestamp() * 1000))
        self.stage.begin(past_of({}, SEVEN.date(), rules))
        self.desk = OutageDesk(lambda: self.stage.state, lambda: self.stage.at, self._decide, "en")

    def _decide(self, event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        self.stage.do(event_for(1))
        reply = self.stage.replies[-1]
        return reply.done, reply.text, reply.why

    def refused(self) -> Site:
        """For five minutes the service has refused two people."""
        self.stage.fails["rsz"] = Failure("AnswerUnreadable", "x")
        self.stage.taps(2)
        self.stage.run(self.stage.unix_ms + 5 * MINUTE_MS)
        return self

    def ask(self, what: str, **more: str) -> Answer:
        return self.desk.answer({"ask": f"outage-{what}", **more})


def test_without_an_outage_nothing_is_to_be_done() -> None:
    site = Site()
    assert site.ask("now")["now"] is None
    assert "no incident yet" in site.ask("confirm", incident="", cause="own")["text"]


def test_what_to_do_now_is_said_with_the_numbers_to_quote() -> None:
    site = Site().refused()
    told = site.ask("now")
    assert told["now"]["key"] == "now.ask-phone"
    assert "The service answers, and gives no receipt" in told["text"]
    site.ask("step", incident="i1", step="phone-no")
    told = site.ask("now", language="nl")
    assert "Bel het contactcenter, 02 511 51 51" in told["text"]
    assert "1Y1000NF9KCQZ" in told["text"]
    assert "i1" in told["text"]


def test_each_firm_has_steps_of_its_own() -> None:
    site = Site().refused()
    site.ask("step", incident="i1", step="phone-no")
    site.ask("step", incident="i1", step="centre-called", firm="0200065765")
    assert site.ask("now", firm="0200065765")["now"]["key"] == "now.enter-reference"
    assert site.ask("now")["now"]["key"] == "now.call-centre"


def test_a_cause_without_a_reference_is_kept_and_changes_nothing() -> None:
    site = Site().refused()
    claimed = site.ask("confirm", incident="i1", cause="service")
    assert claimed["done"]
    assert "claimed; it is undetermined" in claimed["text"]
    taken = site.ask("confirm", incident="i1", cause="service", reference="RSZ-7")
    assert "taken; it is service" in taken["text"]
    own = site.ask("confirm", incident="i1", cause="own")
    assert "taken; it is own fault" in own["text"]
    refused = site.ask("confirm", incident="i1", cause="service", reference="RSZ-7")
    assert not refused["done"]
    assert "a cause of this site" in refused["text"]


@pytest.mark.parametrize(
    ("what", "question", "said"),
    [
        ("step", {"incident": "i1", "step": "exempt"}, "the agent alone takes it"),
        ("step", {"incident": "i7", "step": "phone-no"}, "there is no incident i7"),
        ("step", {"incident": "i1", "step": "dance"}, "'dance' is not a valid Step"),
        ("step", {"incident": "i1", "step": "phone-no", "firm": "12"}, "firm: "),
        ("confirm", {"incident": "i1", "cause": "weather"}, "choose own, grid"),
        ("dream", {}, "no outage is asked this"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(
    what: str, question: dict[str, str], said: str
) -> None:
    answer = Site().refused().ask(what, **question)
    assert not answer["done"]
    assert said in answer["text"]
