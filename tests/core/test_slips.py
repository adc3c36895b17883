from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agent.core.outage.measurements import Layer, Reading
from agent.core.outage.whose import EXEMPTING, Whose
from agent.core.paper.attendance_list import How, Reference
from agent.core.paper.slip_writing import slip_document
from agent.core.paper.slips import (
    CONTACT_FORM,
    AfterList,
    ClaimEnded,
    Completion,
    Ended,
    Evidence,
    Heading,
    Instruction,
    Keys,
    Measured,
    Restart,
    Slip,
    Supplier,
)
from agent.core.paper.wording import TRAINING
from agent.locale import LANGUAGES, texts
from drivers.paper import Banner, Columns, Document, Qr, Text

CET = dt.timezone(dt.timedelta(hours=1))
CHECKPOINT = "werfpoort:1:4711:" + "ab12" * 16


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 24, hour, minute, 7, tzinfo=CET)


HEADING = Heading(
    site="Voorbeeldwerf Noord",
    gate="noord-1",
    firm="Bouw & Zonen BV",
    firm_number="0123456749",
    declaration="1Y1000000AAB0",
    printed=at(7, 5),
    address="Kaai 12, 9000 Gent",
)
KEYS = Keys(
    reference="1 #",
    provisional="2 #",
    cause="3 #",
    phone_opens="4 1 #",
    phone_fails="4 0 #",
    addendum="5 #",
    filled_in="6 #",
)
OWN = Instruction(
    incident="I-20261124-1",
    since=at(6, 47),
    whose=Whose.OWN,
    layer=Layer.LINK,
    waiting=14,
    supplier=Supplier("Badgesoft", "09 123 45 67", "8-17"),
    agreed="WhatsApp",
    hours="7-20",
    keys=KEYS,
)
EVIDENCE = Evidence(
    incident="I-20261124-1",
    since=at(6, 47),
    until=None,
    whose=Whose.INFRASTRUCTURE,
    measured=(
        Measured(Layer.POWER, Reading.WELL, at(6, 46)),
        Measured(Layer.INTERNET, Reading.FAILING, at(6, 47), "fibre"),
        Measured(Layer.CHANNEL, Reading.UNKNOWN, at(6, 47), "rsz"),
    ),
    checkpoint=CHECKPOINT,
    layer=Layer.INTERNET,
    delivered=at(6, 41),
    people=14,
    party="Proximus",
    reference="T-998877",
)
COMPLETION = Completion(
    ("G1-20261124-1",),
    dt.date(2026, 11, 24),
    Reference("2026-123456", How.CENTRE, at(8, 10), "keypad"),
    CHECKPOINT,
)
AFTER = AfterList(("G1-20261124-1",), 3, (("G1-20261124-1", 8),), keys=KEYS)
RESTART = Restart(at(5, 10), at(7, 4), keys=KEYS)
ENDED = ClaimEnded("I-20261124-1", at(9, 30), Ended.PATH_BACK, waiting=14)
SLIPS: tuple[Slip, ...] = (OWN, EVIDENCE, COMPLETION, AFTER, RESTART, ENDED)


def made(slip: Slip, *languages: str, heading: Heading = HEADING) -> Document:
    return slip_document(slip, heading, [texts(language) for language in languages])


def said(slip: Slip, *languages: str, heading: Heading = HEADING) -> str:
    """All text of the slip, a block a line, cells beside each other."""
    lines = []
    for block in made(slip, *languages, heading=heading).parts[0]:
        match block:
            case Text(text) | Banner(text):
                lines.append(text)
            case Columns(cells):
                lines.append(" ".join(cell.text for cell in cells))
            case _:
                pass
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def codes(slip: Slip, language: str) -> list[str]:
    return [block.payload for block in made(slip, language).parts[0] if isinstance(block, Qr)]


