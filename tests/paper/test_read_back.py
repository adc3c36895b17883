"""What is printed, read back by readers that were not written here: tesseract, zxing and pdfium."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from agent.core.paper.slips import CONTACT_FORM
from agent.locale import LANGUAGES, texts
from drivers.lettering import can_shape
from drivers.paper import Banner, Blank, Columns, Document, Paper, Qr, Text
from drivers.paper_pdf import as_pdf

MODELS = {"nl": "nld", "fr": "fra", "de": "deu", "en": "eng"}
NUMBERS = ("2026-123456", "85.01.15-123.55", "300000123456", "1-20261124-1")
"""Of the list: reference, national number, receipt, and the list's own with its gate's digit."""
BY_SCRIPT = {
    "ell": "Παπαδόπουλος, Γιώργος",
    "rus": "Жуков, Сергей",
    "pol": "Łukaszewski-Vanden Broucke",
    "fra": "Mbeki, Amélie",
}


def models() -> set[str]:
    if not shutil.which("tesseract"):
        return set()
    done = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


needs_tesseract = pytest.mark.needs(
    "tesseract with its models",
    available=models() >= {*MODELS.values(), *BY_SCRIPT},
    installable_in_ci=True,
)


def lines_of(picture: Image.Image) -> Iterator[Image.Image]:
    """Each line of letters, larger and softer, as off a camera; codes and rules are left out."""
    grey = picture.convert("L")
    dots = grey.tobytes()
    rows = [min(dots[y * grey.width : (y + 1) * grey.width]) < 128 for y in range(grey.height)]
    spans: list[list[int]] = []
    for y in (y for y, ink in enumerate(rows) if ink):
        if spans and y - spans[-1][1] < 4:  # dots and accents belong to their letters
            spans[-1][1] = y
        else:
            spans.append([y, y])
    for top, bottom in spans:
        if 12 <= bottom - top <= 70:
            line = grey.crop((0, top, grey.width, bottom + 1))
            scale = min(3.0, 66 / line.height)
            size = (int(line.width * scale), int(line.height * scale))
            soft = line.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1.2))
            framed = Image.new("L", (soft.width + 60, soft.height + 60), 255)
            framed.paste(soft, (30, 30))
            yield framed


class Read(Protocol):
    """A picture, a model and which letters there can be (none: all) → the text."""

    def __call__(self, picture: Image.Image, model: str, letters: str = "") -> str: ...


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_with(picture: Image.Image, model: str, letters: str = "") -> str:
        files = []
        for n, line in enumerate(lines_of(picture)):
            files.append(tmp_path / f"{model}-{n:03}.png")
            line.save(files[-1])
        (tmp_path / "lines").write_text("\n".join(map(str, files)))
        command = ["tesseract", str(tmp_path / "lines"), "-", "-l", model, "--psm", "7"]
        only = ["-c", f"tessedit_char_whitelist={letters}"] if letters else []
        done = subprocess.run(
            [*command, "--dpi", "300", *only],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
        return " ".join(done.stdout.split())

    return read_with


# --- off the roll -------------------------------------------------------------------------------


@needs_tesseract
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", list(Paper))
def test_names_and_numbers_of_a_list_are_read_off_the_roll(
    samples: Any, read: Read, language: str, paper: Paper
) -> None:
    picture = samples.strip("list", [language], paper).picture()
    assert "Peeters, Jan" in read(picture, MODELS[language])
    numbers = read(picture, "eng", "0123456789.-")
    for number in NUMBERS:
        assert number in numbers


@needs_tesseract
@pytest.mark.parametrize("model", BY_SCRIPT)
def test_a_name_in_any_european_script_is_read_off_the_roll(
    samples: Any, read: Read, model: str
) -> None:
    assert BY_SCRIPT[model] in read(samples.strip("list", ["en"], Paper.MM80).picture(), model)


@needs_tesseract
def test_the_number_to_call_and_the_keys_are_read_off_the_instruction_slip(
    samples: Any, read: Read
) -> None:
    picture = samples.strip("instruction", ["en"], Paper.MM80).picture()
    text = read(picture, "eng")
    for fact in ("Opens: type 21 #", "Bouw & Zonen", "Type the reference number on the keypad"):
        assert fact in text
    assert "025115151" in squeezed(read(picture, "eng", "0123456789 "))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("name", ["list", "list-provisional", "evidence", "completion"])
def test_the_checkpoint_is_read_off_the_roll(
    samples: Any, name: str, language: str, paper: Paper
) -> None:
    picture = samples.strip(name, [language], paper).picture().convert("L")
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [samples.checkpoint]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", list(Paper))
def test_the_addresses_are_read_off_the_instruction_slip(
    samples: Any, language: str, paper: Paper
) -> None:
    picture = samples.strip("instruction", [language], paper).picture().convert("L")
    read = {code.text for code in zxingcpp.read_barcodes(picture)}
    assert read == {texts(language)["slip.online.address"], CONTACT_FORM}


# --- off the PDF --------------------------------------------------------------------------------


def written(document: Document) -> Iterator[str]:
    for block in (block for part in document.parts for block in part):
        match block:
            case Text(text) | Banner(text) | Blank(text):
                yield text
            case Columns(cells):
                yield from (cell.text for cell in cells)
            case _:
                pass


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["list", "list-provisional", "instruction", "evidence"])
def test_the_pdf_holds_every_text_and_code_of_the_paper(
    samples: Any, name: str, language: str
) -> None:
    document = samples.slip(name, [language])
    with pypdfium2.PdfDocument(as_pdf(document, name, language)) as pdf:
        copied = squeezed("".join(page.get_textpage().get_text_range() for page in pdf))
        pictures = [page.render(scale=2, grayscale=True).to_pil() for page in pdf]
    for text in written(document):
        assert squeezed(text) in copied
    codes = {code.text for p in pictures for code in zxingcpp.read_barcodes(p)}
    assert codes == {b.payload for part in document.parts for b in part if isinstance(b, Qr)}


@pytest.mark.needs("libfribidi0", available=can_shape(), installable_in_ci=True)
def test_an_arabic_name_stands_in_the_pdf_with_its_latin_spelling(samples: Any) -> None:
    document = samples.named("محمد", "علي", "Mohamed, Ali")
    with pypdfium2.PdfDocument(as_pdf(document, "list")) as pdf:
        copied = "".join(page.get_textpage().get_text_range() for page in pdf)
    assert "محمد" in copied
    assert "(Mohamed, Ali)" in copied
