"""The rules of WIRE.md, section 3, with its worked numbers and numbers made by the rule."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.identifiers import (
    IdentifierError,
    is_random_uid,
    mask_inss,
    mask_uid,
    parse_company,
    parse_declaration,
    parse_inss,
    parse_limosa,
    parse_uid,
)


def inss_of(birth: dt.date, serial: int, offset: int = 0) -> str:
    """An INSS made by the rule, apart from the code under test."""
    first = f"{birth.year % 100:02}{birth.month + offset:02}{birth.day:02}{serial:03}"
    return f"{first}{97 - int(('2' if birth.year >= 2000 else '') + first) % 97:02}"


def company_of(first_eight: int) -> str:
    return f"{first_eight:08}{97 - first_eight % 97:02}"


birth_dates = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
serials = st.integers(1, 998)
inss_numbers = st.builds(inss_of, birth_dates, serials, st.sampled_from((0, 20, 40)))
company_numbers = st.builds(company_of, st.integers(0, 19_999_999))


@pytest.mark.parametrize("number", ["85011512355", "05011512353", "90231512323", "90431512366"])
def test_the_worked_national_numbers_are_accepted(number: str) -> None:
    assert parse_inss(number) == number


@given(inss_numbers)
def test_a_national_number_made_by_the_rule_is_accepted(number: str) -> None:
    assert parse_inss(number) == number


@given(inss_numbers, st.sampled_from(("{}.{}.{}-{}.{}", "{} {} {} {} {}", " {}/{}/{}-{}.{} ")))
def test_separators_in_a_national_number_do_not_matter(number: str, form: str) -> None:
    parts = number[:2], number[2:4], number[4:6], number[6:9], number[9:]
    assert parse_inss(form.format(*parts)) == number


@given(inss_numbers, st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_in_a_national_number_is_always_found(
    number: str, place: int, shift: int
) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    try:
        parse_inss(wrong)
    except IdentifierError as error:
        assert wrong not in str(error)
    else:
        # The one way out: with another digit the check fits a birth in the other century.
        assert shares_no_century(wrong, number)


def shares_no_century(one: str, other: str) -> bool:
    def centuries(number: str) -> set[str]:
        return {p for p in ("", "2") if 97 - int(p + number[:9]) % 97 == int(number[9:])}

    return centuries(one).isdisjoint(centuries(other))


@pytest.mark.parametrize("first", ["850000123", "850100123", "850015123", "852000123", "854000123"])
def test_an_unknown_day_or_month_of_birth_is_accepted(first: str) -> None:
    number = f"{first}{97 - int(first) % 97:02}"
    assert parse_inss(number) == number


@pytest.mark.parametrize("first", ["850230123", "851301123", "853301123", "855301123", "850132123"])
def test_a_day_that_no_calendar_has_is_refused_although_the_check_digits_fit(first: str) -> None:
    with pytest.raises(IdentifierError, match="no such date of birth"):
        parse_inss(f"{first}{97 - int(first) % 97:02}")


def test_the_leap_day_of_2000_exists_and_that_of_1900_does_not() -> None:
    first = "000229123"
    born_2000 = f"{first}{97 - int('2' + first) % 97:02}"
    assert parse_inss(born_2000) == born_2000
    with pytest.raises(IdentifierError, match="no such date of birth"):
        parse_inss(f"{first}{97 - int(first) % 97:02}")


@pytest.mark.parametrize(
    ("number", "zeros"),
    [
        ("05011512353", "1 zero "),
        (inss_of(dt.date(2000, 10, 15), 123), "2 zeros "),
        (inss_of(dt.date(2000, 1, 15), 123), "3 zeros "),
    ],
)
def test_zeros_lost_at_the_front_of_a_national_number_are_named(number: str, zeros: str) -> None:
    assert parse_inss(number) == number
    with pytest.raises(IdentifierError, match=f"a spreadsheet dropped {zeros}at its front"):
        parse_inss(number.lstrip("0"))


def test_a_short_national_number_that_no_zero_mends_is_only_called_short() -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_inss("8501151235")
    assert caught.value.problem == "has 10 digits where a national number (INSS) has 11"


@pytest.mark.parametrize("text", ["8,50115E+10", "8.50115E+10", "8,50115e10", "4,00E+12", "4E+12"])
@pytest.mark.parametrize("parse", [parse_inss, parse_limosa, parse_uid, parse_company])
def test_scientific_notation_is_told_as_the_work_of_a_spreadsheet(
    parse: Callable[[str], str], text: str
) -> None:
    with pytest.raises(IdentifierError, match="scientific notation"):
        parse(text)


@pytest.mark.parametrize("text", ["٨٥٠١١٥١٢٣٥٥", "8501151235O", "85011512355x", "²85011512355"])
def test_only_the_ten_digits_make_a_national_number(text: str) -> None:
    with pytest.raises(IdentifierError, match="holds only digits"):
        parse_inss(text)


@given(st.text(max_size=30))
@pytest.mark.parametrize(
    "parse", [parse_inss, parse_limosa, parse_uid, parse_company, parse_declaration]
)
def test_any_text_is_either_parsed_to_a_fixed_form_or_refused_with_a_mend(
    parse: Callable[[str], str], text: str
) -> None:
    try:
        form = parse(text)
    except IdentifierError as error:
        assert error.problem and error.mend
    else:
        assert parse(form) == form
        assert re.fullmatch("[0-9A-Z]+", form)


@given(st.from_regex(r"[0-9]{8,20}", fullmatch=True))
@pytest.mark.parametrize("parse", [parse_inss, parse_uid, parse_company, parse_declaration])
def test_no_error_repeats_the_number_it_is_about(parse: Callable[[str], str], text: str) -> None:
    try:
        parse(text)
    except IdentifierError as error:
        assert text not in str(error)
        assert not re.search(r"\d{7}", str(error))


@pytest.mark.parametrize(
    "text", ["0448181966", "0448.181.966", "BE 0448.181.966", "be0448181966", " BE0448 181 966 "]
)
def test_a_company_number_is_read_as_it_is_written(text: str) -> None:
    assert parse_company(text) == "0448181966"


@given(company_numbers)
def test_a_company_number_made_by_the_rule_is_accepted(number: str) -> None:
    assert parse_company(f"BE {number[:4]}.{number[4:7]}.{number[7:]}") == number


@given(company_numbers, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_in_a_company_number_is_always_found(
    number: str, place: int, shift: int
) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(IdentifierError):
        parse_company(wrong)


def test_a_company_number_without_its_first_zero_is_told_what_is_missing() -> None:
    with pytest.raises(IdentifierError, match="the 0 at its front is missing"):
        parse_company("BE 448.181.966")


def test_a_company_number_begins_with_0_or_1() -> None:
    with pytest.raises(IdentifierError, match="begin with 0 or 1"):
        parse_company(company_of(24_481_819))


@pytest.mark.parametrize("text", ["1Y1000NF9KCQZ", " 1y1000nf9kcqz ", "1Y1 000 NF9 KCQZ"])
def test_a_declaration_number_is_read_without_spaces_in_capitals(text: str) -> None:
    assert parse_declaration(text) == "1Y1000NF9KCQZ"


def test_a_shorter_declaration_number_passes() -> None:
    assert parse_declaration("A12345") == "A12345"


def test_a_longer_declaration_number_is_refused() -> None:
    with pytest.raises(IdentifierError, match="14 characters"):
        parse_declaration("1Y1000NF9KCQZZ")


def test_the_letters_i_and_o_in_a_declaration_number_are_taken_for_slips() -> None:
    with pytest.raises(IdentifierError, match="it has 1 and 0 instead"):
        parse_declaration("IYIOOONF9KCQZ")


def test_any_other_character_in_a_declaration_number_is_named() -> None:
    with pytest.raises(IdentifierError, match="holds U\\+0007, ‘É’,"):
        parse_declaration("1Y1000NF9KCÉ\a")


def test_a_limosa_number_is_digits_of_any_length() -> None:
    assert parse_limosa("2491 0158 6419 68060") == "24910158641968060"


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        ("04a1b2c3", "04A1B2C3"),
        ("04:A1:B2:C3:D4:5F:80", "04A1B2C3D45F80"),
        ("e0-04-01-00-12-34-56-78", "E004010012345678"),
        ("04 A1 B2 C3 D4 5F 80 01 02 03", "04A1B2C3D45F80010203"),
    ],
)
def test_a_badge_uid_is_read_with_any_separators(text: str, uid: str) -> None:
    assert parse_uid(text) == uid


@given(st.binary(min_size=3, max_size=10), st.sampled_from((" ", ":", "-")))
def test_every_badge_uid_is_read_as_readers_report_it(raw: bytes, separator: str) -> None:
    assert parse_uid(raw.hex(separator)) == raw.hex().upper()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("4A1B2C3", "has 7 digits"),
        ("04A1", "has 2 bytes"),
        ("04A1B2C3D45F8001020304", "has 11 bytes"),
        ("04A1B2CG", "holds ‘G’"),
        ("  ", "is empty"),
    ],
)
def test_a_badge_uid_that_no_reader_reports_is_refused(text: str, problem: str) -> None:
    with pytest.raises(IdentifierError, match=problem):
        parse_uid(text)


@pytest.mark.parametrize(
    ("uid", "random"),
    [("08A1B2C3", True), ("18A1B2C3", False), ("08A1B2C3D45F80", False), ("0408B2C3", False)],
)
def test_only_four_bytes_that_begin_with_08_are_random(uid: str, random: bool) -> None:
    assert is_random_uid(uid) is random


def test_a_national_number_is_masked_to_birth_date_and_check_digits() -> None:
    assert mask_inss("85011512355") == mask_inss("85.01.15-123.55") == "850115•••55"
    assert mask_inss("24910158641968060") == "249101•••••••••60"


@given(st.text("0123456789.- ", max_size=20))
def test_a_mask_never_shows_more_than_eight_digits_nor_a_short_number(text: str) -> None:
    digits = sum(character.isdigit() for character in text)
    assert sum(c.isdigit() for c in mask_inss(text)) == (8 if digits >= 11 else 0)


def test_a_badge_is_told_by_its_last_four_digits() -> None:
    assert mask_uid("04A1B2C3D45F80") == "…5F80"
