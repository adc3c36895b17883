"""Contactless cards as a reader's chip meets them: what each says when it is looked for.

    card = ntag213("04A1B2C3D4E580")     type 2, seven-byte UID
    card = mifare_classic("5A1C77E0")    four-byte UID
    card = type_4("04112233445566")      ISO/IEC 14443-4, with an ATS
    card = phone()                       type 4 whose UID is random, first byte 08
    card = type_b("B1B2B3B4")            ISO/IEC 14443 type B; its PUPI serves as UID

Sources: ISO/IEC 14443-3 for the answers, NXP AN10833 for SENS_RES (ATQA) and SEL_RES (SAK) of
each kind, the NFC Forum Digital Protocol for the type B answer.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

CASCADE_TAG = b"\x88"  # ISO/IEC 14443-3, 6.5.4: announces that more of the UID follows
RANDOM_UID_MARK = b"\x08"  # ISO/IEC 14443-3, 6.5.4, table of uid0: "random, made at power-on"


@dataclass(frozen=True, slots=True)
class TypeA:
    """A type A card; an empty `uid` is drawn anew whenever the card is powered up."""

    uid: bytes
    sens_res: bytes
    sel_res: int
    ats: bytes = b""

    def powered_uid(self) -> bytes:
        """The UID this card shows from now until its power is cut."""
        return self.uid or RANDOM_UID_MARK + secrets.token_bytes(3)


@dataclass(frozen=True, slots=True)
class TypeB:
    """A type B card; its answer to REQB is `50`, `uid` (the PUPI), application and protocol."""

    uid: bytes
    application: bytes = bytes.fromhex("00000000")
    protocol: bytes = bytes.fromhex("008185")  # 106 kbit/s, 256-byte frames, ISO/IEC 14443-4

    def powered_uid(self) -> bytes:
        """The PUPI; fixed here (passports draw a new one, badges do not)."""
        return self.uid

    @property
    def atqb(self) -> bytes:
        """The twelve bytes this card answers to REQB and WUPB."""
        return b"\x50" + self.uid + self.application + self.protocol


Card = TypeA | TypeB


def ntag213(uid: str) -> TypeA:
    """Type 2, seven-byte UID."""
    return TypeA(_uid(uid, 7), bytes.fromhex("0044"), 0x00)


def mifare_classic(uid: str) -> TypeA:
    """MIFARE Classic, four-byte UID."""
    return TypeA(_uid(uid, 4), bytes.fromhex("0004"), 0x08)


def type_4(uid: str) -> TypeA:
    """ISO/IEC 14443-4, with an ATS."""
    return TypeA(_uid(uid, 7), bytes.fromhex("0344"), 0x20, bytes.fromhex("067577810280"))


def phone() -> TypeA:
    """Type 4 with a random UID, first byte 08, new at every power-up."""
    return TypeA(b"", bytes.fromhex("0004"), 0x20, bytes.fromhex("0578807002"))


def type_b(pupi: str) -> TypeB:
    """ISO/IEC 14443 type B."""
    return TypeB(_uid(pupi, 4))


def cascaded(uid: bytes) -> bytes:
    """`uid` as it goes over the air: each cascade level but the last starts with the tag."""
    if len(uid) == 4:
        return uid
    return CASCADE_TAG + uid[:3] + cascaded(uid[3:])


def _uid(text: str, size: int) -> bytes:
    uid = bytes.fromhex(text)
    if len(uid) != size:
        raise ValueError(f"this kind of card has a UID of {size} bytes, not {len(uid)}")
    return uid
