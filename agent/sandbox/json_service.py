"""What the emulated JSON services have in common: one request at a time, faults, their calls."""

from __future__ import annotations

import copy
import datetime as dt
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from typing import Any

import msgspec

from agent.sandbox import presence_faults
from agent.sandbox.faults import Faults, Garbled
from agent.sandbox.presence import Call
from agent.sandbox.presence_ledger import PresenceLedger
from agent.sandbox.presence_rules import Rules
from agent.sandbox.serving import HttpAnswer, HttpRequest

NESTED_DEPTH = 200_000
"""What a billion laughs is to XML: lists in lists, which a parser that recurses dies of."""

_FAULT_STATUS = {"SOA-01001": 401, "SOA-01002": 403, "SOA-02001": 503, "SOA-02002": 503}


class Problem(Exception):
    """The service refuses the whole call, as application/problem+json (RFC 9457)."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {"status": self.status, "code": self.code, "detail": self.detail}


@dataclass(slots=True)
class Visit:
    """One request on its way through a service; what it was is kept as a `Call`."""

    request: HttpRequest
    now: dt.datetime
    faults: Faults
    operation: str = ""
    sender: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """An answer before it is bytes: `value` as JSON, or `raw` as it is."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class JsonService(ABC):
    """Safe to use from several threads. `clock` gives aware UTC and is the service's own."""

    def __init__(
        self,
        clock: Callable[[], dt.datetime],
        ledger: PresenceLedger | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.faults = Faults()
        self.ledger = ledger if ledger is not None else PresenceLedger()
        self._clock = clock
        self.rules = rules if rules is not None else Rules()
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request so far, oldest first."""
        return tuple(self._calls)

    @abstractmethod
    def _carry_out(self, visit: Visit) -> Said:
        """What the service says to one request. Raises Problem."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The answer to one HTTP request; never raises."""
        with self._lock:
            visit = Visit(request, self._clock(), self.faults)
            answer, outcome = self._answer(visit)
            self._calls.append(
                Call(visit.now, visit.operation, visit.sender, outcome, visit.references)
            )
            date = format_datetime(visit.now.astimezone(dt.UTC), usegmt=True)
            return replace(answer, headers={"Date": date, **answer.headers})

    def _answer(self, visit: Visit) -> tuple[HttpAnswer, str]:
        front = presence_faults.front_end(visit.faults)
        if front is not None:
            return front, str(front.status)
        try:
            said, outcome, kind = self._carry_out(visit), "answered", "application/json"
        except Problem as problem:
            kind, outcome = "application/problem+json", problem.code
            said = Said(problem.body(), problem.status, problem.headers)
        body = msgspec.json.encode(said.value) if said.raw is None else said.raw
        headers = {"Content-Type": kind} if said.raw is None else {}
        headers |= said.headers
        if visit.faults.content_type:
            headers["Content-Type"] = visit.faults.content_type
        return HttpAnswer(said.status, headers, _garbled(body, visit.faults)), outcome


def check_told_fault(faults: Faults) -> None:
    """Raises the Problem that stands for the SOAP fault of that code."""
    fault = faults.fault
    if fault is None:
        return
    status = _FAULT_STATUS.get(fault.code, 400 if fault.code.startswith("SOA-03") else 500)
    raise Problem(status, fault.code, fault.message)


def read_body(visit: Visit, shape: type[Any]) -> Any:
    """The request's body as `shape`, strictly: JSON of that content type, no field unknown."""
    kind = visit.request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise Problem(415, "unsupported-media-type", "The body must be application/json.")
    try:
        return msgspec.json.decode(visit.request.body, type=shape)
    except msgspec.DecodeError as error:
        raise Problem(400, "malformed", f"The body does not follow the contract: {error}") from None


def tampered(
    items: list[Any],
    faults: Faults,
    *,
    renumbered: Callable[[Any], None],
    unasked: Callable[[Any], None],
    swapped: Callable[[Any], None],
) -> list[Any]:
    """The items of an answer, spoiled as told; the functions change an item in place."""
    out = list(items)
    for wanted, change in ((faults.repeat_first, renumbered), (faults.add_stray, unasked)):
        if wanted:
            out.append(copy.deepcopy(items[0]))
            change(out[-1])
    if faults.swap_workers:
        swapped(out[0])
    return out[1:] if faults.drop_first else out


def _garbled(body: bytes, faults: Faults) -> bytes:
    if faults.garbled is Garbled.BILLION_LAUGHS:
        return b"[" * NESTED_DEPTH
    return presence_faults.garble(body, faults)
