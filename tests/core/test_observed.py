"""What of a round of measuring is news, also after the machine was started anew."""

from __future__ import annotations

from agent.core.moment import Moment, Trust
from agent.core.outage import observed
from agent.core.outage.measurements import (
    FAILING,
    UNKNOWN,
    WELL,
    Internet,
    Layer,
    Link,
    Measurement,
)
from agent.core.outage.observed import Observed
from agent.core.records import AgentStarted, Entry, Record, kind_of

BEGUN_MS = 1_795_500_000_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def at(boot: str, unix_ms: int, mono_ms: int) -> Moment:
    return Moment(BEGUN_MS + unix_ms, mono_ms, boot, Trust.NTP)


def entry(seq: int, moment: Moment, record: Record) -> Entry:
    return Entry(seq, moment, kind_of(record), record)


def heard(known: Observed, seq: int, moment: Moment) -> tuple[Observed, bool]:
    """What is known once the cable was seen well, and whether that was worth an entry."""
    seen = Measurement(moment, Link(carrier=WELL), "fibre")
    news = observed.news(known.evidence, [seen], trouble=False)
    if news is None:
        return known, False
    return observed.apply(known, entry(seq, moment, news)), True


def test_what_is_as_it_was_is_news_once_after_each_boot() -> None:
    known, first = heard(Observed(), 1, at("boot-1", 0, 10 * HOUR_MS))
    known, again = heard(known, 2, at("boot-1", MINUTE_MS, 10 * HOUR_MS + MINUTE_MS))
    assert (first, again) == (True, False)

    started = at("boot-2", 2 * MINUTE_MS, 9_000)
    known = observed.apply(known, entry(3, started, AgentStarted("1.0")))
    assert known.evidence.last(Layer.LINK, "fibre") is None

    found = []
    for minute in range(3, 6):
        known, news = heard(known, minute + 1, at("boot-2", minute * MINUTE_MS, minute * MINUTE_MS))
        found.append(news)
    assert found == [True, False, False]


def test_which_of_the_anchors_answered_in_its_turn_is_no_news() -> None:
    known, found = Observed(), []
    rounds = [(0, WELL), (1, WELL), (2, WELL), (3, FAILING), (0, WELL), (1, WELL)]
    for minute, (turn, reading) in enumerate(rounds):
        moment = at("boot-1", minute * MINUTE_MS, HOUR_MS + minute * MINUTE_MS)
        anchors = [UNKNOWN] * 4 if reading is WELL else [WELL] * 4
        anchors[turn] = reading
        # the gauge tells when it measured the same before
        before = at("boot-1", (minute - 1) * MINUTE_MS, HOUR_MS + (minute - 1) * MINUTE_MS)
        seen = Measurement(moment, Internet(tuple(anchors)), "fibre", before)
        news = observed.news(known.evidence, [seen], trouble=False)
        found.append(news is not None)
        if news is not None:
            known = observed.apply(known, entry(minute + 1, moment, news))
        if turn == 3:
            # what was not journaled is not forgotten: until then an anchor had answered
            assert known.evidence.reached_ms["fibre"] == moment.unix_ms
    assert found == [True, False, False, True, True, False]


def test_an_agent_that_starts_again_in_the_same_boot_keeps_what_it_knew() -> None:
    known, _ = heard(Observed(), 1, at("boot-1", 0, HOUR_MS))
    started = at("boot-1", MINUTE_MS, HOUR_MS + MINUTE_MS)
    known = observed.apply(known, entry(2, started, AgentStarted("1.0")))

    _, news = heard(known, 3, at("boot-1", 2 * MINUTE_MS, HOUR_MS + 2 * MINUTE_MS))
    assert not news
