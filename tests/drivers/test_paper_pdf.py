from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pypdfium2
import pytest
import zxingcpp

from drivers.base import DeviceError
from drivers.lettering import can_shape
from drivers.paper import (
    Align,
    Banner,
    Blank,
    Block,
    Cell,
    Columns,
    Document,
    Gap,
    Qr,
    Rule,
    Text,
)
from drivers.paper_pdf import as_pdf
from drivers.pdf_sheets import Words, sheets

CHECKPOINT = "werfpoort:1:4711:" + "ab12" * 16


def one(*blocks: Block) -> Document:
    return Document((blocks,), "")


def read(pdf: bytes) -> list[str]:
    """The text of each sheet, as a stranger's reader copies it out."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range().replace("\r", "") for page in document]


def made(document: Document) -> list[str]:
    return read(as_pdf(document, "a title"))


def codes(pdf: bytes) -> Sequence[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        pictures = [page.render(scale=2, grayscale=True).to_pil() for page in document]
    return [code.text for picture in pictures for code in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize(
    "name",
    ["Țîrlea, Ștefan", "Łukasz Żółć", "Παπαδόπουλος, Γιώργος", "Жуков, Сергей", "Շիրակ", "გიორგი"],
)
def test_a_name_can_be_copied_out_of_the_pdf_letter_for_letter(name: str) -> None:
    (page,) = made(one(Columns((Cell("1", 4), Cell(name, bold=True), Cell("06:47", 6)))))
    assert f"1 {name} 06:47" in page


@pytest.mark.needs("libfribidi0", available=can_shape(), installable_in_ci=True)
def test_arabic_is_joined_in_the_picture_and_still_copied_out_in_its_order() -> None:
    (page,) = made(one(Text("محمد")))
    assert "محمد" in page


def test_what_no_font_has_is_spelled_as_its_code_point() -> None:
    (page,) = made(one(Text("王 ?")))
    assert "[U+738B] ?" in page


def test_the_fonts_are_in_the_pdf() -> None:
    pdf = as_pdf(one(Text("Ștefan")), "a title")
    assert b"/FontFile2" in pdf
    assert b"DejaVuSans" in pdf


def test_a_stranger_s_reader_reads_the_code_off_the_sheet() -> None:
    assert codes(as_pdf(one(Text("a"), Qr(CHECKPOINT)), "a title")) == [CHECKPOINT]


def test_each_part_begins_a_sheet_which_says_which_of_how_many_it_is() -> None:
    first, second = made(Document(((Text("alpha"),), (Text("beta"),)), ""))
    assert "alpha" in first
    assert "beta" in second
    assert "a title 1 / 2" in first
    assert "a title 2 / 2" in second


def test_a_part_that_is_too_long_for_a_sheet_goes_on_between_two_rules() -> None:
    entry: tuple[Block, ...] = (Text("name"), Text("number"), Blank("signature"), Rule())
    pages = made(one(*(entry * 60)))
    assert len(pages) > 1
    assert sum(page.count("name") for page in pages) == 60
    assert all(page.count("name") == page.count("signature") for page in pages)


@pytest.mark.parametrize(("entries", "size"), [(5, 10.0), (26, 8.0), (60, 9.0)])
def test_letters_are_as_large_as_the_fullest_sheet_allows(entries: int, size: float) -> None:
    entry: tuple[Block, ...] = (Text("name"), Text("number"), Rule())
    document = Document(((Text("head"),), entry * entries), "")
    found = sheets(document, lambda text, size: len(text) * size / 2, str)
    sizes = {m.size for sheet in found for row in sheet for m in row.marks if isinstance(m, Words)}
    assert sizes == {size}


def test_a_single_block_higher_than_a_sheet_loses_nothing() -> None:
    words = [f"word{n}" for n in range(9000)]
    pages = made(one(Text(" ".join(words))))
    assert " ".join(pages).split().count("word0") == 1
    assert set(words) <= set(" ".join(pages).split())


def test_every_kind_of_block_has_its_text_on_the_sheet() -> None:
    (page,) = made(
        one(
            Banner("PROVISIONAL"),
            Text("large", large=True, align=Align.CENTRE),
            Gap(2),
            Columns((Cell("left"), Cell("right", 8, align=Align.RIGHT))),
            Rule(heavy=True),
            Blank("signature", 4),
            Blank(),
        )
    )
    for word in ("PROVISIONAL", "large", "left", "right", "signature"):
        assert word in page


def test_a_word_wider_than_the_sheet_is_broken_and_whole() -> None:
    (page,) = made(one(Text("a" * 300)))
    assert page.count("a") - "a title".count("a") == 300


def test_the_same_document_gives_the_same_bytes() -> None:
    document = one(Text("Ștefan"), Qr(CHECKPOINT))
    assert as_pdf(document, "a title") == as_pdf(document, "a title")


def test_a_control_character_in_a_name_is_a_space() -> None:
    (page,) = made(one(Text("A\x1b@\nB")))
    assert "A @ B" in page


def test_what_the_process_cannot_make_is_an_error_that_says_so() -> None:
    with pytest.raises(DeviceError, match="PDF: not made: ValueError"):
        as_pdf(one(Qr("x" * 5000)), "a title")


def test_who_asks_for_a_pdf_loads_no_library_of_pdfs() -> None:
    source = "import sys, drivers.paper_pdf; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert not {"reportlab", "PIL", "qrcode"} & set(done.stdout.split())
