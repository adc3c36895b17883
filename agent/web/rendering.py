"""Templates and texts → HTML, every value escaped; files that never change under their address."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request

from agent.core.moment import Moment
from agent.locale import LANGUAGES, Texts, texts
from agent.reports.incident_html import HEIGHTS
from agent.reports.incident_page import Lane

NAMES: Mapping[str, str] = {
    "nl": "Nederlands",
    "fr": "Français",
    "de": "Deutsch",
    "en": "English",
}
"""Each in its own language."""
LANGUAGE_COOKIE = "werfpoort-language"
_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file that pages name; `digest` stands in its address, so that a browser may keep it."""

    name: str
    digest: str
    type: str
    content: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """Every static file by its name."""
    found = {}
    for path in sorted((_HERE / "static").iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[path.name] = Asset(path.name, digest, _TYPES[path.suffix], content)
    return found


def address_of(name: str) -> str:
    """The address of a static file."""
    return f"/static/{assets()[name].digest}/{name}"


class Words:
    """The texts of the page in one language: `t("enter.title")`."""

    def __init__(self, language: str) -> None:
        self._own = texts(language, "page")

    def __call__(self, key: str, **places: object) -> str:
        return self._own[f"page.{key}"].format(**places)


@cache
def words(language: str) -> Words:
    """The page's texts in one of LANGUAGES."""
    return Words(language)


@cache
def catalogue(language: str, domain: str) -> Texts:
    """The texts of another domain, read once."""
    return texts(language, domain)


class Renderer:
    """Fills templates. `standing`: what is the same on every page."""

    def __init__(self, zone: dt.tzinfo, **standing: object) -> None:
        self._zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            standing,
            asset=address_of,
            clock=_clock,
            heights=HEIGHTS,
            key=key_of,
            languages=NAMES,
            percent=_percent,
            time=self._time,
        )

    def render(self, template: str, language: str, **values: Any) -> str:
        """The HTML. Raises jinja2.UndefinedError for a value that is not given."""
        told = words(language)
        return self._environment.get_template(template).render(
            values, language=language, t=told, last=_last_of(language)
        )

    def _time(self, at: Moment) -> str:
        return f"{at.local(self._zone):%H:%M}"


def key_of(standing: str) -> str:
    """`registered, on paper too` → `registered-on-paper-too`."""
    return standing.replace(",", "").replace(" ", "-")


def linked(text: str, places: Mapping[str, str], links: Mapping[str, str]) -> Markup:
    """An instruction with its places filled in; those of `links` lead to an address, of which a
    long one is told by its host alone."""
    filled: dict[str, object] = {**places}
    for name, address in links.items():
        shown = urlsplit(address).hostname or places[name]
        filled[name] = Markup('<a href="{}">{}</a>').format(address, shown)
    return Markup(escape(text)).format(**filled)


def language_of(request: Request, default: str) -> str:
    """In which language to answer: the one that was just chosen, was chosen before, or is liked."""
    told = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    if told in LANGUAGES:
        return told
    return language_wanted(request.headers.get("accept-language", ""), default)


def language_wanted(header: str, default: str) -> str:
    """What `Accept-Language` asks for, of those that there are (RFC 9110, section 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in header[:256].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    ranked = sorted(wanted, key=lambda one: one[0])
    return next((tag for q, tag in ranked if tag in LANGUAGES and q < 0), default)


def _clock(iso: str) -> str:
    return f"{dt.datetime.fromisoformat(iso):%H:%M}"


def _percent(part: float) -> str:
    return f"{100 * part:.2f}%"


def _last_of(language: str) -> Any:
    """How a layer stands now, for who does not see the drawing."""

    def last(lane: Lane) -> str:
        state = lane.bars[-1].state if lane.bars else "unknown"
        return catalogue(language, "incident")[f"report.{state}"]

    return last
