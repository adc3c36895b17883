"""The numbers that people type: each is checked by its rule and brought to one form.

Every `parse_…` takes what stands on a card, a paper or in a cell and returns the form in which
the agent keeps it, or raises IdentifierError. The rules are those of WIRE.md, section 3. No error
ever repeats the number it is about: it may be a national one, even in the wrong column.
"""

from __future__ import annotations

import datetime as dt
import re

INSS_DIGITS = 11
INSS_MOST_ZEROS = 3
"""At its front: born in 2000, before October. A BIS number of an unknown month ends later."""
COMPANY_DIGITS = 10
DECLARATION_MOST_CHARACTERS = 13
"""Of WorkPlaceId: WIRE.md, section 1."""
UID_LEAST_BYTES = 3
"""A Wiegand-26 reader gives 24 bits."""
UID_MOST_BYTES = 10
"""A triple-size UID of ISO/IEC 14443-3; 4, 5, 7 and 8 bytes are the common ones."""
RANDOM_UID_BYTES = 4
RANDOM_UID_FIRST_BYTE = "08"
"""ISO/IEC 14443-3: such a UID is drawn anew at each tap, as phones do."""

BIS_MONTH_OFFSETS = (0, 20, 40)
"""A register number; a BIS number, sex unknown; a BIS number."""
BORN_FROM_2000 = 2_000_000_000
"""Stands before the first nine digits of whoever was born from 2000 on."""
MODULUS = 97

_SPREADSHEET = re.compile(r"\d+([.,]\d+)?E\+\d+|\d+[.,]\d+E\d+", re.ASCII | re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s.\-/]+")
_UID_SEPARATORS = re.compile(r"[\s:.\-]+")
_DECLARATION_CHARACTERS = frozenset("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789")
_HEX_DIGITS = frozenset("0123456789ABCDEF")


class IdentifierError(ValueError):
    """A number breaks its rule: `problem` says how, `mend` what a person does about it."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem}; {mend}")
        self.problem = problem
        self.mend = mend


def parse_inss(text: str) -> str:
    """11 digits of an INSS: a national register or a BIS number, as `85.01.15-123.55` or bare."""
    digits = _digits(text, "a national number (INSS)")
    if len(digits) != INSS_DIGITS:
        raise IdentifierError(
            f"has {len(digits)} digits where a national number (INSS) has {INSS_DIGITS}"
            + _lost_zeros(digits),
            "write all 11 digits, as 85.01.15-123.55, so that no spreadsheet shortens them",
        )
    century = _century(digits)
    if century is None:
        raise IdentifierError(
            f"{mask_inss(digits)} is not a national number: its check digits do not fit",
            "compare every digit with the identity card or the Limosa form",
        )
    if not _is_birth_date(digits, century):
        raise IdentifierError(
            f"{mask_inss(digits)} is not a national number: no such date of birth",
            "compare the first six digits with the identity card or the Limosa form",
        )
    return digits


def _century(digits: str) -> int | None:
    """1900 or 2000, by which of the two the check digits tell; None: neither."""
    first_nine, check = int(digits[:9]), int(digits[9:])
    for century, prefix in ((1900, 0), (2000, BORN_FROM_2000)):
        if check == MODULUS - (prefix + first_nine) % MODULUS:
            return century
    return None


def _is_birth_date(digits: str, century: int) -> bool:
    """True for a day of the calendar, or one of which the month or the day is unknown (00)."""
    year, month, day = century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    month -= max(offset for offset in BIS_MONTH_OFFSETS if offset <= month)
    try:
        dt.date(year, month or 1, day or 1)
    except ValueError:
        return False
    return True


def _lost_zeros(digits: str) -> str:
    """Says so when nothing but zeros at the front is missing, as a spreadsheet drops them."""
    zeros = INSS_DIGITS - len(digits)
    whole = "0" * zeros + digits
    if (
        0 < zeros <= INSS_MOST_ZEROS
        and (century := _century(whole))
        and _is_birth_date(whole, century)
    ):
        return f": a spreadsheet dropped {zeros} zero{'s' if zeros > 1 else ''} at its front"
    return ""


def parse_company(text: str) -> str:
    """10 digits of a company number (KBO/BCE), as `0448.181.966`, `BE 0448 181 966` or bare."""
    bare = text.strip()
    digits = _digits(bare[2:] if bare[:2].upper() == "BE" else bare, "a company number")
    if len(digits) != COMPANY_DIGITS:
        lost = ": the 0 at its front is missing" if _is_company("0" + digits) else ""
        raise IdentifierError(
            f"has {len(digits)} digits where a company number has {COMPANY_DIGITS}{lost}",
            "write it as 0448.181.966, with its first 0 or 1",
        )
    if digits[0] not in "01":
        raise IdentifierError(
            "is not a company number: those begin with 0 or 1",
            "look it up in the Crossroads Bank for Enterprises (KBO/BCE)",
        )
    if not _is_company(digits):
        raise IdentifierError(
            "is not a company number: its check digits do not fit",
            "compare it with the Crossroads Bank for Enterprises (KBO/BCE)",
        )
    return digits


def _is_company(digits: str) -> bool:
    return len(digits) == COMPANY_DIGITS and int(digits[8:]) == MODULUS - int(digits[:8]) % MODULUS


def parse_declaration(text: str) -> str:
    """A declaration-of-works number in capitals, at most 13 characters of A-H J-N P-Z 0-9.

    Shorter ones pass, since the service sets only the most. The characters are held to what was
    seen in the field: I and O are left out there so that nobody takes 1 and 0 for them, and one
    mistyped letter here would have a whole site refused in the morning.
    """
    number = "".join(text.split()).upper()
    if not number:
        raise IdentifierError("is empty", "write the number of the declaration of works (AVW/DDT)")
    strange = sorted(set(number) - _DECLARATION_CHARACTERS)
    if strange:
        hint = ": it has 1 and 0 instead" if set(strange) <= {"I", "O"} else ""
        raise IdentifierError(
            f"holds {_listed(strange)}, which no declaration-of-works number does",
            f"copy it from the declaration of works (AVW/DDT){hint}",
        )
    if len(number) > DECLARATION_MOST_CHARACTERS:
        raise IdentifierError(
            f"has {len(number)} characters where a declaration-of-works number has at most "
            f"{DECLARATION_MOST_CHARACTERS}",
            "copy it from the declaration of works (AVW/DDT)",
        )
    return number


def parse_limosa(text: str) -> str:
    """The digits of a Limosa number, of any length: only its form is known."""
    return _digits(text, "a Limosa number")


def parse_uid(text: str) -> str:
    """A badge's UID in upper-case hex, as readers report it; `04:a1 b2-c3` is read as well."""
    _refuse_spreadsheet(text)
    uid = _UID_SEPARATORS.sub("", text).upper()
    if not uid:
        raise IdentifierError("is empty", "hold the badge to the reader and copy what it shows")
    strange = sorted(set(uid) - _HEX_DIGITS)
    if strange:
        raise IdentifierError(
            f"holds {_listed(strange)}, and a badge's UID holds only 0-9 and A-F",
            "hold the badge to the reader and copy what it shows",
        )
    if len(uid) % 2:
        raise IdentifierError(
            f"has {len(uid)} digits, and a badge's UID has two for each byte",
            "see whether a spreadsheet dropped a 0 at its front; keep the column as text",
        )
    if not UID_LEAST_BYTES <= len(uid) // 2 <= UID_MOST_BYTES:
        raise IdentifierError(
            f"has {len(uid) // 2} bytes, and a badge's UID has "
            f"{UID_LEAST_BYTES} to {UID_MOST_BYTES}",
            "hold the badge to the reader and copy what it shows",
        )
    return uid


