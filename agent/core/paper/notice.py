"""What the gate keeps about a worker, why, how long, and whom to ask: terms → blocks.

One part for each language, so that each can hang on the wall by itself. What is said here is what
the gate does by this configuration; who is responsible may add to it (DOMAIN.md, section 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.core.paper.wording import Texts, Wording, company
from drivers.paper import Block, Cell, Columns, Document, Gap, Text


@dataclass(frozen=True, slots=True)
class Terms:
    """What a configuration says about details. `contact`: whom to ask; empty: the firms.

    `firms` and `main`: names of those who take their part away, the main contractors apart.
    `supplier`: a channel goes over a supplier of software.
    """

    site: str
    gate: str
    firm: str
    firm_number: str
    receipt_months: int
    proof_years: int
    kept_until_exported: bool = False
    firms: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    supplier: bool = False
    contact: str = ""


def notice_document(terms: Terms, languages: Sequence[Texts]) -> Document:
    """The notice, a part for each language. Raises KeyError when a language lacks a text."""
    parts = tuple(tuple(_told(terms, texts)) for texts in languages)
    return Document(parts, Wording(languages).say("list.duplicate"))


def _told(terms: Terms, texts: Texts) -> Iterator[Block]:
    firm = ", ".join(filter(None, (terms.firm, company(terms.firm_number))))
    yield Text(texts["notice.title"], bold=True, large=True)
    yield Text(texts["notice.gate"].format(site=terms.site, gate=terms.gate))
    yield from _section(texts["notice.who"], texts["notice.who.text"].format(firm=firm))
    yield from _section(
        texts["notice.what"],
        texts["notice.what.person"],
        texts["notice.what.tap"],
        texts["notice.what.outcome"],
    )
    yield from _section(texts["notice.why"], texts["notice.why.text"], texts["notice.why.not"])
    yield from _section(
        texts["notice.long"],
        texts["notice.long.receipt"].format(months=terms.receipt_months),
        texts["notice.long.proof"].format(years=terms.proof_years),
        texts["notice.long.after"],
        texts["notice.long.kept"] if terms.kept_until_exported else "",
        texts["notice.long.damaged"],
    )
    yield from _section(
        texts["notice.to"],
        texts["notice.to.rsz"],
        texts["notice.to.supplier"] if terms.supplier else "",
        _named(texts["notice.to.main"], terms.main),
        _named(texts["notice.to.firms"], terms.firms),
    )
    contact = terms.contact or texts["notice.ask.employer"].format(firm=firm)
    yield from _section(
        texts["notice.ask"],
        texts["notice.ask.text"].format(contact=contact),
        texts["notice.ask.authority"],
    )


def _section(title: str, *lines: str) -> Iterator[Block]:
    yield Gap()
    yield Text(title, bold=True)
    for line in filter(None, lines):
        yield Columns((Cell("-", 2), Cell(line)))


def _named(text: str, firms: tuple[str, ...]) -> str:
    return text.format(firms=", ".join(firms)) if firms else ""
