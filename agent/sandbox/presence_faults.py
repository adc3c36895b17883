"""How the emulated service answers when it is told to answer badly."""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import Any

from agent.sandbox.faults import Faults, Garbled
from agent.sandbox.presence_answers import T
from agent.sandbox.serving import HttpAnswer

Element = Any

OTHER_WORKER = "90231512323"
"""A made-up number (WIRE.md, section 3)."""
_BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]><lolz>&l9;</lolz>"
)
_EXTERNAL_ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]><x>&file;</x>'
)


def front_end(faults: Faults) -> HttpAnswer | None:
    """What a front end says in the service's place; None: nothing."""
    if faults.status is None and not faults.redirect_to:
        return None
    headers = {}
    if faults.redirect_to:
        headers["Location"] = faults.redirect_to
    if faults.retry_after:
        headers["Retry-After"] = faults.retry_after
    return page(faults.status or HTTPStatus.FOUND, headers)


def page(status: int, headers: dict[str, str] | None = None) -> HttpAnswer:
    """An HTML page."""
    text = f"<!DOCTYPE html><html><title>{status}</title><body><h1>{status}</h1></body></html>"
    kind = {"Content-Type": "text/html; charset=utf-8"}
    return HttpAnswer(int(status), kind | (headers or {}), text.encode())


def garble(body: bytes, faults: Faults) -> bytes:
    """The body that leaves in place of `body`."""
    match faults.garbled:
        case Garbled.EMPTY:
            return b""
        case Garbled.MALFORMED:
            return body[: len(body) // 2]
        case Garbled.BILLION_LAUGHS:
            return _BILLION_LAUGHS.encode()
        case Garbled.EXTERNAL_ENTITY:
            return _EXTERNAL_ENTITY.encode()
        case Garbled.OVERSIZED:
            return body.ljust(faults.oversized_bytes)
        case None:
            return body


def tamper(response: Element, faults: Faults) -> None:
    """Spoils the items of a registration's answer as told; each stays valid by the schema."""
    first = response[0]
    if faults.repeat_first:
        again = copy.deepcopy(first)
        _rewrite(again, "PresenceRegistrationId", "999999999")
        response.append(again)
    if faults.add_stray:
        stray = copy.deepcopy(first)
        _rewrite(stray, "ClientPresenceRegistrationReference", "never-asked")
        response.append(stray)
    if faults.swap_workers:
        _rewrite(first, "INSS", OTHER_WORKER)
    if faults.drop_first:
        response.remove(first)


def _rewrite(item: Element, name: str, text: str) -> None:
    for element in item.iter(T + name):
        element.text = text
