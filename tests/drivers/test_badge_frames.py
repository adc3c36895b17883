"""Badge numbers out of what readers send: frames, checksums, pieces, noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.badge_frames import RUBBISH_MOST, BadgeStream, Frames, Rubbish, number_in
from drivers.base import BadgeSeen, DeviceProtocolError, FrameSettings, ReaderSettings
from drivers.emulators.line_reader import (
    decimal_line,
    id12_frame,
    rdm6300_frame,
    wiegand_bits,
    wiegand_hex,
)

RDM6300 = ReaderSettings(kind="rdm6300")
WIEGAND = ReaderSettings(kind="wiegand")
LINE = ReaderSettings(kind="line")
DECIMAL = ReaderSettings(kind="line", frame=FrameSettings(number="decimal", digits=10))


def uids(settings: ReaderSettings, *pieces: bytes, apart_s: float = 0.01) -> list[str]:
    stream = BadgeStream(settings, "mend it")
    reports = [
        report
        for number, piece in enumerate(pieces)
        for report in stream.heard(piece, number * apart_s)
    ]
    assert all(isinstance(report, BadgeSeen) for report in reports)
    return [report.uid for report in reports if isinstance(report, BadgeSeen)]


def test_a_frame_from_the_data_sheet_of_an_rdm6300() -> None:
    assert uids(RDM6300, b"\x0262E3086CED08\x03") == ["62E3086CED"]


@given(st.binary(min_size=5, max_size=5), st.sampled_from([rdm6300_frame, id12_frame]))
def test_every_number_of_an_rdm6300_and_an_id12_is_read(number: bytes, framing: object) -> None:
    assert callable(framing)
    assert uids(RDM6300, framing(number)) == [number.hex().upper()]


@given(st.binary(min_size=3, max_size=4))
def test_every_wiegand_frame_of_26_and_34_bits_is_read(number: bytes) -> None:
    assert uids(WIEGAND, wiegand_bits(number)) == [number.hex().upper()]
    assert uids(WIEGAND, wiegand_hex(number)) == [number.hex().upper()]


@given(st.binary(min_size=4, max_size=4))
def test_every_decimal_number_is_read_as_its_bytes(number: bytes) -> None:
    assert uids(DECIMAL, decimal_line(number)) == [number.hex().upper()]


def test_a_wiegand_frame_of_37_bits_shares_the_bit_in_the_middle() -> None:
    data = f"{0x123456789:035b}"
    even = data[:18].count("1") % 2
    odd = 1 - data[-18:].count("1") % 2
    assert uids(WIEGAND, f"{even}{data}{odd}\r".encode()) == ["0123456789"]


@given(st.binary(min_size=5, max_size=5), st.integers(0, 11), st.sampled_from("0123456789ABCDEF"))
def test_an_rdm6300_frame_with_one_wrong_digit_is_no_badge(
    number: bytes, place: int, digit: str
) -> None:
    frame = bytearray(rdm6300_frame(number))
    changed = frame[place + 1] != ord(digit)
    frame[place + 1] = ord(digit)
    assert uids(RDM6300, bytes(frame)) == ([] if changed else [number.hex().upper()])


@given(st.binary(min_size=3, max_size=4), st.integers(0, 33))
def test_a_wiegand_frame_with_one_wrong_bit_is_no_badge(number: bytes, place: int) -> None:
    frame = bytearray(wiegand_bits(number))
    frame[place % (len(frame) - 2)] ^= 1
    assert uids(WIEGAND, bytes(frame)) == []


@given(st.binary(min_size=5, max_size=5), st.data())
def test_a_frame_may_come_in_any_pieces(number: bytes, data: st.DataObject) -> None:
    frame = rdm6300_frame(number)
    cut = data.draw(st.integers(0, len(frame)))
    assert uids(RDM6300, frame[:cut], frame[cut:]) == [number.hex().upper()]


@given(st.binary(max_size=40).filter(lambda noise: b"\x03" not in noise))
def test_noise_before_a_frame_hides_no_badge(noise: bytes) -> None:
    assert uids(RDM6300, noise + rdm6300_frame(bytes(5))) == ["0000000000"]


def test_half_a_frame_does_not_spoil_the_next_one_a_second_later() -> None:
    line = b"0123456789\r"
    assert uids(LINE, line[:4], line, apart_s=1.5) == ["0123456789"]


def test_a_badge_that_stays_is_told_once_and_one_that_returns_again() -> None:
    frame = rdm6300_frame(bytes(5))
    assert len(uids(RDM6300, *[frame] * 20, apart_s=0.065)) == 1
    assert len(uids(RDM6300, frame, frame, apart_s=0.6)) == 2


def test_two_cards_whose_numbers_begin_like_random_ones_are_two() -> None:
    assert uids(WIEGAND, b"08AAAAAA\r08BBBBBB\r") == ["08AAAAAA", "08BBBBBB"]


def test_several_badges_in_one_read_are_all_told_in_order() -> None:
    frames = [rdm6300_frame(bytes([n] * 5)) for n in range(5)]
    assert uids(RDM6300, b"".join(frames)) == [f"{n:02X}" * 5 for n in range(5)]


@pytest.mark.parametrize(
    ("frame", "line", "uid"),
    [
        (FrameSettings(start="02", end="03"), b"\x0204A1B2C3\x03", "04A1B2C3"),
        (FrameSettings(skip=3), b"ID:04A1B2C3\r\n", "04A1B2C3"),
        (FrameSettings(checksum="sum"), b"04A1B2C31A\r", "04A1B2C3"),
        (FrameSettings(number="decimal", bytes=3), b"0011259375\r", "ABCDEF"),
        (FrameSettings(reverse=True), b"04A1B2C3\r", "C3B2A104"),
        (FrameSettings(end="0D0A"), b"04 A1"[:2] + b"A1B2C3\r\n", "04A1B2C3"),
        (FrameSettings(), b"4a1b2c3\r", "04A1B2C3"),
    ],
)
def test_a_line_is_read_as_the_configuration_describes_it(
    frame: FrameSettings, line: bytes, uid: str
) -> None:
    assert uids(ReaderSettings(kind="line", frame=frame), line) == [uid]


@pytest.mark.parametrize(
    ("settings", "frame", "why"),
    [
        (RDM6300, b"62E3086CED09", "checksum"),
        (RDM6300, b"62E3086C08", "8 characters"),
        (WIEGAND, b"0" * 26, "parity"),
        (WIEGAND, b"12345", "5 characters"),
        (LINE, b"hello", "no hex digits"),
        (LINE, b"\xff\xfe", "no characters"),
        (LINE, b"0102", "2 bytes"),
        (LINE, b"01" * 11, "11 bytes"),
        (DECIMAL, b"4294967296", "larger than 4 bytes"),
        (DECIMAL, b"12345678AB", "no digits"),
    ],
)
def test_what_is_no_badge_number_says_why_and_not_which(
    settings: ReaderSettings, frame: bytes, why: str
) -> None:
    with pytest.raises(Rubbish, match=why) as raised:
        number_in(frame, settings)
    assert frame.decode("latin-1") not in str(raised.value) or len(frame) < 6


def test_rubbish_in_a_row_is_told_with_the_mend_and_a_badge_between_forgives_it() -> None:
    stream = BadgeStream(LINE, "check the speed")
    for _round in range(3):
        for _time in range(RUBBISH_MOST - 1):
            assert stream.heard(b"?!\r", 0.0) == []
        stream.heard(b"04A1B2C3\r", 0.0)
    for _time in range(RUBBISH_MOST - 1):
        stream.heard(b"?!\r", 0.0)
    with pytest.raises(DeviceProtocolError) as raised:
        stream.heard(b"?!\r", 0.0)
    assert raised.value.hint == "check the speed"


@given(st.lists(st.binary(max_size=600), max_size=8))
def test_no_stream_grows_without_bound_or_breaks_the_cutter(pieces: list[bytes]) -> None:
    frames = Frames(LINE)
    for piece in pieces:
        for frame in frames.cut(piece, 0.0):
            assert frame
    assert len(frames._gathered) <= 256
