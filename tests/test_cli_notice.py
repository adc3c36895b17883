"""What a worker is told about the details that the gate keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.core.paper.notice import Terms, notice_document
from agent.locale import LANGUAGES, texts
from drivers.paper_layout import plain

EXAMPLE = Path(__file__).parent.parent / "config/werfpoort.example.toml"
TERMS = Terms(
    site="Voorbeeldwerf Noord",
    gate="noord-1",
    firm="Bouw & Zonen BV",
    firm_number="0123456749",
    receipt_months=13,
    proof_years=7,
)


def told(terms: Terms, language: str) -> str:
    (part,) = notice_document(terms, [texts(language)]).parts
    return " ".join(plain(part, 80).split())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example, with files where it says and some keys of its own."""
    for name in ("rsz.crt", "rsz.key", "roster.csv"):
        (tmp_path / name).touch()
    text = EXAMPLE.read_text("utf-8")
    text = text.replace("/etc/werfpoort", str(tmp_path)).replace(
        "/var/lib/werfpoort", str(tmp_path)
    )
    text = text.replace("#receipt_months = 13", "receipt_months = 18")
    text = text.replace('#contact = ""', 'contact = "An Maes, 09 123 45 67"')
    file = tmp_path / "werfpoort.toml"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_says_the_terms_and_whom_to_ask_in_each_language(language: str) -> None:
    text = told(TERMS, language)
    for fact in ("13 ", "7 ", "Bouw & Zonen BV, 0123.456.749", "noord-1", "www."):
        assert fact in text


def test_it_names_who_takes_details_away_and_who_sees_which_numbers() -> None:
    text = told(replace(TERMS, firms=("Alfa", "Beta"), main=("Gamma",)), "en")
    assert "Encrypted: Alfa, Beta, each for its own workers." in text
    assert "Encrypted: Gamma, as main contractor" in text
    assert "Encrypted" not in told(TERMS, "en")


def test_it_names_a_supplier_only_where_a_channel_goes_over_one() -> None:
    assert "supplier" in told(replace(TERMS, supplier=True), "en")
    assert "supplier" not in told(TERMS, "en")


def test_it_says_when_details_outlive_their_term() -> None:
    assert "only after your employer" in told(replace(TERMS, kept_until_exported=True), "en")
    assert "only after your employer" not in told(TERMS, "en")


def test_the_command_tells_it_in_four_languages_from_the_configuration(config: Path) -> None:
    result = CliRunner().invoke(main, ["notice", "--config", str(config)])
    assert result.exit_code == 0, result.output
    places = [result.output.index(texts(language)["notice.title"]) for language in LANGUAGES]
    assert places == sorted(places)
    assert "18 months after a day" in result.output
    assert result.output.count("An Maes, 09 123 45 67") == 4
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_command_writes_it_as_a_pdf_a_sheet_a_language(config: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "notice.pdf"
    result = CliRunner().invoke(main, ["notice", "--config", str(config), "--pdf", str(pdf)])
    assert result.exit_code == 0, result.output
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) == 4
    for page, language in zip(pages, LANGUAGES, strict=True):
        assert texts(language)["notice.why"] in page


def test_a_pdf_that_cannot_be_written_says_where(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "none" / "notice.pdf"
    result = CliRunner().invoke(main, ["notice", "--config", str(config), "--pdf", str(target)])
    assert result.exit_code == 1
    assert "notice.pdf: No such file or directory; name another file" in result.output