# --- every slip ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: type(slip).__name__)
def test_every_slip_says_which_gate_printed_it_and_when(slip: Slip, language: str) -> None:
    text = said(slip, language)
    assert "Voorbeeldwerf Noord" in text
    assert "noord-1" in text
    assert "24/11/2026 07:05:07 +01:00" in text


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: type(slip).__name__)
def test_two_languages_come_one_after_the_other_each_with_all_its_steps(slip: Slip) -> None:
    both = said(slip, "nl", "fr")
    for language in ("nl", "fr"):
        steps = [line for line in said(slip, language).splitlines() if line[1:3] == ". "]
        assert all(step in both for step in steps)
    for key in ("slip.instruction", "slip.evidence", "slip.after", "slip.restart", "slip.ended"):
        if texts("nl")[key] in both:
            assert both.index(texts("nl")[key]) < both.index(texts("fr")[key])


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: type(slip).__name__)
def test_a_slip_of_a_training_gate_says_so_above_and_below(slip: Slip) -> None:
    part = made(slip, "nl", heading=replace(HEADING, training=True)).parts[0]
    assert part.count(Banner(TRAINING)) == 2
    assert part[0] == Banner(TRAINING)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: type(slip).__name__)
def test_no_slip_in_earnest_bears_the_banner_of_a_training(slip: Slip) -> None:
    assert Banner(TRAINING) not in made(slip, "nl").parts[0]


@pytest.mark.parametrize("whose", list(Whose))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_classification_can_be_told_in_every_language(whose: Whose, language: str) -> None:
    for layer in (*Layer, None):
        assert said(replace(OWN, whose=whose, layer=layer), language)
        assert said(replace(EVIDENCE, whose=whose, layer=layer), language)


