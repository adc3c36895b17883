"""What must always hold of exemptions (DOMAIN.md, section 5.4), over random evenings of a site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.core import gate
from agent.core.events import CauseConfirmationAsked, Failure, Gap, StepAsked
from agent.core.moment import Trust
from agent.core.outage.incident_records import (
    CauseCorrected,
    IncidentClosed,
    IncidentOpened,
    ObligationsExempted,
    PeopleCalled,
    Stop,
)
from agent.core.outage.measurements import (
    FAILING,
    WELL,
    Channel,
    Elsewhere,
    Gate,
    Internet,
    Layer,
    Local,
    Names,
    Power,
    Value,
)
from agent.core.outage.procedure import CALL, CLAIM_ENDS
from agent.core.outage.procedure_records import By, Step, StepTaken
from agent.core.outage.whose import EXEMPTING, Bar, Whose
from agent.core.paper.slips import Ended
from agent.core.records import (
    LASTING,
    DayBegan,
    Entry,
    ObligationExpired,
    ObligationOpened,
    ReceiptStored,
    RejectionStored,
)
from agent.paper.slip_contents import claim_ended
from agent.sandbox.story_setting import past_of, rules_of, well_scene
from agent.sandbox.story_stage import Scene, Stage

ZONE = ZoneInfo("Europe/Brussels")
EVENING = dt.datetime(2026, 11, 24, 20, 0, tzinfo=ZONE)
START_MS = round(EVENING.timestamp() * 1000)
MIDNIGHT_MS = START_MS + 4 * 3_600_000
MINUTE_MS = 60_000
THE_NEXT_DAY_MS = MIDNIGHT_MS + 5 * MINUTE_MS
LONG_MS = 10 * MINUTE_MS
"""Longer than the hysteresis, a measurement and a look at it together."""

DEAD: Scene = {
    (Layer.INTERNET, "fibre"): Internet((FAILING,) * 4, WELL, FAILING, WELL, WELL, WELL),
    (Layer.NAMES, ""): Names(FAILING, FAILING),
    (Layer.CHANNEL, "rsz"): Channel(WELL, FAILING),
}
SCENES: dict[str, tuple[Scene, str]] = {
    "well": ({}, ""),
    "provider": (DEAD, "NotReached"),
    "cable": ({**DEAD, (Layer.LOCAL, "fibre"): Local(WELL, FAILING)}, "NotReached"),
    "mains": ({**DEAD, (Layer.POWER, ""): Power(FAILING, WELL)}, "NotReached"),
    "certificate": ({(Layer.GATE, ""): Gate(WELL, WELL, FAILING, WELL)}, "NotAuthenticated"),
    "certificate too": ({**DEAD, (Layer.GATE, ""): Gate(WELL, WELL, FAILING, WELL)}, "NotReached"),
    "firewall": ({(Layer.CHANNEL, "rsz"): Channel(WELL, FAILING)}, "NotReached"),
}
OTHERS_THAN_A_THIRD_PARTYS = frozenset(SCENES) - {"provider"}

Doing = tuple[str, int]
doings = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("tap", "tap", "tap", "well", "cable", "mains", "certificate"),
                *("provider", "provider", "provider", "certificate too", "firewall"),
                *("clock", "dark", "phone", "other gate", "own", "ticket", "claim"),
            )
        ),
        st.sampled_from((0, 1, 3, 15, 40)),
    ),
    max_size=9,
)
sites = st.sampled_from(({}, {}, {}, {"past": {"days": 0}}, {"site": {"no_infrastructure": True}}))


class Evening:
    """One evening, and what was true in it."""

    def __init__(
        self, story: dict[str, object], plan: list[Doing], until_ms: int = THE_NEXT_DAY_MS
    ) -> None:
        self.rules = rules_of(story, ZONE)
        self.well = dict(well_scene(self.rules.facts))
        self.stage = Stage(self.rules, dict(self.well), START_MS)
        self.stage.begin(past_of(story, EVENING.date(), self.rules))
        self.truth: list[tuple[int, str]] = [(START_MS, "well")]
        for what, minutes in plan:
            self.stage.run(min(self.stage.unix_ms + minutes * MINUTE_MS, MIDNIGHT_MS - MINUTE_MS))
            self.stage.happen()
            self.do(what)
        self.stage.run(until_ms)
        self.entries = self.stage.entries

    def do(self, what: str) -> None:
        stage = self.stage
        match what:
            case "tap":
                stage.taps(1)
            case "clock":
                trust = Trust.UNKNOWN if stage.trust is Trust.NTP else Trust.NTP
                stage.clock(trust)
            case "dark":
                back = min(stage.unix_ms + 20 * MINUTE_MS, MIDNIGHT_MS - MINUTE_MS)
                stage.dark(back, Gap(stage.at, Stop.POWER_CUT), stage.trust)
            case "phone":
                stage.do(StepAsked(stage.at, "", Step.PHONE_YES, By.KEYPAD))
            case "no phone":
                stage.do(StepAsked(stage.at, "", Step.PHONE_NO, By.KEYPAD))
            case "set ahead":
                ahead_ms = MIDNIGHT_MS - stage.unix_ms + MINUTE_MS
                stage.unix_ms, stage.booted_ms = (
                    stage.unix_ms + ahead_ms,
                    stage.booted_ms + ahead_ms,
                )
            case "other gate":
                stage.scene[Layer.ELSEWHERE, ""] = Elsewhere(other_gate=WELL)
            case "own":
                stage.do(CauseConfirmationAsked(stage.at, "", "own", By.PAGE))
            case "ticket":
                stage.do(CauseConfirmationAsked(stage.at, "", "provider", By.PAGE, "An", "T-1"))
            case "claim":
                stage.do(CauseConfirmationAsked(stage.at, "", "grid", By.PAGE, "An"))
            case _:
                self._scene(what)

    def _scene(self, what: str) -> None:
        changes, failure = SCENES[what]
        kept: dict[tuple[Layer, str], Value] = {
            key: value for key, value in self.stage.scene.items() if key[0] is Layer.ELSEWHERE
        }
        self.stage.scene = {**self.well, **kept, **changes}
        self.stage.fails = {"rsz": Failure(failure, "x")} if failure else {}
        self.truth.append((self.stage.unix_ms, what))

    def exempt(self) -> Iterator[tuple[str, ObligationsExempted]]:
        for record in self.of(ObligationsExempted):
            assert isinstance(record, ObligationsExempted)
            yield from ((reference, record) for reference in record.references)

    def of(self, kind: type) -> Iterator[object]:
        return (e.record for e in self.entries if isinstance(e.record, kind))

    def since(self, reference: str) -> list[Entry]:
        """The entries from the first tap of this obligation to midnight."""
        seq = next(
            e.seq
            for e in self.entries
            if isinstance(e.record, ObligationOpened) and e.record.reference == reference
        )
        return [e for e in self.entries if e.seq >= seq and e.at.unix_ms < MIDNIGHT_MS]

    def delivered_before(self, entry: Entry) -> bool:
        """Whether anything was delivered this evening before that."""
        receipts = (e for e in self.entries if isinstance(e.record, ReceiptStored))
        return any(e.seq < entry.seq for e in receipts)

    def long_truths(self, since_ms: int) -> set[str]:
        """What was true for long, from then on."""
        ends = [at for at, _ in self.truth[1:]] + [MIDNIGHT_MS]
        return {
            what
            for (began, what), end in zip(self.truth, ends, strict=True)
            if end - max(began, since_ms) > LONG_MS
        }


CLAIM: list[Doing] = [("provider", 15), ("tap", 1), ("tap", 40)]


def played(story: dict[str, object], plan: list[Doing]) -> Evening:
    return Evening(story, plan)


few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_an_evening_of_a_dead_provider_is_exempt() -> None:
    evening = played({}, CLAIM)
    assert len(list(evening.exempt())) == 2


@few
@given(sites, doings)
@example({}, [*CLAIM, ("phone", 15)])
@example({}, [*CLAIM, ("clock", 15)])
@example({}, [*CLAIM, ("other gate", 15)])
@example({}, [*CLAIM, ("certificate", 15)])
@example({}, [*CLAIM, ("certificate too", 15)])
@example({}, [*CLAIM, ("dark", 15)])
@example({}, [*CLAIM, ("own", 15)])
@example({"past": {"days": 0}}, CLAIM)
@example({"past": {"days": 0}}, [("tap", 0), ("provider", 0), ("tap", 0)])
@example({"site": {"no_infrastructure": True}}, CLAIM)
def test_nobody_is_exempt_against_what_must_always_hold(
    story: dict[str, object], plan: list[Doing]
) -> None:
    evening = played(story, plan)
    corrected = any(
        said.taken == "taken" and said.whose in EXEMPTING
        for said in evening.of(CauseCorrected)
        if isinstance(said, CauseCorrected)
    )
    for reference, exempted in evening.exempt():
        since = evening.since(reference)
        assert "site" not in story, "a site without infrastructure"
        assert "past" not in story or evening.delivered_before(since[0]), "no path before"
        assert all(e.at.trusted for e in since), "a clock that was not trusted"
        for entry in since:
            assert not isinstance(entry.record, ReceiptStored | RejectionStored), "a path delivered"
            said_yes = isinstance(entry.record, StepTaken) and entry.record.step is Step.PHONE_YES
            assert not said_yes, "a phone works"
        assert evening.stage.state.log.incidents.keys() >= set(exempted.incidents)
        if not corrected:
            true = evening.long_truths(since[0].at.unix_ms)
            assert not true & OTHERS_THAN_A_THIRD_PARTYS


said_of_phones = st.lists(
    st.tuples(
        st.sampled_from(("tap", "tap", "phone", "no phone", "ticket", "provider", "mains", "well")),
        st.sampled_from((0, 1, 3, 15)),
    ),
    max_size=7,
)
OPENED: list[Doing] = [*CLAIM, ("phone", 15), ("no phone", 15), ("tap", 15)]


@few
@given(said_of_phones)
@example(OPENED)
@example([("mains", 15), ("tap", 1), ("phone", 15), ("no phone", 1), ("tap", 15), ("ticket", 15)])
def test_who_waited_while_a_phone_opened_it_is_never_exempt_whatever_is_said_later(
    plan: list[Doing],
) -> None:
    evening = played({}, plan)
    for reference, _ in evening.exempt():
        steps = (e.record for e in evening.since(reference) if isinstance(e.record, StepTaken))
        assert Step.PHONE_YES not in [step.step for step in steps]


@few
@given(doings)
def test_every_obligation_ends_its_day_and_an_incident_has_one_row(plan: list[Doing]) -> None:
    evening = played({}, plan)
    evening.stage.clock(Trust.NTP)
    opened = {r.reference for r in evening.of(ObligationOpened) if isinstance(r, ObligationOpened)}
    ended = {r.reference for r in evening.of(ReceiptStored) if isinstance(r, ReceiptStored)}
    ended |= {
        r.reference for r in evening.of(ObligationExpired) if isinstance(r, ObligationExpired)
    }
    assert opened == ended | {reference for reference, _ in evening.exempt()}
    assert not ended & {reference for reference, _ in evening.exempt()}
    names = [r.incident for r in evening.of(IncidentOpened) if isinstance(r, IncidentOpened)]
    assert len(names) == len(set(names))
    closed = [r.incident for r in evening.of(IncidentClosed) if isinstance(r, IncidentClosed)]
    assert set(closed) <= set(names)


@few
@given(doings)
def test_an_evening_is_restored_from_its_journal(plan: list[Doing]) -> None:
    evening = played({}, plan)
    began = [e.record for e in evening.entries if isinstance(e.record, DayBegan)]
    base = began[-1].base if began else 1
    kept = [e for e in evening.entries if e.seq >= base or e.kind in LASTING]
    assert gate.restore(evening.rules, kept) == evening.stage.state


@few
@given(st.sampled_from(sorted(OTHERS_THAN_A_THIRD_PARTYS - {"well"})), st.integers(1, 3))
def test_people_are_called_within_five_minutes_of_the_first_tap(scene: str, taps: int) -> None:
    evening = played({}, [(scene, 15), *[("tap", 1)] * taps, ("tap", 40)])
    first = next(e for e in evening.entries if isinstance(e.record, ObligationOpened))
    called = next(
        e for e in evening.entries if isinstance(e.record, PeopleCalled) and e.record.text == CALL
    )
    assert called.at.unix_ms - first.at.unix_ms <= 5 * MINUTE_MS


def test_a_cause_of_ours_beside_a_dead_provider_is_ours() -> None:
    evening = played({}, [*CLAIM, ("certificate too", 15)])
    whose = [i.whose for i in evening.stage.state.log.incidents.values()]
    assert whose == [Whose.INFRASTRUCTURE, Whose.OWN]
    assert not list(evening.exempt())


def test_a_reference_carries_nothing_over_to_another_row() -> None:
    plan: list[Doing] = [("tap", 1), ("mains", 5), ("tap", 1), ("ticket", 15), ("firewall", 214)]
    evening = played({}, plan)  # four minutes before midnight
    opened = [r for r in evening.of(IncidentOpened) if isinstance(r, IncidentOpened)]
    assert [(i.row, i.whose) for i in opened] == [
        ("power.mains-lost", Whose.UNDETERMINED),
        ("channel.unreachable", Whose.UNDETERMINED),
    ]
    assert not list(evening.exempt())
    called = [r.text for r in evening.of(PeopleCalled) if isinstance(r, PeopleCalled)]
    assert called[-2:] == [CLAIM_ENDS, CALL]


def rows_of(evening: Evening) -> list[tuple[str, Whose]]:
    opened = (r for r in evening.of(IncidentOpened) if isinstance(r, IncidentOpened))
    return [(i.row, i.whose) for i in opened]


UNREACHABLE: list[Doing] = [("tap", 1), ("firewall", 3), ("tap", 3), ("no phone", 15)]


def test_that_no_phone_opened_it_says_nothing_of_an_outage_after_the_path_was_back() -> None:
    evening = played({}, [*UNREACHABLE, ("well", 15), ("firewall", 40), ("tap", 3)])
    assert rows_of(evening) == [
        ("channel.unreachable", Whose.UNDETERMINED),
        ("channel.service-unreachable", Whose.SERVICE),
        ("channel.unreachable", Whose.UNDETERMINED),
    ]
    assert not list(evening.exempt())


def test_that_no_phone_opened_it_holds_for_as_long_as_the_outage_lasts() -> None:
    plan: list[Doing] = [*UNREACHABLE, ("certificate", 15), ("firewall", 15), ("tap", 40)]
    evening = played({}, plan)
    assert rows_of(evening)[-1] == ("channel.service-unreachable", Whose.SERVICE)
    assert len(list(evening.exempt())) == 1  # who came after ours was mended


def test_a_reference_says_nothing_of_an_outage_after_the_path_was_back() -> None:
    plan: list[Doing] = [("tap", 1), ("mains", 5), ("tap", 1), ("ticket", 15), ("well", 3)]
    evening = played({}, [*plan, ("mains", 5), ("tap", 3)])
    assert rows_of(evening) == [("power.mains-lost", Whose.UNDETERMINED)] * 2
    assert not list(evening.exempt())


def test_once_no_phone_opens_it_any_more_who_comes_then_is_exempt() -> None:
    evening = played({}, OPENED)
    assert rows_of(evening) == [
        ("internet.provider-dead", Whose.INFRASTRUCTURE),
        ("internet.provider-dead", Whose.UNDETERMINED),
        ("internet.provider-dead", Whose.INFRASTRUCTURE),
    ]
    assert len(list(evening.exempt())) == 1


def test_what_a_phone_opened_in_an_earlier_outage_bars_until_none_opens_it() -> None:
    morning: list[Doing] = [("tap", 1), ("firewall", 3), ("tap", 3), ("phone", 15), ("well", 15)]
    evening: list[Doing] = [("mains", 15), ("tap", 3)]
    number: list[Doing] = [("tap", 15), ("ticket", 15)]
    refused = played({}, [*morning, *evening, *number])
    assert not list(refused.exempt())
    heard = played({}, [*morning, *evening, ("no phone", 15), *number])
    assert rows_of(heard)[-2:] == [("power.mains-lost", Whose.UNDETERMINED)] * 2
    assert len(list(heard.exempt())) == 1  # who came after it


def test_a_providers_number_is_not_taken_where_the_network_was_measured_well() -> None:
    evening = played({}, [*UNREACHABLE[:-1], ("ticket", 15)])
    said = [r for r in evening.of(CauseCorrected) if isinstance(r, CauseCorrected)]
    assert [(r.taken, r.reason) for r in said] == [("refused", "correct.not-theirs")]
    assert not list(evening.exempt())


def test_the_services_number_is_not_taken_while_nothing_of_it_could_be_tried() -> None:
    evening = Evening({}, [("tap", 1), ("mains", 3), ("tap", 3)], START_MS + 30 * MINUTE_MS)
    evening.stage.do(
        CauseConfirmationAsked(evening.stage.at, "", "service", By.PAGE, "An", "RSZ-1")
    )
    last = evening.stage.entries[-1].record
    assert isinstance(last, CauseCorrected)
    assert (last.taken, last.reason) == ("refused", "correct.not-theirs")


def test_a_clock_that_is_set_ahead_over_midnight_exempts_nobody() -> None:
    assert list(played({}, CLAIM).exempt())
    assert not list(played({}, [*CLAIM, ("set ahead", 15)]).exempt())


def test_a_phone_that_worked_before_a_darkness_bars_its_exemption() -> None:
    plan: list[Doing] = [("tap", 1), ("mains", 5), ("tap", 1), ("phone", 15), ("dark", 1)]
    plan += [("ticket", 25)]
    evening = played({}, plan)
    opened = [r for r in evening.of(IncidentOpened) if isinstance(r, IncidentOpened)]
    cut = next(i for i in opened if i.row == "power.cut")
    assert cut.bars == (Bar.OTHER_CHANNEL,)


def test_midnight_notes_that_nobody_answered_about_a_phone() -> None:
    def noted(plan: list[Doing]) -> list[StepTaken]:
        taken = [r for r in played({}, plan).of(StepTaken) if isinstance(r, StepTaken)]
        return [t for t in taken if t.step is Step.PHONE_SILENT]

    assert noted(CLAIM) == [StepTaken("i1", "", Step.PHONE_SILENT, By.AGENT)]
    # The answer ends i1 and begins i2, of the same outage.
    assert noted([*CLAIM, ("phone", 15)]) == []


def test_the_slip_says_that_a_phone_ended_the_claim() -> None:
    evening = Evening({}, [*CLAIM, ("phone", 5)], START_MS + 62 * MINUTE_MS)
    told = claim_ended(evening.stage.state, evening.stage.at)
    assert told is not None
    assert (told.why, told.waiting) == (Ended.OTHER_CHANNEL, 2)
