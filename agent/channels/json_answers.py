"""What a JSON service answered, read leniently and safely: values, errors, texts fit for a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.channels.base import AnswerUnreadable, ChannelError, ItemError, Ticket
from agent.channels.veil import veiled
from agent.channels.wire import HINT_OTHER_PAGE, WireAnswer, status_error

CODES = ("code", "errorCode", "error")
TEXTS = ("description", "detail", "message", "reason", "text", "error_description", "title")
"""Names under which services write them: RFC 9457, RFC 6749 section 5.2, and what is in use."""
LISTS = ("errors", "reasons", "remarks")
MOST_DEPTH = 6
"""Of reasons within reasons: the decoder of newer Pythons takes more levels than we may recurse."""
MOST_TEXTS = 10
"""Of one item: more than any service sends, and a bound for the journal."""


def ticket_of(answer: WireAnswer) -> Ticket:
    """The evidence that every answer leaves."""
    return Ticket(http_status=answer.status, server_date=answer.server_date)


def read_json(answer: WireAnswer) -> Any:
    """The value in the body, whatever the status. Raises AnswerUnreadable, without quoting it."""
    import msgspec

    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise AnswerUnreadable(
            "the answer is not the service's: it is no JSON",
            HINT_OTHER_PAGE,
            ticket=ticket_of(answer),
        ) from None


def answered_error(answer: WireAnswer) -> ChannelError:
    """The error that an answer of another status than 2xx is; what it says stays in the ticket."""
    ticket = ticket_of(answer)
    try:
        said = read_json(answer)
    except AnswerUnreadable:
        return status_error(answer, ticket)
    if isinstance(said, Mapping):
        ticket = replace(
            ticket,
            ticket=veiled(_first(said, ("ticket", "id", "instance"))),
            code=veiled(_first(said, CODES)),
            origin=veiled(_first(said, ("origin",))),
            environment=veiled(_first(said, ("environment",))),
            messages=tuple(error.text for error in reasons(said)),
        )
    error = status_error(answer, ticket)
    if ticket.code:
        error.args = (f"{error}: {ticket.code}",)
    return error


def reasons(value: Any, depth: int = MOST_DEPTH) -> tuple[ItemError, ...]:
    """Codes and texts in what a service gives as its reason: a text, an object, a list of them."""
    match value:
        case _ if depth == 0:
            return ()
        case str() if value.strip():
            return (ItemError("", veiled(value)),)
        case Mapping():
            inner = next((value[name] for name in LISTS if value.get(name)), None)
            if isinstance(inner, str | Mapping | Sequence):
                return reasons(inner, depth - 1)
            code, text = _first(value, CODES), _first(value, TEXTS)
            return (ItemError(veiled(code), veiled(text or code)),) if code or text else ()
        case list():
            each = (reason for part in value[:MOST_TEXTS] for reason in reasons(part, depth - 1))
            return tuple(each)[:MOST_TEXTS]
    return ()


def text_of(value: Any) -> str:
    """A text or a whole number as text; "" for anything else."""
    match value:
        case bool():
            return ""
        case str():
            return value.strip()
        case int():
            return str(value)
    return ""


def _first(value: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((text for name in names if (text := text_of(value.get(name)))), "")
