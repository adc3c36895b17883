"""Check In and Out at Work: REST over HTTPS, in or out at an instant (WIRE.md, section 2).

The protocol has no reference of ours: answers are matched by what they repeat of the request, and
by their place where they repeat nothing (`matched`). It can neither be searched nor asked after a
registration. What is not fit to be sent is answered here, with a code of ours, and spoils no other
item: TOO-OLD, NO-INSTANT, NO-DIRECTION, NO-SSIN, NO-EMPLOYER, NO-DECLARATION.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.channels.base import (
    Ability,
    Answer,
    AnswerUnreadable,
    ItemError,
    Receipt,
    Registration,
    Reply,
    Ticket,
)
from agent.channels.json_answers import answered_error, read_json, reasons, text_of, ticket_of
from agent.channels.tokens import AccessTokens
from agent.channels.veil import veiled
from agent.channels.wire import HINT_OTHER_PAGE, Wire, WireAnswer
from agent.config.settings import PlaceSettings

PATH = "/presenceRegistrations/registerInBulk"
MOST_ITEMS = 200
"""The page is silent on it: what Checkinatwork takes."""
OLDEST_S = 600
"""Seen in one integration: the service wants real time."""
LEAST_CALL_S = 0.001
"""A call whose time is up must time out, not fail otherwise."""

TOO_OLD = "TOO-OLD"
NO_INSTANT = "NO-INSTANT"
NO_DIRECTION = "NO-DIRECTION"
NO_SSIN = "NO-SSIN"
NO_EMPLOYER = "NO-EMPLOYER"
NO_DECLARATION = "NO-DECLARATION"
NOT_CREATED = "NOT-CREATED"
"""Where the service refuses and gives no code."""

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,63}", re.ASCII)
_SSIN = re.compile(r"\d{11}", re.ASCII)
_COMPANY = re.compile(r"\d{10}", re.ASCII)
_DECLARATION = re.compile(r"[0-9A-Z]{1,13}", re.ASCII)


class CheckInOut:
    """The channel for the duty of cleaning. `place`: placeOfWork as it goes over the wire.

    `clock` gives aware UTC; a registration older than `oldest_s` is not sent.
    """

    abilities: frozenset[Ability] = frozenset()

    def __init__(
        self,
        name: str,
        address: str,
        tokens: AccessTokens,
        wire: Wire,
        *,
        place: Mapping[str, Any],
        clock: Callable[[], dt.datetime],
        oldest_s: float = OLDEST_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._address = address.rstrip("/") + PATH
        self._tokens = tokens
        self._wire = wire
        self._place = place
        self._clock = clock
        self._oldest_s = oldest_s
        self._monotonic = monotonic

    def prepare(self) -> None:
        """Loads libraries and key ahead of the first call. Raises ChannelError."""
        self._wire.prepare()
        self._tokens.prepare()

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        """Registers 1 to 200; one call, and one more where the token was withdrawn meanwhile."""
        if not 1 <= len(registrations) <= MOST_ITEMS:
            raise ValueError(f"a call takes 1 to {MOST_ITEMS} items, not {len(registrations)}")
        if len({r.reference for r in registrations}) < len(registrations):
            raise ValueError("every item of a call needs a name of its own")
        now = self._clock()
        unfit = {
            r.reference: e for r in registrations if (e := form_errors(r, now, self._oldest_s))
        }
        asked = [r for r in registrations if r.reference not in unfit]
        refused = tuple(Answer(reference, errors=errors) for reference, errors in unfit.items())
        if not asked:
            return Reply(refused)
        answer = self._post(self._request(asked), timeout_s)
        answers, strays = matched(_items(answer), asked)
        named = {a.reference for a in answers}
        missing = tuple(r.reference for r in asked if r.reference not in named)
        return Reply(answers + refused, missing, strays, ticket_of(answer))

    def close(self) -> None:
        """Lets connections go; never raises."""
        self._wire.close()

    def _request(self, asked: Sequence[Registration]) -> bytes:
        import msgspec

        return msgspec.json.encode({"items": [_item(r, self._place) for r in asked]})

    def _post(self, body: bytes, timeout_s: float) -> WireAnswer:
        """The answer, of status 2xx. A 401 is answered by a new token, once."""
        end_s = self._monotonic() + timeout_s
        answer = self._send(body, end_s)
        if answer.status == 401:
            answer = self._send(body, end_s)
        if not 200 <= answer.status < 300:
            raise answered_error(answer)
        return answer

    def _send(self, body: bytes, end_s: float) -> WireAnswer:
        """One call with the token in force, which is forgotten where the service refuses it."""
        token = self._tokens.current(max(LEAST_CALL_S, end_s - self._monotonic()))
        answer = self._wire.call(
            "POST",
            self._address,
            content=body,
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            timeout_s=max(LEAST_CALL_S, end_s - self._monotonic()),
        )
        if answer.status == 401:
            self._tokens.drop(token)
        return answer


def form_errors(r: Registration, now: dt.datetime, oldest_s: float) -> tuple[ItemError, ...]:
    """Why this registration must not be sent, with codes of ours; empty: it is fit."""
    age_s = now.timestamp() - r.unix_ms / 1000
    checks = (
        (r.unix_ms <= 0, NO_INSTANT, "the instant of the tap is not known"),
        (
            r.unix_ms > 0 and age_s > oldest_s,
            TOO_OLD,
            f"older than {oldest_s:.0f} s: not sent, since the service wants real time; have it"
            " corrected by the social security office within 30 days",
        ),
        (r.direction not in ("in", "out"), NO_DIRECTION, "the reader does not tell in from out"),
        (not _SSIN.fullmatch(r.inss), NO_SSIN, "this service takes only national numbers (INSS)"),
        (
            not _COMPANY.fullmatch(r.employer),
            NO_EMPLOYER,
            "the employer's number has not 10 digits",
        ),
        (
            not _DECLARATION.fullmatch(r.declaration),
            NO_DECLARATION,
            "the declaration-of-works number is not of 1 to 13 characters",
        ),
    )
    return tuple(ItemError(code, text) for wrong, code, text in checks if wrong)


def instant_text(unix_ms: int) -> str:
    """`2026-11-23T06:58:12Z`: the second in which it was, in UTC."""
    return dt.datetime.fromtimestamp(unix_ms // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def place_of_work(place: PlaceSettings) -> dict[str, Any]:
    """placeOfWork as the service takes it: the coordinates where they are known."""
    if place.latitude is not None and place.longitude is not None:
        return {"coordinates": {"longitude": place.longitude, "latitude": place.latitude}}
    parts = {
        "postCode": place.post_code,
        "municipalityName": place.municipality,
        "streetName": place.street,
        "houseNumber": place.house_number,
        "boxNumber": place.box_number,
    }
    return {"address": {name: text for name, text in parts.items() if text}}


def _item(r: Registration, place: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "registrationDate": instant_text(r.unix_ms),
        "ssin": r.inss,
        "type": r.direction,
        "employer": {"enterpriseNumber": r.employer},
        "placeOfWork": place,
        "contractualRelationshipReference": r.declaration,
    }


# --- what comes back -------------------------------------------------------------------------


def _items(answer: WireAnswer) -> list[Any]:
    """The `items` of an answer. Raises AnswerUnreadable."""
    said = read_json(answer)
    items = said.get("items") if isinstance(said, Mapping) else None
    if not isinstance(items, list):
        raise _unreadable("no list of items in it", ticket_of(answer))
    return items


def _unreadable(what: str, ticket: Ticket) -> AnswerUnreadable:
    return AnswerUnreadable(
        f"the answer is not the service's: {what}", HINT_OTHER_PAGE, ticket=ticket
    )


def matched(
    items: Sequence[Any], asked: Sequence[Registration]
) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """Each thing asked with the first answer that is its own, and the strays as texts.

    An item that repeats worker, way or instant belongs to the one asked with the same; of several,
    to the one in its place. One that repeats nothing counts by its place, and only where there are
    as many items as were asked: with one more or less, nobody knows whose it is.
    """
    open_ = dict(enumerate(asked))
    in_place = len(items) == len(asked)
    answers: dict[int, Answer] = {}
    strays: list[str] = []
    for place, item in enumerate(items):
        echo = _echo(item)
        if echo:
            fits = [n for n, r in enumerate(asked) if _is_of(echo, r)]
        else:
            fits = [place] if in_place else []
        free = [n for n in fits if n in open_]
        if not fits:
            strays.append(f"item {place + 1} of the answer is about nothing that was asked")
            continue
        if not free:
            strays.append(f"a second answer to {veiled(asked[fits[0]].reference)}")
            continue
        chosen = place if place in free else free[0]
        answer = _answer(asked[chosen].reference, item)
        if answer is None:
            strays.append(
                f"an answer to {veiled(asked[chosen].reference)} with neither number nor reason"
            )
            continue
        del open_[chosen]
        answers[chosen] = answer
    return tuple(answers[n] for n in sorted(answers)), tuple(strays)


def _echo(item: Any) -> dict[str, str]:
    """What an item repeats of its request, at its top or inside: ssin, type, registrationDate."""
    found: dict[str, str] = {}
    if isinstance(item, Mapping):
        for holder in (item, *(part for part in item.values() if isinstance(part, Mapping))):
            for name in ("ssin", "type", "registrationDate"):
                if text := text_of(holder.get(name)):
                    found.setdefault(name, text)
    if found.get("type", "").casefold() not in ("in", "out"):
        found.pop("type", None)
    return found


def _is_of(echo: Mapping[str, str], r: Registration) -> bool:
    """True while nothing in the echo speaks against this registration."""
    return (
        echo.get("ssin", r.inss) == r.inss
        and echo.get("type", r.direction).casefold() == r.direction
        and ("registrationDate" not in echo or _same_second(echo["registrationDate"], r.unix_ms))
    )


def _same_second(text: str, unix_ms: int) -> bool:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=dt.UTC)
    return int(instant.timestamp()) == unix_ms // 1000


def _answer(reference: str, item: Any) -> Answer | None:
    """A receipt or errors; None for what is neither, or both."""
    if not isinstance(item, Mapping):
        return None
    created = item.get("createdPresenceRegistration")
    refused = item.get("notCreatedPresenceRegistration")
    if isinstance(created, Mapping) and refused is None:
        number = text_of(created.get("id"))
        if not _NUMBER.fullmatch(number):
            return None
        remarks = created.get("remarks")
        texts = (e.text for e in (reasons(remarks) if isinstance(remarks, list) else ()))
        return Answer(reference, Receipt(number, text_of(created.get("validity")), tuple(texts)))
    if refused is not None and created is None:
        errors = reasons(refused) or (ItemError("", "not registered, and no reason given"),)
        return Answer(
            reference, errors=tuple(ItemError(e.code or NOT_CREATED, e.text) for e in errors)
        )
    return None