# --- the instruction slip -----------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_for_check_in_and_out_it_asks_for_the_times_and_sends_nobody_to_the_contact_centre(
    language: str,
) -> None:
    slip = replace(OWN, exemptible=False)
    told = said(slip, language)
    assert all(word in told for word in ("Check In and Out", "30"))
    assert OWN.phone not in told
    assert codes(slip, language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_too_many_exempt_days_it_says_that_another_arrangement_is_due(language: str) -> None:
    slip = replace(OWN, whose=Whose.UNDETERMINED)
    words = texts(language)["slip.habit"]
    assert words in said(replace(slip, habit=True), language)
    assert words not in said(slip, language)


def test_it_says_since_when_what_is_broken_and_how_many_wait() -> None:
    text = said(OWN, "en")
    assert "Since 24/11/2026 06:47." in text
    assert "The gate has no connection: cable, Wi-Fi or mobile network." in text
    assert "Not registered yet: 14" in text


@pytest.mark.parametrize("whose", [w for w in Whose if w not in EXEMPTING])
@pytest.mark.parametrize("language", LANGUAGES)
def test_without_an_exemption_it_names_the_steps_in_the_order_of_the_procedure(
    whose: Whose, language: str
) -> None:
    text = said(replace(OWN, whose=whose), language)
    order = [
        "Badgesoft: 09 123 45 67",
        texts(language)["slip.step.phone"],
        "WhatsApp",
        "02 511 51 51",
        texts(language)["slip.centre.menu"],
        texts(language)["slip.step.number"],
    ]
    places = [text.index(part.replace("\N{NO-BREAK SPACE}", " ")) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize("whose", sorted(EXEMPTING))
def test_with_an_exemption_it_sends_nobody_to_the_contact_centre(whose: Whose) -> None:
    text = said(replace(OWN, whose=whose), "nl", "fr", "de", "en")
    assert "02 511" not in text
    assert "Badgesoft" not in text
    assert codes(replace(OWN, whose=whose), "nl") == [texts("nl")["slip.online.address"]]


@pytest.mark.parametrize("whose", sorted(EXEMPTING))
def test_with_an_exemption_it_still_asks_for_the_phone_and_for_the_third_party_s_number(
    whose: Whose,
) -> None:
    text = said(replace(OWN, whose=whose), "en")
    assert "Does the online service open?" in text
    assert "the number of the fault" in text
    assert "Type: 3 #" in text


def test_it_names_what_has_to_be_quoted() -> None:
    text = said(OWN, "en")
    for fact in ("Bouw & Zonen BV, 0123.456.749", "1Y1000000AAB0", "Kaai 12", "I-20261124-1"):
        assert fact in text[text.index("What you have to quote") :]


def test_its_codes_open_the_online_service_and_the_contact_form() -> None:
    assert codes(OWN, "fr") == [texts("fr")["slip.online.address"], CONTACT_FORM]
    assert codes(replace(OWN, online="https://example.be/"), "fr")[0] == "https://example.be/"


def test_another_centre_is_called_where_one_is_configured() -> None:
    slip = replace(OWN, phone="02 000 00 00", form="https://example.be/form", menu="press 9")
    assert "press 9" in said(slip, "en")
    assert "02 000 00 00" in said(slip, "en")
    assert "02 511" not in said(slip, "en")
    assert "https://example.be/form" in codes(slip, "en")


def test_it_says_how_to_type_the_number() -> None:
    lines = said(OWN, "en").splitlines()
    number = next(n for n, line in enumerate(lines) if "Type the reference number" in line)
    assert lines[number + 1].endswith("first type the operator code and #.")
    assert lines[number + 2] == " Type: 1 #"
    assert lines[number + 3].startswith(" Then the number, #, the same number again, #.")


def test_the_operator_code_is_asked_for_before_the_first_thing_that_is_typed() -> None:
    first = {Instruction: "Opens: type", AfterList: "Type: 6", Restart: "Type: 5"}
    for slip in (OWN, replace(OWN, whose=Whose.SERVICE), AFTER, replace(RESTART, list_number="L")):
        text = said(slip, "en")
        assert text.count("first type the operator code") == (2 if slip is OWN else 1)
        assert text.index("first type the operator code") < text.index(first[type(slip)])


def test_it_speaks_of_no_key_that_the_keypad_does_not_have() -> None:
    text = said(replace(OWN, whose=Whose.UNDETERMINED, keys=Keys(keypad=False)), "en")
    assert "Type:" not in text
    assert "operator code" not in text
    assert "page" in text


def test_without_an_operator_code_it_asks_for_none() -> None:
    assert "operator code" not in said(replace(OWN, keys=replace(KEYS, code=False)), "en")


def test_an_undetermined_cause_can_be_confirmed_by_the_third_party() -> None:
    assert "confirm that the fault is theirs" in said(replace(OWN, whose=Whose.UNDETERMINED), "en")
    assert "confirm that the fault is theirs" not in said(OWN, "en")


# --- the others ---------------------------------------------------------------------------------


def test_the_evidence_says_what_was_measured_when_and_what_follows() -> None:
    text = said(EVIDENCE, "en")
    for fact in (
        "From 24/11/2026 06:47:07 +01:00",
        "It still lasts",
        "exempt",
        "T-998877 (Proximus)",
        "24/11/2026 06:41:07 +01:00",
        "Internet (fibre) 06:47:07 failing",
        "Service reachable (rsz) 06:47:07 unknown",
        CHECKPOINT,
    ):
        assert fact in text
    assert codes(EVIDENCE, "en") == [CHECKPOINT]


def test_evidence_of_what_is_over_says_until_when() -> None:
    text = said(replace(EVIDENCE, until=at(8, 0)), "en")
    assert "until 24/11/2026 08:00:07 +01:00" in text
    assert "still lasts" not in text


def test_the_completion_bears_number_list_and_day_and_says_to_keep_both_together() -> None:
    text = said(COMPLETION, "en")
    for fact in ("2026-123456", "G1-20261124-1", "24/11/2026", "contact centre", "Attach"):
        assert fact in text
    assert codes(COMPLETION, "en") == [CHECKPOINT]


def test_after_a_list_it_is_to_be_copied_and_kept_well() -> None:
    text = said(AFTER, "en")
    for fact in ("G1-20261124-1", "must be 3", "thermal paper fades", "dark, cool", "Type: 6 #"):
        assert fact in text
    assert "reference number" not in text


def test_after_a_provisional_list_the_number_is_still_asked_for() -> None:
    assert "proof only with a reference number" in said(replace(AFTER, provisional=True), "en")


def test_without_blank_lines_nobody_is_told_to_fill_any_in() -> None:
    assert "blank lines" not in said(replace(AFTER, lines=()), "en")


def test_after_the_dark_people_are_told_to_tap_or_be_written_down() -> None:
    text = said(RESTART, "en")
    assert "From 24/11/2026 05:10 to 24/11/2026 07:04" in text
    assert "Tap your badge now." in text
    assert "on list G1-1" in said(replace(RESTART, list_number="G1-1"), "en")


def test_when_nobody_knows_since_when_it_was_dark_the_slip_does_not_invent_it() -> None:
    assert "Until 24/11/2026 07:04 it saw nobody." in said(replace(RESTART, since=None), "en")


@pytest.mark.parametrize("why", list(Ended))
def test_who_was_told_nothing_to_do_is_told_that_it_is_over(why: Ended) -> None:
    text = said(replace(ENDED, why=why), "en")
    assert "No longer exempt" in text
    assert 'For 14 people there was "nothing to do". That is over' in text
