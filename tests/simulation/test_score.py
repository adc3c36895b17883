"""The classifier's score: what is drawn, what could be known, what counts as false."""

from __future__ import annotations

from collections import Counter

import pytest

from agent.core.outage.facts import Medium
from agent.core.outage.whose import Whose
from agent.sandbox.world.causes import CAUSES
from agent.sandbox.world.evenings import SHAPES, drawn, stops
from agent.sandbox.world.knowable import People, best, told_apart
from agent.sandbox.world.score import Judged, judged, missed, table
from agent.sandbox.world.values import Site, Trouble

OWN, OPEN, SERVICE = Whose.OWN, Whose.UNDETERMINED, Whose.SERVICE
THEIRS = Whose.INFRASTRUCTURE
DIRECT = Site(lines=("ciaw",), medium=Medium.WIRED)
MOBILE = Site(lines=("ciaw",), medium=Medium.MOBILE)
TELLING = Site(lines=("ciaw",), medium=Medium.MOBILE, modem=True)
TWO = Site(lines=("ciaw",), medium=Medium.WIRED, second=True, modem=True)
NOBODY, NO_PHONE, A_PHONE = People(), People(opens=False), People(opens=True)


def test_no_incident_of_the_first_ones_is_claimed_falsely() -> None:
    found = [judged(number) for number in (1, 6, 7, 9)]
    assert not [j for j in found if j.wrong or (j.false and not j.alike)]
    assert all(j.right for j in found if j.could_know is not OPEN)


def test_every_shape_is_drawn_and_leaves_no_channel_when_the_gate_is_asked() -> None:
    shapes: Counter[str] = Counter()
    for number in range(120):
        evening = drawn(number)
        shapes[evening.shape] += 1
        lasting = {
            h.kind
            for h in evening.world.happenings
            if isinstance(h, Trouble) and h.at_ms <= evening.look_ms < h.at_ms + h.lasts_ms
        }
        assert stops(evening.world.site, *lasting), number
        assert drawn(number) == evening
    assert set(shapes) == set(SHAPES)


@pytest.mark.parametrize(
    ("site", "failing", "people", "whose"),
    [
        (DIRECT, ["backbone"], NOBODY, THEIRS),
        (DIRECT, ["backbone"], A_PHONE, OPEN),
        (DIRECT, ["backbone", "firewall"], NOBODY, OPEN),
        (DIRECT, ["backbone", "login-page"], NOBODY, OWN),
        (DIRECT, ["backbone", "sender-refused"], NOBODY, THEIRS),
        (DIRECT, ["line-cut-in-the-street"], NOBODY, OPEN),
        (DIRECT, ["line-cut-in-the-street"], People(numbered=frozenset(CAUSES)), THEIRS),
        (DIRECT, ["line-cut-in-the-street"], People(own=True), OWN),
        (DIRECT, ["rsz-unreachable"], NOBODY, OPEN),
        (DIRECT, ["rsz-unreachable"], NO_PHONE, SERVICE),
        (DIRECT, ["rsz-unreachable"], People(there=True), SERVICE),
        (DIRECT, ["rsz-firewalled"], People(there=True), OPEN),
        (DIRECT, ["rsz-503"], NOBODY, SERVICE),
        (DIRECT, ["rsz-fault"], NOBODY, SERVICE),
        (MOBILE, ["rsz-unreachable"], NO_PHONE, OPEN),
        (MOBILE, ["rsz-503"], NOBODY, OPEN),
        (TELLING, ["rsz-unreachable"], NO_PHONE, SERVICE),
        (TELLING, ["rsz-503"], NOBODY, SERVICE),
        (TWO, ["rsz-unreachable"], NOBODY, SERVICE),
        (TWO, ["rsz-unreachable", "cable-out"], NOBODY, OPEN),
        (TWO, ["cable-out", "second-mast-out"], NOBODY, OWN),
        (TWO, ["backbone", "second-unpaid"], NOBODY, OPEN),
    ],
)
def test_what_a_gate_could_know_follows_from_the_world_alone(
    site: Site, failing: list[str], people: People, whose: Whose
) -> None:
    assert best(site, frozenset(failing), people) is whose


def test_a_fault_that_the_service_told_of_could_be_remembered_until_something_works() -> None:
    assert best(DIRECT, frozenset(["rsz-503"]), NOBODY, refused=True) is OWN


def test_two_uplinks_of_two_providers_that_are_lost_together_could_be_known() -> None:
    both = frozenset(["backbone", "second-mast-out"])
    assert best(TWO, both, NOBODY, 2 * 60_000) is THEIRS
    assert best(TWO, both, NOBODY, 4 * 60_000) is OPEN


def test_what_looks_like_a_third_party_s_failure_is_told_apart_by_nothing() -> None:
    assert not told_apart(DIRECT, frozenset(["rsz-firewalled"]), called=True)
    assert not told_apart(DIRECT, frozenset(["firewall"]), called=True)
    assert told_apart(DIRECT, frozenset(["login-page"]), called=True)
    assert told_apart(DIRECT, frozenset(["sender-refused"]), called=True)
    assert not told_apart(DIRECT, frozenset(["sender-refused", "rsz-503"]), called=True)


def test_what_only_a_second_uplink_would_tell_is_measured_once_a_call_failed() -> None:
    filtered = frozenset(["second-filtered"])
    assert told_apart(TWO, filtered, called=False)
    assert not told_apart(TWO, filtered | {"rsz-firewalled"}, called=True)
    assert told_apart(TWO, frozenset(["rsz-firewalled"]), called=False)
    assert not told_apart(TWO, frozenset(["rsz-firewalled"]), called=False, tried=False)


def one(number: int, truth: Whose, could_know: Whose, said: str, **more: object) -> Judged:
    fields = {"row": "a.row", "exempt": 0, **more}
    return Judged(number, "one cause", "firewall", truth, could_know, said, **fields)  # type: ignore[arg-type]


def test_the_score_counts_a_false_exemption_apart_from_one_that_nothing_tells() -> None:
    found = [
        one(1, OWN, OPEN, "infrastructure", row="internet.provider-dead", false="it was ours"),
        one(2, OWN, OPEN, "undetermined", exempt=2, false="for 9 min it was ours"),
        one(3, OWN, OPEN, "service", row="channel.service-unreachable", false="ours", alike=True),
        one(7, OWN, OPEN, "infrastructure", row="internet.no-anchor", false="it was ours"),
        one(4, THEIRS, THEIRS, "infrastructure", exempt=2),
        one(5, SERVICE, OPEN, "no incident"),
        one(6, SERVICE, OPEN, "no incident, though somebody waits"),
    ]
    lines = list(table(found))
    assert "- 7 incidents; false exemptions: 2" in lines
    assert "- beside them, where ours looked just like a third party's failure: 1" in lines
    assert any(text.endswith("was not all of it: 1") for text in lines)
    assert "- where the gate could know: 1 of 1 (100.0 %) right" in lines
    assert "- where it could not: 2 of 6 (33.3 %) left open" in lines
    assert [text.partition(" ")[0] for text in missed(found)] == ["1", "2", "3", "7", "6"]
