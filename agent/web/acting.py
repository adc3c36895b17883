"""Each button of the page, as the question that a command would ask; what may be asked by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.control import Question
from agent.core.outage.procedure_records import PERSONS
from agent.web.door import Level

Form = Mapping[str, str]

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "now.ask-phone": ("phone-yes", "phone-no", "phone-silent"),
    "now.exempt-ask-phone": ("phone-no", "phone-yes", "phone-silent"),
    "now.other-arrangement": ("phone-yes", "phone-no", "phone-silent"),
    "now.contact-supplier": ("supplier-cannot", "supplier-mends"),
    "now.supplier-mends": ("supplier-cannot",),
    "now.call-centre": ("centre-called", "centre-not-reached", "centre-solved"),
}
"""What a person may answer to an instruction, the likeliest first."""
WANT_NUMBER = frozenset(("now.call-centre", "now.use-form", "now.enter-reference"))
"""Instructions that end with a reference number."""
STEPS = tuple(step.value for step in PERSONS)


class NoSuchDeed(Exception):
    """Nothing of the page asks this."""


def question(deed: str, form: Form, who: str) -> tuple[Level, Question]:
    """What is asked, and who may ask it. `who`: the person's name, empty where none was given.

    Raises NoSuchDeed, also for a form that lacks a field.
    """
    make = _DEEDS.get(deed)
    if make is None:
        raise NoSuchDeed(deed)
    try:
        needs, asked = make(form)
        return needs, {**asked, "by": "page", "who": who}
    except (KeyError, ValueError) as error:
        raise NoSuchDeed(f"{deed}: {error}") from error


def _step(form: Form) -> tuple[Level, Question]:
    if form["step"] not in STEPS:
        raise ValueError("no step of a person")
    asked = {"ask": "outage-step", "incident": form["incident"], "step": form["step"]}
    return Level.ACCESS, {**asked, "note": form.get("note", "")}


def _confirm(form: Form) -> tuple[Level, Question]:
    asked = {"ask": "outage-confirm", "incident": form["incident"], "cause": form["cause"]}
    return Level.ACCESS, {**asked, "reference": form.get("reference", "")}


def _reference(form: Form) -> tuple[Level, Question]:
    how = form.get("how", "centre")
    if how not in ("centre", "form"):
        raise ValueError("no way to get a number")
    asked = {"ask": "paper-reference", "number": form["number"], "how": how}
    return Level.OPERATOR, {**asked, "firm": form.get("firm", ""), "expected": _lines(form)}


def _lines(form: Form) -> list[str]:
    """Who comes later today, a name or number a line."""
    return [line.strip() for line in form.get("expected", "").splitlines() if line.strip()]


def _list(form: Form) -> tuple[Level, Question]:
    addendum = form.get("addendum") == "yes"
    return Level.OPERATOR, {"ask": "paper-list", "addendum": addendum}


def _copy(form: Form) -> tuple[Level, Question]:
    return Level.OPERATOR, {"ask": "paper-copy", "number": form["number"]}


def _looked(form: Form) -> tuple[Level, Question]:
    return Level.OPERATOR, {"ask": "paper-looked", "whole": True, "number": form["number"]}


def _filled(form: Form) -> tuple[Level, Question]:
    count = int(form["count"])
    return Level.OPERATOR, {"ask": "paper-filled", "count": count, "number": form["number"]}


_DEEDS: Mapping[str, Callable[[Form], tuple[Level, Question]]] = {
    "step": _step,
    "confirm": _confirm,
    "reference": _reference,
    "list": _list,
    "copy": _copy,
    "looked": _looked,
    "filled": _filled,
}
