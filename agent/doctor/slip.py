"""What the printer prints to show that it can: every language's letters, and a QR code."""

from __future__ import annotations

from drivers.paper import Align, Banner, Block, Document, Gap, Qr, Text

LETTERS = (
    ("nl", "één, coördinatie, België"),
    ("fr", "où, reçu, cœur, Noël, août"),
    ("de", "Größe, Äpfel, über, Öl"),
    ("en", "attendance list"),
    ("ro", "Ștefan Țurcanu"),
    ("pl", "Łukasz Żółć"),
    ("el", "Γιώργος"),
    ("uk", "Їжакевич Ґалаґан"),
)
OFFICIAL_SERVICE = "https://www.checkinatwork.be"


def slip_of(gate: str, *, printed: bool) -> Document:
    """A document of one part; of none when only the printer's own word is wanted."""
    if not printed:
        return Document((), "")
    blocks: tuple[Block, ...] = (
        Banner("TEST"),
        Text(f"Werfpoort {gate}", bold=True, align=Align.CENTRE),
        Gap(),
        *(Text(f"{language}: {letters}") for language, letters in LETTERS),
        Gap(),
        Qr(OFFICIAL_SERVICE),
        Gap(),
    )
    return Document((blocks,), "TEST")
