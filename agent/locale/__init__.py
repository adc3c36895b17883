"""The texts of the four languages: .po sources beside the .mo files that Babel compiled of them.

    texts("nl")["list.title"]  →  "Aanwezigheidslijst"

What is printed at the gate stands in the domain `paper`, what people must do in an outage in
`procedure`, what an inspector is handed of one in `incident`, what a contractor takes away in
`bundle`, what a browser shows in `page`, with the warnings that `werfpoort status` gives too.
`pybabel compile -D paper -d agent/locale` after each change of a .po; a test holds them together.
"""

from __future__ import annotations

import gettext
from pathlib import Path

LANGUAGES = ("nl", "fr", "de", "en")
DOMAINS = ("paper", "procedure", "bundle", "incident", "page")
_FOLDER = Path(__file__).parent


class Texts:
    """Message key → text in one language; KeyError for a key that the language lacks."""

    def __init__(self, language: str, domain: str = "paper") -> None:
        path = _FOLDER / language / "LC_MESSAGES" / f"{domain}.mo"
        with path.open("rb") as file:
            self._catalogue = gettext.GNUTranslations(file)

    def __getitem__(self, key: str) -> str:
        text = self._catalogue.gettext(key)
        if text == key:
            raise KeyError(key)
        return text


def texts(language: str, domain: str = "paper") -> Texts:
    """The texts of one of `LANGUAGES`, for one of `DOMAINS`; ValueError for any other language."""
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}: take one of {', '.join(LANGUAGES)}")
    return Texts(language, domain)