def is_random_uid(uid: str) -> bool:
    """True for a UID that changes at each tap, as of a phone: it can never be a badge."""
    return len(uid) == 2 * RANDOM_UID_BYTES and uid.startswith(RANDOM_UID_FIRST_BYTE)


def mask_inss(number: str) -> str:
    """`850115•••55`: the first six and the last two digits of an INSS or Limosa number.

    Whatever is too short to be one keeps nothing: it may be most of one.
    """
    bare = _SEPARATORS.sub("", number)
    if len(bare) < INSS_DIGITS:
        return "•" * len(bare)
    return f"{bare[:6]}{'•' * (len(bare) - 8)}{bare[-2:]}"


def mask_uid(uid: str) -> str:
    """`…C3D4`: the last four digits of a badge's UID, enough to tell two badges apart."""
    return f"…{uid[-4:]}"


def _digits(text: str, what: str) -> str:
    _refuse_spreadsheet(text)
    digits = _SEPARATORS.sub("", text)
    if not digits:
        raise IdentifierError("is empty", f"write {what}")
    strange = sorted({character for character in digits if character not in "0123456789"})
    if strange:
        raise IdentifierError(
            f"holds {_listed(strange)}, and {what} holds only digits",
            "write its digits; dots, dashes and spaces between them are fine",
        )
    return digits


def _refuse_spreadsheet(text: str) -> None:
    if _SPREADSHEET.fullmatch(text.strip()):
        raise IdentifierError(
            "was turned into scientific notation by a spreadsheet, and digits are lost",
            "format the column as text, write the number again and save",
        )


def _listed(characters: list[str]) -> str:
    """At most three of the characters; what does not print is named by its code point."""
    shown = [f"‘{c}’" if c.isprintable() else f"U+{ord(c):04X}" for c in characters[:3]]
    return ", ".join(shown) + (" and others" if len(characters) > len(shown) else "")
