"""What goes to a supplier and what comes back, by the contract in config/supplier.openapi.yaml.

Where each thing stands is configuration, so that an existing supplier's API fits without code. An
answer counts only when it is clear: the RSZ's number makes a receipt, a state that means so makes
it rejected or handed over, and whatever else it says leaves it open.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from agent.channels import checkinatwork_messages, checkinout
from agent.channels.base import Answer, ItemError, Receipt, Registration
from agent.channels.json_answers import reasons, text_of
from agent.channels.veil import veiled
from agent.config.settings import AnswerSettings, RequestSettings
from agent.json_pointer import get, parts_of, put

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,63}", re.ASCII)
"""Of Check In and Out; Checkinatwork's numbers have digits alone."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What differs between the duties that a supplier may fulfil."""

    form_errors: Callable[[Registration, dt.datetime, float], tuple[ItemError, ...]]
    is_number: Callable[[str], bool]
    instants: bool
    """Whether instant and way are sent: where the day counts, they are nobody's business."""


def _day_errors(r: Registration, now: dt.datetime, _: float) -> tuple[ItemError, ...]:
    from agent.channels.checkinatwork import BRUSSELS

    return checkinatwork_messages.form_errors(r, now.astimezone(BRUSSELS).date())


DUTIES: Mapping[str, Duty] = {
    "checkinatwork": Duty(_day_errors, checkinatwork_messages.is_receipt_number, False),
    "checkinout": Duty(checkinout.form_errors, lambda text: _ID.fullmatch(text) is not None, True),
}


class Requests:
    """Makes the body of a call. `single`: one registration a call, without a list around it."""

    def __init__(self, where: RequestSettings, duty: Duty, *, single: bool) -> None:
        self._parts = {part.name: parts_of(getattr(where, part.name)) for part in fields(where)}
        self._duty = duty
        self._single = single

    def body(self, registrations: Sequence[Registration]) -> bytes:
        """JSON in UTF-8."""
        import msgspec

        items = [self._item(r) for r in registrations]
        at = self._parts["items"]
        if not at:
            return msgspec.json.encode(items[0] if self._single else items)
        document: dict[str, Any] = {}
        put(document, at, items)
        return msgspec.json.encode(document)

    def _item(self, r: Registration) -> dict[str, Any]:
        values = {
            "reference": r.reference,
            "day": r.day.isoformat(),
            "declaration": r.declaration,
            "employer": r.employer,
            "inss": r.inss,
            "limosa": "" if r.inss else r.limosa,
        }
        if self._duty.instants:
            values |= {"at": checkinout.instant_text(r.unix_ms), "direction": r.direction}
        item: dict[str, Any] = {}
        for name, value in values.items():
            if value and self._parts[name]:
                put(item, self._parts[name], value)
        return item


class Answers:
    """Reads the items of an answer."""

    def __init__(self, where: AnswerSettings, duty: Duty) -> None:
        self._where = where
        self._parts = {
            part.name: parts_of(text)
            for part in fields(where)
            if isinstance(text := getattr(where, part.name), str)
        }
        self._duty = duty

    def items(self, said: Any) -> list[Any] | None:
        """The items of a body; a body that is an item itself is one; None: there are none."""
        found = get(said, self._parts["items"])
        if isinstance(found, dict) and not self._parts["items"]:
            return [found]
        return found if isinstance(found, list) else None

    def match(
        self, items: Sequence[Any], asked: Sequence[str], http_status: int
    ) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
        """Each thing asked with the first clear answer to its reference, and the strays."""
        answers: dict[str, Answer] = {}
        strays: list[str] = []
        alone = len(items) == len(asked) == 1
        for item in items:
            reference = text_of(get(item, self._parts["reference"])) or (asked[0] if alone else "")
            name = veiled(reference) or "nothing"
            if reference not in asked:
                strays.append(f"an answer to {name}, which was never asked")
            elif reference in answers:
                strays.append(f"a second answer to {name}")
            else:
                answer, why_not = self.read(item, reference, http_status if alone else 0)
                if answer is not None:
                    answers[reference] = answer
                else:
                    strays.append(f"an answer to {name} {why_not}")
        return tuple(answers[name] for name in asked if name in answers), tuple(strays)

    def read(self, item: Any, reference: str, http_status: int) -> tuple[Answer | None, str]:
        """The answer that an item is, or why it is none.

        `http_status` is its state where it has none of its own and is the whole answer.
        """
        state = text_of(self._get(item, "state")) or (str(http_status) if http_status else "")
        number = text_of(self._get(item, "receipt"))
        errors = self._errors(item)
        rejected = state in self._where.rejected
        handed_over = state in self._where.handed_over
        if number and (rejected or errors):
            return None, "with a number and an error at once"
        if number:
            if not self._duty.is_number(number):
                return None, "with a number that is none of the RSZ's"
            status = text_of(self._get(item, "receipt_status")) or Receipt(number).status
            return Answer(reference, Receipt(number, status, self._remarks(item))), ""
        if rejected or (errors and not state):
            said = errors or reasons(item) or (ItemError("", "refused, and no reason given"),)
            return Answer(
                reference, errors=tuple(ItemError(e.code or state, e.text) for e in said)
            ), ""
        if errors:
            return None, f"with an error, in state {veiled(state)}"
        if handed_over:
            return Answer(reference, handed_over=True), ""
        return None, f"in state {veiled(state) or 'unsaid'}, which says nothing"

    def _get(self, item: Any, name: str) -> Any:
        """None also where the configuration has no place for it."""
        parts = self._parts[name]
        return get(item, parts) if parts else None

    def _errors(self, item: Any) -> tuple[ItemError, ...]:
        found = self._get(item, "errors")
        if not isinstance(found, list):
            return reasons(found)
        said: list[ItemError] = []
        for part in found:
            code = veiled(text_of(get(part, self._parts["error_code"])))
            text = veiled(text_of(get(part, self._parts["error_text"])))
            said += (ItemError(code, text or code),) if code or text else reasons(part)
        return tuple(said)

    def _remarks(self, item: Any) -> tuple[str, ...]:
        found = self._get(item, "remarks")
        texts = (text_of(part) for part in found) if isinstance(found, list) else ()
        return tuple(_remark(text) for text in texts if text)


def _remark(text: str) -> str:
    """As sent where it may be: two of the RSZ's remarks hold double spaces (WIRE.md)."""
    fit = veiled(text)
    return text if fit == " ".join(text.split()) else fit
