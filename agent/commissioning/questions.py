"""What cannot be found out: asked one by one, each answer checked by the rule of its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

from agent.commissioning.detection import Found
from agent.config.rules import RULES
from agent.core.identifiers import IdentifierError

Answers = Mapping[str, Any]
"""As the configuration has them: section → key → value."""

NOTHING = "nothing"
PORT_KINDS = (NOTHING, "rdm6300", "wiegand", "line", "printer")
TYPING_KINDS = (NOTHING, "reader", "keypad")


class Person(Protocol):
    """Whoever is asked."""

    def text(self, question: str, proposed: str = "") -> str:
        """An answer in words; `proposed` when nothing was typed."""
        ...

    def choice(self, question: str, among: tuple[str, ...]) -> str:
        """One of these, the first when nothing was typed."""
        ...

    def told(self, text: str) -> None:
        """Says what was wrong with an answer, or what was found."""
        ...


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    text: str
    proposed: str = ""


QUESTIONS = (
    _Question("gate.name", "Name of this gate (a-z, 0-9, -)", "gate-1"),
    _Question("gate.roster", "Where the roster lies", "/var/lib/werfpoort/roster.csv"),
    _Question("site.name", "Name of the site, as people know it"),
    _Question("site.declaration", "Number of the declaration of works (AVW / DDT)"),
    _Question("site.company", "Company number of the firm that reports outages (KBO / BCE)"),
    _Question("channels.name", "Name of the channel", "rsz"),
    _Question("channels.certificate", "Its certificate (PEM file)", "/etc/werfpoort/rsz.crt"),
    _Question("channels.key", "The key of that certificate (PEM file)", "/etc/werfpoort/rsz.key"),
)
"""The least that a gate needs and nobody can find out; everything else has a default."""


def asked(
    person: Person, found: Found, known: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """What the person answered, and what was found, as a configuration. `known`: what is proposed
    for a key, since somebody has said it before."""
    config: dict[str, Any] = {}
    for question in QUESTIONS:
        section, _, key = question.key.partition(".")
        proposed = known.get(question.key, question.proposed)
        config.setdefault(section, {})[key] = _answer(person, replace(question, proposed=proposed))
    config["channels"] = [config["channels"]]
    return {**config, **_devices(person, found)}


def _answer(person: Person, question: _Question) -> str:
    rule: Callable[[Any], Any] = RULES.get(question.key, lambda text: text)
    while True:
        text = person.text(question.text, question.proposed)
        try:
            return str(rule(text))
        except IdentifierError as error:
            person.told(f"{text!r} {error.problem}; {error.mend}")


def _devices(person: Person, found: Found) -> dict[str, Any]:
    """The devices that answer for themselves, and those whose kind a person knows."""
    config = devices_of(found)
    readers = config.pop("readers", [])
    for path in found.silent_ports:
        kind = person.choice(f"What is on {path}?", PORT_KINDS)
        if kind == "printer":
            config["printer"] = {"kind": "serial", "address": path}
        elif kind != NOTHING:
            readers.append({"kind": kind, "path": path})
    for path in found.typing:
        match person.choice(f"What is {path}?", TYPING_KINDS):
            case "reader":
                readers.append({"kind": "hid", "path": path})
            case "keypad":
                config["keypad"] = {"kind": "usb", "path": path}
    config["readers"] = _named(readers) or [{}]
    return config


def devices_of(found: Found) -> dict[str, Any]:
    """What needs no person to be told from anything else."""
    config: dict[str, Any] = {}
    paths = [*found.nfc_serial, *found.nfc_usb]
    if paths:
        config["readers"] = _named([{"kind": "pn532", "path": path} for path in paths])
    if found.printers:
        config["printer"] = {"kind": "usb", "address": found.printers[0]}
    if not found.gpio:
        config["panel"] = dict.fromkeys(("amber", "green", "red", "buzzer"), "none")
    return config


def _named(readers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with a name of its own: the first two at a gate are mostly its way in and out."""
    names = ["entrance", "exit", *(f"reader-{n}" for n in range(3, len(readers) + 1))]
    return [{"name": name, **reader} for name, reader in zip(names, readers, strict=False)]
