"""The rule of each key, as a table: takes the value, returns it in the form that the agent keeps.

A rule raises IdentifierError with what is wrong and the mend. Types are checked before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.core.identifiers import IdentifierError, parse_company, parse_declaration
from agent.core.rules import DUTIES
from agent.settings import CHANNEL_KINDS
from drivers import READER_KINDS

LANGUAGES = ("nl", "fr", "de", "en")
"""DOMAIN.md, section 2."""
NAME_MOST_CHARACTERS = 16
SOCKET_PATH_MOST_BYTES = 107
"""unix(7): sun_path holds 108 bytes with the zero that ends it."""
BCM_LAST_PIN = 27
"""The 40-pin header of a Raspberry Pi carries GPIO 0 to 27."""
BATCH_MOST = 200
"""WIRE.md, section 1: registrations in one call."""

Rule = Callable[[Any], Any]


def _name(text: str) -> str:
    if not re.fullmatch(rf"[a-z0-9-]{{1,{NAME_MOST_CHARACTERS}}}", text):
        raise IdentifierError(
            f"is not a name of 1 to {NAME_MOST_CHARACTERS} characters of a-z, 0-9 and -",
            "choose a short one, as `noord-1`; it stands in logs and on lists",
        )
    return text


def _some_text(text: str) -> str:
    if not text.strip():
        raise IdentifierError("is empty", "write it between the quotation marks")
    return text.strip()


def _one_of(known: Collection[str]) -> Rule:
    def rule(text: str) -> str:
        if text not in known:
            near = get_close_matches(text, known, 1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            raise IdentifierError("is not known", f"{hint}known: {', '.join(known)}")
        return text

    return rule


def _from_to(least: float, most: float, unit: str) -> Rule:
    def rule(number: float) -> float:
        if not least <= number <= most:
            raise IdentifierError(
                "is out of range", f"choose a number from {least:g} to {most:g} {unit}"
            )
        return number

    return rule


def _languages(chosen: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [language for language in chosen if language not in LANGUAGES]
    if wrong or not chosen or len(set(chosen)) < len(chosen):
        raise IdentifierError(
            "is not a list of different languages", f"choose among {', '.join(LANGUAGES)}"
        )
    return chosen


def _socket(path: Path) -> Path:
    if len(bytes(path)) > SOCKET_PATH_MOST_BYTES:
        raise IdentifierError(
            f"is longer than the {SOCKET_PATH_MOST_BYTES} bytes that Linux allows for a socket",
            "choose a shorter path, as /run/werfpoort/control.sock",
        )
    return path


def _https(address: str) -> str:
    if not address:
        return address
    try:
        parts = urlsplit(address)
        good = parts.scheme == "https" and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.username is not None or " " in address:
        raise IdentifierError(
            "is not an https address",
            "write it as https://host/path, without user or password; nothing is sent unencrypted",
        )
    return address


def _optional(rule: Rule) -> Rule:
    return lambda value: rule(value) if value else value


_pin = _from_to(0, BCM_LAST_PIN, "(BCM numbers)")
_duty = _one_of(tuple(DUTIES))

RULES: Mapping[str, Rule] = {
    "gate.name": _name,
    "gate.control_socket": _socket,
    "gate.languages": _languages,
    "gate.debounce_s": _from_to(0, 60, "seconds"),
    "gate.shift_hours": _from_to(1, 24, "hours"),
    "site.name": _some_text,
    "site.declaration": parse_declaration,
    "site.company": parse_company,
    "site.duty": _duty,
    "employers.number": parse_company,
    "employers.name": _some_text,
    "employers.duty": _optional(_duty),
    "readers.name": _name,
    "readers.kind": _one_of(READER_KINDS),
    "readers.path": _some_text,
    "panel.amber": _pin,
    "panel.green": _pin,
    "panel.red": _pin,
    "panel.buzzer": _pin,
    "channels.name": _name,
    "channels.kind": _one_of(tuple(CHANNEL_KINDS)),
    "channels.address": _https,
    "channels.timeout_s": _from_to(1, 120, "seconds"),
    "channels.batch": _from_to(1, BATCH_MOST, "registrations"),
    "delivery.burst_s": _from_to(1, 600, "seconds"),
    "delivery.first_retry_s": _from_to(0.1, 60, "seconds"),
    "delivery.longest_retry_s": _from_to(1, 3600, "seconds"),
    "delivery.waiting_after_s": _from_to(1, 300, "seconds"),
}
